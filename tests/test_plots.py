"""What the pictures draw, held against the numbers they should show."""

import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.contour import ContourSet
from matplotlib.text import Text
from scipy.interpolate import RegularGridInterpolator
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.stats import chi2, multivariate_normal, norm
from scipy.stats import t as student

import lmmteach as lt
from lmmteach import model, plots, reml

THETA = (1.7494, 0.3254)
SIZES = np.array([16, 8, 4, 2, 1])
NAMES = [f"woman {i}" for i in range(1, 6)]
NUMBER = re.compile(r"^[−.\d]+$|10\^")


@pytest.fixture
def study():
    estrone = lt.load_data("estrone")
    return estrone["logestrone"].to_numpy(), estrone["woman"].to_numpy()


def women(Z):
    return Z.argmax(axis=1) + 1


def lines_in(ax, color):
    return [line for line in ax.lines if color in (line.get_color(), line.get_markeredgecolor())]


def marked(ax, marker):
    return [line for line in ax.lines if line.get_marker() == marker]


def upright(ax):
    """Where lines stand from the bottom of a panel to its top."""
    places = [line.get_xdata() for line in ax.lines if list(line.get_ydata()) == [0, 1]]
    return [x[0] for x in places if x[0] == x[1]]


def level(ax):
    """Where lines lie from the left of a panel to its right."""
    places = [line.get_ydata() for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    return [y[0] for y in places if y[0] == y[1]]


def words(ax):
    return {text.get_text().strip(): text for text in ax.texts}


def names_on(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def title(ax):
    return ax.get_title(loc="left")


def log_density(theta, y, X, Z):
    """The log-density of y at the best β for these two variances."""
    V = theta[0] * Z @ Z.T + theta[1] * np.eye(len(y))
    root = np.linalg.cholesky(V)
    beta = np.linalg.lstsq(np.linalg.solve(root, X), np.linalg.solve(root, y))[0]
    return multivariate_normal.logpdf(y, X @ beta, V)


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


def test_the_mean_is_a_line_through_all_groups(study):
    (ax,) = plots.measurements(*study, 14.25, THETA, unit="u", group_name="g").axes
    assert level(ax) == [14.25]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("g", "u")
    assert names_on(ax.xaxis) == ["1", "2", "3", "4", "5"]


def test_the_picture_of_V_is_V():
    V = model.V_theta(THETA, model.random_intercept_design(["a", "b", "b"]))
    figure = plots.covariance_picture(V)
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), V)


def test_the_squares_of_V_are_numbered_from_one_at_the_top_left():
    figure = plots.covariance_picture(1 + np.diag([2.0, 1.0, 0.0]), unit="of y")
    (image,) = figure.axes[0].images
    assert image.origin == "upper"
    assert image.get_extent() == [0.5, 3.5, 3.5, 0.5]
    assert image.get_clim() == (0, 3)
    assert figure.axes[1].get_ylabel() == "covariance of y"


def test_simulated_studies_share_a_scale_and_keep_their_titles(study):
    y, woman = study
    figure = plots.simulated_studies([y, y + 5], woman, ["one", "two"])
    one, two = figure.axes
    assert one.get_ylim() == two.get_ylim()
    assert (title(one), title(two)) == ("one", "two")


@pytest.mark.parametrize(("panel", "variance"), [(0, 0.1), (1, 1.4), (2, 10)])
def test_the_means_stand_below_the_normal_curve_of_a_supposed_variance(panel, variance):
    figure = plots.supposed_variances(MEANS, 14.2, (0.1, 1.4, 10), 0.3)
    ax = figure.axes[panel]
    (curve,), (dots,) = lines_in(ax, plots.NEUTRAL), lines_in(ax, plots.BETWEEN)
    x, density = curve.get_data()
    np.testing.assert_allclose(density, norm.pdf(x, 14.2, np.sqrt(variance + 0.3)))
    assert np.trapezoid(density, x) > 0.99
    np.testing.assert_array_equal(dots.get_xdata(), MEANS)
    assert title(ax).endswith(f" {variance}")
    assert ax.get_xlim() == figure.axes[0].get_xlim()


def test_each_simulated_study_shows_its_own_data(unbalanced):
    y, _, Z = unbalanced
    figure = plots.simulated_studies([y, -y], women(Z), ["one", "two"])
    for ax, data in zip(figure.axes, (y, -y), strict=True):
        for i, line in enumerate(lines_in(ax, plots.WITHIN)):
            np.testing.assert_array_equal(line.get_ydata(), data[women(Z) == i + 1])
        bars = [line.get_ydata() for line in lines_in(ax, plots.BETWEEN)]
        np.testing.assert_allclose(np.transpose(bars), 2 * [Z.T @ data / SIZES])


SIGMA2_B, SIGMA2_E = np.linspace(0, 4, 21), np.linspace(0.1, 0.7, 13)
STEPS = np.array([(3.0, 0.6), (2.0, 0.4), (1.5, 0.3)])


@pytest.fixture(scope="module")
def hill(unbalanced):
    """The map with two paths, and the heights that it should show, as a function of θ."""
    figure = plots.hill(*unbalanced, SIGMA2_B, SIGMA2_E, [("a", STEPS), ("b", STEPS + 0.05)])
    heights = [[log_density((b, e), *unbalanced) for e in SIGMA2_E] for b in SIGMA2_B]
    below = np.max(heights) - heights
    # Linear between neighbours, as contours are, and a rounding error beyond the edges of the map.
    axes, beyond = (SIGMA2_B, SIGMA2_E), {"bounds_error": False, "fill_value": None}
    return figure.axes[0], RegularGridInterpolator(axes, below, **beyond)


def test_the_colours_of_the_hill_change_where_the_log_likelihood_passes_a_level(hill):
    ax, below = hill
    filled = next(c for c in ax.collections if isinstance(c, ContourSet) and c.filled)
    at_a_level = 0
    for path, low, high in zip(
        filled.get_paths(), filled.levels[:-1], filled.levels[1:], strict=True
    ):
        # The outline of a colour runs along contours and along the four edges of the map.
        x, y = path.vertices.T
        height = below((x, y))
        inner = ~np.isin(x, SIGMA2_B[[0, -1]]) & ~np.isin(y, SIGMA2_E[[0, -1]])
        assert ((low - 1e-6 < height) & (height < high + 1e-6)).all()
        nearest = np.minimum(np.abs(height - low), np.abs(height - high))
        assert nearest[inner] == pytest.approx(0, abs=1e-6)
        at_a_level += inner.sum()
    assert at_a_level > 200


def test_a_contour_line_carries_the_height_it_runs_at(hill):
    ax, below = hill
    (lines,) = (c for c in ax.collections if isinstance(c, ContourSet) and not c.filled)
    assert 1.92 in lines.levels
    assert len(ax.texts) >= 5
    for text in ax.texts:
        height = -float(text.get_text().replace("−", "-"))
        assert height in lines.levels
        assert below(text.get_position()) == pytest.approx(height, rel=0.1)


