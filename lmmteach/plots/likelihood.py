"""Pictures of the likelihood: the hill over θ, the two terms, the profile of one variance."""

import numpy as np

from lmmteach.model import V_theta
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN, book_style
from lmmteach.profile import profile_loglik


def hill(y, X, Z, sigma2_b, sigma2_e, paths=()):
    """The profile log-likelihood over both variances, as a map with contour lines.

    Parameters
    ----------
    y, X, Z : the data
    sigma2_b, sigma2_e : values along the two axes; the axis of σ_b² may start at 0
    paths : list of (label, array of (σ_b², σ_ε²) rows), drawn on the map; the last row of the
        first one is marked as the top

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    heights = np.array(
        [[profile_loglik(V_theta((b, e), Z), y, X) for b in sigma2_b] for e in sigma2_e]
    )
    below = heights.max() - heights
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.2))
        levels = [0, 0.1, 0.5, 1, 1.92, 3, 5, 8, 12, 20]
        filled = ax.contourf(sigma2_b, sigma2_e, below, [*levels, 1e9], cmap="Blues_r")
        filled.set_clim(-14, 24)
        lines = ax.contour(sigma2_b, sigma2_e, below, levels[2:], colors="black", linewidths=0.6)
        ax.clabel(lines, fmt=lambda level: f"−{level:g}", fontsize=8)
        for (label, points), style in zip(paths, ("o-", "s--"), strict=False):
            points = np.asarray(points)
            ax.plot(*points.T, style, color=WITHIN, ms=5, mfc="white", label=label, clip_on=False)
        if len(paths):
            top = np.asarray(paths[0][1])[-1]
            ax.plot(*top, "*", color=INK, ms=13, label="top", ls="", clip_on=False)
            ax.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=3, borderaxespad=0)
        ax.axvline(0, color=BETWEEN, lw=4)
        ax.set(
            xlabel=r"$\sigma_b^2$ (between)",
            ylabel=r"$\sigma_\varepsilon^2$ (within)",
            xlim=(min(0, sigma2_b[0]), sigma2_b[-1]),
            ylim=(sigma2_e[0], sigma2_e[-1]),
        )
    plt.close(figure)
    return figure


def two_terms(sigma2_b, log_determinants, quadratic_forms, best):
    """The two terms of the log-likelihood, and their sum, as σ_b² grows.

    Parameters
    ----------
    sigma2_b : (m,) values along the axis, all greater than 0
    log_determinants, quadratic_forms : (m,) log|V| and rᵀV⁻¹r there
    best : the σ_b² at the top, marked

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    spread, misfit = -np.asarray(log_determinants) / 2, -np.asarray(quadratic_forms) / 2
    with book_style():
        figure, ax = plt.subplots(figsize=(7.2, 4.0))
        for values, style, text in (
            (spread, {"color": BETWEEN, "ls": "--"}, r"$-\frac{1}{2}\log|V|$"),
            (misfit, {"color": WITHIN, "ls": "-."}, r"$-\frac{1}{2}r^T V^{-1} r$"),
            (spread + misfit, {"color": INK, "lw": 2.5}, r"$\ell$, their sum"),
        ):
            values = values - values.max()
            ax.plot(sigma2_b, values, label=text, **style)
        ax.axvline(best, color=NEUTRAL, lw=1, ls=":")
        ax.text(best, 0.02, r" $\hat\sigma_b^2$", color=NEUTRAL, transform=ax.get_xaxis_transform())
        ax.set(
            xscale="log",
            ylim=(-12, 0.6),
            xlim=(sigma2_b[0], sigma2_b[-1]),
            xlabel=r"$\sigma_b^2$",
            ylabel="below its own maximum",
        )
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.18), ncols=3, borderaxespad=0)
    plt.close(figure)
    return figure


def profile_curves(curve, sigma2_b, interval, wald):
    """The profile log-likelihood of σ_b² and of σ_b, the cut of an interval, the Wald parabola.

    Parameters
    ----------
    curve : function of σ_b², its profile log-likelihood
    sigma2_b : (m,) values along the axis; the curve is drawn at each
    interval : (low, high) of the profile interval for σ_b²
    wald : (estimate, standard error) of σ_b²

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    heights = np.array([curve(value) for value in sigma2_b])
    estimate, se = wald
    top = curve(estimate)
    with book_style():
        figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.8), sharey=True)
        # The same parabola in σ_b: the standard error goes over by the slope of the square root.
        for ax, root, name in zip(
            axes, (False, True), (r"$\sigma_b^2$", r"$\sigma_b$"), strict=True
        ):
            x = np.sqrt(sigma2_b) if root else sigma2_b
            centre = np.sqrt(estimate) if root else estimate
            width = se / (2 * centre) if root else se
            ends = np.sqrt(interval) if root else np.asarray(interval)
            wide = np.linspace(min(centre - 2.6 * width, 0), x[-1], 300)
            ax.plot(x, heights - top, color=BETWEEN, lw=2.5, label="profile")
            ax.plot(
                wide, -(((wide - centre) / width) ** 2) / 2, color=NEUTRAL, ls="--", label="Wald"
            )
            ax.axhline(-1.92, color=WITHIN, lw=1)
            ax.plot(ends, [-1.92, -1.92], "|", color=WITHIN, ms=14, mew=2)
            if wide[0] < 0:
                ax.axvspan(wide[0], 0, color=NEUTRAL, alpha=0.12, lw=0, zorder=0)
                ax.text(wide[0] / 2, -0.1, "below 0", ha="center", va="top", rotation=90)
            ax.set(xlabel=name, ylim=(-5, 0.4), xlim=(wide[0], x[-1]))
        axes[0].text(x[-1] ** 2, -1.85, "−1.92 ", color=WITHIN, ha="right", va="bottom")
        axes[0].set_ylabel("log-likelihood below the top")
        axes[0].legend(loc="lower right")
    plt.close(figure)
    return figure
