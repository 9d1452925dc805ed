"""Write the exercises as a question bank in Moodle's XML.

In Moodle, choose "Question bank", "Import", "Moodle XML format" and the file. Each exercise is a
category of its own below that of its chapter, and has a question for each variant of the data, so
that a quiz can draw one of them at random. Numbers have the tolerance of the page and a feedback
for each named mistake, choices one for each option, and functions are essays that somebody marks.
Formulas are typeset by Moodle's MathJax filter.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

from lmmteach.teaching import items as bank
from lmmteach.teaching.items import CHOICE, ESSAY, NUMBER

TOP = "$course$/top/lmmteach"
ROWS = "15"


def arguments(parser):
    """The options of ``lmmteach export moodle``."""
    bank.arguments(parser)


def run(options):
    """Write the file, and say what is in it and what is not."""
    made, left_out = bank.questions(options)
    Path(options.out).write_bytes(as_xml(made))
    print(bank.said(options.out, made, left_out), file=sys.stderr)


def as_xml(made):
    """The questions as Moodle reads them: bytes, the same for the same questions."""
    quiz = ElementTree.Element("quiz")
    category = None
    for question in made:
        of_question = (question.chapter.number, question.key)
        if of_question != category:
            category = of_question
            _category(quiz, question)
        _question(quiz, question)
    ElementTree.indent(quiz)
    return ElementTree.tostring(quiz, encoding="utf-8", xml_declaration=True) + b"\n"


def _category(quiz, question):
    chapter = question.chapter
    # A slash parts the levels, and a name that has one doubles it.
    names = (f"{chapter.number:02d} {chapter.short_title}", f"{question.key} {question.title}")
    path = "/".join(name.replace("/", "//") for name in names)
    element = ElementTree.SubElement(quiz, "question", type="category")
    _text(ElementTree.SubElement(element, "category"), f"{TOP}/{path}")


def _question(quiz, question):
    kind = {NUMBER: "numerical", CHOICE: "multichoice", ESSAY: "essay"}[question.kind]
    element = ElementTree.SubElement(quiz, "question", type=kind)
    _text(ElementTree.SubElement(element, "name"), question.name)
    _html(element, "questiontext", question.text)
    # An essay is marked by hand, with the solution before the marker and nobody else.
    _html(element, "generalfeedback", "" if question.kind == ESSAY else question.solution)
    _values(element, defaultgrade="1", penalty="0.3333333", hidden="0")
    {NUMBER: _number, CHOICE: _choice, ESSAY: _essay}[question.kind](element, question)
    for hint in question.hints if question.kind != ESSAY else ():
        _html(element, "hint", hint)
    tags = ElementTree.SubElement(element, "tags")
    for tag in filter(None, ("lmmteach", question.key, question.variant)):
        _text(ElementTree.SubElement(tags, "tag"), tag)


def _number(element, question):
    # Moodle takes the first answer that fits.
    for answer in question.answers:
        _answer(element, answer, repr(float(answer.value)), repr(float(answer.tolerance)))
    other = ElementTree.SubElement(element, "answer", fraction="0", format="moodle_auto_format")
    _text(other, "*")
    _html(other, "feedback", question.otherwise)
    _values(other, tolerance="0")
    # No units: the field takes a number, and the text says in what it is measured.
    _values(element, unitgradingtype="0", unitpenalty="0.1", showunits="3", unitsleft="0")


def _choice(element, question):
    _values(element, single="true", shuffleanswers="true", answernumbering="abc")
    _values(element, showstandardinstruction="0")
    for name in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"):
        _html(element, name, "")
    for answer in question.answers:
        _answer(element, answer, answer.option)


def _answer(element, answer, text, tolerance=None):
    made = ElementTree.SubElement(
        element,
        "answer",
        fraction="100" if answer.is_right else "0",
        format="html" if tolerance is None else "moodle_auto_format",
    )
    _text(made, text)
    _html(made, "feedback", answer.feedback)
    if tolerance is not None:
        _values(made, tolerance=tolerance)


def _essay(element, question):
    _values(
        element, responseformat="monospaced", responserequired="1", responsefieldlines=str(ROWS)
    )
    _values(element, attachments="0", attachmentsrequired="0")
    _html(element, "graderinfo", question.solution)
    _html(element, "responsetemplate", question.begun)


def _html(parent, name, content):
    _text(ElementTree.SubElement(parent, name, format="html"), content)


def _text(parent, content):
    ElementTree.SubElement(parent, "text").text = content


def _values(parent, **values):
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = value
