"""How long a fit takes, how good it is and what memory it needs: this package and others.

Everyone gets the same data in the same run, in a process of their own; in each round all of them
have their turn, so that all see the same machine. ``make bench`` runs it and stores the tables and
the plot in benchmarks/results.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import cases
from entrants import ENTRANTS
from report import duration, store

HERE = Path(__file__).resolve().parent
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass
class Row:
    """What is known of one entrant in one case; ``remark`` says why there are no times."""

    case: cases.Case
    entrant: str
    remark: str = ""
    call: list = field(default_factory=list)
    fit: list = field(default_factory=list)
    memory: list = field(default_factory=list)
    covariances: dict = field(default_factory=dict)
    above: float | None = None

    def add(self, found):
        """What a process has found out."""
        self.call += found["call"]
        self.fit += found["fit"]
        self.memory += [] if found["memory"] is None else [found["memory"]]
        self.covariances = found["covariances"]

    @property
    def spent(self):
        """Seconds that went into it."""
        return sum(self.call) + sum(self.fit)

    def median(self, what):
        """The median of the times of ``call`` or ``fit``, None if there are none."""
        times = getattr(self, what)
        return statistics.median(times) if times else None


def process(command, limit, out, task=None):
    """Run a command; what it has written into a file, None if nothing, and what went wrong."""
    out.unlink(missing_ok=True)
    text = None if task is None else json.dumps(task)
    wrong = ""
    try:
        done = subprocess.run(command, input=text, timeout=limit, capture_output=True, text=True)
        if done.returncode < 0:
            wrong = f"ended by signal {-done.returncode}"
        elif done.returncode > 0:
            said = done.stderr.strip().splitlines()
            wrong = f"failed: {said[-1] if said else done.returncode}"
    except subprocess.TimeoutExpired:
        wrong = f"stopped after {limit:g} s"
    return (json.loads(out.read_text(encoding="utf-8")) if out.exists() else None), wrong


def work(do, case, folder, limit=None, **more):
    """Let a worker do something with a case; what it found, and what went wrong."""
    out = folder / "found.json"
    task = {"do": do, "model": case.model, "rows": case.rows, **more}
    task |= {"folder": os.fspath(folder), "out": os.fspath(out)}
    return process([sys.executable, HERE / "worker.py"], limit, out, task)


def must(do, case, folder, **more):
    """The same for what nobody but the benchmark itself can get wrong."""
    found, wrong = work(do, case, folder, **more)
    if wrong:
        raise RuntimeError(f"{case.name}: {wrong}")
    return found


def turn(entrant, case, folder, options):
    """One turn of an entrant; what it found, and what went wrong."""
    seconds = options.seconds / options.rounds / 2
    if hasattr(entrant, "command"):
        out = folder / "found.json"
        return process(entrant.command(case, folder, seconds, out), options.limit, out)
    return work("run", case, folder, options.limit, entrant=entrant.name, seconds=seconds)


def measure(case, entrants, absent, slow, options):
    """All entrants on one case: their rows, in the order of the entrants.

    Parameters
    ----------
    case : Case
    entrants : those that take part
    absent : for the name of an entrant that cannot why not
    slow : for a model and an entrant the case at which it was stopped; added to
    options : of the command line
    """
    rows = {entrant.name: Row(case, entrant.name) for entrant in entrants}
    for entrant in entrants:
        row, stopped = rows[entrant.name], slow.get((case.model, entrant.name))
        row.remark = absent.get(entrant.name) or entrant.refuses(case)
        if not row.remark and stopped:
            row.remark = f"not tried: {stopped}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        must("make", case, folder)
        for _ in range(options.rounds):
            for entrant in entrants:
                row = rows[entrant.name]
                if row.remark or row.spent >= options.seconds:
                    continue
                found, wrong = turn(entrant, case, folder, options)
                if found:
                    row.add(found)
                row.remark = "" if row.spent else wrong
                if wrong.startswith("stopped"):
                    slow[case.model, entrant.name] = f"{wrong} at {case.rows:,} rows"
        estimates = {row.entrant: row.covariances for row in rows.values() if row.covariances}
        criteria = must("judge", case, folder, estimates=estimates) if estimates else {}
    for name, criterion in criteria.items():
        rows[name].above = criterion - min(criteria.values())
    return list(rows.values())


def conditions(entrants, absent, options):
    """When, where and with what the run was made."""
    model = platform.processor() or platform.machine()
    if shutil.which("lscpu"):
        lines = subprocess.run(["lscpu"], capture_output=True, text=True).stdout.splitlines()
        named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model name")]
        model = named[0] if named else model
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": model,
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
        "rounds": options.rounds,
        "versions": {e.name: absent.get(e.name) or e.version() for e in entrants},
    }


def number(text):
    """A number of rows, 1e5 allowed."""
    return round(float(text))


def arguments(given=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=number, nargs="+", default=cases.SIZES, help="of the random intercept"
    )
    parser.add_argument("--models", nargs="+", help="only these models")
    parser.add_argument("--entrants", nargs="+", help="only these entrants")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each entrant has")
    parser.add_argument("--seconds", type=float, default=30, help="for each entrant and case")
    parser.add_argument("--limit", type=float, default=600, help="seconds of one turn, at most")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder for the results")
    return parser.parse_args(given)


def main(given=None):
    """Measure, print as it goes, and store tables and plot."""
    options = arguments(given)
    chosen = [
        case
        for case in cases.all_cases(options.rows)
        if case.model in (options.models or [case.model])
    ]
    entrants = [e for e in ENTRANTS if e.name in (options.entrants or [e.name])]
    absent = {entrant.name: entrant.missing() for entrant in entrants}
    absent = {name: why for name, why in absent.items() if why}
    known, slow, rows = conditions(entrants, absent, options), {}, []
    for case in chosen:
        print(case.name, flush=True)
        for row in measure(case, entrants, absent, slow, options):
            rows.append(row)
            fit, call = duration(row.median("fit")), duration(row.median("call"))
            print(f"  {row.entrant:18}", row.remark or f"fit {fit}, whole call {call}", flush=True)
        # After each case, so that a run that is broken off leaves what it has found.
        store(rows, known, options.out)
    print(f"The tables and the plot are in {options.out}")


if __name__ == "__main__":
    main()
