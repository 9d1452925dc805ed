"""What came of calling a student's function, and what sets it apart from what should have come."""

from dataclasses import dataclass

import numpy as np

from lmmteach.exercises.reading import NO_RETURN, with_article

LARGEST_RESULT = 10**6


@dataclass(frozen=True)
class Result:
    """What came of one call, copied: arrays of numbers where it can be read as such."""

    parts: tuple = ()
    several: bool = False
    unreadable: str = ""
    raised: BaseException | None = None

    @classmethod
    def of(cls, done):
        """The result of a Run."""
        if done.raised is not None:
            return cls(raised=done.raised)
        try:
            several = isinstance(done.value, tuple) or _is_ragged(done.value)
            parts = tuple(_as_array(part) for part in (done.value if several else (done.value,)))
            return cls(parts, several)
        except _UnreadableError as error:
            return cls(unreadable=str(error))
        except (Exception, SystemExit):
            what = with_article(done.value)
            return cls(unreadable=f"Your function returned {what}, where numbers are needed.")

    def changed(self, change):
        """The result with the same change made to all its numbers."""
        with np.errstate(all="ignore"):
            return Result(tuple(change(part) for part in self.parts), self.several)


def _is_ragged(value):
    """Whether a list holds things of different shapes, as ``[beta, covariance]`` does."""
    try:
        return isinstance(value, list) and len({np.shape(part) for part in value}) > 1
    except ValueError:
        return True


class _UnreadableError(Exception):
    """A result that holds no numbers, and why."""


def _as_array(value):
    if value is None:
        raise _UnreadableError(f"Your function returned None. {NO_RETURN}")
    if isinstance(value, (str, bytes)):
        raise _UnreadableError("Your function returned a text, where numbers are needed.")
    if callable(value):
        raise _UnreadableError(
            f"Your function returned {with_article(value)}. Perhaps it still has to be called, "
            "with parentheses."
        )
    if hasattr(value, "toarray"):
        value = value.toarray()
    try:
        array = np.asarray(value)
    except ValueError:
        raise _UnreadableError(
            f"Your function returned {with_article(value)} whose rows have different lengths."
        ) from None
    if array.dtype.kind == "c" and not np.any(array.imag):
        raise _UnreadableError(
            "Your function returned complex numbers whose imaginary part is 0. Return `.real`."
        )
    if array.dtype.kind == "c":
        raise _UnreadableError(
            "Your function returned complex numbers. Look for a square root or a power of "
            "something negative."
        )
    if array.dtype.kind in "USMm":
        raise _UnreadableError("Your function returned texts or dates, where numbers are needed.")
    # So large a result has the wrong shape anyway, and a copy of it might not fit.
    return array if array.size > LARGEST_RESULT else np.array(array, dtype=float)


def difference(result, expected, rtol):
    """Return what sets a result apart from the expected one: (outcome, text), or () if nothing."""
    if result.raised is not None or expected.raised is not None:
        alike = type(result.raised) is type(expected.raised)
        return () if alike else ("error", "Your function raised an exception.")
    if result.unreadable or expected.unreadable:
        alike = result.unreadable == expected.unreadable
        return () if alike else ("error", result.unreadable)
    found, asked = result.parts, expected.parts
    # A list in the place of a tuple, or a tuple in the place of a vector, says the same.
    if not result.several and found[0].ndim == 1 and len(found[0]) == len(asked) > 1:
        found = tuple(found[0])
    if result.several and len(asked) == 1 and all(part.ndim == 0 for part in found):
        found = (np.array(found),)
    if len(found) != len(asked):
        return "wrong", (
            f"Your function returned {_results(len(found))}, but the exercise asks for "
            f"{_results(len(asked))}."
        )
    for position, (one, other) in enumerate(zip(found, asked, strict=True)):
        problem = _array_difference(np.asarray(one), other, rtol)
        if problem:
            where = f"Of the {len(asked)} results, look at number {position + 1}. "
            return "wrong", where * (len(asked) > 1) + problem
    return ()


def _results(n):
    return "one result" if n == 1 else f"{n} results"


def _array_difference(found, asked, rtol):
    if asked.ndim == 0 and found.size == 1:
        found = found.reshape(())
    if asked.ndim == 0 and found.ndim == 1:
        return (
            f"The exercise asks for one number, but your function returns {found.size} of them. Do "
            "they still have to be added up?"
        )
    if found.shape != asked.shape:
        return (
            f"The shape of your result is {found.shape}, but it should be {asked.shape}."
            f"{_why_shape(found, asked)}"
        )
    scale = np.max(np.abs(asked[np.isfinite(asked)]), initial=1e-6)
    with np.errstate(all="ignore"):
        same = np.isclose(found, asked, rtol=rtol, atol=rtol * scale, equal_nan=True)
    if same.all():
        return ""
    if np.isnan(found).any() and not np.isnan(asked).any():
        return (
            "There is a NaN in your result, which means “not a number”. It comes from a 0/0, or "
            "from a root or logarithm of something negative."
        )
    if found.ndim == 0:
        return "Your function returns a number, but not the right one."
    first = np.argwhere(~same)[0].tolist()
    return (
        f"Of the {same.size} numbers in your result, {np.sum(~same)} should be different. The "
        f"first of these is at [{', '.join(map(str, first))}]."
    )


def _why_shape(found, asked):
    if found.ndim == asked.ndim == 2 and found.shape == asked.shape[::-1]:
        return " Has it been transposed?"
    if found.size == asked.size:
        return " You have the right number of entries, so perhaps there is one dimension too many."
    return ""
