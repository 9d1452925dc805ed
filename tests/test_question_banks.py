"""The question banks: what Moodle, Canvas and Blackboard would do with them is what check says.

Moodle has no schema of its XML; its importer is the rule, and what it needs is looked at here one
by one. The files in QTI are held against the content models and attributes of IMS's own DTD.
"""

import argparse
import ast
import html
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from lmmteach import load_data
from lmmteach.__main__ import main
from lmmteach.exercises import session
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.words import asked
from lmmteach.teaching import items as bank
from lmmteach.teaching import moodle, qti

DTD = (Path(__file__).parent / "data" / "qti-1.2.dtd").read_text(encoding="utf-8")
NUMBERS = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Numeric)]
CHOICES = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Choice)]
FUNCTIONS = [key for key, exercise in EXERCISES.items() if isinstance(exercise, Function)]


def options(*given):
    parser = argparse.ArgumentParser()
    bank.arguments(parser)
    return parser.parse_args(given)


@pytest.fixture(scope="module")
def two():
    """The questions of all exercises, for two students."""
    made, left_out = bank.questions(options("--students", "2"))
    assert left_out == {}
    return made


@pytest.fixture(scope="module")
def quiz(two):
    return ElementTree.fromstring(moodle.as_xml(two))


@pytest.fixture(scope="module")
def package(two, tmp_path_factory):
    path = tmp_path_factory.mktemp("qti") / "bank.zip"
    qti.write(path, two)
    return path


@pytest.fixture(scope="module")
def items(package):
    """The items of all files by their title, without the namespace."""
    with zipfile.ZipFile(package) as opened:
        roots = [tree(opened.read(name)) for name in opened.namelist() if "manifest" not in name]
    return {item.get("title"): item for root in roots for item in root.iter("item")}


def tree(content):
    return ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", content))


def study_of(question):
    return session._study_of(question.variant)


def text(element, path):
    return element.findtext(f"{path}/text")


def of_key(made, key):
    return [question for question in made if question.key == key]


# What there is ------------------------------------------------------------------------------------


def test_every_exercise_is_there_once_or_once_a_variant(two):
    one, other = (session._study_of(f"variant {k}") for k in (1, 2))
    varied = {k for k in NUMBERS if EXERCISES[k].answer(one) != EXERCISES[k].answer(other)}
    assert len(varied) >= 29
    found = {key: len(of_key(two, key)) for key in EXERCISES}
    assert found == {key: 2 if key in varied else 1 for key in EXERCISES}


def test_what_is_left_out_is_named(tmp_path, capsys):
    out = tmp_path / "bank.xml"
    assert main(["export", "moodle", str(out), "--chapters", "1", "--no-functions"]) == 0
    said = capsys.readouterr().err
    assert "4 questions from 4 exercises" in said
    assert "Left out: 1b, because it asks for a function." in said
    kinds = [q.get("type") for q in ElementTree.parse(out).getroot()]
    assert "essay" not in kinds


def test_other_data_give_other_numbers_and_other_words():
    made, left_out = bank.questions(options("--data", "sleepstudy", "--chapters", "1", "2"))
    assert list(left_out) == ["2b"]
    assert "about the lecture's data" in left_out["2b"]
    (sd,) = of_key(made, "1c")
    assert "the levels of subjects" in sd.text
    assert "Unit of the answer: ms." in sd.text
    assert sd.answers[0].value == pytest.approx(35.754, abs=1e-3)
    assert "data=&quot;sleepstudy&quot;" in sd.text


