"""From a formula and a DataFrame to y, X and Z; what cannot be fitted is refused here."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from lmmteach._climb import is_well_conditioned
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
from lmmteach._regression import Regression
from lmmteach._shapes import require_memory

# Beyond, products of four numbers of this size, which curvatures contain, leave the computer's.
LARGEST_SCALE = 1e60


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """What a formula makes of a DataFrame: the arrays of the model and their names.

    The model is kept in other columns too: ``rows`` has X = QR with orthonormal Q, the OLS
    coefficients of y on Q, and what they leave over. The offset is taken off y before; and where
    there are weights w, each row of X, y and Z is multiplied by √w before, so that all errors have
    the variance σ_ε². ``weighted`` is the random part with such rows; ``weights`` and ``offset``
    are arrays, None where there are none. ``data`` has the columns that were used.
    """

    formula: str
    data_name: str
    data: pd.DataFrame
    index: pd.Index
    y: np.ndarray
    X: np.ndarray
    rows: Regression
    beta_names: list
    random: RandomPart
    weighted: RandomPart
    fixed_kinds: dict
    random_kinds: dict
    weights: np.ndarray | None
    offset: np.ndarray | None
    given_weights: "RowValues"
    given_offset: "RowValues"
    offset_kinds: dict
    _design: object
    _offset_design: object

    @property
    def Q(self):
        """(n, p) orthonormal columns that span those of X, with rows times √w."""
        return self.rows.Q

    @property
    def R(self):
        """(p, p), √w X = QR."""
        return self.rows.R

    @property
    def beta_Q(self):
        """(p,) OLS coefficients of √w y on Q."""
        return self.rows.beta_Q

    @property
    def r(self):
        """(n,) what they leave over."""
        return self.rows.r

    @cached_property
    def Z(self):
        """(n, q) the columns of all random effects."""
        n, q = len(self.y), self.random.q
        require_memory(n * q, f"Z would be {n:,} × {q:,}")
        return self.random.Z(n)

    def with_response(self, name, y):
        """The same model of another response, a column of this name; X and Z are not made again."""
        own = y if self.offset is None else y - self.offset
        if self.weights is not None:
            own = np.sqrt(self.weights) * own
        return replace(self, data=self.data.assign(**{name: y}), y=y, rows=self.rows.of(own))

    def fixed_design(self, newdata):
        """Rows of X for new data, columns in the order of β."""
        return self._design_rows(self._design, self.fixed_kinds, newdata)

    def random_design(self, newdata):
        """For each factor the columns of Z for new data, arrays (k, m)."""
        parts = []
        for pieces in self.random.columns:
            columns = [
                np.ones((len(newdata), 1))
                if piece is None
                else self._design_rows(piece, self.random_kinds, newdata)
                for piece in pieces
            ]
            parts.append(np.column_stack(columns).T)
        return parts

    def new_offset(self, newdata):
        """(m,) the offset of each row of new data."""
        total = self.given_offset.rows(newdata)
        if self._offset_design is None:
            return total
        return total + self._design_rows(self._offset_design, self.offset_kinds, newdata).sum(
            axis=1
        )

    def _design_rows(self, design, kinds, newdata):
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


@dataclass(frozen=True, eq=False)
class RowValues:
    """A number for each row that is not in the formula: its weight, or its offset.

    Parameters
    ----------
    what : "weights" or "offset"
    values : (n,), None where there are none
    column : its name in the data, where it is a column
    """

    what: str
    values: np.ndarray | None
    column: str | None

    @property
    def given(self):
        """As the caller gave it."""
        return self.values if self.column is None else self.column

    @property
    def said(self):
        """As the printout names it, None where there is nothing to name."""
        if self.column is None and self.values is not None:
            return f"an array of {len(self.values)} numbers"
        return self.column

    def rows(self, newdata):
        """(m,) the numbers of new rows; a weight that newdata does not have is 1."""
        if self.what == "weights" and self.column not in newdata.columns:
            return np.ones(len(newdata))
        if self.values is None:
            return np.zeros(len(newdata))
        if self.column is None:
            raise ValueError(
                "The offset was given as an array, so nobody knows that of new rows. Make it a "
                'column of the data and fit with offset="name", or write offset(name) in the '
                "formula."
            )
        return _row_values(self.column, newdata, self.what, "newdata")


def read_model(formula, data, weights=None, offset=None):
    """Read ``y ~ fixed + (1 | group)`` and build the arrays from the columns of ``data``.

    Parameters
    ----------
    formula : text
    data : DataFrame
    weights, offset : the name of a column, or (n,) numbers; None for weights of 1, no offset

    Raises
    ------
    TypeError, ValueError
        naming what is wrong with the formula or the data, with column and row.
    NotImplementedError
        for a grouping factor that is not made of columns.
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
    in_formula = [*said.terms, *said.offsets, *effects, (said.response,)]
    computed = _in_order(said.names_in(in_formula), data)
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
    given_weights = _given("weights", weights, data)
    given_offset = _given("offset", offset, data)
    offset_design = _evaluated(formula, said, said.offsets, computable) if said.offsets else None
    added = [part for part in (given_offset.values, _row_sums(offset_design)) if part is not None]
    total = sum(added) if added else None
    weights, weighted, X, own = given_weights.values, random, design.X, y
    if total is not None:
        own = y - total
    if weights is not None:
        root = np.sqrt(weights)
        X, own = root[:, np.newaxis] * X, root * own
        weighted = random.with_rows_times(root)
    by_name = [given.column for given in (given_weights, given_offset) if given.column is not None]
    return ModelFrame(
        formula=said.text,
        data_name=data.attrs.get("name", f"a DataFrame of {len(data)} rows"),
        data=data[_in_order({*columns, *by_name}, data)],
        index=data.index,
        y=y,
        X=design.X,
        rows=Regression(X, own),
        beta_names=design.names,
        random=random,
        weighted=weighted,
        fixed_kinds={column: kind_of(data[column]) for column in fixed},
        random_kinds={column: kind_of(data[column]) for column in varying},
        weights=weights,
        offset=total,
        given_weights=given_weights,
        given_offset=given_offset,
        offset_kinds={column: kind_of(data[column]) for column in said.names_in(said.offsets)},
        _design=design,
        _offset_design=offset_design,
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
            f"lmm needs columns to the right of the bar, but found {calls[0]!r}. Make that a "
            "column of the data first."
        )


