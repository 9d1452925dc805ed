"""Explorer of chapter 8: a lineup of QQ plots, one of them real."""

from functools import cache

import numpy as np

from lmmteach.blup import blup
from lmmteach.diagnostics import conditional_residuals, marginal_residuals, qq_points
from lmmteach.model import D_matrix, Sigma_matrix, V_theta, simulate
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.reml import fit_reml
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title
from lmmteach.widgets.study import estrone

KINDS = ("conditional", "marginal", "b̂")
NAMES = ("conditional residuals", "marginal residuals", "the five predicted b")
PANELS = tuple(range(1, 11))
COLUMNS, ACROSS, UP = 4, 3.0, 4.2
# Where the real one stands in each lineup.
REAL = {"conditional": 6, "marginal": 3, "b̂": 8}


def rounded(y):
    """Values as a laboratory would have reported them: whole pg/ml."""
    return 10 * np.log10(np.maximum(1, np.round(10 ** (y / 10))))


@cache
def samples(kind):
    """What is looked at, of ten data sets: nine simulated from the fit, and the real one."""
    study = estrone()
    y, X, Z, _, theta = study
    beta = gls(V_theta(theta, Z), y, X)[0]
    rng = np.random.default_rng(8)
    data = [
        rounded(simulate(beta, X, Z, D_matrix(theta[0], 5), Sigma_matrix(theta[1], 80), rng))
        for _ in PANELS
    ]
    data[REAL[kind] - 1] = y
    return [looked_at(kind, values) for values in data]


def looked_at(kind, y):
    """Residuals, or predictions of b, of the model fitted to these data."""
    _, X, Z, *_ = estrone()
    beta, theta = fit_reml(y, X, Z)
    b = blup(D_matrix(theta[0], 5), Z, V_theta(theta, Z), y, X)
    if kind == "b̂":
        return b
    if kind == "marginal":
        return marginal_residuals(y, X, beta)
    return conditional_residuals(y, X, beta, Z, b)


@cache
def points(kind):
    """The QQ points of each panel, in its own SDs."""
    return [qq_points(values / values.std(ddof=1)) for values in samples(kind)]


def stage():
    """The numbers of the ten plots; the frame of the one that is looked at more closely."""
    figure, (wall, close) = new_figure(2)
    for number in PANELS:
        left, base = place(number)
        wall.plot(
            [left - ACROSS, left + ACROSS], [base - ACROSS, base + ACROSS], color=INK, lw=0.6,
            alpha=0.5,
        )  # fmt: skip
        beside(wall, left - ACROSS, base + 0.78 * UP, str(number), INK)
    wall.set(xlim=(-3.5, 24.6), ylim=(-23.2, 5.4), xticks=[], yticks=[])
    for spine in wall.spines.values():
        spine.set_visible(False)
    set_title(wall, "Ten QQ plots, one of them real")
    close.plot([-ACROSS, ACROSS], [-ACROSS, ACROSS], color=INK, lw=1, alpha=0.6)
    close.set(xlim=(-ACROSS, ACROSS), ylim=(-UP, UP), xticks=range(-3, 4), yticks=range(-4, 5, 2))
    set_title(close, "The framed plot, enlarged")
    close.set_xlabel("expected under normality")
    close.set_ylabel("in its own SDs")
    return figure, (wall, close)


def place(number):
    """The middle of a plot on the wall."""
    row, column = divmod(number - 1, COLUMNS)
    return 6.8 * column, -9.2 * row


def draw(axes, panel, kind):
    """All ten plots, a frame around the chosen one, and this one enlarged."""
    wall, close = axes
    for shown in (WITHIN, BETWEEN):
        # Eighty residuals or five women: both are in every picture, one of them not to be seen.
        women = shown == BETWEEN
        alpha = 1 if women == (kind == "b̂") else 0
        drawn = points("b̂" if women else kind if alpha else KINDS[0])
        marker = "o" if women else "^"
        for number, (x, y) in zip(PANELS, drawn, strict=True):
            left, base = place(number)
            wall.plot(left + x, base + y, marker, mfc="none", mec=shown, ms=2.4, mew=0.6,
                      alpha=alpha)  # fmt: skip
        close.plot(*drawn[panel - 1], marker, mfc="none", mec=shown, ms=6, mew=1.2, alpha=alpha)
    left, base = place(panel)
    across, up = np.array([-1, 1, 1, -1, -1]), np.array([-1, -1, 1, 1, -1])
    wall.plot(left + 3.2 * across, base + 4.4 * up, color=BETWEEN, lw=2.5)
    wall.plot(left + 3.2, base + 4.4, "o", color=BETWEEN, ms=9, gid="drag:panel")


def read(panel, kind):
    """The extremes of the panel, in its own SDs, and whether it is real."""
    values = samples(kind)[panel - 1]
    scaled = values / values.std(ddof=1)
    real = panel == REAL[kind]
    return {
        "smallest": f"{scaled.min():.2f} SD",
        "largest": f"{scaled.max():.2f} SD",
    }, f"Panel {panel} is {'the real one' if real else 'simulated'}."


lineup = Explorer(
    "lineup",
    "Explorer: which of these is the real one?",
    stage,
    draw,
    read,
    (
        Control("panel", "panel", PANELS, 0),
        Control("kind", "QQ plots of", KINDS, 0, NAMES),
    ),
    Question(
        "Nine of the ten plots are of data simulated from the fitted model, and one is of the "
        "lecture's data. Which one?",
        tuple(f"panel {number}" for number in PANELS),
        REAL["conditional"] - 1,
        f"It is panel {REAL['conditional']}. If you could not tell, the residuals look as they do "
        "when the model holds. But a fault that you cannot see in a plot may "
        "still be there.",
    ),
    (),
    (
        Key("a residual", WITHIN, marker="^", hollow=True),
        Key("a woman's predicted b", BETWEEN, marker="o", hollow=True),
        Key("the enlarged plot; pull the dot to choose a different one", BETWEEN, line="-"),
    ),
)
