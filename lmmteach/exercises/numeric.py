"""Check a number: the right one, one of the mistakes that have a name, or another."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lmmteach.exercises.compare import close_to, is_rounded, matches
from lmmteach.exercises.reading import read_number

ROUNDED = (
    "That is the right number, but with too few digits. (A printout shows few.) Compute with all "
    "digits, and give more of them."
)
CLOSE = (
    "Very near, but not it. Either digits were lost on the way, or something small is different: "
    "a divisor, a fit, a mean."
)
SIGN_TURNED = (
    "The size is right, but the sign is turned. Is there a minus too many, or a difference taken "
    "the other way round?"
)
IN_PERCENT = "This is a percentage. Give it as a share, a number between 0 and 1."
UNKNOWN = (
    "This is not it, and it is none of the mistakes that this exercise knows by name. "
    "Write down the formula first, then see which number stands for which letter."
)


@dataclass(frozen=True)
class Target:
    """A number that the exercise knows, and what to say to whoever gives it."""

    value: float
    outcome: str
    text: str
    tag: str = ""


@lru_cache(maxsize=4096)
def targets(exercise, study):
    """The numbers that a numeric exercise knows, in the order in which they are looked at."""
    right = [Target(_plain(exercise.answer(study)), "right", exercise.right)]
    also = [Target(_plain(also.gives(study)), "right", also.remark) for also in exercise.also]
    wrong = [
        Target(_plain(wrong.gives(study)), "wrong", wrong.feedback, wrong.tag)
        for wrong in exercise.wrong
    ]
    return tuple(right + also + wrong)


def tells_apart(exercise, study):
    """Whether the right and the named wrong answers lie more than 3 ``atol`` from each other.

    A number that is right in two ways may of course be the same twice.
    """
    known = targets(exercise, study)
    if not np.isfinite([target.value for target in known]).all():
        return False
    return all(
        abs(one.value - other.value) > 3 * exercise.atol
        for i, one in enumerate(known)
        for other in known[:i]
        if "wrong" in (one.outcome, other.outcome)
    )


def diagnose_number(exercise, value, study):
    """Return outcome, text and, where it is known, the tag of the mistake."""
    number, problem = read_number(value)
    if problem:
        return "error", problem
    if not np.isfinite(number):
        return "wrong", _not_finite(number)
    known = targets(exercise, study)
    for target in known:
        if matches(number, target.value, exercise.atol):
            return target.outcome, target.text, target.tag
    right, atol = known[0].value, exercise.atol
    if is_rounded(number, right, atol):
        return "wrong", ROUNDED, "rounded"
    if close_to(number, right, atol):
        return "wrong", CLOSE, "close"
    if close_to(number, -right, atol):
        return "wrong", SIGN_TURNED, "sign"
    if exercise.share and (
        close_to(number, 100 * right, atol) or is_rounded(number, 100 * right, atol, digits=1)
    ):
        return "wrong", IN_PERCENT, "percent"
    return "wrong", UNKNOWN


def _not_finite(number):
    if np.isnan(number):
        return (
            "The answer is NaN, “not a number”. Somewhere 0/0, a root or a log of something "
            "negative, or a missing value came in. Print the steps one by one."
        )
    return (
        "The answer is infinite, or too large for a computer. Was there a division by 0, or a log "
        "of 0?"
    )


def _plain(number):
    return float(np.asarray(number, dtype=float).reshape(()))
