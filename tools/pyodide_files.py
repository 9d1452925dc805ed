"""The files of Pyodide, the Python that runs in a browser: found or fetched, and verified.

They come from the folder that the environment variable PYODIDE_DIST names. Without it they are
fetched, once, into a cache: Pyodide's own files from its npm package where npm is installed, and
all others from Pyodide's official release. Wherever a file comes from, it is used only if its
sha256 is the one of the official lock, and the lock itself is known by the sha256 below.

    python tools/pyodide_files.py DIRECTORY     collect what `make site` needs there, and stop
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

VERSION = "0.27.7"
RELEASE = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
LOCK = "pyodide-lock.json"
# As they are in the npm package pyodide@0.27.7; the lock has those of all packages.
CORE = {
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.mjs": "04c052c815abb0bf2981fa38c2dfa58e3120ee5288c956df2b2a15e301782c5f",
    LOCK: "9c45b916001a750f4102fc287494f3eab215909c7535c626a20db80fd6333e2c",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}
PIECE = 1 << 18
TRIES = 4
PATIENCE = 60.0


class PyodideFilesError(Exception):
    """Files of Pyodide are missing or are not what was released; the message says what to do."""


def cache_folder():
    """Where fetched files are kept for the next time."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lmmteach" / f"pyodide-{VERSION}"


def sha256_of(path):
    """The sha256 of a file, as the lock writes it."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Folder:
    """Files that somebody has put into a folder, such as the one that PYODIDE_DIST names."""

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_dir():
            raise PyodideFilesError(
                f"PYODIDE_DIST is {str(path)!r}, and there is no such folder. {_what_to_do()}"
            )

    def verified(self, wanted):
        """``{name: path}`` of files whose sha256s are ``wanted``; all that is wrong in one error"""
        missing = [name for name in wanted if not (self.path / name).is_file()]
        present = [name for name in wanted if name not in missing]
        corrupt = [name for name in present if sha256_of(self.path / name) != wanted[name]]
        if missing or corrupt:
            lines = [f"The folder {self.path} (PYODIDE_DIST) cannot be used."]
            lines += [f"  missing: {name}" for name in missing]
            lines += [
                f"  corrupt: {name} (its sha256 is not that of Pyodide {VERSION})"
                for name in corrupt
            ]
            raise PyodideFilesError("\n".join([*lines, _what_to_do()]))
        return {name: self.path / name for name in wanted}


def _what_to_do():
    return (
        f"Put the files of Pyodide {VERSION} there afresh (they are released at {RELEASE}), or "
        "unset PYODIDE_DIST, and they will be fetched."
    )


class Release:
    """Files that are fetched from where Pyodide publishes them, and kept."""

    def __init__(self, url=RELEASE, cache=None, say=None, npm="npm"):
        self.url = url
        self.cache = Path(cache or cache_folder())
        self.say = say or (lambda text: print(text, file=sys.stderr, flush=True))
        self.npm = npm

    def verified(self, wanted):
        """``{name: path}`` of files whose sha256s are ``wanted``; those not kept are fetched."""
        self.cache.mkdir(parents=True, exist_ok=True)
        to_fetch = [name for name in wanted if not self._has(name, wanted[name])]
        if set(to_fetch) & CORE.keys():
            self._unpack_npm_package()
            to_fetch = [name for name in to_fetch if not self._has(name, wanted[name])]
        for number, name in enumerate(to_fetch, start=1):
            self._fetch(name, wanted[name], f"{number}/{len(to_fetch)} {name}")
        return {name: self.cache / name for name in wanted}

    def _has(self, name, sha256):
        path = self.cache / name
        return path.is_file() and sha256_of(path) == sha256

    def _unpack_npm_package(self):
        """Take Pyodide's own files from its npm package, if npm is there and can be used."""
        if not shutil.which(self.npm):
            return
        package = f"pyodide@{VERSION}"
        self.say(f"fetching {package} by npm")
        with tempfile.TemporaryDirectory() as folder:
            command = [self.npm, "pack", "--silent", "--pack-destination", folder, package]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            archives = list(Path(folder).glob("*.tgz"))
            if done.returncode or not archives:
                self.say(f"npm could not fetch it, so the release is tried ({done.stderr.strip()})")
                return
            with tarfile.open(archives[0]) as archive:
                for name, sha256 in CORE.items():
                    content = archive.extractfile(f"package/{name}").read()
                    if hashlib.sha256(content).hexdigest() == sha256:
                        (self.cache / name).write_bytes(content)

    def _fetch(self, name, sha256, label):
        """Fetch a file, going on where an earlier attempt stopped."""
        part = self.cache / f"{name}.part"
        for left in reversed(range(TRIES)):
            try:
                self._fetch_rest(name, part, label)
                break
            except (OSError, urllib.error.URLError) as error:
                gone = isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500
                if gone or not left:
                    raise PyodideFilesError(
                        f"{name} could not be fetched from {self.url} ({error}). What has been "
                        f"fetched is kept in {self.cache}, so the next run goes on from there. "
                        "Without that site, set PYODIDE_DIST to a folder that has the files of "
                        f"Pyodide {VERSION}."
                    ) from error
                self.say(f"{label}: interrupted ({error}), going on")
                time.sleep(0.5)
        if sha256_of(part) != sha256:
            part.unlink()
            raise PyodideFilesError(
                f"{name}, as it came from {self.url}, is corrupt: its sha256 is not that of "
                f"Pyodide {VERSION}. It has been thrown away; run the command again."
            )
        part.replace(self.cache / name)

    def _fetch_rest(self, name, part, label):
        begun = part.stat().st_size if part.exists() else 0
        headers = {"Range": f"bytes={begun}-"} if begun else {}
        request = urllib.request.Request(self.url + name, headers=headers)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            # Nothing is left to fetch; the sha256 will tell whether it is the right thing.
            if begun and error.code == 416:
                return
            raise
        with answer:
            # A server that knows no ranges sends the whole again.
            goes_on = begun and answer.status == 206
            begun = begun if goes_on else 0
            total = begun + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab" if goes_on else "wb") as file:
                while piece := answer.read(PIECE):
                    file.write(piece)
                    _show_progress(label, file.tell(), total)
        if total and part.stat().st_size < total:
            raise ConnectionError("the connection ended early")
        self.say(f"{label}: {total / 1e6:.1f} MB")


def _show_progress(label, done, total):
    if sys.stderr.isatty() and total:
        print(f"\r{label}: {done / total:4.0%}", end="\r", file=sys.stderr, flush=True)


def source():
    """Where the files come from: the folder that PYODIDE_DIST names, or else the release."""
    folder = os.environ.get("PYODIDE_DIST")
    return Folder(folder) if folder else Release()


def official_lock(files):
    """What Pyodide's release says of its packages, from a source of files."""
    path = files.verified({LOCK: CORE[LOCK]})[LOCK]
    return json.loads(path.read_text(encoding="utf-8"))["packages"]


def with_dependencies(packages, names):
    """The names and all that they depend on, in alphabetical order; unknown names are left out."""
    found, waiting = set(), list(names)
    while waiting:
        name = waiting.pop().replace("_", "-")
        if name in packages and name not in found:
            found.add(name)
            waiting += packages[name]["depends"]
    return sorted(found)


def collect(files, names, target):
    """Copy Pyodide and some of its packages, verified, into a folder; return the names of files."""
    packages = official_lock(files)
    wanted = CORE | {packages[name]["file_name"]: packages[name]["sha256"] for name in names}
    for name, path in files.verified(wanted).items():
        shutil.copyfile(path, Path(target) / name)
    return sorted(wanted)
