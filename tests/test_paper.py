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
Overfull \vbox (176.06pt too high) has occurred while \output is active []
Overfull \vbox (0.74pt too high) detected at line 28952
LaTeX Warning: Reference `answer-own-women' on page 69 undefined on input line 230.
"""


def test_what_would_be_seen_on_paper_is_found_in_the_log():
    assert pdf.complaints(LOG) == [
        "no letter 𝒟 (U+1D49F) in font DejaVu Sans Mono",
        "Reference `answer-own-women' on page 69 undefined",
        "56 points too wide in paragraph at lines 21625--21625",
        "176 points too high has occurred while \\output is active []",
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


def test_a_table_that_is_higher_than_a_page_goes_on_over_pages():
    high = table(*[["name", "many words " * 30]] * 20)
    paper.fit_columns(high)
    assert "longtable" in high["classes"]
    low = table(*[["name", "many words " * 30]] * 5)
    paper.fit_columns(low)
    assert "longtable" not in low["classes"]


def test_a_narrow_table_is_left_alone():
    narrow = table(["one", "two"], ["three", "four"])
    paper.fit_columns(narrow)
    assert narrow["classes"] == []


def test_a_heading_needs_more_room_than_its_letters_say():
    headed = table(["Elsewhere", "many words " * 20])
    group = headed[-1]
    head = nodes.row("", *(nodes.entry("", nodes.paragraph("", t)) for t in ("Symbol", "Meaning")))
    group.insert(2, nodes.thead("", head))
    assert max(paper._words(head[0])) > len("Symbol")


def test_what_takes_no_room_in_a_formula_is_not_counted():
    cell = next(table([""]).findall(nodes.entry))
    cell[0] += nodes.math("", r"\sigma_b^2\,\mathbf Z_0")
    assert max(paper._words(cell)) < 8


def page(*parts):
    """A chapter with a section of these parts."""
    inner = nodes.section("", nodes.title("", "Heading"), *parts)
    document = nodes.section("", nodes.title("", "Chapter"), nodes.paragraph("", "x"), inner)
    return nodes.container("", document), document


def needed(place):
    return [node.astext() for node in place if isinstance(node, nodes.raw)]


def test_short_code_stays_on_one_page_and_long_code_may_be_broken():
    words = [nodes.paragraph("", "One."), nodes.paragraph("", "Two.")]
    root, chapter = page(*words, nodes.literal_block("", "one\ntwo"))
    paper.keep_together(root)
    assert needed(chapter[-1]) == [r"\keeptogether{32pt}"]
    root, chapter = page(*words, nodes.literal_block("", "line\n" * 40))
    paper.keep_together(root)
    assert needed(chapter[-1]) == []


def test_a_heading_is_not_parted_from_its_table():
    found = table(["one", "two"], ["three", "four"])
    found.parent = None
    root, chapter = page(nodes.paragraph("", "One sentence."), found)
    paper.keep_together(root)
    assert len(needed(chapter)) == 1
    assert isinstance(chapter[-1], nodes.section)
    assert needed(chapter[-1]) == []


def test_nothing_is_kept_together_inside_a_box():
    box = nodes.admonition("", nodes.paragraph("", "x"), nodes.literal_block("", "one\ntwo"))
    root, _ = page(nodes.paragraph("", "One."), nodes.paragraph("", "Two."), box)
    paper.keep_together(root)
    assert needed(box) == []


def test_a_cell_that_does_more_than_name_its_explorer_keeps_its_code():
    for code, left in (
        ("from lmmteach import widgets\n\nwidgets.bias", 1),
        ("widgets.a\nx = 1", 2),
    ):
        shown = nodes.container("", nodes.raw("", "x", format="html"))
        source = nodes.container("", nodes.literal_block("", code), nb_element="cell_code_source")
        cell = nodes.container("", source, shown, nb_element="cell_code")
        paper._hide_call(shown)
        assert len(cell) == left
