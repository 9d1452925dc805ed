"""Explorers of chapter 6: tests of σ_b² = 0 at the boundary, and the ceiling of Wald's."""

from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import fdtrc

from lmmteach.likelihood import sums_of_squares
from lmmteach.model import random_intercept_design
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import balanced_drop
from lmmteach.testing import boundary_lrt, boundary_pvalue, chi2_pvalue, exact_null, wald_z
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import REML, between, estrone

VALUES = between(0.003, 100, 26, REML)
GROUPS = (3, 4, 5, 6, 7, 8, 9, 10, 12, 15)
# Where the shape of a curve is shown, as multiples of the estimate: more of them near 0.
MULTIPLES = 3 * np.linspace(0, 1, 31) ** 2
# At the first, both statistics are 0; at all others, both are above 0.
SCALES = (0.1, *(c / 200 for c in range(24, 49)))
DRAWS, EDGES = 100_000, np.arange(0.0, 8.75, 0.5)
# Where p-values are drawn: more of them near 0, where they fall fast.
TAIL = 8.6 * np.linspace(0, 1, 41) ** 2
# Where the studies stand in which the statistic is exactly 0.
ZERO = -0.75


@cache
def z(sigma2_b, groups):
    """The REML Wald statistic of a study with so many women, 16 measurements of each."""
    Z = random_intercept_design(np.repeat(np.arange(groups), 16))
    return wald_z((sigma2_b, estrone().theta_reml[1]), np.ones((len(Z), 1)), Z)


@cache
def statistic(c, reml):
    """The LRT or RLRT of the lecture's data with the women's deviations multiplied by c."""
    y, X, Z, *_ = estrone()
    means = Z @ (Z.T @ y) / 16
    return boundary_lrt(y - (1 - c) * (means - y.mean()), X, Z, reml)


@cache
def null_bars(reml):
    """Shares of studies of women who do not differ: statistic 0, and between the edges."""
    _, X, Z, *_ = estrone()
    draws = exact_null(X, Z, DRAWS, np.random.default_rng(15), reml)
    counts, _ = np.histogram(draws[draws > 0], EDGES)
    return np.mean(draws == 0), counts / DRAWS


def chi2_bars():
    """The shares between the edges by χ²₁, which is never 0."""
    return -np.diff([chi2_pvalue(edge, 1) for edge in EDGES])


def exact_pvalue(c):
    """The tail of the exact null distribution of a statistic above 0.

    In balanced data the statistic rises with F as soon as it is above 0:
    the tail of F is that of the exact distribution, without the error of a simulation.
    """
    y, _, Z, *_ = estrone()
    SSB, SSW = sums_of_squares(y, Z)
    return fdtrc(4, 75, c**2 * (SSB / 4) / (SSW / 75))


def pvalues(c, reml):
    """By χ²₁, by the mixture, and by the exact null distribution."""
    value = statistic(c, reml)
    return chi2_pvalue(value, 1), boundary_pvalue(value), exact_pvalue(c) if value > 0 else 1.0


@cache
def exact_tail(reml):
    """Statistics above 0 and their exact p-values, for a curve."""
    first = brentq(lambda c: (statistic(c, reml) > 0) - 0.5, 0.08, 0.2, xtol=1e-5)
    scales = np.linspace(first + 1e-5, 0.25, 41)
    return np.array([statistic(c, reml) for c in scales]), exact_pvalue(scales)


def stage_boundary():
    """The frame of the null distribution with χ²₁ and the mixture, and that of the p-values."""
    figure, (shares, tails) = new_figure(2)
    for share, line in ((1, ":"), (0.5, "--")):
        others = share * chi2_bars()
        shares.stairs(others, EDGES, color=INK, lw=1.4, ls=line)
        tails.plot(TAIL, [share * chi2_pvalue(x, 1) for x in TAIL], color=INK, lw=1.4, ls=line)
    shares.stairs([0.5], [ZERO - 0.25, ZERO + 0.25], color=INK, lw=1.4, ls="--")
    shares.set(xlim=(-1.2, 8.6), ylim=(0, 0.85), yticks=[0, 0.2, 0.4, 0.6, 0.8])
    shares.set_xticks([ZERO, 2, 4, 6, 8], ["= 0", "2", "4", "6", "8"])
    set_title(shares, "Studies of women who do not differ")
    shares.set_xlabel("statistic")
    shares.set_ylabel("share of studies")
    tails.axhline(0.05, color=INK, lw=0.8)
    beside(tails, 7.3, 0.063, "0.05", INK)
    tails.set(xlim=(-1.2, 8.6), yscale="log", ylim=(7e-4, 1.4))
    tails.set_xticks([ZERO, 2, 4, 6, 8], ["= 0", "2", "4", "6", "8"])
    tails.set_yticks([1, 0.1, 0.01, 0.001], ["1", "0.1", "0.01", "0.001"])
    tails.minorticks_off()
    set_title(tails, "The share beyond: p-values")
    tails.set_xlabel("statistic")
    tails.set_ylabel("p-value")
    return figure, (shares, tails)


