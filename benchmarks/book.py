"""Speed: a fit and the import as ratios in one run; null distributions; checks; explorers.

The times on the page need the built book, and Chromium.
"""

import contextlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import statsmodels.formula.api as smf

import lmmteach as lt
from lmmteach.exercises import check, start
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.kinds import Choice, Numeric
from lmmteach.testing import bootstrap_lrt, exact_null
from lmmteach.widgets import EXPLORERS
from lmmteach.widgets.picture import View

ROUNDS = 31
PAGES = Path(__file__).resolve().parent.parent / "_build" / "html" / "chapters"
# From the event until the picture begins to glide; all formulas stand on the page already.
FIRST_ANSWER = """(section) => new Promise((answer) => {
    section.querySelector(".explorer-skip").click();
    const slider = section.querySelector("input[type=range]");
    slider.value = slider.value === "0" ? 1 : 0;
    section.getBoundingClientRect();
    const start = performance.now();
    new MutationObserver((_, observer) => {
        observer.disconnect();
        section.getBoundingClientRect();
        answer(performance.now() - start);
    }).observe(section.querySelector(".explorer-frame"), { childList: true, subtree: true });
    slider.dispatchEvent(new Event("input", { bubbles: true }));
})"""


def seconds(function):
    """Time of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def import_seconds():
    """Time that a fresh Python, with numpy, scipy and pandas there, needs for the package."""
    code = (
        "import time, numpy, scipy, pandas; start = time.perf_counter(); import lmmteach; "
        "print(time.perf_counter() - start)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(run.stdout)


def redraws(explorer):
    """Seconds that each redraw of an explorer takes, as a slider asks for it, all positions."""
    view = View(explorer, explorer.name, (*explorer.controls, *explorer.live_controls))
    view.html(*view.marks(explorer.start))
    return [
        seconds(lambda at=parameters: (view.html(*view.marks(at)), explorer.readout(at)))
        for parameters in explorer.positions
    ]


def first_answers():
    """Milliseconds until each explorer of the built book answers its slider for the first time."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page, found = browser.new_page(), {}
        for path in sorted(PAGES.glob("0*.html")):
            page.goto(path.as_uri())
            page.evaluate("MathJax.startup.promise.then(() => true)")
            for section in page.locator("section.explorer").all():
                found[section.get_attribute("id")] = section.evaluate(FIRST_ANSWER)
        browser.close()
    return found


def checks():
    """The slowest check of a right answer for each kind of exercise: seconds, and which exercise.

    Each answer is the first one to its exercise; progress is kept in a folder that is thrown away.
    """
    slowest = {}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for student in ("", "Ada", "Bea", "Cleo"):
            study = start(student)
            for key, exercise in EXERCISES.items():
                if isinstance(exercise, Numeric):
                    answer = exercise.answer(study)
                elif isinstance(exercise, Choice):
                    answer = ascii_lowercase[exercise.answer]
                else:
                    answer = exercise.reference
                took = seconds(lambda key=key, answer=answer: check(key, answer))
                kind = type(exercise).__name__.lower()
                slowest[kind] = max(slowest.get(kind, (0.0, "")), (took, key))
    return slowest


def main():
    """Print the figures; the calls of a ratio alternate, so that both see the same machine."""
    estrone = lt.load_data("estrone")
    model = smf.mixedlm("logestrone ~ 1", estrone, groups=estrone["woman"])

    def ours():
        return lt.lmm("logestrone ~ 1 + (1 | woman)", estrone)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours(), model.fit()
        pairs = [(seconds(ours), seconds(model.fit)) for _ in range(ROUNDS)]
    lmm, mixedlm = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"estrone: lmm, whole call {1e3 * lmm:.1f} ms; statsmodels MixedLM.fit alone "
        f"{1e3 * mixedlm:.1f} ms; ratio {lmm / mixedlm:.2f}"
    )

    extra = statistics.median(import_seconds() for _ in range(7))
    print(f"import lmmteach: {extra:.3f} s more than numpy, scipy and pandas")

    fit, rng = ours(), np.random.default_rng(6)
    y, X, Z = fit.y, fit.X, fit.Z
    draws = statistics.median(seconds(lambda: exact_null(X, Z, 100_000, rng)) for _ in range(5))
    print(f"exact_null: 100,000 draws for estrone's design in {draws:.2f} s")
    took = seconds(lambda: bootstrap_lrt(y, X, Z, 1000, rng, n_jobs=2, progress=False))
    print(f"bootstrap_lrt: 1,000 replicates of estrone, two processes, in {took:.1f} s")

    for kind, (took, key) in checks().items():
        print(f"check of a {kind} exercise: at most {1e3 * took:.0f} ms ({key})")

    for explorer in EXPLORERS:
        times = redraws(explorer)
        print(
            f"explorer {explorer.name}: {len(times)} positions, median redraw "
            f"{1e3 * statistics.median(times):.0f} ms"
        )

    if PAGES.is_dir():
        for name, milliseconds in first_answers().items():
            print(f"{name} on its page: first answer of the slider {milliseconds:.1f} ms")


if __name__ == "__main__":
    main()
