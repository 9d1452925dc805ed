"""From a formula and a DataFrame to y, X and Z; what cannot be fitted is refused here."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._climb import orthonormal
from lmmteach._columns import (
    kind_of,
    kind_of_label,
    plain,
    require_columns,
    require_complete,
    require_frame,
    require_kinds,
    require_levels,
    require_names,
    require_readable,
    without_type,
)
from lmmteach.model import random_intercept_design

# A fit holds about a dozen matrices of the size of V at once.
LARGEST_V_BYTES = 2**30
# Beyond, products of four numbers of this size, which curvatures contain, leave the computer's.
LARGEST_SCALE = 1e60


class Positions(NamedTuple):
    """For each row the column of Z of its group, −1 for none; words on labels of a wrong type."""

    codes: np.ndarray
    remark: str


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
    Z: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    beta_Q: np.ndarray
    r: np.ndarray
    beta_names: list
    group: str
    levels: list
    codes: np.ndarray
    fixed_kinds: dict
    _design: object

    def fixed_design(self, newdata):
        """Rows of X for new data, columns in the order of β."""
        require_frame(newdata, "newdata")
        columns = list(self.fixed_kinds)
        require_columns(columns, newdata, "newdata")
        require_complete(columns, newdata, "newdata")
        require_readable(columns, newdata, "newdata")
        require_kinds(self.fixed_kinds, newdata, "newdata")
        if len(newdata) == 0:
            return np.empty((0, len(self.beta_names)))
        try:
            X = self._design.rows(_computable(newdata[columns]))
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

    def positions(self, newdata):
        """Where the groups of new data stand among those of the data."""
        require_columns([self.group], newdata, "newdata")
        require_complete([self.group], newdata, "newdata")
        labels = pd.Index(newdata[self.group])
        codes = pd.Index(self.levels).get_indexer(labels)
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
    group = _grouping_column(formula, said)
    columns = _in_order(said.names, data)
    require_columns(columns, data, "data")
    require_complete(columns, data, "data")
    computed = _in_order(said.names_in([*said.terms, (said.response,)]), data)
    require_readable(computed, data, "data")
    _require_memory(len(data))
    _refuse_names(said)
    fixed = _in_order(said.names_in(said.terms), data)
    require_levels(fixed, data)
    design = _design(formula, said, _computable(data[computed]))
    _require_different(design.names)
    _require_variation(design.y, formula)
    _require_scale(design)
    _require_rank(design.X, design.names)
    codes, levels = _groups(data[group], group)
    Q, R, beta_Q, r = orthonormal(design.X, design.y)
    return ModelFrame(
        formula=said.text,
        data_name=data.attrs.get("name", f"a DataFrame of {len(data)} rows"),
        index=data.index,
        y=design.y,
        X=design.X,
        Z=random_intercept_design(codes),
        Q=Q,
        R=R,
        beta_Q=beta_Q,
        r=r,
        beta_names=design.names,
        group=group,
        levels=levels,
        codes=codes,
        fixed_kinds={column: kind_of(data[column]) for column in fixed},
        _design=design,
    )


def _grouping_column(formula, said):
    if not said.bars:
        raise ValueError(
            f"The formula {formula!r} has no random part. Add one in parentheses, such as "
            "'(1 | g)', where g is the column of the groups."
        )
    slopes = [":".join(term) for bar in said.bars for term in bar.terms if term]
    if slopes:
        raise NotImplementedError(
            f"lmm does not fit random slopes yet, but the formula {formula!r} asks for one of "
            f"{slopes[0]}. What it does fit is one random intercept, '(1 | g)'."
        )
    if not all(bar.terms for bar in said.bars):
        raise ValueError(
            f"The formula {formula!r} has a random part without any effect in it. Write '(1 | g)' "
            "for an intercept in each group."
        )
    factors = sorted({":".join(factor) for bar in said.bars for factor in bar.factors})
    if len(factors) > 1:
        raise NotImplementedError(
            f"lmm fits one random intercept, but the formula {formula!r} asks for "
            f"{len(factors)}: {', '.join(factors)}. Keep one of them."
        )
    (factor,) = said.bars[0].factors
    if len(factor) > 1 or said.is_call(factor[0]):
        raise NotImplementedError(
            f"lmm needs a single column to the right of the bar, but found {factors[0]!r}. Make "
            "that a column of the data first."
        )
    return factor[0]


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


def _require_memory(n):
    size = 8 * n**2
    if size > LARGEST_V_BYTES:
        raise ValueError(
            f"With {n:,} rows, V would be {n:,} × {n:,}, which takes {size / 2**30:,.1f} GiB, and "
            f"this fit writes V out. It can handle {int((LARGEST_V_BYTES / 8) ** 0.5):,} rows at "
            "most; use lme4 or MixedModels.jl for more."
        )


def _design(formula, said, data):
    from lmmteach._terms import Design

    try:
        design = Design(said, data)
    except ValueError as error:
        raise ValueError(f"The formula {formula!r} cannot be computed: {error}") from None
    if not design.is_numeric:
        raise ValueError(
            f"The response of {formula!r} must be one column of numbers, which it is not: "
            f"{said.response}."
        )
    if not design.blocks:
        raise ValueError(
            f"The formula {formula!r} has no fixed part. Keep at least the mean, as in 'y ~ 1 + …'."
        )
    for name, values in ((said.response, design.y), ("The fixed part", design.X)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} is not finite everywhere. Look for a log of 0 or of a negative number, a "
                "division by 0, or a number too large for a computer."
            )
    return design


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


def _require_scale(design):
    scales = {"The response": np.ptp(design.y)}
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


def _groups(column, name):
    """Code the groups 0, 1, … in the order of their labels, which a Categorical may have set."""
    codes, levels = pd.factorize(column, sort=True)
    counts = np.bincount(codes)
    if len(levels) == 1:
        raise ValueError(
            f"The grouping column {name!r} has only one level, {plain(levels[0])}, but a variance "
            "between groups needs at least two groups."
        )
    if counts.max() == 1:
        raise ValueError(
            f"The grouping column {name!r} has one observation per group, so sigma2_b and sigma2_e "
            "cannot be told apart. Some groups need at least two observations."
        )
    return codes, list(levels)
