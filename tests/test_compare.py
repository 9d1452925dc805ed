"""Chapter 6: likelihood ratio tests of two fits, and the comparisons that are refused."""

import numpy as np
import pandas as pd
import pytest
from conftest import CASES, closed_form, error_of_share, load_case
from general_cases import data_of, fit_of, golden
from scipy.stats import f

import lmmteach as lt
from lmmteach.compare import lrt
from lmmteach.likelihood import sums_of_squares
from lmmteach.model import random_intercept_design
from lmmteach.testing import exact_null

FORMULA = "logestrone ~ 1 + (1 | woman)"
CHANGED_X = [name for name in CASES if load_case(name).golden.get("lrt_fixed")]
METHODS = {"LRT": "ML", "RLRT": "REML"}
either = pytest.mark.parametrize("kind", METHODS)


@pytest.fixture(scope="module")
def data():
    data = lt.load_data("estrone")
    return data.assign(order=data["measurement"] - 8.5, tens=10 * (data["measurement"] - 8.5))


@pytest.fixture(scope="module")
def scaled(data):
    """``scaled(c)``: the women's deviations from the mean of all are multiplied by c."""

    def scaled(c):
        y = data["logestrone"]
        of_woman = y.groupby(data["woman"]).transform("mean")
        return data.assign(logestrone=y.mean() + c * (of_woman - y.mean()) + y - of_woman)

    return scaled


def pair(formula, data, method):
    return lt.lmm(formula, data, method, sigma2_b=0), lt.lmm(formula, data, method)


@either
def test_lrt_of_the_variance_between_the_women(data, kind, oracle):
    test = lrt(*pair(FORMULA, data, METHODS[kind]), nsim=999)
    r = oracle("estrone").golden["rlrt_sigma_b"]
    assert test.statistic == pytest.approx(r[kind], rel=1e-9)
    assert test.df == 1
    assert test.pvalues["chi2"] == pytest.approx(r[f"p_chisq1_{kind}"], rel=1e-7, abs=0)
    assert test.pvalues["mixture"] == pytest.approx(r[f"p_mix_{kind}"], rel=1e-7, abs=0)
    assert test.pvalue == test.pvalues["exact"] == 1 / 1000


@pytest.mark.parametrize("name", CHANGED_X)
def test_lrt_of_a_fixed_effect_is_rs(name, oracle):
    case = oracle(name)
    r = case.golden["lrt_fixed"]
    test = lrt(case.fit("ML", formula=r["small"]), case.fit("ML"))
    assert test.statistic == pytest.approx(r["chisq"], rel=1e-8)
    assert test.pvalue == pytest.approx(r["p"], rel=1e-7, abs=0)
    assert test.df == r["df"]
    assert test.pvalues == {"chi2": test.pvalue}


@pytest.mark.parametrize("term", ["order", "tens", "measurement"])
def test_lrt_of_the_order_of_measurement_does_not_depend_on_its_units(term, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (1, term)]
    for test in (lrt(*fits), lrt(*fits[::-1])):
        assert test.statistic == pytest.approx(4.8077, abs=5e-5)
        assert test.pvalue == pytest.approx(0.0283, abs=5e-5)
        assert test.df == 1


def test_lrt_of_two_coefficients_has_two_degrees_of_freedom(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in ("1", "poly(order, 2)")]
    test = lrt(*fits)
    assert test.df == 2
    assert test.pvalue == pytest.approx(np.exp(-test.statistic / 2), rel=1e-10)


def test_lrt_without_variance_between_the_women_is_that_of_regression(data):
    small, large = (
        lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML", sigma2_b=0) for x in (1, "order")
    )
    rss = [np.linalg.lstsq(fit.X, fit.y)[1][0] for fit in (small, large)]
    assert lrt(small, large).statistic == pytest.approx(80 * np.log(rss[0] / rss[1]), rel=1e-9)


BORDERLINE = [
    (0.17, "LRT", 1.410, (0.235, 0.118)),
    (0.19, "LRT", 2.621, (0.1055, 0.0527)),
    (0.20, "LRT", 3.338, (0.068, 0.034)),
    (0.22, "LRT", 4.973, (0.026, 0.013)),
    (0.18, "RLRT", 2.815, (0.093, 0.047)),
]


@pytest.mark.parametrize(("c", "kind", "statistic", "pvalues"), BORDERLINE)
def test_three_pvalues_at_the_boundary_of_which_the_exact_one_is_the_F_tests(
    c, kind, statistic, pvalues, scaled
):
    test = lrt(*pair(FORMULA, scaled(c), METHODS[kind]))
    assert test.statistic == pytest.approx(statistic, abs=5e-4)
    assert test.pvalues["chi2"] == pytest.approx(pvalues[0], abs=5e-4)
    assert test.pvalues["mixture"] == pytest.approx(pvalues[1], abs=5e-4)
    assert test.pvalues["chi2"] > test.pvalues["mixture"] > test.pvalues["exact"] > 0
    F = c**2 * 87.0097387309409
    expected = f.sf(F, 4, 75)
    assert test.pvalue == test.pvalues["exact"]
    assert test.pvalue == pytest.approx(expected, abs=4 * error_of_share(expected, 100_000))


def test_the_F_test_of_the_scaled_study(scaled):
    y = scaled(0.19)["logestrone"].to_numpy()
    SSB, SSW = sums_of_squares(y, random_intercept_design(np.repeat(range(5), 16)))
    ratio = SSB / 4 / (SSW / 75)
    assert ratio == pytest.approx(0.19**2 * 87.0097387309409, rel=1e-10)
    assert f.sf(ratio, 4, 75) == pytest.approx(0.0192, abs=5e-5)
    assert float(closed_form(ratio, 5, 16, "LRT")) == pytest.approx(2.621, abs=5e-4)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_at_the_boundary_every_pvalue_is_1(method, oracle):
    test = lrt(*pair("Yield ~ 1 + (1 | Batch)", oracle("dyestuff2").data, method), nsim=50)
    assert test.statistic == 0
    assert test.pvalues == {"chi2": 1, "mixture": 1, "exact": 1}


def test_lrt_draws_as_many_as_asked_for_from_the_generator_given(scaled):
    fits = pair(FORMULA, scaled(0.19), "REML")
    test = lrt(*fits, nsim=300, rng=np.random.default_rng(4))
    null = exact_null(fits[1].X, fits[1].Z, 300, np.random.default_rng(4), reml=True)
    assert test.pvalue == (1 + np.sum(null >= test.statistic)) / 301
    assert lrt(*fits, nsim=300).pvalue == lrt(*fits, nsim=300).pvalue


def test_the_larger_model_may_come_first(scaled):
    small, large = pair(FORMULA, scaled(0.19), "ML")
    assert repr(lrt(large, small, nsim=100)) == repr(lrt(small, large, nsim=100))


def test_printout_at_the_boundary(scaled):
    test = lrt(*pair(FORMULA, scaled(0.19), "ML"), nsim=5000)
    error = np.sqrt(test.pvalue * (1 - test.pvalue) / 5000)
    assert 0.0015 < error < 0.0025
    exact = f"{test.pvalue:.3f} ± 0.002"
    assert str(test).splitlines() == [
        "Likelihood ratio test (ML)",
        "smaller  logestrone ~ 1 + (1 | woman), with σ_b² = 0  2 parameters, ℓ = -72.2253",
        "larger   logestrone ~ 1 + (1 | woman)                 3 parameters, ℓ = -70.9150",
        "statistic 2.6206; σ_b² = 0 is on the edge of what a variance can be:",
        "  χ² with df = 1          p = 0.1055, usually too large here",
        "  mixture ½ χ²₀ + ½ χ²₁   p = 0.05274, usually still too large with few groups",
        f"  exact null, simulated   p = {exact}, from 5,000 draws",
    ]


def test_printout_says_where_no_draw_was_as_large(data):
    test = lrt(*pair(FORMULA, data, "REML"), nsim=200)
    assert repr(test).endswith("p ≤ 0.004975: none of 200 draws is as large")