def test_what_a_question_says_to_type_is_python_whatever_the_names_are(tmp_path):
    table = load_data("sleepstudy").rename(columns={"Subject": 'so-called "subject"'})
    table.to_csv(tmp_path / "sleepers.csv", index=False)
    roster = tmp_path / "students.csv"
    pd.DataFrame({"name": ['Ada "Countess" Lovelace', "Back\\slash"]}).to_csv(roster, index=False)
    named = {"response": "Reaction", "group": 'so-called "subject"', "unit": "ms"}
    given = ["--data", str(tmp_path / "sleepers.csv"), "--words", "sleeper", "sleepers"]
    given += [part for name, value in named.items() for part in (f"--{name}", value)]
    made, _ = bank.questions(options(*given, "--roster", str(roster), "--chapters", "1"))
    for question in of_key(made, "1c"):
        code = html.unescape(re.search("lmmteach.exercises.(start.*?)</code>", question.text)[1])
        call = ast.parse(code, mode="eval").body
        typed = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        wanted = {"student": question.variant, "data": "sleepers.csv", **named}
        assert typed == wanted | {"words": ("sleeper", "sleepers")}


def test_a_roster_gives_each_student_the_data_of_the_name(tmp_path):
    roster = tmp_path / "students.csv"
    roster.write_text("name,id\nAda Lovelace,1\nJ. R. Tolkien,2\n", encoding="utf-8")
    made, _ = bank.questions(options("--roster", str(roster), "--chapters", "4"))
    for question in of_key(made, "4a"):
        study = session._study_of(question.variant)
        assert question.answers[0].value == EXERCISES["4a"].answer(study)
        assert f"start(student=&quot;{question.variant}&quot;)" in question.text
    assert {question.variant for question in of_key(made, "4a")} == {
        "Ada Lovelace",
        "J. R. Tolkien",
    }


def test_another_seed_gives_other_variants_and_the_same_seed_the_same():
    values = []
    for seed in ("spring", "autumn", "spring"):
        made, _ = bank.questions(options("--students", "2", "--seed", seed, "--chapters", "11"))
        values.append([question.answers[0].value for question in of_key(made, "11b")])
    assert values[0] == values[2]
    assert len({*values[0], *values[1]}) == 4


def test_a_sealed_question_does_not_name_its_study():
    made, _ = bank.questions(options("--students", "1", "--sealed", "--seed", "secret"))
    for question in made:
        shown = (question.text, question.begun, question.otherwise, *question.hints)
        assert not any("secret" in written or "start(" in written for written in shown)


def test_the_same_questions_give_the_same_bytes(two, package, tmp_path):
    assert moodle.as_xml(two) == moodle.as_xml(list(two))
    again = tmp_path / "again.zip"
    qti.write(again, two)
    assert again.read_bytes() == package.read_bytes()


def test_a_number_of_students_that_is_none_is_refused(tmp_path, capsys):
    assert main(["export", "moodle", str(tmp_path / "x.xml"), "--students", "-1"]) == 2
    assert "--students must be" in capsys.readouterr().err
    assert main(["export", "qti", str(tmp_path / "x.zip"), "--chapters", "99"]) == 2
    assert "no exercises of chapter 99" in capsys.readouterr().err


# Answers and feedback -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", NUMBERS)
def test_each_feedback_belongs_to_its_number(two, key):
    for question in of_key(two, key):
        study = study_of(question)
        exercise = asked(EXERCISES[key], study)
        for answer in question.answers:
            said = diagnose(exercise, answer.value, study)
            if answer.tag in ("close", "percent", "sign"):
                continue
            assert answer.tolerance == exercise.atol
            assert answer.feedback == inline_html(said.text)
            assert answer.is_right == (said.outcome == "right")
            assert answer.tag == said.tag
        always = {wrong.tag for wrong in exercise.wrong if wrong.always}
        assert always <= {answer.tag for answer in question.answers}


@pytest.mark.parametrize("key", NUMBERS)
def test_the_first_answer_that_fits_says_what_check_says(two, key):
    """As Moodle looks them up; what has been rounded is known to check alone."""
    for question in of_key(two, key):
        study = study_of(question)
        known = [a.value for a in question.answers if a.tag not in ("close", "percent", "sign")]
        for value in known:
            for off in (-0.9, 0.0, 0.9):
                number = value + off * question.answers[0].tolerance
                said = diagnose(EXERCISES[key], number, study)
                fits = (a for a in question.answers if abs(number - a.value) <= a.tolerance)
                assert next(fits).feedback == inline_html(said.text)


