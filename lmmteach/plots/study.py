"""Pictures of the data: measurements, simulated studies, and the matrix V."""

import numpy as np

from lmmteach.plots.style import BETWEEN, NEUTRAL, WITHIN, book_style


def measurements(y, groups, mu, theta, *, unit="y", group_name="group"):
    """Each measurement over its group, with the two kinds of variation as arrows.

    Parameters
    ----------
    y : (n,) responses
    groups : (n,) labels
    mu : the mean μ̂, drawn as a line
    theta : (σ_b², σ_ε²); the arrows are one SD long, √θ
    unit, group_name : texts for the axes

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.2))
        _strip(ax, np.asarray(y), np.asarray(groups))
        sd_b, sd_e = np.sqrt(theta)
        right = len(np.unique(groups)) - 0.5
        ax.axhline(mu, color=NEUTRAL, lw=1, ls="--", zorder=0)
        for x, start, length, color, text in (
            (right + 0.25, mu, sd_b, BETWEEN, r"between: $\sigma_b$"),
            (right + 1.15, mu, sd_e, WITHIN, r"within: $\sigma_\varepsilon$"),
        ):
            arrow = {"arrowstyle": "<->", "color": color, "lw": 2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, start + length), (x, start), arrowprops=arrow)
            ax.text(x, start + length + 0.1, text, color=color, ha="center", va="bottom")
        ax.text(right + 1.6, mu - 0.08, r"$\hat\mu$", color=NEUTRAL, ha="right", va="top")
        ax.set(xlabel=group_name, ylabel=unit, xlim=(-0.6, right + 1.7))
    plt.close(figure)
    return figure


def simulated_studies(studies, groups, labels, *, unit="y", group_name="group"):
    """Several studies side by side on one scale.

    Parameters
    ----------
    studies : list of (n,) responses
    groups : (n,) labels, the same in each study
    labels : a title for each study

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, axes = plt.subplots(
            1, len(studies), figsize=(2.0 * len(studies), 3.2), sharey=True, squeeze=False
        )
        for ax, y, label in zip(axes[0], studies, labels, strict=True):
            _strip(ax, np.asarray(y), np.asarray(groups))
            ax.set(title=label, xlabel=group_name)
        axes[0, 0].set_ylabel(unit)
    plt.close(figure)
    return figure


def supposed_variances(means, mu, sigma2_b, of_error, *, unit="y"):
    """The means of the groups, below the normal curve from which each variance would draw them.

    Parameters
    ----------
    means : (q,) means of the groups
    mu : the centre of the curves
    sigma2_b : the variances between groups that are supposed, a panel for each
    of_error : what errors of measurement add to the variance of a mean

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    sds = np.sqrt(np.asarray(sigma2_b) + of_error)
    x = mu + sds.max() * np.linspace(-2.8, 2.8, 601)
    with book_style():
        figure, axes = plt.subplots(
            len(sds), 1, figsize=(7.2, 1.5 * len(sds)), sharex=True, squeeze=False
        )
        for ax, variance, sd in zip(axes[:, 0], sigma2_b, sds, strict=True):
            density = np.exp(-(((x - mu) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
            ax.plot(x, density, color=NEUTRAL, lw=2)
            ax.plot(means, np.zeros(len(means)), "o", color=BETWEEN, ms=8, clip_on=False)
            ax.set(yticks=[], ylim=(0, None), xlim=(x[0], x[-1]))
            ax.set_title(rf"if $\sigma_b^2$ were {variance:g}")
            ax.spines["left"].set_visible(False)
        axes[-1, 0].set_xlabel(unit)
    plt.close(figure)
    return figure


def covariance_picture(V, *, unit=""):
    """The matrix V as a picture: a square for each pair of observations, darker where larger.

    Parameters
    ----------
    V : (n, n) covariance
    unit : text for the colour bar

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    V = np.asarray(V)
    with book_style():
        figure, ax = plt.subplots(figsize=(5.2, 4.2))
        image = ax.imshow(V, cmap="Blues", vmin=0, vmax=V.max(), interpolation="nearest")
        edges = [0.5, len(V) + 0.5]
        image.set_extent((*edges, *edges[::-1]))
        ax.set(xlabel="observation", ylabel="observation")
        figure.colorbar(image, ax=ax, label=f"covariance {unit}".strip())
    plt.close(figure)
    return figure


def _strip(ax, y, groups):
    """Measurements as open triangles (within), group means as bars (between)."""
    labels = np.unique(groups)
    for position, label in enumerate(labels):
        own = y[groups == label]
        spread = np.linspace(-0.22, 0.22, len(own))
        ax.plot(position + spread, own, ls="", marker="^", ms=5, mfc="none", mec=WITHIN, alpha=0.9)
        ax.plot([position - 0.33, position + 0.33], 2 * [own.mean()], color=BETWEEN, lw=3)
    ax.set_xticks(range(len(labels)), [str(label) for label in labels])