def test_printout_of_a_fixed_effect(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (1, "order")]
    assert repr(lrt(*fits)).splitlines() == [
        "Likelihood ratio test (ML)",
        "smaller  logestrone ~ 1 + (1 | woman)      3 parameters, ℓ = -79.2187",
        "larger   logestrone ~ order + (1 | woman)  4 parameters, ℓ = -76.8148",
        "statistic 4.8077, χ² with df = 1: p = 0.02833",
    ]


def refused(message):
    return pytest.raises(ValueError, match=message)


def test_lrt_refuses_reml_with_different_fixed_effects_and_offers_ml(data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data) for x in (1, "order")]
    with refused(r'REML.* error contrasts Kᵀy of its own.*Fit both models with method="ML"'):
        lrt(*fits)


@pytest.mark.parametrize(
    "rows", [lambda d: d.iloc[:79], lambda d: d.iloc[::-1]], ids=["fewer", "reversed"]
)
def test_lrt_refuses_other_rows_and_another_order(rows, data):
    fits = [
        lt.lmm("logestrone ~ 1 + (1 | woman)", data, "ML"),
        lt.lmm("logestrone ~ order + (1 | woman)", rows(data), "ML"),
    ]
    with refused(r"different responses.*cannot be compared.*lost rows.*another order"):
        lrt(*fits)


@pytest.mark.parametrize("others", [lambda w: w % 2, lambda w: 6 - w], ids=["fewer", "renamed"])
def test_lrt_refuses_other_groups(others, data):
    other = data.assign(woman=others(data["woman"]))
    with refused("different groups, so neither is a special case of the other"):
        lrt(lt.lmm(FORMULA, data), lt.lmm(FORMULA, other, sigma2_b=0))


def test_lrt_refuses_reml_against_ml(data):
    with refused('by ML and the other by REML.*both with method="ML".* if only σ_b² differs'):
        lrt(lt.lmm(FORMULA, data, "ML", sigma2_b=0), lt.lmm(FORMULA, data, "REML"))


@pytest.mark.parametrize("held", [None, 0])
def test_lrt_refuses_the_same_model_twice(held, data):
    fits = [lt.lmm(FORMULA, data, "ML", sigma2_b=held) for _ in range(2)]
    with refused("models are the same, so there is nothing to test"):
        lrt(*fits)


@pytest.mark.parametrize(
    ("one", "other"),
    [("order", "estrone"), ("order", "estrone + np.sin(order)")],
)
def test_lrt_refuses_models_that_are_not_nested(one, other, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML") for x in (one, other)]
    for pair_of_fits in (fits, fits[::-1]):
        with refused(r'not nested.*compare them by AIC \(method="ML"\)'):
            lrt(*pair_of_fits)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_lrt_knows_the_same_model_in_other_units(method, data):
    fits = [lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, method) for x in ("order", "tens")]
    with refused("models are the same"):
        lrt(*fits)


def test_lrt_refuses_reml_with_the_same_fixed_part_in_other_units(data):
    small = lt.lmm("logestrone ~ tens + (1 | woman)", data, sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data)
    with refused("are equivalent, but have different columns"):
        lrt(small, large)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_lrt_refuses_two_differences_at_once(method, data):
    small = lt.lmm(FORMULA, data, method, sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data, method)
    with refused(
        r"fixed effects and in σ_b² at once. Test the two differences one after the other"
    ):
        lrt(small, large)


@pytest.mark.parametrize("term", ["order", "poly(order, 2)"])
def test_lrt_refuses_a_model_that_is_smaller_here_and_larger_there(term, data):
    without_variance = lt.lmm(f"logestrone ~ {term} + (1 | woman)", data, "ML", sigma2_b=0)
    for fits in (
        (without_variance, lt.lmm(FORMULA, data, "ML")),
        (lt.lmm(FORMULA, data, "ML"), without_variance),
    ):
        with refused("not nested"):
            lrt(*fits)


def test_lrt_refuses_a_variance_held_elsewhere_than_at_0(data):
    with refused("sigma2_b=0"):
        lrt(lt.lmm(FORMULA, data, "ML", sigma2_b=1.5), lt.lmm(FORMULA, data, "ML"), nsim=10)


