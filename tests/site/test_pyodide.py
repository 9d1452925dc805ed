"""The package's own tests on the stack of the browser: the same goldens, the same tolerances.

They run in Chromium, in the Pyodide of the built site and with its packages, where they are older
than the locked ones (tests/site/live_pages.py serves them; nothing else is fetched by the page).
"""

import io
import json
import zipfile
from functools import partial

import browser_wheels
import pyodide_files
import pytest
from live_pages import ROOT, SITE

# The last but one series of hypothesis in pure Python; the locked one is compiled.
VERSIONS = {"hypothesis": "6.150.0"}
# What the tests below do without: threads and processes, which Pyodide does not have.
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
    "fits": ("oracle", "fit", "engines", "summary", "lecture"),
    "exercises": ("exercises", "exercise_written"),
}
RUN = """async ({live}) => {
    const lines = [], SITE_PACKAGES = "/lib/python3.12/site-packages";
    const { loadPyodide } = await import(`${live}static/pyodide/pyodide.mjs`);
    const pyodide = await loadPyodide({indexURL: `${live}static/pyodide/`});
    const say = (line) => { lines.push(line); console.log(line); };
    pyodide.setStdout({batched: say});
    pyodide.setStderr({batched: say});
    await pyodide.loadPackage(["lmmteach", "packaging", "pygments"]);
    const get = async (name) => (await fetch(`${live}tests/${name}`)).arrayBuffer();
    for (const name of WHEELS)
        pyodide.unpackArchive(await get(name), "wheel", {extractDir: SITE_PACKAGES});
    pyodide.FS.mkdir("/project");
    pyodide.unpackArchive(await get("tests.zip"), "zip", {extractDir: "/project"});
    const code = pyodide.runPython(`
        import importlib, os
        importlib.invalidate_caches()
        os.chdir("/project")
        import pytest
        pytest.main(["-p", "no:cacheprovider", "--capture=sys", *FILES])
    `);
    return {code, lines};
}"""
SETTINGS = """[pytest]
pythonpath = tests tools
addopts = -q --strict-markers --durations=5
markers = timeout: of no use here
filterwarnings = error
"""


def wheels_for_tests():
    """pytest and hypothesis, with what they need beyond the site's packages."""
    lock = json.loads((SITE / "live/static/pyodide/pyodide-lock.json").read_text(encoding="utf-8"))
    cache = pyodide_files.cache_folder().parent / "wheels"
    versions = browser_wheels.constraints() | VERSIONS
    found, waiting = {}, ["pytest", "hypothesis"]
    while waiting:
        name = waiting.pop()
        if name not in found and name not in lock["packages"]:
            found[name] = browser_wheels.fetch(name, versions, cache)
            waiting += found[name].requires
    return {wheel.path.name: wheel.path.read_bytes() for wheel in found.values()}


def project():
    """The tests and what they read, as a ZIP file; the package itself comes from its wheel."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("pytest.ini", SETTINGS)
        for pattern in ("tests/*.py", "tests/oracle/**/*", "tests/data/*", "data/*", "tools/*.py"):
            for path in ROOT.glob(pattern):
                if path.is_file():
                    archive.write(path, path.relative_to(ROOT))
    return content.getvalue()


def _serve(files, route):
    route.fulfill(body=files[route.request.url.rpartition("/")[2]])


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
def test_the_package_passes_its_tests_in_the_browser(site, part, record_property):
    wheels = wheels_for_tests()
    files = wheels | {"tests.zip": project()}
    live = site.base + "live/"
    site.page.route(f"{live}tests/*", partial(_serve, files))
    site.page.goto(live + "jupyter-lite.json")
    # A test run that is cut off has then said how far it came.
    site.page.on("console", lambda message: print(message.text, flush=True))
    tests = [f"tests/test_{name}.py" for name in PARTS[part]]
    script = RUN.replace("WHEELS", json.dumps(list(wheels))).replace("FILES", json.dumps(tests))
    done = site.page.evaluate(script, {"live": live})
    print("\n".join(done["lines"]))
    assert done["code"] == 0
    record_property("tests", done["lines"][-1])
