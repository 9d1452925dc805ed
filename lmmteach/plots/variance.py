"""Pictures of REML and of tests: contrasts, estimates of many studies, null distributions."""

import numpy as np

from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style


def two_observations(pairs, shifted):
    """Many data sets of two observations each: their mean and their difference as directions.

    Parameters
    ----------
    pairs : (m, 2) data sets
    shifted : (m, 2) the same with another mean

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    pairs, shifted = np.asarray(pairs), np.asarray(shifted)
    with book_style():
        figure, (ax, lower) = plt.subplots(1, 2, figsize=(7.6, 3.8))
        limits = [min(pairs.min(), shifted.min()) - 0.5, max(pairs.max(), shifted.max()) + 0.5]
        ax.plot(limits, limits, color=NEUTRAL, lw=1)
        for points, color, marker in ((pairs, BETWEEN, "o"), (shifted, WITHIN, "^")):
            ax.plot(*points.T, marker, mfc="none", mec=color, ms=5)
        ax.set(xlim=limits, ylim=limits, aspect="equal", xlabel=r"$y_1$", ylabel=r"$y_2$")
        ax.set_title("the data; grey: direction of X", fontsize=11)
        lower.set_title("what is left: the contrast", fontsize=11)
        for row, (points, color, marker) in enumerate(
            ((pairs, BETWEEN, "o"), (shifted, WITHIN, "^"))
        ):
            contrast = points[:, 1] - points[:, 0]
            lower.plot(contrast, np.full(len(points), row), marker, mfc="none", mec=color, ms=6)
        lower.set(
            yticks=[0, 1],
            yticklabels=["first mean", "second mean"],
            ylim=(-0.7, 1.7),
            xlabel=r"$K^T y = y_2 - y_1$",
        )
    plt.close(figure)
    return figure


def contrast_curves(sigma2_b, curves, best):
    """Log-likelihoods of error contrasts, a curve for each K, with its top marked.

    Parameters
    ----------
    sigma2_b : (m,) values along the axis
    curves : ``{name: (m,) heights}``
    best : the σ_b² at the top of all of them

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.8))
        for (name, heights), style in zip(
            curves.items(), ("-", "--", "-.", (0, (1, 1))), strict=False
        ):
            heights = np.asarray(heights)
            ax.plot(sigma2_b, heights, color=BETWEEN, ls=style, lw=2, label=name)
            top = heights.argmax()
            ax.plot(sigma2_b[top], heights[top], "*", color=INK, ms=11)
        ax.axvline(best, color=NEUTRAL, lw=1, ls=":")
        ax.set(xlabel=r"$\sigma_b^2$", ylabel=r"$\ell_K$")
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), title="K")
    plt.close(figure)
    return figure


def two_tops(sigma2_b, curves):
    """Two log-likelihoods of σ_b² as drops below their own tops, so that the tops can be compared.

    Parameters
    ----------
    sigma2_b : (m,) values along the axis
    curves : ``{method: (m,) heights}``

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.6))
        for (method, heights), color, style in zip(
            curves.items(), (BETWEEN, WITHIN), ("-", "--"), strict=True
        ):
            heights = np.asarray(heights)
            top = heights.argmax()
            ax.plot(sigma2_b, heights - heights[top], color=color, ls=style, lw=2.5, label=method)
            ax.axvline(sigma2_b[top], color=color, lw=1, ls=":")
            ax.plot(sigma2_b[top], 0, "*", color=color, ms=13)
        ax.set(
            xlabel=r"variance between women, $\sigma_b^2$",
            ylabel="log-likelihood below the top",
            xlim=(0, sigma2_b[-1]),
            ylim=(-3, 0.3),
        )
        ax.legend(loc="lower right")
    plt.close(figure)
    return figure


def estimates_of_studies(estimates, truth, *, top=6.0):
    """Estimates of σ_b² from many simulated studies, as a hundred dots.

    Parameters
    ----------
    estimates : ``{method: (m,) estimates}``
    truth : the σ_b² that all studies were drawn with
    top : end of the axis; estimates beyond it are counted at its end

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, axes = plt.subplots(
            len(estimates), 1, figsize=(7.2, 1.9 * len(estimates)), sharex=True, squeeze=False
        )
        for ax, (method, values) in zip(axes[:, 0], estimates.items(), strict=True):
            values = np.asarray(values)
            dots = np.quantile(values, (np.arange(100) + 0.5) / 100)
            bins = np.round(np.minimum(dots, top) / (top / 40)).astype(int)
            stack = [np.sum(bins[:i] == bins[i]) for i in range(len(bins))]
            ax.plot(bins * top / 40, stack, "o", ms=5.2, color=BETWEEN)
            ax.axvline(truth, color=NEUTRAL, lw=1, ls="--")
            ax.plot(values.mean(), -1.3, "^", color=INK, ms=9, clip_on=False)
            ax.set(yticks=[], ylim=(-0.8, max(15, *stack) + 1), xlim=(-0.1, top + 0.1))
            ax.set_title(method)
            ax.spines["left"].set_visible(False)
        axes[0, 0].text(truth, 14, " truth", color=NEUTRAL, va="top")
        axes[-1, 0].set_xlabel(r"$\hat\sigma_b^2$   (triangle: mean of all studies)", labelpad=10)
    plt.close(figure)
    return figure