def test_the_edge_of_the_hill_is_where_sigma2_b_is_0(hill):
    ax, _ = hill
    assert upright(ax) == [0]
    assert lines_in(ax, plots.BETWEEN)[0].get_xdata() == [0, 0]
    assert ax.get_xlim() == (0, 4)
    assert ax.get_ylim() == (0.1, 0.7)


def test_the_paths_are_on_the_hill_and_the_star_at_the_end_of_the_first(hill):
    ax, _ = hill
    for label, points in (("a", STEPS), ("b", STEPS + 0.05)):
        (path,) = (line for line in ax.lines if line.get_label() == label)
        np.testing.assert_array_equal(path.get_xydata(), points)
    (star,) = marked(ax, "*")
    np.testing.assert_array_equal(star.get_xydata(), [STEPS[-1]])
    assert [text.get_text() for text in ax.get_legend().texts] == ["a", "b", "top"]


def test_a_hill_without_a_path_has_no_star(unbalanced):
    (ax,) = plots.hill(*unbalanced, [1.0, 2.0], [0.2, 0.3]).axes
    assert marked(ax, "*") == []
    assert ax.get_legend() is None


def test_the_two_terms_and_their_sum_are_drawn_below_their_own_maxima(unbalanced):
    y, _, Z = unbalanced
    grid, r = np.geomspace(0.05, 40, 60), y - 14.0
    Vs = [b * Z @ Z.T + 0.3 * np.eye(len(y)) for b in grid]
    log_determinants = [np.linalg.slogdet(V)[1] for V in Vs]
    forms = [r @ np.linalg.inv(V) @ r for V in Vs]
    densities = np.array([multivariate_normal.logpdf(y, np.full(len(y), 14.0), V) for V in Vs])
    (ax,) = plots.two_terms(grid, log_determinants, forms, best=2.5).axes
    curves = {}
    for line in ax.lines[:3]:
        np.testing.assert_array_equal(line.get_xdata(), grid)
        assert line.get_ydata().max() == 0
        curves[line.get_color()] = line.get_ydata()
    half = -0.5 * np.array([log_determinants, forms])
    np.testing.assert_allclose(np.diff(curves[plots.BETWEEN]), np.diff(half[0]))
    np.testing.assert_allclose(np.diff(curves[plots.WITHIN]), np.diff(half[1]))
    np.testing.assert_allclose(curves[plots.INK], densities - densities.max(), atol=1e-9)
    assert upright(ax) == [2.5]
    assert words(ax)[r"$\hat\sigma_b^2$"].get_position()[0] == 2.5
    assert ax.get_xscale() == "log"


def best_given(sigma2_b, study):
    """Height of the profile log-likelihood of σ_b² alone: the best σ_ε² is searched for."""
    search = minimize_scalar(
        lambda s: -log_density((sigma2_b, np.exp(s)), *study), bracket=(-2, -1), tol=1e-10
    )
    return -search.fun


@pytest.fixture(scope="module")
def profiled(unbalanced):
    """The estimate, its profile interval, a grid that has all three, and the heights there."""
    search = minimize(
        lambda s: -log_density(np.exp(s), *unbalanced), (0.5, -1.0), method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11},
    )  # fmt: skip
    estimate, top = np.exp(search.x[0]), -search.fun
    cut = top - chi2.ppf(0.95, 1) / 2

    def above(value):
        return best_given(value, unbalanced) - cut

    interval = brentq(above, 0.1, estimate), brentq(above, estimate, 30)
    grid = np.sort([*interval, estimate, *np.geomspace(0.3, 12, 8)])
    return estimate, interval, grid, np.array([best_given(v, unbalanced) - top for v in grid])


@pytest.mark.parametrize("panel", [0, 1])
def test_the_profile_is_drawn_below_its_top_and_cut_at_the_interval(panel, unbalanced, profiled):
    estimate, interval, grid, heights = profiled
    figure = plots.profile_curves(
        lambda v: best_given(v, unbalanced), grid, interval, (estimate, 1.2)
    )
    ax, scale = figure.axes[panel], (np.asarray, np.sqrt)[panel]
    (curve,) = (line for line in ax.lines if line.get_label() == "profile")
    np.testing.assert_allclose(curve.get_xdata(), scale(grid))
    np.testing.assert_allclose(curve.get_ydata(), heights, atol=1e-6)
    (ticks,) = marked(ax, "|")
    np.testing.assert_allclose(ticks.get_xdata(), scale(interval))
    np.testing.assert_array_equal(ticks.get_ydata(), [-1.92, -1.92])
    on_curve = np.interp(scale(interval), curve.get_xdata(), curve.get_ydata())
    assert on_curve == pytest.approx(-1.92, abs=1e-3)
    assert level(ax) == [-1.92]


@pytest.mark.parametrize(("panel", "centre", "se"), [(0, 1.44, 0.6), (1, 1.2, 0.25)])
def test_the_wald_parabola_has_the_curvature_of_its_standard_error(panel, centre, se):
    # d σ_b / d σ_b² = 1 / (2 · 1.2), and 0.6 / 2.4 = 0.25.
    figure = plots.profile_curves(np.log, np.array([1.0, 4.0]), (0.5, 3.0), (1.44, 0.6))
    (wald,) = (line for line in figure.axes[panel].lines if line.get_label() == "Wald")
    x, height = wald.get_xydata().T
    a, *_ = np.polyfit(x - centre, height, 2)
    assert -2 * a == pytest.approx(1 / se**2)
    assert height == pytest.approx(a * (x - centre) ** 2, abs=1e-9)


@pytest.mark.parametrize(("se", "shaded"), [(0.6, [True, False]), (0.3, [False, False])])
def test_what_a_parabola_says_below_0_is_shaded(se, shaded):
    figure = plots.profile_curves(np.log, np.array([1.0, 4.0]), (0.5, 3.0), (1.44, se))
    assert ["below 0" in words(ax) for ax in figure.axes] == shaded
    assert [len(ax.patches) == 1 for ax in figure.axes] == shaded
    if shaded[0]:
        left, right = np.sort(figure.axes[0].patches[0].get_corners()[:, 0])[[0, -1]]
        assert (left, right) == (pytest.approx(1.44 - 2.6 * se), 0)


MEANS = np.array([13.6, 14.4, 15.9, 11.8, 16.6])
SETTINGS = [("one", 14.0, THETA), ("two", 15.0, (0.1, 0.3254)), ("three", 14.5, (0.0, 1.0))]


def test_shrinkage_has_a_panel_for_each_setting_with_its_own_mean():
    figure = plots.shrinkage(MEANS, SIZES, SETTINGS, NAMES, unit="u")
    assert [title(ax) for ax in figure.axes] == ["one", "two", "three"]
    assert [upright(ax) for ax in figure.axes] == [[14.0], [15.0], [14.5]]
    assert [ax.get_xlabel() for ax in figure.axes] == ["u", "u", "u"]
    labels = [f"woman {i} (n = {n})" for i, n in enumerate(SIZES, start=1)]
    assert names_on(figure.axes[0].yaxis) == labels
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == ["her own mean", "BLUP"]


