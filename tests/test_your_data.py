"""The template for data of one's own, run as a student runs it, on files that the book has not."""

import re
from html import unescape
from pathlib import Path

import nbformat
import notebooks
import numpy as np
import pandas as pd
import pytest
from nbclient.exceptions import CellExecutionError

TEMPLATE = Path(notebooks.ROOT) / "chapters" / "your-data.ipynb"
RNG = np.random.default_rng(8)
FIRST = """\
import lmmteach as lt

file = "{file}"
response = "{response}"
group = {group!r}
formula = "{formula}"
x = {x!r}
by = {by!r}
unit = "{unit}"
"""

pytestmark = pytest.mark.slow


def filled(folder, table, **names):
    """The template with its first cell filled in, run beside the file; all that it shows."""
    table.to_csv(folder / "mine.csv", index=False)
    notebook = nbformat.read(TEMPLATE, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    given = {"file": "mine.csv", "x": None, "by": None, "unit": ""} | names
    first.source = FIRST.format(**given)
    notebooks.execute(notebook, folder)
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown += [output.get("text", ""), data.get("text/html", data.get("text/plain", ""))]
    return unescape("\n".join(shown))


def seedlings():
    """Twelve pots, four weeks each; one height is missing."""
    pots, weeks = np.repeat(np.arange(1, 13), 4), np.tile([1, 2, 3, 4], 12)
    height = 5 + 2 * weeks + RNG.normal(0, 1.5, 12)[pots - 1] + RNG.normal(0, 0.5, 48)
    table = pd.DataFrame({"pot": pots, "week": weeks, "height": height.round(1)})
    table.loc[17, "height"] = np.nan
    return table


def test_the_first_cell_names_what_the_others_use():
    cells = [c for c in nbformat.read(TEMPLATE, as_version=4).cells if c.cell_type == "code"]
    names = re.findall(r"^(\w+) = ", cells[0].source, re.MULTILINE)
    assert names == re.findall(r"^(\w+) = ", FIRST, re.MULTILINE)
    rest = "\n".join(cell.source for cell in cells[1:])
    assert all(re.search(rf"\b{name}\b", rest) for name in names)
    assert "sleepstudy" not in rest


def test_a_file_with_a_missing_value_gets_a_report_that_mentions_it(tmp_path):
    shown = filled(
        tmp_path,
        seedlings(),
        response="height",
        group="pot",
        formula="height ~ week + (1 | pot)",
        x="week",
        unit="cm",
    )
    assert "Missing values: 1 of height." in shown
    assert "1 of 48 rows was left out because of missing values: height in 1." in shown
    assert "to 47 observations from 12 levels of pot; the response was height, in cm." in shown


def test_a_singular_fit_gets_a_report_that_explains_it(tmp_path):
    deviations = [-1.2, 0.7, 1.1, -0.6]
    table = pd.DataFrame(
        {"jar": np.repeat(np.arange(11), 4), "acid": 3 + np.tile(deviations, 11)}
    ).round(3)
    table["acid"] += np.repeat(np.linspace(-0.1, 0.1, 11), 4)
    shown = filled(
        tmp_path, table, response="acid", group="jar", formula="acid ~ 1 + (1 | jar)", unit="g"
    )
    assert "The fit was singular: the variance of (Intercept) between levels of jar" in shown
    assert "does not prove that the levels are equal" in shown
    assert "it was singular, as said above" in shown


def test_groups_that_are_texts_get_a_report_with_their_names(tmp_path):
    places = [
        "Bern",
        "Köln",
        "São Paulo",
        "Tromsø",
        "Oxford",
        "Lyon",
        "Łódź",
        "Graz",
        "Bari",
        "Ulm",
    ]
    place = np.repeat(places, 3)
    level = dict(zip(places, RNG.normal(20, 3, len(places)), strict=True))
    table = pd.DataFrame({"place": place, "kind": np.tile(["a", "b", "b"], 10)})
    table["noise"] = [round(level[p] + RNG.normal(0, 1), 2) for p in place]
    table.loc[4, "place"] = "köln"
    shown = filled(
        tmp_path,
        table,
        response="noise",
        group="place",
        formula="noise ~ kind + (1 | place)",
        unit="dB",
    )
    assert "may be the same: 'Köln' and 'köln'" in shown
    assert "from 11 levels of place; the response was noise, in dB." in shown
    assert "kind is compared with a" in shown


def test_two_grouping_columns_and_panels_are_possible(tmp_path):
    table = seedlings().dropna().assign(tray=lambda d: "t" + ((d["pot"] - 1) // 2).astype(str))
    table["soil"] = np.where(table["pot"] % 2, "sand", "loam")
    shown = filled(
        tmp_path,
        table,
        response="height",
        group=["pot", "tray"],
        formula="height ~ week * soil + (1 | pot) + (1 | tray)",
        x="week",
        by="soil",
    )
    assert "Each level of pot belongs to one level of tray: it is nested." in shown
    assert "47 observations from 12 levels of pot and 6 levels of tray" in shown


def test_what_cannot_be_fitted_gets_a_message_in_words(tmp_path):
    table = pd.DataFrame({"leaf": range(12), "area": RNG.normal(9, 1, 12).round(2)})
    with pytest.raises(CellExecutionError, match=r"leaf has one|one row|one observation"):
        filled(tmp_path, table, response="area", group="leaf", formula="area ~ 1 + (1 | leaf)")
