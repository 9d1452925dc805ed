"""The printout, pooling, and women of one's own: what these explorers draw, print and say."""

import re

import numpy as np
import pytest

import lmmteach as lt
from lmmteach import blup, likelihood, model, profile, reml
from lmmteach.widgets import BY_NAME
from lmmteach.widgets.lines import changed_parts, compared, differs
from lmmteach.widgets.live import live_view
from lmmteach.widgets.own_women import START, by_error_alone
from lmmteach.widgets.pooling import BALANCED, CUT, FITTED
from lmmteach.widgets.printout import VALUES, fitted
from lmmteach.widgets.static import static_html
from lmmteach.widgets.study import REML

PRINTOUT, POOLING, OWN = (BY_NAME[name] for name in ("printout", "pooling", "own_women"))
LECTURE = lt.load_data("estrone")


def number(readout, name):
    return float(readout[0][name].removesuffix(" %"))


def text_of(pieces):
    return "".join(piece for piece, _ in pieces)


def marked(pieces):
    return [piece for piece, is_changed in pieces if is_changed]


def drawn(explorer, **parameters):
    """The axes of the only panel."""
    (ax,) = explorer.figure(**parameters).axes
    return ax


def lines_of(ax, **style):
    """The lines of a picture that have a style: their x and y."""
    return [
        np.array(line.get_data(), dtype=float)
        for line in ax.lines
        if all(getattr(line, f"get_{name}")() == value for name, value in style.items())
    ]


# The printout.


def test_at_the_estimate_stands_the_printout_of_the_lecture():
    """`test_summary.py` holds the same text against R's, letter by letter."""
    fit = lt.lmm("logestrone ~ (1 | woman)", LECTURE)
    pieces = PRINTOUT.printed(sigma2_b=REML)
    assert text_of(pieces) == str(fit.summary())
    assert marked(pieces) == []
    assert PRINTOUT.start == {"sigma2_b": REML}


def of_the_formulas(sigma2_b, y, X, Z):
    """The numbers in each line of the printout, computed by the functions of the chapters."""
    _, theta = reml.fit_reml(y, X, Z, sigma2_b=None if sigma2_b == REML else sigma2_b)
    V = model.V_theta(theta, Z)
    beta, covariance = profile.gls(V, y, X)
    e = y - X @ beta - Z @ blup.blup(model.D_matrix(theta[0], 5), Z, V, y, X)
    se = np.sqrt(covariance[0, 0])
    return {
        4: [reml.reml_criterion(V, y, X)],
        8: np.quantile(e / np.sqrt(theta[1]), [0, 0.25, 0.5, 0.75, 1]),
        12: [theta[0], np.sqrt(theta[0])],
        13: [theta[1], np.sqrt(theta[1])],
        14: [80, 5],
        18: [beta[0], se, beta[0] / se],
    }


def printed_numbers(sigma2_b, line):
    """The numbers of a line as they are printed, and whether they are marked."""
    pieces = PRINTOUT.printed(sigma2_b=sigma2_b)
    ends = np.cumsum([piece == "\n" for piece, _ in pieces])
    found = [piece for piece, end in zip(pieces, ends, strict=True) if end == line]
    return [
        (text, is_changed)
        for piece, is_changed in found
        for text in re.findall(r"-?\b\d+(?:\.\d+)?\b", piece)
    ]


@pytest.mark.parametrize("sigma2_b", VALUES)
def test_every_printed_number_is_that_of_the_formulas_and_marked_if_it_has_changed(
    sigma2_b, estrone
):
    best = of_the_formulas(REML, *estrone)
    for line, values in of_the_formulas(sigma2_b, *estrone).items():
        shown = printed_numbers(sigma2_b, line)
        before = printed_numbers(REML, line)
        for (text, is_marked), value, (other, _), reference in zip(
            shown, values, before, best[line], strict=True
        ):
            # lme4 leaves the zeros away at the end of the criterion: 158 stands for 158.0.
            places = 1 if line == 4 else decimals(text)
            assert float(text) == pytest.approx(value, abs=0.55 * 10**-places)
            places = min(places, 1 if line == 4 else decimals(other))
            # Two values less than a unit apart may be printed alike or not.
            if abs(value - reference) < 1e-9 or abs(value - reference) > 1.1 * 10**-places:
                assert is_marked == (abs(value - reference) > 1e-9), (line, text)
    text = text_of(PRINTOUT.printed(sigma2_b=sigma2_b))
    assert text == str(fitted(sigma2_b).summary())
    assert ("was held fixed, not estimated" in text) == (sigma2_b != REML)


def decimals(text):
    return len(text.partition(".")[2])