@pytest.mark.parametrize("panel", [0, 1, 2])
def test_shrinkage_goes_from_the_mean_of_a_group_to_its_blup(panel):
    _, mu, (sigma2_b, sigma2_e) = SETTINGS[panel]
    ax = plots.shrinkage(MEANS, SIZES, SETTINGS, NAMES).axes[panel]
    # The BLUP weighs its two sources by the number of measurements that each is worth.
    worth = sigma2_e / sigma2_b if sigma2_b else np.inf
    levels = mu + (MEANS - mu) / (1 + worth / SIZES)
    (triangles,), (dots,) = marked(ax, "^"), marked(ax, "o")
    np.testing.assert_array_equal(triangles.get_xydata(), np.column_stack([MEANS, range(5)]))
    np.testing.assert_allclose(dots.get_xydata(), np.column_stack([levels, range(5)]))
    ways = [line for line in lines_in(ax, plots.BETWEEN) if line not in (triangles, dots)]
    np.testing.assert_allclose(
        [line.get_xydata() for line in ways],
        [[(m, row), (to, row)] for row, (m, to) in enumerate(zip(MEANS, levels, strict=True))],
    )


def test_the_dots_of_shrinkage_are_the_levels_of_a_fit(oracle):
    fit = oracle("sim_unbal_ri").fit("REML", "y ~ 1 + (1 | g)")
    sizes, mu = fit.Z.sum(axis=0), fit.beta.iloc[0]
    names = list(map(str, range(len(sizes))))
    figure = plots.shrinkage(fit.Z.T @ fit.y / sizes, sizes, [("", mu, fit.theta)], names)
    (dots,) = marked(figure.axes[0], "o")
    assert len(set(sizes)) > 1
    np.testing.assert_allclose(dots.get_xdata(), mu + fit.b)


def test_the_caterpillar_is_sorted_with_two_standard_deviations_either_way():
    b, sds = np.array([0.5, -1.0, 2.0, -0.2]), np.array([0.1, 0.2, 0.3, 0.4])
    (ax,) = plots.caterpillar(b, sds, list("wxyz"), unit="u").axes
    (container,) = ax.containers
    dots, _, (bars,) = container.lines
    np.testing.assert_array_equal(dots.get_xydata(), np.column_stack([np.sort(b), range(4)]))
    assert names_on(ax.yaxis) == list("xzwy")
    expected = [(-1.4, -0.6), (-1.0, 0.6), (0.3, 0.7), (1.4, 2.6)]
    for row, (segment, ends) in enumerate(zip(bars.get_segments(), expected, strict=True)):
        np.testing.assert_allclose(segment, [(ends[0], row), (ends[1], row)])
    assert upright(ax) == [0]
    assert ax.get_xlabel() == "u"


@pytest.mark.parametrize(("deviation", "n_i"), [(2.2, 1), (-1.5, 7)])
def test_the_three_densities_of_b_have_their_means_and_variances(deviation, n_i):
    (ax,) = plots.posterior(deviation, n_i, THETA, unit="u").axes
    precision = 1 / THETA[0] + n_i / THETA[1]
    laws = {
        plots.BETWEEN: (0, THETA[0]),
        plots.WITHIN: (deviation, THETA[1] / n_i),
        plots.INK: (deviation * n_i / THETA[1] / precision, 1 / precision),
    }
    assert {line.get_color() for line in ax.lines} == set(laws)
    for line in ax.lines:
        b, density = line.get_xydata().T
        mean, variance = laws[line.get_color()]
        np.testing.assert_allclose(density, norm.pdf(b, mean, np.sqrt(variance)), atol=1e-12)
        # The picture ends 3.2 standard deviations from the mean of the widest density.
        assert np.trapezoid(density, b) == pytest.approx(1, abs=0.002)
        assert np.trapezoid(b * density, b) == pytest.approx(mean, abs=0.01)
        assert np.trapezoid((b - mean) ** 2 * density, b) == pytest.approx(variance, rel=0.02)
    assert ax.get_xlabel() == "b (u)"


def test_after_is_before_times_what_the_data_say():
    (ax,) = plots.posterior(1.1, 3, THETA).axes
    before, data, after = (line.get_ydata() for line in ax.lines)
    seen = after > 1e-6
    ratio = (before * data / after)[seen]
    np.testing.assert_allclose(ratio, ratio[0])
    assert [line.get_label().split(":")[0] for line in ax.lines] == [
        "before",
        "from her data",
        "after",
    ]


@pytest.mark.parametrize("deviation", [2.2, -2.7])
def test_the_area_of_the_joint_density_is_the_density_of_the_measurement(deviation):
    above, below = plots.joint_density(deviation, THETA, unit="u").axes
    prior, given_b = (line.get_ydata() for line in above.lines)
    (joint,) = below.lines
    b = joint.get_xdata()
    np.testing.assert_allclose(prior, norm.pdf(b, 0, np.sqrt(THETA[0])), atol=1e-12)
    np.testing.assert_allclose(given_b, norm.pdf(deviation, b, np.sqrt(THETA[1])), atol=1e-12)
    np.testing.assert_allclose(joint.get_ydata(), prior * given_b)
    whole = norm.pdf(deviation, 0, np.sqrt(sum(THETA)))
    assert np.trapezoid(joint.get_ydata(), b) == pytest.approx(whole, rel=1e-3)
    (area,) = below.collections
    assert area.get_paths()[0].get_extents().y1 == pytest.approx(max(joint.get_ydata()))
    assert below.get_xlabel() == "b (u)"


def test_predictions_are_bars_beside_the_data_of_their_own_group(unbalanced):
    y, _, Z = unbalanced
    rows = np.random.default_rng(3).permutation(len(y))
    y, woman = y[rows], women(Z)[rows]
    known = np.array([(13.5, 12.0, 14.5), (14, 13, 15), (16, 15, 17), (12, 11, 13), (16, 14, 18)])
    (ax,) = plots.predictions(y, woman, known, (14.2, 11.3, 17.0), unit="u").axes
    assert names_on(ax.xaxis) == ["1", "2", "3", "4", "5", "new"]
    for i, line in enumerate(marked(ax, "^")):
        np.testing.assert_array_equal(line.get_ydata(), y[woman == i + 1])
        assert ((i - 0.5 < line.get_xdata()) & (line.get_xdata() < i)).all()
    bars = [line for line in ax.lines if line.get_marker() == "None"]
    for x, bar, dot, (centre, low, high) in zip(
        range(6), bars, marked(ax, "o"), [*known, (14.2, 11.3, 17.0)], strict=True
    ):
        place = x if x == 5 else x + 0.18
        np.testing.assert_allclose(bar.get_xydata(), [(place, low), (place, high)])
        np.testing.assert_allclose(dot.get_xydata(), [(place, centre)])
        assert bar.get_color() == dot.get_color() == (plots.BETWEEN if x == 5 else plots.WITHIN)


def test_two_observations_lie_on_their_plane_and_another_mean_moves_them_along_X():
    pairs = np.random.default_rng(2).normal(3, 1, size=(40, 2))
    ax, _ = plots.two_observations(pairs, pairs + 4).axes
    (one,), (another,) = marked(ax, "o"), marked(ax, "^")
    np.testing.assert_array_equal(one.get_xydata(), pairs)
    np.testing.assert_array_equal(another.get_xydata(), pairs + 4)
    (direction,) = lines_in(ax, plots.NEUTRAL)
    np.testing.assert_array_equal(direction.get_xdata(), direction.get_ydata())
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_aspect() == 1