@pytest.mark.parametrize("key", CHOICES)
def test_each_option_has_its_feedback(two, key):
    ((question,), exercise) = of_key(two, key), EXERCISES[key]
    assert [answer.is_right for answer in question.answers].index(True) == exercise.answer
    assert sum(answer.is_right for answer in question.answers) == 1
    for answer, option in zip(question.answers, exercise.options, strict=True):
        assert answer.feedback.startswith(inline_html(option.feedback))


def test_answers_computed_in_another_way(two):
    """By hand from the data of the variant, without the package's fits."""
    for question in of_key(two, "5a"):
        data = study_of(question).data
        half = data[data["measurement"] <= 8].groupby("woman")["logestrone"]
        between = 8 * half.mean().var(ddof=1)
        within = half.var(ddof=1).mean()
        assert question.answers[0].value == pytest.approx((between - within) / 8, rel=1e-9)
    for question in of_key(two, "11b"):
        means = study_of(question).data.groupby("woman")["logestrone"].mean()
        t = (means.mean() - 10) / means.sem()
        assert question.answers[0].value == pytest.approx(t, rel=1e-9)
    for question in of_key(two, "1e"):
        groups = study_of(question).data.groupby("woman")["logestrone"]
        e, b = groups.var(ddof=1).mean(), groups.mean().var(ddof=1)
        variance = (b - e / 16) / 20 + e / 80
        assert question.answers[0].value == pytest.approx(variance**0.5, rel=1e-6)


@pytest.mark.parametrize("key", FUNCTIONS)
def test_a_function_is_an_essay_whose_solution_only_the_marker_sees(two, quiz, items, key):
    (question,) = of_key(two, key)
    name = question.name
    (essay,) = [q for q in quiz if q.get("type") == "essay" and text(q, "name") == name]
    assert text(essay, "graderinfo") == question.solution
    for_students = [text(essay, part) or "" for part in ("questiontext", "generalfeedback")]
    for_students += [text(essay, "responsetemplate")]
    code = html.escape(EXERCISES[key].code.strip())
    assert code in question.solution
    assert not any(code in shown for shown in for_students)
    item = items[name]
    assert code in item.findtext("itemrubric/material/mattext")
    assert item.find("itemrubric").get("view") == "Scorer"
    assert code not in item.findtext("presentation/material/mattext")
    assert item.find("itemfeedback") is None


# Texts --------------------------------------------------------------------------------------------


def test_formulas_are_between_what_the_platforms_typeset(two):
    for question in two:
        for written in (question.text, question.solution, *question.hints):
            bare = re.sub(r"<pre>.*?</pre>|<code>.*?</code>", "", written, flags=re.DOTALL)
            assert "$" not in bare, question.name
            assert "\ue000" not in written
            assert bare.count(r"\(") == bare.count(r"\)")
            assert bare.count(r"\[") == bare.count(r"\]")
            assert "{doc}" not in written
            # What follows is well formed: no sign of HTML was left in a formula.
            entities = re.sub(r"&(?!(amp|lt|gt|quot|#\w+);)", "&amp;", written)
            ElementTree.fromstring(f"<div>{entities}</div>")


def test_a_formula_keeps_its_letters():
    made = bank.from_markdown("If $a_1 < b_2$ and *not* `x$y$`:\n\n$$\\frac{a}{b} & c_{*}^{*}$$")
    assert r"\(a_1 &lt; b_2\)" in made
    assert r"\[\frac{a}{b} &amp; c_{*}^{*}\]" in made
    assert "<em>not</em> <code>x$y$</code>" in made
    table = bank.from_markdown(EXERCISES["7c"].prompt)
    assert "<table>" in table
    assert r"\(t_{79}\)" in table


