"""The students' PDF, as ``make pdf`` leaves it: its numbers, its pictures, and no answer in it."""

import re
import subprocess
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import register
from pypdfium2 import PdfDocument

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.studies import estrone_study
from lmmteach.widgets import EXPLORERS
from lmmteach.widgets.static import view

ROOT = Path(__file__).resolve().parent.parent.parent
PDF = ROOT / "_build" / "lmmteach.pdf"
LATEX = ROOT / "_build" / "latex"
# Shorter pieces may stand anywhere by chance.
LONG = 25


@cache
def tex():
    assert PDF.exists(), "There is no PDF yet; make pdf writes it."
    return (LATEX / "lmmteach.tex").read_text(encoding="utf-8")


@cache
def aux():
    return (LATEX / "lmmteach.aux").read_text(encoding="utf-8")


@cache
def contents():
    """The entries of the table of contents: kind, number ("" if it has none), title, page."""
    entry = r"\\contentsline \{(\w+)\}\{(?:\\numberline \{([\d.]*)\})?(.*?)\}\{(\w+)\}\{[^}]*\}%?$"
    text = (LATEX / "lmmteach.toc").read_text(encoding="utf-8")
    plain = text.replace(r"\sphinxhyphen {}", "-")
    return re.findall(entry, plain, flags=re.MULTILINE)


