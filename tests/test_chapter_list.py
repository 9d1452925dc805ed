"""The one list of chapters: contents, pages, titles, rooms and modules are those that it names."""

import pkgutil
import re
import sys
from pathlib import Path

import notebooks
import pytest
import register
import yaml

import lmmteach
from lmmteach import chapters, widgets
from lmmteach.chapters import CHAPTERS
from lmmteach.exercises import bank

ROOT = Path(__file__).resolve().parent.parent
every = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.page)


def modules(package):
    """The modules of a package that readers may know of."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return {name for name in names if not name.startswith("_")}


def test_chapters_are_numbered_without_a_gap():
    assert [chapter.number for chapter in CHAPTERS] == list(range(1, len(CHAPTERS) + 1))


def test_the_numbered_parts_of_the_contents_are_the_list():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part for part in contents["parts"] if part.get("numbered")]
    files = [page["file"] for part in parts for page in part["chapters"]]
    assert files == [f"chapters/{chapter.page}" for chapter in CHAPTERS]


def test_the_lecture_has_a_part_of_its_own():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    sizes = {part["caption"]: len(part["chapters"]) for part in contents["parts"]}
    assert sizes["The lecture, step by step"] == 8
    assert sizes["Beyond the lecture"] == len(CHAPTERS) - 8
    front = register.pages()["chapters/index"]
    lecture, beyond = (
        re.findall(r"^\| \{doc\}`\d", part, re.M) for part in front.split("## Beyond the lecture")
    )
    assert (len(lecture), len(beyond)) == (8, len(CHAPTERS) - 8)


def test_a_numbered_notebook_is_a_chapter():
    numbered = [path.stem for path in notebooks.chapters() if path.stem[0].isdigit()]
    assert numbered == [chapter.page for chapter in CHAPTERS]


@every
def test_a_page_begins_with_its_title(chapter):
    assert register.headings(chapter.page)[0] == chapter.title


def test_the_front_page_lists_the_chapters():
    rows = re.findall(r"^\| \{doc\}`(.+?)` \| .+\?", register.pages()["chapters/index"], re.M)
    assert rows == [chapter.page for chapter in CHAPTERS]


def test_names_become_files_and_modules():
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", chapter.name) for chapter in CHAPTERS)
    assert len({chapter.room for chapter in CHAPTERS}) == len(CHAPTERS)


def test_every_module_of_formulas_belongs_to_one_chapter():
    named = [module for chapter in CHAPTERS for module in chapter.modules]
    assert len(named) == len(set(named))
    with_an_equation = {
        path.stem
        for path in (ROOT / "lmmteach").glob("*.py")
        if "{eq}`" in path.read_text(encoding="utf-8")
    }
    assert with_an_equation <= set(named)
    assert set(named) <= modules(lmmteach)


def test_every_module_of_the_bank_is_a_chapters_and_was_imported():
    assert modules(bank) == {chapter.room for chapter in bank.BY_CHAPTER}


def test_no_chapter_of_the_bank_leans_on_another():
    for path in Path(bank.__file__).parent.glob("[!_]*.py"):
        imported = re.findall(r"lmmteach\.exercises\.bank[. ](\S+)", path.read_text("utf-8"))
        assert all(name.startswith("_") for name in imported), path.name


def test_every_explorer_is_found_once():
    defined = [
        re.findall(r"^(\w+) = Explorer\(", path.read_text("utf-8"), re.MULTILINE)
        for path in Path(widgets.__file__).parent.glob("*.py")
    ]
    assert sorted(widgets.BY_NAME) == sorted(name for names in defined for name in names)
    assert len({explorer.name for explorer in widgets.EXPLORERS}) == len(widgets.EXPLORERS)


@every
def test_a_page_shows_the_explorers_of_its_chapter(chapter):
    room = sys.modules.get(f"{widgets.__name__}.{chapter.room}")
    mine = [name for name, e in widgets.BY_NAME.items() if getattr(room, name, None) is e]
    shown = re.findall(r"^widgets\.(\w+)$", register.pages()[f"chapters/{chapter.page}"], re.M)
    # What has a module of its own may stand in any chapter; a browser test holds that it does.
    from_rooms = [name for name in shown if name not in ("own_women", "pooling", "printout")]
    assert sorted(from_rooms) == sorted(mine)


def test_rooms_are_in_the_order_of_the_book_and_none_is_invented(monkeypatch):
    more = [chapters.Chapter(n, name, "…") for n, name in enumerate(("b-c", "none", "a"), 1)]
    monkeypatch.setattr(chapters, "CHAPTERS", more)
    assert chapters.rooms({"a": 1, "b_c": 2, "other": 3}) == {more[0]: 2, more[2]: 1}
    assert list(chapters.rooms({"a": 1, "b_c": 2})) == [more[0], more[2]]


def test_a_two_digit_chapter_sorts_after_the_ninth():
    ninth = chapters.Chapter(9, "more-effects", "More: than one")
    tenth = chapters.Chapter(10, "software", "Software", ("one", "other"))
    assert sorted([tenth.page, ninth.page]) == ["09-more-effects", "10-software"]
    assert (ninth.room, ninth.short_title) == ("more_effects", "More")
