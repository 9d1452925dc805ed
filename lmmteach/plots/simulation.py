"""Pictures of simulated studies: their intervals, and the power of designs."""

import numpy as np

from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style


def intervals_of_studies(estimates, lower, upper, truth, null=0.0):
    """Many studies of one design, the estimate and interval of each, sorted by the estimate.

    Parameters
    ----------
    estimates, lower, upper : (m,) of each study
    truth : what all of them estimate
    null : the value that a test would reject

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    order = np.argsort(estimates)
    estimates, lower, upper = (np.asarray(a)[order] for a in (estimates, lower, upper))
    covers = (lower <= truth) & (truth <= upper)
    rows = np.arange(len(estimates))
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.6))
        ax.axvline(null, color=NEUTRAL, lw=1.2, ls=":", label="no difference")
        ax.axvline(truth, color=INK, lw=1.2, ls="--", label="the truth")
        for chosen, color, marker, words in (
            (covers, BETWEEN, "o", "interval with the truth in it"),
            (~covers, WITHIN, "^", "interval that misses the truth"),
        ):
            ax.hlines(rows[chosen], lower[chosen], upper[chosen], color=color, lw=1.3)
            ax.plot(estimates[chosen], rows[chosen], marker, color=color, ms=5, label=words)
        ax.set(yticks=[], xlabel="estimated difference, with its 95 % interval")
        ax.set_ylabel("simulated studies")
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=2)
    plt.close(figure)
    return figure


def power_curves(sizes, curves, points=None, xlabel="women in the study"):
    """Power against the size of a study, a curve for each design; simulated ones as points.

    Parameters
    ----------
    sizes : (m,) values along the axis
    curves : ``{name: (m,) powers}``, shares
    points : ``(sizes, powers, errors)`` of simulated designs, drawn with two errors either way
    xlabel : what the sizes are

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    styles = ("-", "--", "-.", (0, (1, 1)))
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.8))
        ax.axhline(80, color=NEUTRAL, lw=1, ls=":")
        for (name, powers), style in zip(curves.items(), styles, strict=False):
            ax.plot(sizes, 100 * np.asarray(powers), color=BETWEEN, ls=style, lw=2, label=name)
        if points is not None:
            at, powers, errors = (np.asarray(values) for values in points)
            bars = {"fmt": "D", "color": INK, "ms": 5, "capsize": 3, "lw": 1.3}
            ax.errorbar(at, 100 * powers, 200 * errors, label="simulated", **bars)
        ax.set(ylim=(0, 104), xlabel=xlabel, ylabel="power in %")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure
