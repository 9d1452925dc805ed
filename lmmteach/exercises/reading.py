"""What a student can give as an answer, read with patience: the number in it, or what is wrong."""

from decimal import Decimal
from numbers import Number

import numpy as np
import pandas as pd

from lmmteach.exercises.written import UNREADABLE, number_in

NO_RETURN = "Did you forget `return`, or write `print` where `return` was meant?"


def read_number(value, depth=0):
    """Return (number, "") or (None, what is wrong with the value as a number)."""
    try:
        return _read_number(value, depth)
    # Anything may happen in the methods of an object that somebody else has made.
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None, f"One number is asked, and {with_article(value)} is none that can be read."


def _read_number(value, depth):
    if value is None:
        return None, f"The answer is None: there is no number in it. {NO_RETURN}"
    if value is ...:
        return None, "There is still a `...` in the answer: put a number in its place."
    if isinstance(value, (bool, np.bool_)):
        return None, f"The answer is {bool(value)}: that is a yes or no, and a number is asked."
    if isinstance(value, str):
        number = number_in(value)
        return number, "" if number is not None else UNREADABLE
    if isinstance(value, bytes):
        return None, "The answer is a row of bytes. Give the number itself, without quotes."
    if isinstance(value, (complex, np.complexfloating)) and value.imag == 0:
        return None, "The answer is a complex number without an imaginary part. Take its `.real`."
    if isinstance(value, (complex, np.complexfloating)):
        return None, (
            "The answer is a complex number. Was there a square root or a power of something "
            "negative?"
        )
    if isinstance(value, tuple) and [type(part) for part in value] == [int, int]:
        return None, (
            "The answer is a pair of whole numbers, and one number is asked. Is there a decimal "
            "comma? Python wants a point in its place."
        )
    if isinstance(value, (list, tuple, set, frozenset)):
        return _read_only_entry(list(value)[:1], len(value), with_article(value), depth)
    if isinstance(value, (np.ndarray, pd.Series, pd.DataFrame, pd.Index)):
        if np.ma.is_masked(value):
            return None, "The answer is a masked value: there is no number in it."
        what = f"{with_article(value)} of shape {value.shape}"
        first = np.asarray(value).ravel()[:1].tolist() if value.size == 1 else []
        return _read_only_entry(first, value.size, what, depth)
    if callable(value) and not isinstance(value, Number):
        return None, (
            f"The answer is {with_article(value)}, not what it gives. Did you forget to call it, "
            "with parentheses and what belongs in them?"
        )
    if not isinstance(value, (Number, Decimal)) and not hasattr(value, "__float__"):
        return None, (
            f"The answer is {with_article(value)}, and one number is asked. Take from it the "
            "number that you mean."
        )
    try:
        return float(value), ""
    except OverflowError:
        return float("inf"), ""


def _read_only_entry(first, size, what, depth):
    if size == 1 and depth < 4:
        return read_number(first[0], depth + 1)
    if size == 0:
        return None, f"The answer is {what}, and it is empty. One number is asked."
    return None, f"The answer is {what}, with {size} entries. One number is asked: which of them?"


def with_article(value):
    """ "a list", "an ndarray": the type with its article; never the repr, which may be huge."""
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
