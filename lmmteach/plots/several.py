"""Pictures of models with several random effects: lines of groups, V by its terms, shrinkage."""

import numpy as np

from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style


def group_lines(x, y, groups, beta, own=None, shrunk=None, *, columns=6, names=("x", "y")):
    """A small panel for each group: its measurements, and up to three lines through them.

    Parameters
    ----------
    x, y : (n,) covariate and responses
    groups : (n,) labels
    beta : (2,) intercept and slope of all groups, dashed in each panel
    own : (q, 2) the line of each group by itself, dotted; left out if None
    shrunk : (q, 2) the line that the model predicts for it, solid; left out if None
    columns : panels in a row
    names : texts for the axes

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    x, y, groups, beta = map(np.asarray, (x, y, groups, beta))
    labels = np.unique(groups)
    rows = -(-len(labels) // columns)
    ends = np.array([x.min(), x.max()])
    with book_style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(7.6, 1.35 * rows + 0.7), sharex=True, sharey=True, squeeze=False
        )
        for ax in axes.ravel()[len(labels) :]:
            ax.set_visible(False)
        for i, (ax, label) in enumerate(zip(axes.ravel(), labels, strict=False)):
            mine = groups == label
            ax.plot(x[mine], y[mine], "^", ms=3.5, mfc="none", mec=WITHIN, mew=0.9, label="data")
            ax.plot(ends, beta[0] + beta[1] * ends, color=NEUTRAL, ls="--", lw=1, label="all")
            for lines, style, color, words in (
                (own, ":", WITHIN, "own least-squares line"),
                (shrunk, "-", BETWEEN, "line of the model"),
            ):
                if lines is not None:
                    line = np.asarray(lines)[i]
                    ax.plot(
                        ends, line[0] + line[1] * ends, ls=style, lw=2, color=color, label=words
                    )
            ax.set_title(str(label), fontsize=9, pad=2)
            ax.tick_params(labelsize=8)
        figure.supxlabel(names[0], fontsize=11)
        figure.supylabel(names[1], fontsize=11)
        if own is not None or shrunk is not None:
            handles, texts = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, texts, loc="outside upper center", ncols=len(texts))
    plt.close(figure)
    return figure


def structures(named, *, columns=3):
    """The matrix V of several models side by side, each scaled to its own largest entry.

    Parameters
    ----------
    named : list of (title, V) with V (n, n)
    columns : pictures in a row

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    # From clear to full, so that the page shows through where a covariance is 0.
    shades = [(*to_rgb(BETWEEN), alpha) for alpha in (0, 1)]
    shading = LinearSegmentedColormap.from_list("covariance", shades)
    rows = -(-len(named) // columns)
    with book_style():
        figure, axes = plt.subplots(
            rows, columns, figsize=(2.5 * columns, 2.75 * rows), squeeze=False
        )
        for ax in axes.ravel()[len(named) :]:
            ax.set_visible(False)
        for ax, (title, V) in zip(axes.ravel(), named, strict=False):
            V = np.asarray(V)
            ax.imshow(V, cmap=shading, vmin=0, vmax=V.max(), interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=10, family="monospace")
            for spine in ax.spines.values():
                spine.set(visible=True, color=NEUTRAL)
    plt.close(figure)
    return figure


def shrinkage_plane(own, shrunk, centre, D_1, *, names=("intercept", "slope"), marked=()):
    """Shrinkage in two dimensions: an arrow for each group, in the plane of its two numbers.

    Parameters
    ----------
    own : (q, 2) intercept and slope of each group's own least-squares line
    shrunk : (q, 2) those that the model predicts
    centre : (2,) those of all groups
    D_1 : (2, 2) covariance of the random effects; the ellipse is drawn where its quadratic form is
        1, and 2² = 4
    names : texts for the axes
    marked : list of (position of a group, label)

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    own, shrunk, centre = map(np.asarray, (own, shrunk, centre))
    eigenvalues, vectors = np.linalg.eigh(D_1)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0))
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = root @ np.array([np.cos(angle), np.sin(angle)])
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.6))
        for radius in (1, 2):
            around = centre[:, np.newaxis] + radius * circle
            words = "1 and 2 SDs of the random effects" if radius == 1 else None
            ax.plot(*around, color=NEUTRAL, lw=1, ls="-.", label=words)
        for start, end in zip(own, shrunk, strict=True):
            ax.plot(*np.transpose([start, end]), color=BETWEEN, lw=1.6)
        ax.plot(*own.T, "^", mfc="none", mec=WITHIN, ms=8, mew=1.6, label="own least-squares line")
        ax.plot(*shrunk.T, "o", color=BETWEEN, ms=6, label="line of the model")
        ax.plot(*centre, "+", color=INK, ms=14, mew=2, label="line of all")
        for position, label in marked:
            ax.annotate(
                str(label), own[position], xytext=(8, 5), textcoords="offset points", fontsize=9
            )
        ax.set(xlabel=names[0], ylabel=names[1])
        figure.legend(loc="outside lower center", ncols=2)
    plt.close(figure)
    return figure
