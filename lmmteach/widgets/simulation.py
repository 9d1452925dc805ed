"""Explorer of chapter 12: the power of a planned study, by its women and its measurements."""

import numpy as np

from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.simulation import difference_variance, power
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import REML, estrone

WOMEN = (4, 6, 8, 12, 16, 20, 28, 40, 56, 72, 90, 112)
MEASUREMENTS = (1, 2, 4, 8, 16)
EFFECTS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
VARIANCES = (0.1, 0.3, 0.6, 1.0, REML, 2.5, 4.0, 7.0, 10.6)
# The price of a woman, in measurements.
PER_WOMAN = 10
OVER = np.geomspace(WOMEN[0], WOMEN[-1], 41)


def variance_and_power(women, measurements, effect, sigma2_b):
    """Variance of the estimated difference between two halves of the women, and power."""
    theta = (sigma2_b, estrone().theta_reml[1])
    variance = difference_variance(theta, women, measurements)
    return variance, power(effect, variance, women - 2)


def stage():
    """Room for the curve of the power, with the usual target in it; and for the standard error."""
    figure, (curve, errors) = new_figure(2)
    curve.axhline(80, color=INK, lw=1, ls=":")
    curve.set(xscale="log", xlim=(3.6, 124), ylim=(0, 104), yticks=[0, 20, 40, 60, 80, 100])
    curve.set_xticks([4, 8, 16, 32, 64, 112], ["4", "8", "16", "32", "64", "112"])
    curve.minorticks_off()
    set_title(curve, "Power in %")
    curve.set_xlabel("women in the study")
    errors.axhline(0, color=INK, lw=0.5, alpha=0.5)
    errors.set(xlim=(0, 1.65), xticks=[0, 0.5, 1, 1.5], ylim=(-1, 1), yticks=[])
    errors.spines["left"].set_visible(False)
    set_title(errors, "Standard error of the difference")
    errors.set_xlabel("in units of logestrone")
    return figure, (curve, errors)


def draw(axes, women, measurements, effect, sigma2_b):
    """The curve and the dot on it; what the women alone leave of the error, and the rest of it."""
    curve, errors = axes
    curve.plot(OVER, 100 * variance_and_power(OVER, measurements, effect, sigma2_b)[1], color=INK)
    variance, share = variance_and_power(women, measurements, effect, sigma2_b)
    curve.plot(women, 100 * share, "o", color=BETWEEN, ms=11, gid="drag:women")
    alone, whole = np.sqrt([4 * sigma2_b / women, variance])
    errors.fill([0, alone, alone, 0], [-0.35, -0.35, 0.35, 0.35], color=BETWEEN, alpha=0.6, lw=0)
    errors.fill([alone, whole, whole, alone], [-0.35, -0.35, 0.35, 0.35], color=WITHIN, lw=0)
    errors.plot([whole, whole], [0.38, 0.55], color=INK, lw=2)
    # Near the end of the axis the number would leave the panel.
    beside(errors, min(whole, 1.45), 0.68, f"{whole:.2f}", INK, ha="center")


def read(women, measurements, effect, sigma2_b):
    """Power, standard error and price; and how much of the error more measurements could take."""
    variance, share = variance_and_power(women, measurements, effect, sigma2_b)
    _, best = variance_and_power(women, np.inf, effect, sigma2_b)
    return {
        "power": f"{100 * share:.1f} %",
        "standard error": f"{np.sqrt(variance):.3f}",
        "measurements in all": f"{women * measurements}",
        "price": f"{women * (PER_WOMAN + measurements)}",
    }, (
        f"However often these {women} women were measured, the power could not rise above "
        f"{100 * best:.1f} %."
    )


planned = Explorer(
    "planned",
    "Explorer: women or measurements?",
    stage,
    draw,
    read,
    (
        Control("women", "women in the study", WOMEN, WOMEN.index(20), step="2"),
        Control("measurements", "measurements of each", MEASUREMENTS, 2, step="1"),
    ),
    Question(
        "Twenty women, ten of them treated, are measured four times each. Which change raises the "
        "power more?",
        (
            "four times the measurements: sixteen of each woman",
            "twice the women: forty of them",
            "Both raise it by about as much.",
        ),
        1,
        "Twice the women halve the variance of the difference, and the power rises by more than "
        "half of what it was. Sixteen measurements of each shrink only the small part of this "
        "variance that comes from errors of measurement, so the power hardly moves.",
    ),
    tuple(
        (name, {"women": women, "measurements": times, "effect": 1.0, "sigma2_b": REML})
        for name, women, times in (
            ("20 women, 4 times", 20, 4),
            ("20 women, 16 times", 20, 16),
            ("40 women, 4 times", 40, 4),
            ("72 women, once", 72, 1),
        )
    ),
    (
        Key("power with this many measurements of each woman", INK, "-"),
        Key("the study that you plan; pull the dot along the curve", BETWEEN, marker="o"),
        Key("a power of 80 %", INK, ":"),
        Key("the standard error that the women alone would leave", BETWEEN),
        Key("what errors of measurement add to it", WITHIN),
    ),
    (
        Control("effect", "true difference", EFFECTS, EFFECTS.index(1.0), step="any"),
        Control("sigma2_b", "σ_b²", VARIANCES, VARIANCES.index(REML), step="any"),
    ),
)
