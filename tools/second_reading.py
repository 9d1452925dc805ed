"""Sections for a second reading: folded on the page, so that a first reading has its length.

A heading that begins with "Second reading: " makes its section one. The notebooks say nothing else
of it, so that JupyterLab shows the section as any other. The page shows a native ``<details>``
below the heading, which needs no script and opens for a link to what is in it.
"""

import prose
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class second_reading(nodes.General, nodes.Element):
    """What is folded; ``minutes`` is how long it takes."""


class FoldSecondReadings(SphinxPostTransform):
    """Wrap what follows the heading, after predictions have been hidden."""

    default_priority = 550
    formats = ("html",)

    def run(self):
        for section in list(self.document.findall(_is_for_later)):
            folded = second_reading("", *section.children[1:])
            folded["minutes"] = minutes_of(folded)
            section[1:] = [folded]


def minutes_of(part):
    """How long a part of a page takes, by the rule of the cards."""
    displays = list(part.findall(nodes.math_block))
    numbered = sum(bool(display.get("number")) for display in displays)
    blocks = part.findall(lambda node: "exercise-block" in _classes(node))
    exercises = sum(1 for _ in blocks)
    texts = [text for text in part.findall(nodes.Text) if not exercises and _is_prose(text.parent)]
    words = sum(len(prose.words(text)) for text in texts)
    return prose.up_to_five(prose.rule(words, numbered, len(displays) - numbered, exercises))


def _classes(node):
    return node["classes"] if isinstance(node, nodes.Element) else []


def _is_prose(node):
    """Whether a text is read as prose: it is in a paragraph, and neither formula nor code."""
    while node is not None and not isinstance(node, nodes.paragraph):
        if isinstance(node, nodes.math | nodes.literal | nodes.literal_block | nodes.raw):
            return False
        node = node.parent
    return node is not None


def _is_for_later(node):
    return isinstance(node, nodes.section) and node[0].astext().startswith(prose.SECOND)


def visit_second_reading(translator, node):
    translator.body.append(
        '<details class="second-reading">'
        f"<summary>Open this section (about {node['minutes']:.0f} minutes)</summary>"
    )


def depart_second_reading(translator, node):
    translator.body.append("</details>")


def setup(app):
    app.add_node(second_reading, html=(visit_second_reading, depart_second_reading))
    app.add_post_transform(FoldSecondReadings)
