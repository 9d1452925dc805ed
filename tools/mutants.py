"""Plant known mistakes, one at a time, and see whether the tests notice.

Each mutant of tests/mutants.toml is one of the mistakes that students and packages make. It is
planted in a copy of the package. First runs the test that noticed it last time; if that one passes,
the tests of the changed module, then all the others, until one fails. A mutant that no test notices
is a test that is missing. In the end the tests that failed run without any mistake, where they must
pass. With --record, the table remembers which test noticed each.
"""

import contextlib
import gc
import importlib.util
import io
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tests" / "mutants.toml"
# A mistake can make a loop endless; then this ends, and says so.
PATIENCE = 900
# The quick ones first.
TESTS = (
    "test_climb.py",
    "test_model.py",
    "test_blup.py",
    "test_henderson.py",
    "test_prediction.py",
    "test_diagnostics.py",
    "test_likelihood.py",
    "test_reml.py",
    "test_covariance.py",
    "test_degrees.py",
    "test_engines.py",
    "test_regression.py",
    "test_summary.py",
    "test_fit.py",
    "test_weights.py",
    "test_tables.py",
    "test_profile.py",
    "test_testing.py",
    "test_compare.py",
    "test_intervals.py",
    "test_resampling.py",
    "test_simulation.py",
    "test_studies.py",
    "test_oracle.py",
    "test_hard_data.py",
    "test_input.py",
    "test_formula.py",
    "test_identities.py",
    "test_posterior.py",
    "test_reading.py",
    "test_reporting.py",
)


class Mutant(NamedTuple):
    """A mistake: what stands once in a module, what is put there, and the test that noticed it."""

    name: str
    module: str
    old: str
    new: str
    noticed_by: str = ""


def read_mutants():
    """The planted mistakes, in the order of their table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [Mutant(**entry) for entry in table["mutant"]]


def recorded(text, found):
    """The text of the table, where ``found`` says which test noticed each mutant."""
    lines = []
    for line in text.splitlines():
        if line.startswith("noticed_by = "):
            continue
        lines.append(line)
        name = tomllib.loads(line)["name"] if line.startswith("name = ") else None
        if name in found:
            # A JSON string is one of TOML too.
            lines.append(f"noticed_by = {json.dumps(found[name], ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


class Failures:
    """A pytest plugin that remembers which tests failed."""

    def __init__(self):
        self.names = []

    def pytest_runtest_logreport(self, report):
        if report.failed:
            path, _, test = report.nodeid.partition("::")
            self.names.append(f"{Path(path).name}::{test}")


def sources_of(mutant):
    """The text of the module, without the mistake and with it."""
    text = (ROOT / "lmmteach" / f"{mutant.module}.py").read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(
            f"{mutant.name!r}: {mutant.old!r} stands {text.count(mutant.old)} times in "
            f"{mutant.module}.py, not once. Bring tests/mutants.toml up to date."
        )
    changed = text.replace(mutant.old, mutant.new)
    compile(changed, f"{mutant.module}.py", "exec")
    return text, changed


def run_tests(folder, files):
    """Run the quick tests of some files against the copy; exit code and names of failures."""
    import pytest

    failures = Failures()
    options = ["-x", "--tb=no", "-p", "no:cacheprovider", "-o", "addopts=", "-m", "not slow"]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main([*options, *(str(ROOT / "tests" / f) for f in files)], [failures])
    import lmmteach

    if Path(lmmteach.__file__).resolve().parent != folder / "lmmteach":
        raise RuntimeError(f"The tests imported {lmmteach.__file__}, not the copy.")
    if code == pytest.ExitCode.USAGE_ERROR and "::" in files[0]:
        return True, []  # The remembered test has another name now.
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"pytest could not run the tests:\n{output.getvalue()}")
    return code == pytest.ExitCode.OK, failures.names


def try_out(mutant, stages):
    """Plant the mistake (or none) in a copy; the first test that fails, or None.

    Runs in a fresh process, whose first import of the package is that of the copy.
    """
    # What the server imported stays, and pytest, which collects garbage, need not look through it.
    gc.freeze()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        # With the bytecode, which is that of the copy as long as a file is the same.
        shutil.copytree(ROOT / "lmmteach", folder / "lmmteach")
        shutil.copytree(ROOT / "data", folder / "data")
        if mutant:
            _, changed = sources_of(mutant)
            module = folder / "lmmteach" / f"{mutant.module}.py"
            module.write_text(changed, encoding="utf-8")
            Path(importlib.util.cache_from_source(str(module))).unlink(missing_ok=True)
        sys.path.insert(0, str(folder))
        for files in stages:
            passed, failures = run_tests(folder, files)
            if not passed:
                return failures[0]
    return None


def stages_of(mutant):
    """The test that noticed it last time, those of the mutant's own module, then the others."""
    own = [f"test_{mutant.module.strip('_')}.py"]
    own = [file for file in own if (ROOT / "tests" / file).exists()]
    stages = (list(filter(None, [mutant.noticed_by])), own, [f for f in TESTS if f not in own])
    return [files for files in stages if files]


def main():
    """Print a line for each mutant; exit with 1 if one of them survives."""
    mutants = read_mutants()
    for mutant in mutants:
        sources_of(mutant)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    # The only plugin needed is the one above, and loading the others takes longer than most tests.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["HYPOTHESIS_PROFILE"] = "first failure"
    # A server imports the large libraries once, and each mutant runs in a fork of it.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(
            ["formulae", "hypothesis", "pandas", "pytest", "scipy.optimize", "scipy.stats"]
        )
    found = {}
    with context.Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        jobs = {m.name: pool.apply_async(try_out, (m, stages_of(m))) for m in mutants}
        for name, job in jobs.items():
            test = job.get(timeout=PATIENCE)
            if test:
                found[name] = test
            print(f"{'caught  ' if test else 'SURVIVED'} {name:58} {test or ''}", flush=True)
        failing = pool.apply(try_out, (None, [sorted(set(found.values()))]))
        if failing:
            raise SystemExit(f"Without any mutant there fails: {failing}")
    if "--record" in sys.argv[1:]:
        TABLE.write_text(recorded(TABLE.read_text(encoding="utf-8"), found), encoding="utf-8")
    caught = len(found)
    print(f"{caught} passed, {len(mutants) - caught} failed")
    raise SystemExit(caught < len(mutants))


if __name__ == "__main__":
    main()