def test_what_K_sees_is_the_same_with_another_mean():
    pairs = np.random.default_rng(2).normal(3, 1, size=(40, 2))
    _, ax = plots.two_observations(pairs, pairs + 4).axes
    (one,), (another,) = marked(ax, "o"), marked(ax, "^")
    np.testing.assert_allclose(one.get_xdata(), np.diff(pairs)[:, 0])
    np.testing.assert_allclose(another.get_xdata(), one.get_xdata())
    assert (set(one.get_ydata()), set(another.get_ydata())) == ({0}, {1})
    assert names_on(ax.yaxis) == ["first mean", "second mean"]


def test_contrast_curves_differ_by_constants_and_have_their_stars_at_one_place(unbalanced):
    y, X, Z = unbalanced
    grid = np.linspace(0.4, 8, 60)
    curves = {}
    for kind in ("orthonormal", "successive", "first"):
        K = reml.error_contrasts(X, kind)
        covariances = [K.T @ (b * Z @ Z.T + 0.3 * np.eye(len(y))) @ K for b in grid]
        curves[kind] = [multivariate_normal.logpdf(K.T @ y, cov=C) for C in covariances]
    (ax,) = plots.contrast_curves(grid, curves, best=2.5).axes
    lines, stars = lines_in(ax, plots.BETWEEN), marked(ax, "*")
    for line, star, (kind, heights) in zip(lines, stars, curves.items(), strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([grid, heights]))
        np.testing.assert_array_equal(star.get_xydata(), [(grid[np.argmax(heights)], max(heights))])
        assert line.get_label() == kind
        assert np.ptp(line.get_ydata() - lines[0].get_ydata()) < 1e-9
    assert len({star.get_xdata()[0] for star in stars}) == 1
    assert len({line.get_linestyle() for line in lines}) == 3
    assert upright(ax) == [2.5]


def test_two_tops_are_at_one_height_and_marked_where_each_curve_has_its_own(unbalanced):
    y, X, Z = unbalanced
    grid = np.linspace(0.3, 12, 118)
    V = [b * Z @ Z.T + 0.3 * np.eye(len(y)) for b in grid]
    curves = {
        "ML": [log_density((b, 0.3), y, X, Z) for b in grid],
        "REML": [reml.restricted_loglik(each, y, X) for each in V],
    }
    (ax,) = plots.two_tops(grid, curves).axes
    drawn = [line for line in ax.lines if line.get_label() in curves]
    for line, star, (name, heights) in zip(drawn, marked(ax, "*"), curves.items(), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xdata(), grid)
        np.testing.assert_allclose(line.get_ydata(), np.array(heights) - max(heights))
        np.testing.assert_array_equal(star.get_xydata(), [(grid[np.argmax(heights)], 0)])
        assert star.get_color() == line.get_color()
    assert upright(ax) == [grid[np.argmax(heights)] for heights in curves.values()]
    assert len({line.get_linestyle() for line in drawn}) == 2


TOP = 6.0


@pytest.fixture(scope="module")
def estimates():
    draws = np.random.default_rng(5).chisquare(4, 1037) / 2.2
    return {"ML": np.maximum(0, 0.8 * draws - 0.35), "REML": np.maximum(0, draws - 0.4)}


@pytest.mark.parametrize(("panel", "method"), [(0, "ML"), (1, "REML")])
def test_a_hundred_dots_stand_at_the_quantiles_of_the_estimates(panel, method, estimates):
    ax = plots.estimates_of_studies(estimates, 1.75, top=TOP).axes[panel]
    values = estimates[method]
    assert values.max() > TOP
    assert title(ax) == method
    (dots,), (triangle,) = marked(ax, "o"), marked(ax, "^")
    x, height = dots.get_xydata().T
    quantiles = np.quantile(values, np.linspace(0.005, 0.995, 100))
    assert len(x) == 100
    assert np.abs(np.sort(x) - np.minimum(quantiles, TOP)).max() <= TOP / 80 + 1e-12
    for place in np.unique(x):
        np.testing.assert_array_equal(np.sort(height[x == place]), np.arange(np.sum(x == place)))
    assert height.max() <= ax.get_ylim()[1]
    assert triangle.get_xdata()[0] == pytest.approx(values.sum() / 1037)


def test_the_truth_goes_through_all_estimates_and_is_named_once(estimates):
    figure = plots.estimates_of_studies(estimates, 1.75)
    assert [upright(ax) for ax in figure.axes] == [[1.75], [1.75]]
    assert [list(words(ax)) for ax in figure.axes] == [["truth"], []]
    assert words(figure.axes[0])["truth"].get_position()[0] == 1.75
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


@pytest.fixture(scope="module")
def draws():
    """1000 draws of which 630 are 0, the others at values where the curves are drawn."""
    tail = np.random.default_rng(6).choice(np.linspace(0.02, 8, 300)[:200], 370)
    return np.random.default_rng(7).permutation([*np.zeros(630), *tail])


def test_the_spike_is_as_high_as_the_share_of_zeros(draws):
    spike, _ = plots.null_distribution(draws, 3.0).axes
    assert [bar.get_height() for bar in spike.patches] == pytest.approx([0.63, 0.5, 0])
    assert [bar.get_x() + bar.get_width() / 2 for bar in spike.patches] == pytest.approx([0, 1, 2])
    assert list(words(spike)) == ["0.63", "0.50", "0.00"]
    for bar, text in zip(spike.patches, spike.texts, strict=True):
        assert 0 < text.get_position()[1] - bar.get_height() < 0.05
    assert names_on(spike.xaxis) == ["exact", "mixture", "χ²"]


def test_the_tail_shows_the_probability_of_as_much_or_more(draws):
    _, tail = plots.null_distribution(draws, 3.0).axes
    curves = {line.get_label(): line.get_xydata() for line in tail.lines[:3]}
    assert list(curves) == ["exact", "mixture", "χ²"]
    x = curves["exact"][:, 0]
    np.testing.assert_allclose(curves["exact"][:, 1], [np.mean(draws >= t) for t in x])
    np.testing.assert_allclose(curves["mixture"], np.column_stack([x, chi2.sf(x, 1) / 2]))
    np.testing.assert_allclose(curves["χ²"], np.column_stack([x, chi2.sf(x, 1)]))
    assert x[-1] == 8
    assert level(tail) == [0.05]
    assert tail.get_yscale() == "log"
    np.testing.assert_allclose(list(map(float, names_on(tail.yaxis))), tail.get_yticks())


@pytest.mark.parametrize(("observed", "top", "marks"), [(3.0, 8.0, [3.0]), (70.1, 8.0, [])])
def test_the_observed_statistic_is_marked_if_it_is_on_the_axis(observed, top, marks, draws):
    _, tail = plots.null_distribution(draws, observed, top=top).axes
    assert upright(tail) == marks
    assert [text.get_position()[0] for text in tail.texts] == marks


