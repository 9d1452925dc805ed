"""The data sets of the benchmark and their models, and how they are handed over as files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1_000, 4_000, 10_000, 100_000, 1_000_000, 10_000_000)
TYPES = {"double": "<f8", "integer": "<i4"}


@dataclass(frozen=True)
class Case:
    """A model and its data.

    Parameters
    ----------
    model : what the cases of one line in the plot have in common
    rows : number of rows
    response, fixed : names of columns; the intercept is understood
    random : pairs of a grouping column and the column of its slope, None for an intercept only
    make : function that makes the columns, a dict of arrays
    """

    model: str
    rows: int
    response: str
    fixed: tuple
    random: tuple
    make: Callable

    @property
    def name(self):
        """What a person calls it."""
        return f"{self.model}, {self.rows:,} rows"

    @property
    def fixed_formula(self):
        """The fixed part, as R and patsy have it."""
        return f"{self.response} ~ {' + '.join(self.fixed) or '1'}"

    @property
    def formula(self):
        """The whole model, as lme4 has it."""
        bars = [f"({slope or 1} | {group})" for group, slope in self.random]
        return " + ".join([self.fixed_formula, *bars])

    @property
    def columns(self):
        """The columns that the model needs, those of the groups last."""
        slopes = [slope for _, slope in self.random if slope]
        groups = [group for group, _ in self.random]
        return list(dict.fromkeys([self.response, *self.fixed, *slopes, *groups]))

    @property
    def bytes(self):
        """The size of the data in memory."""
        return 8 * self.rows * len(self.columns)

    def warm_up(self):
        """Small data for the same model, so that nothing is loaded while the clock runs."""
        rng = np.random.default_rng(0)
        columns = {name: rng.normal(size=400) for name in self.columns}
        for group, slope in self.random:
            columns[group] = rng.permutation(400) % 20
            along = 1 + columns[slope] if slope else 1
            columns[self.response] += rng.normal(size=20)[columns[group]] * along
        return columns


def simulated(rows, slope):
    """Ten rows a group on average; intercepts and errors of variance 1, slopes of variance ¼."""
    rng = np.random.default_rng(rows)
    groups = rows // 10
    # Each group at least once: integers from 0 on, without a gap.
    g = np.concatenate([np.arange(groups), rng.integers(0, groups, rows - groups)])
    rng.shuffle(g)
    x, b = rng.normal(size=rows), rng.normal(size=(2, groups))
    y = 2 + 0.5 * x + b[0][g] + rng.normal(size=rows)
    if slope:
        y += 0.5 * b[1][g] * x
    return {"y": y, "x": x, "g": g}


def random_intercept(rows):
    """One random intercept and one covariate."""
    make = partial(simulated, rows, slope=False)
    return Case("random intercept", rows, "y", ("x",), (("g", None),), make)


def random_slope(rows):
    """An intercept and a slope of each group, correlated."""
    make = partial(simulated, rows, slope=True)
    return Case("random slope", rows, "y", ("x",), (("g", "x"),), make)


def _table(path):
    table = pd.read_csv(path)
    return {name: table[name].to_numpy() for name in table}


def estrone():
    """The lecture's data."""
    make = partial(_table, ROOT / "data" / "estrone.csv")
    return Case("estrone", 80, "logestrone", (), (("woman", None),), make)


def insteval():
    """Students and lecturers, crossed."""
    make = partial(_table, ROOT / "tests" / "oracle" / "data" / "insteval.csv.gz")
    return Case("InstEval", 73_421, "y", ("service",), (("s", None), ("d", None)), make)


def all_cases(sizes=SIZES):
    """Every case, the quick ones first."""
    intercepts = [random_intercept(rows) for rows in sizes]
    return [estrone(), *intercepts, random_slope(100_000), insteval()]


def find(model, rows):
    """A case by the name of its model and its number of rows."""
    makers = {"random intercept": random_intercept, "random slope": random_slope}
    if model in makers:
        return makers[model](rows)
    (case,) = [case for case in (estrone(), insteval()) if case.model == model]
    return case


def write(columns, folder):
    """Columns as files of plain numbers, which every language reads at once; a list of them."""
    folder.mkdir(parents=True)
    listed = []
    for name, values in columns.items():
        kind = "integer" if np.issubdtype(values.dtype, np.integer) else "double"
        values.astype(TYPES[kind]).tofile(folder / name)
        listed.append(f"{name} {kind}\n")
    (folder / "columns").write_text("".join(listed), encoding="utf-8")


def read(folder):
    """The DataFrame of such files."""
    columns = {}
    for line in (folder / "columns").read_text(encoding="utf-8").splitlines():
        name, kind = line.split()
        values = np.fromfile(folder / name, TYPES[kind])
        columns[name] = values.astype(np.int64) if kind == "integer" else values
    return pd.DataFrame(columns, copy=False)