@pytest.mark.parametrize("sigma2_b", VALUES)
def test_the_other_variance_is_at_its_best(sigma2_b, estrone):
    y, X, Z = estrone
    theta = fitted(sigma2_b).theta
    heights = [
        reml.reml_criterion(model.V_theta((theta[0], theta[1] * factor), Z), y, X)
        for factor in (0.99, 1, 1.01)
    ]
    assert heights.index(min(heights)) == 1


def test_the_ends_of_the_criterion_are_those_of_r(oracle):
    golden = oracle("estrone").golden
    null = golden["rlrt_sigma_b"]["reml_criterion_null"]
    assert fitted(0.0).criterion == pytest.approx(null, rel=1e-9)
    assert fitted(REML).criterion == pytest.approx(golden["reml"]["criterion"], rel=1e-9)
    assert fitted(REML).se.iloc[0] == pytest.approx(golden["reml"]["se_beta"][0], rel=1e-7)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("14.1751", "14.17511", False),
        ("14.175", "14.1751", False),
        ("0.3254", "0.3255", True),
        ("0.32537", "0.3254", False),
        ("80", "80", False),
        ("158", "157.8", True),
        ("-2.5658", "2.5658", True),
    ],
)
def test_numbers_are_compared_in_the_decimals_that_both_show(one, other, expected):
    assert differs(one, other) == differs(other, one) == expected


def test_a_line_that_only_one_printout_has_differs_as_a_whole():
    assert compared("a 1\n\nnew 2\n", "a 2\n\n") == [
        ("a ", False), ("1", True), ("", False), ("\n", False),
        ("", False), ("\n", False),
        ("new 2", True), ("\n", False),
    ]  # fmt: skip
    parts = {"first": (0, slice(0, 1)), "second": (0, slice(1, 2))}
    assert changed_parts("1 2", "1 3", parts) == ["second"]


def test_the_words_about_the_printout_follow_its_numbers_at_every_position():
    best = fitted(REML)
    for sigma2_b in VALUES:
        fit, sentence = fitted(sigma2_b), PRINTOUT.read(sigma2_b=sigma2_b)[1]
        if sigma2_b == REML:
            assert sentence.startswith("This is the fit")
            continue
        assert fit.criterion > best.criterion
        changed, _, rest = sentence.partition(" have changed.")
        for name, ours, theirs, places in (
            ("the REML criterion", fit.criterion, best.criterion, 1),
            ("the Residual line", np.sqrt(fit.sigma2_e), np.sqrt(best.sigma2_e), 4),
            ("the Std. Error", fit.se.iloc[0], best.se.iloc[0], 3),
        ):
            gap = abs(ours - theirs)
            # What differs by about one unit of the last digit may be printed alike or not.
            if gap > 10**-places or gap < 0.1 * 10**-places:
                assert (name in changed) == (gap > 10**-places), (sigma2_b, name)
            assert (name in changed) != (name in rest)
        assert "the scaled residuals" in changed
        assert "the line for woman" in changed
        assert abs(fit.beta.iloc[0] - best.beta.iloc[0]) < 1e-9
        assert "The Estimate keeps still" in rest
        assert "the Number of obs because it is a count" in rest


def test_the_prediction_about_the_printout_is_what_it_shows():
    question = PRINTOUT.question
    assert question.options[question.right] == "the Estimate of the mean"
    readouts = [PRINTOUT.read(sigma2_b=value) for value in VALUES]
    assert {readout[0]["Estimate"] for readout in readouts} == {"14.1751"}
    for other in ("Std. Error", "REML criterion"):
        assert len({readout[0][other] for readout in readouts}) > 20
    assert min(number(r, "REML criterion") for r in readouts) == 157.8
    assert "14.1751" in question.why


@pytest.mark.parametrize("sigma2_b", [0.0, 0.25, REML, 9.0])
def test_the_picture_has_the_levels_and_one_sigma_b_around_the_mean(sigma2_b, estrone):
    y, _, Z = estrone
    fit, ax = fitted(sigma2_b), drawn(PRINTOUT, sigma2_b=sigma2_b)
    levels = [y[0] for _, y in lines_of(ax, linewidth=3.5)]
    share = blup.shrinkage_factor(16, fit.theta)
    means = Z.T @ y / 16
    np.testing.assert_allclose(levels, y.mean() + share * (means - y.mean()), rtol=1e-10)
    (handle,) = [line for line in ax.lines if line.get_gid() == "drag:sigma2_b"]
    (height,) = handle.get_ydata()
    assert height - y.mean() == pytest.approx(np.sqrt(fit.sigma2_b), abs=1e-9)
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert band.height == pytest.approx(2 * np.sqrt(fit.sigma2_b), abs=1e-9)
    shown = np.concatenate([y for _, y in lines_of(ax, marker="+")])
    np.testing.assert_array_equal(np.sort(shown), np.sort(y))
    low, high = ax.get_ylim()
    assert low < min(shown.min(), y.mean() - 3)
    assert max(shown.max(), y.mean() + 3) < high


