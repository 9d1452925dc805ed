"""Where the built book is, and which pages it has."""

import re
from pathlib import Path

from lmmteach.widgets import EXPLORERS

ROOT = Path(__file__).resolve().parent.parent.parent
HTML = ROOT / "_build" / "html"
# The theme leaves templates of its own below _static; index.html only leads to the front page.
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.parts and path != HTML / "index.html"
)
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]
PAGE_OF_EXPLORER = {
    explorer.name: name
    for name in CHAPTERS
    for explorer in EXPLORERS
    # A page may also show it without its question.
    if f'name="{explorer.name}-option"' in (HTML / name).read_text(encoding="utf-8")
}
# Whoever looks at all of a page opens what is folded.
UNFOLD = """document.querySelectorAll("details.second-reading").forEach((details) => {
    details.open = true;
})"""
FORMULAS = re.compile("/mathjax/")


def without_formulas(page):
    """The page without what takes longest to draw, for tests that do not look at it."""
    page.route(FORMULAS, lambda route: route.fulfill(content_type="text/javascript", body=""))
    return page


def emulate(page, feature, value):
    """Show the page to another medium, or to a reader with another preference.

    Parameters
    ----------
    feature : "media" for a medium such as "print", or the name of a preference
    value : of the feature

    The page hears of it a moment later, so this waits until it knows.
    """
    page.emulate_media(**{feature: value})
    name = feature.replace("_", "-")
    query = value if feature == "media" else f"(prefers-{name}: {value})"
    page.wait_for_function("(query) => matchMedia(query).matches", arg=query)
