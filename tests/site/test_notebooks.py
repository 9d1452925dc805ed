"""Every notebook of the site, run from top to bottom in the browser."""

from statistics import median

import pytest
from live_pages import ROOT, Site, failures

NOTEBOOKS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
CHAPTERS = [name for name in NOTEBOOKS if name[:2].isdigit()]
FIRST, *OTHERS = sorted(path.stem for path in (ROOT / "exercises").glob("*.ipynb"))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n[:2] == "03" else [pytest.mark.long]) for n in CHAPTERS]
)
def test_a_chapter_runs_and_its_explorer_moves(site, name, record_property):
    pressed = site.open(f"chapters/{name}.html", "Live")
    cells, first = site.run_all()
    record_property("click to first cell", f"{first - pressed:.1f} s")
    assert failures(cells) == []
    if any("widgets." in cell["source"] for cell in cells):
        first, *others = site.move_a_slider()
        record_property("slider to first picture", f"{first:.0f} ms")
        record_property("to the next ones", f"{median(others):.0f} ms")


@pytest.fixture(scope="module")
def worksheet(server, browser):
    """A worksheet that was opened by its button, in whose place other notebooks are put.

    Another Python for each would take half a minute and find nothing more.
    """
    worksheet = Site(server, browser)
    worksheet.pressed = worksheet.open(f"chapters/{FIRST}.html", "Worksheet")
    yield worksheet
    worksheet.close()
    assert worksheet.outside == []


def test_the_first_worksheet_runs(worksheet, record_property):
    cells, first = worksheet.run_all()
    record_property("click to first cell", f"{first - worksheet.pressed:.1f} s")
    assert failures(cells) == []


@pytest.mark.parametrize("name", OTHERS)
def test_another_worksheet_runs(worksheet, name):
    worksheet.show(f"exercises/{name}.ipynb")
    cells, _ = worksheet.run_all()
    assert len(cells) > 3
    assert failures(cells) == []


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name not in CHAPTERS])
def test_a_page_that_is_no_chapter_runs(worksheet, name):
    worksheet.show(f"chapters/{name}.ipynb")
    cells, _ = worksheet.run_all()
    assert len(cells) > 3
    assert failures(cells) == []
    if any("widgets." in cell["source"] for cell in cells):
        assert len(worksheet.move_a_slider()) == 5
