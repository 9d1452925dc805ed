"""Whether the data can tell the parameters of a model apart, asked before the fit.

Sums answer at no cost; only where they leave a doubt, the rows are asked.
"""

from itertools import combinations, product

import numpy as np

from lmmteach._climb import (
    GROUPS_EXPLAINED,
    NOTHING_WITHIN,
    ONE_EACH,
    negligible,
    require_rows,
)
from lmmteach._turned import axes_of

# The share of a sum of squares below which it may be nothing but rounding.
DOUBT = 1e-8
# A slope's column of which the effects before it leave this share is as good as explained.
NARROW = 1e-12


def require_told_apart(engine, random, y, held=False):
    """Raise a ValueError if the data break an assumption of the fit.

    Parameters
    ----------
    engine : Literal or Fast
    random : RandomPart
    y : (n,) responses, before OLS took anything out
    held : whether the variance between groups is held, and need not be told
    """
    n, p = engine.shape
    covariances = sum(len(block) * (len(block) - 1) // 2 for block in random.blocks)
    require_rows(n, p, len(random.scale) + 1, covariances)
    if held:
        return
    _require_once(random)
    _require_spread(engine, random)
    for f, factor in enumerate(engine.factors):
        for z in factor.z:
            if _explained(engine, factor, z):
                several = len(engine.factors) > 1
                groups = f"the groups of {random.groupings[f].label!r}" if several else "the groups"
                raise ValueError(GROUPS_EXPLAINED.format(groups))
    columns = p + sum(len(factor.z) * factor.q for factor in engine.factors)
    if columns >= n and engine.rank() == n:
        raise ValueError(ONE_EACH)
    if engine.leaves_nothing(y):
        raise ValueError(NOTHING_WITHIN)


def _require_once(random):
    """Raise a ValueError if two bars have the same column of Z for the same groups."""
    for one, other in combinations(random.bars, 2):
        if not _same_groups(*(random.factors[bar.factor] for bar in (one, other))):
            continue
        for (i, of_one), (j, of_other) in product(enumerate(one.places), enumerate(other.places)):
            if _parallel(random.column_of(of_one)[1], random.column_of(of_other)[1]):
                raise ValueError(
                    f"{one.effects[i]!r} of {one.name!r} and {other.effects[j]!r} of "
                    f"{other.name!r} are the same effect of the same groups, so that nothing tells "
                    "their variances apart. Leave one of them out."
                )


def _same_groups(one, other):
    """Whether two factors put the same rows together."""
    if one is other:
        return True
    if one.q != other.q:
        return False
    partner = np.empty(one.q, dtype=int)
    partner[one.codes] = other.codes
    # So each group of one is all in one of the other, and as there are as many, all of it.
    return np.array_equal(partner[one.codes], other.codes)


def _parallel(one, other):
    """Whether one column of Z is a multiple of the other; None for a column of ones."""
    if one is None and other is None:
        return True
    one, other = (np.ones(1) if z is None else z for z in (one, other))
    one, other = np.broadcast_arrays(one, other)
    return (one @ other) ** 2 > (1 - NARROW) * (one @ one) * (other @ other)


def _require_spread(engine, random):
    """Raise a ValueError if a column of Z is all but a combination of others in its bar."""
    axes = axes_of(engine.R, random.blocks)
    for bar in random.bars:
        for j, place in enumerate(bar.places):
            squares = axes[bar.places, place] ** 2
            if squares[j] > NARROW * squares.sum():
                continue
            name, of_bar = bar.effects[j], f"in the random part of {bar.name!r}"
            if not squares.any():
                raise ValueError(f"The column {name!r} {of_bar} is 0 in every row. Leave it out.")
            # What is left of a column that has one value is its rounding.
            varies = squares[1:].sum() > NARROW**2 * squares[0]
            if (
                bar.effects[0] == "(Intercept)"
                and varies
                and squares[1:].sum() < DOUBT * squares[0]
            ):
                raise ValueError(
                    f"The values of {name!r} {of_bar} are so far from 0, and so close together, "
                    "that its slopes and the intercepts cannot be told apart. Subtract the mean "
                    "first."
                )
            raise ValueError(
                f"The column {name!r} {of_bar} adds nothing to what "
                f"{', '.join(bar.effects[:j])} can explain. Leave it out of that part."
            )


def _explained(engine, factor, z):
    """Whether the orthonormal columns of X contain all columns of Z of one effect."""
    n, p = engine.shape
    if z is None and factor.q > p:
        return False
    lengths = np.bincount(factor.codes, np.ones(n) if z is None else z**2, minlength=factor.q)
    # Columns of different groups are at right angles, and so independent.
    if np.count_nonzero(lengths) > p:
        return False
    Q = engine.X
    along = [
        np.bincount(factor.codes, column if z is None else column * z, minlength=factor.q)
        for column in Q.T
    ]
    if lengths.sum() - np.sum(np.square(along)) > DOUBT * lengths.sum():
        return False
    for group in np.flatnonzero(lengths):
        column = np.where(factor.codes == group, 1.0 if z is None else z, 0.0)
        left = column - Q @ (Q.T @ column)
        if not negligible(left - Q @ (Q.T @ left), column):
            return False
    return True