def draw_boundary(axes, c, reml):
    """The exact null distribution, the statistic of the data, and where it meets three tails."""
    shares, tails = axes
    spike, others = null_bars(reml)
    shares.bar(ZERO, spike, width=0.5, color=BETWEEN, alpha=0.6)
    shares.bar(EDGES[:-1] + 0.25, others, width=0.5, color=BETWEEN, alpha=0.6)
    shares.text(ZERO + 0.4, spike - 0.03, f"{spike:.2f}", color=BETWEEN, fontsize=10, va="center")
    value = statistic(c, reml)
    place = value if value > 0 else ZERO
    shares.plot([place] * 2, [0, 0.78], color=WITHIN, lw=2.5)
    shares.plot(place, 0.78, "o", color=WITHIN, ms=10, gid="drag:c")
    tails.plot(*exact_tail(reml), color=BETWEEN, lw=2.5)
    chi2, mixture, exact = pvalues(c, reml)
    tails.plot([place] * 2, [7e-4, 1], color=WITHIN, lw=1.5)
    tails.plot([place] * 2, [chi2, mixture], "s", color=INK, ms=6)
    tails.plot(place, exact, "D", color=BETWEEN, ms=7)
    tails.plot(place, 1, "o", color=WITHIN, ms=10, gid="drag:c")


def read_boundary(c, reml):
    """The statistic and its three p-values."""
    value = statistic(c, reml)
    chi2, mixture, exact = pvalues(c, reml)
    small = sum(p < 0.05 for p in (chi2, mixture, exact))
    verdict = (
        "None of the three p-values is below 0.05.",
        "Only the exact p-value is below 0.05.",
        "The exact p-value and that of the mixture are below 0.05.",
        "All three p-values are below 0.05.",
    )[small]
    return {
        "RLRT" if reml else "LRT": f"{value:.3f}",
        "p by χ²₁": three_decimals(chi2),
        "by the mixture": three_decimals(mixture),
        "exact": three_decimals(exact),
    }, verdict


def three_decimals(pvalue):
    """A p-value is never 0."""
    return f"{pvalue:.3f}" if pvalue >= 0.0005 else "<0.001"


def ceiling(groups):
    """What z can never exceed."""
    return np.sqrt((groups - 1) / 2)


@cache
def drops(sigma2_b, groups):
    """How far the restricted log-likelihood and the parabola of Wald's test are below their top."""
    sigma2_e = estrone().theta_reml[1]
    SSB, SSW = (groups - 1) * (16 * sigma2_b + sigma2_e), 15 * groups * sigma2_e
    curve = balanced_drop(MULTIPLES * sigma2_b, SSB, SSW, groups, 16, reml=True) / 2
    return curve, (z(sigma2_b, groups) * (MULTIPLES - 1)) ** 2 / 2


def stage_wald():
    """The frame of z over σ_b², and that of the curve and the parabola."""
    figure, (left, right) = new_figure(2)
    left.axhline(1.96, color=INK, lw=1, ls=":")
    left.set(xscale="log", xlim=(0.002, 300), ylim=(0, 2.9))
    left.set_yticks([0, 0.5, 1, 1.5, 1.96, 2.5], ["0", "0.5", "1", "1.5", "1.96", "2.5"])
    left.set_xticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    left.minorticks_off()
    set_title(left, "The Wald statistic z")
    left.set_xlabel("σ̂_b²")
    left.set_ylabel("z")
    right.axhline(-1.92, color=INK, lw=1, ls=":")
    right.axvline(1, color=INK, lw=0.5, alpha=0.5)
    right.set(xlim=(0, 3), ylim=(-6, 0.4), xticks=[0, 1, 2, 3])
    right.set_yticks([-6, -4, -2, 0])
    set_title(right, "The curve and its parabola")
    right.set_xlabel("σ_b² as a multiple of its estimate")
    right.set_ylabel("below the top")
    return figure, (left, right)