# Pooling.


@pytest.mark.parametrize("n_i", [BALANCED, CUT])
def test_the_levels_lie_between_the_two_ends(n_i, estrone, unbalanced):
    y, _, Z = estrone if n_i == BALANCED else unbalanced
    means = Z.T @ y / Z.sum(axis=0)
    for ratio in POOLING.controls[0].values:
        ax = drawn(POOLING, ratio=ratio, n_i=n_i)
        _, now = lines_of(ax, marker="o", markersize=6.5)[0]
        _, (mu,) = lines_of(ax, marker="D")[0]
        if ratio == np.inf:
            assert mu == pytest.approx(means.mean())
            share = 1.0
        else:
            weights = n_i / (n_i * np.array(ratio) + 1)
            assert mu == pytest.approx(np.sum(weights * means) / np.sum(weights))
            share = blup.shrinkage_factor(np.array(n_i), (ratio, 1.0))
        np.testing.assert_allclose(now, mu + share * (means - mu), rtol=1e-9)
        _, at_the_end = lines_of(ax, marker="^")[0]
        np.testing.assert_allclose(at_the_end, means, rtol=1e-12)
        low, high = ax.get_ylim()
        assert low < min(now) <= max(now) < high


def test_the_levels_at_the_estimate_are_the_blups(anchors):
    for n_i, name in ((BALANCED, "estrone"), (CUT, "unbalanced")):
        golden = anchors[name]["reml"]
        assert FITTED[n_i] == pytest.approx(golden["sigma2_b"] / golden["sigma2_e"], rel=2e-3)
        ax = drawn(POOLING, ratio=FITTED[n_i], n_i=n_i)
        _, now = lines_of(ax, marker="o", markersize=6.5)[0]
        # The ratio is rounded to three digits.
        np.testing.assert_allclose(now, golden["mu_i"], atol=1e-3)


def test_the_handle_walks_from_one_end_of_the_axis_to_the_other():
    places = []
    for ratio in POOLING.controls[0].values:
        ax = drawn(POOLING, ratio=ratio, n_i=CUT)
        (handle,) = [line for line in ax.lines if line.get_gid() == "drag:ratio"]
        places.append(handle.get_xdata()[0])
    assert places == sorted(places)
    assert min(np.diff(places)) > 0.01
    assert [places[0], places[-1]] == [ax.get_xticks()[0], ax.get_xticks()[-1]]
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert (labels[0], labels[-1]) == ("0", "∞")


def test_the_words_about_pooling_follow_its_numbers_at_every_position():
    for parameters in POOLING.positions:
        readout = POOLING.read(**parameters)
        first, last = (number(readout, f"woman {k} keeps") for k in (1, 5))
        sentence = readout[1]
        assert ("Complete pooling" in sentence) == (first == last == 0)
        assert ("Without pooling" in sentence) == (parameters["ratio"] == np.inf)
        if "partial" in sentence:
            shown = {float(text) for text in re.findall(r"(\S+) %", sentence)}
            assert shown == {first, last}
            assert (len(shown) == 1) == (parameters["n_i"] == BALANCED)
            assert (last < first) == ("the fewer" in sentence)
        elif first == 0:
            assert f"the {sum(parameters['n_i'])} measurements" in sentence
    assert number(POOLING.read(ratio=0.0, n_i=CUT), "μ̂") == 14.020
    assert number(POOLING.read(ratio=np.inf, n_i=CUT), "μ̂") == 14.417


def test_the_prediction_about_pooling_is_what_it_shows(unbalanced):
    question = POOLING.question
    assert question.options[question.right] == "It moves away from woman 1."
    y, _, Z = unbalanced
    hers = y[Z[:, 0] == 1].mean()
    gaps = [
        abs(number(POOLING.read(ratio=ratio, n_i=CUT), "μ̂") - hers)
        for ratio in POOLING.controls[0].values
    ]
    assert gaps == sorted(gaps)
    assert gaps[-1] > gaps[0] + 0.3
    assert Z[:, 0].sum() / len(y) > 0.5
    assert "from 14.02, the mean of the measurements, to 14.42" in question.why
    # The question is about the cut; what stands there before it is answered is not.
    assert POOLING.start["n_i"] == BALANCED


# Women of one's own.


def means_of(parameters):
    return np.array([parameters[name] for name in START])


