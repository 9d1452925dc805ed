"""What the PDF is made with, without LaTeX."""

import re

import paper
import pdf
import pytest
from docutils import nodes

from lmmteach.widgets import EXPLORERS

LOG = r"""
Missing character: There is no 𝒟 (U+1D49F) in font DejaVu Sans Mono/OT:script=latn;
Overfull \hbox (56.1226pt too wide) in paragraph at lines 21625--21625
Overfull \hbox (1.5pt too wide) in paragraph at lines 3--4
LaTeX Warning: Reference `answer-own-women' on page 69 undefined on input line 230.
"""


def test_what_would_be_seen_on_paper_is_found_in_the_log():
    assert pdf.complaints(LOG) == [
        "no letter 𝒟 (U+1D49F) in font DejaVu Sans Mono",
        "Reference `answer-own-women' on page 69 undefined",
        "56 points too wide in paragraph at lines 21625--21625",
    ]
    assert pdf.complaints("Overfull \\hbox (1.5pt too wide) in paragraph at lines 3--4") == []


def test_packages_that_are_not_there_are_named(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda program: None)
    with pytest.raises(SystemExit, match=r"sudo apt-get install texlive-xetex .*librsvg2-bin"):
        pdf.main()


def test_a_font_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(pdf, "_said", lambda *command: "" if "FreeSerif" in command else "there")
    assert pdf.missing() == "fonts-freefont-otf"


@pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
def test_the_frame_on_paper_needs_no_style_sheet(explorer):
    drawn = paper.frame_svg(explorer)
    assert "var(" not in drawn
    assert drawn.count("<svg") == drawn.count("</svg>")
    for key in explorer.legend:
        assert key.text.split("_")[0] in re.sub("&apos;|&#x27;", "'", drawn).replace("&amp;", "&")


def test_colours_have_names_in_formulas():
    tex = r"{\color{#0072b2}{\sigma_b^2}} + {\color{#B84E00}{\sigma_\epsilon^2}}"
    named = r"{\color{between}{\sigma_b^2}} + {\color{within}{\sigma_\epsilon^2}}"
    assert paper._named_colours(tex) == named


def table(*rows):
    entries = [[nodes.entry("", nodes.paragraph("", text)) for text in row] for row in rows]
    body = nodes.tbody("", *(nodes.row("", *row) for row in entries))
    columns = [nodes.colspec(colwidth=1) for _ in rows[0]]
    found = nodes.table("", nodes.tgroup("", *columns, body))
    nodes.section("", found)
    return found


def test_a_wide_table_gives_each_column_the_room_of_its_longest_word():
    wide = table(["a_name_that_cannot_break", "many words " * 20, "one"])
    paper.fit_columns(wide)
    widths = [colspec["colwidth"] for colspec in wide.findall(nodes.colspec)]
    assert "colwidths-given" in wide["classes"]
    assert widths[0] >= 10 * len("a_name_that_cannot_break")
    assert "small" in wide.parent[0].astext()
    assert widths[1] > 2 * widths[0] > 2 * widths[2]


def test_a_narrow_table_is_left_alone():
    narrow = table(["one", "two"], ["three", "four"])
    paper.fit_columns(narrow)
    assert narrow["classes"] == []
