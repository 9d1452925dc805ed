"""From a formula and a DataFrame to y, X and Z; what cannot be fitted is refused here."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from lmmteach._climb import is_well_conditioned, orthonormal
from lmmteach._columns import (
    kind_of,
    plain,
    require_columns,
    require_complete,
    require_frame,
    require_kinds,
    require_levels,
    require_names,
    require_readable,
)
from lmmteach._random import RandomPart, read_random
from lmmteach._shapes import require_memory

# Beyond, products of four numbers of this size, which curvatures contain, leave the computer's.
LARGEST_SCALE = 1e60


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """What a formula makes of a DataFrame: the arrays of the model and their names.

    With years or times in X, and far from 0, the formulas would lose their digits. So the model is
    kept in other columns too: X = QR with orthonormal Q, the OLS coefficients ``beta_Q`` of y on
    Q, and ``r``, what they leave over.
    """

    formula: str
    data_name: str
    index: pd.Index
    y: np.ndarray
    X: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    beta_Q: np.ndarray
    r: np.ndarray
    beta_names: list
    random: RandomPart
    fixed_kinds: dict
    random_kinds: dict
    _design: object

    @cached_property
    def Z(self):
        """(n, q) the columns of all random effects."""
        n, q = len(self.y), self.random.q
        require_memory(n * q, f"Z would be {n:,} × {q:,}")
        return self.random.Z(n)

    def fixed_design(self, newdata):
        """Rows of X for new data, columns in the order of β."""
        return self._rows(self._design, self.fixed_kinds, newdata)

    def random_design(self, newdata):
        """For each factor the columns of Z for new data, arrays (k, m)."""
        parts = []
        for pieces in self.random.columns:
            columns = [
                np.ones((len(newdata), 1))
                if piece is None
                else self._rows(piece, self.random_kinds, newdata)
                for piece in pieces
            ]
            parts.append(np.column_stack(columns).T)
        return parts

    def _rows(self, design, kinds, newdata):
        require_frame(newdata, "newdata")
        columns = list(kinds)
        require_columns(columns, newdata, "newdata")
        require_complete(columns, newdata, "newdata")
        require_readable(columns, newdata, "newdata")
        require_kinds(kinds, newdata, "newdata")
        if len(newdata) == 0:
            return np.empty((0, len(design.names)))
        try:
            X = design.rows(_computable(newdata[columns]))
        except ValueError as error:
            raise ValueError(
                f"newdata does not fit the formula {self.formula!r}: in {error}"
            ) from None
        if not np.isfinite(X).all():
            row = newdata.index[~np.isfinite(X).all(axis=1)][0]
            raise ValueError(
                f"The formula gives no finite number for row {plain(row)} of newdata. Look for a "
                "log of 0 or of a negative number, or a division by 0."
            )
        return X


def read_model(formula, data):
    """Read ``y ~ fixed + (1 | group)`` and build the arrays from the columns of ``data``.

    Raises
    ------
    TypeError, ValueError
        naming what is wrong with the formula or the data, with column and row.
    NotImplementedError
        for a random part other than one random intercept.
    """
    # formulae takes longer to import than a fit to run; only those who fit should pay.
    from lmmteach._formula import read_formula

    require_frame(data, "data")
    require_names(data, "data")
    if data.empty:
        raise ValueError("data has no rows.")
    said = read_formula(formula, data.columns)
    _require_bars(formula, said)
    columns = _in_order(said.names, data)
    require_columns(columns, data, "data")
    require_complete(columns, data, "data")
    effects = [term for bar in said.bars for term in bar.terms]
    computed = _in_order(said.names_in([*said.terms, *effects, (said.response,)]), data)
    require_readable(computed, data, "data")
    _refuse_names(said)
    fixed = _in_order(said.names_in(said.terms), data)
    varying = _in_order(said.names_in(effects), data)
    require_levels(_in_order([*fixed, *varying], data), data)
    computable = _computable(data[computed])
    y, design = _fixed_part(formula, said, computable)
    _require_different(design.names)
    _require_variation(y, formula)
    _require_scale(y, design)
    _require_rank(design.X, design.names)
    random = read_random(said, data, lambda terms: _evaluated(formula, said, terms, computable))
    Q, R, beta_Q, r = orthonormal(design.X, y)
    return ModelFrame(
        formula=said.text,
        data_name=data.attrs.get("name", f"a DataFrame of {len(data)} rows"),
        index=data.index,
        y=y,
        X=design.X,
        Q=Q,
        R=R,
        beta_Q=beta_Q,
        r=r,
        beta_names=design.names,
        random=random,
        fixed_kinds={column: kind_of(data[column]) for column in fixed},
        random_kinds={column: kind_of(data[column]) for column in varying},
        _design=design,
    )


def _require_bars(formula, said):
    if not said.bars:
        raise ValueError(
            f"The formula {formula!r} has no random part. Add one in parentheses, such as "
            "'(1 | g)', where g is the column of the groups."
        )
    if not all(bar.terms for bar in said.bars):
        raise ValueError(
            f"The formula {formula!r} has a random part without any effect in it. Write '(1 | g)' "
            "for an intercept in each group."
        )
    parts = [part for bar in said.bars for factor in bar.factors for part in factor]
    calls = [part for part in parts if said.is_call(part)]
    if calls:
        raise NotImplementedError(
            f"lmm needs columns to the right of the bar, but found {calls[0]!r}. Make that a column "
            "of the data first."
        )


def _refuse_names(said):
    used = {part for term in said.terms for part in term}
    if "Intercept" in used:
        raise ValueError(
            "'Intercept' has a meaning of its own in a formula. Give the column a different name."
        )
    if any(part.startswith("offset(") and said.is_call(part) for part in used):
        raise NotImplementedError(
            f"lmm does not fit an offset, but the formula {said.text!r} has one. Subtract it from "
            "the response in the data first."
        )


def _in_order(names, data):
    """The reader wants names in the order of the data."""
    order = {column: position for position, column in enumerate(data.columns)}
    return sorted(names, key=lambda name: (order.get(name, -1), name))


def _computable(data):
    """The data as a formula computes with them: numbers as floats, categories that some row has.

    Small integers would overflow, and short floats lose digits.
    """
    columns = {name: _computable_column(data[name]) for name in data}
    return pd.DataFrame(columns, index=data.index)


def _computable_column(column):
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.remove_unused_categories()
    is_logical = pd.api.types.is_bool_dtype(column.dtype)
    if pd.api.types.is_numeric_dtype(column.dtype) and not is_logical:
        return column.astype("float64")
    return column


def _fixed_part(formula, said, data):
    """The response, and the fixed part as Columns."""
    from lmmteach._terms import response

    try:
        y = response(said, data)
    except ValueError as error:
        raise ValueError(f"The formula {formula!r} cannot be computed: {error}") from None
    if y is None:
        raise ValueError(
            f"The response of {formula!r} must be one column of numbers, which it is not: "
            f"{said.response}."
        )
    if not said.terms:
        raise ValueError(
            f"The formula {formula!r} has no fixed part. Keep at least the mean, as in 'y ~ 1 + …'."
        )
    _require_finite(said.response, y)
    design = _evaluated(formula, said, said.terms, data)
    return y, design


def _evaluated(formula, said, terms, data):
    """Terms of a formula as Columns."""
    from lmmteach._terms import Columns

    try:
        columns = Columns(said, terms, data)
    except ValueError as error:
        raise ValueError(f"The formula {formula!r} cannot be computed: {error}") from None
    _require_finite("The fixed part" if terms == said.terms else "A random part", columns.X)
    return columns


def _require_finite(name, values):
    if not np.isfinite(values).all():
        raise ValueError(
            f"{name} is not finite everywhere. Look for a log of 0 or of a negative number, a "
            "division by 0, or a number too large for a computer."
        )


def _require_different(names):
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"The formula gives two coefficients the same name, {twice[0]!r}. Rename the column."
        )


def _require_variation(y, formula):
    if np.ptp(y) == 0:
        raise ValueError(
            f"The response of {formula!r} is constant: every value is {y[0]:g}. So there is no "
            "variation to explain."
        )


def _require_scale(y, design):
    scales = {"The response": np.ptp(y)}
    scales |= {
        f"The column {name!r} of X": np.max(np.abs(column))
        for name, column in zip(design.names, design.X.T, strict=True)
    }
    for what, scale in scales.items():
        if scale and not 1 / LARGEST_SCALE < scale < LARGEST_SCALE:
            raise ValueError(
                f"{what} has numbers of the size of {scale:.0e}, which is outside the range in "
                "which variances can be computed. Use a different unit, by dividing by "
                f"{scale:.0e}."
            )


def _require_rank(X, names):
    if is_well_conditioned(X):
        return
    # In columns of length 1, so that units do not count.
    lengths = np.linalg.norm(X, axis=0)
    scaled = X / np.where(lengths > 0, lengths, 1.0)
    if np.linalg.matrix_rank(scaled) == len(names):
        return
    ranks = [np.linalg.matrix_rank(scaled[:, : j + 1]) for j in range(len(names))]
    j = next(j for j, rank in enumerate(ranks) if rank == j)
    if np.ptp(X[:, j]) == 0 and X[0, j] and "(Intercept)" in names[:j]:
        raise ValueError(
            f"X is rank deficient: its column {names[j]!r} has the same value in all rows, just as "
            "(Intercept) does. Leave it out of the formula."
        )
    if not X[:, j].any():
        raise ValueError(
            f"X is rank deficient: its column {names[j]!r} is 0 in every row, because no row has "
            "this combination of levels. Leave the term out of the formula, or merge levels in the "
            "data."
        )
    raise ValueError(
        f"X is rank deficient: its column {names[j]!r} adds nothing to what "
        f"{', '.join(names[:j]) or 'the other columns'} can explain. "
        "Leave it out of the formula. Or, if its values differ only in their last digits, as times "
        "often do, subtract their mean first."
    )
