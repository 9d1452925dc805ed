"""Explorer of chapter 9: V of one subject and the lines of many, by two SDs and a correlation."""

from functools import cache

import numpy as np

from lmmteach.covariance import D_blocks, move_origin, slope_design
from lmmteach.data import load_data
from lmmteach.fit import lmm
from lmmteach.model import Sigma_matrix, V_matrix
from lmmteach.plots.style import BETWEEN
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title

# The estimates of the chapter: SDs in ms, and in ms a day.
SD_0, SD_1, RHO = 24.7405, 5.9221, 0.0656
RHOS = (-0.9, -0.6, -0.3, 0.0, RHO, 0.3, 0.6, 0.9)
SLOPES = (3.0, 4.5, SD_1, 7.5, 9.0)
STARTS = (12.0, 18.0, SD_0, 32.0)
DAYS = np.array([0, 3, 6, 9])
# The two subjects who can be pulled are so many SDs away from the average.
FAR = 2


def in_two_decimals(values):
    """Labels of a slider, as the chapter prints such numbers."""
    return tuple(f"{round(value, 2):g}".replace("-", "−") for value in values)


@cache
def sigma2_e():
    """The variance within a subject, as estimated."""
    return lmm("Reaction ~ Days + (Days | Subject)", load_data("sleepstudy")).sigma2_e


@cache
def eighteen():
    """(18, 2) numbers with mean 0, SD 1 and no correlation: who each subject is."""
    z = np.random.default_rng(9).standard_normal((18, 2))
    z -= z.mean(axis=0)
    return z @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T, bias=True))).T


def covariance(rho, sd_1, sd_0):
    """𝒟₁, the covariance of a subject's intercept and slope."""
    return np.array([[sd_0**2, rho * sd_0 * sd_1], [rho * sd_0 * sd_1, sd_1**2]])


def V_of_one(rho, sd_1, sd_0):
    """V of one subject who is measured on the four days."""
    Z, Sigma = slope_design(["one"] * 4, DAYS), Sigma_matrix(sigma2_e(), 4)
    return V_matrix(Z, D_blocks(covariance(rho, sd_1, sd_0), 1), Sigma)


def lines(rho, sd_1, sd_0):
    """(18, 2) intercept and slope of each subject, less the average ones."""
    root = np.array([[sd_0, 0.0], [rho * sd_1, np.sqrt(1 - rho**2) * sd_1]])
    return eighteen() @ root.T


def sd_of_levels(day, rho, sd_1, sd_0):
    """How much the subjects' lines differ on a day."""
    return np.sqrt(move_origin(covariance(rho, sd_1, sd_0), day)[0, 0])


def stage():
    """The frame of V, a square for each pair of days, and that of the lines."""
    figure, (squares, fan) = new_figure(2, height=3.8)
    squares.set(xlim=(0, 4), ylim=(4, 0), aspect="equal")
    middles = np.arange(4) + 0.5
    squares.set_xticks(middles, DAYS)
    squares.set_yticks(middles, DAYS)
    set_title(squares, "V of one subject (ms²)")
    squares.set_xlabel("day")
    squares.set_ylabel("day")
    fan.axhline(0, color=INK, lw=0.8, ls="--", alpha=0.6)
    fan.set(
        xlim=(-0.4, 9.6), ylim=(-205, 235), xticks=[0, 3, 6, 9], yticks=[-200, -100, 0, 100, 200]
    )
    set_title(fan, "18 subjects, less the average line")
    fan.set_xlabel("day")
    fan.set_ylabel("ms")
    return figure, (squares, fan)


