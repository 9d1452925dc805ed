"""Explorers of chapter 5: four choices of K; and the bias of ML for more and more women."""

from functools import cache

import numpy as np

from lmmteach.likelihood import balanced_theta
from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.reml import contrast_loglik, error_contrasts, restricted_loglik
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import REML, between, estrone

VALUES = between(0.2, 20, 27, REML)
KINDS = ("orthonormal", "successive", "first", "mixed")
NAMES = (
    "orthonormal columns",
    "successive differences",
    "differences from the first value",
    "a random mixture of columns",
)
GROUPS = (*range(3, 13), 14, 16, 18, 20, 23, 26, 30, 35, 40, 45, 50)
STUDIES, PER_DOT, BIN, LAST = 1000, 10, 0.2, 6.1


@cache
def K_of(kind):
    """K of a kind; the mixture is an orthonormal K times an invertible random matrix."""
    X = estrone().X
    if kind != "mixed":
        return error_contrasts(X, kind)
    mixing = np.random.default_rng(15).normal(size=(79, 79))
    # A scale by which its curve stays in the picture.
    return error_contrasts(X) @ mixing * np.exp((6 - np.linalg.slogdet(mixing)[1]) / 79)


@cache
def heights(sigma2_b, kind):
    """ℓ_K of the contrasts, and ℓ_R, at σ_b² and the estimate of σ_ε²."""
    y, X, Z, _, theta = estrone()
    V = V_theta((sigma2_b, theta[1]), Z)
    return contrast_loglik(K_of(kind), V, y), restricted_loglik(V, y, X)


def stage_contrasts():
    """The frame of the 79 contrasts; the curve of ℓ_R, and the line on which all tops lie."""
    figure, (values, curves) = new_figure(2)
    values.axhline(0, color=INK, lw=0.5, alpha=0.5)
    values.set(xlim=(0, 80), xticks=[1, 20, 40, 60, 79], ylim=(-6, 6), yticks=[-6, -3, 0, 3, 6])
    set_title(values, "What this K makes of the data")
    values.set_xlabel("number of the contrast")
    values.set_ylabel("Kᵀy")
    curves.axvline(REML, ymax=0.8, color=INK, lw=1, alpha=0.6)
    beside(curves, 1.9, -92.5, "1.75", INK)
    restricted = [heights(value, KINDS[0])[1] for value in VALUES]
    curves.plot(VALUES, restricted, color=INK, lw=2, ls="--")
    curves.set(xscale="log", xlim=(0.18, 22), ylim=(-94, -73), yticks=[-90, -85, -80, -75])
    curves.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
    curves.minorticks_off()
    set_title(curves, "Its log-likelihood")
    curves.set_xlabel("σ_b²")
    curves.set_ylabel("ℓ")
    return figure, (values, curves)


