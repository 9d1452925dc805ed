"""WCAG 2.1 AA on every page, as far as a machine can tell, in light and in dark mode."""

from importlib.resources import files

import pytest
from pages import PAGES

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
# The other mode has the same elements in other colours.
COLOURS = {"type": "rule", "values": ["color-contrast"]}
# The inside of a formula is MathJax's: it has the colour of the text, and its own words for
# screen readers. Its thousands of pieces would take most of the time. So would thousands of words
# of code, of which one of each kind is left. Of what is in order nothing is written down.
RUN = """(rules) => axe.run(
    { exclude: ["mjx-container"] },
    { runOnly: rules, resultTypes: ["violations"] },
).then((found) => found.violations.map((v) => [v.id, v.nodes.map((node) => node.target.join(" "))]))
"""
# Words of code are of one kind if letters, and colours on the whole way to the page, are the same.
# The others keep their place.
ONE_OF_EACH_KIND = """() => {
    const seen = new Set();
    for (const word of document.querySelectorAll("pre span")) {
        const { color, fontSize, fontWeight } = getComputedStyle(word);
        let kind = [color, fontSize, fontWeight];
        for (let around = word; around; around = around.parentElement) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(around);
            kind.push(backgroundColor, backgroundImage, opacity);
        }
        kind = kind.join();
        word.style.visibility = seen.has(kind) ? "hidden" : "";
        seen.add(kind);
    }
}"""
ALL_OF_EACH_KIND = """() => {
    for (const word of document.querySelectorAll("pre span")) word.style.visibility = "";
}"""


def barriers(page):
    """The violations found on a page, in light and in dark mode; the page is left as it was."""
    noted = list(page.requests), list(page.complaints)
    page.evaluate(AXE)
    page.evaluate(ONE_OF_EACH_KIND)
    found = {"light": page.evaluate(RUN, EVERYTHING)}
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-theme=dark]")
    # In between, colours are neither those of the one mode nor of the other.
    page.wait_for_function("document.getAnimations().length === 0")
    page.evaluate(ONE_OF_EACH_KIND)
    found["dark"] = page.evaluate(RUN, COLOURS)
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html[data-theme=light]")
    page.evaluate(ALL_OF_EACH_KIND)
    # What the search for barriers itself asked for.
    page.requests[:], page.complaints[:] = noted
    return found


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier_that_a_machine_can_find(with_formulas, name):
    assert barriers(with_formulas(name)) == {"light": [], "dark": []}
