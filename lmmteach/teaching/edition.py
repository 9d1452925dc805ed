"""The copy of the package in which students' code runs: all that is taught, and no solution."""

import compileall
import hashlib
import shutil
from functools import cache
from pathlib import Path

from lmmteach import data
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Function

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
# Where answers, mistakes and worked solutions are, or what needs them.
WITHOUT = (
    "bank", "cells.py", "checking.py", "kinds.py", "numeric.py", "page.py", "record.py", "words.py",
)  # fmt: skip
# What runs the worksheet.
WITH = ("__init__.py", "plain.py", "prepared.py", "runner.py", "sandbox.py")


# Where the files are that students have got beside the worksheets.
HANDED_OUT = "handed-out"


def write_edition(folder, files=()):
    """Write the students' copy of the package into a folder, from where it can be imported.

    Parameters
    ----------
    folder : where to write it
    files : paths of what students have got beside the worksheets, such as a table
    """
    target = Path(folder) / "lmmteach"
    leave = shutil.ignore_patterns("__pycache__", "teaching", "_data", "__main__.py")
    shutil.copytree(PACKAGE, target, ignore=leave)
    inside = target / "exercises"
    for name in WITHOUT:
        path = inside / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copyfile(HERE / "student_session.py", inside / "session.py")
    (target / "teaching").mkdir()
    for name in WITH:
        shutil.copyfile(HERE / name, target / "teaching" / name)
    shutil.copytree(data._folder(), target / "_data")
    (Path(folder) / HANDED_OUT).mkdir()
    for path in files:
        shutil.copyfile(path, Path(folder) / HANDED_OUT / Path(path).name)
    # Other users must be able to read it: students' code may run as one of them.
    for path in (Path(folder), *Path(folder).rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    compileall.compile_dir(target, quiet=2)
    return Path(folder)


def functions():
    """``{key: (name, stub)}`` of the function exercises: what students are given anyway."""
    return {key: (e.name, e.stub) for key, e in EXERCISES.items() if isinstance(e, Function)}


@cache
def version():
    """A digest of the package's code: a mark holds for one edition of the exercises."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
