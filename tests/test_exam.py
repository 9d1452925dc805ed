"""The exam: twelve questions, each number computed again, and none of it where students look."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, norm, t

ROOT = Path(__file__).resolve().parent.parent
EXAM = (ROOT / "tools" / "exam.md").read_text(encoding="utf-8")
QUESTIONS = re.split(r"^(?=\d+\. \*\*)", EXAM, flags=re.MULTILINE)[1:]


def shrunk(n, b=2.0, e=1.0):
    return n * b / (n * b + e) * (16 - 10)


PROFILE = {0.2: -64.0, 0.5: -61.7, 1: -60.1, 2: -59.6, 4: -60.0, 8: -61.4, 12: -62.3}
HEIGHT = max(PROFILE.values()) - chi2.ppf(0.95, 1) / 2
HALF = 1.96 * np.sqrt(0.5**2 + 3 + 1)
COMPUTED = {
    1: [4 + 3, f"{4 / 7:.3f}"],
    2: [f"{np.sqrt(4 / 12 + 3 / 36):.3f}", f"{np.sqrt(4 / 6 + 3 / 36):.3f}"],
    3: [32 // (4 * 4), (60 / 4 - 2) / 5, 4 * 2],
    4: [(60 / 3 - 2) / 5],
    5: [f"−{-HEIGHT:.2f}"],
    6: [shrunk(2), f"{10 + shrunk(2):g}", f"{shrunk(1):g}", f"{10 + shrunk(1):g}"],
    7: [2 * (102.4 - 100.9), f"{chi2.sf(3, 1) / 2:.3f}", f"{chi2.sf(3, 1):.3f}"],
    9: [0.25 + 3 + 1, f"{20 - HALF:.2f}", f"{20 + HALF:.2f}"],
    11: ["2.5", f"{4 - 2 * 2 + 0.5 * 4:g}"],
    12: [f"{2 * norm.sf(2.1):.3f}", f"{2 * t.sf(2.1, 8):.3f}"],
}


def solution(number):
    return QUESTIONS[number - 1].partition("{admonition} Solution")[2]


def test_there_are_twelve_and_each_has_a_solution_worth_ten_points():
    assert len(QUESTIONS) == 12
    for number in range(1, 13):
        points = re.findall(r"\((\d+)(?: points)?\)", solution(number))
        assert sum(map(int, points)) == 10, number


@pytest.mark.parametrize("number", COMPUTED)
def test_the_numbers_of_a_solution_are_right(number):
    text = solution(number)
    for value in COMPUTED[number]:
        said = value if isinstance(value, str) else f"{round(value, 6):g}"
        assert re.search(rf"(?<![\d.]){re.escape(said)}(?![\d]|\.\d)", text), (said, text)


def test_the_profile_is_cut_where_the_solution_says():
    inside = [value for value, height in PROFILE.items() if height >= HEIGHT]
    assert (min(inside), max(inside)) == (1, 8)
    assert 4 - 2 * 3 + 0.5 * 9 == 2.5


def built(folder, edition):
    """A page with the directive, as HTML."""
    from sphinx.application import Sphinx

    source, out = folder / "source", folder / edition
    source.mkdir(exist_ok=True)
    (source / "index.md").write_text("# Page\n\n```{exam-questions}\n```\n", encoding="utf-8")
    settings = {
        "extensions": ["myst_parser", "exercises_page"],
        "myst_enable_extensions": ["dollarmath", "colon_fence"],
        "lmmbook_edition": edition,
    }
    app = Sphinx(
        source, None, out, out / ".doctrees", "html", settings, status=None, warning=None
    )  # fmt: skip
    app.build()
    return "".join(
        path.read_text(encoding="utf-8", errors="ignore")
        for path in out.rglob("*")
        if path.suffix in (".html", ".js", ".txt")
    )


def test_a_book_for_lecturers_has_the_exam_and_one_for_students_has_not(tmp_path):
    said = "The diagonal of the block is", "Two patients"
    lecturers, students = (built(tmp_path, edition) for edition in ("solutions", "students"))
    assert all(words in lecturers for words in said)
    assert lecturers.count("Solution</p>") == 12
    assert not any(words in students for words in said)
    assert "EDITION=solutions" in students


def test_no_page_and_no_worksheet_contains_the_exam():
    page = (ROOT / "chapters" / "teaching.md").read_text(encoding="utf-8")
    assert "```{exam-questions}\n```" in page
    first = QUESTIONS[0][:60]
    for path in [*ROOT.glob("chapters/*"), *ROOT.glob("exercises/*"), *ROOT.glob("*.md")]:
        assert not path.is_file() or first not in path.read_text(encoding="utf-8", errors="ignore")
