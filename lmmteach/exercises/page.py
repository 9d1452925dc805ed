"""An exercise on a built page: a form that does not give itself away.

Numbers and letters are answered without a kernel, functions where the site has a Python of its own.

The page has no rule of its own. ``diagnose`` says what each cell of the grid deserves on which
numbers are compared; the script on the page only finds the cell of what was typed. Cells stand
there as hashes, and each text is enciphered with a key that only its cells hold. So is the worked
solution, whose key is part of the texts that say "Right". Who knows how to use a debugger can still
get at it; who looks at the page, or at its source, sees no answer.
"""

import base64
import html
import json
import re
import zlib
from string import ascii_lowercase

from lmmteach.exercises.cells import grid_step
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import LABELS, Feedback, inline_html
from lmmteach.exercises.kinds import Choice
from lmmteach.exercises.numeric import known_cells
from lmmteach.exercises.written import UNREADABLE

START_AGAIN = ' <button type="button" class="exercise-again">Start again</button>'
# What is shown while Python is on its way and what the code has printed.
RUNS = (
    '<p class="live-loading" hidden></p>'
    '<pre class="exercise-printed" role="region" aria-label="What your code has printed" '
    'tabindex="0" hidden></pre>'
)
CHANGED = "You have changed your code since. Check it again."
AGAIN = "The code is as it was given. Ctrl+Z in the editor brings yours back."
FAILED = (
    "Python could not do it in this browser ({}). It is started again when you check your code "
    "again; if that does not help, the worksheet of this chapter has the same exercise."
)
EMPTY = "Please give an answer first, and then check it."


def page_html(exercise, study, solution=""):
    """The form of a numeric or choice exercise, to be put below its prompt.

    Its worked solution is HTML; the page shows it after a right answer only.
    """
    field = _options if isinstance(exercise, Choice) else _field
    return _form(exercise, field(exercise), page_data(exercise, study, solution))


def function_html(exercise, solution=""):
    """The form of a function exercise, which stays hidden until the page has found a Python."""
    sealed = _enciphered(solution, function_solution_key(exercise))
    data = {
        "key": exercise.key,
        "headings": _headings(exercise.key),
        "changed": CHANGED,
        "again": AGAIN,
        "failed": inline_html(FAILED),
        "solution": sealed,
    }
    return _form(exercise, _editor(exercise), data, "exercise-code", START_AGAIN, RUNS)


def function_solution_key(exercise):
    """The key to the solution, which is not on the page: ``typed.answer`` gives it away."""
    return hash32(f"{exercise.key}/solution/{zlib.crc32(exercise.code.encode())}")


def _form(exercise, field, data, classes="", buttons="", above=""):
    # "</" would end the script element.
    payload = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    hints = "".join(f"<li hidden>{_plain(hint)}</li>" for hint in exercise.hints)
    kind = f'class="{f"exercise {classes}".strip()}"{" hidden" if classes else ""}'
    return "".join(
        [
            f'<form {kind} id="exercise-{exercise.key}-form" novalidate autocomplete="off">',
            field,
            '<p class="exercise-buttons"><button type="submit">Check</button> ',
            f'<button type="button" class="exercise-hint">Hint 1 of {len(exercise.hints)}</button>',
            f'{buttons}</p>{above}<p class="exercise-feedback" role="status"></p>',
            '<details class="exercise-worked" hidden>',
            f"<summary>Solution of {exercise.key}</summary><div></div></details>",
            f'<ol class="exercise-hints" aria-label="Hints" aria-live="polite">{hints}</ol>',
            f'<script type="application/json">{payload}</script></form>',
        ]
    )


def given_text(exercise, study):
    """What the page gives to a reader without Python, in Markdown with TeX; "" if nothing."""
    if exercise.given is None:
        return ""
    numbers = [
        f"{name} = {f'{value:.7g}'.replace('-', '−')}"
        for name, value in exercise.given(study).items()
    ]
    return f"For the lecture's data, in case you work without Python: {', '.join(numbers)}."


def _editor(exercise):
    # The script puts an editor in the place of the field; both have the same label and help.
    name, rows = f"exercise-{exercise.key}", exercise.stub.strip("\n").count("\n") + 3
    return (
        f'<p class="exercise-field"><label id="{name}-label" for="{name}-answer">Your code for '
        f"{exercise.key}</label></p>"
        f'<textarea id="{name}-answer" rows="{rows}" spellcheck="false" autocapitalize="off" '
        f'aria-describedby="{name}-prompt {name}-keys">{html.escape(exercise.stub.strip())}\n'
        f'</textarea><p class="exercise-keys" id="{name}-keys">Ctrl+Enter or Shift+Enter checks '
        "your code. Tab indents it; press Esc first if Tab should leave the editor.</p>"
    )


