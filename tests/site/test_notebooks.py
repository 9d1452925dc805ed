"""Every notebook of the site, opened by its button and run from top to bottom."""

import pytest
from live_pages import ROOT, failures

CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
WORKSHEETS = sorted(path.stem for path in (ROOT / "exercises").glob("*.ipynb"))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_and_its_explorer_moves(site, name, record_property):
    pressed = site.open(f"chapters/{name}.html", "Live")
    cells, first = site.run_all()
    record_property("click to first cell", f"{first - pressed:.1f} s")
    assert failures(cells) == []
    if any("widgets." in cell["source"] for cell in cells):
        record_property("slider to picture", f"{site.move_a_slider():.0f} ms")


@pytest.mark.parametrize("name", WORKSHEETS)
def test_a_worksheet_runs(site, name, record_property):
    pressed = site.open(f"chapters/{name}.html", "Worksheet")
    cells, first = site.run_all()
    record_property("click to first cell", f"{first - pressed:.1f} s")
    assert failures(cells) == []
