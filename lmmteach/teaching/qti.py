"""Write the exercises as a question bank in QTI 1.2, a zip file for Canvas and Blackboard.

In Canvas, choose "Settings", "Import Course Content", "QTI .zip file"; in Blackboard, "Import QTI
2.1/1.2 package". Each chapter becomes a quiz, and each exercise a group in it, of whose variants
every student gets one at random. Numbers have the tolerance of the page and a feedback for each
named mistake, choices one for each option, and functions are essays that somebody marks.

Version 1.2 serves most, since both platforms have read it for many years. But Canvas counts any
range of numbers as right that it finds between "greater or equal" and "less or equal". Mistakes
therefore have strict bounds, which it passes over, and the feedback that it gives to a wrong number
lists the mistakes with their numbers.
"""

import sys
import zipfile
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

from lmmteach.teaching import items as bank
from lmmteach.teaching.items import CHOICE, ESSAY, NUMBER

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
TYPES = {NUMBER: "numerical_question", CHOICE: "multiple_choice_question", ESSAY: "essay_question"}
# The first day that a zip file can name: the same questions shall give the same bytes.
DAY = (1980, 1, 1, 0, 0, 0)
WRONG = "general_incorrect_fb"
# Digits after the first that counts for the tolerance.
DIGITS = 1


def arguments(parser):
    """The options of ``lmmteach export qti``."""
    bank.arguments(parser)


def run(options):
    """Write the file, and say what is in it and what is not."""
    made, left_out = bank.questions(options)
    write(options.out, made)
    print(bank.said(options.out, made, left_out), file=sys.stderr)


