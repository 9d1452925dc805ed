"""Check a number: is it the right one, one of the mistakes that have a name, or neither?"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lmmteach.exercises.cells import NEARBY, cell, close_to, is_rounded, matches, rounded_cells
from lmmteach.exercises.reading import read_number
from lmmteach.exercises.studies import LECTURE

ROUNDED = (
    "You have the right number, but with too few digits to be sure of it. Printouts round more "
    "than you might expect, so compute with all digits and give a few more of them."
)
TOO_FEW = (
    "With only these digits, this may be the right number or a wrong one close by. Compute with "
    "all digits, and give a few more of them."
)
ONE_OF_SEVERAL = (
    "This is not the number that the exercise asks for. It resembles more than one of the mistakes "
    "that the exercise knows, and has too few digits to show which of them it is. Give a few more, "
    "and you will get the hint that fits."
)
CLOSE = (
    "This is very close, but not quite right. Either some digits were lost on the way, or a small "
    "thing is different, such as a divisor, a fit or a mean."
)
SIGN_TURNED = (
    "The size is right, but the sign is the wrong way round. Look for a minus too many, or for a "
    "difference that was taken in the opposite order."
)
IN_PERCENT = (
    "This looks like a percentage. Please give it as a share, which is a number between 0 and 1."
)
EITHER = "More than one mistake leads to this number. It may be this:"
OR = "Or it may be this:"
UNKNOWN = (
    "This is not the number that the exercise asks for, and it does not come from any of the "
    "mistakes that the exercise knows. Write the formula down first, and then decide for each "
    "letter which number takes its place."
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
    """The numbers that a numeric exercise knows, in the order in which they are looked at.

    A mistake that need not be there ``always`` is passed over where another number is too near. On
    data that are as they are, two mistakes may lead to one number, and then both are told of.
    """
    firm = _firm_targets(exercise, study)
    right = [target for target in firm if target.outcome == "right"]
    wrong = [target for target in firm if target.outcome == "wrong"]
    for target in (_wrong(entry, study) for entry in _loose(exercise, study)):
        if not np.isfinite(target.value) or _is_near(target, right, 3 * exercise.atol):
            continue
        same = [other for other in wrong if _is_near(target, [other], 2 * exercise.atol)]
        if same and not is_firm(exercise, study):
            wrong[wrong.index(same[0])] = _either(same[0], target)
        elif not same:
            wrong.append(target)
    return (*right, *wrong)


def _loose(exercise, study):
    """The mistakes that need not be told apart: of data that were not drawn for the exercises, all.

    Such data are as they are, and two mistakes may lead to one number there.
    """
    return [wrong for wrong in exercise.wrong if not (wrong.always and is_firm(exercise, study))]


def is_firm(exercise, study):
    """Whether the study was chosen so that the mistakes of the exercise can be told apart."""
    return study.topic.is_lectures and exercise.about in (None, LECTURE)


def _is_near(target, others, room):
    return any(abs(target.value - other.value) <= room for other in others)


def _either(one, other):
    """A number that comes of two mistakes."""
    first = one.text if " or " in one.tag else f"{EITHER} {one.text}"
    return replace(one, text=f"{first} {OR} {other.text}", tag=f"{one.tag} or {other.tag}")


@lru_cache(maxsize=4096)
def _firm_targets(exercise, study):
    """The right numbers, and the mistakes that must be told apart on every student's data."""
    right = [Target(_plain(exercise.answer(study)), "right", exercise.right)]
    also = [Target(_plain(also.gives(study)), "right", also.remark) for also in exercise.also]
    loose = _loose(exercise, study)
    firm = (_wrong(wrong, study) for wrong in exercise.wrong if wrong not in loose)
    return (*right, *also, *firm)


def _wrong(wrong, study):
    with np.errstate(all="ignore"):
        return Target(_plain(wrong.gives(study)), "wrong", wrong.feedback, wrong.tag)


def tells_apart(exercise, study):
    """Whether the right and the named wrong answers lie far enough from each other.

    A number that is right in two ways may of course be the same twice.
    """
    known = _firm_targets(exercise, study)
    apart = 3 * exercise.atol if exercise.apart is None else exercise.apart
    if not np.isfinite([target.value for target in known]).all():
        return False
    return all(
        abs(one.value - other.value) > apart
        for i, one in enumerate(known)
        for other in known[:i]
        if "wrong" in (one.outcome, other.outcome)
    )


def diagnose_number(exercise, value, study):
    """Return outcome, text and, where it is known, the tag of the mistake.

    A number that the exercise knows, within ``atol``, comes first, and the right one before all;
    then what such a number becomes when somebody rounds it. Where the right number and a wrong one
    have the same rounding, or two wrong ones, more digits are asked for. Only then comes what lies
    near the right number.
    """
    number, problem = read_number(value)
    if problem:
        return "error", problem
    if not np.isfinite(number):
        return "wrong", _not_finite(number)
    known = targets(exercise, study)
    matching = [target for target in known if matches(number, target.value, exercise.atol)]
    if matching:
        # The right number first, then the nearest of the mistakes.
        said = min(matching, key=lambda at: (at.outcome, abs(number - at.value)))
        return said.outcome, said.text, said.tag
    return _rounded(exercise, number, known) or _near(exercise, number, known[0].value)


def _rounded(exercise, number, known):
    """What to say if a number is a rounding of something that the exercise knows."""
    # 0.9 may be 0.90 or stand for all that is near it, so it is held against both; but what has
    # one digit at most names nobody.
    fitting = [t for t in known if is_rounded(number, t.value, exercise.atol, digits=1)]
    if not any(is_rounded(number, target.value, exercise.atol) for target in fitting):
        return None
    wrong = [target for target in fitting if target.outcome == "wrong"]
    if not wrong:
        return "wrong", ROUNDED, "rounded"
    if len(wrong) < len(fitting):
        return "wrong", TOO_FEW, "rounded"
    if len(wrong) > 1:
        return "wrong", ONE_OF_SEVERAL, "rounded"
    return "wrong", wrong[0].text, wrong[0].tag


def _near(exercise, number, right):
    """What to say of a number that is not known: how it lies to the right one."""
    atol = exercise.atol
    if close_to(number, right, atol):
        return "wrong", CLOSE, "close"
    if close_to(number, -right, atol) or is_rounded(number, -right, atol):
        return "wrong", SIGN_TURNED, "sign"
    if exercise.share and (
        close_to(number, 100 * right, atol) or is_rounded(number, 100 * right, atol, digits=1)
    ):
        return "wrong", IN_PERCENT, "percent"
    return "wrong", UNKNOWN


def known_cells(exercise, study):
    """Return the cells, in order, outside of which every number gets the same words."""
    known, atol = [target.value for target in targets(exercise, study)], exercise.atol
    # The sign and the percentage of the right answer are known as well.
    of_right = (-known[0], 100 * known[0])
    centres = [cell(value, atol) for value in (*known, *of_right)]
    near = {at + k for at in centres for k in range(-NEARBY, NEARBY + 1)}
    return sorted(near.union(*(rounded_cells(at, atol, 1) for at in (*known, *of_right))))


def _not_finite(number):
    if np.isnan(number):
        return (
            "The answer is NaN, which means “not a number”. Somewhere on the way there was a 0/0, "
            "a root or logarithm of something negative, or a missing value. Print the steps one "
            "by one, and you will see where."
        )
    return (
        "The answer is infinite, or too large for a computer. Look for a division by 0, or for the "
        "logarithm of 0."
    )


def _plain(number):
    return float(np.asarray(number, dtype=float).reshape(()))
