"""Explorer of chapter 4: a study of one's own, whose means can be pulled about."""

from functools import cache

import numpy as np
import pandas as pd

from lmmteach.fit import lmm
from lmmteach.likelihood import sums_of_squares
from lmmteach.plots.style import BETWEEN, INK, WITHIN
from lmmteach.widgets import women
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.lines import compared
from lmmteach.widgets.study import estrone

# Finer where the women come together.
MEANS = (12.0, 12.5, 13.0, 13.4, 13.6, 13.8, 14.0, 14.2, 14.4, 14.6, 15.0, 15.5, 16.0)
START = {"mean_1": 12.5, "mean_2": 15.5, "mean_3": 13.9, "mean_4": 14.0, "mean_5": 14.1}


@cache
def within():
    """Each woman's sixteen measurements as deviations from her mean, as in the lecture's data."""
    y = estrone().y.reshape(5, 16)
    return y - y.mean(axis=1, keepdims=True)


@cache
def by_error_alone():
    """What errors of measurement contribute to the variance of means of sixteen."""
    _, SSW = sums_of_squares(within().ravel(), estrone().Z)
    return SSW / 75 / 16


def in_order(means):
    """The means of women 1 to 5."""
    return [means[name] for name in START]


@cache
def fitted(*means):
    """The REML fit to women with these means, each with the scatter of the lecture's woman."""
    data = pd.DataFrame(
        {
            "woman": np.repeat(range(1, 6), 16),
            "logestrone": (np.array(means)[:, None] + within()).ravel(),
        }
    )
    data.attrs["name"] = "own"
    return lmm("logestrone ~ (1 | woman)", data)


def stage():
    """Five places, of which only the axes keep still."""
    return women.stage("Your five women and their levels", 10.4, 17.8)


def draw(axes, **means):
    """Measurements around the means, and the levels and the σ̂_b that the fit gives."""
    (ax,) = axes
    fit = fitted(*in_order(means))
    mu = fit.beta.iloc[0]
    women.show_measurements(ax, fit.y.reshape(5, 16))
    women.show_spread(ax, mu, np.sqrt(fit.sigma2_b))
    women.show_levels(ax, mu + fit.b)
    for woman, (name, mean) in enumerate(zip(START, in_order(means), strict=True), start=1):
        ax.plot(woman, mean, "^", color=WITHIN, ms=9, gid=f"drag:{name}")


def printed(**means):
    """The printout in pieces, with whether they differ from the one at the start."""
    return compared(fitted(*in_order(means)).summary(), fitted(*in_order(START)).summary())


def read(**means):
    """The estimate of σ_b², and what it is made of."""
    fit = fitted(*in_order(means))
    spread = np.var(in_order(means), ddof=1)
    numbers = {
        "σ̂_b²": f"{fit.sigma2_b:.4f}",
        "variance of the five means": f"{spread:.4f}",
        "by errors of measurement alone": f"{by_error_alone():.4f}",
        "μ̂": f"{fit.beta.iloc[0]:.4f}",
    }
    if fit.is_singular:
        return numbers, (
            "The five means differ no more than errors of measurement alone would make them "
            "differ. Nothing is left for σ_b², so its estimate is exactly 0, the level of every "
            "woman is μ̂, and the fit is singular."
        )
    return numbers, (
        "The variance of the five means, less what errors of measurement contribute, is σ̂_b²: "
        f"{spread:.4f} − {by_error_alone():.4f} = {fit.sigma2_b:.4f}."
    )


def control(name, values):
    """The slider of a woman's mean."""
    return Control(name, f"mean of woman {name[-1]}", values, values.index(START[name]), step="any")


own_women = Explorer(
    "own-women",
    "Explorer: move the women's means",
    stage,
    draw,
    read,
    (control("mean_1", MEANS), control("mean_2", MEANS)),
    Question(
        "Move the five women closer together, until no two of their means differ by more than 0.2. "
        "What will REML estimate σ_b² to be?",
        (
            "small, but greater than 0",
            "exactly 0",
            "nothing, because σ_b² cannot be estimated any more",
        ),
        1,
        "Exactly 0, and that is no accident. Means of sixteen measurements differ a little by "
        "error alone, even if the women are all alike. If the five means vary by less than that, "
        "their variance minus what errors contribute is negative, which σ_b² cannot be, so the "
        "likelihood is highest at the edge. Software calls such a fit singular, and chapter 6 asks "
        "how often that happens.",
    ),
    (
        ("far apart", START | {"mean_1": 12.0, "mean_2": 16.0}),
        ("nearly alike", START | {"mean_1": 14.2, "mean_2": 14.0}),
    ),
    legend=(
        Key("a measurement", WITHIN, marker="+"),
        Key("the mean of a woman", WITHIN, marker="^"),
        Key("her predicted level", BETWEEN, line="-"),
        Key("μ̂, and around it one σ̂_b either way", INK, line="--"),
    ),
    live_controls=tuple(
        control(name, tuple(sorted({*MEANS, 13.9, 14.1})))
        for name in ("mean_3", "mean_4", "mean_5")
    ),
    printed=printed,
)
