"""The models of ``oracle/printouts.R``, fitted here."""

import re
from functools import cache

import pandas as pd
from conftest import ORACLE

import lmmteach as lt

MODELS = re.findall(
    r"(\w+) = quote\(lmer\((.*?), (\w+)((?:, (?:weights|offset) = \w+)*)\)\)",
    (ORACLE / "printouts.R").read_text(encoding="utf-8"),
    re.DOTALL,
)
PRINTOUTS = sorted(path.stem for path in (ORACLE / "printouts").glob("*.txt"))


@cache
def data_of(name):
    folder = ORACLE / "data" if name in ("odd", "big", "small") else ORACLE.parents[1] / "data"
    data = pd.read_csv(folder / f"{'odd' if name in ('big', 'small') else name}.csv")
    if name == "big":
        data = data.assign(yield_in_grams=1e6 * data["y"], dose_in_nanograms=10 * data["x"])
    if name == "small":
        data = data.assign(y=data["y"] / 1e7)
    data.attrs["name"] = name
    return data


@cache
def fit_of(printout, engine="auto"):
    """The model of a stored printout, fitted here."""
    name, method = printout.rsplit("_", 1)
    ((formula, data, given),) = [model[1:] for model in MODELS if model[0] == name]
    given = dict(re.findall(r"(\w+) = (\w+)", given))
    return lt.lmm(formula, data_of(data), method, engine=engine, **given)
