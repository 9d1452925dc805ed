"""What a release's tag must agree with, and what the release says.

``python tools/release.py v0.1.0`` fails unless the tag names the version of
``lmmteach/__init__.py``, the citation names it too, and the changelog's first section is about it;
then it prints that section.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def version():
    """The version of the package, read without importing it."""
    source = (ROOT / "lmmteach" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', source, flags=re.MULTILINE).group(1)


def cited():
    """The version that CITATION.cff names."""
    source = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    return re.search(r"^version: (.+)$", source, flags=re.MULTILINE).group(1)


def news():
    """``(version, text)`` of the changelog's first section."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _, heading, text, *_ = re.split(r"^## (.+)$", changelog, flags=re.MULTILINE)
    return heading.split()[0], text.strip()


def disagreements(tag):
    """What stands in the way of a release with this tag, a sentence each."""
    now = version()
    found = {
        "The tag": tag.removeprefix("v"),
        "CITATION.cff": cited(),
        "The first section of CHANGELOG.md": news()[0],
    }
    return [
        f"{where} says {said}, and lmmteach/__init__.py says {now}."
        for where, said in found.items()
        if said != now
    ]


if __name__ == "__main__":
    if problems := disagreements(sys.argv[1]):
        sys.exit("\n".join(problems))
    print(news()[1])
