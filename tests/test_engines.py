"""Both engines: the same likelihood, the same fit, and the same words for data that cannot tell."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lmmteach as lt
from lmmteach._descend import descend
from lmmteach._turned import triangular

ORACLE = Path(__file__).parent / "oracle"
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


@pytest.mark.parametrize("formula", ["y ~ x + (x | g)", "y ~ 1 + (x | g)"])
def test_no_variation_within_groups_of_two_rows_that_hardly_differ_in_x(formula):
    g = np.concatenate([np.repeat(np.arange(300), 2), np.repeat(np.arange(300, 330), 6)])
    x = np.random.default_rng(1).normal(size=len(g))
    x[1:600:2] = x[:600:2] + 3e-5
    with pytest.raises(ValueError, match="does not vary within groups"):
        lt.lmm(formula, pd.DataFrame({"y": np.sin(g), "x": x, "g": g}), engine="fast")


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


# What R says --------------------------------------------------------------------------------------


@cache
def golden(name):
    """R's answers, and the data in which the groups are texts, as R read them."""
    r = json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))
    if name == "sleepstudy_uncorr":
        r = {"reml": r["uncorrelated"], "formula": "Reaction ~ Days + (Days || Subject)"}
        r["dataset"] = "sleepstudy.csv"
    if name == "insteval":
        frame = pd.read_csv(ORACLE / "data" / "insteval.csv.gz", dtype={"service": str})
    else:
        frame = lt.load_data(r["dataset"].removesuffix(".csv"))
    groups = dict.fromkeys(r["reml"].get("ranef", {}), str)
    return r, frame.astype(groups)


def asked(*names):
    """Each case by both engines, ML and REML, where R was asked."""
    return [
        (name, method, engine)
        for name in names
        for method in (["REML"] if name == "sleepstudy_uncorr" else ["REML", "ML"])
        for engine in (["fast"] if name == "insteval" else ["fast", "literal"])
    ]


SMALL = ("sleepstudy_slope", "sleepstudy_uncorr", "orthodont_slope", "pastes", "penicillin")


@pytest.mark.parametrize(
    ("name", "method", "engine"),
    [
        *asked(*SMALL, "dyestuff2", "estrone", "rail"),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in asked("insteval")),
    ],
)
def test_all_that_R_says(name, method, engine):
    r, frame = golden(name)
    fit, r = lt.lmm(r["formula"], frame, method, engine=engine), r[method.lower()]
    rel = 1e-8 if name == "insteval" else 1e-9
    assert fit.engine.name == engine
    assert fit.beta.to_list() == pytest.approx(r["beta"], rel=rel)
    assert fit.se.to_list() == pytest.approx(r["se_beta"], rel=rel)
    assert fit.criterion == pytest.approx(r["criterion"], rel=1e-11)
    largest = max(map(abs, r["varcomp"]["vcov"]))
    assert fit.varcomp["grp"].to_list() == r["varcomp"]["grp"]
    assert fit.varcomp["vcov"].to_list() == pytest.approx(
        r["varcomp"]["vcov"], rel=10 * rel, abs=rel * largest
    )
    for group, theirs in r.get("ranef", {}).items():
        ours = fit.ranef[group].loc[theirs["levels"]].to_numpy()
        b = np.array(theirs["values"])
        assert ours == pytest.approx(b, rel=10 * rel, abs=10 * rel * np.abs(b).max())
        if "condVar" in theirs:
            place = fit.ranef[group].index.get_indexer(theirs["levels"])
            # Of two bars of one factor the file has the first; of InstEval the numbers alone.
            variances = np.array(theirs["condVar"])
            variances = variances.reshape(len(place), *(variances.shape[1:] or (1, 1)))
            near = 10 * rel * np.abs(variances).max()
            k = variances.shape[1]
            ours = fit.ranef_cov[group][place, :k, :k]
            assert ours == pytest.approx(variances, rel=10 * rel, abs=near)


# Random designs -----------------------------------------------------------------------------------

