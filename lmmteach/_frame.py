"""From a formula and a DataFrame to y, X and Z; what cannot be fitted is refused here."""

import difflib
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmmteach.model import random_intercept_design

# A fit holds about a dozen matrices of the size of V at once.
LARGEST_V_BYTES = 2**30

FUNCTIONS = {"np": np, "log": np.log, "log10": np.log10, "exp": np.exp, "sqrt": np.sqrt}
# Words that mean something in a formula, so that a column cannot have them as its name.
RESERVED = ("Intercept", "True", "False", "None")
# What a column may hold, in the words of pandas; other objects are refused by name.
READABLE = ("string", "categorical", "boolean", "integer", "floating", "mixed-integer-float")


@dataclass(frozen=True, eq=False)
class ModelFrame:
    """What a formula says about a DataFrame: the arrays of the model and their names."""

    formula: str
    data_name: str
    index: pd.Index
    y: np.ndarray
    X: np.ndarray
    Z: np.ndarray
    beta_names: list
    group: str
    levels: list
    fixed_columns: list
    _common: object
    _first_row: pd.DataFrame

    def fixed_design(self, newdata):
        """Rows of X for new data, columns in the order of β."""
        _require_frame(newdata, "newdata")
        _require_columns(self.fixed_columns, newdata, "newdata")
        _require_complete(self.fixed_columns, newdata, "newdata")
        _require_readable(self.fixed_columns, newdata, "newdata")
        again = self._rows(self._first_row)
        if not np.allclose(again, self.X[:1], rtol=1e-9):
            raise ValueError(
                f"The formula {self.formula!r} computes something from all rows of the data, such "
                "as a mean, which new data would change. Put that into a column of its own first."
            )
        X = self._rows(newdata)
        if not np.isfinite(X).all():
            row = newdata.index[~np.isfinite(X).all(axis=1)][0]
            raise ValueError(
                f"The formula gives no finite number for row {_plain(row)} of newdata: is there a "
                "log of 0 or of a negative number, or a division by 0?"
            )
        return X

    def _rows(self, data):
        try:
            with np.errstate(all="ignore"):
                given = _without_small_integers(self.formula, self.fixed_columns, data)
                X = self._common.evaluate_new_data(given).design_matrix
                # A formula of constants only gives one row, whatever the length of the data.
                return np.array(np.broadcast_to(X, (len(data), len(self.beta_names))), dtype=float)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(
                f"newdata does not fit the formula {self.formula!r}: {error} Has each of its "
                "columns the kind of values that it has in the data?"
            ) from None

    def positions(self, newdata):
        """For each row of new data the column of Z of its group, −1 for a group not in the data."""
        _require_complete([self.group], newdata, "newdata")
        return pd.Index(self.levels).get_indexer(newdata[self.group])


def read_model(formula, data):
    """Read ``y ~ fixed + (1 | group)`` and build the arrays from the columns of ``data``.

    Raises
    ------
    TypeError, ValueError
        naming what is wrong with the formula or the data, with column and row.
    NotImplementedError
        for a random part other than one random intercept.
    """
    _require_frame(data, "data")
    if data.empty:
        raise ValueError("data has no rows.")
    description = _parse(formula)
    group = _grouping_column(formula, description.group_terms)
    _refuse_offset(formula, description.common_terms)
    columns = _in_order(_names_in(formula, description, data), data)
    _require_columns(columns, data, "data")
    _require_complete(columns, data, "data")
    _require_readable(columns, data, "data")
    _require_memory(len(data))
    fixed = set().union(*(term.var_names for term in description.common_terms))
    _require_levels([column for column in columns if column in fixed], data)
    # The column of the groups is not computed with.
    computed = [column for column in columns if column in fixed or column != group]
    given = _without_small_integers(formula, computed, data)
    y, X, beta_names, common = _fixed_part(formula, given)
    _require_variation(y, formula)
    _require_rank(X, beta_names)
    codes, levels = _groups(data[group], group)
    if len(y) < X.shape[1] + 2:
        raise ValueError(
            f"{len(y)} observations cannot tell {X.shape[1]} coefficients and 2 variances: "
            "there are fewer observations than parameters."
        )
    return ModelFrame(
        formula=_tidy(formula),
        data_name=data.attrs.get("name", f"a DataFrame of {len(data)} rows"),
        index=data.index,
        y=y,
        X=X,
        Z=random_intercept_design(codes),
        beta_names=beta_names,
        group=group,
        levels=levels,
        fixed_columns=[column for column in columns if column in fixed],
        _common=common,
        _first_row=data.iloc[:1],
    )


