"""A process of the benchmark: make the data, time one entrant on them, or judge the estimates.

Each entrant has a process of its own, so that its peak memory is its own.
"""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import cases
import numpy as np

MOST_REPEATS = 15
# ru_maxrss counts bytes on macOS, and kibibytes elsewhere.
UNIT = 1 if sys.platform == "darwin" else 1024


def peak_memory():
    """The most memory that this process has had so far, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux getrusage begins with what the parent had when it started this process.
        found = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        return 1024 * int(found[0].split()[1])
    return UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def timed(function):
    """Seconds that one call takes, and what it returns."""
    begin = time.perf_counter()
    result = function()
    return time.perf_counter() - begin, result


def repeated(function, seconds, times=()):
    """Times of calls, until so many seconds are over; at least one."""
    times = list(times)
    while not times or (sum(times) < seconds and len(times) < MOST_REPEATS):
        times.append(timed(function)[0])
    return times


def make(case, folder):
    """Write the data of a case, and the small ones to begin with."""
    columns = case.make()
    cases.write({name: columns[name] for name in case.columns}, folder / "data")
    cases.write(case.warm_up(), folder / "warm")


def run(entrant, case, folder, seconds):
    """Times, memory and estimates of one entrant; first without the times of ``fit``."""
    data, warm = cases.read(folder / "data"), cases.read(folder / "warm")
    entrant.call(case, warm)
    before = peak_memory()
    first, result = timed(lambda: entrant.call(case, data))
    found = {"memory": peak_memory() - before, "call": [], "fit": []}
    found["covariances"] = {
        group: np.asarray(matrix).tolist()
        for group, matrix in entrant.covariances(case, result).items()
    }
    del result
    if found["covariances"]:
        found["call"] = repeated(lambda: entrant.call(case, data), seconds, [first])
        yield found
    entrant.fit(case, warm)()
    found["fit"] = repeated(entrant.fit(case, data), seconds)
    yield found


def judge(case, folder, estimates):
    """The REML criterion at each one's covariances, with the rest at its best: the same for all."""
    import lmmteach as lt
    from lmmteach.sums import cholesky_of_each

    fit = lt.lmm(case.formula, cases.read(folder / "data"), engine="fast")
    criteria = {}
    for name, covariances in estimates.items():
        Lambda = np.zeros_like(fit.Lambda)
        for bar in fit.frame.random.bars:
            D = np.array(covariances[bar.name])
            Lambda[np.ix_(bar.places, bar.places)] = cholesky_of_each(D[:, :, np.newaxis])[:, :, 0]
        criteria[name] = float(fit.engine.evaluate(Lambda, True).criterion)
    return criteria


def main():
    """Do the task that is read as JSON, and write what was found into a file that it names."""
    from entrants import ENTRANTS

    task = json.loads(sys.stdin.read())
    warnings.simplefilter("ignore")
    case, folder = cases.find(task["model"], task["rows"]), Path(task["folder"])
    if task["do"] == "make":
        answers = [make(case, folder)]
    elif task["do"] == "judge":
        answers = [judge(case, folder, task["estimates"])]
    else:
        (entrant,) = [e for e in ENTRANTS if e.name == task["entrant"]]
        answers = run(entrant, case, folder, task["seconds"])
    for answer in answers:
        Path(task["out"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
