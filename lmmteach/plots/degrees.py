"""Pictures of a test: how much of Student's t lies beyond a statistic."""

import numpy as np

from lmmteach.degrees import t_test
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, book_style


def tails(statistic, dfs, names):
    """The same statistic against Student's t with different degrees of freedom, a panel for each.

    Parameters
    ----------
    statistic : t, an estimate divided by its standard error
    dfs : degrees of freedom, np.inf for the normal distribution
    names : a title for each panel

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt
    from scipy.stats import t as student

    x = np.linspace(-5, 5, 401)
    with book_style():
        figure, axes = plt.subplots(
            1, len(dfs), figsize=(7.6, 3.1), sharex=True, sharey=True, squeeze=False
        )
        for ax, df, name in zip(axes[0], dfs, names, strict=True):
            density = student.pdf(x, df)
            beyond = np.abs(x) >= abs(statistic)
            _, p = t_test(statistic, 1.0, df)
            ax.plot(x, density, color=INK, lw=1.5)
            ax.fill_between(x, density, where=beyond, color=BETWEEN, alpha=0.6, lw=0)
            ax.axvline(statistic, color=NEUTRAL, ls="--", lw=1)
            # The labels of two panels would meet at ±5.
            ax.set(xlabel="standard errors", ylim=(0, 0.43), xticks=(-4, -2, 0, 2, 4))
            ax.set_title(f"{name}\np = {p:.3f}", fontsize=11)
        axes[0, 0].set_ylabel("density")
    plt.close(figure)
    return figure
