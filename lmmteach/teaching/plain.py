"""Answers as plain data: what may cross from the process of a student's code to the judge.

Nothing crosses but JSON, and in it nothing but numbers, texts and the names of types. An object
that claims to equal everything arrives as the name of its type.
"""

import builtins
import json
import math
from decimal import Decimal
from numbers import Number

import numpy as np
import pandas as pd

from lmmteach.exercises.results import LARGEST_RESULT, Result

LONGEST_TEXT = 1000
DEEPEST = 4


def encoded(value, depth=0):
    """An answer, whatever it is, as lists of texts and numbers.

    It runs beside the student's code, so nothing about its result may be trusted.
    """
    try:
        return _encoded(value, depth)
    except Exception:
        return ["object", _type_name(value)]


def _encoded(value, depth):
    if value is None or value is ...:
        return ["none" if value is None else "not attempted"]
    if isinstance(value, np.generic) and value.dtype.kind in "biufcU":
        value = value.item()
    if isinstance(value, bool):
        return ["bool", bool(value)]
    if isinstance(value, (int, float)):
        return ["number", _float(value)]
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    if isinstance(value, str):
        return ["text", str(value)[:LONGEST_TEXT]]
    if isinstance(value, (list, tuple, set, frozenset)) and depth < DEEPEST:
        entries = [encoded(entry, depth + 1) for entry in value] if len(value) == 1 else []
        return ["list", len(value), entries]
    if isinstance(value, (np.ndarray, pd.Series, pd.DataFrame, pd.Index)):
        if np.ma.is_masked(value):
            return ["object", "masked value"]
        entries = [encoded(np.asarray(value).ravel()[0], depth + 1)] if value.size == 1 else []
        return ["list", int(value.size), entries]
    if callable(value) and not isinstance(value, Number):
        return ["function", _type_name(value)]
    if isinstance(value, (Number, Decimal)) or hasattr(value, "__float__"):
        return ["number", _float(value)]
    return ["object", _type_name(value)]


def _float(value):
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _type_name(value):
    return type(value).__name__[:50]


class Unreadable:
    """What stands for an answer in which there is no number, on the side of the judge."""


def decoded(message):
    """The answer that a message describes, made of Python's own types.

    Raises
    ------
    ValueError
        if the message is not of the form that ``encoded`` gives.
    """
    match message:
        case ["none"]:
            return None
        case ["not attempted"]:
            return ...
        case ["bool", bool(value)]:
            return value
        case ["number", int(value) | float(value)] if not isinstance(value, bool):
            return _float(value)
        case ["complex", real, imaginary]:
            return complex(_float(real), _float(imaginary))
        case ["text", str(text)]:
            return text[:LONGEST_TEXT]
        case ["list", 1, [entry]]:
            return [decoded(entry)]
        # Of several entries nothing matters, because one is asked for.
        case ["list", int(length), []] if length != 1:
            return Unreadable()
        case ["function", str(_)]:
            return Unreadable
        case ["object", str(_)]:
            return Unreadable()
    raise ValueError("no answer of a known form")


def encoded_arguments(arguments):
    """The arguments of a call: numbers, texts, arrays of them, and tuples."""
    return [_encoded_argument(argument) for argument in arguments]


def _encoded_argument(value):
    if isinstance(value, tuple):
        return ["tuple", encoded_arguments(value)]
    if isinstance(value, np.ndarray):
        return ["array", value.dtype.str, list(value.shape), value.ravel().tolist()]
    if isinstance(value, (bool, int, float, str)) or value is None:
        return ["plain", value]
    if isinstance(value, np.generic):
        return ["plain", value.item()]
    raise TypeError(f"An argument of type {type(value).__name__} cannot be handed over.")


def decoded_arguments(messages):
    """What ``encoded_arguments`` has encoded."""
    return tuple(_decoded_argument(message) for message in messages)


def _decoded_argument(message):
    kind, *content = message
    if kind == "tuple":
        return decoded_arguments(content[0])
    if kind == "array":
        dtype, shape, entries = content
        return np.array(entries, dtype=dtype).reshape(shape)
    return content[0]


def encoded_result(result):
    """A Result of calling a student's function."""
    if result.raised is not None:
        return {"raised": [_type_name(result.raised), _message(result.raised)]}
    if result.unreadable:
        return {"unreadable": result.unreadable[:LONGEST_TEXT]}
    parts = [[list(part.shape), _entries(part)] for part in map(np.asarray, result.parts)]
    return {"parts": parts, "several": bool(result.several)}


def _entries(part):
    return part.astype(float).ravel().tolist() if part.size <= LARGEST_RESULT else []


def _message(error):
    try:
        return str(error)[:LONGEST_TEXT]
    except Exception:
        return ""


def decoded_result(message):
    """The Result that a message describes; its numbers are the only thing that is believed.

    Raises
    ------
    ValueError
        if the message is not of the form that ``encoded_result`` gives.
    """
    match message:
        case {"raised": [str(name), str(text)]}:
            return Result(raised=_exception(name)(text[:LONGEST_TEXT]))
        case {"unreadable": str(text)}:
            return Result(unreadable=text[:LONGEST_TEXT] or "no numbers")
        case {"parts": list(parts), "several": bool(several)} if parts:
            return Result(tuple(_part(*part) for part in parts), several)
    raise ValueError("no result of a known form")


def _part(shape, entries):
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape) > 8 or not isinstance(entries, list):
        raise ValueError("no array")
    if not all(type(entry) in (int, float) for entry in entries):
        raise ValueError("not only numbers in an array")
    if not entries and math.prod(shape) > LARGEST_RESULT:
        # Its shape is wrong, whatever was in it.
        return np.empty(LARGEST_RESULT + 1)
    return np.array(entries, dtype=float).reshape(shape)


def _exception(name):
    """The type of Python's own, or numpy's, that has this name."""
    kind = np.linalg.LinAlgError if name == "LinAlgError" else getattr(builtins, name, None)
    own = isinstance(kind, type) and issubclass(kind, Exception)
    return kind if own and not issubclass(kind, UnicodeError) else _StudentsError


class _StudentsError(Exception):
    """An exception of a type that is not Python's own."""


def line(message):
    """A message as it crosses: a line of JSON."""
    return (json.dumps(message) + "\n").encode("ascii")
