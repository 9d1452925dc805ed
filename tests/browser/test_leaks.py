"""The students' build: no solution, no verdict and no right number can be read anywhere in it."""

import html
import json
import re
from functools import cache

import pytest
from pages import HTML, ROOT
from sphinx.search.en import SearchEnglish

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.studies import estrone_study

SEARCH_INDEX = HTML / "searchindex.js"
# Shorter pieces may stand anywhere by chance.
LONG = 25


def bare(text):
    """The text without white space, so that line breaks do not matter."""
    return "".join(text.split())


def words_of(path):
    """What can be read in a file: without tags, and without the format of a notebook."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    if path.suffix == ".html":
        text += html.unescape(re.sub(r"<[^<>]*>", "", text))
    return bare(text)


@cache
def built():
    """All that the book's readers get, and the search index."""
    files = [p for p in HTML.rglob("*.html") if "_static" not in p.parts]
    files += [SEARCH_INDEX]
    for folder in ("_sources", "_downloads"):
        files += [path for path in (HTML / folder).rglob("*") if path.is_file()]
    return {path.relative_to(HTML).as_posix(): words_of(path) for path in files}


@cache
def public():
    """What may be read: chapters, the functions that they show, prompts, hints and stubs."""
    pages = [*ROOT.glob("chapters/*.ipynb"), *ROOT.glob("chapters/*.md")]
    texts = [words_of(path) for path in [*pages, *ROOT.glob("lmmteach/*.py")]]
    for exercise in EXERCISES.values():
        texts += map(bare, [exercise.prompt, *exercise.hints])
        if isinstance(exercise, Function):
            texts.append(bare(exercise.stub))
        if isinstance(exercise, Choice):
            texts += [bare(option.text) for option in exercise.options]
    return "\n".join(texts)


def secret(pieces):
    """The pieces of text that are long enough to know again and nowhere public."""
    return [piece for piece in map(bare, pieces) if len(piece) > LONG and piece not in public()]


def found(pieces):
    """Where secret pieces of text can be read."""
    hidden = secret(pieces)
    return [(name, piece) for name, text in built().items() for piece in hidden if piece in text]


def sentences(solution):
    """The sentences of a solution, cut at its formulas and its code."""
    return re.split(r"\$+|`+|(?<=[.:?])\s", solution)


def test_there_is_something_to_look_at():
    names = list(built())
    assert "chapters/01-model.html" in names
    assert any(name.startswith("_sources/chapters/01-model") for name in names)
    assert bare(EXERCISES["1a"].prompt.partition("*")[0]) in built()["chapters/01-model.html"]


@pytest.mark.parametrize("key", EXERCISES)
def test_no_sentence_of_a_solution_can_be_read(key):
    assert secret(sentences(EXERCISES[key].solution))
    assert found(sentences(EXERCISES[key].solution)) == []


@pytest.mark.parametrize("key", EXERCISES)
def test_no_line_of_a_solution_s_code_can_be_read(key):
    assert found(EXERCISES[key].code.splitlines()) == []


def stems(text):
    """The words of a text in the form in which the search knows them."""
    return set(map(SearchEnglish({}).stem, set(re.findall(r"[a-z]+", text.lower()))))


def test_no_word_of_a_solution_can_be_found_by_searching():
    solutions = " ".join(exercise.solution for exercise in EXERCISES.values())
    pages = [path.read_text(encoding="utf-8") for path in HTML.glob("**/*.html")]
    only_there = stems(re.sub(r"\$[^$]*\$|`[^`]*`", " ", solutions)) - stems(" ".join(pages))
    found_by_search = json.loads(re.search(r"setIndex\((.*)\)", SEARCH_INDEX.read_text())[1])
    assert only_there
    assert only_there & set(found_by_search["terms"]) == set()


@pytest.mark.parametrize("key", EXERCISES)
def test_no_verdict_can_be_read_before_an_answer_is_given(key):
    exercise = EXERCISES[key]
    mistakes = exercise.options if isinstance(exercise, Choice) else exercise.wrong
    verdicts = [exercise.right, *(mistake.feedback for mistake in mistakes)]
    verdicts += [also.remark for also in getattr(exercise, "also", ())]
    assert found(verdicts) == []


@pytest.mark.parametrize("key", [k for k, e in EXERCISES.items() if isinstance(e, Numeric)])
def test_no_right_number_stands_in_a_question(key):
    exercise = EXERCISES[key]
    page = next((HTML / "chapters").glob(f"{exercise.chapter:02d}-*.html")).read_text("utf-8")
    (form,) = re.findall(rf'<form[^>]* id="exercise-{key}-form".*?</form>', page, re.DOTALL)
    number = abs(exercise.answer(estrone_study()))
    assert [f"{number:.{n}f}" for n in range(2, 12) if f"{number:.{n}f}" in form] == []