def test_lrt_refuses_variances_held_at_different_values(data):
    small = lt.lmm(FORMULA, data, "ML", sigma2_b=0)
    large = lt.lmm("logestrone ~ order + (1 | woman)", data, "ML", sigma2_b=5.0)
    with refused("hold σ_b² at different values"):
        lrt(small, large)


def test_lrt_names_the_value_at_which_both_variances_are_held(data):
    fits = [
        lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML", sigma2_b=1.5) for x in ("1", "order")
    ]
    text = str(lrt(*fits))
    assert text.count("with σ_b² = 1.5") == 2
    assert "with σ_b² = 0" not in text


# Random parts ---------------------------------------------------------------------------------


def of_sleepstudy(random, method="REML", **how):
    return fit_of("sleepstudy_slope", method, formula=f"Reaction ~ Days + {random}", **how)


SUBJECT = "(1 | Subject)"


@pytest.mark.parametrize(
    ("random", "key", "mixture", "df"),
    [
        ("(Days || Subject)", "RLRT_slope_uncorr", "p_mix01", 1),
        ("(Days | Subject)", "RLRT_slope_corr_2df", "p_mix12", 2),
    ],
)
@pytest.mark.parametrize("engine", ["fast", "literal"])
def test_lrt_of_a_slope_is_rs(random, key, mixture, df, engine):
    r = golden("sleepstudy_uncorr")
    test = lrt(of_sleepstudy(SUBJECT, engine=engine), of_sleepstudy(random, engine=engine))
    assert test.statistic == pytest.approx(r[key], rel=1e-8)
    assert test.df == df
    assert test.pvalue == test.pvalues["mixture"] == pytest.approx(r[mixture], rel=1e-7)
    if df == 2:
        assert test.pvalues["chi2"] == pytest.approx(r["p_chisq2"], rel=1e-7)


@pytest.mark.parametrize("name", ["sleepstudy_slope", "orthodont_slope"])
def test_lrt_of_a_fixed_effect_beside_a_slope_is_rs(name):
    r = golden(name)["lrt_fixed"]
    test = lrt(fit_of(name, "ML", formula=r["small"]), fit_of(name, "ML"))
    assert test.statistic == pytest.approx(r["chisq"], rel=1e-8)
    assert test.pvalue == pytest.approx(r["p"], rel=1e-7)
    assert test.df == r["df"]
    assert test.pvalues == {"chi2": test.pvalue}


def test_printout_of_a_slope_names_the_mixture():
    test = lrt(of_sleepstudy(SUBJECT), of_sleepstudy("(Days | Subject)"))
    assert str(test).splitlines()[3:] == [
        "statistic 42.8368; a variance of 0 is on the edge of what a variance can be:",
        "  χ² with df = 2          p = 4.99e-10, usually too large here",
        "  mixture ½ χ²₁ + ½ χ²₂   p = 2.793e-10, usually still too large with few groups",
    ]


def test_a_correlation_is_not_on_the_edge():
    test = lrt(of_sleepstudy("(Days || Subject)"), of_sleepstudy("(Days | Subject)"))
    assert test.pvalues == {"chi2": test.pvalue}
    assert test.df == 1
    assert "0 is not on the edge" in str(test)


def test_several_variances_at_once_need_the_bootstrap():
    small = of_sleepstudy(SUBJECT, "ML")
    no_random_part = lt.lmm(small.formula, data_of("sleepstudy_slope"), "ML", sigma2_b=0)
    test = lrt(no_random_part, of_sleepstudy("(Days | Subject)", "ML"))
    assert test.df == 3
    assert test.pvalues == {"chi2": test.pvalue}
    assert "no mixture of χ² distributions is known" in str(test)
    assert "lt.bootstrap_lrt(small, large, nsim, rng)" in str(test)


def test_a_variance_beside_another_that_is_0_needs_the_bootstrap():
    data = lt.load_data("dyestuff2")
    data["half"] = np.tile([0, 1], 15)
    small = lt.lmm("Yield ~ 1 + (1 | Batch)", data)
    assert small.is_singular
    assert "no mixture" in str(lrt(small, lt.lmm("Yield ~ 1 + (1 | Batch) + (1 | half)", data)))


