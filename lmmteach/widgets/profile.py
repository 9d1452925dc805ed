"""Explorer of chapters 3 and 5: a point that walks along the profile of σ_b²."""

from functools import cache

import numpy as np

from lmmteach.likelihood import fit_ml
from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls, profile_interval, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import ML, REML, between, estrone, hill_lines

VALUES = between(0.15, 20, 36, ML, REML)
METHODS = ("ML", "REML")
CUT = 1.92
RANGES = (0.13, 24, 0.23, 0.45)
DEPTHS = (12, 8, 5, CUT, 0.5)


@cache
def point(method, sigma2_b):
    """Height of the profile at σ_b², and the best σ_ε² and μ there."""
    y, X, Z, *_ = estrone()
    fitter, height = (fit_ml, profile_loglik) if method == "ML" else (fit_reml, restricted_loglik)
    _, theta = fitter(y, X, Z, sigma2_b=sigma2_b)
    V = V_theta(theta, Z)
    return height(V, y, X), theta[1], gls(V, y, X)[0][0]


def top(method):
    """Height at the estimate, to all its digits."""
    study = estrone()
    return point(method, float((study.theta_ml if method == "ML" else study.theta_reml)[0]))[0]


@cache
def interval(method):
    """Where the profile crosses its cut."""
    study = estrone()
    estimate = float((study.theta_ml if method == "ML" else study.theta_reml)[0])
    return profile_interval(lambda value: point(method, value)[0], estimate, lower=0.0)


@cache
def curve(method):
    """The heights of the profile below its top, and the best σ_ε², at all positions."""
    heights, best, _ = np.transpose([point(method, value) for value in VALUES])
    return heights - top(method), best


def stage():
    """Both profiles, faintly, with the cut; and the frame of the hill from above."""
    figure, (side, map_) = new_figure(2)
    for method in METHODS:
        side.plot(VALUES, curve(method)[0], color=BETWEEN, lw=1, alpha=0.5)
    side.axhline(-CUT, color=INK, lw=1, ls=":")
    side.axhline(0, color=INK, lw=0.5, alpha=0.5)
    beside(side, 0.14, -CUT + 0.6, "1.92 below", INK)
    beside(side, 8.5, -0.9, "REML", BETWEEN)
    beside(side, 7, -4.1, "ML", BETWEEN)
    side.set(ylim=(-14.5, 2), yticks=[-12, -8, -4, 0])
    set_title(side, "The profile: the hill from the side")
    side.set_ylabel("below the top")
    map_.set(ylim=RANGES[2:], yticks=[0.25, 0.3, 0.35, 0.4, 0.45])
    set_title(map_, "The same walk, seen from above")
    map_.set_ylabel("σ_ε²")
    for ax in (side, map_):
        ax.set(xscale="log", xlim=RANGES[:2])
        ax.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20], ["0.2", "0.5", "1", "2", "5", "10", "20"])
        ax.minorticks_off()
        ax.set_xlabel("σ_b²")
    return figure, (side, map_)


def draw(axes, sigma2_b, method):
    """The profile with its interval and the walker, from the side and from above."""
    side, map_ = axes
    heights, best = curve(method)
    side.plot(VALUES, heights, color=BETWEEN, lw=2.5)
    side.plot(interval(method), [-CUT] * 2, color=INK, lw=5, solid_capstyle="butt")
    height, sigma2_e, _ = point(method, sigma2_b)
    height -= top(method)
    side.plot([sigma2_b] * 2, [0, height], color=INK, lw=1.2)
    # Near an end the text would leave the panel.
    side.text(np.clip(sigma2_b, 0.4, 7), 1.1, f"{abs(height):.2f} below the top",
              ha="center", va="center", color=INK, fontsize=9)  # fmt: skip
    side.plot(sigma2_b, height, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")
    for other in METHODS:
        for line in hill_lines(other == "REML", RANGES, tuple(-depth for depth in DEPTHS)):
            map_.plot(*line.T, color=INK, lw=0.7, alpha=0.9 if other == method else 0)
    map_.plot(VALUES, best, color=BETWEEN, lw=2.5)
    map_.plot([RANGES[0], sigma2_b], [sigma2_e] * 2, color=WITHIN, lw=1.5)
    map_.plot(sigma2_b, sigma2_e, "o", color=BETWEEN, ms=10, gid="drag:sigma2_b")


def read(sigma2_b, method):
    """How far below the top, and what the other parameters do there."""
    height, sigma2_e, mu = point(method, sigma2_b)
    drop = max(0.0, top(method) - height)
    low, high = interval(method)
    if low <= sigma2_b <= high:
        sentence = "The curve is less than 1.92 below its top here, so this value is inside."
    else:
        sentence = "The curve is more than 1.92 below its top here, so this value is outside."
    return {
        "below the top": f"{drop:.2f}",
        "best σ_ε²": f"{sigma2_e:.4f}",
        "best μ": f"{mu:.4f}",
        "95 % interval": f"{low:.3f} to {high:.2f}",
    }, sentence


profile = Explorer(
    "profile",
    "Explorer: walk along the profile",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(ML), step="any"),
        Control("method", "likelihood", METHODS, 0, METHODS),
    ),
    Question(
        "At every σ_b² the profile puts σ_ε² at its best. Walk down from the top towards small "
        "values, to σ_b² = 0.15: what does the best σ_ε² do?",
        ("It rises a little.", "It stays where it is.", "It falls as well."),
        0,
        "It rises a little. If σ_b² leaves the women nearly alike, their means still differ, and "
        "some of that has to be put down to variation within women. To the right of the top "
        "it hardly moves, because the measurements within women pin it down.",
    ),
    (
        ("top of ML", {"sigma2_b": ML, "method": "ML"}),
        ("top of REML", {"sigma2_b": REML, "method": "REML"}),
    ),
    (
        Key("the profile of σ_b², and its path over the hill", BETWEEN, line="-"),
        Key("where you are on the profile; pull the dot", BETWEEN, marker="o"),
        Key("the best σ_ε² at this σ_b²", WITHIN, line="-"),
        Key("the 95 % interval, where the profile is less than 1.92 below its top", INK, line="-"),
    ),
)
