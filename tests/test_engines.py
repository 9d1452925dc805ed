"""Both engines: the same likelihood, the same fit, and the same words for data that cannot tell."""

import numpy as np
import pandas as pd
import pytest

import lmmteach as lt

ENGINES = pytest.mark.parametrize("engine", ["literal", "fast"])


def data(seed=1, n=60, **columns):
    """Three factors and a covariate, crossed at random."""
    rng = np.random.default_rng(seed)
    made = {
        "y": rng.normal(size=n),
        "x": rng.normal(size=n),
        "a": rng.integers(0, 6, n),
        "b": rng.integers(0, 4, n),
    }
    return pd.DataFrame(made | columns)


GROUPS = np.arange(60) % 6
SINGLES = np.append(np.arange(58), [0, 1])


# Data that cannot tell the parameters apart -------------------------------------------------------


@ENGINES
@pytest.mark.parametrize(
    ("formula", "rows", "message"),
    [
        ("y ~ x + (1 | a)", [0, 1, 2], "3 observations cannot determine 2 coeff.* and 2 variances"),
        ("y ~ x + (x || b)", range(4), "4 observations .* 2 coefficients and 3 variances, because"),
        ("y ~ x + (x | b)", range(5), "5 obs.* 2 coefficients and 3 variances with 1 covariance,"),
    ],
)
def test_fewer_rows_than_parameters(formula, rows, message, engine):
    few = data(a=GROUPS // 2, b=GROUPS % 2).iloc[list(rows)]
    with pytest.raises(ValueError, match=message):
        lt.lmm(formula, few.assign(a=few["a"] * 0 + np.arange(len(few)) // 2), engine=engine)


@ENGINES
@pytest.mark.parametrize(
    ("formula", "groups"),
    [
        ("y ~ C(a) + (1 | a)", "the groups"),
        ("y ~ C(a) * x + (0 + x | a)", "the groups"),
        ("y ~ C(a) * x + (x || a)", "the groups"),
        ("y ~ C(b) + (1 | a) + (1 | b)", "the groups of 'b'"),
        ("y ~ C(b) + x + (x | a) + (1 | b)", "the groups of 'b'"),
    ],
)
def test_groups_that_the_fixed_part_explains(formula, groups, engine):
    with pytest.raises(ValueError, match=f"fixed part already explains {groups}, so"):
        lt.lmm(formula, data(), engine=engine)


@ENGINES
def test_groups_of_which_the_fixed_part_explains_only_some(engine):
    # Another coding of the groups, which lacks one of them, and one with a slope only.
    lt.lmm("y ~ I(1*(a == 1)) + I(1*(a == 2)) + (1 | a)", data(), engine=engine)
    lt.lmm("y ~ C(a) + x + (0 + x | a)", data(), engine=engine)


@ENGINES
@pytest.mark.parametrize(
    "formula",
    ["y ~ 1 + (1 | single)", "y ~ x + (1 | single)", "y ~ 1 + (1 | a) + (1 | single)"],
)
def test_as_good_as_one_row_in_each_group(formula, engine):
    lone = data(single=SINGLES)
    if formula == "y ~ 1 + (1 | single)":
        lt.lmm(formula, lone, engine=engine)
        return
    # Two groups have a second row each; the covariate, or the other factor, takes these up.
    x = np.where(np.arange(60) == 58, 1.0, 0.0) - np.where(np.arange(60) == 59, 1.0, 0.0)
    lone = lone.iloc[:59].assign(x=x[:59], a=np.where(np.arange(59) == 58, 1, np.arange(59) % 2))
    with pytest.raises(ValueError, match="one observation per group, or as good as"):
        lt.lmm(formula, lone, engine=engine)


@ENGINES
@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize(
    "formula",
    ["y ~ 1 + (1 | a)", "y ~ x + (1 | a)", "y ~ x + (x | a)", "y ~ x + (1 | a) + (1 | b)"],
)
def test_no_variation_within_groups(formula, offset, engine):
    flat = data()
    flat["y"] = offset + np.array([3.0, 1, 4, 1, 5, 9])[flat["a"]]
    if "x" in formula:
        flat["y"] += 2 * flat["x"]
    with pytest.raises(ValueError, match="does not vary within groups"):
        lt.lmm(formula, flat, engine=engine)


@ENGINES
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_little_variation_within_groups_is_variation(offset, engine):
    rng = np.random.default_rng(2)
    little = data()
    little["y"] = offset + np.array([3.0, 1, 4, 1, 5, 9])[GROUPS] + 1e-4 * rng.normal(size=60)
    fit = lt.lmm("y ~ 1 + (1 | a)", little.assign(a=GROUPS), engine=engine)
    within = little["y"].groupby(GROUPS).var().mean()
    assert fit.sigma2_e == pytest.approx(within, rel=1e-6 if offset == 0 else 1e-4)


def test_a_V_that_is_too_large_is_announced_with_its_size():
    n = 20_000
    many = pd.DataFrame(
        {"y": np.arange(n) % 11 * 1.0, "g": np.arange(n) % 7, "h": np.arange(n) // 2}
    )
    message = r"V would be 20,000 × 20,000, which takes 3\.0 GiB, .* fast engine does without"
    with pytest.raises(ValueError, match=message):
        lt.lmm("y ~ 1 + (1 | g)", many, engine="literal")
    fit = lt.lmm("y ~ 1 + (1 | h)", many)
    assert fit.engine.name == "fast"
    with pytest.raises(ValueError, match=message):
        fit.V  # noqa: B018
    with pytest.raises(ValueError, match=r"Z would be 20,000 × 10,000, which takes 1\.5 GiB"):
        fit.Z  # noqa: B018
    wider = pd.concat([many, many.assign(h=many["h"] + n)], ignore_index=True)
    with pytest.raises(ValueError, match=r"D would be 20,000 × 20,000, which takes 3\.0 GiB"):
        lt.lmm("y ~ 1 + (1 | h)", wider).D  # noqa: B018
