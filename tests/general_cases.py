"""Models beyond one random intercept that R has fitted: their data, formulas and R's answers."""

import json
from functools import cache
from pathlib import Path

import lmmteach as lt

ORACLE = Path(__file__).parent / "oracle"
GENERAL = ("sleepstudy_slope", "orthodont_slope", "pastes", "penicillin")


@cache
def golden(name):
    """What R says."""
    return json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))


@cache
def data_of(name):
    """The data; R read the groups as text, so that a new one may be called "NEW"."""
    r = golden(name)
    data = lt.load_data(r["dataset"].removesuffix(".csv"))
    return data.astype(dict.fromkeys(r["ml"]["ranef"], str))


@cache
def fit_of(name, method="REML", engine="fast", formula=None):
    """A fit of R's formula, or of another one, to the data of a case."""
    return lt.lmm(formula or golden(name)["formula"], data_of(name), method, engine=engine)
