"""The exercises as questions of a learning platform: HTML, answers with a tolerance, feedback.

What is the same in Moodle's XML and in QTI stands here, so that both files say the same. A number
is asked once for each variant of the data; what does not depend on the data is there once.
"""

import html
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from lmmteach.chapters import CHAPTERS
from lmmteach.data import DATASETS
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.cells import CELLS_PER_ATOL, NEARBY
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.numeric import CLOSE, IN_PERCENT, SIGN_TURNED, UNKNOWN, targets
from lmmteach.exercises.session import _study_of, table_and_topic
from lmmteach.exercises.studies import LECTURE, drawn_study, estrone_study, study_about
from lmmteach.exercises.words import asked, why_not
from lmmteach.teaching import class_data
from lmmteach.teaching.questions import given_to_start, typed
from lmmteach.teaching.roster import read_roster

NUMBER, CHOICE, ESSAY = "number", "choice", "essay"
MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$", re.DOTALL)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
ROLE = re.compile(r"\{\w+\}`([^`<]*?)(?:\s*<[^>]*>)?`")
HELD = "\ue000{}\ue001"


@dataclass(frozen=True)
class Answer:
    """A number or an option that a question knows, and what is said to whoever gives it.

    Parameters
    ----------
    feedback : HTML
    is_right : whether it gets the marks
    value, tolerance : of a number
    option : HTML of an option
    tag : name of the mistake, "" for what has none
    """

    feedback: str
    is_right: bool
    value: float = 0.0
    tolerance: float = 0.0
    option: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Question:
    """An exercise on the data of one variant; all texts are HTML.

    Parameters
    ----------
    key, chapter, title : of the exercise; ``chapter`` is the Chapter
    variant : name of the variant, "" where the data do not matter
    kind : "number", "choice" or "essay"
    text : what is asked
    answers : of a number the right ones first, of a choice in their order
    otherwise : what is said to a number that is none of these
    hints : one after the other
    solution : with its reason and its code
    begun : what stands in the field of an essay already
    """

    key: str
    chapter: object
    title: str
    variant: str
    kind: str
    text: str
    answers: tuple
    otherwise: str
    hints: tuple
    solution: str
    begun: str = ""

    @property
    def name(self):
        """Key, title and variant in one line."""
        variant = f" ({self.variant})" if self.variant else ""
        return f"{self.key} {self.title}{variant}"


def arguments(parser):
    """The options that all question banks have."""
    number = parser.add_mutually_exclusive_group()
    number.add_argument(
        "--students", type=int, default=0, metavar="N", help="N variants, each with data of its own"
    )
    number.add_argument("--roster", metavar="FILE", help="a variant for each student of a roster")
    parser.add_argument(
        "--seed", default="variant", metavar="TEXT", help="other variants for another text"
    )
    parser.add_argument(
        "--chapters", type=int, nargs="+", metavar="K", help="only the exercises of these chapters"
    )
    parser.add_argument("--data", metavar="NAME", help="a data set or CSV file to ask about")
    class_data.arguments_of_table(parser)
    parser.add_argument(
        "--sealed", action="store_true", help="do not tell the name of a study, so no one can check"
    )
    parser.add_argument(
        "--no-functions", action="store_true", help="leave the functions out; else they are essays"
    )


def questions(options):
    """The questions that the options ask for, and why others are left out.

    Returns
    -------
    questions : list of Question, in the order of the book
    left_out : ``{key: reason}``
    """
    table = table_and_topic(
        options.data, options.response, options.group, options.unit, tuple(options.words)
    )
    studies = {name: _study_of(student, table) for name, student in _variants(options).items()}
    chosen = [
        e for e in EXERCISES.values() if not options.chapters or e.chapter in options.chapters
    ]
    if not chosen:
        numbers = ", ".join(map(str, options.chapters))
        raise ValueError(f"There are no exercises of chapter {numbers}.")
    made, left_out = [], {}
    for exercise in chosen:
        if isinstance(exercise, Function) and options.no_functions:
            left_out[exercise.key] = "it asks for a function"
            continue
        varied = isinstance(exercise, Numeric) and _varies(exercise.key)
        for variant, study in studies.items() if varied else [("", next(iter(studies.values())))]:
            if refused := why_not(exercise, study):
                left_out[exercise.key] = refused
                continue
            made.append(question(exercise, study, variant, options.sealed))
    return made, left_out


def _variants(options):
    """``{name of the variant: name of the student whose data it has}``."""
    if options.roster:
        return {student.name: student.name for student in read_roster(options.roster)}
    if options.students < 0:
        raise ValueError(f"--students must be a number above 0, not {options.students}.")
    digits = len(str(options.students))
    names = [f"{options.seed} {k:0{digits}d}" for k in range(1, options.students + 1)]
    return {name: name for name in names} or {"": ""}


@cache
def _varies(key):
    """Whether other data give another answer; those of a plan, or of its own data, do not."""
    answer = EXERCISES[key].answer
    return answer(estrone_study()) != answer(drawn_study("another"))


def question(exercise, study, variant, sealed=False):
    """An exercise on the data of a study; if it is sealed, the text does not name the study."""
    exercise = asked(exercise, study)
    kind = {Numeric: NUMBER, Choice: CHOICE, Function: ESSAY}[type(exercise)]
    make = {NUMBER: _numbers, CHOICE: _options, ESSAY: lambda exercise, study: ()}[kind]
    return Question(
        key=exercise.key,
        chapter=next(c for c in CHAPTERS if c.number == exercise.chapter),
        title=exercise.title,
        variant=variant,
        kind=kind,
        text=_text(exercise, study, sealed),
        answers=tuple(make(exercise, study)),
        otherwise=_plain(UNKNOWN) if kind == NUMBER else "",
        hints=tuple(map(_plain, exercise.hints)),
        solution=_solution(exercise),
        begun=_code(exercise.stub) if kind == ESSAY else "",
    )


