"""Pictures of computing: how long fits take, and what a penalty leaves of the coefficients."""

import numpy as np

from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, book_style

# Told apart by every kind of colour vision, and each with a marker of its own.
LOOKS = {
    "lmmteach, literal": ("#56B4E9", "v"),
    "statsmodels": ("#CC79A7", "s"),
    "lme4": ("#555555", "X"),
    "lmmteach, fast": ("#0072B2", "o"),
    "mixedlm": ("#8A6D00", "P"),
    "mixedlm-rs": ("#B84E00", "D"),
    "glmm": ("#009E73", "^"),
}


def fitting_times(times):
    """How long fits take by the number of rows, both axes logarithmic.

    Parameters
    ----------
    times : ``{name: (rows, seconds)}``, a line for each; names that ``LOOKS`` has get its colours

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.6, 4.2))
        for name, (rows, seconds) in times.items():
            color, marker = LOOKS.get(name, (BETWEEN, "o"))
            ax.loglog(rows, seconds, color=color, marker=marker, ms=6, lw=2, label=name)
        ax.grid(color=INK, alpha=0.15, lw=0.5)
        every = sorted({int(number) for rows, _ in times.values() for number in rows})
        if every[-1] < 100 * every[0]:
            # Powers of ten are too far apart to find one's way.
            ax.set_xticks(every, every)
            ax.set_xticks([], minor=True)
        ax.set(xlabel="rows", ylabel="seconds")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    plt.close(figure)
    return figure


def degrees_of_freedom(penalties, df, at, limits):
    """What a fit is worth in coefficients, by the ridge penalty.

    Parameters
    ----------
    penalties : (m,) values of λ, increasing
    df : (m,) effective degrees of freedom
    at : λ and degrees of freedom of the fit, which get a star
    limits : ``{text: degrees of freedom}``, the lines between which the curve runs

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.6))
        for text, value in limits.items():
            ax.axhline(value, color=NEUTRAL, lw=1, ls=":")
            # At the end where the curve is not, and clear of the axis.
            left = abs(df[0] - value) > abs(df[-1] - value)
            at_end = {"ha": "left" if left else "right", "color": NEUTRAL, "fontsize": 10}
            x = 1.2 * penalties[0] if left else penalties[-1] / 1.2
            ax.text(x, value + 0.12, text, **at_end)
        ax.semilogx(penalties, df, color=BETWEEN, lw=2.5)
        ax.plot(*at, "*", color=INK, ms=13)
        heights = list(limits.values())
        ax.set(
            xlabel=r"ridge penalty $\lambda = \sigma_\epsilon^2/\sigma_b^2$",
            ylabel="effective degrees of freedom",
            xlim=(penalties[0], penalties[-1]),
            ylim=(min(heights) - 0.7, max(heights) + 0.7),
            yticks=np.arange(min(heights), max(heights) + 1),
        )
    plt.close(figure)
    return figure
