"""Explorer of chapter 7: a new woman, and what a few measurements of her are worth."""

import numpy as np

from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.prediction import normal_interval, predict_measured
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import ML, REML, between, estrone

VALUES = between(0.02, 10, 5, 0.3254, ML, REML)
COUNTS = (0, 1, 2, 3, 4, 6, 8, 12, 16)
# The mean of her measurements, 30 pg/ml.
MEAN = 10 * np.log10(30)


def next_value(sigma2_b, m):
    """Prediction of her next value, the variance of its error, and that of her level alone."""
    y, X, Z, _, theta = estrone()
    theta = (sigma2_b, theta[1])
    level, variance = predict_measured([1.0], [MEAN] * m, theta, V_theta(theta, Z), y, X)
    return level, variance + theta[1], variance


def stage():
    """Room for intervals, with the mean of her measurements."""
    figure, (ax,) = new_figure(1)
    ax.axvline(MEAN, color=INK, lw=1, ls=":")
    ax.set(xlim=(7, 21), xticks=[8, 12, 16, 20], ylim=(len(COUNTS) - 0.5, -0.5))
    ax.set_yticks(np.arange(len(COUNTS)), COUNTS)
    set_title(ax, "95 %: thick, her level; thin, her next value")
    ax.set_xlabel("logestrone; dotted, the mean of her measurements")
    ax.set_ylabel("measurements")
    return figure, (ax,)


def draw(axes, m, sigma2_b):
    """Intervals for the next value after 0 to 16 measurements, the chosen one strong."""
    (ax,) = axes
    rows, chosen = np.arange(len(COUNTS)), np.equal(COUNTS, m)
    shades = np.where(chosen, 1, 0.35)
    level, total, variance = np.transpose([next_value(sigma2_b, count) for count in COUNTS])
    ax.hlines(rows, *normal_interval(level, total), color=WITHIN, lw=2, alpha=shades)
    ax.hlines(rows, *normal_interval(level, variance), color=BETWEEN, lw=6, alpha=shades)
    ax.plot(level, rows, "o", color=INK, ms=4)
    ax.plot(level[chosen], rows[chosen], "o", color=INK, ms=7)


def read(m, sigma2_b):
    """Prediction, its standard deviation, and the interval in both units."""
    level, total, variance = next_value(sigma2_b, m)
    low, high = normal_interval(level, total)
    share = variance / total
    return {
        "prediction": f"{level:.4f}",
        "SD of the next value": f"{np.sqrt(total):.4f}",
        "interval": f"{low:.2f} to {high:.2f}",
        "in pg/ml": f"{10 ** (low / 10):.1f} to {10 ** (high / 10):.1f}",
    }, f"Not knowing her level makes up {100 * share:.0f} % of this variance."


new_woman = Explorer(
    "new-woman",
    "Explorer: from a new woman to a known one",
    stage,
    draw,
    read,
    (
        Control("m", "measurements of her", COUNTS, 0),
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML)),
    ),
    Question(
        "One measurement of a new woman instead of none: what does it do to the half-width of the "
        "interval for her next value?",
        ("takes off a sixteenth", "nearly halves it", "brings it nearly to zero"),
        1,
        "It nearly halves it. One value pins down most of her level, because women differ much "
        "more than the measurements of one woman do. The error of the next value itself stays, "
        "however many measurements there are.",
    ),
    (
        ("a new woman", {"m": 0, "sigma2_b": REML}),
        ("measured once", {"m": 1, "sigma2_b": REML}),
        ("as well known as the five", {"m": 16, "sigma2_b": REML}),
    ),
)
