"""Pictures of what the model leaves over."""

from itertools import cycle

import numpy as np

from lmmteach.diagnostics import pp_points, qq_points
from lmmteach.plots.style import BETWEEN, NEUTRAL, WITHIN, book_style

MARKERS = "osD^v<>pPX*h"


def residual_panels(scaled, fitted, groups, order, b):
    """Four looks at a fit: against fitted values, against order, QQ of residuals, QQ of b̂.

    Parameters
    ----------
    scaled : (n,) scaled conditional residuals
    fitted : (n,) fitted values
    groups : (n,) labels
    order : (n,) place of each measurement within its group
    b : (q,) predicted random effects

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    scaled, groups = np.asarray(scaled), np.asarray(groups)
    with book_style():
        figure, ((against, time), (qq_e, qq_b)) = plt.subplots(2, 2, figsize=(7.6, 6.4))
        for ax, x in ((against, np.asarray(fitted)), (time, np.asarray(order))):
            for label, marker in zip(np.unique(groups), cycle(MARKERS), strict=False):
                own = groups == label
                ax.plot(x[own], scaled[own], marker, mfc="none", mec=WITHIN, ms=5, label=str(label))
            ax.axhline(0, color=NEUTRAL, lw=1, ls="--")
        against.set(title="against fitted values", xlabel="fitted value", ylabel="scaled residual")
        time.set(title="against order", xlabel="measurement", ylabel="scaled residual")
        time.legend(title="woman", fontsize=8, ncols=5, loc="upper right", columnspacing=0.5,
                    handletextpad=0.1)  # fmt: skip
        time.set_ylim(top=max(4.6, 1.5 * scaled.max()))
        time.set_xticks(np.unique(np.append(1, np.arange(4, np.max(order) + 1, 4))))
        _qq(qq_e, scaled, WITHIN)
        qq_e.set(title="QQ of residuals", xlabel="expected of N(0, 1)", ylabel="scaled residual")
        _qq(qq_b, np.asarray(b), BETWEEN)
        qq_b.set(xlabel="expected of N(0, 1)", ylabel=r"$\hat b$")
        qq_b.set_title(rf"QQ of $\hat b$ (only {len(b)})")
    plt.close(figure)
    return figure


def qq_pp(scaled):
    """The same residuals twice: a QQ plot shows the tails, a PP plot the middle.

    Parameters
    ----------
    scaled : (n,) scaled residuals

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, (qq, pp) = plt.subplots(1, 2, figsize=(7.6, 3.8))
        theoretical, observed = qq_points(scaled)
        ends = [theoretical[0], theoretical[-1]]
        qq.plot(ends, ends, color=NEUTRAL, lw=1, ls="--")
        qq.plot(theoretical, observed, "^", mfc="none", mec=WITHIN, ms=5)
        qq.set(title="QQ plot", xlabel="expected of N(0, 1)", ylabel="scaled residual")
        pp.plot([0, 1], [0, 1], color=NEUTRAL, lw=1, ls="--")
        pp.plot(*pp_points(scaled), "^", mfc="none", mec=WITHIN, ms=5)
        pp.set(title="PP plot", xlabel="expected probability", ylabel="probability under N(0, 1)")
    plt.close(figure)
    return figure


def lineup(samples):
    """QQ plots of several samples on one scale, numbered: one is real, the others simulated.

    Parameters
    ----------
    samples : list of (n,) values

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    columns = 5
    rows = -(-len(samples) // columns)
    with book_style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(7.6, 1.65 * rows), sharex=True, sharey=True, squeeze=False
        )
        for number, (ax, sample) in enumerate(zip(axes.flat, samples, strict=False), start=1):
            _qq(ax, np.asarray(sample), WITHIN, ms=3)
            ax.set(xticks=[], yticks=[])
            ax.set_title(str(number), fontsize=10, pad=2)
        for ax in axes.flat[len(samples) :]:
            ax.set_visible(False)
    plt.close(figure)
    return figure


def _qq(ax, values, color, ms=5):
    """QQ points with the line through the values' own mean and SD."""
    theoretical, observed = qq_points(values)
    ends = np.array([theoretical[0], theoretical[-1]])
    line = observed.mean() + observed.std(ddof=1) * ends
    ax.plot(ends, line, color=NEUTRAL, lw=1, ls="--")
    marker = "o" if color == BETWEEN else "^"
    ax.plot(theoretical, observed, marker, mfc="none", mec=color, ms=ms)
