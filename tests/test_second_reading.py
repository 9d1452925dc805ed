"""Sections for a second reading, on small documents: folded below their heading, and timed."""

import prose
import second_reading
from docutils import nodes
from docutils.utils import new_document


def section(title, *children):
    return nodes.section("", nodes.title("", title), *children)


def paragraph(*words):
    return nodes.paragraph("", " ".join(words))


def folded(document):
    transform = second_reading.FoldSecondReadings(document)
    transform.run()
    return list(document.findall(second_reading.second_reading))


def test_a_section_is_folded_below_its_heading():
    document = new_document("page")
    inner = section("Details", paragraph("more"))
    later = section(f"{prose.SECOND}a proof", paragraph("so"), inner)
    document += [section("First", paragraph("now")), later]
    (found,) = folded(document)
    assert [type(node) for node in later] == [nodes.title, second_reading.second_reading]
    assert inner in found.children


def test_the_minutes_are_those_of_the_rule():
    words = paragraph(*["word"] * 600)
    words += [nodes.math("", "a b c"), nodes.literal("", "code is not prose")]
    equations = [nodes.math_block("", "x", number=1), nodes.math_block("", "y", number=None)]
    part = second_reading.second_reading("", words, *equations)
    assert second_reading.minutes_of(part) == prose.up_to_five(600 / 150 + 3 + 1)


def test_exercises_take_their_five_minutes_whatever_their_words():
    block = nodes.container("", paragraph(*["word"] * 900), classes=["exercise-block"])
    part = second_reading.second_reading("", block, block.deepcopy())
    assert second_reading.minutes_of(part) == 10
