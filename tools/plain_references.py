"""References of the book in a notebook that stands alone, as links that JupyterLab can follow.

JupyterLab knows the equations of one notebook, and neither other pages nor the package's functions.
"""

import re
from functools import cache

from notebooks import ROOT
from register import pages

ROLE = re.compile(r"\{(doc|eq|py:func|download)\}`([^`]+)`")
NUMBER = re.compile(r'class="eqno">(\([\d.]+\))<a class="headerlink" href="#equation-([\w-]+)"')
BOOK = ROOT / "_build" / "html" / "chapters"


def plain(source, path):
    """The text of a cell of the notebook at this path, a chapter or a worksheet."""
    is_chapter = path.parent.name == "chapters"
    place = "" if is_chapter else "../chapters/"

    def written(found):
        role, target = found.groups()
        if role == "doc":
            return _link(title(target), target, place)
        if role == "download":
            return f"[{target}]({place}{target})"
        if role == "py:func":
            return f"`{target.replace('lmmteach', 'lt', 1)}`"
        # Sphinx writes addresses in small letters.
        number, page = numbers()[target.lower()]
        is_own = is_chapter and page == path.stem
        return found[0] if is_own else _link(number, page, place)

    return ROLE.sub(written, source)


def _link(text, page, place):
    """A link to a page that is a notebook; the others are in the book only."""
    is_notebook = (ROOT / "chapters" / f"{page}.ipynb").exists()
    return f"[{text}]({place}{page}.ipynb)" if is_notebook else f"*{text}*"


@cache
def title(page):
    """The heading of a page."""
    return re.search(r"^# (.+)$", pages()[f"chapters/{page}"], re.MULTILINE)[1]


@cache
def numbers():
    """``{label: (number, page)}`` of the equations of the built book."""
    return {
        label: (number, path.stem)
        for path in sorted(BOOK.glob("*.html"))
        for number, label in NUMBER.findall(path.read_text(encoding="utf-8"))
    }