# Moodle -------------------------------------------------------------------------------------------


def test_moodle_finds_what_its_importer_needs(quiz):
    assert quiz.tag == "quiz"
    for question in quiz:
        kind = question.get("type")
        if kind == "category":
            assert text(question, "category").startswith("$course$/top/lmmteach/")
            continue
        assert kind in ("numerical", "multichoice", "essay")
        assert text(question, "name")
        assert text(question, "questiontext")
        assert question.find("questiontext").get("format") == "html"
        fractions = [answer.get("fraction") for answer in question.findall("answer")]
        assert set(fractions) <= {"0", "100"}
        assert kind == "essay" or "100" in fractions
        if kind == "numerical":
            values = [text(answer, ".") for answer in question.findall("answer")]
            assert values[-1] == "*"
            assert all(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value) for value in values[:-1])
            assert all(float(a.findtext("tolerance")) >= 0 for a in question.findall("answer"))
        if kind == "multichoice":
            assert question.findtext("single") == "true"


def test_moodle_has_a_category_for_each_exercise(quiz):
    path, seen = "", {}
    for question in quiz:
        if question.get("type") == "category":
            path = text(question, "category")
            assert path not in seen
        else:
            seen.setdefault(path, []).append(text(question, "name"))
    assert len(seen) == len(EXERCISES)
    for path, names in seen.items():
        level = re.split("(?<!/)/(?!/)", path)
        assert len(level) == 5
        assert {name.split()[0] for name in names} == {level[-1].split()[0]}


# QTI ----------------------------------------------------------------------------------------------


def content_models():
    """Of each element a pattern for the names of its children; None if all is allowed."""
    models = {}
    for name, model in re.findall(r"<!ELEMENT (\w+) (.+)>", DTD):
        if model == "ANY":
            models[name] = None
            continue
        plain = model.replace("#PCDATA|", "").replace("(#PCDATA)", "()")
        pattern = re.sub(r"\w+", lambda found: f"(?:{found[0]} )", plain).replace(",", "")
        models[name] = re.compile(pattern)
    return models


def attributes():
    """``{element: {attribute: (values or None, is required)}}``."""
    known = {}
    for name, listed in re.findall(r"<!ATTLIST (\w+) (.+)>", DTD):
        found = re.findall(r"([\w:]+) (CDATA|\([^)]*\)) (#REQUIRED|#IMPLIED|'[^']*')", listed)
        known[name] = {
            attribute: (None if kind == "CDATA" else kind.strip("()").split("|"), "REQ" in default)
            for attribute, kind, default in found
        }
    return known


def problems(element, models, known):
    """Where an element and those in it depart from the DTD."""
    if element.tag not in models:
        return [f"{element.tag} is no element"]
    found, model = [], models[element.tag]
    children = "".join(f"{child.tag} " for child in element)
    if model is not None and not model.fullmatch(children):
        found.append(f"{element.tag} has {children}")
    allowed = known.get(element.tag, {})
    for name, value in element.attrib.items():
        values, _ = allowed.get(name, ((), False))
        if values is not None and value not in values:
            found.append(f"{element.tag} has {name}={value}")
    found += [f"{element.tag} lacks {name}" for name, (_, needed) in allowed.items()
              if needed and name not in element.attrib]  # fmt: skip
    if model is not None:
        found += [problem for child in element for problem in problems(child, models, known)]
    return found


