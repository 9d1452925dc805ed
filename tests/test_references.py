"""Whom the book names: each citation leads to an entry of the bibliography."""

import re
from pathlib import Path

import pytest
import register

ROOT = Path(__file__).resolve().parent.parent
PAGES = register.pages()
# `Harville (1974)` and `Harville, 1974`, with any number of authors before the year.
_NAME = r"[A-ZÄÖÜ][\w'’-]+"
_CITED = re.compile(
    rf"(?P<names>{_NAME}(?:, {_NAME})*(?: and (?:{_NAME}|others))?)"
    r"(?:,? \(|, )(?P<year>(?:19|20)\d\d)\)"
)
_ENTRY = re.compile(r"@\w+\{(?P<key>\w+),\n(?P<fields>.+?)\n\}", re.DOTALL)
_ACCENTS = {r"{\"a}": "ä", r"{\"u}": "ü", r"{\'e}": "é", r"{\o}": "ø"}


def entries():
    """``{key: (surnames, year)}`` of the bibliography."""
    found = {}
    text = (ROOT / "chapters" / "references.bib").read_text(encoding="utf-8")
    for match in _ENTRY.finditer(text):
        author = re.search(r"author = \{(.+)\},\n", match["fields"])[1]
        for tex, letter in _ACCENTS.items():
            author = author.replace(tex, letter)
        surnames = [name.partition(",")[0] for name in author.split(" and ")]
        found[match["key"]] = surnames, re.search(r"year = \{(\d+)\}", match["fields"])[1]
    return found


ENTRIES = entries()
SOURCES = {
    **{f"docstring of {name}": f.__doc__ for name, f in register.functions().items()},
    **PAGES,
    **{
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "lmmteach").rglob("*.py"))
    },
}
CITATIONS = sorted(
    {
        (re.sub(r"\s+", " ", match["names"]), match["year"])
        for text in SOURCES.values()
        for match in _CITED.finditer(re.sub(r"\s+", " ", text))
    }
)
# Methods and packages that are named after, or come from, a publication.
NAMED = {
    "Satterthwaite": "satterthwaite1946",
    "Kenward": "kenward1997",
    "Laird": "laird1982",
    "Henderson": "henderson1975",
    "Akaike": "akaike1974",
    "lmerTest": "kuznetsova2017",
    "pbkrtest": "halekoh2014",
    "RLRsim": "scheipl2008",
}


def test_citations_are_found():
    assert ("Searle, Casella and McCulloch", "1992") in CITATIONS
    assert ("Harville", "1974") in CITATIONS
    assert ("Kenward and Roger", "1997") in CITATIONS


@pytest.mark.parametrize(("names", "year"), CITATIONS)
def test_a_citation_by_name_and_year_has_its_entry(names, year):
    first, *rest = re.split(r", | and ", names)
    entry = (first, year)
    matching = [authors for authors, when in ENTRIES.values() if (authors[0], when) == entry]
    assert len(matching) == 1, f"{names} ({year}) is not in references.bib"
    if rest != ["others"]:
        assert [first, *rest] == matching[0]


def test_a_citation_by_its_key_has_its_entry():
    cited = {key for text in PAGES.values() for key in re.findall(r"\{cite:\w\}`(\w+)`", text)}
    assert cited <= set(ENTRIES)
    assert "laird1982" in cited


@pytest.mark.parametrize("name", NAMED)
def test_who_is_named_is_cited(name):
    authors, year = ENTRIES[NAMED[name]]
    by_key = any(f"`{NAMED[name]}`" in text for text in PAGES.values())
    assert by_key or any(names.startswith(authors[0]) and when == year for names, when in CITATIONS)


def test_entries_have_what_a_reader_needs_to_find_them():
    text = (ROOT / "chapters" / "references.bib").read_text(encoding="utf-8")
    assert len(ENTRIES) == text.count("\n@") + 1
    for match in _ENTRY.finditer(text):
        for field in ("author", "title", "year"):
            assert f"  {field} = {{" in match["fields"], match["key"]
