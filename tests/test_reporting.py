"""A fit in sentences: every number that they give is one of the fit, or R's."""

import json
import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from conftest import ORACLE

import lmmteach as lt

MODELS = {
    "orthodont_ri": ("orthodont", "distance ~ age * Sex + (1 | Subject)"),
    "orthodont_slope": ("orthodont", "distance ~ age * Sex + (age | Subject)"),
    "dyestuff": ("dyestuff", "Yield ~ 1 + (1 | Batch)"),
    "dyestuff2": ("dyestuff2", "Yield ~ 1 + (1 | Batch)"),
    "penicillin": ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
    "pastes": ("pastes", "strength ~ 1 + (1 | batch/cask)"),
    "sleepstudy_slope": ("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
}


def fitted(name, **options):
    data, formula = MODELS[name]
    return lt.lmm(formula, lt.load_data(data), **options)


def item_of(report, about):
    (item,) = [item for item in report.checklist if item.about == about]
    return item


@pytest.fixture(scope="module", params=MODELS)
def pair(request):
    fit = fitted(request.param)
    golden = json.loads((ORACLE / f"{request.param}.json").read_text(encoding="utf-8"))
    return fit, lt.report(fit), golden


def test_the_table_has_rs_estimates(pair):
    fit, report, golden = pair
    p = len(fit.beta)
    np.testing.assert_allclose(report.table["estimate"].iloc[:p], golden["reml"]["beta"], rtol=1e-6)
    np.testing.assert_allclose(report.table["se"].iloc[:p], golden["reml"]["se_beta"], rtol=1e-6)
    sds = sorted(report.table["estimate"].iloc[p:])
    np.testing.assert_allclose(
        sds, sorted(golden["reml"]["varcomp"]["sdcor"]), rtol=1e-5, atol=1e-6
    )


def test_the_table_has_rs_profile_intervals(pair):
    _, report, golden = pair
    r = golden["ci_profile_lme4"]
    for end in ("lower", "upper"):
        ours = np.sort(report.table[end].to_numpy())
        theirs = np.sort(np.array(r[end], dtype=float))
        # lme4 interpolates its profile with splines.
        np.testing.assert_allclose(ours, theirs, rtol=6e-3, atol=6e-3)


def test_sentences_and_both_forms_name_every_number(pair):
    fit, report, _ = pair
    text = re.sub(r"\s+", " ", repr(report))
    page = unescape(report._repr_html_())
    for sentence in report.sentences:
        assert sentence in text
        assert sentence in page
    words = " ".join(report.sentences)
    assert f"{fit.nobs} observations" in words
    for name, number in fit.groups.items():
        assert f"{number} levels of {name}" in words
    for name in fit.beta.index:
        shown = report._shown().set_index("parameter").loc[name]
        label = "intercept" if name == "(Intercept)" else name
        assert (
            f"{label} {shown['estimate']} (SE {shown['SE']}, {shown['lower']} to {shown['upper']})"
            in words
        )
    for item in report.checklist:
        assert f"{item.about}: {item.words}" in text
        assert item.about in page
    assert all(re.search(r"[^.]\.$", sentence) for sentence in report.sentences)


def test_a_number_has_the_digits_that_its_uncertainty_allows():
    table = lt.report(fitted("orthodont_ri"))._shown().set_index("parameter")
    assert table.loc["age"].tolist() == ["0.480", "0.093", "0.296", "0.663"]
    assert table.loc["SexMale"].tolist() == ["−1.0", "1.5", "−4.0", "2.0"]
    assert table.loc["SD of the residuals"].tolist() == ["1.39", "", "1.18", "1.61"]


def test_a_singular_fit_is_reported_in_words():
    report = lt.report(fitted("dyestuff2"))
    words = " ".join(report.sentences)
    assert "The SD between levels of Batch was 0.00 (0.00 to 2.08)" in words
    assert "The fit was singular: the variance of (Intercept) between levels of Batch" in words
    assert "intraclass" not in words
    assert "it was singular" in item_of(report, "Estimation").words


def test_a_correlation_that_may_be_anything_is_not_given_as_a_result():
    words = " ".join(lt.report(fitted("orthodont_slope")).sentences)
    assert "The data rule out no value of the correlation of intercept and age" in words
    assert "−0.67" not in words


def test_few_levels_are_mentioned_and_many_are_not():
    few = " ".join(lt.report(fitted("penicillin")).sentences)
    assert "There are few levels of sample (6), so intervals" in few
    assert "few levels" not in " ".join(lt.report(fitted("orthodont_ri")).sentences)


def test_the_share_between_groups_is_the_intraclass_correlation():
    fit = fitted("dyestuff")
    share = 100 * fit.sigma2_b / (fit.sigma2_b + fit.sigma2_e)
    assert f"made up {share:.0f} % of the variance" in " ".join(lt.report(fit).sentences)


def test_units_go_with_numbers_that_have_them():
    words = " ".join(lt.report(fitted("orthodont_slope"), unit="mm").sentences)
    assert "the response was distance, in mm." in words
    assert "The SD between levels of Subject was 2.4 mm (" in words
    assert "the SD of age between levels of Subject was 0.180 mm per unit of age (" in words
    assert "the SD of the residuals was 1.31 mm (" in words


def test_rows_that_were_left_out_are_reported():
    data = lt.load_data("orthodont")
    data.loc[[3, 50], "distance"] = np.nan
    _, formula = MODELS["orthodont_ri"]
    report = lt.report(lt.lmm(formula, lt.complete_rows(data, formula)), intervals="wald")
    said = "2 of 108 rows were left out because of missing values: distance in 2."
    assert report.sentences[1] == said
    assert item_of(report, "Rows left out") == (True, "Rows left out", said)
    unknown = lt.report(fitted("orthodont_ri"), intervals="wald")
    assert unknown.sentences[1].startswith("No row was left out before the fit, as far as")
    assert not item_of(unknown, "Rows left out").done


def test_wald_intervals_are_quick_and_leave_the_variances_without():
    report = lt.report(fitted("orthodont_ri"), level=0.9, intervals="wald")
    assert "90 % Wald intervals" in report.sentences[2]
    assert report.table["lower"].isna().tolist() == [False] * 4 + [True] * 2
    assert "The SD between levels of Subject was 1.82 and the SD" in report.sentences[3]
    assert not item_of(report, "Variances and correlations").done


def test_maximum_likelihood_and_a_held_variance_are_named():
    report = lt.report(fitted("dyestuff", method="ML", sigma2_b=0.0))
    words = " ".join(report.sentences)
    assert "by maximum likelihood to" in words
    assert "was held fixed, not estimated" in words


def test_what_a_column_of_texts_is_compared_with_is_named():
    data = lt.load_data("orthodont")
    item = item_of(lt.report(fitted("orthodont_ri"), intervals="wald"), "Coding")
    assert item == (True, "Coding", "Sex is compared with Female")
    data["Sex"] = pd.Categorical(data["Sex"], categories=["Male", "Female"])
    report = lt.report(lt.lmm("distance ~ Sex + (1 | Subject)", data), intervals="wald")
    assert item_of(report, "Coding").words == "Sex is compared with Male"


def test_signs_of_a_formula_are_no_markup():
    data = lt.load_data("orthodont").rename(columns={"age": "a<b"})
    fit = lt.lmm("distance ~ `a<b` + (1 | Subject)", data)
    page = lt.report(fit, intervals="wald")._repr_html_()
    assert "a&lt;b" in page
    assert "a<b" not in page


def test_what_cannot_be_reported_is_refused_in_words():
    with pytest.raises(TypeError, match="needs the result of lmm, but got a str"):
        lt.report("fit")
    with pytest.raises(ValueError, match="level"):
        lt.report(fitted("dyestuff"), level=95)
    with pytest.raises(ValueError, match=r"bootstrap.*profile"):
        lt.report(fitted("dyestuff"), intervals="bootstrap")


def test_uncorrelated_effects_have_their_intervals_too():
    fit = lt.lmm("Reaction ~ Days + (Days || Subject)", lt.load_data("sleepstudy"))
    report = lt.report(fit)
    assert "the SD of Days between levels of Subject was 6.0 (" in " ".join(report.sentences)
    assert report.table[["lower", "upper"]].notna().all(axis=None)
