"""Pictures for data of one's own: the groups, what a fit leaves over, and its estimates."""

import numpy as np

from lmmteach._columns import require_columns
from lmmteach.plots.residuals import _qq
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style

# Kinds differ in line and marker: the two colours are those of between and within.
LOOKS = (("-", "o", INK), ("--", "^", NEUTRAL), (":", "s", INK), ("-.", "D", NEUTRAL))


def groups(data, x, response, group, by=None, fit=None):
    """Each group as a thin line over x, and the population's line of a fit on top.

    Parameters
    ----------
    data : DataFrame
    x : name of a numeric column, or None: the groups side by side, in the order of their means
    response, group : names of columns
    by : name of a column that does not vary within groups; a panel for each of its values
    fit : the result of ``lmm``; the fitted mean of its rows is drawn over x, one line for each
        value of ``by``

    Returns
    -------
    figure : matplotlib Figure

    Raises
    ------
    ValueError
        if data lacks one of the columns.
    """
    import matplotlib.pyplot as plt

    require_columns([n for n in (x, response, group, by) if n is not None], data, "data")
    kinds = [None] if by is None else list(data[by].dropna().drop_duplicates().sort_values())
    with book_style():
        figure, axes = plt.subplots(
            1, len(kinds), figsize=(7.4, 3.9), sharex=True, sharey=True, squeeze=False
        )
        for k, (ax, kind) in enumerate(zip(axes[0], kinds, strict=True)):
            line, marker, color = LOOKS[k % len(LOOKS)]
            own = data if by is None else data[data[by] == kind]
            if x is None:
                _side_by_side(ax, own, response, group)
            else:
                for _, rows in own.sort_values(x).groupby(group, sort=False, observed=True):
                    ax.plot(rows[x], rows[response], line, marker=marker, color=color, lw=1, ms=3.5,
                            alpha=0.5)  # fmt: skip
            if fit is not None and x is not None:
                mean = fit.predict(include_random=False).loc[own.index].groupby(own[x]).mean()
                ax.plot(mean.index, mean, color=INK, lw=4)
            ax.set(xlabel=group if x is None else x)
            ax.set_title("" if by is None else str(kind))
        axes[0, 0].set_ylabel(response)
    plt.close(figure)
    return figure


def _side_by_side(ax, data, response, group):
    means = data.groupby(group, observed=True)[response].mean().sort_values()
    for place, label in enumerate(means.index):
        values = data.loc[data[group] == label, response]
        ax.plot(np.full(len(values), place), values, "^", mfc="none", mec=WITHIN, ms=5)
        ax.plot([place - 0.35, place + 0.35], 2 * [means[label]], color=BETWEEN, lw=3)
    ax.set_xticks(range(len(means)), map(str, means.index), rotation=90 if len(means) > 8 else 0)


def checks(fit):
    """Three looks at what a fit leaves over: against fitted values, QQ of residuals, QQ of b̂.

    Parameters
    ----------
    fit : the result of ``lmm``; the last panel shows the first effect of each grouping factor that
        has the most groups

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, (against, errors, effects) = plt.subplots(1, 3, figsize=(7.6, 3.2))
        against.plot(fit.fitted, fit.scaled_residuals, "^", mfc="none", mec=WITHIN, ms=4)
        against.axhline(0, color=NEUTRAL, lw=1, ls="--")
        against.set(xlabel="fitted value", ylabel="scaled residual")
        against.set_title("against fitted", fontsize=10)
        _qq(errors, fit.scaled_residuals.to_numpy(), WITHIN, ms=4)
        errors.set(xlabel="expected of N(0, 1)", ylabel="scaled residual")
        errors.set_title("QQ of residuals", fontsize=10)
        b = fit.ranef[fit.group].iloc[:, 0].to_numpy()
        _qq(effects, b, BETWEEN, ms=4)
        effects.set(xlabel="expected of N(0, 1)", ylabel=r"$\hat b$")
        effects.set_title(f"QQ of {len(b)} {fit.group}", fontsize=10)
    plt.close(figure)
    return figure


def estimates(table):
    """Estimates with their intervals, each in a panel with a scale of its own.

    Parameters
    ----------
    table : DataFrame with a row for each parameter, and columns estimate, lower and upper

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    rows = -(-len(table) // 2)
    with book_style():
        figure, axes = plt.subplots(rows, 2, figsize=(7.6, 1.15 * rows + 0.2), squeeze=False)
        for ax, (name, row) in zip(axes.flat, table.iterrows(), strict=False):
            ax.plot([row["lower"], row["upper"]], [0, 0], color=BETWEEN, lw=4)
            ax.plot(row["estimate"], 0, "o", color=BETWEEN, ms=8)
            ax.margins(x=0.1)
            low, high = ax.get_xlim()
            if low < 0 < high:
                ax.axvline(0, color=NEUTRAL, lw=1, ls="--")
            ax.set(yticks=[], ylim=(-1, 1))
            ax.set_xlabel(name, fontsize=9)
            ax.spines["left"].set_visible(False)
        for ax in axes.flat[len(table) :]:
            ax.set_visible(False)
    plt.close(figure)
    return figure


def dropout(x, curves, *, x_name="x", unit="y"):
    """Means over x of all that was there, and of those that remain, a panel for each rule.

    Parameters
    ----------
    x : (m,) times
    curves : ``{title: {name: (m,) means}}``, each panel with up to three curves
    x_name, unit : texts for the axes

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, axes = plt.subplots(
            1, len(curves), figsize=(7.4, 3.6), sharex=True, sharey=True, squeeze=False
        )
        for ax, (title, means) in zip(axes[0], curves.items(), strict=True):
            for (name, mean), (line, marker, color) in zip(means.items(), LOOKS, strict=False):
                ax.plot(
                    x, mean, line, marker=marker, color=color, lw=2, ms=7, mfc="none", label=name
                )
            ax.set_title(title, fontsize=11)
            ax.set_xlabel(x_name)
        axes[0, 0].set_ylabel(unit)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plt.close(figure)
    return figure
