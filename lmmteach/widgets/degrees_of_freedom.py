"""Explorer of chapter 11: which tests of a mean keep their 5 % when there are few groups."""

from functools import cache

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit
from scipy.stats import norm, t

from lmmteach.likelihood import balanced_theta
from lmmteach.plots.style import BETWEEN
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title

GROUPS = (3, 4, 5, 6, 8, 12, 30)
# σ_b² / σ_ε²; 5.38 is that of the lecture's data.
RATIOS = (0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.38, 20.0)
J, Z_LIMIT, CHI2_LIMIT = 16, 1.959963984540054, 3.841458820694124
TESTS = ("z", "likelihood ratio", "Satterthwaite", "Kenward–Roger")
IN_WORDS = (
    "the z test",
    "the likelihood ratio test",
    "Satterthwaite's t test",
    "the Kenward–Roger t test",
)
TAIL = np.linspace(0, 6, 61)
# Sums of squares of so many studies, evenly spread over what is probable.
BETWEEN_SUMS, WITHIN_SUMS = 2000, 20


@cache
def sizes(groups, ratio):
    """How often each test rejects a true value of μ, in balanced studies with σ_ε² = 1.

    The mean is independent of both sums of squares and normal, so for each pair of them the share
    of means that are rejected is known.
    """
    n, nu = groups * J, 1 + J * ratio
    SSB = nu * chdtri(groups - 1, _evenly(BETWEEN_SUMS))[:, np.newaxis]
    SSW = chdtri(n - groups, _evenly(WITHIN_SUMS))
    sigma2_b, sigma2_e = balanced_theta(SSB, SSW, groups, J, reml=True)
    se = np.sqrt((sigma2_e + J * sigma2_b) / n)
    few, many = stdtrit(groups - 1, 0.975), stdtrit(n - 1, 0.975)
    limits = (
        Z_LIMIT * se,
        np.sqrt((_rejected_from(SSB, SSW, groups) - SSB) / n),
        np.where(sigma2_b > 0, few, many) * se,
        few * se,
    )
    return [float(np.mean(2 * ndtr(-limit / np.sqrt(nu / n)))) for limit in limits]


def _evenly(number):
    return (np.arange(number) + 0.5) / number


def _rejected_from(SSB, SSW, groups):
    """The sum of squares around a hypothesised mean from which on the likelihood ratio rejects it.

    Minus twice the log-likelihood is a sum of two logarithms, or on the edge a single one.
    """
    n, within = groups * J, SSW / (groups * (J - 1))
    sigma2_b, sigma2_e = balanced_theta(SSB, SSW, groups, J)
    limit = groups * np.log(sigma2_e + J * sigma2_b) + (n - groups) * np.log(sigma2_e) + CHI2_LIMIT
    on_edge = n * np.exp(limit / n) - SSW
    inside = groups * np.exp((limit - (n - groups) * np.log(within)) / groups)
    return np.where(on_edge / groups <= within, on_edge, inside)


def stage():
    """The frames of the density of t and of the shares of rejected studies."""
    figure, (density, shares) = new_figure(2)
    density.plot(TAIL, 2 * norm.pdf(TAIL), color=INK, lw=1.4, ls="--")
    density.plot([Z_LIMIT] * 2, [0, 2 * norm.pdf(Z_LIMIT)], color=INK, lw=1.4, ls="--")
    density.set(xlim=(0, 6), ylim=(0, 0.85), xticks=[0, 2, 4, 6], yticks=[0, 0.4, 0.8])
    set_title(density, "How far the mean is off")
    density.set_xlabel("standard errors")
    density.set_ylabel("density")
    shares.axhline(5, color=INK, lw=0.8)
    beside(shares, 0.00075, 5.9, "5 %", INK)
    shares.set(xscale="log", xlim=(6e-4, 35), ylim=(0, 21), yticks=[0, 5, 10, 15, 20])
    shares.set_xticks([0.001, 0.01, 0.1, 1, 10], ["0.001", "0.01", "0.1", "1", "10"])
    shares.minorticks_off()
    set_title(shares, "True means that are rejected")
    shares.set_xlabel("σ_b² / σ_ε²")
    shares.set_ylabel("per cent of studies")
    return figure, (density, shares)


def draw(axes, groups, ratio):
    """Student's t with its 5 % limit, and how often each of four tests rejects."""
    density, shares = axes
    limit = stdtrit(groups - 1, 0.975)
    density.plot(TAIL, 2 * t.pdf(TAIL, groups - 1), color=BETWEEN, lw=2.5)
    density.plot([limit] * 2, [0, 0.2], color=BETWEEN, lw=2.5)
    density.plot(limit, 0.2, "o", color=BETWEEN, ms=10, gid="drag:groups")
    curves = 100 * np.array([sizes(groups, each) for each in RATIOS]).T
    styles = ((INK, "--"), (INK, ":"), (BETWEEN, "--"), (BETWEEN, "-"))
    for curve, (color, line) in zip(curves, styles, strict=True):
        shares.plot(RATIOS, curve, color=color, lw=2, ls=line)
    here = 100 * np.array(sizes(groups, ratio))
    shares.plot([ratio] * 3, here[1:], "s", color=INK, ms=4)
    shares.plot(ratio, here[0], "o", color=INK, ms=10, gid="drag:ratio")


def read(groups, ratio):
    """The limit of t, and how often each test rejects."""
    shares = 100 * np.array(sizes(groups, ratio))
    numbers = {"5 % limit of t": f"{stdtrit(groups - 1, 0.975):.3f}"}
    numbers |= {name: f"{x:.1f} %" for name, x in zip(TESTS, shares, strict=True)}
    loose = [name for name, x in zip(IN_WORDS, shares, strict=True) if round(x, 1) > 5.5]
    if not loose:
        return numbers, "None of the four rejects in more than 5.5 % of the studies."
    listed = " and ".join([", ".join(loose[:-1]), loose[-1]] if len(loose) > 1 else loose)
    return numbers, f"More than 5.5 % of true means are rejected by {listed}."


who_keeps_five = Explorer(
    "who-keeps-five",
    "Explorer: who keeps the 5 %",
    stage,
    draw,
    read,
    (
        Control("groups", "women", GROUPS, GROUPS.index(5)),
        Control("ratio", "σ_b²/σ_ε²", RATIOS, RATIOS.index(5.38), step="any"),
    ),
    Question(
        "How often does the z test reject a true mean if there are thirty women instead of five?",
        (
            "As often as with five.",
            "In about 6 of 100 studies.",
            "In exactly 5 of 100 studies.",
        ),
        1,
        "In about 6 of 100. With thirty women the standard error is much better known, so that "
        "Student's t is close to the normal distribution, although its tails are still a little "
        "heavier.",
    ),
    (
        ("five women", {"groups": 5, "ratio": 5.38}),
        ("thirty women", {"groups": 30, "ratio": 5.38}),
        ("women who hardly differ", {"groups": 5, "ratio": 0.02}),
    ),
    (
        Key("z test; pull the dot to change how much women differ", INK, "--", "o"),
        Key("likelihood ratio test, by χ²₁", INK, ":"),
        Key("t test with Satterthwaite's df", BETWEEN, "--"),
        Key("with Kenward and Roger's df", BETWEEN, "-"),
        Key("density of t; pull the dot on its 5 % limit for more women", BETWEEN, "-", "o"),
        Key("normal density and 1.96", INK, "--"),
    ),
)
