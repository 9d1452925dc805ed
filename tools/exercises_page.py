"""The exercises in the book: below their chapters, and as a table.

A chapter's notebook has, at most, the heading "Exercises". The questions are put there while the
book is built, so that the notebook stays readable in JupyterLab and the bank stays the only source.
With ``EDITION=solutions`` in the environment each question has its worked solution below it.
In the students' edition the solution of a number or a choice is part of the page as well, but
enciphered: it is taken out of the text before anything is written or indexed.
"""

import json
import math
import os
from functools import cache
from pathlib import Path
from string import ascii_lowercase

from docutils import nodes
from prose import SECOND
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from lmmteach._typeset import as_html
from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import BY_CHAPTER, EXERCISES
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.page import function_html, given_text, page_html
from lmmteach.exercises.studies import estrone_study

PAGES = {f"chapters/{chapter.page}": chapter for chapter in CHAPTERS}
HEADING = "## Exercises"
EXAM = Path(__file__).parent / "exam.md"
KINDS = {Numeric: "number", Choice: "choice", Function: "function"}


def add_exercises(app, docname, source):
    """Put the exercises of a chapter into the text that Sphinx reads, not into the file."""
    exercises = BY_CHAPTER.get(PAGES.get(docname), ())
    if exercises:
        notebook = json.loads(source[0])
        cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
        texts = ["".join(cell["source"]) for cell in cells]
        heads = (k for k, text in enumerate(texts) if HEADING in text.splitlines())
        place = next(heads, len(texts) - 1)
        cells[place]["source"] = with_exercises(texts[place], exercises)
        source[0] = json.dumps(notebook)


def with_exercises(text, exercises):
    """The text with the exercises at the end of its section "Exercises"; a new one if need be.

    Those of the second round are folded, as any section for a second reading is.
    """
    directives = [_directive(exercise) for exercise in exercises if not exercise.second_round]
    later = [_directive(exercise) for exercise in exercises if exercise.second_round]
    directives += [f"### {SECOND}more practice", *later] if later else []
    before, found, after = text.partition(HEADING)
    if found:
        section, next_heading, rest = after.partition("\n## ")
        before += HEADING + section
    else:
        before, next_heading, rest = text.partition("## Further reading")
        directives.insert(0, HEADING)
    return "\n\n".join([before.strip(), *directives, (next_heading + rest).strip()])


def _directive(exercise):
    return f"```{{exercise}} {exercise.key}\n```"


class exercise_form(nodes.General, nodes.Element):
    """Where an exercise is answered; it contains the worked solution, still to be sealed."""


class exercise_on_paper(nodes.General, nodes.Element):
    """What paper has in place of the form: the options, or a line to write on."""


class SealSolutions(SphinxPostTransform):
    """Put each form in its place, with its solution enciphered."""

    # Formulas and references of the solutions are ready, and nothing has been indexed.
    default_priority = 900

    def run(self):
        for form in list(self.document.findall(exercise_form)):
            if self.app.builder.format == "html":
                solution = "".join(map(self._html, form.children))
                exercise = EXERCISES[form["key"]]
                is_function = isinstance(exercise, Function)
                block = (
                    function_html(exercise, solution)
                    if is_function
                    else page_html(exercise, _estrone(), solution)
                )
                form.replace_self(nodes.raw("", block, format="html"))
            else:
                form.parent.remove(form)
        for written in list(self.document.findall(exercise_on_paper)):
            written.replace_self(written.children if self.app.builder.format == "latex" else [])

    def _html(self, node):
        return self.app.builder.render_partial(node)["fragment"]