def _parse(formula):
    # formulae takes longer to import than a fit to run; only those who fit should pay.
    from formulae import model_description

    if not isinstance(formula, str):
        raise TypeError(f"formula must be a text such as 'y ~ x + (1 | g)', not {formula!r}.")
    no_response = f"The formula {formula!r} names no response: write 'y ~ …'."
    if formula.strip().startswith("~"):
        raise ValueError(no_response)
    try:
        description = model_description(formula)
    # formulae has an exception of its own for each of its steps.
    except Exception as error:
        power = " A power is written I(x**2)." if "^" in formula else ""
        raise ValueError(
            f"The formula {formula!r} cannot be read: {error}{power} "
            "It should look like 'y ~ x + (1 | g)'."
        ) from None
    if description.response is None:
        raise ValueError(no_response)
    return description


def _names_in(formula, description, data):
    """The names of the columns in a formula."""
    # formulae counts the numbers in a call, as the 2 of poly(x, 2), as nameless variables.
    names = list(filter(None, description.var_names))
    if not all(isinstance(name, str) for name in names):
        raise ValueError(
            f"The formula {formula!r} has a number that is neither 0 nor 1. Multiply in the data, "
            "or inside I(), as I(2 * x)."
        )
    for name in RESERVED:
        if name in data.columns and re.search(rf"\b{name}\b", formula):
            raise ValueError(
                f"{name!r} means something else in a formula: give the column another name."
            )
    return names


def _grouping_column(formula, terms):
    if not terms:
        raise ValueError(
            f"The formula {formula!r} has no random part. Add one in parentheses, as '(1 | g)', "
            "with g the column of the groups."
        )
    factors = {term.factor.name for term in terms}
    slopes = [term.expr.name for term in terms if term.expr.name != "Intercept"]
    if slopes:
        raise NotImplementedError(
            f"lmm does not fit random slopes yet, and the formula {formula!r} asks for one of "
            f"{slopes[0]}. It fits one random intercept, '(1 | g)'."
        )
    (name, *others) = sorted(factors)
    if others:
        raise NotImplementedError(
            f"lmm fits one random intercept, and the formula {formula!r} asks for "
            f"{len(factors)}: {', '.join(sorted(factors))}. Keep one of them."
        )
    if len(terms[0].factor.components) > 1 or "(" in name:
        raise NotImplementedError(
            f"lmm wants one column to the right of the bar, and found {name!r}. "
            "Make that column in the data first."
        )
    return name


def _refuse_offset(formula, terms):
    if any(term.name.startswith("offset(") for term in terms):
        raise NotImplementedError(
            f"lmm does not fit an offset, and the formula {formula!r} has one. "
            "Subtract it from the response in the data first."
        )


def _in_order(names, data):
    """The formula keeps its names in a set; the reader wants them in the order of the data."""
    order = {column: position for position, column in enumerate(data.columns)}
    return sorted(names, key=lambda name: (order.get(name, -1), name))


def _require_frame(data, what):
    if not isinstance(data, pd.DataFrame):
        raise TypeError(f"{what} must be a pandas DataFrame, not {type(data).__name__}.")


def _require_columns(columns, data, what):
    for column in columns:
        if column not in data.columns:
            close = difflib.get_close_matches(column, map(str, data.columns), n=1, cutoff=0.5)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{what} has no column {column!r}.{hint} "
                f"It has: {', '.join(map(str, data.columns))}."
            )
        if list(data.columns).count(column) > 1:
            raise ValueError(f"{what} has more than one column {column!r}: rename all but one.")


def _require_readable(columns, data, what):
    for column in columns:
        values = data[column]
        kind = pd.api.types.infer_dtype(values, skipna=True)
        is_object = values.dtype == object
        if kind in READABLE and not (is_object and kind not in ("string", "boolean")):
            continue
        if is_object and kind in READABLE:
            mend = f"Make them numbers: {what}[{column!r}].astype(float)"
        elif kind.startswith(("date", "time", "period")):
            mend = "Make a number of it, such as the days since the first"
        elif kind == "complex":
            mend = "Take the real part, if that is meant"
        else:
            mend = "Make all of them numbers, or all of them texts"
        raise ValueError(
            f"Column {column!r} of {what} holds {kind} values, which no formula can use. {mend}."
        )


def _require_levels(columns, data):
    for column in columns:
        if not pd.api.types.is_numeric_dtype(data[column]) and data[column].nunique() == 1:
            raise ValueError(
                f"Column {column!r} of data has one level only, so it says nothing about the "
                "response. Leave it out of the formula."
            )


def _without_small_integers(formula, columns, data):
    """The data with their integers as floats: small ones would overflow in a formula.

    Inside C() they stay integers, because their labels are written from them.
    """
    integers = [column for column in columns if pd.api.types.is_integer_dtype(data[column])]
    levels = {
        column for column in integers if re.search(rf"\bC\(\s*`?{re.escape(column)}\b", formula)
    }
    kinds = {column: "int64" if column in levels else "float64" for column in integers}
    return data.astype(kinds) if kinds else data


