"""A chapter from the browser's printer: it asks all its questions, and answers none."""

import json
import re
import unicodedata

import pytest
from notebooks import ROOT

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.kinds import Choice

LONG = 25


def bare(text):
    """Letters and digits only, so that hyphens, quotes and ends of lines do not matter."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).lower()


def sentences(text):
    """The sentences of a text, cut at its formulas, its code and its emphasis."""
    pieces = re.split(r"\$+[^$]*\$+|`+[^`]*`+|\*|(?<=[.:?])\s", text)
    return [piece for piece in map(bare, pieces) if len(piece) > LONG]


def told(chapter):
    """What the chapter itself says, which a hint may repeat."""
    path = ROOT / "chapters" / f"{chapter.page}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return bare("".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: f"chapters/{c.page}.html")
def test_paper_from_the_browser_asks_and_does_not_answer(printed, chapter):
    print_out = printed(f"chapters/{chapter.page}.html", False)
    on_screen, on_paper = bare(print_out.on_screen), bare(print_out.on_paper)
    assert BY_CHAPTER[chapter]
    for exercise in BY_CHAPTER[chapter]:
        asked = [piece in on_paper for piece in sentences(exercise.prompt)]
        # A page may end in the middle of a sentence.
        assert sum(asked) >= len(asked) - 1, exercise.key
        mistakes = exercise.options if isinstance(exercise, Choice) else exercise.wrong
        said = [exercise.solution, exercise.right, *(mistake.feedback for mistake in mistakes)]
        secret = [piece for text in said for piece in sentences(text) if piece not in on_screen]
        assert [piece for piece in secret if piece in on_paper] == []
        hints = [piece for hint in exercise.hints for piece in sentences(hint)]
        open_to_all = bare(exercise.prompt) + told(chapter)
        assert [h for h in hints if h in on_paper and h not in open_to_all] == []
    for button in ("This is my prediction", "Show me without guessing", "Skip to main content"):
        assert bare(button) not in on_paper
