"""Explorer of chapter 1: what σ_b² does to V, to a study, and to the standard error of the mean."""

from functools import cache

import numpy as np

from lmmteach.model import D_matrix, Sigma_matrix, V_theta, intraclass_correlation, simulate
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import REML, between_by_sd, estrone

VALUES = between_by_sd(10, 33, REML)
MU = 14.0


@cache
def simulated(sigma2_b):
    """A study with this σ_b², always from the same random numbers."""
    study = estrone()
    return simulate(
        [MU], study.X, study.Z, D_matrix(sigma2_b, 5), Sigma_matrix(study.theta_reml[1], 80),
        np.random.default_rng(121),
    )  # fmt: skip


def standard_error(sigma2_b):
    """That of μ̂, from V."""
    study = estrone()
    _, covariance = gls(V_theta((sigma2_b, study.theta_reml[1]), study.Z), study.y, study.X)
    return np.sqrt(covariance[0, 0])


def stage():
    """The frame of V, woman by woman, and that of a study of five women and their mean."""
    figure, (blocks, strip) = new_figure(2)
    blocks.set(xlim=(0, 80), ylim=(80, 0), aspect="equal")
    women, middles = range(1, 6), range(8, 80, 16)
    blocks.set_xticks(middles, women)
    blocks.set_yticks(middles, women)
    blocks.plot([0, 80], [0, 80], color=BETWEEN, lw=1.5)
    for edge in range(16, 80, 16):
        for line in (blocks.axhline, blocks.axvline):
            line(edge, color=INK, lw=0.5, alpha=0.2)
    set_title(blocks, "V as correlations, 80 × 80")
    blocks.set_xlabel("woman")
    blocks.set_ylabel("woman")
    strip.set(xlim=(-0.6, 6.4), ylim=(8.6, 20.6), yticks=[11, 14, 17, 20])
    strip.set_xticks(range(6), ["mean", *women])
    strip.axhline(MU, color=INK, lw=0.5, alpha=0.4)
    set_title(strip, "A study drawn from this model")
    strip.set_xlabel("woman")
    strip.set_ylabel("logestrone")
    return figure, (blocks, strip)


def draw(axes, sigma2_b):
    """The blocks of V, the five women and their mean, and the band of one σ_b around it."""
    blocks, strip = axes
    Z = estrone().Z
    rho = intraclass_correlation((sigma2_b, estrone().theta_reml[1]))
    for i in range(5):
        blocks.fill([16 * i, 16 * i + 16, 16 * i + 16, 16 * i],
                    [16 * i, 16 * i, 16 * i + 16, 16 * i + 16],
                    color=BETWEEN, alpha=float(rho), lw=0)  # fmt: skip
    beside(blocks, 77, 9, f"correlation {rho:.2f}", BETWEEN, ha="right", fontsize=10)
    y, sd, se = simulated(sigma2_b), np.sqrt(sigma2_b), standard_error(sigma2_b)
    women = np.arange(1, 6)
    strip.bar(3.25, 2 * sd, width=5.5, bottom=MU - sd, color=BETWEEN, alpha=0.13, lw=0)
    across = np.add.outer(women, np.linspace(-0.25, 0.25, 16)).ravel()
    strip.plot(across, y, "^", mfc="none", mec=WITHIN, ms=4)
    strip.hlines(Z.T @ y / 16, women - 0.35, women + 0.35, color=BETWEEN, lw=3)
    strip.vlines(0, y.mean() - se, y.mean() + se, color=INK, lw=2)
    strip.hlines([y.mean() - se, y.mean() + se], -0.18, 0.18, color=INK, lw=2)
    strip.plot(0, y.mean(), "s", color=INK, ms=5)
    strip.plot(6, MU + sd, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")
    beside(strip, 5.72, MU + sd + 1.2, "σ_b", BETWEEN)


def read(sigma2_b):
    """Intraclass correlation and the standard error of μ̂, from V."""
    rho = intraclass_correlation((sigma2_b, estrone().theta_reml[1]))
    return {
        "intraclass correlation": f"{rho:.3f}",
        "standard error of the mean": f"{standard_error(sigma2_b):.4f}",
    }, in_words(rho)


def in_words(rho):
    """What an intraclass correlation means for the measurements."""
    if rho == 0:
        return "All 80 measurements are now independent."
    if rho < 0.1:
        return (
            "Two measurements of one woman now differ almost as much as measurements of two "
            "different women."
        )
    degree = "moderately" if rho < 0.5 else "strongly"
    return f"Two measurements of the same woman are {degree} correlated."


variance = Explorer(
    "variance",
    "Explorer: how much women differ",
    stage,
    draw,
    read,
    (Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML), step="any"),),
    Question(
        "Suppose that the women did not differ at all: σ_b² falls from 1.75 to 0, while σ_ε² "
        "stays as it is. What happens to the standard error of the mean?",
        (
            "It grows.",
            "It stays the same.",
            "It falls to about half.",
            "It falls to about a tenth.",
        ),
        3,
        "It falls to about a tenth. Only the variation within women is left, and it averages out "
        "over all 80 measurements, because without the blocks they are independent, whereas the "
        "variation between women could average out over only five women.",
    ),
    (("as estimated", {"sigma2_b": REML}), ("no variance between women", {"sigma2_b": 0.0})),
    (
        Key("one measurement", WITHIN, marker="^", hollow=True),
        Key("the mean of a woman's measurements", BETWEEN, line="-"),
        Key("one σ_b above the mean of all women; pull it up or down", BETWEEN, marker="o"),
        Key("the mean of the study, with one standard error to each side", INK, marker="s"),
    ),
)