def null_distribution(draws, observed, *, top=8.0):
    """How the statistic for σ_b² = 0 is distributed when it is 0: a spike, and a tail.

    Parameters
    ----------
    draws : (m,) from the null distribution
    observed : the statistic of the data, marked if it is below ``top``
    top : end of the axis

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt
    from scipy.special import chdtrc

    draws = np.asarray(draws)
    with book_style():
        figure, (spike, tail) = plt.subplots(
            1, 2, figsize=(7.6, 3.8), gridspec_kw={"width_ratios": [1, 3]}
        )
        zero = np.mean(draws == 0)
        names, shares = ["exact", "mixture", "χ²"], [zero, 0.5, 0.0]
        colors, styles = [BETWEEN, WITHIN, NEUTRAL], ["-", "--", "-."]
        spike.bar(range(3), shares, color=colors, width=0.6)
        for x, share in enumerate(shares):
            spike.text(x, share + 0.01, f"{share:.2f}", ha="center", va="bottom")
        spike.set_xticks(range(3), names, fontsize=9)
        spike.set(ylabel="probability that the statistic is 0", ylim=(0, 0.85))
        x = np.linspace(0.02, top, 300)
        exceed = 1 - np.searchsorted(np.sort(draws), x) / len(draws)
        for values, name, color, style in zip(
            (exceed, 0.5 * chdtrc(1, x), chdtrc(1, x)), names, colors, styles, strict=True
        ):
            tail.plot(x, values, color=color, ls=style, lw=2, label=name)
        if observed < top:
            tail.axvline(observed, color=INK, lw=1)
            tail.text(observed, 0.75, " observed", rotation=90, va="top", ha="right")
        tail.axhline(0.05, color=NEUTRAL, lw=0.8, ls=":")
        tail.set(xlabel="t", ylabel="probability of t or more", yscale="log", ylim=(0.003, 1))
        tail.set_yticks(
            [0.005, 0.01, 0.05, 0.1, 0.5, 1], ["0.005", "0.01", "0.05", "0.1", "0.5", "1"]
        )
        tail.legend(loc="upper right")
    plt.close(figure)
    return figure


def wald_ceiling(factors, z, lrt, ceiling):
    """The Wald statistic of σ_b² and the root of the likelihood ratio statistic, side by side.

    Parameters
    ----------
    factors : (m,) what the variance between groups was multiplied by
    z : (m,) Wald statistics
    lrt : (m,) likelihood ratio statistics
    ceiling : what z can never exceed

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 3.8))
        ax.plot(factors, np.sqrt(lrt), color=BETWEEN, lw=2.5, label=r"$\sqrt{LRT}$")
        ax.plot(factors, z, color=WITHIN, lw=2.5, ls="--", label="Wald z")
        ax.axhline(ceiling, color=NEUTRAL, lw=1, ls=":")
        ax.text(
            factors[-1],
            ceiling * 1.05,
            f"ceiling {ceiling:.3f}",
            color=NEUTRAL,
            ha="right",
            va="bottom",
        )
        ax.set(xscale="log", yscale="log", xlabel=r"$\sigma_b^2$ multiplied by", ylabel="statistic")
        ax.set_yticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
        ax.set_yticks([], minor=True)
        ax.legend(loc="upper left")
    plt.close(figure)
    return figure