def draw(axes, rho, sd_1, sd_0):
    """The squares of V with their covariances; all lines, their SD, and two lines to pull."""
    squares, fan = axes
    V = V_of_one(rho, sd_1, sd_0)
    for i in range(4):
        for j in range(4):
            shade = 0.6 * float(V[i, j] / V.max())
            for color, alpha in ((BETWEEN, max(shade, 0)), (INK, max(-shade, 0))):
                squares.fill(
                    [j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=color, alpha=alpha, lw=0
                )
            beside(squares, j + 0.5, i + 0.5, f"{V[i, j]:.0f}".replace("-", "−"), INK, ha="center")
    days = np.linspace(0, 9, 19)
    for start, slope in lines(rho, sd_1, sd_0):
        fan.plot([0, 9], [start, start + 9 * slope], color=BETWEEN, lw=1, alpha=0.4)
    sds = np.array([sd_of_levels(day, rho, sd_1, sd_0) for day in days])
    for side in (-1, 1):
        fan.plot(days, side * sds, color=INK, lw=1.6, ls=":")
    start, expected = FAR * sd_0, FAR * rho * sd_1
    fan.plot([0, 9], [start, start + 9 * expected], color=BETWEEN, lw=2.8)
    fan.plot([0, 9], [0, -9 * FAR * sd_1], color=BETWEEN, lw=2, ls="-.")
    fan.plot(9, start + 9 * expected, "o", color=BETWEEN, ms=10, gid="drag:rho")
    fan.plot(9, -9 * FAR * sd_1, "D", color=BETWEEN, ms=9, gid="drag:sd_1")


def least_day(rho, sd_1, sd_0):
    """The day, perhaps outside the study, on which the lines differ least."""
    return -rho * sd_0 / sd_1


def read(rho, sd_1, sd_0):
    """How much the lines differ at both ends, how alike two measurements are, and where least."""
    V = V_of_one(rho, sd_1, sd_0)
    return {
        "SD of the lines at the start": f"{sd_of_levels(0, rho, sd_1, sd_0):.1f}",
        "at the end": f"{sd_of_levels(9, rho, sd_1, sd_0):.1f}",
        "correlation of the first measurement with the last": (
            f"{V[0, 3] / np.sqrt(V[0, 0] * V[3, 3]):.2f}"
        ),
    }, in_words(least_day(rho, sd_1, sd_0))


def in_words(day):
    """Where the lines are closest together."""
    if day <= 0:
        return "The lines differ least on day 0, and more with every day that follows."
    if day >= 9:
        return "The lines draw together from day to day, and differ least on day 9."
    return f"The lines differ least around day {day:.1f}, and more before and after it."


slopes = Explorer(
    "slopes",
    "Explorer: a correlation and two SDs",
    stage,
    draw,
    read,
    (
        Control("rho", "ρ", RHOS, RHOS.index(RHO), in_two_decimals(RHOS), "any"),
        Control("sd_1", "σ_1", SLOPES, SLOPES.index(SD_1), in_two_decimals(SLOPES), "any"),
    ),
    Question(
        "Suppose that ρ were −0.6, with both SDs as they are estimated. On which day would the "
        "lines of the subjects differ least?",
        ("on day 0", "on a day in between", "on day 9"),
        1,
        "On a day in between. Whoever starts high then tends to have a low slope, so the lines "
        "draw together at first, pass through one another about day 2 or 3, and fan out from "
        "there on.",
    ),
    (
        ("as estimated", {"rho": RHO, "sd_1": SD_1, "sd_0": SD_0}),
        ("ρ = 0", {"rho": 0.0, "sd_1": SD_1, "sd_0": SD_0}),
        ("ρ = −0.6", {"rho": -0.6, "sd_1": SD_1, "sd_0": SD_0}),
    ),
    (
        Key("what to expect of a subject who starts 2 SDs high; pull the dot to change ρ",
            BETWEEN, "-", "o"),
        Key("an average start, a slope 2 SDs low; pull the diamond to change σ_1",
            BETWEEN, "-.", "D"),
        Key("one SD of the lines to each side, day by day", INK, line=":"),
        Key("a positive covariance, stronger where it is larger", BETWEEN),
        Key("a negative one", INK),
    ),
    live_controls=(
        Control("sd_0", "σ_0", STARTS, STARTS.index(SD_0), in_two_decimals(STARTS), "any"),
    ),
)  # fmt: skip
