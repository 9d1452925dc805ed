"""Explorers of chapter 5: K does not matter; and the bias of ML for more and more women."""

from functools import cache

import numpy as np

from lmmteach.likelihood import balanced_theta
from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.reml import contrast_loglik, error_contrasts, restricted_loglik
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import REML, between, estrone

VALUES = between(0.1, 20, 11, REML)
CURVE = tuple(np.geomspace(VALUES[0], VALUES[-1], 41))
KINDS = ("orthonormal", "successive", "first", "mixed")
NAMES = (
    "orthonormal columns",
    "successive differences",
    "differences from the first value",
    "a random mixture of columns",
)
GROUPS = (3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
STUDIES, PER_DOT, BIN = 1000, 10, 0.2


@cache
def K_of(kind):
    """K of a kind; the mixture is an orthonormal K times an invertible random matrix."""
    X = estrone().X
    if kind != "mixed":
        return error_contrasts(X, kind)
    K = error_contrasts(X)
    mixing = np.random.default_rng(15).normal(size=(K.shape[1], K.shape[1]))
    return K @ (np.eye(K.shape[1]) + mixing / 12)


@cache
def heights(sigma2_b, kind):
    """ℓ_K of the contrasts, and ℓ_R, at σ_b² and the estimate of σ_ε²."""
    y, X, Z, _, theta = estrone()
    V = V_theta((sigma2_b, theta[1]), Z)
    return contrast_loglik(K_of(kind), V, y), restricted_loglik(V, y, X)


def stage_contrasts():
    """Room for the curves, with the line on which all have their peak."""
    figure, (ax,) = new_figure(1)
    ax.axvline(REML, color=INK, lw=1)
    ax.set(xscale="log", ylim=(-118, -62), xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"])
    ax.set(xlim=(0.08, 26), yticks=[-110, -90, -70])
    ax.minorticks_off()
    set_title(ax, "ℓ of Kᵀy, this K strong; ℓ_R dashed")
    ax.set_xlabel("variance between women; the line is at 1.7494")
    return figure, (ax,)


def draw_contrasts(axes, sigma2_b, kind):
    """ℓ_K for every K, the chosen one strong."""
    (ax,) = axes
    for other in KINDS:
        chosen = other == kind
        values = [heights(value, other)[0] for value in CURVE]
        ax.plot(CURVE, values, color=BETWEEN, lw=2.5 if chosen else 1, alpha=1 if chosen else 0.5)
    ax.plot(CURVE, [heights(value, kind)[1] for value in CURVE], color=WITHIN, lw=1.5, ls="--")
    ax.plot(sigma2_b, heights(sigma2_b, kind)[0], "o", color=BETWEEN, ms=9)


def read_contrasts(sigma2_b, kind):
    """ℓ_K, its distance from ℓ_R, and where ℓ_K has its peak."""
    value, restricted = heights(sigma2_b, kind)
    peak = max(VALUES, key=lambda other: heights(other, kind)[0])
    return {
        "ℓ_K": f"{value:.4f}",
        "ℓ_K − ℓ_R": f"{value - restricted:.4f}".replace("-0.0000", "0.0000"),
        "peak at": f"{peak:g}",
    }, "The distance between ℓ_K and ℓ_R is the same at every σ_b²."


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
    """A dot for every ten studies, at the middle one, stacked in columns: x and height of each."""
    middle = values[PER_DOT // 2 :: PER_DOT]
    column = np.floor(middle / BIN).astype(int)
    height = np.array([np.sum(column[:k] == column[k]) for k in range(len(column))])
    return (column + 0.5) * BIN, height + 0.5


def stage_bias():
    """A line at the true value, for ML and for REML."""
    figure, axes = new_figure(2, height=3.0)
    for ax, name in zip(axes, ("ML", "REML"), strict=True):
        ax.axvline(estrone().theta_reml[0], color=INK, lw=1)
        ax.set(xlim=(0, 7), ylim=(-2.4, 26), xticks=[0, 2, 4, 6], yticks=[])
        set_title(ax, f"{name}: line, the truth; bar, the mean")
        ax.set_xlabel("estimate of the variance between women")
    return figure, axes


def draw_bias(axes, groups):
    """A dot for every ten studies, ML beside REML, and a bar at the mean."""
    drawn = zip(axes, estimates(groups), means_and_errors(groups), strict=True)
    for ax, values, (mean, _) in drawn:
        ax.plot(*dots(values), "o", color=BETWEEN, ms=4, mew=0)
        ax.plot([mean] * 2, [-2.2, -0.4], color=WITHIN, lw=4, solid_capstyle="butt")


def read_bias(groups):
    """Means and mean squared errors of both."""
    (ml, error), (reml, reml_error) = means_and_errors(groups)
    return {
        "true σ_b²": f"{estrone().theta_reml[0]:.2f}",
        "mean of ML": f"{ml:.2f}",
        "mean of REML": f"{reml:.2f}",
        "mean squared error of ML": f"{error:.2f}",
        "of REML": f"{reml_error:.2f}",
    }, (
        f"{'ML' if error < reml_error else 'REML'} has the smaller squared error on average. "
        "(These are means over all studies of this size; the dots show 1,000 of them.)"
    )


contrasts = Explorer(
    "contrasts",
    "Explorer: K does not matter",
    stage_contrasts,
    draw_contrasts,
    read_contrasts,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML)),
        Control("kind", "K", KINDS, 0, NAMES),
    ),
    Question(
        "Keep one K and move σ_b² away from the peak. What does the distance between ℓ_K and ℓ_R "
        "do?",
        ("It grows.", "It shrinks.", "It stays the same."),
        2,
        "It stays the same, for every K. Another K is K times an invertible matrix, and that adds "
        "the same number to ℓ at every θ: the curve moves up or down as a whole, and its peak "
        "stays where it is.",
    ),
    tuple(
        (name, {"sigma2_b": REML, "kind": kind}) for kind, name in zip(KINDS, NAMES, strict=True)
    ),
)

bias = Explorer(
    "bias",
    "Explorer: 1,000 studies, estimated by ML and by REML",
    stage_bias,
    draw_bias,
    read_bias,
    (Control("groups", "women in each study", GROUPS, GROUPS.index(5)),),
    Question(
        "With five women, ML estimates of σ_b² are 20 % too small on average. What about studies "
        "of twenty women?",
        ("still 20 % too small", "about 5 % too small", "right on average"),
        1,
        "About 5 %: one part in the number of women, because ML divides by 20 where the mean that "
        "was estimated leaves 19 degrees of freedom.",
    ),
)
