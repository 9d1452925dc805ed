"""When two numbers count as the same: a rule of whole cells, alike in Python and on a page."""

import math
from functools import lru_cache

CELLS_PER_ATOL = 5
# Up to here a number is close to another: some digits were lost on the way.
NEARBY = 10 * CELLS_PER_ATOL
# Nobody copies more of a number than this: as many decimals, as many significant digits, and 1.
DECIMALS, DIGITS = 7, 7


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


@lru_cache(maxsize=4096)
def rounded_cells(target, atol, digits=2):
    """Return the cells of what the target becomes when it is rounded, however far.

    To 0, 1, 2, … decimals, as long as ``digits`` significant digits are left, and to 2, 3, 4, …
    significant digits, which for a large number leave tens or hundreds.
    """
    if target == 0 or not math.isfinite(target):
        return frozenset()
    first = math.floor(math.log10(abs(target)))
    decimals = {*range(DECIMALS), *(k - 1 - first for k in range(2, DIGITS))}
    roundings = ((round(target, k), k) for k in decimals)
    return frozenset(
        cell(value, atol)
        for value, k in roundings
        if abs(value) * 10.0**k >= 10 ** (digits - 1) - 0.5
    )


def close_to(value, target, atol):
    """Whether a value is the target up to ten times ``atol``."""
    return distance(value, target, atol) <= NEARBY