def write(out, made):
    """Write a package with a file for each chapter; the same questions give the same bytes."""
    files = {
        f"{_ident(chapter)}.xml": as_xml(chapter, list(some))
        for chapter, some in groupby(made, lambda question: question.chapter)
    }
    with zipfile.ZipFile(Path(out), "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {"imsmanifest.xml": manifest(files), **files}.items():
            info = zipfile.ZipInfo(name, DAY)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            # Which system wrote it would make a difference, too.
            info.create_system = 3
            package.writestr(info, content)


def manifest(files):
    """What the package contains, as bytes."""
    root = ElementTree.Element("manifest", identifier="lmmteach", xmlns=PACKAGE)
    metadata = _add(root, "metadata")
    _add(metadata, "schema", text="IMS Content")
    _add(metadata, "schemaversion", text="1.1.3")
    _add(root, "organizations")
    resources = _add(root, "resources")
    for name in files:
        ident = name.removesuffix(".xml")
        resource = _add(resources, "resource", identifier=ident, type="imsqti_xmlv1p2", href=name)
        _add(resource, "file", href=name)
    return _bytes(root)


def as_xml(chapter, made):
    """The questions of a chapter, as bytes."""
    root = ElementTree.Element("questestinterop", xmlns=NAMESPACE)
    title = f"{chapter.number} {chapter.short_title}"
    assessment = _add(root, "assessment", ident=_ident(chapter), title=title)
    section = _add(assessment, "section", ident="root_section")
    for key, some in groupby(made, lambda question: question.key):
        variants = list(some)
        group = section
        if len(variants) > 1:
            group = _add(section, "section", ident=f"group_{key}", title=variants[0].title)
            selection = _add(_add(group, "selection_ordering"), "selection")
            _add(selection, "selection_number", text="1")
            _add(_add(selection, "selection_extension"), "points_per_item", text="1")
        for number, question in enumerate(variants, start=1):
            _item(group, question, f"lmmteach_{key}_{number}")
    return _bytes(root)


def _ident(chapter):
    return f"lmmteach_{chapter.number:02d}"


def _item(parent, question, ident):
    item = _add(parent, "item", ident=ident, title=question.name)
    fields = _add(_add(item, "itemmetadata"), "qtimetadata")
    _field(fields, "question_type", TYPES[question.kind])
    _field(fields, "points_possible", "1")
    if question.kind == ESSAY:
        # For whoever marks, and for nobody else.
        _material(_add(item, "itemrubric", view="Scorer"), question.solution)
    presentation = _add(item, "presentation")
    _material(presentation, question.text)
    {NUMBER: _number, CHOICE: _choice, ESSAY: _essay}[question.kind](item, presentation, question)


def _number(item, presentation, question):
    _field_to_fill(presentation, fibtype="Decimal")
    processing = _processing(item)
    feedback = {}
    for number, answer in enumerate(question.answers):
        ident = f"answer_{number}_fb"
        feedback[ident] = answer.feedback
        condition = _condition(processing, continued="No")
        lower, upper = ("vargte", "varlte") if answer.is_right else ("vargt", "varlt")
        value, tolerance = Decimal(repr(answer.value)), Decimal(repr(answer.tolerance))
        variables = condition.find("conditionvar")
        if answer.is_right:
            either = _add(variables, "or")
            _add(either, "varequal", respident="response1", text=f"{value:f}")
            variables = _add(either, "and")
        _add(variables, lower, respident="response1", text=f"{value - tolerance:f}")
        _add(variables, upper, respident="response1", text=f"{value + tolerance:f}")
        if answer.is_right:
            _add(condition, "setvar", action="Set", varname="SCORE", text="100")
        _display(condition, ident)
    _display(_otherwise(processing), WRONG)
    _feedback(item, feedback | {WRONG: question.otherwise + _list_of_mistakes(question)})


def _list_of_mistakes(question):
    """The named mistakes with their numbers, for a platform that cannot tell them apart."""
    lines = [
        f"<li>{_rounded(answer)}: {answer.feedback}</li>"
        for answer in question.answers
        if not answer.is_right and answer.tag not in ("close", "sign", "percent")
    ]
    return f"<p>If you got one of these numbers:</p><ul>{''.join(lines)}</ul>"


def _rounded(answer):
    decimals = max(0, DIGITS - Decimal(repr(answer.tolerance)).adjusted())
    return f"{answer.value:.{decimals}f}".replace("-", "−")


def _choice(item, presentation, question):
    response = _add(presentation, "response_lid", ident="response1", rcardinality="Single")
    render = _add(response, "render_choice", shuffle="Yes")
    processing = _processing(item)
    feedback = {}
    for number, answer in enumerate(question.answers):
        ident = f"option_{number}"
        _material(_add(render, "response_label", ident=ident), answer.option)
        feedback[f"{ident}_fb"] = answer.feedback
        condition = _condition(processing, continued="Yes")
        equal = _add(condition.find("conditionvar"), "varequal", respident="response1")
        equal.text = ident
        _display(condition, f"{ident}_fb")
    right = next(k for k, answer in enumerate(question.answers) if answer.is_right)
    condition = _condition(processing, continued="No")
    equal = _add(condition.find("conditionvar"), "varequal", respident="response1")
    equal.text = f"option_{right}"
    _add(condition, "setvar", action="Set", varname="SCORE", text="100")
    _feedback(item, feedback)


def _essay(item, presentation, question):
    _field_to_fill(presentation)
    _otherwise(_processing(item))


def _field_to_fill(presentation, **attributes):
    response = _add(presentation, "response_str", ident="response1", rcardinality="Single")
    _add(_add(response, "render_fib", **attributes), "response_label", ident="answer1")


def _processing(item):
    processing = _add(item, "resprocessing")
    _add(
        _add(processing, "outcomes"),
        "decvar",
        maxvalue="100",
        minvalue="0",
        varname="SCORE",
        vartype="Decimal",
    )
    return processing


def _condition(processing, continued):
    condition = _add(processing, "respcondition", **{"continue": continued})
    _add(condition, "conditionvar")
    return condition


def _otherwise(processing):
    condition = _condition(processing, continued="No")
    _add(condition.find("conditionvar"), "other")
    return condition


def _display(condition, ident):
    _add(condition, "displayfeedback", feedbacktype="Response", linkrefid=ident)


def _feedback(item, texts):
    for ident, text in texts.items():
        _material(_add(_add(item, "itemfeedback", ident=ident), "flow_mat"), text)


def _material(parent, text):
    _add(_add(parent, "material"), "mattext", texttype="text/html", text=text)


def _field(parent, label, entry):
    field = _add(parent, "qtimetadatafield")
    _add(field, "fieldlabel", text=label)
    _add(field, "fieldentry", text=entry)


def _add(parent, name, text=None, **attributes):
    element = ElementTree.SubElement(parent, name, attributes)
    element.text = text
    return element


def _bytes(root):
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