def test_the_wald_statistic_is_drawn_beside_the_root_of_the_other_and_below_its_ceiling():
    factors, z, lrt = [0.1, 1.0, 10.0], [0.5, 1.2, 1.4], [0.36, 9.0, 400.0]
    (ax,) = plots.wald_ceiling(factors, z, lrt, np.sqrt(2)).axes
    root, wald = ax.lines[:2]
    np.testing.assert_allclose(root.get_xydata(), [(0.1, 0.6), (1, 3), (10, 20)])
    np.testing.assert_allclose(wald.get_xydata(), np.column_stack([factors, z]))
    assert (root.get_color(), wald.get_color()) == (plots.BETWEEN, plots.WITHIN)
    assert (root.get_label(), wald.get_label()) == (r"$\sqrt{LRT}$", "Wald z")
    assert level(ax) == [np.sqrt(2)]
    x, height = words(ax)["ceiling 1.414"].get_position()
    assert x == 10
    assert np.sqrt(2) < height < 1.6
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


@pytest.fixture
def residuals(unbalanced):
    """Made-up residuals of unbalanced data, the rows in disorder."""
    rng = np.random.default_rng(11)
    woman = women(unbalanced.Z)
    order = np.concatenate([np.arange(1, size + 1) for size in SIZES])
    rows = rng.permutation(len(woman))
    scaled = rng.normal(0.3, 1.2, size=len(woman))
    b = np.array([0.4, -0.3, 1.2, -2.0, 0.1])
    return scaled, (14 + b[woman - 1])[rows], woman[rows], order[rows], b


@pytest.mark.parametrize(("panel", "across"), [(0, 1), (1, 3)])
def test_each_residual_is_drawn_once_with_the_marker_of_its_group(panel, across, residuals):
    scaled, _, woman, _, _ = residuals
    ax = plots.residual_panels(*residuals).axes[panel]
    points = lines_in(ax, plots.WITHIN)
    for label, line in enumerate(points, start=1):
        own = woman == label
        np.testing.assert_array_equal(
            line.get_xydata(), np.column_stack([residuals[across][own], scaled[own]])
        )
    assert sum(len(line.get_xdata()) for line in points) == len(scaled)
    assert len({line.get_marker() for line in points}) == 5
    assert level(ax) == [0]
    low, high = ax.get_ylim()
    assert low < scaled.min()
    assert scaled.max() < high


def test_the_legend_of_the_residuals_names_the_groups(residuals):
    figure = plots.residual_panels(*residuals)
    legend = figure.axes[1].get_legend()
    assert [text.get_text() for text in legend.texts] == ["1", "2", "3", "4", "5"]
    for handle, line in zip(legend.legend_handles, figure.axes[0].lines, strict=False):
        assert handle.get_marker() == line.get_marker()


def assert_qq(ax, values, a):
    """Sorted values over quantiles of N(0, 1), and the line of their own mean and SD."""
    n = len(values)
    theory = norm.ppf((np.arange(1, n + 1) - a) / (n + 1 - 2 * a))
    line, points = ax.lines
    np.testing.assert_allclose(points.get_xydata(), np.column_stack([theory, np.sort(values)]))
    slope, intercept = np.polyfit(*line.get_xydata().T, 1)
    assert slope == pytest.approx(np.sqrt(np.sum((values - np.mean(values)) ** 2) / (n - 1)))
    assert intercept == pytest.approx(np.mean(values))


def test_residuals_and_random_effects_have_a_qq_panel_each(residuals):
    *_, qq_e, qq_b = plots.residual_panels(*residuals).axes
    assert_qq(qq_e, residuals[0], a=1 / 2)
    assert_qq(qq_b, residuals[4], a=3 / 8)
    assert title(qq_b) == r"QQ of $\hat b$ (only 5)"
    assert lines_in(qq_b, plots.BETWEEN)


def test_qq_and_pp_show_the_same_residuals_against_the_diagonal(residuals):
    scaled = residuals[0]
    n = len(scaled)
    p = (np.arange(1, n + 1) - 0.5) / n
    qq, pp = plots.qq_pp(scaled).axes
    for ax, points in (
        (qq, [norm.ppf(p), np.sort(scaled)]),
        (pp, [p, norm.cdf(np.sort(scaled))]),
    ):
        diagonal, drawn = ax.lines
        np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
        np.testing.assert_allclose(drawn.get_xydata(), np.transpose(points), atol=1e-14)
    assert (title(qq), title(pp)) == ("QQ plot", "PP plot")


@pytest.mark.parametrize(("number", "cells"), [(7, 10), (20, 20), (3, 5)])
def test_a_lineup_has_a_numbered_panel_for_each_sample_on_one_scale(number, cells):
    samples = np.random.default_rng(12).normal(0.2, 1.5, size=(number, 30))
    samples[2] *= 3
    figure = plots.lineup(list(samples))
    assert len(figure.axes) == cells
    panels = [ax for ax in figure.axes if ax.get_visible()]
    assert [title(ax) for ax in panels] == [str(i + 1) for i in range(number)]
    for ax, sample in zip(panels, samples, strict=True):
        assert_qq(ax, sample, a=1 / 2)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in panels}) == 1
    assert panels[0].get_ylim()[1] > samples.max()


def test_intervals_are_sorted_and_those_that_miss_have_another_colour_and_mark():
    estimates, truth = np.array([0.4, -1.2, 2.5, 1.1]), 1.0
    figure = plots.intervals_of_studies(estimates, estimates - 1, estimates + 1, truth)
    (ax,) = figure.axes
    marked_ones = {line.get_marker(): line.get_xydata().tolist() for line in ax.lines
                   if line.get_marker() in ("o", "^")}  # fmt: skip
    assert marked_ones == {"o": [[0.4, 1], [1.1, 2]], "^": [[-1.2, 0], [2.5, 3]]}
    bars = {to_hex(bar.get_color()[0]): np.array(bar.get_segments()) for bar in ax.collections}
    inside = [[[-0.6, 1], [1.4, 1]], [[0.1, 2], [2.1, 2]]]
    np.testing.assert_allclose(bars[plots.BETWEEN.lower()], inside)
    assert bars[plots.WITHIN.lower()][:, 0, 1].tolist() == [0, 3]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "None"] == [0, truth]


def test_simulated_powers_have_two_errors_either_way_beside_the_curves():
    figure = plots.power_curves([4, 8], {"one": [0.1, 0.4]}, ([6], [0.3], [0.05]))
    (ax,) = figure.axes
    (curve,) = [line for line in ax.lines if line.get_label() == "one"]
    assert curve.get_ydata().tolist() == [10, 40]
    (bar,) = ax.collections
    assert np.ravel(bar.get_segments()) == pytest.approx([6, 20, 6, 40])


GRID = np.geomspace(0.02, 60, 60)
UNIT = "logestrone (10 log10 pg/ml)"
NORMAL = np.random.default_rng(2).normal(size=(60, 2))
DEVIATIONS = np.array([-0.61, 0.28, 1.46, -1.91, 0.82])

