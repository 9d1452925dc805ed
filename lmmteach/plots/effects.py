"""Pictures of the groups: shrinkage, what is known of each b, and predictions."""

import numpy as np

from lmmteach.blup import shrinkage_factor
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style


def shrinkage(means, n_i, settings, names, *, unit="y"):
    """From the mean of each group to its BLUP, a line towards μ̂; a panel for each setting.

    Parameters
    ----------
    means : (q,) means of the groups
    n_i : (q,) how many observations each has
    settings : list of (title, μ̂, (σ_b², σ_ε²))
    names : (q,) labels of the groups

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    means, rows = np.asarray(means), np.arange(len(means))
    with book_style():
        figure, axes = plt.subplots(
            1, len(settings), figsize=(7.6, 3.9), sharex=True, sharey=True, squeeze=False
        )
        for ax, (title, mu, theta) in zip(axes[0], settings, strict=True):
            levels = mu + shrinkage_factor(n_i, theta) * (means - mu)
            ax.axvline(mu, color=NEUTRAL, ls="--", lw=1)
            ax.text(mu, len(means) - 0.45, r" $\hat\mu$", color=NEUTRAL, va="center")
            for row, (mean, level) in enumerate(zip(means, levels, strict=True)):
                ax.plot([mean, level], [row, row], color=BETWEEN, lw=2.5)
            ax.plot(means, rows, "^", mfc="none", mec=WITHIN, ms=9, mew=1.8, label="her own mean")
            ax.plot(levels, rows, "o", color=BETWEEN, ms=7, label="BLUP")
            ax.set(xlabel=unit, ylim=(-0.6, len(means) - 0.2))
            ax.set_title(title, fontsize=11)
        ticks = [f"{name} (n = {int(n)})" for name, n in zip(names, n_i, strict=True)]
        axes[0, 0].set(yticks=rows, yticklabels=ticks)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    plt.close(figure)
    return figure


def caterpillar(b, sds, names, *, unit="y"):
    """Each predicted random effect with two conditional standard deviations either way, sorted.

    Parameters
    ----------
    b : (q,) predicted random effects
    sds : (q,) their standard deviations, given the data
    names : (q,) labels of the groups

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    b, sds = np.asarray(b), np.asarray(sds)
    order = np.argsort(b)
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.2))
        rows = np.arange(len(b))
        bars = {"fmt": "o", "color": BETWEEN, "ecolor": BETWEEN, "elinewidth": 2, "capsize": 4}
        ax.errorbar(b[order], rows, xerr=2 * sds[order], **bars)
        ax.axvline(0, color=NEUTRAL, ls="--", lw=1)
        ax.set(yticks=rows, yticklabels=[str(names[i]) for i in order], xlabel=unit)
        ax.set_ylim(-0.6, len(b) - 0.4)
    plt.close(figure)
    return figure


def posterior(deviation, n_i, theta, *, unit="y"):
    """What is known of one b before, from, and after its n_i measurements.

    Parameters
    ----------
    deviation : mean of the group's measurements minus μ̂
    n_i : number of its measurements
    theta : (σ_b², σ_ε²)

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    sigma2_b, sigma2_e = theta
    factor = shrinkage_factor(n_i, theta)
    curves = (
        (0.0, sigma2_b, BETWEEN, "--", r"before: $f(b)$"),
        (deviation, sigma2_e / n_i, WITHIN, "-.", r"from her data: $f(y \mid b)$"),
        (factor * deviation, (1 - factor) * sigma2_b, INK, "-", r"after: $f(b \mid y)$"),
    )
    ends = [mean + side * 3.2 * np.sqrt(v) for mean, v, *_ in curves for side in (-1, 1)]
    b = np.linspace(min(ends), max(ends), 600)
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.4))
        for mean, variance, color, style, text in curves:
            density = np.exp(-((b - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
            ax.plot(b, density, color=color, ls=style, lw=2, label=text)
        ax.set(xlabel=f"b ({unit})", yticks=[], ylim=(0, None))
        ax.spines["left"].set_visible(False)
        ax.legend(loc="upper left" if deviation > 0 else "upper right")
    plt.close(figure)
    return figure


def joint_density(deviation, theta, *, unit="y"):
    """Why b is integrated out: two densities over b, and below them their product with its area.

    Parameters
    ----------
    deviation : one measurement minus μ
    theta : (σ_b², σ_ε²)

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    end = max(3.2 * np.sqrt(theta[0]), abs(deviation) + 3.2 * np.sqrt(theta[1]))
    b = np.linspace(-end, end, 600)
    prior, given_b = (
        np.exp(-((b - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        for mean, variance in zip((0.0, deviation), theta, strict=True)
    )
    with book_style():
        figure, (above, below) = plt.subplots(2, 1, figsize=(7.2, 4.4), sharex=True)
        above.plot(b, prior, color=BETWEEN, ls="--", lw=2, label="$f(b)$")
        above.plot(b, given_b, color=WITHIN, ls="-.", lw=2, label=r"$f(y \mid b)$")
        below.plot(b, prior * given_b, color=INK, lw=2, label=r"$f(y \mid b)\,f(b)$")
        below.fill_between(b, prior * given_b, color=NEUTRAL, alpha=0.3, label="its area: $f(y)$")
        below.set(xlabel=f"b ({unit})")
        for ax in (above, below):
            ax.set(yticks=[], ylim=(0, None))
            ax.spines["left"].set_visible(False)
            ax.legend(loc="upper left" if deviation > 0 else "upper right")
    plt.close(figure)
    return figure


def predictions(y, groups, known, new, *, unit="y"):
    """The data, and what is expected next: of each group, and of a new one.

    Parameters
    ----------
    y : (n,) responses
    groups : (n,) labels
    known : (q, 3) prediction, lower and upper end for the next value of each group
    new : (3,) the same for a group that is not in the data

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    y, groups = np.asarray(y), np.asarray(groups)
    labels = np.unique(groups)
    rows = np.vstack([known, new])
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.0))
        for position, label in enumerate(labels):
            own = y[groups == label]
            spread = position - 0.12 - np.linspace(0, 0.24, len(own))
            ax.plot(spread, own, ls="", marker="^", ms=4.5, mfc="none", mec=WITHIN)
        for position, (centre, lower, upper) in enumerate(rows):
            color = BETWEEN if position == len(labels) else WITHIN
            x = position + (0.0 if position == len(labels) else 0.18)
            ax.plot([x, x], [lower, upper], color=color, lw=3, solid_capstyle="butt")
            ax.plot(x, centre, marker="o", color=color, ms=7)
        ax.set_xticks(range(len(labels) + 1), [*map(str, labels), "new"])
        ax.set(ylabel=unit, xlabel="woman")
    plt.close(figure)
    return figure
