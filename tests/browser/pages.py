"""Where the built book is, and which pages it has."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HTML = ROOT / "_build" / "html"
# The theme leaves templates of its own below _static; index.html only leads to the front page.
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.parts and path != HTML / "index.html"
)
CHAPTERS = [name for name in PAGES if name.startswith("chapters/")]
# Whoever looks at all of a page opens what is folded.
UNFOLD = """document.querySelectorAll("details.second-reading").forEach((details) => {
    details.open = true;
})"""
