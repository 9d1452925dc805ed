"""Execute the chapters and write them back in one canonical form.

    python tools/notebooks.py                 all chapters
    python tools/notebooks.py chapters/01-model.ipynb

The canonical form keeps text outputs, so that a fresh run can be compared with them, and drops
what differs from run to run: pictures, widget state, timings, versions. Each code cell carries a
digest of the code that made its outputs; a test compares it with the code that stands there.
"""

import hashlib
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
CELL_METADATA = ("tags", "mystnb")


def chapters():
    """The notebooks of the book, in order."""
    return sorted((ROOT / "chapters").glob("*.ipynb"))


def digest(code):
    """A short fingerprint of a cell's code."""
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def execute(notebook, folder):
    """Run every cell of a notebook in a fresh kernel; the first error ends it."""
    for cell in notebook.cells:
        cell.metadata.pop("executed", None)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["executed"] = digest(cell.source)
    return notebook


def canonical(notebook):
    """The text of a notebook as it is stored: the same run gives the same bytes."""
    cells = []
    for position, cell in enumerate(notebook.cells, start=1):
        kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        stored = {
            "cell_type": cell.cell_type,
            "id": f"cell-{position:03d}",
            "metadata": kept,
            "source": cell.source.strip("\n").splitlines(keepends=True),
        }
        if cell.cell_type == "code":
            if "executed" in cell.metadata:
                kept["executed"] = cell.metadata["executed"]
            stored["execution_count"] = cell.execution_count
            texts = [output for output in map(_text_output, cell.outputs) if output]
            stored["outputs"] = _merged(texts)
        cells.append(stored)
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _text_output(output):
    kind = output["output_type"]
    if kind == "stream":
        return {"name": output["name"], "output_type": kind, "text": _lines(output["text"])}
    if kind not in ("display_data", "execute_result"):
        raise ValueError(f"An output of type {kind!r} cannot be stored: did a cell fail?")
    texts = {
        mime: _lines(data) for mime, data in output["data"].items() if mime.startswith("text/")
    }
    stored = {"data": texts, "metadata": {}, "output_type": kind}
    if kind == "execute_result":
        stored["execution_count"] = output["execution_count"]
    return stored if texts else None


def _merged(outputs):
    """The same outputs, with what was printed in one piece: a busy machine sends it in several."""
    merged = []
    for output in outputs:
        before = merged[-1] if merged else {}
        if "name" in output and output["name"] == before.get("name"):
            before["text"] = _lines("".join([*before["text"], *output["text"]]))
        else:
            merged.append(output)
    return merged


def _lines(text):
    text = text if isinstance(text, str) else "".join(text)
    return text.splitlines(keepends=True)


def main(paths):
    """Execute and rewrite the notebooks named, or all chapters."""
    for path in map(Path, paths) if paths else chapters():
        notebook = nbformat.read(path, as_version=4)
        path.write_text(canonical(execute(notebook, path.parent)), encoding="utf-8")
        print(f"executed {path.name}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
