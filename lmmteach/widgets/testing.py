"""Explorers of chapter 6: tests of σ_b² = 0 at the boundary, and the ceiling of Wald's."""

from functools import cache

import numpy as np
from scipy.special import fdtrc

from lmmteach.likelihood import sums_of_squares
from lmmteach.model import random_intercept_design
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.testing import boundary_lrt, boundary_pvalue, chi2_pvalue, exact_null, wald_z
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import REML, between, estrone

VALUES = between(0.001, 1000, 12, REML)
CURVE = np.geomspace(VALUES[0], VALUES[-1], 49)
GROUPS = (3, 5, 10)
SCALES = (0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 0.17, 0.18, 0.19, 0.2, 0.21, 0.22, 0.24, 0.26)
DRAWS, EDGES = 100_000, np.arange(0.0, 10.25, 0.25)


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
def null_draws(reml):
    """The statistic in studies of women who do not differ."""
    _, X, Z, *_ = estrone()
    return exact_null(X, Z, DRAWS, np.random.default_rng(15), reml)


@cache
def null_bars(reml):
    """Share of draws that are 0, and densities of the others between the edges."""
    draws = null_draws(reml)
    counts, _ = np.histogram(draws[draws > 0], EDGES)
    return np.mean(draws == 0), counts / DRAWS / np.diff(EDGES)


def pvalues(c, reml):
    """By χ²₁, by the mixture, and by the exact null distribution.

    Where all women have as many measurements, the statistic rises with F as soon as it is above 0:
    the tail of F is that of the exact distribution, without the error of a simulation.
    """
    value = statistic(c, reml)
    y, _, Z, *_ = estrone()
    SSB, SSW = sums_of_squares(y, Z)
    exact = fdtrc(4, 75, c**2 * (SSB / 4) / (SSW / 75)) if value > 0 else 1.0
    return chi2_pvalue(value, 1), boundary_pvalue(value), exact


def stage_boundary():
    """χ²₁ and the mixture, and room for the exact null distribution with its spike at 0."""
    figure, (zero, tail) = new_figure(2)
    zero.set(xlim=(-0.4, 2.4), ylim=(0, 1), yticks=[0, 0.5, 1])
    zero.set_xticks(range(3), ("exact", "mixture", "χ²₁"))
    set_title(zero, "share of statistics that are 0")
    x = EDGES[1:]
    density = np.exp(-x / 2) / np.sqrt(2 * np.pi * x)
    tail.plot(x, density, color=INK, lw=1.5, ls=":")
    tail.plot(x, density / 2, color=INK, lw=1.5, ls="--")
    tail.set(xlim=(0, 10), xticks=[0, 5, 10], ylim=(0, 0.5), yticks=[0, 0.25, 0.5])
    set_title(tail, "the others: exact, mixture - -, χ²₁ ···")
    tail.set_xlabel("statistic; the line is that of the data")
    return figure, (zero, tail)


def draw_boundary(axes, c, reml):
    """The exact null distribution with its spike at 0, and the statistic of the data."""
    zero, tail = axes
    spike, densities = null_bars(reml)
    value = statistic(c, reml)
    shares = (spike, 0.5, 0.0)
    zero.bar(range(3), shares, color=[BETWEEN, INK, INK], width=0.5)
    for k, share in enumerate(shares):
        zero.text(k, share + 0.02, f"{share:.2f}", color=INK, fontsize=9, ha="center")
    tail.stairs(densities, EDGES, fill=True, color=BETWEEN, alpha=0.5)
    tail.axvline(value, color=WITHIN, lw=2.5)
    tail.text(5, 0.4, f"c = {c:g}", color=INK, fontsize=10)


def read_boundary(c, reml):
    """The statistic and its three p-values."""
    value = statistic(c, reml)
    chi2, mixture, exact = pvalues(c, reml)
    small = sum(p < 0.05 for p in (chi2, mixture, exact))
    verdict = ("None is", "Only the exact one is", "Two of the three are", "All three are")[small]
    return {
        "RLRT" if reml else "LRT": f"{value:.3f}",
        "p by χ²₁": three_decimals(chi2),
        "by the mixture": three_decimals(mixture),
        "exact": three_decimals(exact),
    }, f"{verdict} below 0.05."


def three_decimals(pvalue):
    """A p-value is never 0."""
    return f"{pvalue:.3f}" if pvalue >= 0.0005 else "<0.001"


def ceiling(groups):
    """What z can never exceed."""
    return np.sqrt((groups - 1) / 2)


def stage_wald():
    """The usual cut of 1.96."""
    figure, (ax,) = new_figure(1)
    ax.axhline(1.96, color=INK, lw=1, ls=":")
    ax.text(VALUES[0], 2.0, "1.96", color=INK, fontsize=9)
    ax.set(xscale="log", xlim=(0.0005, 2000), ylim=(0, 3.4), yticks=[0, 1, 2, 3])
    ax.set_xticks([0.001, 0.1, 10, 1000], ["0.001", "0.1", "10", "1000"])
    ax.minorticks_off()
    set_title(ax, "Wald z (solid) and its ceiling (dashed)")
    ax.set_xlabel("variance between women")
    return figure, (ax,)


def draw_wald(axes, sigma2_b, groups):
    """z over σ_b² with its ceiling."""
    (ax,) = axes
    ax.plot(CURVE, [z(value, groups) for value in CURVE], color=WITHIN, lw=2.5)
    ax.axhline(ceiling(groups), color=BETWEEN, ls="--", lw=1.5)
    ax.plot(sigma2_b, z(sigma2_b, groups), "o", color=WITHIN, ms=9)


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
    "Explorer: the ceiling of the Wald statistic",
    stage_wald,
    draw_wald,
    read_wald,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML)),
        Control("groups", "women", GROUPS, GROUPS.index(5)),
    ),
    Question(
        "How many women does it take until z can pass 1.96 at all, however much they differ?",
        ("three", "five", "ten", "no number is enough"),
        2,
        "Ten, of these. z never exceeds the root of (I − 1)/2, which passes 1.96 with nine women. "
        "With nine or ten they must still differ very much.",
    ),
    (("as estimated", {"sigma2_b": REML, "groups": 5}),),
)

boundary = Explorer(
    "boundary",
    "Explorer: three p-values at the boundary",
    stage_boundary,
    draw_boundary,
    read_boundary,
    (
        Control("c", "deviations multiplied by c =", SCALES, SCALES.index(0.19)),
        Control("reml", "statistic", (False, True), 0, ("LRT, by ML", "RLRT, by REML")),
    ),
    Question(
        "At c = 0.19 one of the three p-values of the LRT is below 0.05. Switch to the RLRT: how "
        "many are below 0.05 then?",
        ("none", "still one", "two", "all three"),
        2,
        "Two: the mixture joins the exact one. Under H₀ the RLRT is 0 in 59 % of the studies, the "
        "LRT in 70 %, so the mixture's half is nearer to the truth for the RLRT. For both, the "
        "order is χ²₁, mixture, exact wherever the statistic is above 0.",
    ),
    (("the borderline data set", {"c": 0.19, "reml": False}),),
)