def test_the_files_follow_the_dtd_of_qti(package):
    models, known = content_models(), attributes()
    with zipfile.ZipFile(package) as opened:
        assert opened.testzip() is None
        names = [name for name in opened.namelist() if name != "imsmanifest.xml"]
        assert len(names) == len({exercise.chapter for exercise in EXERCISES.values()})
        for name in names:
            assert problems(tree(opened.read(name)), models, known) == []
        listed = tree(opened.read("imsmanifest.xml"))
        assert [file.get("href") for file in listed.iter("file")] == names


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda item: item.append(item.find("presentation")), "item has"),
        (lambda item: item.attrib.pop("ident"), "item lacks ident"),
        (lambda item: item.find("resprocessing").clear(), "resprocessing has"),
        (lambda item: item.find(".//respcondition").set("continue", "so"), "continue=so"),
        (lambda item: ElementTree.SubElement(item, "blink"), "blink is no element"),
    ],
)
def test_what_departs_from_the_dtd_is_noticed(package, change, problem):
    with zipfile.ZipFile(package) as opened:
        root = tree(opened.read("lmmteach_01.xml"))
    change(next(root.iter("item")))
    assert any(problem in found for found in problems(root, content_models(), attributes()))


def response_to(item, number):
    """(score, feedback) that an item gives to a number, condition by condition."""
    inside = {
        "vargte": lambda limit: number >= limit, "varlte": lambda limit: number <= limit,
        "vargt": lambda limit: number > limit, "varlt": lambda limit: number < limit,
        "varequal": lambda limit: number == limit,
    }  # fmt: skip

    def holds(element):
        if element.tag == "other":
            return True
        if element.tag == "or":
            return any(map(holds, element))
        if element.tag in ("and", "conditionvar"):
            return all(map(holds, element))
        return inside[element.tag](float(element.text))

    for condition in item.iter("respcondition"):
        if holds(condition.find("conditionvar")):
            score = condition.findtext("setvar") or "0"
            ident = condition.find("displayfeedback").get("linkrefid")
            (feedback,) = [f for f in item.iter("itemfeedback") if f.get("ident") == ident]
            return score, feedback.findtext("flow_mat/material/mattext")
    return None


@pytest.mark.parametrize("key", NUMBERS)
def test_qti_says_of_a_number_what_check_says(two, items, key):
    for question in of_key(two, key):
        study, item = study_of(question), items[question.name]
        for answer in question.answers:
            if answer.tag in ("close", "percent", "sign"):
                continue
            said = diagnose(EXERCISES[key], answer.value, study)
            score, feedback = response_to(item, answer.value)
            assert score == ("100" if answer.is_right else "0")
            assert feedback == inline_html(said.text)
        far = 1e6 + max(abs(answer.value) for answer in question.answers)
        score, feedback = response_to(item, far)
        assert score == "0"
        assert feedback.startswith(question.otherwise)
        # Of which Canvas shows to any wrong number the list of mistakes, each with its number.
        for wrong in EXERCISES[key].wrong:
            if wrong.always:
                assert inline_html(wrong.feedback) in feedback


@pytest.mark.parametrize("key", NUMBERS)
def test_canvas_counts_no_mistake_as_right(items, key):
    """It takes each range between "greater or equal" and "less or equal" for a right answer."""
    for name, item in items.items():
        if name.split()[0] == key:
            for condition in item.iter("respcondition"):
                ranges = [e for e in condition.iter() if e.tag in ("vargte", "varlte")]
                assert bool(ranges) == (condition.findtext("setvar") == "100")


@pytest.mark.parametrize("key", CHOICES)
def test_qti_scores_one_option(items, two, key):
    (question,) = of_key(two, key)
    item = items[question.name]
    labels = [label.get("ident") for label in item.iter("response_label")]
    assert len(labels) == len(question.answers)
    scored = [c.findtext("conditionvar/varequal") for c in item.iter("respcondition")
              if c.find("setvar") is not None]  # fmt: skip
    assert scored == [labels[EXERCISES[key].answer]]
    for label, answer in zip(labels, question.answers, strict=True):
        (feedback,) = [f for f in item.iter("itemfeedback") if f.get("ident") == f"{label}_fb"]
        assert feedback.findtext("flow_mat/material/mattext") == answer.feedback