# A picture of each function as the chapters draw it, with fewer points.
JAWS = lt.load_data("orthodont")
JAWS_FIT = lt.lmm("distance ~ age * Sex + (age | Subject)", JAWS)
JAWS_OWN = np.array(
    [np.polyfit(rows["age"], rows["distance"], 1)[::-1] for _, rows in JAWS.groupby("Subject")]
)
JAWS_SHRUNK = (JAWS_OWN + JAWS_OWN.mean(axis=0)) / 2
PICTURES = {
    "tails": lambda y, X, Z: plots.tails(2.33, (np.inf, 75, 4), ("normal", "75 df", "4 df")),
    "structures": lambda y, X, Z: plots.structures(
        [("(1 | g)", model.V_theta(THETA, Z)), ("no groups", np.eye(len(y)))], columns=2
    ),
    "group_lines": lambda y, X, Z: plots.group_lines(
        *(JAWS[name].to_numpy() for name in ("age", "distance", "Subject")),
        JAWS_OWN.mean(axis=0),
        JAWS_OWN,
        JAWS_SHRUNK,
        names=("age", "distance (mm)"),
    ),
    "shrinkage_plane": lambda y, X, Z: plots.shrinkage_plane(
        JAWS_OWN, JAWS_SHRUNK, JAWS_OWN.mean(axis=0), np.cov(JAWS_OWN.T), marked=[(0, "F01")]
    ),
    "groups": lambda y, X, Z: plots.groups(
        JAWS, "age", "distance", "Subject", by="Sex", fit=JAWS_FIT
    ),
    "checks": lambda y, X, Z: plots.checks(JAWS_FIT),
    "estimates": lambda y, X, Z: plots.estimates(JAWS_FIT.wald_interval()),
    "dropout": lambda y, X, Z: plots.dropout(
        [8, 10, 12, 14],
        {
            f"decided by {name}": {"all": [22, 24, 25, 26], "recorded": [22, 23, 23, 22]}
            for name in ("the last value", "the value itself")
        },
    ),
    "measurements": lambda y, X, Z: plots.measurements(
        y, women(Z), 14.1751, THETA, unit=UNIT, group_name="woman"
    ),
    "covariance_picture": lambda y, X, Z: plots.covariance_picture(
        model.V_theta(THETA, Z), unit="of logestrone"
    ),
    "simulated_studies": lambda y, X, Z: plots.simulated_studies(
        [y] * 4, women(Z), [rf"$\sigma_b^2$ = {s}" for s in (0, 0.1, 1.75, 10)], group_name="woman"
    ),
    "supposed_variances": lambda y, X, Z: plots.supposed_variances(
        MEANS, 14.1751, (0.1, 1.4, 10), 0.02, unit="logestrone"
    ),
    "two_terms": lambda y, X, Z: plots.two_terms(
        GRID, 5 * np.log(16 * GRID + 0.3254), 113 / (16 * GRID + 0.3254), best=1.3956
    ),
    "hill": lambda y, X, Z: plots.hill(
        y, X, Z, np.linspace(0, 4.5, 31), np.linspace(0.2, 0.8, 21),
        [("steps of the optimiser", [(3, 0.7), (2.85, 0.47), (2.75, 0.32), (1.3956, 0.3254)])],
    ),
    "profile_curves": lambda y, X, Z: plots.profile_curves(
        lambda v: best_given(v, (y, X, Z)),
        np.geomspace(0.25, 9, 12),
        (0.485, 6.72),
        (1.3956, 0.901),
    ),
    "shrinkage": lambda y, X, Z: plots.shrinkage(
        MEANS, SIZES,
        [("as estimated", 14.4, THETA), (r"if $\sigma_b^2$ were 0.1", 14.3, (0.1, 0.3254))],
        NAMES, unit="logestrone",
    ),
    "caterpillar": lambda y, X, Z: plots.caterpillar(
        DEVIATIONS, np.full(5, 0.142), NAMES, unit="b (logestrone)"
    ),
    "joint_density": lambda y, X, Z: plots.joint_density(-2.71, THETA, unit="logestrone"),
    "posterior": lambda y, X, Z: plots.posterior(2.2, 1, THETA, unit="logestrone"),
    "predictions": lambda y, X, Z: plots.predictions(
        y, women(Z), 14.2 + np.add.outer(DEVIATIONS, (0, -1.2, 1.2)), (14.2, 11.3, 17), unit=UNIT
    ),
    "two_observations": lambda y, X, Z: plots.two_observations(NORMAL + 3, NORMAL + 7),
    "contrast_curves": lambda y, X, Z: plots.contrast_curves(
        GRID[20:50],
        {
            name: -abs(np.log(GRID[20:50] / 1.75)) - shift
            for shift, name in enumerate(("orthonormal", "successive", "first", "other units"))
        },
        best=1.75,
    ),
    "two_tops": lambda y, X, Z: plots.two_tops(
        GRID[20:50],
        {name: -abs(np.log(GRID[20:50] / top)) for name, top in (("ML", 1.4), ("REML", 1.75))},
    ),
    "estimates_of_studies": lambda y, X, Z: plots.estimates_of_studies(
        {"ML": 0.8 * (NORMAL**2).ravel() + 1, "REML": (NORMAL**2).ravel() + 1}, 1.7494
    ),
    "null_distribution": lambda y, X, Z: plots.null_distribution(
        np.maximum(0, NORMAL).ravel() ** 2, 3.0
    ),
    "wald_ceiling": lambda y, X, Z: plots.wald_ceiling(
        np.geomspace(0.003, 1000, 20), np.sqrt(2) / (1 + 1 / np.geomspace(0.2, 1e5, 20)),
        np.geomspace(0.1, 600, 20), np.sqrt(2),
    ),
    "intervals_of_studies": lambda y, X, Z: plots.intervals_of_studies(
        NORMAL[:40, 0], NORMAL[:40, 0] - 1.5, NORMAL[:40, 0] + 1.5, truth=0.3, null=0
    ),
    "power_curves": lambda y, X, Z: plots.power_curves(
        np.arange(4, 100), {f"measured {k} times": 1 - np.exp(-np.arange(4, 100) / 40 / k)
                            for k in (1, 4, 16)},
        ([20, 60], [0.4, 0.8], [0.02, 0.02]),
    ),
    "residual_panels": lambda y, X, Z: plots.residual_panels(
        np.append(NORMAL[:30], np.linspace(-2.6, 2.9, 20)), 14.2 + DEVIATIONS[women(Z) - 1],
        women(Z), np.tile(np.arange(1, 17), 5), DEVIATIONS,
    ),
    "qq_pp": lambda y, X, Z: plots.qq_pp(NORMAL.ravel()),
    "lineup": lambda y, X, Z: plots.lineup([NORMAL[:, 0]] * 18),
    "fitting_times": lambda y, X, Z: plots.fitting_times(
        {name: ([1e3, 1e5, 1e7], [1e-3 * k, 0.1 * k, 10.0 * k]) for k, name in enumerate(
            plots.LOOKS, start=1
        )}
    ),
    "degrees_of_freedom": lambda y, X, Z: plots.degrees_of_freedom(
        np.geomspace(1e-3, 1e4, 21), np.linspace(5, 1, 21), (0.2, 4.9),
        {"a mean for each woman": 5, "one mean for all": 1},
    ),
}  # fmt: skip

