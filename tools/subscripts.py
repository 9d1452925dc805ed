"""Symbols that stand in the text as ``σ_b²`` get their subscripts, wherever they stand."""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from lmmteach._typeset import SYMBOL

# What is code, or for a program, keeps its letters.
VERBATIM = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.math_block, nodes.raw)


class Subscripts(SphinxPostTransform):
    """Typeset each symbol with an underscore, in what is prose."""

    default_priority = 700

    def run(self):
        for text in list(self.document.findall(_is_prose_with_symbols)):
            text.parent.replace(text, list(typeset(str(text))))


def _is_prose_with_symbols(node):
    is_text = isinstance(node, nodes.Text) and SYMBOL.search(node)
    return is_text and not any(isinstance(above, VERBATIM) for above in _ancestors(node))


def _ancestors(node):
    while node := node.parent:
        yield node


def typeset(text):
    """The text as nodes, with a subscript for what follows an underscore."""
    place = 0
    for symbol in SYMBOL.finditer(text):
        base, _, index = symbol[0].partition("_")
        yield nodes.Text(text[place : symbol.start()] + base)
        yield nodes.subscript("", index.strip("{}"))
        place = symbol.end()
    yield nodes.Text(text[place:])


def setup(app):
    app.add_post_transform(Subscripts)
