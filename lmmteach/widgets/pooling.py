"""Explorer of chapter 4: complete, partial and no pooling, on one axis of σ_b²/σ_ε²."""

from functools import cache

import numpy as np

from lmmteach.blup import blup, shrinkage_factor
from lmmteach.model import D_matrix, V_theta
from lmmteach.plots.style import BETWEEN, INK, WITHIN
from lmmteach.profile import gls
from lmmteach.reml import fit_reml
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import beside, new_figure
from lmmteach.widgets.study import estrone

BALANCED, CUT = (16,) * 5, (16, 8, 4, 2, 1)
COMPLETE, NONE = 0.0, np.inf
# The ratio has a logarithmic axis from the first to the last of these; its ends stand apart.
LOW, HIGH = 0.003, 50.0
LEFT, RIGHT = -3.1, 2.3


@cache
def study(n_i):
    """The first n_i measurements of each woman, their designs, and the estimated ratio."""
    y, _, Z, *_ = estrone()
    keep = np.concatenate([np.arange(16) < n for n in n_i])
    y, Z, X = y[keep], Z[keep], np.ones((keep.sum(), 1))
    sigma2_b, sigma2_e = fit_reml(y, X, Z)[1]
    return y, X, Z, float(f"{sigma2_b / sigma2_e:.3g}")


FITTED = {n_i: study(n_i)[-1] for n_i in (BALANCED, CUT)}
GRID = tuple(float(f"{ratio:.2g}") for ratio in np.geomspace(LOW, HIGH, 30))
RATIOS = tuple(sorted({COMPLETE, *GRID, *FITTED.values(), NONE}))


@cache
def levels(ratio, n_i):
    """The level of each woman, and μ̂; without pooling, her own mean and the mean of the means."""
    y, X, Z, _ = study(n_i)
    if ratio == NONE:
        means = own_means(n_i)
        return means, means.mean()
    V = V_theta((ratio, 1.0), Z)
    mu = gls(V, y, X)[0][0]
    return mu + blup(D_matrix(ratio, 5), Z, V, y, X), mu


def own_means(n_i):
    """What OLS with a dummy variable for each woman gives."""
    y, _, Z, _ = study(n_i)
    return gls(np.eye(len(y)), y, Z)[0]


def place(ratio):
    """Where a ratio stands on the axis: at its logarithm, and the two ends a little apart."""
    if ratio == COMPLETE:
        return LEFT
    return RIGHT if ratio == NONE else max(LEFT, np.log10(ratio))


PLACES = [place(ratio) for ratio in RATIOS]


def stage():
    """An axis from complete pooling to none."""
    figure, (ax,) = new_figure(height=3.6)
    ticks = {"0": COMPLETE, "0.01": 0.01, "0.1": 0.1, "1": 1.0, "10": 10.0, "∞": NONE}
    ax.set(xlim=(LEFT - 0.15, RIGHT + 2.0), ylim=(11, 17.2), yticks=range(11, 18))
    ax.set_xticks([place(ratio) for ratio in ticks.values()], list(ticks))
    ax.set_xlabel("σ_b²/σ_ε²")
    ax.set_ylabel("level (logestrone)")
    for x, text, side in (
        (LEFT, "complete pooling", "left"),
        (0.2, "partial", "center"),
        (RIGHT, "no pooling", "center"),
    ):
        ax.text(x, 17.35, text, color=INK, ha=side, va="bottom", fontsize=10)
    ax.vlines([LEFT, RIGHT], 11, 17.2, color=INK, lw=0.8, alpha=0.35)
    return figure, (ax,)


