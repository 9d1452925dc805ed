"""Every notebook of the site, opened by its button and run from top to bottom."""

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
        record_property("slider to picture", f"{site.move_a_slider():.0f} ms")


@pytest.mark.parametrize("name", one_short(WORKSHEETS, "04-blup"))
def test_a_worksheet_runs(site, name, record_property):
    all_run(site, name, "Worksheet", record_property)
