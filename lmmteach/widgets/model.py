"""Explorer of chapter 1: what σ_b² does to V, to a study, and to the standard error of the mean."""

import numpy as np

from lmmteach.model import D_matrix, Sigma_matrix, V_theta, intraclass_correlation, simulate
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import new_figure, set_title
from lmmteach.widgets.study import REML, between, estrone

VALUES = between(0.001, 20, 20, 0.0, REML)


def stage():
    """Room for the matrix V, and for a study."""
    figure, (blocks, strip) = new_figure(2)
    blocks.plot([0, 80], [0, 80], color=BETWEEN, lw=1.5)
    blocks.set(xlim=(0, 80), ylim=(80, 0), aspect="equal", xticks=[1, 40, 80], yticks=[1, 40, 80])
    set_title(blocks, "V: correlations of the measurements")
    strip.set(xlim=(0.5, 5.5), ylim=(2, 26), xticks=range(1, 6), yticks=[5, 15, 25])
    set_title(strip, "a simulated study")
    strip.set_xlabel("woman")
    return figure, (blocks, strip)


def draw(axes, sigma2_b):
    """The blocks of V, and a study drawn with this σ_b², always from the same random numbers."""
    blocks, strip = axes
    study = estrone()
    sigma2_e = study.theta_reml[1]
    V = V_theta((sigma2_b, sigma2_e), study.Z)
    shade = V[0, 1] / V[0, 0]
    for i in range(5):
        blocks.fill([16 * i, 16 * i + 16, 16 * i + 16, 16 * i],
                    [16 * i, 16 * i, 16 * i + 16, 16 * i + 16],
                    color=BETWEEN, alpha=float(shade), lw=0)  # fmt: skip
    y = simulate(
        [14], study.X, study.Z, D_matrix(sigma2_b, 5), Sigma_matrix(sigma2_e, 80),
        np.random.default_rng(15),
    )  # fmt: skip
    women = np.arange(1, 6)
    across = np.add.outer(women, np.linspace(-0.25, 0.25, 16)).ravel()
    strip.plot(across, y, "^", mfc="none", mec=WITHIN, ms=4)
    strip.hlines(study.Z.T @ y / 16, women - 0.35, women + 0.35, color=BETWEEN, lw=3)


def read(sigma2_b):
    """Intraclass correlation and the standard error of μ̂, from V."""
    study = estrone()
    theta = (sigma2_b, study.theta_reml[1])
    _, covariance = gls(V_theta(theta, study.Z), study.y, study.X)
    rho, se = intraclass_correlation(theta), np.sqrt(covariance[0, 0])
    return {"intraclass correlation": f"{rho:.3f}", "standard error of the mean": f"{se:.4f}"}, (
        f"With this variance between women, {in_words(rho)}."
    )


def in_words(rho):
    """What an intraclass correlation means for the measurements."""
    if rho == 0:
        return "all measurements are independent"
    if rho < 0.1:
        return "two measurements of one woman differ almost as much as those of two women"
    return f"two measurements of one woman are {'somewhat' if rho < 0.5 else 'clearly'} alike"


variance = Explorer(
    "variance",
    "Explorer: the variance between women, V, and the standard error of the mean",
    stage,
    draw,
    read,
    (Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML)),),
    Question(
        "Let σ_b² fall from 1.75 to 0, with σ_ε² as it is. What happens to the standard error of "
        "the mean?",
        ("It grows.", "It stays.", "It falls to about a half.", "It falls to about a tenth."),
        3,
        "It falls to about a tenth: the blocks vanish, so that all measurements are independent, "
        "and each of them varies less.",
    ),
    (("as estimated", {"sigma2_b": REML}), ("no variance between women", {"sigma2_b": 0.0})),
)
