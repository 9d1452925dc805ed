"""The site as a student meets it: what it loads, and what it keeps."""

import json
import re
import time

from live_pages import (
    FIRST_FINISHED,
    PATIENCE,
    SAVE_SLOWLY,
    SAVED,
    SITE,
    Site,
    failures,
    texts,
)  # fmt: skip

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.studies import estrone_study

MB = 1_000_000
RIGHT = f'answer = {EXERCISES["1a"].answer(estrone_study())!r}\ncheck("1a", answer)'

BUTTON = re.compile(r'<a class="btn btn-sm live-button" href="([^"]*)".*?>(\w+)</span>')


def test_every_page_says_where_its_live_part_is():
    parts = {path: path.relative_to(SITE).parts for path in SITE.rglob("*.html")}
    # The first page only leads on, and the theme leaves templates of its own below _static.
    pages = [path for path, (top, *rest) in parts.items() if rest and top == "chapters"]
    pages += [SITE / "genindex.html", SITE / "search.html"]
    assert len(pages) > 20
    for page in pages:
        depth = len(page.relative_to(SITE).parts) - 1
        expected = f'<meta name="lmmteach-live" content="{"../" * depth}live/" />'
        assert page.read_text(encoding="utf-8").count(expected) == 1, page


def test_the_lock_names_only_files_that_are_there():
    folder = SITE / "live" / "static" / "pyodide"
    packages = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {"lmmteach", "formulae", "joblib", "tqdm", "ipywidgets"} <= packages.keys()
    assert [p["name"] for p in packages.values() if not (folder / p["file_name"]).exists()] == []
    needed = {name.replace("_", "-") for p in packages.values() for name in p["depends"]}
    assert needed <= packages.keys()


def test_every_button_leads_to_its_notebook():
    for path in sorted((SITE / "chapters").glob("*.html")):
        page = path.read_text(encoding="utf-8")
        buttons = re.findall(
            r'<a class="btn btn-sm live-button" href="([^"]*)".*?>(\w+)</span>', page
        )
        expected = {}
        if (SITE / "live" / "files" / "chapters" / f"{path.stem}.ipynb").exists():
            expected["Live"] = f"../live/lab/index.html?path=chapters/{path.stem}.ipynb"
        if (SITE / "live" / "files" / "exercises" / f"{path.stem}.ipynb").exists():
            expected["Worksheet"] = f"../live/lab/index.html?path=exercises/{path.stem}.ipynb"
        assert {label: address for address, label in buttons} == expected, path
        for notebook in re.findall(r'class="live-link" href="[^"]*\?path=([^"]*)"', page):
            assert (SITE / "live" / "files" / notebook).exists(), (path, notebook)
    assert len(list((SITE / "live" / "files" / "chapters").glob("*.ipynb"))) >= 13


def test_references_in_notebooks_are_links_to_what_is_there_or_words():
    links = 0
    for path in sorted((SITE / "live" / "files").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        own = set(re.findall(r"^\$\$ *\((\S+)\)$", text, re.MULTILINE))
        assert set(re.findall(r"\{eq\}`([^`]+)`", text)) <= own, path
        assert re.findall(r"\{(?:doc|py:func|download)\}`[^`]+`", text) == [], path
        targets = re.findall(r"\]\((\S+\.ipynb)\)", text)
        assert [target for target in targets if not (path.parent / target).exists()] == [], path
        links += len(targets)
    assert links > 100


def test_the_site_opens(site):
    site.page.goto(site.base)
    site.page.wait_for_url("**/chapters/index.html")
    assert site.page.locator("h1:visible").count() == 1


def test_a_first_visit_is_not_heavy_and_a_second_one_costs_nearly_nothing(
    server, new_browser, record_property
):
    browser = new_browser()
    for visit, limit in (("cold", 60 * MB), ("warm", 1 * MB)):
        server.sent.clear()
        site = Site(server, browser)
        pressed = site.open("chapters/01-model.html", "Live")
        site.menu("Run", "runmenu:run-all")
        site.page.wait_for_function(FIRST_FINISHED, timeout=PATIENCE)
        took = time.monotonic() - pressed
        sent = sum(server.sent.values())
        record_property(visit, f"{sent / MB:.2f} MB, {took:.1f} s")
        assert sent <= limit, server.sent.most_common(10)
        assert site.outside == []
        site.close()


def test_a_check_answers_and_work_survives_a_reload(site):
    site.open("chapters/01-model.html", "Worksheet")
    site.run_cell(0)
    assert "1a Not right yet" in texts(site.run_cell(1, 'answer = 17\ncheck("1a", answer)'))
    assert "1a Right" in texts(site.run_cell(1, RIGHT))
    site.page.wait_for_function(SAVED, timeout=PATIENCE)
    # What is typed while a save goes on is saved as well.
    site.page.evaluate(SAVE_SLOWLY)
    site.write_cell(2, "before = 1")
    site.page.wait_for_function("window.saving === 1")
    site.write_cell(2, "meanwhile = 1")
    site.page.wait_for_function(f"window.saving === 2 && {SAVED}")
    site.page.reload()
    site.wait_until_ready()
    assert [cell["source"] for cell in site.cells()[1:3]] == [RIGHT, "meanwhile = 1"]
    # The kernel is a new one; what was done is in a file beside the worksheet.
    cells, _ = site.run_all()
    assert failures(cells) == []
    assert "1a" in texts(cells[-1]["outputs"]).partition("done ")[2].partition(";")[0]


def test_work_can_be_taken_away_as_a_notebook(site):
    site.open("chapters/02-likelihood.html", "Worksheet")
    site.run_cell(1, "mine = 1")
    with site.page.expect_download() as started:
        item = site.page.locator(".jp-DirListing-item", has_text="02-likelihood.ipynb")
        item.click(button="right")
        site.page.locator('.lm-Menu-item[data-command="filebrowser:download"]').click()
    notebook = json.loads(started.value.path().read_text(encoding="utf-8"))
    assert "mine = 1" in ["".join(cell["source"]) for cell in notebook["cells"]]
