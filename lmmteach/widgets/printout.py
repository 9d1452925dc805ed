"""Explorer of the front page and of the printout's page: σ_b² moves, and each line answers."""

from functools import cache

import numpy as np

from lmmteach.data import load_data
from lmmteach.fit import lmm
from lmmteach.plots.style import BETWEEN, INK, WITHIN
from lmmteach.widgets import women
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.lines import changed_parts, compared, listed
from lmmteach.widgets.study import REML, estrone

# In even steps of σ_b, finer where the printout changes most.
STEPS = (*range(11), *range(12, 26, 2), *range(28, 62, 2))
VALUES = tuple(sorted([*(round((step / 20) ** 2, 4) for step in STEPS), REML]))
# The line of the printout, and which of its numbers.
EVERY = slice(None)
PARTS = {
    "the REML criterion": (4, EVERY),
    "the scaled residuals": (8, EVERY),
    "the line for woman": (12, EVERY),
    "the Residual line": (13, EVERY),
    "the Std. Error": (18, slice(1, 2)),
    "the t value": (18, slice(2, 3)),
    "the Estimate": (18, slice(0, 1)),
    "the Number of obs": (14, EVERY),
}
STILL = ("the Estimate", "the Number of obs")


@cache
def fitted(sigma2_b):
    """The fit with σ_b² held and all else at its best; at the estimate, the lecture's own fit."""
    held = None if sigma2_b == REML else sigma2_b
    return lmm("logestrone ~ (1 | woman)", load_data("estrone"), sigma2_b=held)


def stage():
    """The five women with their measurements, which keep still."""
    figure, axes = women.stage("The five women and their levels", 10.4, 17.6)
    women.show_measurements(axes[0], estrone().y.reshape(5, 16))
    return figure, axes


def draw(axes, sigma2_b):
    """Their predicted levels, and the common mean with σ_b either way."""
    fit = fitted(sigma2_b)
    mu = fit.beta.iloc[0]
    women.show_spread(axes[0], mu, np.sqrt(fit.sigma2_b), gid="drag:sigma2_b")
    women.show_levels(axes[0], mu + fit.b)


def printed(sigma2_b):
    """The printout in pieces, with whether they differ from that of the fit."""
    return compared(fitted(sigma2_b).summary(), fitted(REML).summary())


def read(sigma2_b):
    """The numbers of the printout that matter most; then which lines have changed."""
    fit = fitted(sigma2_b)
    numbers = {
        "REML criterion": f"{fit.criterion:.1f}",
        "Residual variance": f"{fit.sigma2_e:.4f}",
        "Estimate": f"{fit.beta.iloc[0]:.4f}",
        "Std. Error": f"{fit.se.iloc[0]:.4f}",
    }
    return numbers, sentence(sigma2_b)


def sentence(sigma2_b):
    """Which lines differ from those of the fit, and which do not."""
    if sigma2_b == REML:
        return (
            "This is the fit, and the printout of the lecture: no other σ_b² has a smaller REML "
            "criterion."
        )
    changed = changed_parts(fitted(sigma2_b).summary(), fitted(REML).summary(), PARTS)
    same = [name for name in PARTS if name not in (*changed, *STILL)]
    also = ""
    if same:
        also = f"To the digits shown, {listed(same)} {'are' if same[1:] else 'is'} as in the fit. "
    return (
        f"Compared with the fit, {listed(changed)} have changed. {also}The "
        "Estimate keeps still because the data are balanced, and the Number of obs because it is "
        "a count."
    )


printout = Explorer(
    "printout",
    "Explorer: the printout",
    stage,
    draw,
    read,
    (Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML), step="any"),),
    Question(
        "Suppose that you could choose σ_b² yourself, and everything else were estimated again. "
        "Which of these three numbers of the printout would not move, however you choose?",
        ("the Estimate of the mean", "its Std. Error", "the REML criterion"),
        0,
        "The Estimate stays at 14.1751, because the data are balanced: the mean of each woman "
        "counts a fifth, whatever the variances are. The Std. Error follows σ_b², because the mean "
        "of five women is only as certain as women are alike. And the REML criterion can only "
        "grow, since the fit has already made it as small as it can be.",
    ),
    (
        ("no variance between women", {"sigma2_b": 0.0}),
        ("the fit", {"sigma2_b": REML}),
    ),
    legend=(
        Key("a measurement", WITHIN, marker="+"),
        Key("the predicted level of a woman", BETWEEN, line="-"),
        Key("μ̂, and around it one σ_b either way", INK, line="--"),
    ),
    printed=printed,
)
