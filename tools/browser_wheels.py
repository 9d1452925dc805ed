"""What `import lmmteach` needs in the browser, and from where each package comes.

Pyodide has the compiled packages among the project's requirements, and IPython, with all that they
depend on. All other requirements are pure Python: their wheels are fetched by pip, in the versions
of constraints.txt, so that the browser runs what was tested. The project's own wheel is built on
the spot. Everything is found out from pyproject.toml and from what the wheels say of themselves.
"""

import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import pyodide_files
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
# What JupyterLite's kernel loads when it starts.
KERNEL = ("comm", "ipython", "jedi", "micropip", "sqlite3", "ssl")
# Explorers glide where this is installed, as they do in JupyterLab (the extra "live").
ALSO = ("anywidget",)
# The JavaScript of ipywidgets, which is part of the page and not of the kernel.
IN_THE_PAGE = {"widgetsnbextension", "jupyterlab-widgets"}
MARKERS = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": "3.12.7",
    "python_version": "3.12",
    "sys_platform": "emscripten",
}
COMPILED = "wasm32.whl"
PURE = (
    "--no-deps",
    "--only-binary=:all:",
    "--platform=any",
    "--implementation=py",
    "--abi=none",
    "--python-version=312",
)


class WheelError(Exception):
    """A wheel cannot be had; the message says which and why."""


@dataclass(frozen=True)
class Wheel:
    """A wheel of pure Python, and what it says of itself."""

    path: Path

    @property
    def name(self):
        return parse_wheel_filename(self.path.name)[0]

    @property
    def version(self):
        return str(parse_wheel_filename(self.path.name)[1])

    @property
    def requires(self):
        """The names of what it needs in the browser."""
        with zipfile.ZipFile(self.path) as archive:
            (metadata,) = (
                name
                for name in archive.namelist()
                if name.endswith(".dist-info/METADATA") and name.count("/") == 1
            )
            headers = Parser().parsestr(archive.read(metadata).decode("utf-8"))
        return _names(headers.get_all("Requires-Dist", []))

    @property
    def imports(self):
        """The modules that it installs."""
        with zipfile.ZipFile(self.path) as archive:
            parts = [name.split("/") for name in archive.namelist() if name.endswith(".py")]
        tops = {part[0].removesuffix(".py") for part in parts if len(part) < 3}
        return sorted(top for top in tops if top.isidentifier())

    def entry(self, available):
        """How Pyodide's lock describes it; ``available`` are the names of all packages there."""
        return {
            "depends": sorted(available & set(self.requires)),
            "file_name": self.path.name,
            "imports": self.imports,
            "install_dir": "site",
            "name": self.name,
            "package_type": "package",
            "sha256": pyodide_files.sha256_of(self.path),
            "unvendored_tests": False,
            "version": self.version,
        }


def _names(requirements):
    parsed = map(Requirement, requirements)
    return [canonicalize_name(r.name) for r in parsed if not r.marker or r.marker.evaluate(MARKERS)]


def constraints():
    """``{name: version}`` of constraints.txt, for the browser."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(r.name): str(r.specifier).removeprefix("==")
        for r in parsed
        if not r.marker or r.marker.evaluate(MARKERS)
    }


def requirements():
    """The names of what the project itself needs, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return _names(project["dependencies"])


def resolve(packages, needed, folder):
    """All packages that are needed: names of Pyodide's, and wheels; its lock says ``packages``."""
    compiled = [name for name in needed if _is_compiled(packages, name)]
    pyodides = set(pyodide_files.with_dependencies(packages, [*KERNEL, *compiled]))
    wheels, waiting, versions = {}, [*needed, *KERNEL], constraints()
    while waiting:
        name = waiting.pop()
        if name in pyodides or name in wheels or name in IN_THE_PAGE:
            continue
        if _is_compiled(packages, name):
            pyodides |= set(pyodide_files.with_dependencies(packages, [name]))
        else:
            wheels[name] = fetch(name, versions, folder)
            waiting += wheels[name].requires
    return sorted(pyodides), [wheels[name] for name in sorted(wheels.keys() - pyodides)]


def _is_compiled(packages, name):
    return packages.get(name, {}).get("file_name", "").endswith(COMPILED)


def fetch(name, versions, folder):
    """A wheel of pure Python in its locked version, by pip, unless it is there already."""
    if name not in versions:
        raise WheelError(f"{name} is not in constraints.txt; `make lock` writes it anew")
    folder.mkdir(parents=True, exist_ok=True)
    if not _wheels(folder, name, versions[name]):
        print(f"fetching {name} {versions[name]}", file=sys.stderr, flush=True)
        what = [f"--dest={folder}", f"{name}=={versions[name]}"]
        _run(
            [
                "pip",
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                *PURE,
                *what,
            ],
            f"A wheel of {name} {versions[name]} in pure Python could not be fetched by pip.",
        )
    (wheel,) = _wheels(folder, name, versions[name])
    return wheel


def _wheels(folder, name, version):
    wheels = map(Wheel, sorted(folder.glob("*-none-any.whl")))
    return [wheel for wheel in wheels if (wheel.name, wheel.version) == (name, version)]


def own_wheel(folder):
    """The project's wheel."""
    _run(
        ["hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        "The project's own wheel could not be built.",
    )
    (built,) = folder.glob("lmmteach-*.whl")
    return Wheel(built)


def _run(arguments, otherwise):
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WheelError(f"{otherwise}\n{done.stdout}{done.stderr}")
