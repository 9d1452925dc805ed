"""Read an answer with patience: find the number in it, or explain why there is none."""

from decimal import Decimal
from numbers import Number

import numpy as np
import pandas as pd

from lmmteach.exercises.written import UNREADABLE, number_in

NO_RETURN = "Perhaps a `return` is missing, or there is a `print` in its place."


def read_number(value, depth=0):
    """Return (number, "") or (None, what is wrong with the value as a number)."""
    try:
        return _read_number(value, depth)
    # Anything may happen in the methods of an object that somebody else has made.
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None, f"The exercise asks for one number, and {with_article(value)} is not one."


def _read_number(value, depth):
    if value is None:
        return None, f"The answer is None, so there is no number in it. {NO_RETURN}"
    if value is ...:
        return None, "There is still a `...` in the answer, where a number should be."
    if isinstance(value, (bool, np.bool_)):
        return None, f"The answer is {bool(value)}, a yes or no, where a number is asked for."
    if isinstance(value, str):
        number = number_in(value)
        return number, "" if number is not None else UNREADABLE
    if isinstance(value, bytes):
        return None, "The answer is a string of bytes. Give the number itself, without quotes."
    if isinstance(value, (complex, np.complexfloating)) and value.imag == 0:
        return None, "The answer is a complex number whose imaginary part is 0. Take its `.real`."
    if isinstance(value, (complex, np.complexfloating)):
        return None, (
            "The answer is a complex number. Look for a square root or a power of something "
            "negative."
        )
    if isinstance(value, tuple) and [type(part) for part in value] == [int, int]:
        return None, (
            "The answer is a pair of whole numbers, but the exercise asks for one number. If you "
            "meant a decimal comma, write a point instead, since Python reads the comma as a pair."
        )
    if isinstance(value, (list, tuple, set, frozenset)):
        return _read_only_entry(list(value)[:1], len(value), with_article(value), depth)
    if isinstance(value, (np.ndarray, pd.Series, pd.DataFrame, pd.Index)):
        if np.ma.is_masked(value):
            return None, "The answer is a masked value, so there is no number in it."
        what = f"{with_article(value)} of shape {value.shape}"
        first = np.asarray(value).ravel()[:1].tolist() if value.size == 1 else []
        return _read_only_entry(first, value.size, what, depth)
    if callable(value) and not isinstance(value, Number):
        return None, (
            f"The answer is {with_article(value)}, rather than the number it returns. Call it, "
            "with parentheses and its arguments in them."
        )
    if not isinstance(value, (Number, Decimal)) and not hasattr(value, "__float__"):
        return None, (
            f"The answer is {with_article(value)}, but the exercise asks for one number. Take the "
            "number that you mean out of it."
        )
    try:
        return float(value), ""
    except OverflowError:
        return float("inf"), ""


def _read_only_entry(first, size, what, depth):
    if size == 1 and depth < 4:
        return read_number(first[0], depth + 1)
    if size == 0:
        return None, f"The answer is {what}, and it is empty. The exercise asks for one number."
    return None, (
        f"The answer is {what}, with {size} entries, but the exercise asks for one number. Which "
        "of them do you mean?"
    )


def with_article(value):
    """ "a list", "an ndarray": the type with its article; never the repr, which may be huge."""
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
