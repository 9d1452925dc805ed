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

    def fixed_design(self, newdata):
        """Rows of X for new data, columns in the order of β."""
        _require_frame(newdata, "newdata")
        _require_columns(self.fixed_columns, newdata, "newdata")
        _require_complete(self.fixed_columns, newdata, "newdata")
        try:
            X = self._common.evaluate_new_data(newdata).design_matrix
        except ValueError as error:
            raise ValueError(f"newdata does not fit the formula: {error}") from None
        # A formula of constants only gives one row, whatever the length of newdata.
        return np.array(np.broadcast_to(X, (len(newdata), len(self.beta_names))), dtype=float)

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
    # formulae counts the numbers in a call, as the 2 of poly(x, 2), as nameless variables.
    columns = _in_order(filter(None, description.var_names), data)
    _require_columns(columns, data, "data")
    _require_complete(columns, data, "data")
    _require_memory(len(data))
    y, X, beta_names, common = _fixed_part(formula, data)
    _require_variation(y, formula)
    _require_rank(X, beta_names)
    codes, levels = _groups(data[group], group)
    if len(y) < X.shape[1] + 2:
        raise ValueError(
            f"{len(y)} observations cannot tell {X.shape[1]} coefficients and 2 variances: "
            "there are fewer observations than parameters."
        )
    fixed = set().union(*(term.var_names for term in description.common_terms))
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
    )


def _parse(formula):
    # formulae takes longer to import than a fit to run; only those who fit should pay.
    from formulae import model_description
    from formulae.parser import ParseError
    from formulae.scanner import ScanError

    if not isinstance(formula, str):
        raise TypeError(f"formula must be a text such as 'y ~ x + (1 | g)', not {formula!r}.")
    try:
        description = model_description(formula)
    except (ParseError, ScanError, TypeError, ValueError) as error:
        raise ValueError(
            f"The formula {formula!r} cannot be read: {error} "
            "It should look like 'y ~ x + (1 | g)'."
        ) from None
    if description.response is None:
        raise ValueError(f"The formula {formula!r} names no response: write 'y ~ …'.")
    return description


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
        design = design_matrices(formula, data, na_action="error", extra_namespace=FUNCTIONS)
    except KeyError as error:
        raise ValueError(f"The formula {formula!r} uses {error}, which is not known.") from None
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
    for name, values in ((formula.partition("~")[0].strip(), response), ("The fixed part", X)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} is not finite everywhere: is there a log of 0 or of a negative number?"
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
    rank = 0
    for j, name in enumerate(names):
        grown = np.linalg.matrix_rank(X[:, : j + 1])
        if grown == rank:
            raise ValueError(
                f"X is rank deficient: its column {name!r} says nothing that "
                f"{', '.join(names[:j]) or 'the other columns'} did not say already. "
                "Leave it out of the formula."
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
    spaced = re.sub(r"\s*([~+*|])\s*", r" \1 ", " ".join(formula.split()))
    return re.sub(r"\(\s+", "(", re.sub(r"\s+\)", ")", spaced)).strip()
