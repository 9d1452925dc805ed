"""A formula in a sentence keeps the comma behind it and the bracket before it on its line.

To a browser a formula is a box, and a line may break on either side of a box.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BEFORE = re.compile(r"[(\[“‘]*$")
# Also the rest of a word, as in “the t-test” where t is a formula.
BEHIND = re.compile(r"(?:[’'‑-]\w+)?[.,;:!?)\]’”%…]*")


class Punctuation(SphinxPostTransform):
    """Put each formula, and the punctuation that belongs to it, into one piece."""

    # After the symbols of the text, which make several nodes of one.
    default_priority = 710
    formats = ("html",)

    def run(self):
        for formula in list(self.document.findall(nodes.math)):
            keep_together(formula)


def keep_together(formula):
    """Put a formula and the punctuation beside it into one inline node."""
    parent = formula.parent
    at = parent.index(formula)
    first = _text_at(parent, at - 1)
    behind = _text_at(parent, at + 1)
    opening, closing = BEFORE.search(first)[0], BEHIND.match(behind)[0]
    if not opening and not closing:
        return
    kept = nodes.inline("", "", *_texts(opening), classes=["kept-together"])
    begin, end = at - bool(first), at + 1 + bool(behind)
    rest = first[: len(first) - len(opening)], behind[len(closing) :]
    parent[begin:end] = [*_texts(rest[0]), kept, *_texts(rest[1])]
    kept += [formula, *_texts(closing)]


def _texts(text):
    return [nodes.Text(text)] if text else []


def _text_at(parent, place):
    """The text that stands there; "" if there is none, or something else."""
    inside = 0 <= place < len(parent)
    return str(parent[place]) if inside and isinstance(parent[place], nodes.Text) else ""


def setup(app):
    app.add_post_transform(Punctuation)
