"""Compare an answer with the right one and with the mistakes that have a name."""

import re
import unicodedata
from string import ascii_lowercase

from lmmteach.exercises.feedback import NOT_ATTEMPTED, Feedback
from lmmteach.exercises.functions import diagnose_function
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.exercises.numeric import diagnose_number
from lmmteach.exercises.running import SECONDS
from lmmteach.exercises.words import asked, why_not


def diagnose(exercise, value, study, seconds=SECONDS):
    """Find out whether an answer is right, one of the named mistakes, or something else.

    Parameters
    ----------
    exercise : Numeric, Choice or Function
    value : what the student has given, of whatever type; an Ellipsis counts as no attempt
    study : the data that the exercise asks about
    seconds : after how long a student's function is cut off

    Returns
    -------
    feedback : Feedback, which never contains the right answer
    """
    if value is ...:
        return Feedback(exercise.key, "not attempted", NOT_ATTEMPTED)
    refused = why_not(exercise, study)
    if refused:
        return Feedback(exercise.key, "error", refused)
    exercise = asked(exercise, study)
    if isinstance(exercise, Numeric):
        verdict = diagnose_number(exercise, value, study)
    elif isinstance(exercise, Choice):
        verdict = _diagnose_choice(exercise, value)
    else:
        verdict = diagnose_function(exercise, value, study, seconds)
    return Feedback(exercise.key, *verdict)


def _diagnose_choice(exercise, value):
    letters = ascii_lowercase[: len(exercise.options)]
    plain = unicodedata.normalize("NFKC", value) if isinstance(value, str) else ""
    found = re.fullmatch(r"\W*(\w)\W*", plain)
    letter = found[1].lower() if found else ""
    if letter == "" or letter not in letters:
        listed = ", ".join(f'"{letter}"' for letter in letters[:-1]) + f' or "{letters[-1]}"'
        return "error", f"Please answer with the letter of one of the options, in quotes: {listed}."
    position = letters.index(letter)
    option = exercise.options[position]
    if position != exercise.answer:
        return "wrong", option.feedback, option.tag
    text = option.feedback
    if exercise.right and exercise.right not in text:
        text = f"{text} {exercise.right}".strip()
    return "right", text, option.tag
