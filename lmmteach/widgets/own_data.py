"""Explorer of chapter 13: a prior for σ_b, and how many groups it takes until it hardly matters."""

from functools import cache

import numpy as np

from lmmteach.likelihood import sums_of_squares
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.posterior import (
    balanced_restricted_loglik,
    credible_interval,
    grid_posterior,
    half_t,
)
from lmmteach.profile import balanced_drop, profile_interval
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import estrone

GROUPS = (3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
SCALES = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)
TIMES = 16
# The grid of σ_b goes far beyond what is shown, since the posterior of few groups does too.
SD_B = np.geomspace(0.02, 60, 900)
SD_E = np.linspace(0.4, 0.8, 41)
SHOWN = np.linspace(0.02, 5, 120)


def sums(groups):
    """SSB and SSW of so many groups with the mean squares of the lecture's five women."""
    y, _, Z, _, _ = estrone()
    SSB, SSW = sums_of_squares(y, Z)
    return SSB / 4 * (groups - 1), SSW / 5 * groups


@cache
def loglik(groups):
    """ℓ_R on the grid."""
    return balanced_restricted_loglik(
        SD_B[:, np.newaxis] ** 2, SD_E**2, *sums(groups), groups, TIMES
    )


@cache
def posterior(groups, scale):
    """The density of σ_b on the grid, and its 95 % interval."""
    width = np.gradient(SD_B)
    prior = np.outer(half_t(SD_B, scale) * width, np.ones(len(SD_E)))
    shares = grid_posterior(loglik(groups), prior).sum(axis=1)
    return shares / width, credible_interval(SD_B, shares)


@cache
def likelihood_interval(groups):
    """The ends of the 95 % interval of the restricted likelihood, with σ_ε² held."""
    SSB, SSW = sums(groups)
    best = (SSB / (groups - 1) - SSW / (groups * (TIMES - 1))) / TIMES

    def curve(sigma2_b):
        return -balanced_drop(sigma2_b, SSB, SSW, groups, TIMES, reml=True) / 2

    return tuple(np.sqrt(profile_interval(curve, best, lower=0.0)))


def stage():
    """The frame of the densities, and that of the intervals by the number of groups."""
    figure, (density, ends) = new_figure(2)
    density.set(xlim=(0, 5), xticks=range(6), ylim=(-0.35, 3.3), yticks=[])
    density.axhline(0, color=INK, lw=0.8)
    set_title(density, "Before the data and after")
    density.set_xlabel("σ_b")
    ends.set(xlim=(-0.6, len(GROUPS) - 0.4), ylim=(0, 7.2), yticks=[0, 2, 4, 6])
    ends.set_xticks(range(len(GROUPS)), [str(number) for number in GROUPS])
    set_title(ends, "95 % intervals for σ_b")
    ends.set_xlabel("groups")
    return figure, (density, ends)


def draw(axes, groups, scale):
    """Prior and posterior; all intervals faintly, and those of so many groups strong."""
    density, ends = axes
    after, (low, high) = posterior(groups, scale)
    density.plot(SHOWN, half_t(SHOWN, scale), color=WITHIN, lw=2, ls="--")
    density.plot(SHOWN, np.interp(SHOWN, SD_B, after), color=BETWEEN, lw=2.5)
    density.plot([low, high], [-0.2, -0.2], color=BETWEEN, lw=5, solid_capstyle="butt")
    density.plot(scale, half_t(scale, scale), "D", color=WITHIN, ms=10, gid="drag:scale")
    for k, number in enumerate(GROUPS):
        alpha = 1 if number == groups else 0.3
        ends.vlines(k - 0.14, *posterior(number, scale)[1], color=BETWEEN, lw=5, alpha=alpha)
        ends.vlines(k + 0.16, *likelihood_interval(number), color=INK, lw=2.5, alpha=alpha)
    ends.plot(GROUPS.index(groups) - 0.14, low, "o", color=BETWEEN, ms=10, gid="drag:groups")


def read(groups, scale):
    """Both intervals, and how their lengths compare."""
    _, (low, high) = posterior(groups, scale)
    own_low, own_high = likelihood_interval(groups)
    ratio = (high - low) / (own_high - own_low)
    return {
        "95 % interval with this prior": f"{low:.3f} to {high:.3f}",
        "from the restricted likelihood": f"{own_low:.3f} to {own_high:.3f}",
    }, f"With this prior the interval is {100 * ratio:.0f} % as long as that of the likelihood."


prior = Explorer(
    "prior",
    "Explorer: how much a prior matters",
    stage,
    draw,
    read,
    (
        Control("groups", "groups", GROUPS, GROUPS.index(5)),
        Control("scale", "scale of the prior", SCALES, SCALES.index(1), step="any"),
    ),
    Question(
        "Two colleagues analyse twenty women with the same mean squares. One takes a prior with "
        "the scale 0.5, the other one with the scale 4. How far apart are the upper ends of "
        "their 95 % intervals for σ_b?",
        (
            "The second is about a tenth higher.",
            "The second is about half as high again.",
            "The second is nearly twice as high.",
        ),
        0,
        "The second is about a tenth higher, because twenty women nearly rule out a large σ_b by "
        "themselves. With five it is nearly twice as high, since then the prior has to do so.",
    ),
    (
        ("five women", {"groups": 5, "scale": 1}),
        ("a wide prior", {"groups": 5, "scale": 4}),
        ("fifty women", {"groups": 50, "scale": 4}),
    ),
    (
        Key("the prior; pull the diamond to make it wider", WITHIN, "--", "D"),
        Key("the posterior, and its interval; pull the dot for more groups", BETWEEN, "-", "o"),
        Key("the interval from the restricted likelihood alone", INK, line="-"),
    ),
)
