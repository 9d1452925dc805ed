"""The estrone study as the explorers use it: arrays, fits, and the positions of σ_b²."""

from functools import cache
from typing import NamedTuple

import numpy as np

from lmmteach.data import load_data
from lmmteach.likelihood import fit_ml
from lmmteach.model import random_intercept_design
from lmmteach.reml import fit_reml


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
    grid = [float(f"{value:.2g}") for value in np.geomspace(low, high, count)]
    apart = [value for value in grid if all(abs(value - extra) > 0.05 * value for extra in more)]
    return tuple(sorted({*apart, *more}))