def _field(exercise):
    name = f"exercise-{exercise.key}"
    # No inputmode: the number pads of some telephones have no minus sign.
    unit = f' <span id="{name}-unit">{_plain(exercise.unit)}</span>' if exercise.unit else ""
    described = f"{name}-prompt {name}-unit" if unit else f"{name}-prompt"
    return (
        f'<p class="exercise-field"><label for="{name}-answer">Your answer to {exercise.key}'
        f'</label> <input type="text" id="{name}-answer" size="12" autocapitalize="off" '
        f'spellcheck="false" aria-describedby="{described}">{unit}</p>'
    )


def _options(exercise):
    name = f"exercise-{exercise.key}"
    labels = "".join(
        f'<label><input type="radio" name="{name}-answer" value="{letter}"> '
        f"<span>({letter}) {_plain(option.text)}</span></label>"
        for letter, option in zip(ascii_lowercase, exercise.options, strict=False)
    )
    return (
        f'<fieldset aria-describedby="{name}-prompt"><legend>Your answer to {exercise.key}</legend>'
        f"{labels}</fieldset>"
    )


def _plain(text):
    """Plain text as HTML, with code in backticks and formulas between dollars."""
    formula = r'<span class="math notranslate nohighlight">\\(\1\\)</span>'
    return re.sub(r"\$([^$]+)\$", formula, inline_html(text))


def page_data(exercise, study, solution=""):
    """What the script on the page looks up: feedback for each cell of a number, or letter."""
    if isinstance(exercise, Choice):
        letters = ascii_lowercase[: len(exercise.options)]
        said = {letter: diagnose(exercise, letter, study) for letter in letters}
        return _sealed(exercise.key, said, solution) | {"step": None, "other": None}
    said, other = _by_cell(exercise, study)
    beside = {"step": grid_step(exercise.atol), "other": [other.outcome, inline_html(other.text)]}
    return _sealed(exercise.key, said, solution) | beside


def _by_cell(exercise, study):
    """What ``diagnose`` says in each cell near a target, and what it says everywhere else."""
    near = known_cells(exercise, study)
    step = grid_step(exercise.atol)
    other = diagnose(exercise, (near[-1] + 1) * step, study)
    said = {at: diagnose(exercise, at * step, study) for at in near}
    return {at: here for at, here in said.items() if here != other}, other


def _sealed(salt, said, solution):
    """Hashes of the answers and enciphered texts, for ``{answer: feedback}``."""
    solution_key = _solution_key(salt, said)
    keys, cells = {}, {}
    for answer, feedback in said.items():
        opens = solution_key if feedback.outcome == "right" else ""
        content = f"{feedback.outcome}\n{opens}\n{inline_html(feedback.text)}"
        key = keys.setdefault(content, hash32(f"{salt}/text/{answer}"))
        lock = hash32(f"{salt}/lock/{answer}")
        cells[hash32(f"{salt}/name/{answer}")] = [list(keys).index(content), key ^ lock]
    return {
        "salt": salt,
        "headings": _headings(salt),
        # Sorted by hash, so that the order says nothing.
        "cells": dict(sorted(cells.items())),
        "texts": [_enciphered(content, key) for content, key in keys.items()],
        "solution": _enciphered(solution, solution_key),
        "empty": ["not attempted", EMPTY],
        "unreadable": ["error", UNREADABLE],
    }


def _headings(key):
    return {outcome: Feedback(key, outcome, "").heading for outcome in LABELS}


def _solution_key(salt, said):
    """A key that can be found only by whoever has a right answer."""
    right = next(answer for answer, feedback in said.items() if feedback.outcome == "right")
    return hash32(f"{salt}/solution/{right}")


def _enciphered(text, key):
    stream = (hash32(f"{key}/{k}") & 0xFF for k in range(len(text.encode())))
    masked = bytes(byte ^ mask for byte, mask in zip(text.encode(), stream, strict=True))
    return base64.b64encode(masked).decode()


def hash32(text):
    """Thirty-two bits from an ASCII text; the script on the page computes the same."""
    bits = 0x811C9DC5
    for byte in text.encode("ascii"):
        bits = (bits ^ byte) * 0x01000193 & 0xFFFFFFFF
    # Otherwise texts that differ in their last letter only would have similar hashes.
    bits = (bits ^ bits >> 15) * 0x9E3779B1 & 0xFFFFFFFF
    return bits ^ bits >> 13