def test_the_study_has_these_means_and_the_scatter_of_the_lectures_women(estrone):
    parameters = OWN.positions[5]
    ax = drawn(OWN, **parameters)
    y, _, Z = estrone
    shown = [y for _, y in lines_of(ax, marker="+")]
    np.testing.assert_allclose(np.mean(shown, axis=1), means_of(parameters), rtol=1e-12)
    within = y - Z @ (Z.T @ y / 16)
    np.testing.assert_allclose(np.std(shown, axis=1), np.std(within.reshape(5, 16), axis=1))
    for k, name in enumerate(START):
        (handle,) = [line for line in ax.lines if line.get_gid() == f"drag:{name}"]
        assert handle.get_xydata().tolist() == [[k + 1, parameters[name]]]


def test_the_estimates_are_those_of_the_closed_form_at_every_position(estrone):
    y, _, Z = estrone
    _, SSW = likelihood.sums_of_squares(y, Z)
    for parameters in OWN.positions:
        means = means_of(parameters)
        SSB = 16 * np.sum((means - means.mean()) ** 2)
        sigma2_b, sigma2_e = likelihood.balanced_theta(SSB, SSW, I=5, J=16, reml=True)
        readout = OWN.read(**parameters)
        assert number(readout, "σ̂_b²") == pytest.approx(sigma2_b, abs=6e-5)
        is_singular = np.var(means, ddof=1) <= SSW / 75 / 16
        assert is_singular == (sigma2_b == 0)
        printed = text_of(OWN.printed(**parameters))
        assert ("boundary (singular) fit" in printed) == is_singular
        assert ("the fit is singular" in readout[1]) == is_singular
        if not is_singular:
            shown = [float(text) for text in re.findall(r"\d+\.\d{4}", readout[1])]
            spread, error, excess = shown
            assert [spread, error, excess] == [
                number(readout, name)
                for name in (
                    "variance of the five means",
                    "by errors of measurement alone",
                    "σ̂_b²",
                )
            ]
            assert excess == pytest.approx(spread - error, abs=1.1e-4)
            assert sigma2_e == pytest.approx(SSW / 75)


def test_the_levels_follow_the_means_and_fall_together_where_the_fit_is_singular():
    for _, parameters in OWN.presets:
        ax = drawn(OWN, **parameters)
        levels = np.array([y[0] for _, y in lines_of(ax, linewidth=3.5)])
        means = means_of(parameters)
        sigma2_b = number(OWN.read(**parameters), "σ̂_b²")
        if sigma2_b == 0:
            np.testing.assert_allclose(levels, means.mean(), rtol=1e-12)
        else:
            share = 1 - 0.0203 / (sigma2_b + 0.0203)
            expected = means.mean() + share * (means - means.mean())
            np.testing.assert_allclose(levels, expected, atol=1e-3)


def test_the_prediction_about_women_of_ones_own_is_what_they_show():
    question = OWN.question
    assert question.options[question.right] == "exactly 0"
    near = [p for p in OWN.positions if 0 < np.ptp(means_of(p)) < 0.201]
    assert near
    # No five means within two tenths vary by more than these.
    assert np.var([14.0, 14.0, 14.2, 14.2, 14.2], ddof=1) < by_error_alone()
    for parameters in near:
        assert OWN.read(**parameters)[0]["σ̂_b²"] == "0.0000"


def test_the_page_moves_two_women_and_the_notebook_all_five():
    assert [control.name for control in (*OWN.controls, *OWN.live_controls)] == list(START)
    for parameters in OWN.positions:
        assert [parameters[name] for name in list(START)[2:]] == [13.9, 14.0, 14.1]
    box = live_view(OWN)
    sliders = [child for child in box.children if type(child).__name__ == "SelectionSlider"]
    assert [slider.value for slider in sliders] == list(START.values())
    assert static_html(OWN).count('type="range"') == 2
    assert static_html(OWN).count('class="explorer-handle"') == 2


def test_without_its_question_an_explorer_is_open_at_once():
    page = static_html(PRINTOUT, is_open=True)
    assert "data-open" in page
    assert "Predict first" not in re.sub(r"<noscript>.*?</noscript>|<script.*", "", page)
    assert "explorer-commit" not in page
    assert "explorer-commit" in static_html(PRINTOUT)


def test_the_printout_on_the_page_is_text_with_marks():
    page = static_html(PRINTOUT)
    (shown,) = re.findall(r'<pre class="explorer-printout".*?>(.*?)</pre>', page, re.DOTALL)[:1]
    assert shown.replace("&#x27;", "'") == text_of(PRINTOUT.printed(sigma2_b=REML))
