"""Explorer of chapter 8: a lineup of QQ plots, one of them real."""

from functools import cache

import numpy as np

from lmmteach.blup import blup
from lmmteach.diagnostics import conditional_residuals, marginal_residuals, qq_points
from lmmteach.model import D_matrix, Sigma_matrix, V_theta, simulate
from lmmteach.plots.style import BETWEEN, WITHIN
from lmmteach.profile import gls
from lmmteach.reml import fit_reml
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.picture import INK, new_figure, set_title
from lmmteach.widgets.study import estrone

KINDS = ("conditional", "marginal", "b̂")
NAMES = ("conditional residuals", "marginal residuals", "the five predicted b")
PANELS = tuple(range(1, 11))
COLUMNS = 5
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
    """The QQ points of each panel, both axes scaled to run from −1 to 1."""
    pairs = [qq_points(values / values.std(ddof=1)) for values in samples(kind)]
    x, y = (max(np.abs(pair[k]).max() for pair in pairs) for k in (0, 1))
    return [(theoretical / x, observed / y) for theoretical, observed in pairs]


def stage():
    """Room for ten QQ plots in one frame."""
    figure, (ax,) = new_figure(1)
    figure.subplots_adjust(left=0.02, bottom=0.02)
    ax.set(xlim=(-1.3, 2.4 * COLUMNS - 1.1), ylim=(-3.9, 1.3), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    set_title(ax, "QQ plots of ten studies")
    return figure, (ax,)


def draw(axes, panel, kind):
    """Ten QQ plots, a border around the chosen one."""
    (ax,) = axes
    residuals = points("conditional" if kind == "b̂" else kind)
    for number, (x, y), (five, b) in zip(PANELS, residuals, points("b̂"), strict=True):
        row, column = divmod(number - 1, COLUMNS)
        left, base = 2.4 * column, -2.6 * row
        for across, up, marker, color, shown in (
            (x, y, "^", WITHIN, kind != "b̂"),
            (five, b, "o", BETWEEN, kind == "b̂"),
        ):
            style = {"mfc": "none", "mec": color, "ms": 3, "mew": 0.8, "alpha": float(shown)}
            ax.plot(left + across, base + up, marker, **style)
        ax.text(left - 1, base + 0.75, str(number), color=INK, fontsize=10)
    row, column = divmod(panel - 1, COLUMNS)
    across, up = np.array([-1, 1, 1, -1, -1]), np.array([-1, -1, 1, 1, -1])
    ax.plot(2.4 * column + 1.1 * across, -2.6 * row + 1.15 * up, color=BETWEEN, lw=2.5)


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
        "Nine of the ten plots are simulated from the fitted model, one is of the lecture's "
        "data. Which one?",
        tuple(f"panel {number}" for number in PANELS),
        REAL["conditional"] - 1,
        f"It is panel {REAL['conditional']}. If you could not tell, the residuals look as they do "
        "when the model holds. A careful eye finds no fault, which does not prove that there is "
        "none.",
    ),
)