every_function = pytest.mark.parametrize("name", PICTURES)


@pytest.fixture(scope="module")
def drawn(estrone):
    """``drawn(name)``: the picture, laid out on a page of pixels."""
    figures = {}

    def drawn(name):
        if name not in figures:
            figures[name] = PICTURES[name](*estrone)
            FigureCanvasAgg(figures[name]).draw()
        return figures[name]

    return drawn


def ticks_on(axis):
    """The ticks that are drawn: matplotlib keeps others ready beyond the ends of the axis."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    for ticks in (axis.get_major_ticks(), axis.get_minor_ticks()):
        yield from (tick for tick in ticks if low - slack <= tick.get_loc() <= high + slack)


def texts_on(figure):
    """Each text that can be read, with the rectangle it takes."""
    panels = [ax for ax in figure.axes if ax.get_visible()]
    axes = [axis for ax in panels for axis in (ax.xaxis, ax.yaxis)]
    ticks = {label for axis in axes for label in axis.findobj(Text)} - {a.label for a in axes}
    ticks -= {label for a in axes for tick in ticks_on(a) for label in (tick.label1, tick.label2)}
    readable = (
        text
        for root in (*panels, *figure.legends, *figure.texts)
        for text in root.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in ticks
    )
    return [(text.get_text(), text.get_window_extent()) for text in readable]


def covers(one, other):
    """Whether two rectangles share more than a seam of a pixel."""
    both = mpl.transforms.Bbox.intersection(one, other)
    return both is not None and min(both.width, both.height) > 1


def test_every_picture_is_looked_at():
    functions = {name for name in plots.__all__ if callable(getattr(plots, name))}
    assert set(PICTURES) == functions


@every_function
def test_drawing_leaves_the_readers_settings_and_figures_alone(name, estrone):
    before = dict(mpl.rcParams)
    figure = PICTURES[name](*estrone)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
    assert isinstance(figure, mpl.figure.Figure)


@every_function
def test_no_text_is_cut_off_at_the_edge_of_the_page(name, drawn):
    figure = drawn(name)
    # The first layout of a page may be a pixel off.
    page, texts = figure.bbox.padded(1), texts_on(figure)
    assert texts
    outside = [
        text
        for text, box in texts
        if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
    ]
    assert outside == []


@every_function
def test_no_text_covers_another(name, drawn):
    texts = texts_on(drawn(name))
    hidden = [
        (text, other)
        for i, (text, box) in enumerate(texts)
        for other, its_box in texts[:i]
        if covers(box, its_box)
    ]
    assert hidden == []


@every_function
def test_no_legend_covers_a_line_or_a_marker(name, drawn):
    figure = drawn(name)
    for ax in (ax for ax in figure.axes if ax.get_legend()):
        # What lies outside the panel is not drawn, so a legend there covers nothing.
        box = mpl.transforms.Bbox.intersection(ax.get_legend().get_window_extent(), ax.bbox)
        for line in ax.lines if box else ():
            path = line.get_transform().transform_path(line.get_path())
            radius = 0 if line.get_marker() == "None" else line.get_markersize() / 2
            near = box.padded(radius * figure.dpi / 72)
            assert not path.intersects_bbox(near, filled=False), line.get_label()


@every_function
def test_every_axis_with_numbers_says_what_they_are(name, drawn):
    figure = drawn(name)
    for ax in (ax for ax in figure.axes if ax.get_visible()):
        # One label may serve all panels.
        for axis, of_all in (
            (ax.xaxis, figure.get_supxlabel()),
            (ax.yaxis, figure.get_supylabel()),
        ):
            labels = [tick.label1 for tick in ticks_on(axis)]
            labels += [tick.label2 for tick in ticks_on(axis)]
            if any(NUMBER.search(t.get_text()) for t in labels if t.get_visible()):
                assert axis.get_label_text() or of_all


@pytest.mark.parametrize("color", [plots.BETWEEN, plots.WITHIN, plots.NEUTRAL])
def test_the_colours_can_be_read_as_text_on_white(color):
    # Contrast as WCAG 2 defines it; 4.5 is what it asks of text.
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    assert 1.05 / (np.dot(linear, (0.2126, 0.7152, 0.0722)) + 0.05) >= 4.5


# Models with several random effects.


@pytest.fixture
def three_groups():
    """Unbalanced groups in mixed order: x, y, labels."""
    groups = np.array(["c", "a", "b", "a", "c", "b", "a"])
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 2.0])
    return x, 3 + x**1.5, groups


def test_each_group_has_a_panel_with_its_own_data_and_lines(three_groups):
    x, y, groups = three_groups
    own = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    shrunk = own / 2
    figure = plots.group_lines(x, y, groups, (10.0, -1.0), own, shrunk, columns=2, names=("u", "v"))
    shown = [ax for ax in figure.axes if ax.get_visible()]
    for i, (ax, label) in enumerate(zip(shown, "abc", strict=True)):
        assert title(ax) == label
        (data,) = marked(ax, "^")
        assert set(zip(*data.get_data(), strict=True)) == set(
            zip(x[groups == label], y[groups == label], strict=True)
        )
        by_style = {line.get_linestyle(): line for line in ax.lines if line is not data}
        for style, (start, slope) in (("--", (10, -1)), (":", own[i]), ("-", shrunk[i])):
            assert by_style[style].get_ydata() == pytest.approx([start, start + 5 * slope])
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("u", "v")


def test_lines_that_are_not_given_are_not_drawn(three_groups):
    figure = plots.group_lines(*three_groups, (10.0, -1.0))
    assert all(len(ax.lines) == 2 for ax in figure.axes[:3])
    assert not figure.legends


def test_pictures_of_V_side_by_side_are_scaled_to_themselves():
    small, large = np.array([[2.0, 1.0], [1.0, 2.0]]), np.diag([9.0, 4.0, 1.0])
    figure = plots.structures([("(1 | g)", small), ("other", large)], columns=2)
    for ax, V, name in zip(figure.axes, (small, large), ("(1 | g)", "other"), strict=True):
        (image,) = ax.images
        assert np.array_equal(image.get_array(), V)
        assert image.get_clim() == (0, V.max())
        assert title(ax) == name


def test_shrinkage_in_the_plane_joins_both_lines_of_a_group():
    own, shrunk = np.array([[1.0, 2.0], [5.0, -1.0]]), np.array([[1.5, 1.0], [4.0, 0.0]])
    D = np.array([[2.0, 0.6], [0.6, 1.0]])
    figure = plots.shrinkage_plane(own, shrunk, (3.0, 0.5), D, names=("a", "b"), marked=[(1, "s")])
    (ax,) = figure.axes
    joins = [line.get_xydata() for line in ax.lines if line.get_linewidth() == 1.6]
    assert np.array_equal(joins, np.stack([own, shrunk], axis=1))
    (triangles,), (dots,) = marked(ax, "^"), marked(ax, "o")
    assert np.array_equal(triangles.get_xydata(), own)
    assert np.array_equal(dots.get_xydata(), shrunk)
    (cross,) = marked(ax, "+")
    assert cross.get_xydata().tolist() == [[3.0, 0.5]]
    ellipses = [line.get_xydata() for line in ax.lines if line.get_linestyle() == "-."]
    for radius, points in zip((1, 2), ellipses, strict=True):
        away = points - [3.0, 0.5]
        forms = np.einsum("ki,ij,kj->k", away, np.linalg.inv(D), away)
        assert forms == pytest.approx(np.full(len(points), radius**2))
    (note,) = ax.texts
    assert (note.get_text(), tuple(note.xy)) == ("s", (5.0, -1.0))


def test_the_ellipse_of_a_singular_covariance_is_a_line():
    points = np.zeros((1, 2))
    figure = plots.shrinkage_plane(points, points, (0.0, 0.0), [[4.0, 2.0], [2.0, 1.0]])
    first, _ = (line.get_xydata() for line in figure.axes[0].lines if line.get_linestyle() == "-.")
    assert first[:, 0] == pytest.approx(2 * first[:, 1], abs=1e-9)


def test_the_times_of_each_program_are_a_line_on_logarithmic_axes():
    times = {"lme4": ([10, 100], [0.1, 1.0]), "another": ([10, 100, 1000], [0.5, 0.6, 0.7])}
    (ax,) = plots.fitting_times(times).axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    drawn = {line.get_label(): line.get_data() for line in ax.lines}
    for name, (rows, seconds) in times.items():
        np.testing.assert_array_equal(drawn[name], [rows, seconds])
    assert names_in_legend(ax) == list(times)
    (ax,) = plots.fitting_times({"lme4": ([80, 160, 640], [0.1, 0.2, 0.3])}).axes
    assert names_on(ax.xaxis) == ["80", "160", "640"]


def names_in_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_programs_differ_in_colour_and_marker():
    looks = list(plots.LOOKS.values())
    assert len({color for color, _ in looks}) == len({marker for _, marker in looks}) == len(looks)


def test_degrees_of_freedom_run_between_their_limits():
    penalties, limits = np.geomspace(0.01, 100, 9), {"high": 5, "low": 1}
    df = 1 + 4 / (1 + penalties)
    (ax,) = plots.degrees_of_freedom(penalties, df, (1.0, 3.0), limits).axes
    (curve,) = [line for line in ax.lines if len(line.get_xdata()) == 9]
    np.testing.assert_array_equal(curve.get_data(), [penalties, df])
    (star,) = marked(ax, "*")
    assert star.get_xydata()[0].tolist() == [1.0, 3.0]
    assert level(ax) == [5, 1]
    # Each limit is named at the end where the curve is not.
    named = {name: text.get_position() for name, text in words(ax).items()}
    assert named == {"high": pytest.approx((100 / 1.2, 5.12)), "low": pytest.approx((0.012, 1.12))}


def test_the_shaded_tails_have_the_area_that_stands_below_them():
    figure = plots.tails(2.0, (np.inf, 4), ("normal", "few"))
    expected = {"normal": 2 * norm.sf(2), "few": 2 * student.sf(2, 4)}
    for ax, (name, p) in zip(figure.axes, expected.items(), strict=True):
        assert ax.get_title(loc="left") == f"{name}\np = {p:.3f}"
        (density,) = [line for line in ax.lines if len(line.get_xdata()) > 2]
        x, height = density.get_data()
        assert np.trapezoid(np.where(np.abs(x) >= 2, height, 0), x) == pytest.approx(p, abs=0.012)
        (shade,) = ax.collections
        edges = np.concatenate([path.vertices[:, 0] for path in shade.get_paths()])
        assert np.abs(edges).min() == pytest.approx(2, abs=0.03)
        assert upright(ax) == [2.0]


# Pictures for data of one's own.


def test_each_group_is_a_line_in_the_panel_of_its_kind():
    girls, boys = plots.groups(JAWS, "age", "distance", "Subject", by="Sex", fit=JAWS_FIT).axes
    assert (title(girls), title(boys)) == ("Female", "Male")
    for ax, sex, number in ((girls, "Female", 11), (boys, "Male", 16)):
        *children, mean = ax.lines
        assert len(children) == number
        drawn = np.sort(np.concatenate([line.get_ydata() for line in children]))
        own = JAWS[JAWS["Sex"] == sex]
        np.testing.assert_array_equal(drawn, np.sort(own["distance"]))
        beta = JAWS_FIT.beta
        slope = beta["age"] + (sex == "Male") * beta["age:SexMale"]
        np.testing.assert_allclose(np.diff(mean.get_ydata()), 2 * slope)
    styles = {(ax.lines[0].get_linestyle(), ax.lines[0].get_marker()) for ax in (girls, boys)}
    assert len(styles) == 2


def test_without_a_column_for_the_axis_groups_stand_side_by_side():
    rail = lt.load_data("rail")
    (ax,) = plots.groups(rail, None, "travel", "Rail").axes
    bars = [line.get_ydata()[0] for line in lines_in(ax, plots.BETWEEN)]
    np.testing.assert_allclose(bars, np.sort(rail.groupby("Rail")["travel"].mean()))
    drawn = np.concatenate([line.get_ydata() for line in lines_in(ax, plots.WITHIN)])
    np.testing.assert_array_equal(np.sort(drawn), np.sort(rail["travel"]))


def test_the_checks_are_those_of_the_fit():
    against, errors, effects = plots.checks(JAWS_FIT).axes
    np.testing.assert_array_equal(against.lines[0].get_xdata(), JAWS_FIT.fitted)
    np.testing.assert_array_equal(against.lines[0].get_ydata(), JAWS_FIT.scaled_residuals)
    points = lines_in(errors, plots.WITHIN)[0].get_ydata()
    np.testing.assert_array_equal(points, np.sort(JAWS_FIT.scaled_residuals))
    b = lines_in(effects, plots.BETWEEN)[0].get_ydata()
    np.testing.assert_array_equal(b, np.sort(JAWS_FIT.ranef["Subject"]["(Intercept)"]))
    assert "27 Subject" in title(effects)


@pytest.mark.parametrize("number", [1, 4, 5])
def test_each_estimate_has_a_panel_with_its_interval(number):
    table = lt.report(JAWS_FIT, intervals="wald").table.iloc[:number]
    panels = [ax for ax in plots.estimates(table).axes if ax.get_visible()]
    for ax, (name, row) in zip(panels, table.iterrows(), strict=True):
        assert ax.get_xlabel() == name
        bar, dot = ax.lines[:2]
        np.testing.assert_array_equal(bar.get_xdata(), row[["lower", "upper"]])
        assert dot.get_xdata()[0] == row["estimate"]
        assert upright(ax) == ([0] if ax.get_xlim()[0] < 0 < ax.get_xlim()[1] else [])


def test_dropout_shows_each_rule_in_a_panel():
    curves = {"one": {"all": [1, 2], "seen": [1, 1]}, "two": {"all": [1, 2], "seen": [0, 1]}}
    figure = plots.dropout([8, 10], curves)
    for ax, (name, means) in zip(figure.axes, curves.items(), strict=True):
        assert title(ax) == name
        assert [list(line.get_ydata()) for line in ax.lines] == list(means.values())
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["all", "seen"]
