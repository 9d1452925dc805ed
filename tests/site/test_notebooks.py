"""Every notebook of the site, opened by its button and run from top to bottom."""

from statistics import median

import pytest
from live_pages import ROOT, failures

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
WORKSHEETS = sorted(path.stem for path in (ROOT / "exercises").glob("*.ipynb"))


def one_short(names, short):
    """All names as parameters, each but one marked as long."""
    return [pytest.param(n, marks=[] if n == short else [pytest.mark.long]) for n in names]


def all_run(site, name, button, record_property):
    """Open a notebook by its button, and run all of it without a failure."""
    pressed = site.open(f"chapters/{name}.html", button)
    cells, first = site.run_all()
    record_property("click to first cell", f"{first - pressed:.1f} s")
    assert failures(cells) == []
    return cells


@pytest.mark.parametrize("name", one_short(CHAPTERS, "03-profile"))
def test_a_chapter_runs_and_its_explorer_moves(site, name, record_property):
    cells = all_run(site, name, "Live", record_property)
    if any("widgets." in cell["source"] for cell in cells):
        first, *others = site.move_a_slider()
        record_property("slider to first picture", f"{first:.0f} ms")
        record_property("to the next ones", f"{median(others):.0f} ms")


@pytest.mark.parametrize("name", one_short(WORKSHEETS, "04-blup"))
def test_a_worksheet_runs(site, name, record_property):
    all_run(site, name, "Worksheet", record_property)
