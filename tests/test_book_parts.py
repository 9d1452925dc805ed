"""What the build makes of figures and of symbols in prose."""

import inspect
import re

import figures
import lmmbook
import punctuation
import pytest
import subscripts
from docutils import nodes
from matplotlib import pyplot as plt
from myst_nb.core import render
from nbformat import from_dict

import lmmteach
from lmmteach import plots


@pytest.fixture
def drawn(tmp_path):
    """A figure as the build's kernels draw it."""
    with plots.style.book_style():
        figure, ax = plt.subplots(figsize=(3, 2))
        ax.plot([0, 1], [0, 1], color=plots.BETWEEN)
        ax.plot([0, 1], [1, 0], color=plots.WITHIN)
        ax.axvline(0.5, color=plots.NEUTRAL)
        ax.set_xlabel(r"$\sigma_b^2$")
    file = tmp_path / "drawn.svg"
    figure.savefig(file, facecolor="none")
    plt.close(figure)
    return file.read_text(encoding="utf-8")


def test_a_figure_takes_the_colours_of_the_page(drawn):
    svg = figures.inline_svg(drawn, "figure-1", "A line & a curve")
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", svg))
    assert colours == {"none", *figures.ON_THE_PAGE.values()}
    assert 'role="img" aria-label="A line &amp; a curve"' in svg
    assert "<style" not in svg


def test_every_reference_in_a_figure_finds_its_own_part(drawn):
    svg = figures.inline_svg(drawn, "figure-1", "")
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    assert references
    assert references <= set(re.findall(r' id="([^"]+)"', svg))
    assert all(name.startswith("figure-1-") for name in re.findall(r' id="([^"]+)"', svg))


def test_letters_keep_their_size(drawn):
    scales = re.findall(r"scale\([^)]*\)", drawn)
    assert scales
    assert re.findall(r"scale\([^)]*\)", figures.inline_svg(drawn, "figure-1", "")) == scales


def test_kernels_of_the_build_are_told_to_draw_svg(tmp_path):
    folder = figures.write_kernel_config(tmp_path / "ipython")
    written = (tmp_path / "ipython" / "profile_default" / "ipython_kernel_config.py").read_text()
    assert folder == str(tmp_path / "ipython")
    assert 'figure_formats = {"svg"}' in written


def test_symbols_in_prose_get_subscripts():
    pieces = list(subscripts.typeset("if σ_b² is 0 and y_{ij} is"))
    assert [piece.astext() for piece in pieces] == ["if σ", "b", "² is 0 and y", "ij", " is"]
    assert [isinstance(piece, nodes.subscript) for piece in pieces] == [False, True] * 2 + [False]


def test_names_in_code_keep_their_letters():
    paragraph = nodes.paragraph("", "", nodes.literal("", "σ_b"), nodes.Text("σ_b"))
    found = list(paragraph.findall(subscripts._is_prose_with_symbols))
    assert found == [paragraph[1]]


@pytest.mark.parametrize(
    ("before", "behind", "pieces"),
    [
        ("is ", ". So", ["is ", "<X.>", " So"]),
        ("(", "), and", ["<(X),>", " and"]),
        ("the ", "-test, that", ["the ", "<X-test,>", " that"]),
        ("", "’s", ["<X’s>"]),
        ("if ", " is 0", ["if ", "X", " is 0"]),
        ("so ", "", ["so ", "X"]),
    ],
)
def test_punctuation_stays_with_its_formula(before, behind, pieces):
    parts = [nodes.Text(before), nodes.math("", "X"), nodes.Text(behind)]
    paragraph = nodes.paragraph("", "", *(part for part in parts if part.astext()))
    punctuation.keep_together(paragraph.next_node(nodes.math))
    signs = [("<", ">") if isinstance(part, nodes.inline) else ("", "") for part in paragraph]
    shown = [b + part.astext() + e for part, (b, e) in zip(paragraph, signs, strict=True)]
    assert shown == pieces


def test_a_line_that_was_sent_in_two_pieces_stays_one_line():
    pieces = ("slope 0.48", ", SD 0.78\nslope 0.78", ", SD 1.68\n")
    sent = [from_dict({"output_type": "stream", "name": "stdout", "text": t}) for t in pieces]
    (shown,) = render.coalesce_streams(sent)
    assert render.coalesce_streams is lmmbook.in_one_piece
    assert shown["text"] == "slope 0.48, SD 0.78\nslope 0.78, SD 1.68\n"
    assert [piece["text"] for piece in sent] == list(pieces)


def test_every_call_of_a_notebook_is_on_the_page_of_functions():
    public = (name for name in lmmteach.__all__ if inspect.isfunction(getattr(lmmteach, name)))
    assert sorted(lmmbook.CALLS) == sorted(public)
