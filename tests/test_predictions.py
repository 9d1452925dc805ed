"""What a box "Predict first" hides, on small documents."""

import predictions
import pytest
from docutils import nodes

BOX, CELL, SOURCE, HEADING = "box", "cell", "source", "heading"
BEGIN, END, TAGGED = "begin", "end", "tagged"


def node(kind):
    """A node of its kind; what is none of the kinds is the text of a paragraph."""
    if kind == BOX:
        return nodes.admonition("", nodes.title("", predictions.TITLE), nodes.paragraph())
    if kind in (BEGIN, END):
        return nodes.comment("", getattr(predictions, kind.upper()))
    if kind == HEADING:
        return nodes.section("", nodes.title("", "The next section"))
    if kind in (CELL, SOURCE, TAGGED):
        code = "lt.show_source(blup.blup)" if kind == SOURCE else "print(1 + 1)"
        cell = nodes.container("", nodes.literal_block(code, code), nb_element="cell_code")
        tags = {TAGGED: [f"tag_{predictions.BEGIN}"], SOURCE: [predictions.LISTING]}
        cell["classes"] = tags.get(kind, [])
        return cell
    return nodes.paragraph(kind, kind)


# What is in brackets is hidden; several boxes may hide something in one section.
SECTIONS = [
    (BOX, [CELL, "Read it.", "More of it."], HEADING),
    (BOX, [CELL, "Read it."], CELL, "Later."),
    (BOX, [CELL, CELL, "Read it."], "And the number of women?", CELL),
    (BOX, [CELL, "Read it, and then:"], CELL),
    (BOX, [CELL, "Read.\nIt.\nAnd:"], CELL),
    (BOX, "Simulate it.", SOURCE, [CELL, "Read it."], HEADING),
    (BOX, [CELL, "Read it."], BOX, [CELL, "And this."]),
    (BOX, [CELL, "Read it."], END, "Something else.", CELL),
    (BOX, [CELL, "Read it.", CELL, "And this."], END, "Something else."),
    (BOX, ["The answer."], END, "Something else."),
    (BOX, "The answer comes later.", HEADING),
    (BOX, "Look at this:", CELL, "Read it.", BEGIN, ["The answer.", CELL, "So."], HEADING),
    (BOX, CELL, [TAGGED, "The answer."], HEADING),
    ("No box.", BEGIN, [CELL, "The answer."], CELL),
    (BOX,),
]


@pytest.mark.parametrize("expected", SECTIONS, ids=str)
def test_a_box_hides_its_answer_and_no_more(expected):
    flat = [part for piece in expected for part in (piece if isinstance(piece, list) else [piece])]
    siblings = [node(kind) for kind in flat]
    section = nodes.section("", *siblings)
    predictions.hide_answers(section)
    found = [
        [flat[siblings.index(inner)] for inner in child]
        if isinstance(child, predictions.prediction)
        else flat[siblings.index(child)]
        for child in section.children
    ]
    assert found == list(expected)


def test_another_box_hides_nothing():
    other = nodes.admonition("", nodes.title("", "Before you start"), nodes.paragraph())
    section = nodes.section("", other, node(CELL), node("Read it."))
    predictions.hide_answers(section)
    assert not list(section.findall(predictions.prediction))