FORMULAS = (
    "y ~ x + (1 | a)",
    "y ~ x + (x | a)",
    "y ~ x + (x || a)",
    "y ~ 1 + (0 + x | a)",
    "y ~ x + (1 | a) + (1 | b)",
    "y ~ x + (x | a) + (1 | b)",
    "y ~ x + (1 | a) + (x | b)",
    "y ~ x + (1 | a/b)",
)


@st.composite
def designs(draw):
    """Unbalanced data, with groups of one row, variances of 0 and perfect correlations."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(24, 70))
    a = rng.choice(8, n, p=rng.dirichlet(np.full(8, draw(st.sampled_from([0.5, 3.0])))))
    a[:8] = np.arange(8)
    b = rng.integers(0, 5, n)
    b[:5] = np.arange(5)
    x = rng.normal(size=n)
    sds = draw(st.tuples(*[st.sampled_from([0.0, 0.3, 2.0])] * 3))
    effects = rng.normal(size=8)
    slopes = draw(st.sampled_from([0.0, 1.0])) * effects + rng.normal(size=8) * sds[1]
    y = x + sds[0] * effects[a] + slopes[a] * x + sds[2] * rng.normal(size=5)[b]
    return pd.DataFrame({"y": y + rng.normal(size=n), "x": x, "a": a, "b": b})


def same(one, other, rel=1e-8):
    """Two fits agree; variances to so much of the sum of all."""
    assert one.criterion == pytest.approx(other.criterion, rel=1e-10, abs=1e-7)
    whole = np.abs(other.theta).max()
    assert one.theta == pytest.approx(other.theta, rel=rel, abs=rel * whole)
    assert one.beta.to_numpy() == pytest.approx(other.beta.to_numpy(), rel=rel, abs=rel)
    assert one.fitted.to_numpy() == pytest.approx(other.fitted.to_numpy(), rel=rel, abs=10 * rel)
    assert one.is_singular == other.is_singular


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("formula", FORMULAS)
@settings(max_examples=8)
@given(frame=designs())
def test_both_engines_agree(formula, method, frame):
    same(*(lt.lmm(formula, frame, method, engine=engine) for engine in ("fast", "literal")), 1e-7)


@pytest.mark.parametrize("formula", FORMULAS)
@settings(max_examples=4)
@given(frame=designs(), seed=st.integers(0, 99))
def test_order_of_rows_and_names_of_groups_do_not_matter(formula, frame, seed):
    rng = np.random.default_rng(seed)
    fit = lt.lmm(formula, frame, engine="fast")
    order = rng.permutation(len(frame))
    names = [f"group {i}" for i in rng.permutation(8)]
    other = frame.iloc[order].assign(a=np.array(names)[frame["a"].iloc[order]])
    again = lt.lmm(formula, other, engine="fast")
    assert again.criterion == pytest.approx(fit.criterion, rel=1e-10, abs=1e-7)
    assert again.theta == pytest.approx(fit.theta, rel=1e-7, abs=1e-7 * fit.theta.max())
    fitted = again.fitted.sort_index().to_numpy()
    assert fitted == pytest.approx(fit.fitted.to_numpy(), rel=1e-6, abs=1e-6)


# The slopes of the criterion ----------------------------------------------------------------------


@ENGINES
@pytest.mark.parametrize("is_reml", [True, False])
@pytest.mark.parametrize(
    ("formula", "Lambda"),
    [
        ("y ~ x + (1 | a)", [[0.7]]),
        ("y ~ x + (x | a)", [[0.7, 0], [0.4, 0.5]]),
        ("y ~ x + (x | a) + (1 | b)", [[0.7, 0, 0], [0.4, 0.5, 0], [0, 0, 0.6]]),
        ("y ~ x + (1 | a) + (x | b)", [[0.6, 0, 0], [0, 0.7, 0], [0, 0.4, 0.5]]),
        ("y ~ x + (1 | a) + (x | b)", [[0.6, 0, 0], [0, 0.7, 0], [0, 0.4, 0.0]]),
        ("y ~ x + (1 | a) + (1 | b)", [[0.6, 0], [0, 0.0]]),
    ],
)
def test_slope_is_that_of_the_criterion(formula, Lambda, is_reml, engine, slope):
    fit = lt.lmm(formula, data(), engine=engine)
    Lambda = np.array(Lambda)
    D, places = Lambda @ Lambda.T, [np.ix_(block, block) for block in fit.frame.random.blocks]

    def at(changes):
        there, i = D.copy(), 0
        for block in places:
            k = len(there[block])
            change = np.zeros((k, k))
            change[np.tril_indices(k)] = changes[i : i + k * (k + 1) // 2]
            there[block] += change + np.tril(change, -1).T
            i += k * (k + 1) // 2
        return fit.engine.evaluate(np.linalg.cholesky(there), is_reml).criterion

    found = fit.engine.evaluate(Lambda, is_reml).slope
    if np.linalg.eigvalsh(D)[0] < 1e-12:
        # On the boundary only the way inside can be gone: compare with the slopes a step inside.
        inside = np.linalg.cholesky(D + 1e-9 * np.eye(len(D)))
        near = fit.engine.evaluate(inside, is_reml).slope
        for block in places:
            assert found[block] == pytest.approx(near[block], rel=1e-5, abs=1e-5)
        return
    expected = []
    for block in places:
        part = found[block]
        twice = part + part.T - np.diag(np.diag(part))
        expected += list(twice[np.tril_indices(len(part))])
    assert expected == pytest.approx(slope(at, np.zeros(len(expected))), rel=1e-5, abs=1e-5)


# Hard data ----------------------------------------------------------------------------------------


def many(n=20_000, q=2_000, seed=3):
    """A random intercept and slope, groups of many sizes in no order."""
    rng = np.random.default_rng(seed)
    g = np.append(np.arange(q), rng.integers(0, q, n - q))
    x, b = rng.normal(size=n), rng.normal(size=(2, q))
    y = 1 + x + b[0, g] + 0.5 * b[1, g] * x + rng.normal(size=n)
    return pd.DataFrame({"y": y, "x": x, "g": g, "h": rng.integers(0, 30, n)})


LARGE = ("y ~ x + (1 | g)", "y ~ x + (x | g)", "y ~ x + (1 | g) + (1 | h)")


def test_engines_agree_on_one_giant_group_and_many_of_one_row():
    giant = many(900, 300)
    giant["g"] = np.append(np.arange(300), np.zeros(600, dtype=int))
    same(*(lt.lmm("y ~ x + (1 | g)", giant, engine=e) for e in ("fast", "literal")))


@pytest.mark.parametrize("formula", LARGE)
@pytest.mark.parametrize("far", [1e6, 1e9])
def test_a_response_or_covariate_far_from_0_changes_nothing(formula, far):
    data = many()
    fit, moved = (lt.lmm(formula, each) for each in (data, data.assign(y=data["y"] + far)))
    # The response itself has lost its digits: a billion leaves seven after the point.
    assert moved.theta == pytest.approx(fit.theta, rel=1e-13 * far)
    assert moved.beta["x"] == pytest.approx(fit.beta["x"], rel=1e-13 * far)
    if "(x" not in formula:
        moved = lt.lmm(formula, data.assign(x=data["x"] + far))
        assert moved.theta == pytest.approx(fit.theta, rel=1e-13 * far)
        assert moved.beta["x"] == pytest.approx(fit.beta["x"], rel=1e-13 * far)


@pytest.mark.parametrize("formula", LARGE)
def test_units_change_nothing(formula):
    data = many(5_000, 500)
    fit = lt.lmm(formula, data)
    other = lt.lmm(formula, data.assign(y=1e-7 * data["y"], x=1e5 * data["x"]))
    assert other.beta["x"] == pytest.approx(1e-12 * fit.beta["x"], rel=1e-8)
    assert other.sigma2_e == pytest.approx(1e-14 * fit.sigma2_e, rel=1e-8)
    assert other.fitted.to_numpy() == pytest.approx(1e-7 * fit.fitted.to_numpy(), rel=1e-6)


def test_a_slope_of_a_covariate_that_hardly_varies():
    data = many(5_000, 500)
    fit = lt.lmm("y ~ x + (0 + x | g)", data)
    other = lt.lmm("y ~ x + (0 + x | g)", data.assign(x=1e-6 * data["x"]))
    assert other.theta == pytest.approx(fit.theta * [1e12, 1], rel=1e-8)


@pytest.mark.parametrize("kind", ["text", "category", "float", "negative", "unsigned"])
def test_labels_of_any_kind_give_the_same_fit(kind):
    data = many(5_000, 500)
    right = lt.lmm("y ~ x + (1 | g)", data)
    g = data["g"]
    labels = {
        "text": g.map("g{:05}".format),
        "category": pd.Categorical(g, categories=range(-3, 700)),
        "float": g * 1.5,
        "negative": g - 250,
        "unsigned": g.astype("uint16"),
    }
    fit = lt.lmm("y ~ x + (1 | g)", data.assign(g=labels[kind]))
    assert fit.theta == pytest.approx(right.theta, rel=1e-12)
    assert fit.ranef["g"].to_numpy() == pytest.approx(right.ranef["g"].to_numpy(), abs=1e-10)
    assert len(fit.ranef["g"]) == 500


def test_the_lower_of_two_tops_is_not_taken():
    two = pd.read_csv(ORACLE.parent / "data" / "two-tops.csv")
    group = next(name for name in two if name not in ("y", "x"))
    same(*(lt.lmm(f"y ~ 1 + (1 | {group})", two, engine=e) for e in ("fast", "literal")))


SLOPES = (
    "y ~ x + (x | a)",
    "y ~ x + (x | a) + (1 | b)",
    "y ~ x + (1 | a) + (x | b)",
    "y ~ x + (x | a) + (x | b)",
)
FAR = pytest.mark.parametrize(("far", "spread"), [(2005.0, 9.0), (1e4, 1.0), (-1e4, 0.1)])


def moved_back(fit, far, spread):
    """The covariance of slopes on x, from a fit with slopes on far + spread x."""
    A = np.eye(len(fit.Lambda))
    for bar in fit.frame.random.bars:
        if len(bar.places) == 2:
            A[np.ix_(bar.places, bar.places)] = [[1.0, far], [0.0, spread]]
    root = A @ fit.Lambda
    return fit.sigma2_e * root @ root.T


@ENGINES
@FAR
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("formula", SLOPES)
def test_a_slope_on_what_is_far_from_0_is_that_slope(formula, method, far, spread, engine):
    near = unequal_slopes()
    fit = lt.lmm(formula, near, method, engine="fast")
    there = lt.lmm(formula, near.assign(x=far + spread * near["x"]), method, engine=engine)
    log = 2 * np.log(spread) if method == "REML" else 0.0
    assert there.criterion == pytest.approx(fit.criterion + log, rel=1e-10)
    assert not fit.is_singular
    assert there.sigma2_e == pytest.approx(fit.sigma2_e, rel=1e-8)
    near_0 = moved_back(there, far, spread)
    assert near_0 == pytest.approx(fit.covariance, rel=1e-8, abs=1e-8 * fit.covariance.max())
    assert there.fitted.to_numpy() == pytest.approx(fit.fitted.to_numpy(), abs=1e-7)
    found = there.prediction_interval()["se"].to_numpy()
    assert found == pytest.approx(fit.prediction_interval()["se"].to_numpy(), rel=1e-7)


def unequal_slopes(seed=11, n=160):
    """Intercepts and slopes in two factors, of groups of many sizes."""
    rng = np.random.default_rng(seed)
    a = np.append(np.arange(12), rng.choice(12, n - 12, p=rng.dirichlet(np.full(12, 2.0))))
    b, x = rng.integers(0, 9, n), rng.normal(size=n)
    of_a, of_b = rng.normal(size=(2, 12)), rng.normal(size=(2, 9))
    y = x + of_a[0, a] + of_a[1, a] * x + of_b[0, b] + of_b[1, b] * x + rng.normal(size=n) / 2
    return pd.DataFrame({"y": y, "x": x, "a": a, "b": b, "w": rng.uniform(0.5, 3, n)})


@FAR
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize(
    "formula",
    [
        "y ~ x + (x || a)",
        "y ~ x + (0 + x | a)",
        "y ~ x + (0 + x | a) + (1 | b)",
        "y ~ x + (x || a) + (1 | b)",
        "y ~ x + I(x**2) + (x + I(x**2) | a)",
    ],
)
def test_engines_agree_on_effects_of_what_is_far_from_0(formula, method, far, spread):
    data = unequal_slopes()
    moved = data.assign(x=far + spread * data["x"])
    if "x**2" in formula and far != 2005:
        return
    fast, literal = (
        lt.lmm(formula, moved, method, engine=e, weights="w") for e in ("fast", "literal")
    )
    assert fast.criterion == pytest.approx(literal.criterion, rel=1e-10)
    assert fast.sigma2_e == pytest.approx(literal.sigma2_e, rel=1e-8)
    assert fast.theta == pytest.approx(literal.theta, rel=1e-7, abs=1e-7 * literal.sigma2_e)
    assert fast.fitted.to_numpy() == pytest.approx(literal.fitted.to_numpy(), abs=1e-7)
    assert fast.is_singular == literal.is_singular


@ENGINES
@pytest.mark.parametrize("far", [2005.0, 1e4])
@pytest.mark.parametrize(
    ("seed", "formula"), [(1, "y ~ x + (x | a) + (1 | b)"), (17, "y ~ x + (x | a)")]
)
def test_a_perfect_correlation_is_exact_far_from_0_too(seed, formula, far, engine):
    data = crossed_slopes(seed)
    method = "ML" if seed == 1 else "REML"
    near = lt.lmm(formula, data, method, engine="fast")
    fit = lt.lmm(formula, data.assign(x=data["x"] + far), method, engine=engine)
    assert fit.is_singular
    assert fit.Lambda[1, 1] == 0
    assert abs(fit.varcomp["sdcor"][2]) == 1
    assert fit.criterion == pytest.approx(near.criterion, rel=1e-10)
    assert abs(fit.Lambda[1, 0]) == pytest.approx(abs(near.Lambda[1, 0]), rel=1e-6)


def test_a_root_of_lower_rank_has_columns_of_exact_zeros():
    root = np.zeros((4, 4))
    root[:, :2] = np.random.default_rng(2).normal(size=(4, 2))
    Lambda = triangular(root)
    assert Lambda @ Lambda.T == pytest.approx(root @ root.T, rel=1e-12)
    assert not Lambda[:, 2:].any()
    assert not np.triu(Lambda, 1).any()


def test_a_correlation_near_one_is_not_taken_for_one():
    data = unequal_slopes()
    fit = lt.lmm("y ~ x + (x | a)", data.assign(x=data["x"] + 1e5))
    assert not fit.is_singular
    assert -1 < fit.varcomp["sdcor"][2] < -1 + 1e-9


@ENGINES
@pytest.mark.parametrize("formula", ["y ~ x + (x | a)", "y ~ x + (x | a) + (1 | b)"])
def test_V_of_slopes_far_from_0_is_that_of_slopes_near_0(formula, engine):
    data = unequal_slopes()
    near = lt.lmm(formula, data, engine=engine, weights="w")
    far = lt.lmm(formula, data.assign(x=data["x"] + 1e5), engine=engine, weights="w")
    assert pytest.approx(near.V, rel=1e-7, abs=1e-8 * near.V.max()) == far.V


@ENGINES
@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ x + (far | a)", r"'far' in the random part of 'a' are so far .* Subtract the mean"),
        ("y ~ x + (far | a) + (1 | b)", "'far' in the random part of 'a' are so far from 0"),
        ("y ~ x + (x + double | a)", r"'double' .* adds nothing to what \(Intercept\), x can"),
        ("y ~ x + (0 + nothing | a)", "'nothing' in the random part of 'a' is 0 in every row"),
        ("y ~ x + (one | a)", r"'one' .* adds nothing to what \(Intercept\) can"),
    ],
)
def test_effects_that_others_explain(formula, message, engine):
    made = data()
    made = made.assign(far=made["x"] + 1e8, double=3 - 2 * made["x"], nothing=0.0, one=1.0)
    with pytest.raises(ValueError, match=message):
        lt.lmm(formula, made, engine=engine)


@ENGINES
@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("y ~ x + (x | a) + (1 | a)", r"'\(Intercept\)' of 'a' and '\(Intercept\)' of 'a.1' are"),
        ("y ~ x + (x | a) + (0 + x | a)", "'x' of 'a' and 'x' of 'a.1' are the same effect"),
        ("y ~ x + (1 | a) + (0 + five | a)", r"'\(Intercept\)' of 'a' and 'five' of 'a.1' are"),
        ("y ~ x + (1 | a) + (1 | b) + (x | name)", "of 'name' and .* of 'a' are .* Leave one of"),
        (
            "y ~ x + (1 | a/name)",
            "of 'name:a' and .* of 'a' are the same effect of the same groups",
        ),
    ],
)
def test_two_variances_of_one_effect_are_not_told_apart(formula, message, engine):
    made = data()
    made = made.assign(five=5.0, name=[f"site {a}" for a in made["a"]])
    with pytest.raises(ValueError, match=message):
        lt.lmm(formula, made, engine=engine, weights=np.linspace(1, 2, len(made)))


def test_two_factors_of_as_many_groups_are_told_apart():
    made = data()
    # Another cut through the rows, with as many groups.
    made["c"] = np.roll(made["a"], 1)
    fit = lt.lmm("y ~ x + (1 | a) + (1 | c)", made)
    assert fit.loglik >= lt.lmm("y ~ x + (1 | a)", made).loglik - 1e-9


# The boundary, and more than one top --------------------------------------------------------------


def crossed_slopes(seed):
    """Slopes that may be perfectly correlated with the intercepts, in unbalanced groups."""
    rng = np.random.default_rng(seed)
    n = rng.integers(24, 71)
    a = rng.choice(8, n, p=rng.dirichlet(np.full(8, rng.choice([0.5, 3.0]))))
    a[:8] = np.arange(8)
    b = rng.integers(0, 5, n)
    b[:5] = np.arange(5)
    x, sds, effects = rng.normal(size=n), rng.choice([0, 0.3, 2.0], 3), rng.normal(size=8)
    slopes = rng.choice([0, 1.0]) * effects + rng.normal(size=8) * sds[1]
    y = x + sds[0] * effects[a] + slopes[a] * x + sds[2] * rng.normal(size=5)[b]
    return pd.DataFrame({"y": y + rng.normal(size=n), "x": x, "a": a, "b": b})


@ENGINES
@pytest.mark.parametrize(
    ("seed", "formula"), [(1, "y ~ x + (x | a) + (1 | b)"), (17, "y ~ x + (x | a)")]
)
def test_a_perfect_correlation_is_exactly_one(seed, formula, engine):
    fit = lt.lmm(formula, crossed_slopes(seed), "ML" if seed == 1 else "REML", engine=engine)
    assert fit.is_singular
    assert fit.Lambda[1, 1] == 0
    assert abs(fit.varcomp["sdcor"][2]) == 1


@ENGINES
@pytest.mark.parametrize("seed", [3, 16, 37, 58])
@pytest.mark.parametrize("formula", ["y ~ x + (x || a)", "y ~ x + (x | a)", "y ~ x + (1 | a/b)"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_other_place_is_better(seed, formula, method, engine):
    fit = lt.lmm(formula, crossed_slopes(seed), method, engine=engine)
    part, rng = fit.frame.random, np.random.default_rng(seed)
    for _ in range(60):
        other = np.zeros_like(fit.Lambda)
        for block in part.blocks:
            root = np.tril(rng.normal(size=(len(block),) * 2)) * rng.choice([0.0, 0.2, 0.5, 1.0])
            other[np.ix_(block, block)] = root
        assert (
            fit.engine.evaluate(other, method == "REML").criterion > fit.evaluation.criterion - 1e-6
        )


def test_a_start_on_the_boundary_is_left_where_that_is_better():
    fit = lt.lmm("y ~ x + (x | a)", many(2_000, 200).rename(columns={"g": "a"}))
    part, scale = fit.frame.random, fit.frame.random.scale
    start = np.array([[scale[0], 0.0], [0.0, 0.0]])
    found, _ = descend(lambda L: fit.engine.evaluate(L, True), scale, part.blocks, start)
    assert found @ found.T == pytest.approx(fit.Lambda @ fit.Lambda.T, rel=1e-7)