def _numbers(exercise, study):
    """What ``check`` knows of numbers: the right ones, the mistakes, and what lies near them."""
    known = targets(exercise, study)
    for target in sorted(known, key=lambda target: target.outcome):
        is_right = target.outcome == "right"
        yield Answer(_plain(target.text), is_right, target.value, exercise.atol, tag=target.tag)
    right, far = known[0].value, exercise.atol * NEARBY / CELLS_PER_ATOL
    yield Answer(_plain(CLOSE), False, right, far, tag="close")
    yield Answer(_plain(SIGN_TURNED), False, -right, far, tag="sign")
    if exercise.share:
        yield Answer(_plain(IN_PERCENT), False, 100 * right, far, tag="percent")


def _options(exercise, study):
    for position, option in enumerate(exercise.options):
        is_right = position == exercise.answer
        feedback = f"{option.feedback} {exercise.right}" if is_right else option.feedback
        yield Answer(_plain(feedback), is_right, option=_plain(option.text), tag=option.tag)


def _solution(exercise):
    """The reason and the code; of a choice the code would only name a letter."""
    code = "" if isinstance(exercise, Choice) else _code(exercise.code)
    return from_markdown(exercise.solution) + code


def _text(exercise, study, sealed):
    """The prompt, and what somebody needs who has nothing but the question."""
    text = from_markdown(exercise.prompt)
    if isinstance(exercise, Function):
        return f"{text}<p>Begin with this:</p>{_code(exercise.stub)}"
    if not isinstance(exercise, Numeric):
        return text
    if exercise.unit:
        text += f"<p>Unit of the answer: {_plain(exercise.unit)}.</p>"
    return text + _numbers_given(exercise, study, sealed)


def _numbers_given(exercise, study, sealed):
    """The numbers of the study that the question is about, as far as it has any."""
    has_its_own = exercise.about not in (None, LECTURE, study.topic)
    if not _varies(exercise.key) and not has_its_own:
        return ""
    if has_its_own:
        study = study_about(exercise.about)
    if exercise.given is not None:
        given = exercise.given(study)
        lines = [f"{_plain(name)} = {_number(value)}" for name, value in given.items()]
        text = f"<p>The numbers of your study: {', '.join(lines)}.</p>"
    else:
        text = _printout(study)
    if sealed:
        return text
    how = html.escape(f"start({_arguments(study)})")
    return f"{text}<p>In Python: <code>study = lmmteach.exercises.{how}</code></p>"


def _printout(study):
    cut = study.cut
    of_cut = ", ".join(
        f"{html.escape(str(label))}: {_number(mean)} ({size})"
        for label, mean, size in zip(cut.labels, cut.means, cut.n_i, strict=True)
    )
    variances = f"{_number(study.ml.sigma2_b)} and {_number(study.ml.sigma2_e)}"
    means = ", ".join(
        f"{html.escape(str(label))}: {_number(mean)}"
        for label, mean in zip(study.labels, study.means, strict=True)
    )
    return (
        "<p>The printout of your study, fitted by REML:</p>"
        f"<pre>{html.escape(str(study.reml.summary()))}</pre>"
        rf"<p>By maximum likelihood, \(\hat\sigma_b^2\) and \(\hat\sigma_\epsilon^2\) are "
        f"{variances}. The means of the groups are {means}; those of the unbalanced study are, "
        f"with the numbers of measurements, {of_cut}.</p>"
    )


def _arguments(study):
    student = [f"student={typed(study.student)}"] if study.student else []
    topic = study.topic
    if topic.is_lectures:
        return ", ".join(student)
    # A table of one's own is a file that the students have, too.
    file = None if topic.data in DATASETS else Path(f"{topic.data}.csv")
    return ", ".join([*student, *given_to_start(topic, file)])


def _number(value):
    return f"{float(value):.7g}".replace("-", "−") if np.isfinite(value) else str(value)


def _code(code):
    return f"<pre><code>{html.escape(code.strip())}</code></pre>"


def _plain(text):
    """Plain text with code in backticks and formulas between dollars, as HTML."""
    return MATH.sub(lambda found: _formula(html.unescape(found[0])), inline_html(text))


def _formula(found):
    r"""A formula between ``\(`` and ``\)``, which Moodle, Canvas and Blackboard typeset."""
    display = found.startswith("$$")
    tex = found.strip("$").strip()
    return html.escape(rf"\[{tex}\]" if display else rf"\({tex}\)", quote=False)


def from_markdown(text):
    """A prompt or a solution as HTML."""
    from markdown_it import MarkdownIt

    held = []

    def hold(found):
        held.append(_formula(found[0]))
        return HELD.format(len(held) - 1)

    text = ROLE.sub(lambda found: f"the chapter “{_title(found[1])}”", text)
    pieces, codes = CODE.split(text), [*CODE.findall(text), ""]
    # In code a dollar is a dollar.
    text = "".join(MATH.sub(hold, piece) + code for piece, code in zip(pieces, codes, strict=True))
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text.strip())
    return re.sub(HELD.format(r"(\d+)"), lambda found: held[int(found[1])], made).strip()


def _title(page):
    return next((chapter.short_title for chapter in CHAPTERS if chapter.page == page), page)


def said(out, made, left_out):
    """What a file contains and what it does not, in words."""
    exercises = len({question.key for question in made})
    lines = [f"{out}: {len(made)} questions from {exercises} exercises."]
    lines += [f"Left out: {key}, because {_reason(why)}" for key, why in left_out.items()]
    return "\n".join(lines)


def _reason(why):
    return why if why.endswith(".") else f"{why}."
