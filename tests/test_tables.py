"""The tables of a fit, beside those of R's broom.mixed, and the names of statsmodels."""

import copy
import json
import pickle
import re
import tracemalloc
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE
from printouts import fit_of

import lmmteach as lt

R = json.loads((ORACLE / "odd.json").read_text(encoding="utf-8"))
FITS = [f"{name}_{method}" for name in R for method in R[name]]
SLEEP = "Reaction ~ Days + (Days | Subject)"


def golden(printout):
    name, method = printout.rsplit("_", 1)
    return R[name][method]


def require_table(table, rows, rel=1e-6):
    """The columns of R in R's order, and its numbers; what R does not have is missing."""
    theirs = pd.DataFrame(rows)
    for name in theirs.columns:
        ours = table[name].iloc[: len(theirs)]
        if theirs[name].dtype.kind == "f" or ours.dtype.kind == "f":
            expected = theirs[name].astype(float).to_numpy()
            assert ours.to_numpy(dtype=float) == pytest.approx(
                expected, rel=rel, abs=1e-9, nan_ok=True
            ), name
        else:
            assert list(ours.fillna("")) == list(theirs[name].fillna("")), name


@pytest.mark.parametrize("printout", FITS)
def test_tidy_is_brooms(printout):
    table, rows = fit_of(printout).tidy(conf_int=True), golden(printout)["tidy"]
    assert len(table) == len(rows)
    assert list(table.columns) == [
        *("effect", "group", "term", "estimate", "std.error", "statistic", "conf.low", "conf.high")
    ]
    require_table(table, rows)


@pytest.mark.parametrize("printout", FITS)
def test_tidy_of_the_groups_is_brooms(printout):
    fit, r = fit_of(printout), golden(printout)
    values = fit.tidy("ran_vals", conf_int=True)
    assert list(values.columns) == list(r["tidy_values"][0])
    require_table(values, r["tidy_values"], rel=1e-5)
    coefs = fit.tidy(effects="ran_coefs")
    assert list(coefs.columns) == list(r["tidy_coefs"][0])
    require_table(coefs, r["tidy_coefs"], rel=1e-5)


@pytest.mark.parametrize("printout", FITS)
def test_glance_is_brooms(printout):
    (row,) = golden(printout)["glance"]
    table = fit_of(printout).glance()
    assert list(table.columns) == list(row)
    require_table(table, [row], rel=1e-8)


@pytest.mark.parametrize("printout", FITS)
@pytest.mark.parametrize("engine", ["literal", "fast"])
def test_augment_is_brooms(printout, engine):
    fit = fit_of(printout, engine)
    table, rows = fit.augment(), golden(printout)["augment"]
    assert [name for name in table.columns if name.startswith(".")] == list(rows[0])
    require_table(table, rows, rel=1e-5)
    assert table.index.equals(fit.fitted.index)


def test_augment_has_the_data_as_they_were():
    data = lt.load_data("sleepstudy").assign(unused=1)
    table = lt.lmm(SLEEP, data).augment()
    pd.testing.assert_frame_equal(
        table[["Reaction", "Days", "Subject"]], data.drop(columns="unused")
    )
    assert "unused" not in table


def test_augment_of_new_data_adds_what_needs_no_response():
    data = lt.load_data("sleepstudy").assign(w=2.0, o=3.0)
    fit = lt.lmm(SLEEP, data, weights="w", offset="o")
    new = data.drop(columns="Reaction").iloc[[3, 1]]
    table, whole = fit.augment(new), fit.augment()
    assert list(table.index) == [3, 1]
    for name in (".fitted", ".fixed", ".mu", ".offset", ".weights", ".sqrtXwt", ".sqrtrwt"):
        assert table[name].to_list() == pytest.approx(whole[name].loc[[3, 1]].to_list(), rel=1e-12)


def test_the_leverages_add_up_to_what_the_fit_uses():
    for formula in (
        SLEEP,
        "Reaction ~ Days + (1 | Subject)",
        "Reaction ~ Days + (Days || Subject)",
    ):
        fit = lt.lmm(formula, lt.load_data("sleepstudy"))
        V, X = fit.V, fit.X
        P = np.linalg.inv(V)
        P -= P @ X @ np.linalg.solve(X.T @ P @ X, X.T @ P)
        # y − ŷ = Σ P y
        assert fit.leverage.to_numpy() == pytest.approx(1 - fit.sigma2_e * np.diag(P), rel=1e-7)