def draw_wald(axes, sigma2_b, groups):
    """z with its ceiling; the restricted log-likelihood and the parabola that stands for it."""
    left, right = axes
    left.plot(VALUES, [z(value, groups) for value in VALUES], color=WITHIN, lw=2.5)
    left.plot([0.002, 190], [ceiling(groups)] * 2, color=BETWEEN, ls="--", lw=1.8)
    left.plot(190, ceiling(groups), "s", color=BETWEEN, ms=10, gid="drag:groups")
    left.plot(sigma2_b, z(sigma2_b, groups), "o", color=WITHIN, ms=10, gid="drag:sigma2_b")
    curve, parabola = drops(sigma2_b, groups)
    right.plot(MULTIPLES, -curve, color=INK, lw=2)
    right.plot(MULTIPLES, -parabola, color=WITHIN, lw=2, ls="--")
    right.plot(0, -parabola[0], "o", color=WITHIN, ms=8, clip_on=False)


def read_wald(sigma2_b, groups):
    """z and the ceiling, and whether z is above 1.96, could be, or never will."""
    value, limit = z(sigma2_b, groups), ceiling(groups)
    if limit <= 1.96:
        sentence = f"With {groups} women z can never pass 1.96, however much they differ."
    elif value <= 1.96:
        sentence = f"With {groups} women z can pass 1.96, but only if they differ more than this."
    else:
        sentence = f"Here z passes 1.96: {groups} women are enough if they differ this much."
    return {"z": f"{value:.4f}", "ceiling": f"{limit:.4f}"}, sentence


wald_ceiling = Explorer(
    "wald-ceiling",
    "Explorer: the Wald statistic of a variance",
    stage_wald,
    draw_wald,
    read_wald,
    (
        Control("sigma2_b", "estimate of σ_b²", VALUES, VALUES.index(REML), step="any"),
        Control("groups", "women", GROUPS, GROUPS.index(5)),
    ),
    Question(
        "How many women does it take before z can pass 1.96?",
        ("six", "seven", "nine", "no number is enough"),
        2,
        "It takes nine, because z never reaches the root of (I − 1)/2, which is 1.87 for eight "
        "women and 2 for nine. Even with nine women, z passes 1.96 only if the estimate of σ_b² "
        "is about 1 or more.",
    ),
    (("as estimated", {"sigma2_b": REML, "groups": 5}),),
    (
        Key("z; pull the dot along the curve", WITHIN, "-", "o"),
        Key("the ceiling of z; pull the square to change the number of women", BETWEEN, "--", "s"),
        Key("the restricted log-likelihood, with σ_ε² at its estimate", INK, line="-"),
        Key("the parabola that the Wald test puts in its place", WITHIN, line="--"),
        Key("where a test at the 5 % level begins to reject", INK, line=":"),
    ),
)

boundary = Explorer(
    "boundary",
    "Explorer: three p-values at the boundary",
    stage_boundary,
    draw_boundary,
    read_boundary,
    (
        Control("c", "deviations multiplied by c =", SCALES, SCALES.index(0.19), step="any"),
        Control("reml", "statistic", (False, True), 0, ("LRT, by ML", "RLRT, by REML")),
    ),
    Question(
        "At c = 0.19, how many of the three p-values are below 0.05 if you switch to the RLRT?",
        ("none", "one", "two", "all three"),
        2,
        "Two are: the RLRT of these data is larger than their LRT, which brings the mixture's "
        "p-value below 0.05 as well. If women do not differ, the RLRT is 0 in 59 % of the studies "
        "and the LRT in 70 %, so the half that the mixture assumes suits the RLRT better. For both "
        "statistics χ²₁ gives the largest p-value and the exact distribution the smallest, "
        "wherever the statistic is above 0.",
    ),
    (("study A of the chapter", {"c": 0.19, "reml": False}),),
    (
        Key("the exact distribution, and its p-value", BETWEEN, "-", "D"),
        Key("the mixture of 0 and χ²₁, half each", INK, "--", "s"),
        Key("χ²₁", INK, ":", "s"),
        Key("the statistic of the data; pull the dot", WITHIN, "-", "o"),
    ),
)