@cache
def printed():
    """What can be read in the PDF."""
    assert PDF.exists(), "There is no PDF yet; make pdf writes it."
    command = ["pdftotext", "-enc", "UTF-8", PDF, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@cache
def bare(text):
    """Letters and digits only, so that hyphens, quotes and ends of lines do not matter."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).lower()


def label_numbers(kind):
    """``{label: number}`` of the equations or figures, as LaTeX gave them."""
    found = re.findall(r"\\newlabel\{(?:\\detokenize \{)?([^}]+)\}\}?\{\{\{?([^{}]*)\}", aux())
    numbers = {label.split(":")[-1]: number for label, number in found if f":{kind}-" in label}
    assert numbers
    return numbers


def numbered_chapters():
    return {f"chapters/{chapter.page}": chapter.number for chapter in CHAPTERS}


def test_the_pdf_is_a_book_with_a_title_an_author_and_an_outline():
    pdf = PdfDocument(PDF)
    assert 200 < len(pdf) < 450
    said = pdf.get_metadata_dict()
    assert said["Title"] == "Linear mixed models, one formula at a time"
    assert said["Author"] == "The lmmteach authors"
    titles = [entry.get_title() for entry in pdf.get_toc()]
    assert "The lecture, step by step" in titles
    assert "CC BY 4.0" in printed()


def test_chapters_have_their_numbers_and_other_pages_have_none():
    chapters = [(number, title) for kind, number, title, _ in contents() if kind == "chapter"]
    assert [number for number, _ in chapters if number] == [str(c.number) for c in CHAPTERS]
    assert len(chapters) > len(register.pages())
    parts = [title for kind, _, title, _ in contents() if kind == "part"]
    assert parts[:3] == ["Before you start", "The lecture, step by step", "Beyond the lecture"]


def test_each_equation_has_the_number_of_its_page():
    numbers, count = label_numbers("eq"), Counter()
    chapters = numbered_chapters()
    wanted = {}
    for equation in register.equations():
        chapter = chapters.get(equation.page)
        count[chapter] += 1
        wanted[equation.label] = f"{chapter}.{count[chapter]}" if chapter else str(count[None])
    assert len(wanted) > 80
    assert numbers == wanted


def test_each_figure_has_the_number_of_its_page():
    numbers, chapters = label_numbers("fig"), numbered_chapters()
    count = Counter()
    for label in re.findall(
        r"\\detokenize\{(chapters/[\w-]+:fig-[\w-]+)\}\}\\end\{figure\}", tex()
    ):
        page, _, name = label.partition(":")
        count[page] += 1
        before = f"{chapters[page]}." if page in chapters else ""
        assert numbers[name] == f"{before}{count[page]}", label
    assert len(count) >= len(CHAPTERS)


def test_no_reference_and_no_tex_is_left_over():
    assert "??" not in printed()
    assert re.findall(r"\\(?:frac|mathbf|boldsymbol|sigma|hat|text|ref|begin)\b", printed()) == []
    log = (LATEX / "lmmteach.log").read_text(encoding="utf-8", errors="replace")
    assert "Missing character" not in log
    assert "multiply defined" not in log


def test_no_number_is_parted_from_its_per_cent_sign():
    assert re.findall(r"^.*\d\n+% .*$", printed(), flags=re.MULTILINE) == []


def test_a_cell_that_only_calls_its_explorer_is_not_printed():
    assert re.findall(r"^widgets\.\w+$", printed(), flags=re.MULTILINE) == []


def test_the_printout_of_an_explorer_stays_on_one_page():
    begun = [page for page in printed().split("\f") if "REML criterion at convergence" in page]
    begun = [page for page in begun if "Scaled residuals:" in page]
    assert begun
    assert [page for page in begun if "Fixed effects:" not in page] == []


def test_pictures_are_drawn_in_lines_but_for_what_is_a_grid_of_pixels_itself():
    listed = subprocess.run(["pdfimages", "-list", PDF], capture_output=True, text=True).stdout
    images = [line for line in listed.splitlines()[2:] if line.split()[2] == "image"]
    used = set(re.findall(r"\{\{([0-9a-f]{64})\}\.pdf\}", tex()))
    assert len(used) > 40
    drawn = [ROOT / "_build" / "jupyter_execute" / f"{name}.svg" for name in used]
    pixels = sum(path.read_text(encoding="utf-8").count("<image") for path in drawn)
    pixels += sum(view(e).html(*view(e).marks(e.start)).count("<image") for e in EXPLORERS)
    assert len(images) <= pixels
    assert pixels < len(used) / 4


@pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
def test_each_explorer_has_its_question_its_frame_and_its_numbers(explorer):
    at = tex().index(f"{{explorer-{explorer.name}.pdf}}")
    assert (LATEX / f"explorer-{explorer.name}.pdf").stat().st_size > 1000
    before, after = tex()[max(at - 3000, 0) : at], tex()[at : at + 9000]
    assert bare(explorer.title) in bare(re.sub(r"\\\w+", "", before)) or explorer.printed
    table = after[: after.index(r"\end{tabulary}") if r"\end{tabulary}" in after else None]
    numbers = re.findall(r"\d+(?:\.\d+)?", " ".join(map(explorer.numbers, explorer.samples())))
    assert numbers
    assert [number for number in numbers if number not in table] == []


def exercise_tex(key):
    """What stands in the PDF from the heading of an exercise on, up to the next."""
    after = tex().partition(f":exercise-{key}}}")[2]
    return re.split(r":exercise-\w+\}\}|\\chapter", after)[0]


def sentences(text):
    """The sentences of a text, cut at its formulas, its code and its emphasis."""
    return re.split(r"\$+[^$]*\$+|`+[^`]*`+|\*|(?<=[.:?])\s", text)


@cache
def public():
    """What may be read: chapters, the functions that they show, prompts, stubs and options."""
    pages = "\n".join(register.pages().values())
    code = [path.read_text(encoding="utf-8") for path in ROOT.glob("lmmteach/*.py")]
    texts = [pages, *code]
    for exercise in EXERCISES.values():
        texts += [exercise.prompt, getattr(exercise, "stub", "")]
        if isinstance(exercise, Choice):
            texts += [option.text for option in exercise.options]
    return bare("\n".join(texts))


def leaked(texts):
    """The sentences that are long enough to know again, nowhere public, and in the PDF."""
    pieces = [bare(piece) for text in texts for piece in sentences(text)]
    secret = [piece for piece in pieces if len(piece) > LONG and piece not in public()]
    return [piece for piece in secret if piece in bare(printed())]


@pytest.mark.parametrize("key", EXERCISES)
def test_each_exercise_is_asked(key):
    exercise = EXERCISES[key]
    asked = [piece for piece in map(bare, sentences(exercise.prompt)) if len(piece) > LONG]
    assert (
        bare(f"{key}: {exercise.title}".replace("_", "")) in bare(printed())
        or "$" in exercise.title
    )
    read = [piece in bare(printed()) for piece in asked]
    # A page may end in the middle of a sentence.
    assert sum(read) >= len(read) - 1
    assert any(read)


@pytest.mark.parametrize("key", EXERCISES)
def test_no_answer_can_be_read(key):
    exercise = EXERCISES[key]
    mistakes = exercise.options if isinstance(exercise, Choice) else exercise.wrong
    said = [exercise.solution, exercise.right, *(mistake.feedback for mistake in mistakes)]
    assert leaked([*said, *exercise.code.splitlines()]) == []


@pytest.mark.parametrize("key", [k for k, e in EXERCISES.items() if not isinstance(e, Function)])
def test_there_is_room_for_an_answer_and_none_is_given(key):
    exercise, block = EXERCISES[key], exercise_tex(key)
    if isinstance(exercise, Numeric):
        number = abs(exercise.answer(estrone_study()))
        assert r"\answerline" in block
        assert [f"{number:.{n}f}" for n in range(2, 12) if f"{number:.{n}f}" in block] == []
    else:
        assert block.count(r"\item") >= len(exercise.options)
