"""Explorer of chapter 4: shrinkage, as σ_b² and the number of measurements vary."""

import numpy as np

from lmmteach.blup import blup, shrinkage_factor
from lmmteach.model import D_matrix, V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import HALF, ML, REML, between, estrone

# With smaller variances, the densities would be so high that all others looked flat beside them.
VALUES = between(0.005, 20, 11, HALF, ML, REML)
SIZES = (1, 2, 4, 8, 16)
ONE_SHORT = (16, 16, 16, 16, 1)
DESIGNS = (*((size,) * 5 for size in SIZES), ONE_SHORT)
NAMES = (*(f"{size} of each woman" for size in SIZES), "16, but of woman 5 only 1")


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
    """Room for five women, and for what is known of woman 5."""
    figure, (arrows, inset) = new_figure(2)
    arrows.set(xlim=(11, 18), ylim=(0.4, 5.6), xticks=[11, 13, 15, 17], yticks=range(1, 6))
    set_title(arrows, "from her own mean to the BLUP")
    arrows.set_xlabel("logestrone")
    arrows.set_ylabel("woman")
    inset.set(xlim=(-3, 4), xticks=[-2, 0, 2, 4], ylim=(0, 6.5), yticks=[0, 2, 4, 6])
    set_title(inset, "b of woman 5")
    inset.set_xlabel("b")
    inset.set_ylabel("density")
    return figure, (arrows, inset)


def draw(axes, sigma2_b, n_i):
    """Lines from each woman's mean to her BLUP; beside them what is known of woman 5."""
    arrows, inset = axes
    means, levels, mu = estimates(sigma2_b, n_i)
    arrows.axvline(mu, color=INK, ls="--", lw=1)
    arrows.hlines(range(1, 6), means, levels, color=BETWEEN, lw=2.5)
    arrows.plot(means, range(1, 6), "^", mfc="none", mec=WITHIN, ms=9, mew=1.8)
    arrows.plot(levels, range(1, 6), "o", color=BETWEEN, ms=7)
    sigma2_e = estrone().theta_reml[1]
    keeps, deviation = shrinkage_factor(n_i[4], (sigma2_b, sigma2_e)), means[4] - mu
    steps = np.linspace(-4, 4, 65)
    for centre, variance, style in (
        (0.0, sigma2_b, {"color": BETWEEN, "ls": "--"}),
        (deviation, sigma2_e / n_i[4], {"color": WITHIN, "ls": "-."}),
        (keeps * deviation, (1 - keeps) * sigma2_b, {"color": INK}),
    ):
        density = np.exp(-(steps**2) / 2) / np.sqrt(2 * np.pi * variance)
        inset.plot(centre + np.sqrt(variance) * steps, density, lw=2, **style)


def read(sigma2_b, n_i):
    """The shrinkage factor and the level of woman 5."""
    means, levels, mu = estimates(sigma2_b, n_i)
    keeps = shrinkage_factor(n_i[4], (sigma2_b, estrone().theta_reml[1]))
    return {
        "λ": f"{keeps:.3f}",
        "her mean": f"{means[4]:.3f}",
        "her BLUP": f"{levels[4]:.3f}",
        "μ̂": f"{mu:.3f}",
    }, f"Woman 5 keeps {100 * keeps:.3g} % of her own deviation."


shrinkage = Explorer(
    "shrinkage",
    "Explorer: shrinkage",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(HALF)),
        Control("n_i", "measurements", DESIGNS, SIZES.index(16), NAMES),
    ),
    Question(
        "With σ_b² = 0.0203 and 16 measurements a woman keeps half of her deviation. What does she "
        "keep with 4 measurements?",
        ("still a half", "about a fifth", "about an eighth"),
        1,
        "About a fifth. Her mean now carries the error variance σ_ε²/4, which is four times σ_b²: "
        "one part of five is hers. (A quarter of the measurements does not mean a quarter of the "
        "share.)",
    ),
    (
        ("half", {"sigma2_b": HALF, "n_i": (16,) * 5}),
        ("ML fit", {"sigma2_b": ML, "n_i": (16,) * 5}),
        ("REML fit", {"sigma2_b": REML, "n_i": (16,) * 5}),
        ("woman 5 measured once", {"sigma2_b": REML, "n_i": ONE_SHORT}),
    ),
    (
        Key("b before her data", BETWEEN, "--"),
        Key("what her data say", WITHIN, "-."),
        Key("b after them", INK, "-"),
    ),
)