def test_a_second_factor_adds_one_variance():
    small = fit_of("pastes", formula="strength ~ 1 + (1 | sample)")
    test = lrt(small, fit_of("pastes"))
    assert test.statistic == pytest.approx(2 * (fit_of("pastes").loglik - small.loglik))
    assert list(test.pvalues) == ["chi2", "mixture"]
    assert test.pvalues["mixture"] == pytest.approx(test.pvalues["chi2"] / 2)


def test_a_lone_slope_is_tested_against_no_random_part():
    small = lt.lmm("Reaction ~ Days + (1 | Subject)", data_of("sleepstudy_slope"), sigma2_b=0)
    test = lrt(small, of_sleepstudy("(0 + Days | Subject)"))
    assert test.df == 1
    assert list(test.pvalues) == ["chi2", "mixture"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SUBJECT, "(0 + Days | Subject)"),
        ("(Days | Subject)", "(1 | Subject) + (1 | half) + (0 + Days | half)"),
        ("(0 + Days | Subject)", "(1 | Subject) + (1 | half)"),
        ("(1 | half)", "(Days | Subject)"),
    ],
)
def test_random_parts_that_are_not_nested_are_refused(one, other):
    data = data_of("sleepstudy_slope")
    data = data.assign(half=np.where(data["Days"] > 4, "late", "early"))
    fits = [lt.lmm(f"Reaction ~ Days + {random}", data) for random in (one, other)]
    for pair_of_fits in (fits, fits[::-1]):
        with refused("not nested"):
            lrt(*pair_of_fits)


def test_the_same_random_part_in_other_columns_is_the_same():
    data = data_of("sleepstudy_slope")
    data = data.assign(hours=24 * data["Days"] + 5)
    fits = [lt.lmm(f"Reaction ~ Days + ({x} | Subject)", data) for x in ("Days", "hours")]
    assert fits[0].loglik == pytest.approx(fits[1].loglik, abs=1e-7)
    with refused("models are the same"):
        lrt(*fits)


def test_a_fixed_effect_and_a_slope_at_once_are_refused():
    small = fit_of("sleepstudy_slope", "ML", formula="Reaction ~ 1 + (1 | Subject)")
    with refused("in their random parts at once"):
        lrt(small, of_sleepstudy("(Days | Subject)", "ML"))


def test_reml_against_ml_of_slopes_is_refused():
    with refused(r'method="REML" if only their random parts differ'):
        lrt(of_sleepstudy(SUBJECT), of_sleepstudy("(Days | Subject)", "ML"))


def test_with_many_rows_the_mixture_needs_no_Z():
    rng = np.random.default_rng(3)
    n, q = 50_000, 5_000
    g = rng.integers(0, q, n)
    data = pd.DataFrame({"y": 0.2 * rng.normal(size=q)[g] + rng.normal(size=n), "g": g})
    test = lrt(lt.lmm("y ~ 1 + (1 | g)", data, sigma2_b=0), lt.lmm("y ~ 1 + (1 | g)", data))
    assert list(test.pvalues) == ["chi2", "mixture"]
    assert test.pvalue < 1e-10


@pytest.mark.parametrize("what", ["weights", "offset"])
def test_fits_with_other_weights_or_another_offset_are_refused(what, data):
    fits = [
        lt.lmm(f"logestrone ~ {x} + (1 | woman)", data, "ML", **{what: np.linspace(1, k, 80)})
        for k, x in ((2, "1"), (3, "order"))
    ]
    with refused(f"different {what}"):
        lrt(*fits)


def test_the_exact_null_with_weights_is_that_of_weighted_rows(data):
    w = np.tile([1.0, 3.0], 40)
    small, large = (lt.lmm(FORMULA, data, sigma2_b=held, weights=w) for held in (0, None))
    root = np.sqrt(w)[:, np.newaxis]
    null = exact_null(root * large.X, root * large.Z, 200, np.random.default_rng(2), reml=True)
    test = lrt(small, large, nsim=200, rng=np.random.default_rng(2))
    assert test.pvalue == (1 + np.sum(null >= test.statistic)) / 201
