"""Explorer of chapter 2: the two terms of the log-likelihood, as θ walks over the hill."""

from functools import cache

import numpy as np

from lmmteach.likelihood import loglik
from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import ML, between, estrone

VALUES = between(0.1, 20, 11, ML)
WITHIN_VALUES = (0.22, 0.27, 0.3254, 0.4, 0.5)
LEVELS = (-90, -86, -83, -81, -79.7)
BARS = ("−½ log|V|", "−½ quadratic form", "ℓ, their sum")


@cache
def terms(sigma2_b, sigma2_e):
    """The two terms of ℓ, each with its −½, at the best mean."""
    y, X, Z, *_ = estrone()
    V = V_theta((sigma2_b, sigma2_e), Z)
    residual = y - X @ gls(V, y, X)[0]
    return -np.linalg.slogdet(V)[1] / 2, -residual @ np.linalg.solve(V, residual) / 2


@cache
def gains(sigma2_b, sigma2_e):
    """What each term, and their sum, has gained or lost since the top."""
    change = np.subtract(terms(sigma2_b, sigma2_e), terms(*estrone().theta_ml))
    return (*change, change.sum())


@cache
def hill():
    """ℓ on a grid of θ, for the contours."""
    y, X, Z, *_ = estrone()
    over, up = np.geomspace(0.08, 25, 36), np.linspace(0.2, 0.52, 25)
    heights = [
        [loglik(gls(V, y, X)[0], V, y, X) for V in (V_theta((b, e), Z) for b in over)] for e in up
    ]
    return over, up, heights


def stage():
    """The hill from above, and room for three bars."""
    figure, (map_, bars) = new_figure(2)
    map_.contour(*hill(), levels=LEVELS, colors=INK, linewidths=0.8, linestyles="solid")
    map_.plot(*estrone().theta_ml, "+", color=INK, ms=12, mew=2)
    map_.set(xscale="log", xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"])
    map_.set_yticks([0.2, 0.3, 0.4, 0.5])
    map_.minorticks_off()
    set_title(map_, "the hill from above, + its top")
    map_.set_xlabel("variance between women")
    map_.set_ylabel("within")
    bars.set(xlim=(-40, 40), xticks=[-40, 0, 40], ylim=(2.5, -0.7), yticks=[])
    bars.vlines([0] * 3, np.arange(3) - 0.23, np.arange(3) + 0.23, color=INK, lw=1)
    set_title(bars, "won or lost since the top")
    return figure, (map_, bars)


def draw(axes, sigma2_b, sigma2_e):
    """θ on the hill; beside it what each term has won or lost since the top."""
    map_, bars = axes
    map_.plot(sigma2_b, sigma2_e, "o", color=BETWEEN, ms=9, gid="drag:sigma2_b,sigma2_e")
    values = gains(sigma2_b, sigma2_e)
    bars.barh(range(3), values, color=[BETWEEN, WITHIN, INK], height=0.45)
    for row, (name, value) in enumerate(zip(BARS, values, strict=True)):
        bars.text(0, row - 0.32, f"{name}: {signed(value)}", ha="center", color=INK, fontsize=9)


def signed(value):
    """Two decimals with a sign, and no sign for nothing."""
    return f"{value:+.2f}".replace("+0.00", "0.00").replace("-0.00", "0.00").replace("-", "−")


def read(sigma2_b, sigma2_e):
    """The changes of the terms, and which of them pulls down."""
    determinant, quadratic, total = gains(sigma2_b, sigma2_e)
    if total > -0.005:
        sentence = "This is the top: a step to any side costs more than it wins."
    elif determinant < 0 and quadratic < 0:
        sentence = "Here both terms have lost."
    elif determinant < 0:
        sentence = "The data fit more easily, but log|V| charges more for it."
    else:
        sentence = "log|V| charges less than at the top, but the data fit worse, which costs more."
    return {
        "−½ log|V|": signed(determinant),
        "−½ quadratic form": signed(quadratic),
        "ℓ": signed(total),
    }, sentence


two_terms = Explorer(
    "two-terms",
    "Explorer: the two terms of the log-likelihood",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(ML)),
        Control("sigma2_e", "σ_ε²", WITHIN_VALUES, WITHIN_VALUES.index(0.3254)),
    ),
    Question(
        "So far only σ_b² has moved. Raise σ_ε² instead, from 0.33 to 0.5. Which term makes ℓ "
        "fall?",
        ("log|V|", "the quadratic form", "both of them"),
        0,
        "log|V|. It is the same bargain as with σ_b²: a model that lets measurements scatter more "
        "finds these data less surprising, and pays for what it allows besides. Lower σ_ε² to "
        "0.22, and the quadratic form is the one that complains.",
    ),
    (("the top", {"sigma2_b": ML, "sigma2_e": 0.3254}),),
)
