"""The estrone study as the explorers use it: arrays, fits, and the positions of σ_b²."""

from functools import cache
from typing import NamedTuple

import numpy as np

from lmmteach.data import load_data
from lmmteach.likelihood import fit_ml, loglik
from lmmteach.model import V_theta, random_intercept_design
from lmmteach.profile import gls
from lmmteach.reml import fit_reml, restricted_loglik


class EstroneStudy(NamedTuple):
    """Response, designs, and both estimates of θ."""

    y: np.ndarray
    X: np.ndarray
    Z: np.ndarray
    theta_ml: np.ndarray
    theta_reml: np.ndarray


@cache
def estrone():
    """The lecture's data."""
    data = load_data("estrone")
    y, Z = data["logestrone"].to_numpy(), random_intercept_design(data["woman"])
    X = np.ones((len(y), 1))
    return EstroneStudy(y, X, Z, fit_ml(y, X, Z)[1], fit_reml(y, X, Z)[1])


# The estimates and the value of half shrinkage, as the book prints them.
ML, REML, HALF = 1.3955, 1.7494, 0.0203


def between(low, high, count, *more):
    """Positions for σ_b²: a logarithmic range in two digits, with a few more values in it.

    Of the range, what would lie next to one of the further values is left out.
    """
    return _with(more, [float(f"{value:.2g}") for value in np.geomspace(low, high, count)])


def between_by_sd(high, count, *more):
    """Positions for σ_b² from 0 to ``high`` whose roots are evenly spaced, with a few more."""
    return _with(more, [float(f"{sd**2:.2g}") for sd in np.linspace(0, np.sqrt(high), count)])


def _with(more, grid):
    apart = [value for value in grid if all(abs(value - extra) > 0.05 * value for extra in more)]
    return tuple(sorted({*apart, *more}))


@cache
def hill(reml, low, high, bottom, top):
    """The hill over θ: positions of σ_b², evenly on a logarithmic scale, of σ_ε², and heights.

    Heights are those of ℓ with the best mean, or of ℓ_R where ``reml``, and begin at 0 for the top.
    """
    y, X, Z, *estimates = estrone()

    def height(theta):
        V = V_theta(theta, Z)
        return restricted_loglik(V, y, X) if reml else loglik(gls(V, y, X)[0], V, y, X)

    over, up = np.geomspace(low, high, 41), np.linspace(bottom, top, 31)
    heights = [[height((sigma2_b, sigma2_e)) for sigma2_b in over] for sigma2_e in up]
    return over, up, np.array(heights) - height(estimates[reml])


@cache
def hill_lines(reml, ranges, levels):
    """Lines of equal height on the hill: the points (σ_b², σ_ε²) of each."""
    from matplotlib.figure import Figure

    over, up, heights = hill(reml, *ranges)
    # On the logarithmic scale on which they are drawn, the lines are straight from point to point.
    contours = Figure().subplots().contour(np.log(over), up, heights, levels)
    lines = [line for lines in contours.allsegs for line in lines]
    return [np.column_stack([np.exp(line[:, 0]), line[:, 1]]) for line in lines]