def draw_contrasts(axes, sigma2_b, kind):
    """The contrasts; ℓ_K over σ_b², and its distance from ℓ_R where the dot is."""
    values, curves = axes
    contrasts = K_of(kind).T @ estrone().y
    values.plot(range(1, 80), contrasts, "^", mfc="none", mec=WITHIN, ms=5, mew=1)
    curves.plot(VALUES, [heights(value, kind)[0] for value in VALUES], color=BETWEEN, lw=2.5)
    height, restricted = heights(sigma2_b, kind)
    curves.plot([sigma2_b] * 2, [restricted, height], color=WITHIN, lw=4, solid_capstyle="butt")
    curves.plot(sigma2_b, height, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")
    # Near an end the number would leave the panel.
    at, over = np.clip(sigma2_b, 0.25, 16), max(height, restricted) + 1.7
    beside(curves, at, over, distance(height - restricted), WITHIN, ha="center")


def distance(value):
    """Two decimals, and no sign for nothing."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def read_contrasts(sigma2_b, kind):
    """ℓ_K, its distance from ℓ_R, and where ℓ_K has its top."""
    value, restricted = heights(sigma2_b, kind)
    top = max(VALUES, key=lambda other: heights(other, kind)[0])
    apart = distance(value - restricted)
    if apart == "0.00":
        sentence = "For this K the two curves are the same, here and at every other σ_b²."
    else:
        side = "above" if value > restricted else "below"
        sentence = (
            f"ℓ_K is {apart.lstrip('−')} {side} ℓ_R here, and just as far at every other σ_b²."
        )
    return {
        "ℓ_K": f"{value:.4f}",
        "ℓ_K − ℓ_R": f"{value - restricted:.4f}".replace("-0.0000", "0.0000"),
        "top at": f"{top:g}",
    }, sentence


@cache
def estimates(groups):
    """ML and REML estimates of σ_b² in simulated studies with so many women, each list sorted."""
    sigma2_b, sigma2_e = estrone().theta_reml
    rng = np.random.default_rng(15)
    SSB = (16 * sigma2_b + sigma2_e) * rng.chisquare(groups - 1, STUDIES)
    SSW = sigma2_e * rng.chisquare(15 * groups, STUDIES)
    return [np.sort(balanced_theta(SSB, SSW, groups, 16, reml)[0]) for reml in (False, True)]


def chi2_rule(df):
    """Points and weights for means over a χ² variable: even steps of its logarithm."""
    steps = np.linspace(-16, 8, 241) * np.sqrt(2 / df)
    x = df * np.exp(steps)
    weights = np.exp((df * (1 + steps) - x) / 2)
    return x, weights / weights.sum()


@cache
def means_and_errors(groups):
    """Mean and mean squared error of ML and of REML, over all such studies and not only a few."""
    sigma2_b, sigma2_e = estrone().theta_reml
    (between_x, between_w), (within_x, within_w) = chi2_rule(groups - 1), chi2_rule(15 * groups)
    SSB, SSW = (16 * sigma2_b + sigma2_e) * between_x[:, np.newaxis], sigma2_e * within_x
    estimates = [balanced_theta(SSB, SSW, groups, 16, reml)[0] for reml in (False, True)]
    return [
        [between_w @ values @ within_w for values in (each, (each - sigma2_b) ** 2)]
        for each in estimates
    ]


def dots(values):
    """A dot for every ten studies, at the middle one, stacked in columns: x and height of each.

    Estimates beyond the picture are stacked in its last column.
    """
    middle = np.minimum(values[PER_DOT // 2 :: PER_DOT], LAST)
    column = np.floor(middle / BIN).astype(int)
    height = np.array([np.sum(column[:k] == column[k]) for k in range(len(column))])
    return (column + 0.5) * BIN, height + 1.0


def stage_bias():
    """The frame of the two stacks of dots, ML above and REML below; the means for every size."""
    figure, (stacks, means) = new_figure(2)
    truth = estrone().theta_reml[0]
    stacks.axhline(0, color=INK, lw=1)
    stacks.axvline(truth, color=INK, lw=1, ls=":")
    for text, height in (("ML", 23), ("REML", -23)):
        beside(stacks, 4.6, height, text, INK)
    stacks.set(xlim=(0, 6.4), ylim=(-26, 26), yticks=[])
    stacks.set_xticks([0, 1, 2, 3, 4, 5, 6.1], ["0", "1", "2", "3", "4", "5", "6+"])
    stacks.spines["left"].set_visible(False)
    set_title(stacks, "1,000 studies, a dot for every ten")
    stacks.set_xlabel("estimate of σ_b²")
    ml, reml = np.transpose([[mean for mean, _ in means_and_errors(size)] for size in GROUPS])
    means.axhline(truth, color=INK, lw=1, ls=":")
    means.plot(GROUPS, ml, color=BETWEEN, lw=2)
    means.plot(GROUPS, reml, color=BETWEEN, lw=2, ls="--")
    means.set(xscale="log", xlim=(2.7, 56), ylim=(1.0, 1.9), yticks=[1, 1.2, 1.4, 1.6, 1.8])
    means.set_xticks([3, 5, 10, 20, 50], ["3", "5", "10", "20", "50"])
    means.minorticks_off()
    set_title(means, "The mean over all such studies")
    means.set_xlabel("women in each study")
    means.set_ylabel("mean estimate")
    return figure, (stacks, means)


def draw_bias(axes, groups):
    """A dot for every ten studies, ML upwards and REML downwards, and the means of both."""
    stacks, means = axes
    drawn = zip((1, -1), ("o", "s"), estimates(groups), means_and_errors(groups), strict=True)
    for up, marker, values, (mean, _) in drawn:
        x, height = dots(values)
        face = BETWEEN if up > 0 else "none"
        stacks.plot(x, up * height, marker, mfc=face, mec=BETWEEN, ms=3.4, mew=0.8)
        stacks.plot([mean] * 2, [0, up * 24.5], color=INK, lw=2)
        stacks.text(mean + 0.12, up * 23, f"{mean:.2f}", color=INK, fontsize=10, va="center")
    (ml, _), (reml, _) = means_and_errors(groups)
    means.plot(groups, reml, "s", mfc="none", mec=BETWEEN, ms=8, mew=1.8)
    means.plot(groups, ml, "o", color=BETWEEN, ms=10, gid="drag:groups")


def read_bias(groups):
    """Means and mean squared errors of both."""
    (ml, error), (reml, reml_error) = means_and_errors(groups)
    better = "ML" if error < reml_error else "REML"
    return {
        "true σ_b²": f"{estrone().theta_reml[0]:.2f}",
        "mean of ML": f"{ml:.2f}",
        "mean of REML": f"{reml:.2f}",
        "mean squared error of ML": f"{error:.3f}",
        "of REML": f"{reml_error:.3f}",
    }, (
        f"{better} has the smaller mean squared error. The means and errors are those over all "
        "possible studies of this size, whereas the dots show a thousand of them."
    )


contrasts = Explorer(
    "contrasts",
    "Explorer: four choices of K",
    stage_contrasts,
    draw_contrasts,
    read_contrasts,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML), step="any"),
        Control("kind", "K", KINDS, 0, NAMES),
    ),
    Question(
        "With the orthonormal K, ℓ_K is 2.19 above ℓ_R. The random mixture is this K times a "
        "matrix A with |A|² = e¹². Where will its curve be?",
        ("6 above this one", "6 below this one", "12 below this one"),
        1,
        "It is 6 below this one, because −½ log |A|² = −6, which puts it 3.81 below ℓ_R. The "
        "mixture turns the data into quite different numbers, but the curve moves down as a "
        "whole, and its top stays at the same σ_b².",
    ),
    tuple(
        (name, {"sigma2_b": REML, "kind": kind}) for kind, name in zip(KINDS, NAMES, strict=True)
    ),
    (
        Key("the 79 contrasts Kᵀy", WITHIN, marker="^", hollow=True),
        Key("ℓ_K, their log-likelihood; pull the dot along the curve", BETWEEN, "-", "o"),
        Key("ℓ_R, the restricted log-likelihood", INK, line="--"),
        Key("the distance between the two", WITHIN, line="-"),
    ),
)

bias = Explorer(
    "bias",
    "Explorer: 1,000 studies, estimated by ML and by REML",
    stage_bias,
    draw_bias,
    read_bias,
    (Control("groups", "women in each study", GROUPS, GROUPS.index(5), step="1"),),
    Question(
        "With five women, ML has the smaller mean squared error, 1.13 against 1.57 for REML. Which "
        "of the two has the smaller one with fifty women?",
        ("REML, by a narrow margin", "ML, by a narrow margin", "ML, by as wide a margin as before"),
        1,
        "ML has it, by a narrow margin: 0.124 against 0.128. Its bias is only 2 % by then, so the "
        "two estimates are nearly the same, but the one from ML still varies a little less.",
    ),
    (),
    (
        Key(
            "ten studies, estimated by ML; on the right, pull the dot along the curve",
            BETWEEN,
            "-",
            "o",
        ),
        Key("ten studies, estimated by REML", BETWEEN, "--", "s", hollow=True),
        Key("the mean of all estimates", INK, line="-"),
        Key("the true σ_b²", INK, line=":"),
    ),
)