def _require_complete(columns, data, what):
    for column in columns:
        values = data[column]
        bad = values.isna()
        if pd.api.types.is_float_dtype(values):
            bad |= np.isinf(values)
        if bad.any():
            others = f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""
            raise ValueError(
                f"Column {column!r} of {what} has a missing or infinite value in row "
                f"{_plain(data.index[bad.to_numpy()][0])}{others}. Leave such rows out with "
                f"{what}.dropna(subset=[{column!r}]), and say in your report that you did."
            )


def _plain(label):
    """A label as the reader wrote it: 7, not np.int64(7)."""
    return repr(label.item() if isinstance(label, np.generic) else label)


def _require_memory(n):
    size = 8 * n**2
    if size > LARGEST_V_BYTES:
        raise ValueError(
            f"With {n:,} rows, V would be {n:,} × {n:,}: {size / 2**30:,.1f} GiB, and this fit "
            f"writes V out. It takes at most {int((LARGEST_V_BYTES / 8) ** 0.5):,} rows; "
            "use lme4 or MixedModels.jl for more."
        )


def _fixed_part(formula, data):
    from formulae import design_matrices

    try:
        with np.errstate(all="ignore"):
            design = design_matrices(formula, data, na_action="error", extra_namespace=FUNCTIONS)
    except KeyError as error:
        raise ValueError(f"The formula {formula!r} uses {error}, which is not known.") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"The formula {formula!r} cannot be computed: {error}") from None
    response = np.asarray(design.response.design_matrix)
    if response.ndim != 1 or design.response.kind != "numeric":
        raise ValueError(
            f"The response of {formula!r} must be one column of numbers, and it is not: "
            f"{_tidy(formula).partition(' ~')[0]}."
        )
    if design.common is None:
        raise ValueError(
            f"The formula {formula!r} has no fixed part. Keep at least the mean: 'y ~ 1 + …'."
        )
    X = np.asarray(design.common.design_matrix, dtype=float)
    names = [label for term in design.common.terms.values() for label in term.labels]
    if len(names) != X.shape[1]:
        raise ValueError(
            f"The fixed part of {formula!r} gives {X.shape[1]} columns and {len(names)} names. "
            "Write its terms one by one."
        )
    for name, values in ((formula.partition("~")[0].strip(), response), ("The fixed part", X)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} is not finite everywhere: is there a log of 0 or of a negative number, a "
                "division by 0, or a number too large for a computer?"
            )
    return response.astype(float), X, [_r_name(name) for name in names], design.common


def _r_name(label):
    """The name that R gives to a coefficient: "(Intercept)", "SexMale", "age:SexMale"."""
    return "(Intercept)" if label == "Intercept" else re.sub(r"\[(.*?)\]", r"\1", label)


def _require_variation(y, formula):
    if np.ptp(y) == 0:
        raise ValueError(
            f"The response of {formula!r} is constant: every value is {y[0]:g}. "
            "There is no variation to explain."
        )


def _require_rank(X, names):
    # In columns of length 1, so that units do not count.
    lengths = np.linalg.norm(X, axis=0)
    scaled = X / np.where(lengths > 0, lengths, 1.0)
    rank = 0
    for j, name in enumerate(names):
        grown = np.linalg.matrix_rank(scaled[:, : j + 1])
        if grown == rank:
            raise ValueError(
                f"X is rank deficient: its column {name!r} says nothing that "
                f"{', '.join(names[:j]) or 'the other columns'} did not say already. "
                "Leave it out of the formula; or, if its values are all alike but for their last "
                "digits, as those of a time are, subtract their mean first."
            )
        rank = grown


def _groups(column, name):
    """Code the groups 0, 1, … in the order of their labels, which a Categorical may have set."""
    codes, levels = pd.factorize(column, sort=True)
    counts = np.bincount(codes)
    if len(levels) == 1:
        raise ValueError(
            f"The grouping column {name!r} has one level only, {_plain(levels[0])}: "
            "a variance between groups needs at least two groups."
        )
    if counts.max() == 1:
        raise ValueError(
            f"The grouping column {name!r} has one observation per group: sigma2_b and sigma2_e "
            "cannot be told apart. Some groups need two observations."
        )
    return codes, list(levels)


def _tidy(formula):
    """The formula with single spaces around its signs, as R prints it."""
    spaced = re.sub(r"\s*(\*\*|[~+*|])\s*", r" \1 ", " ".join(formula.split()))
    spaced = spaced.replace(" ** ", "**")
    return re.sub(r"\(\s+", "(", re.sub(r"\s+\)", ")", spaced)).strip()
