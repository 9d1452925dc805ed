"""When two numbers count as the same: a rule of whole cells, alike in Python and on a page."""

import math

CELLS_PER_ATOL = 5
# Up to here a number is close to another: some digits were lost on the way.
NEARBY = 10 * CELLS_PER_ATOL


def grid_step(atol):
    """Return the width of the cells into which the line of numbers is cut."""
    return atol / CELLS_PER_ATOL


def cell(value, atol):
    """Return the number of the cell that a value lies in; infinite where there is none."""
    position = value / grid_step(atol) + 0.5
    return math.floor(position) if math.isfinite(position) else position


def distance(value, target, atol):
    """Return how many cells lie between two finite numbers."""
    return abs(cell(value, atol) - cell(target, atol))


def matches(value, target, atol):
    """Whether a value is the target, up to ``atol`` (and a tenth of it at most)."""
    return distance(value, target, atol) <= CELLS_PER_ATOL


def is_rounded(value, target, atol, digits=2):
    """Whether a value is the target rounded, with this many digits left at least."""
    return cell(value, atol) in rounded_cells(target, atol, digits)


def rounded_cells(target, atol, digits=2):
    """Return the cells of what the target becomes when it is rounded to 0, 1, 2, … decimals."""
    roundings = (round(target, decimals) for decimals in range(5))
    return {
        cell(value, atol)
        for decimals, value in enumerate(roundings)
        if abs(value) * 10**decimals >= 10 ** (digits - 1)
    }


def close_to(value, target, atol):
    """Whether a value is the target up to ten times ``atol``."""
    return distance(value, target, atol) <= NEARBY
