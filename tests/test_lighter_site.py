"""Packages for the browser: compiled modules that Python uses as they are, in smaller archives."""

import importlib
import py_compile
import zipfile

import pytest
from lighter_site import repacked

MODULE = "def twice(x):\n    return 2 * x\n"


@pytest.fixture
def wheel(tmp_path):
    """A wheel with two modules, a large example and stored bytes."""
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lighter_thing/__init__.py", "")
        archive.writestr("lighter_thing/first.py", MODULE)
        archive.writestr("lighter_thing/never.py", MODULE)
        archive.writestr("lighter_thing/zeros.bin", bytes(10_000))
        archive.writestr("scipy/misc/face.dat", "a photograph")
    return path


@pytest.fixture
def modules(tmp_path):
    """The module that a first session has imported, as Python compiled it."""
    source = tmp_path / "first.py"
    source.write_text(MODULE)
    code = py_compile.compile(str(source), str(tmp_path / "first.cpython-312.pyc"), doraise=True)
    return {"lighter_thing/first.py": tmp_path / code}


def names(path):
    with zipfile.ZipFile(path) as archive:
        return sorted(archive.namelist())


def test_what_was_imported_comes_compiled_and_the_rest_as_it_was(wheel, modules):
    new = repacked(wheel, modules, keeps_sources=False)
    assert names(new) == [
        "lighter_thing/__init__.py",
        "lighter_thing/first.pyc",
        "lighter_thing/never.py",
        "lighter_thing/zeros.bin",
    ]
    assert new.stat().st_size < 2_000


def test_the_projects_modules_keep_their_sources(wheel, modules):
    new = repacked(wheel, modules, keeps_sources=True)
    assert "lighter_thing/first.py" in names(new)
    assert "lighter_thing/__pycache__/first.cpython-312.pyc" in names(new)


def test_a_compiled_module_is_imported_without_its_source(wheel, modules, tmp_path, monkeypatch):
    new = repacked(wheel, modules, keeps_sources=False)
    place = tmp_path / "installed"
    with zipfile.ZipFile(new) as archive:
        archive.extractall(place)
    monkeypatch.syspath_prepend(str(place))
    assert importlib.import_module("lighter_thing.first").twice(21) == 42
    code = (place / "lighter_thing" / "first.pyc").read_bytes()
    assert int.from_bytes(code[4:8], "little") == 1


def test_the_name_changes_with_the_content_and_with_nothing_else(wheel, modules):
    first = repacked(wheel, modules, keeps_sources=False)
    assert first.name.startswith("thing-1.0-0")
    assert first.name.endswith("-py3-none-any.whl")
    assert repacked(wheel, modules, keeps_sources=False) == first
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lighter_thing/__init__.py", "x = 1")
    assert repacked(wheel, modules, keeps_sources=False) != first