@pytest.mark.parametrize("effects", ["fixedd", [], ["fixed", "random"], 3])
def test_tidy_refuses_what_it_does_not_know(effects):
    with pytest.raises(ValueError, match="Choose among 'fixed', 'ran_pars', 'ran_vals'"):
        fit_of("pastes_REML").tidy(effects)


def test_tidy_refuses_a_level_outside_0_and_1():
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_of("pastes_REML").tidy(conf_int=True, conf_level=95)


def test_several_effects_are_asked_for_together():
    fit = fit_of("pastes_REML")
    table = fit.tidy(["ran_vals", "fixed"])
    assert list(table["effect"]) == ["fixed"] + ["ran_vals"] * 40
    assert list(fit.tidy("fixed").columns) == [
        *("effect", "term", "estimate", "std.error", "statistic")
    ]
    assert "conf.low" in fit.tidy("ran_pars", conf_int=True)


def test_the_names_of_statsmodels():
    fit = lt.lmm(SLEEP, lt.load_data("sleepstudy"))
    assert fit.params is fit.beta
    assert fit.bse is fit.se
    assert fit.cov_params() is fit.vcov_beta
    assert fit.tvalues.to_list() == (fit.beta / fit.se).to_list()
    assert (fit.llf, fit.scale, fit.nobs, fit.df_resid) == (fit.loglik, fit.sigma2_e, 180, 178)
    assert fit.fittedvalues is fit.fitted
    assert fit.resid is fit.residuals
    table = fit.conf_int(alpha=0.1)
    assert list(table.columns) == [0, 1]
    assert table.to_numpy() == pytest.approx(
        fit.wald_interval(0.9)[["lower", "upper"]].to_numpy(), rel=1e-14
    )


def test_the_names_of_statsmodels_mean_what_they_mean_there():
    smf = pytest.importorskip("statsmodels.formula.api")
    data = lt.load_data("sleepstudy")
    theirs = smf.mixedlm("Reaction ~ Days", data, groups="Subject").fit(reml=False)
    ours = lt.lmm("Reaction ~ Days + (1 | Subject)", data, "ML")
    assert ours.llf == pytest.approx(theirs.llf, rel=1e-8)
    assert ours.params.to_list() == pytest.approx(theirs.fe_params.to_list(), rel=1e-6)
    assert ours.bse.to_list() == pytest.approx(theirs.bse_fe.to_list(), rel=1e-3)
    assert ours.fittedvalues.to_list() == pytest.approx(theirs.fittedvalues.to_list(), rel=1e-4)
    assert ours.df_resid == theirs.df_resid
    assert ours.scale == pytest.approx(theirs.scale, rel=1e-4)
    interval = theirs.conf_int().loc[["Intercept", "Days"]]
    assert ours.conf_int().to_numpy() == pytest.approx(interval.to_numpy(), rel=1e-3)


# Notebooks ----------------------------------------------------------------------------------------


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.attributes, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append(tag)
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(fit):
    tags = _Tags()
    tags.feed(fit._repr_html_())
    assert tags.open == []
    return tags


def test_a_notebook_shows_two_tables_with_captions_and_headings():
    tags = parsed(lt.lmm(SLEEP, lt.load_data("sleepstudy")))
    assert tags.seen.count("table") == tags.seen.count("caption") == 2
    scopes = [attributes["scope"] for tag, attributes in tags.attributes if tag == "th"]
    assert scopes == ["col"] * 4 + ["row"] * 2 + ["col"] * 3 + ["row"] * 4
    assert {"251.41", "6.8246", "36.838", "24.74", "5.9221", "0.065551"} <= set(tags.text)
    assert "180 observations; groups: Subject, 18." in " ".join(tags.text)


def test_a_notebook_names_no_colour_so_that_light_and_dark_pages_keep_theirs():
    html = lt.lmm(SLEEP, lt.load_data("sleepstudy"))._repr_html_()
    colours = set(re.findall(r"(?:color|background):([^;\"]+)", html))
    assert colours == {"inherit", "transparent"}
    assert "#" not in html


