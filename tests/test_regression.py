"""Sums of the columns that OLS leaves, from those of the data: as good, or not used."""

import numpy as np
import pandas as pd
import pytest

import lmmteach as lt
from lmmteach import _regression
from lmmteach._regression import Regression
from lmmteach.sums import group_sums, group_sums_turned

ROWS, GROUPS = 3000, 300


def data(seed=1, rows=ROWS, groups=GROUPS):
    rng = np.random.default_rng(seed)
    g = np.append(np.arange(groups), rng.integers(0, groups, rows - groups))
    x, between = rng.normal(3, 1, rows), rng.normal(size=groups)[g]
    y = 5 + x + 0.5 * rng.normal(size=groups)[g] * x + rng.normal(size=groups)[g]
    y += rng.normal(size=rows)
    return pd.DataFrame({"y": y, "x": x, "between": between, "g": g})


def turned(table, columns, z=(None,)):
    X = np.column_stack([np.ones(len(table)), table[columns]])
    rows = Regression(X, table["y"].to_numpy())
    g, q = table["g"].to_numpy(), table["g"].max() + 1
    expected = group_sums(g, q, z, [*rows.Q.T, rows.r])
    if rows.A is None:
        return None, expected
    squares = np.append(np.ones(len(rows.R)), rows.square)
    return group_sums_turned(g, q, z, [*X.T, rows.y], rows.A, squares), expected


@pytest.mark.parametrize("slope", [False, True])
def test_sums_of_what_is_never_made_are_those_of_its_rows(slope):
    table = data()
    table["square"] = table["x"] ** 2 / 10
    z = (table["x"].to_numpy(),) if slope else (None,)
    found, expected = turned(table, ["x", "square"], z)
    assert found is not None
    for name in ("within", "L", "c", "K", "count", "R"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one == pytest.approx(other, rel=1e-9, abs=1e-11 * np.abs(other).max())


def test_sums_of_rows_are_those_of_any_constant():
    table = data()
    X = np.column_stack([np.full(ROWS, -2.5), table["x"]])
    rows = Regression(X, table["y"].to_numpy())
    g = table["g"].to_numpy()
    squares = np.append(np.ones(2), rows.square)
    found = group_sums_turned(g, GROUPS, (None,), [*X.T, rows.y], rows.A, squares)
    expected = group_sums(g, GROUPS, (None,), [*rows.Q.T, rows.r])
    assert found.c == pytest.approx(expected.c, rel=1e-9, abs=1e-11)
    assert found.within == pytest.approx(expected.within, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        (["x"], {"y": lambda table: table["y"] + 1e4}),
        (["x"], {"x": lambda table: table["x"] + 1e3}),
        (["x"], {"y": lambda table: 1e-3 * table["y"] + table["x"]}),
        (["between"], {}),
    ],
    ids=["a response far from 0", "a covariate far from 0", "nearly explained", "none within"],
)
def test_where_digits_would_be_lost_the_rows_are_asked(columns, change):
    found, _ = turned(data().assign(**change), columns)
    assert found is None


def test_a_group_of_very_many_rows_is_asked_row_by_row():
    found, _ = turned(data(rows=400_000, groups=2), ["x"])
    assert found is None


@pytest.mark.parametrize("formula", ["y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ between + (1 | g)"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_fit_is_the_same_whoever_made_the_sums(formula, weights, monkeypatch):
    table = data()
    table["w"] = np.random.default_rng(3).uniform(0.5, 2, ROWS)
    fit = lt.lmm(formula, table, engine="fast", weights=weights)
    monkeypatch.setattr(_regression, "MANY_ROWS", ROWS + 1)
    same = lt.lmm(formula, table, engine="fast", weights=weights)
    assert same.frame.rows.A is None
    for name in ("beta", "theta", "se", "loglik", "fitted", "b", "leverage"):
        one, other = np.asarray(getattr(fit, name)), np.asarray(getattr(same, name))
        assert one == pytest.approx(other, rel=1e-8, abs=1e-9), name
    at_new = fit.prediction_interval(table.head()).to_numpy()
    assert at_new == pytest.approx(same.prediction_interval(table.head()).to_numpy(), rel=1e-8)


def test_no_rows_are_made_before_somebody_asks():
    fit = lt.lmm("y ~ x + (1 | g)", data(), engine="fast")
    assert not {"Q", "r"} & set(vars(fit.frame.rows))
    left = fit.y - fit.X @ np.linalg.lstsq(fit.X, fit.y, rcond=None)[0]
    assert fit.frame.r == pytest.approx(left, rel=1e-9, abs=1e-12)


def test_another_response_keeps_the_columns_of_X():
    table = data()
    X = np.column_stack([np.ones(ROWS), table["x"]])
    rows = Regression(X, table["y"].to_numpy())
    # Of this response the products alone would lose digits.
    other = rows.of(1e6 + table["y"].to_numpy())
    assert other.Q is rows.Q
    assert other.Q @ other.beta_Q + other.r == pytest.approx(other.y, rel=1e-12)
    assert other.r == pytest.approx(rows.r, abs=1e-7)
