"""The stored notebooks: run, in order, from the code that stands there, in canonical form."""

import ast
import json
import re

import nbformat
import notebooks
import pytest

PATHS = notebooks.chapters()


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def path(request):
    return request.param


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def test_there_are_notebooks():
    assert PATHS[0].stem == "01-model"


def test_every_cell_was_run_in_order_from_the_code_that_stands_there(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert [cell.metadata["executed"] for cell in cells] == [
        notebooks.digest(cell.source) for cell in cells
    ]


def test_the_file_is_in_canonical_form(path):
    notebook = nbformat.read(path, as_version=4)
    assert path.read_text(encoding="utf-8") == notebooks.canonical(notebook)


def test_no_cell_wrote_an_error_or_a_warning(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"


def test_a_figure_has_words_and_a_number_beside_it(path):
    for cell in code_cells(path):
        texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        if any(text.startswith("<Figure") for text in texts):
            about = cell.metadata["mystnb"]
            assert len(about["image"]["alt"]) > 40
            assert about["figure"]["caption"]
            assert about["figure"]["name"]
            printed = "".join(o["text"] for o in cell.outputs if o["output_type"] == "stream")
            assert any(character.isdigit() for character in printed)


def test_no_symbol_stands_with_a_bare_underscore_where_a_reader_sees_it(path):
    cells = nbformat.read(path, as_version=4).cells
    shown = [cell.source for cell in cells if cell.cell_type == "markdown"]
    for cell in cells:
        about = cell.metadata.get("mystnb", {})
        shown.append(about.get("figure", {}).get("caption", ""))
        assert "_" not in about.get("image", {}).get("alt", "")
    prose = re.sub(r"```\{margin\}(.*?)```", r"\1", "\n\n".join(shown), flags=re.DOTALL)
    # What stands in formulas and in code is set by MathJax, or meant to be typed.
    code_or_math = r"```.*?```|\$\$.*?\$\$|\$[^$]+\$|`[^`]+`|\]\([^)]+\)"
    assert re.findall(r"\S*\w_\S*", re.sub(code_or_math, "", prose, flags=re.DOTALL)) == []


def test_the_page_shows_a_listing_without_the_call_that_makes_it(path):
    for cell in code_cells(path):
        only_shows = re.fullmatch(r"lt\.show_source\([^\n]*\)", cell.source) is not None
        assert ("remove-input" in cell.metadata.get("tags", [])) == only_shows


def test_cells_are_short_enough_to_read(path):
    for cell in code_cells(path):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 12
        assert max(map(len, lines)) <= 92


def test_cells_end_without_a_semicolon_and_call_no_private_names(path):
    for cell in code_cells(path):
        assert not cell.source.rstrip().endswith(";")
        attributes = {
            n.attr for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Attribute)
        }
        assert not [name for name in attributes if name.startswith("_")]


def test_the_canonical_form_drops_what_differs_from_run_to_run():
    notebook = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "version": "9"}}
    )
    cell = nbformat.v4.new_code_cell("1", execution_count=1, metadata={"collapsed": True})
    cell.outputs = [
        nbformat.v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure>"})
    ]
    notebook.cells = [cell]
    stored = json.loads(notebooks.canonical(notebook))
    assert "version" not in stored["metadata"]["language_info"]
    assert stored["cells"][0]["metadata"] == {}
    assert stored["cells"][0]["outputs"][0]["data"] == {"text/plain": ["<Figure>"]}


def test_the_canonical_form_refuses_an_error():
    notebook = nbformat.v4.new_notebook()
    cell = nbformat.v4.new_code_cell("1/0")
    cell.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
    notebook.cells = [cell]
    with pytest.raises(ValueError, match="did a cell fail"):
        notebooks.canonical(notebook)


def test_what_a_busy_machine_prints_in_pieces_is_stored_in_one():
    def said(name, *texts):
        return [nbformat.v4.new_output("stream", name=name, text=text) for text in texts]

    cell = nbformat.v4.new_code_cell("print('one'); print('two')", execution_count=1)
    notebook = nbformat.v4.new_notebook(cells=[cell])
    stored = []
    for pieces in (("one\ntwo\n",), ("one", "\ntw", "o\n")):
        cell.outputs = said("stdout", *pieces) + said("stderr", "!\n") + said("stdout", "three\n")
        stored.append(notebooks.canonical(notebook))
    assert stored[0] == stored[1]
    (cell,) = json.loads(stored[0])["cells"]
    assert [output["text"] for output in cell["outputs"]] == [
        ["one\n", "two\n"],
        ["!\n"],
        ["three\n"],
    ]