def test_names_of_the_data_cannot_break_the_page():
    data = lt.load_data("rail").rename(columns={"Rail": "<b>&g"})
    tags = parsed(lt.lmm("travel ~ 1 + (1 | `<b>&g`)", data))
    assert "b" not in tags.seen
    assert any("<b>&g" in text for text in tags.text)


def test_a_notebook_explains_a_singular_fit():
    fit = lt.lmm("Yield ~ 1 + (1 | Batch)", lt.load_data("dyestuff2"))
    assert f"Singular fit: {fit.singular_bars['Batch']}" in parsed(fit).text


# Copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["literal", "fast"])
@pytest.mark.parametrize(
    "printout",
    ["weights_and_offset_REML", "three_and_one_ML", "sleepstudy_uncorr_REML", "pastes_ML"],
)
def test_a_pickled_fit_says_the_same(printout, engine):
    fit = fit_of(printout, engine)
    again = pickle.loads(pickle.dumps(fit))
    assert again.summary() == fit.summary()
    assert repr(again) == repr(fit)
    pd.testing.assert_frame_equal(again.tidy(), fit.tidy(), check_exact=True)
    pd.testing.assert_frame_equal(again.augment(), fit.augment())
    assert copy.deepcopy(fit).loglik == fit.loglik


def test_pickles_of_given_arrays_and_of_a_held_variance():
    data = lt.load_data("rail")
    w, o = np.arange(1.0, 19.0), np.linspace(0, 1, 18)
    fit = lt.lmm("travel ~ I(Rail > 2) + (1 | Rail)", data, sigma2_b=3.0, weights=w, offset=o)
    again = pickle.loads(pickle.dumps(fit))
    assert again.sigma2_b == 3.0
    assert again.offset.to_list() == o.tolist()
    assert again.summary() == fit.summary()


def test_a_pickle_is_no_larger_than_twice_the_columns_that_were_used():
    rng = np.random.default_rng(1)
    n = 20_000
    data = pd.DataFrame({"y": rng.normal(size=n), "x": rng.normal(size=n), "g": np.arange(n) % 500})
    fit = lt.lmm("y ~ x + (x | g)", data.assign(unused=0.0))
    fit.ranef, fit.fitted, fit.leverage  # noqa: B018
    assert len(pickle.dumps(fit)) < 2 * data.memory_usage(index=False).sum()


# Large fits ---------------------------------------------------------------------------------------

# What takes arguments, or as many fits as there are groups.
ASKED = {
    "simulate": lambda fit: fit.simulate(2, np.random.default_rng(1)),
    "influence": lambda fit: fit.influence([*fit.groups][-1], progress=False),
    "profile_interval": lambda fit: fit.profile_interval(progress=False),
}


@pytest.mark.slow
@pytest.mark.parametrize("formula", ["y ~ x + (x | g)", "y ~ x + (1 | g) + (1 | h)"])
def test_nothing_that_a_large_fit_offers_needs_V(formula):
    rng, n, q = np.random.default_rng(1), 30_000, 6_000
    g, h, x = rng.integers(0, q, n), rng.integers(0, 20, n), rng.normal(size=n)
    y = x + rng.normal(size=q)[g] * (1 + x) + rng.normal(size=20)[h] + rng.normal(size=n)
    fit = lt.lmm(formula, pd.DataFrame({"y": y, "x": x, "g": g, "h": h}))
    for name, size in (("V", "30,000 ×"), ("Z", "30,000 ×"), ("G", r"\d matrices of 30,000 ×")):
        with pytest.raises(ValueError, match=f"{name} would be {size} .* GiB, .* fast engine"):
            getattr(fit, name)
    needs_V = {"V", "Z", "G", "D", "sigma2_b"}
    offered = {name for name in dir(type(fit)) if name[0] != "_"} - needs_V
    if "(x" in formula:
        offered -= {"influence"}
    tracemalloc.start()
    for name in sorted(offered):
        value = ASKED[name](fit) if name in ASKED else getattr(fit, name)
        if callable(value):
            value()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # V would take 7.2 GB, and Z at least 1.4.
    assert peak < 2e8
