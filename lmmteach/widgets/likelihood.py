"""Explorer of chapter 2: the two terms of the log-likelihood, as θ walks over the hill."""

from functools import cache

import numpy as np

from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import ML, between, estrone, hill, hill_lines

VALUES = between(0.2, 10, 25, ML)
# Left of the top, so that there is something to see in the account from the start.
START = VALUES[5]
WITHIN_VALUES = (
    *(0.24, 0.255, 0.27, 0.285, 0.3, 0.3125),
    *(0.3254, 0.34, 0.355, 0.37, 0.385, 0.4, 0.415, 0.43, 0.45),
)
RANGES = (0.17, 12, 0.225, 0.465)
DEPTHS = (9, 6, 4, 2, 0.5)
LEVELS = tuple(-depth for depth in DEPTHS)


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


def stage():
    """The hill from above, and the rows of the account beside it."""
    figure, (map_, bars) = new_figure(2)
    over, up, heights = hill(False, *RANGES)
    map_.contourf(over, up, heights, [*LEVELS, 1], colors=INK, alpha=0.06)
    for k in range(1, len(LEVELS)):
        map_.contourf(over, up, heights, [LEVELS[k], 1], colors=INK, alpha=0.06)
    for line in hill_lines(False, RANGES, LEVELS):
        map_.plot(*line.T, color=INK, lw=0.7)
    map_.plot(*estrone().theta_ml, "+", color=INK, ms=11, mew=2)
    map_.set(xscale="log", xlim=RANGES[:2], ylim=RANGES[2:], yticks=[0.25, 0.3, 0.35, 0.4, 0.45])
    map_.set_xticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
    map_.minorticks_off()
    set_title(map_, "The hill of ℓ, seen from above")
    map_.set_xlabel("σ_b²")
    map_.set_ylabel("σ_ε²")
    for row, name in enumerate(("−½ log|V|", "−½ quadratic form", "ℓ, the two together")):
        bars.text(-20, row - 0.38, name, color=INK, fontsize=10, va="center")
    bars.axvline(0, color=INK, lw=1)
    bars.set(xlim=(-20, 20), xticks=[-20, -10, 0, 10, 20], ylim=(2.5, -0.7), yticks=[])
    bars.spines["left"].set_visible(False)
    set_title(bars, "Compared with the top")
    bars.set_xlabel("change in log-likelihood")
    return figure, (map_, bars)


def draw(axes, sigma2_b, sigma2_e):
    """θ on the hill; what the terms gain or lose, the second from where the first one ends."""
    map_, bars = axes
    map_.plot([sigma2_b] * 2, [RANGES[2], sigma2_e], color=BETWEEN, lw=1.5)
    map_.plot([RANGES[0], sigma2_b], [sigma2_e] * 2, color=WITHIN, lw=1.5)
    map_.plot(sigma2_b, sigma2_e, "o", color=INK, ms=10, gid="drag:sigma2_b,sigma2_e")
    determinant, quadratic, total = values = gains(sigma2_b, sigma2_e)
    for row, (left, width, alpha) in enumerate(
        ((0, determinant, 0.3), (determinant, quadratic, 0.6), (0, total, 0.95))
    ):
        bars.barh(row, width, left=left, color=INK, alpha=alpha, height=0.36)
    for row, end in ((0, determinant), (1, total)):
        bars.vlines(end, row - 0.18, row + 1.18, color=INK, lw=0.8, alpha=0.4)
    for row, value in enumerate(values):
        bars.text(20, row - 0.38, signed(value), ha="right", va="center", color=INK, fontsize=10)


def signed(value):
    """Two decimals with a sign, and no sign for nothing."""
    return f"{value:+.2f}".replace("+0.00", "0.00").replace("-0.00", "0.00").replace("-", "−")


def read(sigma2_b, sigma2_e):
    """The changes of the terms, and which of them makes ℓ fall."""
    determinant, quadratic, total = gains(sigma2_b, sigma2_e)
    if total > -0.005:
        sentence = (
            "This is the top: wherever you go from here, the changes of the two terms add up to a "
            "loss."
        )
    elif determinant < 0 and quadratic < 0:
        sentence = "Here both terms are lower than at the top."
    elif determinant < 0:
        sentence = (
            "The data fit better than at the top, but the determinant term is worse, and that "
            "outweighs the gain."
        )
    else:
        sentence = (
            "The determinant term is better than at the top, but the data fit worse, and that "
            "outweighs the gain."
        )
    return {
        "−½ log|V|": signed(determinant),
        "−½ quadratic form": signed(quadratic),
        "ℓ": signed(total),
    }, sentence


two_terms = Explorer(
    "two-terms",
    "Explorer: walk over the hill",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(START), step="any"),
        Control("sigma2_e", "σ_ε²", WITHIN_VALUES, WITHIN_VALUES.index(0.3254), step="any"),
    ),
    Question(
        "So far only σ_b² has moved. Start from the top instead and walk straight up the map, "
        "which raises σ_ε² from 0.33 to 0.45. Which of the two terms makes ℓ fall?",
        ("log|V|", "the quadratic form", "both of them"),
        0,
        "It is log|V|, for the same reason as with σ_b². In a model that lets measurements scatter "
        "more, these data are less surprising, but its density is spread more thinly. If you lower "
        "σ_ε² to 0.24 instead, it is the quadratic form that makes ℓ fall.",
    ),
    (("to the top", {"sigma2_b": ML, "sigma2_e": 0.3254}),),
    (
        Key("θ = (σ_b², σ_ε²); pull it over the hill", INK, marker="o"),
        Key("the top, where ℓ is largest", INK, marker="+"),
        Key("equal height: 0.5, 2, 4, 6 and 9 below the top", INK, line="-"),
    ),
)
