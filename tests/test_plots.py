"""What the pictures draw, held against the numbers they should show."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

import lmmteach as lt
from lmmteach import model, plots

THETA = (1.7494, 0.3254)


@pytest.fixture
def study():
    estrone = lt.load_data("estrone")
    return estrone["logestrone"].to_numpy(), estrone["woman"].to_numpy()


def lines_in(ax, color):
    return [line for line in ax.lines if color in (line.get_color(), line.get_markeredgecolor())]


def test_the_strip_plot_shows_every_measurement_and_every_mean(study):
    y, woman = study
    (ax,) = plots.measurements(y, woman, 14.1751, THETA).axes
    drawn = np.concatenate([line.get_ydata() for line in lines_in(ax, plots.WITHIN)])
    np.testing.assert_array_equal(np.sort(drawn), np.sort(y))
    means = [line.get_ydata()[0] for line in lines_in(ax, plots.BETWEEN)]
    np.testing.assert_allclose(means, [y[woman == w].mean() for w in range(1, 6)])


def test_measurements_stand_over_their_own_group_in_any_order_of_rows(study):
    y, woman = study
    keep = np.random.default_rng(1).permutation(80)[:50]
    (ax,) = plots.measurements(y[keep], woman[keep], 14.0, THETA).axes
    for position, line in enumerate(lines_in(ax, plots.WITHIN)):
        np.testing.assert_array_equal(line.get_ydata(), y[keep][woman[keep] == position + 1])
        assert np.abs(line.get_xdata() - position).max() < 0.5


def test_the_arrows_are_one_standard_deviation_long(study):
    (ax,) = plots.measurements(*study, 14.0, THETA).axes
    arrows = {
        to_hex(t.arrow_patch.get_edgecolor()): t for t in ax.texts if hasattr(t, "arrow_patch")
    }
    for color, variance in zip((plots.BETWEEN, plots.WITHIN), THETA, strict=True):
        arrow = arrows[color.lower()]
        assert arrow.xy[1] - arrow.xyann[1] == pytest.approx(np.sqrt(variance))
        assert arrow.xyann[1] == 14.0


def test_the_picture_of_V_is_V():
    V = model.V_theta(THETA, model.random_intercept_design(["a", "b", "b"]))
    figure = plots.covariance_picture(V)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), V)


def test_simulated_studies_share_a_scale_and_keep_their_titles(study):
    y, woman = study
    figure = plots.simulated_studies([y, y + 5], woman, ["one", "two"])
    one, two = figure.axes
    assert one.get_ylim() == two.get_ylim()
    assert (one.get_title(loc="left"), two.get_title(loc="left")) == ("one", "two")


def test_drawing_leaves_the_readers_settings_alone(study):
    before = dict(mpl.rcParams)
    plots.measurements(*study, 14.0, THETA)
    assert dict(mpl.rcParams) == before
