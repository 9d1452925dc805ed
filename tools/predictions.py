"""What follows a box "Predict first" stays hidden until the reader has committed, or asks.

The notebooks say nothing of it, so that they read as plain text in JupyterLab. A box hides from the
next cell that computes something to the next cell after its reading, at most to the end of the
section. A short paragraph that leads on to that cell (it ends with a colon or a question mark)
stays outside. Where an author wants something else, a comment line of MyST says so, between
paragraphs:

``% predict-begin``
    hide from here; it may stand anywhere below the box, in a later section too, and the box itself
    then hides nothing. Between two cells of code, the second has it as a tag
``% predict-end``
    hide up to here

The page shows a native ``<details>``, which needs no script.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

TITLE = "Predict first"
BEGIN, END = "predict-begin", "predict-end"
# Cells that only show how a function is written have this tag; the page leaves out their call.
LISTING = "tag_remove-input"
SUMMARY = "I have made my prediction: show me"


class prediction(nodes.General, nodes.Element):
    """A part of a section that a reader opens."""


class HidePredictions(SphinxPostTransform):
    """Wrap what follows each box; after the outputs of cells have become nodes."""

    default_priority = 500
    formats = ("html",)

    def run(self):
        for parent in list(self.document.findall(_holds_a_start)):
            hide_answers(parent)


def hide_answers(parent):
    """Wrap what each box or mark among the children of a node hides."""
    starts = [k for k, node in enumerate(parent) if _starts(node)]
    parts = [hidden_part(parent.children, start) for start in starts]
    # From behind, so that the places of the others stay.
    for first, end in reversed(parts):
        if first < end:
            parent[first:end] = [prediction("", *parent.children[first:end])]


def hidden_part(siblings, start):
    """The first of the siblings that the box or mark at ``start`` hides, and the first after."""
    later = range(start + 1, len(siblings))
    last = next((k for k in later if _stops(siblings[k])), len(siblings))
    marked = [k for k in range(start + 1, last) if _is_mark(siblings[k], END)]
    stop = marked[0] if marked else last
    if _is_tagged(siblings[start]):
        first = start
    elif _is_mark(siblings[start], BEGIN):
        first = start + 1
    elif last < len(siblings) and _begins(siblings[last]):
        return start, start
    else:
        first = next((k for k in range(start + 1, stop) if _computes(siblings[k])), stop)
        if marked and first == stop:
            first = start + 1
    return first, stop if marked else _after_the_reading(siblings, first, stop)


def _after_the_reading(siblings, first, stop):
    """Where the reading of the cells ends: at the next cell, or at what leads on to it."""
    cell = _next_cell(siblings, first, stop)
    prose = next((k for k in range(cell, stop) if not _is_cell(siblings[k])), stop)
    end = _next_cell(siblings, prose, stop)
    if prose < end - 1 and end < stop and _leads_on(siblings[end - 1]):
        return end - 1
    return end


def _next_cell(siblings, first, stop):
    return next((k for k in range(first, stop) if _is_cell(siblings[k])), stop)


def _holds_a_start(node):
    return isinstance(node, nodes.Element) and any(map(_starts, node.children))


def _starts(node):
    return _is_box(node) or _begins(node)


def _begins(node):
    return _is_mark(node, BEGIN) or _is_tagged(node)


def _is_tagged(node):
    return _is_cell(node) and f"tag_{BEGIN}" in node["classes"]


def _stops(node):
    return isinstance(node, nodes.section) or _starts(node)


def _is_box(node):
    is_titled = isinstance(node, nodes.admonition) and isinstance(node[0], nodes.title)
    return is_titled and node[0].astext() == TITLE


def _is_mark(node, mark):
    return isinstance(node, nodes.comment) and mark in node.astext().split()


def _is_cell(node):
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def _computes(node):
    """Whether a node is a cell that does more than show how a function is written."""
    return _is_cell(node) and LISTING not in node["classes"]


def _leads_on(node):
    text = node.astext()
    is_short = text.count("\n") < 2
    return isinstance(node, nodes.paragraph) and is_short and text.endswith((":", "?"))


def visit_prediction(translator, node):
    translator.body.append(
        '<div class="prediction"><details class="prediction">'
        f'<summary>{SUMMARY}</summary><div class="prediction-shown">'
    )


def depart_prediction(translator, node):
    translator.body.append("</div></details></div>")


def setup(app):
    app.add_node(prediction, html=(visit_prediction, depart_prediction))
    app.add_post_transform(HidePredictions)
    app.add_js_file("prediction.js")