class ExerciseBlock(SphinxDirective):
    """``{exercise}`` with a key: heading, prompt, and what there is to answer with."""

    required_arguments = 1

    def run(self):
        exercise = EXERCISES[self.arguments[0]]
        name = f"exercise-{exercise.key}"
        heading = f"{exercise.key}: {exercise.title}"
        block = nodes.container(ids=[name], classes=["exercise-block"], title=heading)
        self.env.domains["std"].note_hyperlink_target(name, self.env.docname, name, heading)
        # No section: its heading would be numbered, and exercises have numbers of their own.
        block += nodes.raw("", f"<h3>{as_html(heading)}</h3>", format="html")
        prompt = nodes.container(ids=[f"{name}-prompt"])
        self._parse(prompt, exercise.prompt)
        if isinstance(exercise, Numeric):
            self._parse(prompt, given_text(exercise, _estrone()))
        block += prompt
        if isinstance(exercise, Function):
            elsewhere = nodes.container(classes=["exercise-elsewhere"])
            self._parse(elsewhere, *_where_to_write(exercise, self.env.docname))
            block += [elsewhere, self._form(exercise)]
        else:
            block += [self._form(exercise), self._on_paper(exercise)]
        if self._shows_solutions():
            self._parse(block, *_solution(exercise))
        return [block]

    def _form(self, exercise):
        form = exercise_form(key=exercise.key)
        if not self._shows_solutions():
            self._parse(form, *_worked(exercise))
        return form

    def _on_paper(self, exercise):
        if isinstance(exercise, Numeric):
            line = nodes.raw("", rf"\answerline{{{exercise.unit}}}", format="latex")
            return exercise_on_paper("", line)
        options = [nodes.list_item() for _ in exercise.options]
        for item, option in zip(options, exercise.options, strict=True):
            self._parse(item, option.text)
        style = {"enumtype": "loweralpha", "prefix": "(", "suffix": ")"}
        return exercise_on_paper("", nodes.enumerated_list("", *options, **style))

    def _shows_solutions(self):
        return self.config.lmmbook_edition == "solutions"

    def _parse(self, container, *texts):
        container.document = self.state.document
        self.state.nested_parse("\n".join(texts).splitlines(), self.content_offset, container)


_estrone = cache(estrone_study)


def _where_to_write(exercise, docname):
    worksheet = docname.replace("chapters/", "exercises/") + ".ipynb"
    return [
        "",
        f"You can write it in the worksheet `{worksheet}`, where `check` tests it for you. "
        "It begins like this:",
        "",
        "```python",
        exercise.stub.strip("\n"),
        "```",
    ]


def _solution(exercise):
    return [
        "",
        f"::::::{{admonition}} Solution of {exercise.key}",
        ":class: dropdown exercise-solution",
        "",
        *_worked(exercise),
        "::::::",
    ]


def _worked(exercise):
    """The right answer, its reason and its code, in MyST."""
    lines = []
    if isinstance(exercise, Numeric):
        decimals = max(0, round(-math.log10(exercise.atol)))
        number = f"{exercise.answer(_estrone()):.{decimals}f}".replace("-", "−")
        lines += [f"**{number}** {exercise.unit}".strip(), ""]
    if isinstance(exercise, Choice):
        option = exercise.options[exercise.answer]
        lines += [f"**({ascii_lowercase[exercise.answer]})** {option.text}", ""]
    return [
        *lines,
        exercise.solution.strip("\n"),
        "",
        "```python",
        exercise.code.strip("\n"),
        "```",
    ]


class ExamQuestions(SphinxDirective):
    """``{exam-questions}``: those in ``tools/exam.md``, in the lecturer's edition only."""

    def run(self):
        self.env.note_dependency(str(EXAM))
        lines = ["You find them here in the lecturer's edition, `make book EDITION=solutions`."]
        if self.config.lmmbook_edition == "solutions":
            lines = EXAM.read_text(encoding="utf-8").splitlines()
        container = nodes.container(classes=["exam-questions"])
        container.document = self.state.document
        self.state.nested_parse(lines, self.content_offset, container)
        return [container]


class ExercisesTable(SphinxDirective):
    """``{exercises-table}``: what each exercise is about, and which mistakes it knows by name."""

    def run(self):
        lines = [
            "| Exercise | Chapter | Kind | What it is about | Mistakes that it knows |",
            "| --- " * 5 + "|",
        ]
        for key, exercise in EXERCISES.items():
            wrong = exercise.options if isinstance(exercise, Choice) else exercise.wrong
            tags = dict.fromkeys(f"`{mistake.tag}`" for mistake in wrong if mistake.tag)
            cells = [
                f"{{ref}}`{key} <exercise-{key}>`",
                str(exercise.chapter),
                KINDS[type(exercise)],
                exercise.title,
                " ".join(tags),
            ]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        container = nodes.container(classes=["exercises-table"])
        container.document = self.state.document
        self.state.nested_parse(lines, self.content_offset, container)
        return [container]


def setup(app):
    # A change of edition makes Sphinx read every page again.
    app.add_config_value("lmmbook_edition", os.environ.get("EDITION", "students"), "env")
    app.add_node(exercise_form)
    app.add_node(exercise_on_paper)
    app.add_directive("exercise", ExerciseBlock)
    app.add_directive("exam-questions", ExamQuestions)
    app.add_directive("exercises-table", ExercisesTable)
    app.add_post_transform(SealSolutions)
    app.connect("source-read", add_exercises)
    for script in ("live-python.js", "live-exercise.js", "exercises.js"):
        app.add_js_file(script)
