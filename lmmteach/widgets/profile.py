"""Explorer of chapters 3 and 5: a point that walks along the profile of σ_b²."""

from functools import cache

from lmmteach.likelihood import fit_ml
from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls, profile_interval, profile_loglik
from lmmteach.reml import fit_reml, restricted_loglik
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import beside, new_figure, set_title
from lmmteach.widgets.study import ML, REML, between, estrone

VALUES = between(0.1, 20, 24, ML, REML)
CUT, LOWEST = 1.92, -5.8
METHODS = ("ML", "REML")


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


def stage():
    """The cut below the top, and room for both profiles and for the best σ_ε²."""
    figure, (curve, within) = new_figure(2)
    curve.axhline(-CUT, color=WITHIN, lw=1)
    beside(curve, VALUES[0], -CUT + 0.3, "1.92 below", WITHIN)
    curve.set(ylim=(-6, 0.5), yticks=[-6, -4, -2, 0])
    set_title(curve, "log-likelihood below its top")
    within.set(ylim=(0.3, 0.38), yticks=[0.3, 0.32, 0.34, 0.36, 0.38])
    set_title(within, "best σ_ε² for each σ_b²")
    for ax in (curve, within):
        ax.set(xscale="log", xlim=(0.08, 25), xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"])
        ax.set_xlabel("σ_b²")
        ax.minorticks_off()
    return figure, (curve, within)


def draw(axes, sigma2_b, method):
    """Both profiles, the chosen one strong, its interval, and the point at σ_b² on it."""
    curve, within = axes
    for other in METHODS:
        heights = [point(other, value)[0] - top(other) for value in VALUES]
        curve.plot(VALUES, heights, color=BETWEEN, lw=2.5, alpha=1 if other == method else 0.3)
    curve.plot(interval(method), [-CUT] * 2, color=WITHIN, lw=4, solid_capstyle="butt")
    height = point(method, sigma2_b)[0] - top(method)
    # A point far below the picture stays at its edge.
    shown = max(height, LOWEST)
    curve.plot(sigma2_b, shown, "o", color=BETWEEN, ms=11, gid="drag:sigma2_b")
    within.plot(VALUES, [point(method, value)[1] for value in VALUES], color=WITHIN, lw=2)
    within.plot(sigma2_b, point(method, sigma2_b)[1], "o", color=WITHIN, ms=9)


def read(sigma2_b, method):
    """How far below the top, and what the other parameters do there."""
    height, sigma2_e, mu = point(method, sigma2_b)
    drop = max(0.0, top(method) - height)
    low, high = interval(method)
    inside = "inside" if low <= sigma2_b <= high else "outside"
    return {
        "below the top": f"{drop:.2f}",
        "best σ_ε²": f"{sigma2_e:.4f}",
        "best μ": f"{mu:.4f}",
        "95 % interval": f"{low:.3f} to {high:.2f}",
    }, f"This value lies {inside} the interval, whose ends are 1.92 below the top."


profile = Explorer(
    "profile",
    "Explorer: walk along the profile",
    stage,
    draw,
    read,
    (
        Control("sigma2_b", "σ_b²", VALUES, VALUES.index(ML)),
        Control("method", "likelihood", METHODS, 0, METHODS),
    ),
    Question(
        "At each σ_b² the curve puts σ_ε² at its best. Go down with σ_b² from the top to 0.1: what "
        "does the best σ_ε² do?",
        ("It rises.", "It stays where it is.", "It falls as well."),
        0,
        "It rises, though not by much. Women who are said to be nearly alike still have different "
        "means, and something must account for that. Above the top it hardly moves: measurements "
        "within women determine it.",
    ),
    (
        ("top of ML", {"sigma2_b": ML, "method": "ML"}),
        ("top of REML", {"sigma2_b": REML, "method": "REML"}),
    ),
    (
        Key("profile of the chosen likelihood, and σ_b² on it", BETWEEN, "-", "o"),
        Key("95 % interval", WITHIN, "-"),
    ),
)