def _refuse_names(said):
    used = {part for term in said.terms for part in term}
    if "Intercept" in used:
        raise ValueError(
            "'Intercept' has a meaning of its own in a formula. Give the column a different name."
        )


def _given(what, given, data):
    """Weights or an offset as the caller gave them."""
    if given is None:
        return RowValues(what, None, None)
    values = _row_values(given, data, what, "data")
    return RowValues(what, values, given if isinstance(given, str) else None)


def _row_sums(design):
    return None if design is None else design.X.sum(axis=1)


def _row_values(given, data, what, where):
    if isinstance(given, str):
        require_columns([given], data, where)
        require_complete([given], data, where)
        name, values = f"The column {given!r} of {where}, the {what},", data[given]
    else:
        name, values = what, given
        if isinstance(given, pd.Series) and not given.index.equals(data.index):
            raise ValueError(
                f"{what} is a Series whose index is not that of {where}. Give both the same index, "
                f"or pass {what}.to_numpy() if their rows correspond."
            )
    fits = not pd.api.types.is_bool_dtype(getattr(values, "dtype", None))
    try:
        values = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        fits = False
    if not fits or np.shape(values) != (len(data),):
        raise ValueError(
            f"{name} must be numbers, one for each of the {len(data)} rows. Give an array of "
            "them, or the name of a column."
        )
    low, needed = (1 / LARGEST_SCALE, "above 0") if what == "weights" else (-np.inf, "finite")
    bad = ~((values >= low) & (np.abs(values) < LARGEST_SCALE))
    if bad.any():
        raise ValueError(
            f"{name} must be {needed} and no larger than {LARGEST_SCALE:g}, but in row "
            f"{plain(data.index[bad][0])} it is {values[bad][0]:g}. Leave such rows out, or mend "
            "them."
        )
    return values


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


def _first_text(name, data):
    """Where a column that should hold numbers has something else."""
    if name not in data or pd.api.types.infer_dtype(data[name], skipna=True) != "string":
        return ""
    bad = data[name][pd.to_numeric(data[name], errors="coerce").isna()]
    if bad.empty:
        return " holds numbers as texts"
    return f" holds texts, such as {plain(bad.iloc[0])} in row {plain(bad.index[0])}"


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
            f"{said.response}{_first_text(said.response, data)}."
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
    what = {said.terms: "The fixed part", said.offsets: "The offset"}.get(terms, "A random part")
    _require_finite(what, columns.X)
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
        zero = f"X is rank deficient: its column {names[j]!r} is 0 in every row"
        if ":" not in names[j]:
            raise ValueError(f"{zero}. Leave it out of the formula.")
        raise ValueError(
            f"{zero}, because no row has this combination of levels. Leave the term out of the "
            "formula, or merge levels in the data."
        )
    raise ValueError(
        f"X is rank deficient: its column {names[j]!r} adds nothing to what "
        f"{', '.join(names[:j]) or 'the other columns'} can explain. "
        "Leave it out of the formula. Or, if its values differ only in their last digits, as times "
        "often do, subtract their mean first."
    )
