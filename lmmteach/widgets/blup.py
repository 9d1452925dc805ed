"""Explorer of chapter 4: shrinkage, as σ_b² and the number of measurements vary."""

from functools import cache
from itertools import pairwise

import numpy as np
from scipy.stats import norm

from lmmteach.blup import blup, shrinkage_factor
from lmmteach.model import D_matrix, V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import HALF, ML, REML, between, estrone

# Outside this range, the densities would be too high, or too wide, for one picture.
VALUES = between(0.008, 2, 27, HALF, ML, REML)
SIZES = (1, 2, 4, 8, 16)
ONE_SHORT = (16, 16, 16, 16, 1)
DESIGNS = (*((size,) * 5 for size in SIZES), ONE_SHORT)
NAMES = (*(f"{size} of each woman" for size in SIZES), "16, but only 1 of woman 5")


@cache
def estimates(sigma2_b, n_i):
    """Means of the first n_i measurements, the BLUPs of the levels, and μ̂."""
    y, _, Z, _, theta = estrone()
    keep = np.concatenate([np.arange(16) < n for n in n_i])
    y, Z, X = y[keep], Z[keep], np.ones((keep.sum(), 1))
    theta = (sigma2_b, theta[1])
    V = V_theta(theta, Z)
    mu = gls(V, y, X)[0][0]
    return Z.T @ y / Z.sum(axis=0), mu + blup(D_matrix(sigma2_b, 5), Z, V, y, X), mu


def stage():
    """The frame of the five women, and that of what is known of woman 5."""
    figure, (arrows, inset) = new_figure(2)
    arrows.set(xlim=(10.6, 17), ylim=(0.3, 5.7), xticks=[11, 12, 13, 14, 15, 16, 17])
    arrows.set_yticks(range(1, 6))
    set_title(arrows, "From her own mean to the BLUP")
    arrows.set_xlabel("logestrone")
    arrows.set_ylabel("woman")
    inset.axvline(0, color=INK, lw=0.5, alpha=0.5)
    inset.set(xlim=(-3.4, 4.4), ylim=(0, 5.6), xticks=range(-3, 5), yticks=range(6))
    set_title(inset, "What is known of woman 5")
    inset.set_xlabel("her deviation b_5")
    inset.set_ylabel("density")
    return figure, (arrows, inset)


def draw(axes, sigma2_b, n_i):
    """Lines from each woman's mean to her BLUP; beside them the three densities for woman 5."""
    arrows, inset = axes
    means, levels, mu = estimates(sigma2_b, n_i)
    study = estrone()
    # Measurements come in the lots by which the designs differ, woman 5's apart from the others'.
    for women in (slice(0, 4), slice(4, 5)):
        for first, last in pairwise((0, *SIZES)):
            y = study.y.reshape(5, 16)[women, first:last]
            rows = np.arange(0.73, 5)[women, np.newaxis] + 0 * y
            arrows.plot(y.ravel(), rows.ravel(), "|", color=WITHIN, ms=6, mew=1,
                        alpha=0.7 if last <= n_i[women][0] else 0)  # fmt: skip
    arrows.axvline(mu, color=INK, ls="--", lw=1.2)
    arrows.hlines(range(1, 6), means, levels, color=BETWEEN, lw=2.5)
    arrows.plot(means, range(1, 6), "^", mfc="none", mec=WITHIN, ms=9, mew=1.8)
    arrows.plot(levels[[0, 1, 2, 4]], [1, 2, 3, 5], "o", color=BETWEEN, ms=7)
    arrows.plot(levels[3], 4, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")
    sigma2_e = study.theta_reml[1]
    keeps, deviation = shrinkage_factor(n_i[4], (sigma2_b, sigma2_e)), means[4] - mu
    steps = np.linspace(-4, 4, 41)
    for centre, variance, color, line in (
        (0.0, sigma2_b, BETWEEN, "--"),
        (deviation, sigma2_e / n_i[4], WITHIN, "-."),
        (keeps * deviation, (1 - keeps) * sigma2_b, INK, "-"),
    ):
        x = centre + np.sqrt(variance) * steps
        inset.plot(x, norm.pdf(x, centre, np.sqrt(variance)), color=color, lw=2, ls=line)
    sd = np.sqrt(sigma2_b)
    height = norm.pdf(sd, 0, sd)
    inset.plot(-sd, height, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")
    beside(inset, -sd - 0.4, height + 0.25, "−σ_b", BETWEEN, ha="right")


def read(sigma2_b, n_i):
    """The shrinkage factor and the level of woman 5."""
    means, levels, mu = estimates(sigma2_b, n_i)
    keeps = shrinkage_factor(n_i[4], (sigma2_b, estrone().theta_reml[1]))
    return {
        "λ": f"{keeps:.3f}",
        "her mean": f"{means[4]:.3f}",
        "her BLUP": f"{levels[4]:.3f}",
        "μ̂": f"{mu:.3f}",
    }, f"Woman 5 keeps {100 * keeps:.0f} % of her own deviation from μ̂."


shrinkage = Explorer(
    "shrinkage",
    "Explorer: shrinkage",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(HALF), step="any"),
        Control("n_i", "measurements", DESIGNS, SIZES.index(16), NAMES),
    ),
    Question(
        "With σ_b² = 0.0203 and 16 measurements, a woman keeps half of her deviation. How much "
        "does she keep if there are only 4 measurements of her?",
        ("still a half", "about a fifth", "about an eighth"),
        1,
        "About a fifth. A mean of 4 measurements has the error variance σ_ε²/4, which is now four "
        "times σ_b². So σ_b² is one fifth of the variance of her mean, and she keeps that share of "
        "her deviation. It is not an eighth, because λ is not proportional to the number of "
        "measurements.",
    ),
    (
        ("half", {"sigma2_b": HALF, "n_i": (16,) * 5}),
        ("ML fit", {"sigma2_b": ML, "n_i": (16,) * 5}),
        ("REML fit", {"sigma2_b": REML, "n_i": (16,) * 5}),
        ("woman 5 measured once", {"sigma2_b": REML, "n_i": ONE_SHORT}),
    ),
    (
        Key("her own mean, with the measurements below it", WITHIN, marker="^", hollow=True),
        Key("her BLUP; pull that of woman 4", BETWEEN, marker="o"),
        Key("μ̂, towards which all are drawn", INK, line="--"),
        Key("before any measurement: what σ_b² allows; pull the dot at −σ_b", BETWEEN, line="--"),
        Key("what her measurements alone would suggest", WITHIN, line="-."),
        Key("after the measurements, both together", INK, line="-"),
    ),
)