def draw(axes, ratio, n_i):
    """The way of each woman's level from one end to the other, and where it is now."""
    (ax,) = axes
    ways = np.array([levels(value, n_i)[0] for value in RATIOS]).T
    at, (now, mu) = place(ratio), levels(ratio, n_i)
    estimated = place(FITTED[n_i])
    ax.plot([estimated] * 2, [11, 17.2], color=INK, lw=1, ls=":")
    ax.plot(PLACES, [levels(value, n_i)[1] for value in RATIOS], color=INK, lw=1.2, ls="--")
    for way in ways:
        ax.plot(PLACES, way, color=BETWEEN, lw=1.5)
    ax.plot([RIGHT] * 5, own_means(n_i), "^", mfc="none", mec=WITHIN, ms=8, mew=1.6)
    for woman, (mean, n) in enumerate(zip(own_means(n_i), n_i, strict=True), start=1):
        beside(ax, RIGHT + 0.17, mean, f"woman {woman} ({n})", INK)
    ax.plot([at] * 2, [11.3, 17.2], color=BETWEEN, lw=1.5, alpha=0.5)
    ax.plot([at] * 5, now, "o", color=BETWEEN, ms=6.5)
    ax.plot(at, mu, "D", color=INK, ms=4)
    ax.plot(at, 11.3, "o", color=BETWEEN, ms=10, gid="drag:ratio")


def shares(ratio, n_i):
    """How much of her own deviation from μ̂ each woman keeps."""
    return np.ones(5) if ratio == NONE else shrinkage_factor(n_i, (ratio, 1.0))


def read(ratio, n_i):
    """The common mean, and what the first and the last woman keep of their own."""
    keeps, mu = shares(ratio, n_i), levels(ratio, n_i)[1]
    numbers = {
        "μ̂": f"{mu:.3f}",
        "woman 1 keeps": f"{100 * keeps[0]:.1f} %",
        "woman 5 keeps": f"{100 * keeps[4]:.1f} %",
    }
    return numbers, sentence(ratio, n_i)


def sentence(ratio, n_i):
    """What is pooled here."""
    if ratio == COMPLETE:
        return (
            f"Complete pooling gives all five women one level, the mean of the {sum(n_i)} "
            "measurements."
        )
    if ratio == NONE:
        return "Without pooling each woman keeps her own mean, and μ̂ is the mean of the five means."
    least, most = (100 * share for share in sorted(shares(ratio, n_i))[::4])
    kept = (
        f"each of the five women keeps {most:.1f} % of her own deviation from μ̂"
        if n_i == BALANCED
        else f"the women keep from {least:.1f} % to {most:.1f} % of their own deviations from μ̂, "
        "and the fewer measurements a woman has, the less she keeps"
    )
    return f"With partial pooling {kept}."


pooling = Explorer(
    "pooling",
    "Explorer: complete, partial and no pooling",
    stage,
    draw,
    read,
    (
        Control(
            "ratio",
            "σ_b²/σ_ε²",
            RATIOS,
            RATIOS.index(FITTED[BALANCED]),
            (*(f"{ratio:g}" for ratio in RATIOS[:-1]), "∞"),
            "any",
        ),
        Control(
            "n_i",
            "measurements",
            (BALANCED, CUT),
            0,
            ("16 of each woman", "16, 8, 4, 2 and 1"),
        ),
    ),
    Question(
        "Take the unbalanced study, where woman 1 has sixteen of the 31 measurements. As "
        "σ_b²/σ_ε² grows from 0 to ∞, what does the common mean μ̂ do?",
        (
            "It stays where it is, because the measurements are the same.",
            "It moves towards woman 1, who has been measured most.",
            "It moves away from woman 1.",
        ),
        2,
        "It moves away from her. With a ratio of 0 every measurement has the same weight, and more "
        "than half of them are hers. The more the women differ, the less sixteen measurements of "
        "one woman reveal about women in general, so in the end every woman has the same weight: "
        "μ̂ moves from 14.02, the mean of the measurements, to 14.42, the mean of the five means.",
    ),
    (
        ("complete", {"ratio": COMPLETE, "n_i": CUT}),
        ("partial, as estimated", {"ratio": FITTED[CUT], "n_i": CUT}),
        ("none", {"ratio": NONE, "n_i": CUT}),
    ),
    legend=(
        Key("level of a woman", BETWEEN, line="-", marker="o"),
        Key("her own mean, with the number of her measurements", WITHIN, marker="^", hollow=True),
        Key("the common mean μ̂", INK, line="--", marker="D"),
        Key("the ratio as estimated by REML", INK, line=":"),
    ),
)
