"""What the test files share: data, what R says about them, the fits, and two numerical tools."""

import json
import os
from collections import namedtuple
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, settings

import lmmteach as lt

ORACLE = Path(__file__).parent / "oracle"
CASES = (
    "estrone",
    "dyestuff",
    "dyestuff2",
    "rail",
    "sleepstudy_ri",
    "orthodont_ri",
    "sim_unbal_ri",
    "sim_boundary",
)

# The same examples in every run: a test that fails today failed yesterday.
settings.register_profile("lmmteach", derandomize=True, deadline=None, max_examples=40)
# Where all that matters is whether a test fails, nobody waits for the smallest example.
settings.register_profile(
    "first failure",
    settings.get_profile("lmmteach"),
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
# Where Python runs in WebAssembly, several times more slowly.
settings.register_profile("few examples", settings.get_profile("lmmteach"), max_examples=5)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "lmmteach"))

Arrays = namedtuple("Arrays", "y X Z")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds; left out of the mutation run")


@dataclass(frozen=True, eq=False)
class Case:
    """A data set, the formula that R fitted to it, and R's answers."""

    formula: str
    data: pd.DataFrame
    golden: dict

    @property
    def group(self):
        (group,) = self.golden["reml"]["ranef"]
        return group

    def fit(self, method, formula=None):
        return fit_case(self, method, formula or self.formula)


@cache
def fit_case(case, method, formula):
    return lt.lmm(formula, case.data, method)


@cache
def load_case(name):
    golden = json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))
    if name.startswith("sim_"):
        data = pd.read_csv(ORACLE / "data" / f"{name}.csv")
    else:
        data = lt.load_data(golden["dataset"].removesuffix(".csv"))
    case = Case(golden["formula"], data, golden)
    # R read the groups as text, so that a new group may be called "NEW".
    data[case.group] = data[case.group].astype(str)
    return case


@pytest.fixture(scope="session")
def oracle():
    """``oracle(name)``: one of the cases that R has fitted."""
    return load_case


@pytest.fixture(scope="session", params=CASES)
def case(request):
    """Every case in turn."""
    return load_case(request.param)


@pytest.fixture(scope="session")
def anchors():
    """Numbers of the estrone data and its unbalanced cut that numpy and scipy gave."""
    numbers = json.loads((ORACLE / "anchors.json").read_text(encoding="utf-8"))
    return {"estrone": numbers["balanced"], "unbalanced": numbers["unbalanced_16_8_4_2_1"]}


@pytest.fixture(scope="session")
def estrone():
    """y, X and Z of the lecture's data: 5 women, 16 measurements each."""
    data = lt.load_data("estrone")
    return _study(data)


@pytest.fixture(scope="session")
def unbalanced():
    """The first 16, 8, 4, 2 and 1 rows of women 1 to 5.

    On the balanced data OLS, GLS and the mean of means agree, and so do right and wrong code.
    """
    data = lt.load_data("estrone")
    size = data["woman"].map({1: 16, 2: 8, 3: 4, 4: 2, 5: 1})
    return _study(data[data.groupby("woman").cumcount() < size])


def _study(data):
    y = data["logestrone"].to_numpy()
    Z = (data["woman"].to_numpy()[:, None] == np.arange(1, 6)).astype(float)
    return Arrays(y, np.ones((len(y), 1)), Z)


@pytest.fixture(scope="session")
def slope():
    """``slope(f, x)``: the derivative of f at x, by differences of fourth order."""

    def slope(f, x):
        x = np.asarray(x, dtype=float)
        columns = []
        for j in range(len(x)):
            h = np.zeros_like(x)
            h[j] = 1e-3 * max(abs(x[j]), 1e-2)
            change = 8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))
            columns.append(np.asarray(change) / (12 * h[j]))
        return np.array(columns).T

    return slope


@pytest.fixture(scope="session")
def representative():
    """``representative(mean, V)``: 2n data sets with exactly this mean and this covariance.

    What is linear or quadratic in y has as its mean over them its expected value, without any
    Monte Carlo error.
    """

    def representative(mean, V):
        steps = np.sqrt(len(V)) * np.linalg.cholesky(V).T
        return np.concatenate([mean + steps, mean - steps])

    return representative


def closed_form(F, groups, members, kind):
    """The statistic of balanced data, which the F of the analysis of variance decides."""
    d, n = groups - (kind == "RLRT"), groups * members
    m = n - (kind == "RLRT")
    ratio = (groups - 1) * np.asarray(F) / d
    value = m * np.log((d * ratio + n - groups) / m) - d * np.log(ratio)
    return np.where(ratio > 1, value, 0.0)


def error_of_share(p, *draws):
    return np.sqrt(p * (1 - p) * sum(1 / n for n in draws))
