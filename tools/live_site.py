"""The whole site in one folder: the built book, and JupyterLite with its notebooks in ``live/``.

    python tools/live_site.py        after `make book`, into _build/site/

No file of it comes from another site, and all addresses in it are relative, so that it can be put
below any address of a web server. It is put together in a folder of its own and takes the place of
the old one at the end: what fails leaves the old one as it was.
"""

import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import browser_wheels
import nbformat
import pyodide_files
from browser_wheels import ROOT, WheelError
from lighter_site import lighten
from notebooks import CELL_METADATA
from plain_references import plain
from pyodide_files import LOCK, PyodideFilesError

BOOK = ROOT / "_build" / "html"
SITE = ROOT / "_build" / "site"
LITE = ROOT / "tools" / "lite"
LAB = ROOT / "tools" / "lab"
APPS = ("lab",)
# Where the worksheets and chapters are in the browser, as in the repository.
FOLDERS = ("chapters", "exercises")
PAGES = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
WORKSHEETS = sorted(path.stem for path in (ROOT / "exercises").glob("*.ipynb"))
HEADER = '<div class="article-header-buttons">'
# How a page names a notebook.
NAMED = re.compile(
    r'<code class="docutils literal notranslate"><span class="pre">'
    r"((?:chapters|exercises)/[\w-]+\.ipynb)</span></code>"
)
LIVE_META = '<meta name="lmmteach-live" content="{}" />'


def live_notebook(path):
    """A notebook as it is opened in the browser: not run, for Pyodide's kernel.

    JupyterLab folds a cell by its metadata, where the book goes by tags; and it has no margin, so
    that a note there would be cut off.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python", "language": "python", "name": "python"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        )
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if tags & {"hide-input", "remove-input"}:
                cell.metadata["jupyter"] = {"source_hidden": True}
        else:
            cell.source = plain(cell.source.replace("{margin}", "{admonition}"), path)
    return notebook


def write_contents(folder):
    """Put all notebooks into a folder, from which JupyterLite takes them."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        for path in sorted((ROOT / name).glob("*.ipynb")):
            nbformat.write(live_notebook(path), folder / name / path.name)


def write_pyodide(folder, files, scratch):
    """Put Pyodide, its packages and the wheels into a folder, with a lock that names no others."""
    folder.mkdir(parents=True)
    packages = pyodide_files.official_lock(files)
    needed = [*browser_wheels.requirements(), *browser_wheels.ALSO]
    wheel_cache = pyodide_files.cache_folder().parent / "wheels"
    pyodides, wheels = browser_wheels.resolve(packages, needed, wheel_cache)
    wheels.append(browser_wheels.own_wheel(scratch))
    pyodide_files.collect(files, pyodides, folder)
    available = {*pyodides, *(wheel.name for wheel in wheels)}
    own = {wheel.name: wheel.entry(available) for wheel in wheels}
    # The project's explorers import it only if it is there.
    own["lmmteach"]["depends"] += browser_wheels.ALSO
    for wheel in wheels:
        shutil.copyfile(wheel.path, folder / wheel.path.name)
    lock = json.loads((folder / LOCK).read_text(encoding="utf-8"))
    lock["packages"] = {name: packages[name] for name in pyodides} | own
    (folder / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    lighten(folder)


def build_lite(source, target):
    """Run JupyterLite on a folder with settings, ``files`` and ``static/pyodide``."""
    command = ["jupyterlite_core", "build", "--lite-dir", source, "--output-dir", target]
    options = ["--no-sourcemaps", *(f"--apps={app}" for app in APPS), "--no-unused-shared-packages"]
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command), *options],
        cwd=source,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"JupyterLite could not be built.\n{done.stdout}{done.stderr}")


def with_additions(page):
    """JupyterLab's page with what tools/lab.js and tools/lab.css add to it."""
    script, style = (LAB.with_suffix(end).read_text(encoding="utf-8") for end in (".js", ".css"))
    added = f"<script>\n{script}</script>\n<style>\n{style}</style>"
    return page.replace("<head>", f"<head>\n{added}", 1)


def opens(notebook):
    """The address of a running notebook below ``live/``.

    JupyterLab has the other notebooks beside it, and gives a file to take home; the plainer view
    of ``notebooks/`` has no way to do that.
    """
    return f"lab/index.html?path={notebook}"


def with_live(page, name):
    """The HTML of a page of the book with its links to the live part; ``name`` is its path."""
    live = "../" * name.count("/") + "live/"
    page = page.replace("</head>", f"{LIVE_META.format(live)}\n</head>", 1)
    folder, _, stem = name.removesuffix(".html").rpartition("/")
    if folder == "chapters":
        buttons = ""
        if stem in PAGES:
            what = "Run this page as a notebook in the browser, without installing anything"
            buttons += _button(live + opens(f"chapters/{stem}.ipynb"), "Live", what)
        if stem in WORKSHEETS:
            what = "Open the worksheet of this chapter in the browser"
            buttons += _button(live + opens(f"exercises/{stem}.ipynb"), "Worksheet", what)
        if buttons and page.count(HEADER) != 1:
            raise SystemExit(f"{name} has no place for its buttons: has the theme changed?")
        page = page.replace(HEADER, HEADER + buttons)
    return NAMED.sub(lambda found: _linked(found, live), page)


def _linked(found, live):
    """The name of a notebook, as a link that opens it."""
    folder, stem = found[1].removesuffix(".ipynb").split("/")
    if stem not in (PAGES if folder == "chapters" else WORKSHEETS):
        return found[0]
    return f'<a class="live-link" href="{live + opens(found[1])}">{found[0]}</a>'


def _button(address, label, what):
    return (
        f'<a class="btn btn-sm live-button" href="{html.escape(address)}" title="{what}">'
        f'<span class="btn__text-container">{label}</span></a>'
    )


def build(site=SITE):
    """Put the site together; the old one stays until all of the new one is there."""
    if not (BOOK / "index.html").exists():
        raise SystemExit("There is no built book yet; `make book` builds it.")
    files = pyodide_files.source()
    site.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as lite,
        tempfile.TemporaryDirectory() as scratch,
        tempfile.TemporaryDirectory(dir=site.parent, prefix=".site-") as place,
    ):
        lite, new = Path(lite), Path(place) / "site"
        # First what may fail, since files may be missing.
        write_pyodide(lite / "static" / "pyodide", files, Path(scratch))
        shutil.copytree(LITE, lite, dirs_exist_ok=True)
        write_contents(lite / "files")
        shutil.copytree(BOOK, new)
        # GitHub would otherwise leave out all folders whose names begin with an underscore.
        (new / ".nojekyll").touch()
        for path in sorted(new.rglob("*.html")):
            page = with_live(path.read_text(encoding="utf-8"), path.relative_to(new).as_posix())
            path.write_text(page, encoding="utf-8")
        build_lite(lite, new / "live")
        lab = new / "live" / "lab" / "index.html"
        lab.write_text(with_additions(lab.read_text(encoding="utf-8")), encoding="utf-8")
        if site.exists():
            site.rename(Path(place) / "old")
        new.rename(site)


def main():
    """Build the site, or say in a few words why not."""
    try:
        build()
    except (PyodideFilesError, WheelError) as error:
        raise SystemExit(f"The site was not built. {error}") from None
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"The site is here: {SITE} ({size / 1e6:.0f} MB)")


if __name__ == "__main__":
    main()
