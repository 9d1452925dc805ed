"""What a column of a DataFrame may hold, and words for what it may not."""

import difflib

import numpy as np
import pandas as pd

# What a column may hold, in the words of pandas; other objects are refused by name.
READABLE = ("string", "categorical", "boolean", "integer", "floating", "mixed-integer-float")


def require_frame(data, what):
    if not isinstance(data, pd.DataFrame):
        raise TypeError(f"{what} must be a pandas DataFrame, not a {type(data).__name__}.")


def require_names(data, what):
    """Refuse columns that a formula could not name."""
    if data.columns.nlevels > 1:
        raise ValueError(
            f"{what} has column names with {data.columns.nlevels} levels, but a formula needs "
            "names "
            f'with one. Use {what}.columns = ["_".join(names) for names in {what}.columns].'
        )


def require_columns(columns, data, what):
    for column in columns:
        if column not in data.columns:
            close = difflib.get_close_matches(column, map(str, data.columns), n=1, cutoff=0.5)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{what} has no column {column!r}.{hint} "
                f"Its columns are {', '.join(map(str, data.columns))}."
            )
        if list(data.columns).count(column) > 1:
            raise ValueError(
                f"{what} has more than one column {column!r}. Rename all but one of them."
            )


def require_readable(columns, data, what):
    for column in columns:
        values = data[column]
        kind = pd.api.types.infer_dtype(values, skipna=True)
        is_object = values.dtype == object
        if kind in READABLE and not (is_object and kind not in ("string", "boolean")):
            continue
        if is_object and kind in READABLE:
            mend = f"Turn them into numbers, with {what}[{column!r}].astype(float)"
        elif kind.startswith(("date", "time", "period")):
            mend = "Turn them into numbers, such as the days since the first"
        elif kind == "complex":
            mend = "Take the real part, if that is what you mean"
        else:
            mend = "Make all of them numbers, or all of them texts"
        raise ValueError(
            f"Column {column!r} of {what} holds {kind} values, which no formula can use. {mend}."
        )


def require_complete(columns, data, what):
    for column in columns:
        values = data[column]
        bad = values.isna()
        if pd.api.types.is_float_dtype(values):
            bad |= np.isinf(values)
        if bad.any():
            others = f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""
            raise ValueError(
                f"Column {column!r} of {what} has a missing or infinite value in row "
                f"{plain(data.index[bad.to_numpy()][0])}{others}. Leave such rows out with "
                f"{what}.dropna(subset=[{column!r}]), and mention in your report that you did."
            )


def require_levels(columns, data):
    for column in columns:
        if not pd.api.types.is_numeric_dtype(data[column]) and data[column].nunique() == 1:
            raise ValueError(
                f"Column {column!r} of data has only one level, so it cannot explain any of the "
                "response. Leave it out of the formula."
            )


def plain(label):
    """A label as the reader wrote it: 7, not np.int64(7)."""
    return repr(label.item() if isinstance(label, np.generic) else label)


def listed(texts):
    """Texts as a sentence has them: a, b and c."""
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def kind_of_label(label):
    """What a label is, in a word."""
    if isinstance(label, bool | np.bool_):
        return "logical value"
    if isinstance(label, str):
        return "text"
    return "number" if isinstance(label, int | float | np.number) else type(label).__name__


def without_type(label):
    """A label as a text that forgets its type: "101" of 101, of 101.0 and of "101.0"."""
    try:
        return f"{float(label):.15g}"
    except (TypeError, ValueError):
        return str(label)


def kind_of(column):
    """What a column holds: "numbers", "texts", "logical values" or "categories"."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return "categories"
    kind = pd.api.types.infer_dtype(column, skipna=True)
    return {"string": "texts", "boolean": "logical values"}.get(kind, "numbers")


def require_kinds(kinds, data, what):
    """Refuse numbers where the data have texts, and so on; levels are compared one by one."""
    for column, kind in kinds.items():
        found = kind_of(data[column])
        if kind in ("numbers", "logical values") and found not in (kind, "categories"):
            raise ValueError(
                f"{what} does not fit: its column {column!r} holds {found}, but in the data of the "
                f"fit that column holds {kind}."
            )
