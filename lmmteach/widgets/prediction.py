"""Explorer of chapter 7: a new woman, and what a few measurements of her are worth."""

from functools import cache

import numpy as np
from scipy.stats import norm

from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.prediction import normal_interval, predict_measured
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import ML, REML, between_by_sd, estrone

VALUES = between_by_sd(4, 14, ML, REML)[1:]
COUNTS = tuple(range(17))
# The mean of her measurements, 30 pg/ml.
MEAN = 10 * np.log10(30)
AMOUNTS = np.linspace(1, 100, 67)


@cache
def next_value(sigma2_b, m):
    """Prediction of her next value, the variance of its error, and that of her level alone."""
    y, X, Z, _, theta = estrone()
    theta = (sigma2_b, theta[1])
    level, variance = predict_measured([1.0], [MEAN] * m, theta, V_theta(theta, Z), y, X)
    return level, variance + theta[1], variance


def stage():
    """The frame of the intervals after 0 to 16 measurements, and that of the next value."""
    figure, (funnel, density) = new_figure(2)
    funnel.axhline(MEAN, color=INK, lw=1, ls=":")
    funnel.set(xlim=(-1, 17), xticks=[0, 4, 8, 12, 16], ylim=(9, 20), yticks=[10, 12, 14, 16, 18])
    set_title(funnel, "95 % intervals for her")
    funnel.set_xlabel("measurements of her")
    funnel.set_ylabel("logestrone")
    density.set(xlim=(0, 100), xticks=[0, 20, 40, 60, 80, 100], ylim=(0, 0.125))
    density.set_yticks([0, 0.05, 0.1], ["0", ".05", ".1"])
    set_title(density, "Her next value")
    density.set_xlabel("pg/ml")
    density.set_ylabel("density")
    return figure, (funnel, density)


def draw(axes, m, sigma2_b):
    """All intervals faintly, the chosen ones strong; the density of her next value in pg/ml."""
    funnel, density = axes
    level, total, variance = np.transpose([next_value(sigma2_b, count) for count in COUNTS])
    for number, alpha in ((slice(None), 0.3), (m, 1)):
        x = np.arange(17)[number]
        for spread, color, width in ((total, WITHIN, 2), (variance, BETWEEN, 6)):
            low, high = normal_interval(level[number], spread[number])
            funnel.vlines(x, low, high, color=color, lw=width, alpha=alpha)
    low, high = normal_interval(level[m], total[m])
    funnel.plot(m, level[m], "s", color=INK, ms=4)
    funnel.plot(m, high, "o", color=WITHIN, ms=10, gid="drag:m")
    nothing_known, _ = normal_interval(level[0], total[0])
    funnel.plot(0, nothing_known, "D", color=BETWEEN, ms=9, gid="drag:sigma2_b")
    logs = 10 * np.log10(AMOUNTS)
    heights = norm.pdf(logs, level[m], np.sqrt(total[m])) * 10 / (np.log(10) * AMOUNTS)
    density.plot(AMOUNTS, heights, color=WITHIN, lw=2.5)
    ends = 10 ** (np.array([low, high]) / 10)
    density.plot(ends, [0.004] * 2, color=WITHIN, lw=5, solid_capstyle="butt")


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
    }, f"Not knowing her level accounts for {100 * share:.0f} % of the variance of her next value."


new_woman = Explorer(
    "new-woman",
    "Explorer: from a new woman to a known one",
    stage,
    draw,
    read,
    (
        Control("m", "measurements of her", COUNTS, 0),
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(REML), step="any"),
    ),
    Question(
        "Suppose that you have one measurement of a new woman instead of none. What does it do to "
        "the width of the interval for her next value?",
        ("It takes off a sixteenth.", "It nearly halves it.", "It brings it nearly to zero."),
        1,
        "It nearly halves the width. Women differ much more than the measurements of one woman "
        "do, so a single value removes most of the uncertainty about her level. The error of the "
        "next value itself stays, however many measurements there are.",
    ),
    (
        ("a new woman", {"m": 0, "sigma2_b": REML}),
        ("measured once", {"m": 1, "sigma2_b": REML}),
        ("as well known as the five", {"m": 16, "sigma2_b": REML}),
    ),
    (
        Key("her next value; pull the dot to measure her more often", WITHIN, "-", "o"),
        Key("her level", BETWEEN, line="-"),
        Key("pull the diamond for a different σ_b²", BETWEEN, marker="D"),
        Key("the prediction", INK, marker="s"),
        Key("the mean of her measurements, 30 pg/ml", INK, line=":"),
    ),
)
