"""The five women as a picture: measurements, levels, and σ_b around the common mean."""

import numpy as np

from lmmteach.plots.style import BETWEEN, INK, WITHIN
from lmmteach.widgets.picture import beside, new_figure, set_title

# Sixteen measurements side by side take this much of a woman's place on the axis.
SPREAD = np.linspace(-0.27, 0.27, 16)
ARROW = 5.85


def stage(title, low, high):
    """A place for each woman, and one for the arrow of σ_b."""
    figure, (ax,) = new_figure(height=3.4)
    ax.set(xlim=(0.45, 6.5), ylim=(low, high), xticks=range(1, 6))
    ax.set_yticks(range(int(np.ceil(low)), int(high) + 1))
    ax.set_xlabel("woman")
    ax.set_ylabel("logestrone")
    set_title(ax, title)
    return figure, (ax,)


def show_measurements(ax, y):
    """The measurements of each woman, from left to right in their order; y has a row for each."""
    for woman, values in enumerate(y, start=1):
        ax.plot(woman + SPREAD, values, "+", color=WITHIN, ms=5, mew=1, alpha=0.8)


def show_levels(ax, levels):
    """A bar at the level of each woman."""
    for woman, level in enumerate(levels, start=1):
        ends = [woman - 0.36, woman + 0.36]
        ax.plot(ends, [level] * 2, color=BETWEEN, lw=3.5, solid_capstyle="butt")


def show_spread(ax, mu, sigma_b, gid=None):
    """The common mean with a band of one σ_b either way, and σ_b as an arrow at the right."""
    from matplotlib.patches import Rectangle

    # Versions of matplotlib differ in how they go round the band of axhspan, and the browser's is
    # another one than that of the page.
    band = Rectangle((0, mu - sigma_b), 1, 2 * sigma_b, transform=ax.get_yaxis_transform())
    band.set(color=BETWEEN, alpha=0.13, lw=0)
    ax.add_patch(band)
    ax.axhline(mu, color=INK, lw=1, ls="--")
    ax.plot([ARROW] * 2, [mu, mu + sigma_b], color=BETWEEN, lw=2.5)
    ax.plot(ARROW, mu + sigma_b, "o", color=BETWEEN, ms=9, gid=gid)
    beside(ax, ARROW + 0.2, mu + sigma_b, "σ_b", BETWEEN, fontsize=11)
