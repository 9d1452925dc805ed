"""The random part of a formula, evaluated: grouping factors, and the columns of Z within them."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._columns import kind_of_label, plain, require_columns, require_complete, without_type
from lmmteach.crossed import Factor


class Positions(NamedTuple):
    """For each row the position of its group, −1 for none; words on labels of a wrong type."""

    codes: np.ndarray
    remark: str


class Bar(NamedTuple):
    """A random part as the printout lists it: a bar of the formula, or a piece of one.

    Parameters
    ----------
    name : of its grouping factor; a second bar of one factor has ".1" added, as in lme4, and
        then "a:b" is "a.b"
    factor : the position of its grouping factor
    effects : the names of its columns of Z, "(Intercept)" first if it has one
    places : (k,) their positions in Λ
    """

    name: str
    factor: int
    effects: list
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Grouping:
    """A grouping factor: one column, or several whose combinations are the groups.

    Parameters
    ----------
    columns : names in the data
    label : as the printout has it, "woman" or "cask:batch"
    codes : (n,) the group of each row
    levels : labels of the groups
    keys : the same, to look up those of new data
    """

    columns: tuple
    label: str
    codes: np.ndarray
    levels: list
    keys: pd.Index

    def positions(self, newdata):
        """Which group each row of new data belongs to."""
        require_columns(self.columns, newdata, "newdata")
        require_complete(self.columns, newdata, "newdata")
        if len(self.columns) > 1:
            labels = pd.MultiIndex.from_frame(newdata[list(self.columns)].astype(object))
            return Positions(self.keys.get_indexer(labels), "")
        labels = pd.Index(newdata[self.columns[0]])
        codes = self.keys.get_indexer(labels)
        texts = {without_type(level): level for level in self.levels}
        alike = [label for label in labels[codes < 0] if without_type(label) in texts]
        remark = ""
        if alike:
            known = texts[without_type(alike[0])]
            remark = (
                f" But the data have {plain(known)} ({kind_of_label(known)}), while newdata has "
                f"{plain(alike[0])} ({kind_of_label(alike[0])}). Give both the same type."
            )
        return Positions(codes, remark)


@dataclass(frozen=True, eq=False)
class RandomPart:
    """All random parts of a model.

    Parameters
    ----------
    groupings : Groupings, those with the most groups first
    factors : the same as the engines take them, with the columns of Z
    bars : Bars, in the order of the printout
    columns : for each factor the pieces that make its columns of Z for new data, None for ones
    """

    groupings: list
    factors: list
    bars: list
    columns: list

    @cached_property
    def blocks(self):
        """The positions in Λ that may be correlated: those of each bar."""
        return [bar.places for bar in self.bars]

    @cached_property
    def scale(self):
        """(k,) what the diagonal of Λ can be expected to be: one over the size of its column."""
        sizes = [1.0 if z is None else np.sqrt(np.mean(z**2)) for f in self.factors for z in f.z]
        return 1 / np.where(np.array(sizes) > 0, sizes, 1.0)

    @property
    def q(self):
        """Number of random effects, the columns of Z."""
        return sum(self.factors[bar.factor].q * len(bar.places) for bar in self.bars)

    def with_rows_times(self, factors):
        """The same with each row of Z multiplied by a number; ``factors`` is (n,)."""
        return replace(
            self,
            factors=[
                f._replace(z=tuple(factors if z is None else factors * z for z in f.z))
                for f in self.factors
            ],
        )

    def column_of(self, place):
        """The factor that a position in Λ belongs to, and the values of its column of Z."""
        for f, factor in enumerate(self.factors):
            if place < len(factor.z):
                return f, factor.z[place]
            place -= len(factor.z)
        raise IndexError(place)

    def Z(self, n):
        """(n, q) all columns, bar by bar, the effects of one group side by side."""
        parts = []
        for bar in self.bars:
            factor = self.factors[bar.factor]
            part = np.zeros((n, factor.q, len(bar.places)))
            for i, place in enumerate(bar.places):
                _, values = self.column_of(place)
                part[np.arange(n), factor.codes, i] = 1.0 if values is None else values
            parts.append(part.reshape(n, -1))
        return np.column_stack(parts)

    def D(self, covariance):
        """(q, q) covariance of all random effects, from that of one group of each factor."""
        from scipy.linalg import block_diag

        blocks = [
            np.kron(np.eye(self.factors[bar.factor].q), covariance[np.ix_(bar.places, bar.places)])
            for bar in self.bars
        ]
        return block_diag(*blocks)

    def G(self, n):
        """(m − 1, n, n) the derivatives of V by each variance and covariance, bar by bar."""
        found = []
        for bar in self.bars:
            factor = self.factors[bar.factor]
            Z = [np.zeros((n, factor.q)) for _ in bar.places]
            for Z_i, place in zip(Z, bar.places, strict=True):
                _, values = self.column_of(place)
                Z_i[np.arange(n), factor.codes] = 1.0 if values is None else values
            for j, Z_j in enumerate(Z):
                found.append(Z_j @ Z_j.T)
                found += [Z_i @ Z_j.T + Z_j @ Z_i.T for Z_i in Z[j + 1 :]]
        return np.stack(found)

    def b(self, effects):
        """(q,) the random effects in the order of the columns of Z, from those of each factor."""
        rows = [row for values in effects for row in values]
        return np.concatenate(
            [np.column_stack([rows[place] for place in bar.places]).ravel() for bar in self.bars]
        )


def read_random(said, data, columns_of):
    """Build the random part of a formula.

    Parameters
    ----------
    said : Formula
    data : DataFrame with the grouping columns
    columns_of : function of terms that evaluates them, as ``Columns``

    Raises
    ------
    ValueError
        if a grouping factor has one group only, or as many effects as there are rows.
    """
    pieces = [
        (tuple(map(said.name_of, factor)), nested, terms)
        for bar in said.bars
        for factor, nested, terms in _pieces(bar)
    ]
    seen, groupings = {}, []
    for factor, nested, _ in pieces:
        if (factor, nested) not in seen:
            seen[factor, nested] = len(groupings)
            groupings.append(_grouping(data, factor, nested))
    made = {}
    for _, _, terms in pieces:
        if terms not in made:
            made[terms] = None if terms == ((),) else columns_of(terms)
    numbers = [len(groupings[seen[factor, nested]].levels) for factor, nested, _ in pieces]
    order = _lme4s_order(numbers)
    first = list(dict.fromkeys(seen[pieces[k][:2]] for k in order))
    z, columns, names = {g: [] for g in first}, {g: [] for g in first}, {g: [] for g in first}
    drafts = []
    for k in order:
        factor, nested, terms = pieces[k]
        g = seen[factor, nested]
        begin = len(z[g])
        if made[terms] is None:
            X, effects = [None], ["(Intercept)"]
        else:
            # A column of ones has its own, quicker, sums.
            X = [None if np.all(x == 1) else np.ascontiguousarray(x) for x in made[terms].X.T]
            effects = made[terms].names
        for column in X:
            # Only one column of ones can be taken out of the others.
            again = column is None and any(other is None for other in z[g])
            z[g].append(np.ones(len(data)) if again else column)
        columns[g].append(made[terms])
        names[g] += effects
        drafts.append((g, effects, begin))
    starts = dict(zip(first, np.cumsum([0, *(len(z[g]) for g in first)]), strict=False))
    bars, labels = [], []
    is_repeated = len({g for g, _, _ in drafts}) < len(drafts)
    for g, effects, begin in drafts:
        # Where bars have to be counted, R makes them names, which have no colon.
        label = groupings[g].label.replace(":", ".") if is_repeated else groupings[g].label
        labels.append(label)
        again = labels.count(label) - 1
        places = starts[g] + begin + np.arange(len(effects))
        name = f"{label}.{again}" if again else label
        bars.append(Bar(name, first.index(g), list(effects), places))
        _require_rows(groupings[g], effects, len(data))
    chosen = [groupings[g] for g in first]
    factors = [Factor(groupings[g].codes, len(groupings[g].levels), tuple(z[g])) for g in first]
    return RandomPart(chosen, factors, bars, [columns[g] for g in first])


def _pieces(bar):
    """The bars that lme4 makes of one: (columns of the factor, whether nested, terms)."""
    terms = [bar.terms] if bar.correlated else [(term,) for term in bar.terms]
    factors = sorted(bar.factors, key=len, reverse=True) if bar.nested else bar.factors
    return [
        (factor, bar.nested and len(factor) > 1, piece) for piece in terms for factor in factors
    ]


def _lme4s_order(numbers):
    """The order in which lme4 lists bars: by the number of groups, where it is not so already."""
    if all(a >= b for a, b in pairwise(numbers)):
        return list(range(len(numbers)))
    return list(np.argsort(numbers, kind="stable")[::-1])


def _grouping(data, columns, nested):
    shown = tuple(reversed(columns)) if nested else columns
    label = ":".join(shown)
    codes, levels = [], []
    for name in shown:
        own, labels = _coded(data[name])
        codes.append(own)
        levels.append(labels)
    if len(shown) == 1:
        (codes,), (levels,) = codes, levels
        keys, names = pd.Index(levels), list(levels)
    else:
        joint = np.ravel_multi_index(codes, [len(labels) for labels in levels])
        used, codes = np.unique(joint, return_inverse=True)
        places = np.unravel_index(used, [len(labels) for labels in levels])
        parts = [
            np.asarray(labels, dtype=object)[p] for labels, p in zip(levels, places, strict=True)
        ]
        names = [":".join(map(str, combination)) for combination in zip(*parts, strict=True)]
        by_column = dict(zip(shown, parts, strict=True))
        keys = pd.MultiIndex.from_arrays([by_column[name] for name in columns], names=columns)
    _require_groups(label, names, codes)
    return Grouping(tuple(columns), label, codes, names, keys)


def _coded(column):
    """For each row the position of its label among the sorted ones, and these."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "i":
        values = column.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low < 2 * len(values):
            # Whole numbers close together need no sorting.
            here = np.zeros(high - low + 1, dtype=bool)
            here[values - low] = True
            labels = pd.Index(np.flatnonzero(here) + low, dtype=column.dtype)
            return (np.cumsum(here) - 1)[values - low], labels
    return pd.factorize(column, sort=True)


def _require_groups(label, levels, codes):
    if len(levels) == 1:
        raise ValueError(
            f"The grouping column {label!r} has only one level, {plain(levels[0])}, but a variance "
            "between groups needs at least two groups."
        )
    if len(levels) == len(codes):
        raise ValueError(
            f"The grouping column {label!r} has one observation per group, so sigma2_b and "
            "sigma2_e cannot be told apart. Some groups need at least two observations."
        )


def _require_rows(grouping, effects, n):
    number = len(grouping.levels) * len(effects)
    if number >= n:
        raise ValueError(
            f"The random part for {grouping.label!r} has {number} effects "
            f"({len(effects)} for each of {len(grouping.levels)} groups), and there are {n} rows: "
            "they cannot be told from the errors. Leave one of its terms out."
        )
