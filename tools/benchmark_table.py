"""Put the times of the last whole benchmark into the book: data/benchmark.csv, for chapter 10.

    make bench
    python tools/benchmark_table.py

The tables in benchmarks/results are for whoever works on the package; the book has a line for each
time that was measured, with the date and the machine, and so needs no other file.
"""

import csv
import io
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
TABLE = ROOT / "data" / "benchmark.csv"
COLUMNS = (
    "model", "rows", "entrant", "version", "what", "seconds", "processor", "cores", "date",
)  # fmt: skip
# What is no fit, and what is the same as one of the others.
LEFT_OUT = ("three np.bincount", "lmmteach, auto")


def lines(records, known):
    """A line for each time: the fit from arrays, and the whole call from a table.

    Parameters
    ----------
    records : rows of benchmark.csv
    known : conditions.json
    """
    machine = {name: known[name] for name in ("processor", "cores", "date")}
    for one in records:
        if one["entrant"] in LEFT_OUT:
            continue
        about = {name: one[name] for name in ("model", "rows", "entrant")}
        version = known["versions"][one["entrant"]]
        for what in ("fit", "call"):
            if one[f"{what}_s"]:
                seconds = f"{float(one[f'{what}_s']):.3g}"
                yield about | machine | {"version": version, "what": what, "seconds": seconds}


def as_text():
    """The table, from the results of the last benchmark."""
    with open(RESULTS / "benchmark.csv", newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    known = json.loads((RESULTS / "conditions.json").read_text(encoding="utf-8"))
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines(records, known))
    return table.getvalue()


if __name__ == "__main__":
    TABLE.write_text(as_text(), encoding="utf-8")
