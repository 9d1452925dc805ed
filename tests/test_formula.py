"""Formulas: every term counts, nothing is dropped, and a prediction does not depend on its company.

What a formula means is worked out here a second time, by sets, and its columns by products of
indicators; the fit must be that of the same design written out in columns.
"""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lmmteach as lt
from lmmteach._formula import read_formula

ORTHODONT = lt.load_data("orthodont")


def unbalanced_data():
    rng = np.random.default_rng(10)
    sizes = [9, 7, 12, 5, 11, 8, 1, 13]
    n = sum(sizes)
    data = pd.DataFrame(
        {
            "g": np.repeat([f"g{k}" for k in range(len(sizes))], sizes),
            "x": rng.normal(size=n),
            "z": rng.normal(size=n) + 3,
            "u": rng.uniform(1, 4, size=n),
            "two  words": rng.normal(size=n),
            "w[mg]": rng.normal(size=n),
            "f": rng.choice(["p", "q"], size=n),
            "h": pd.Categorical(
                rng.choice(["low", "mid", "top"], size=n), ["top", "low", "never", "mid"]
            ),
            "k": rng.integers(1, 4, size=n).astype("int8"),
            "flag": rng.random(n) < 0.4,
            "sign": rng.random(n) < 0.5,
        }
    )
    effect = pd.Series(rng.normal(size=len(sizes)), index=data["g"].unique())
    data["y"] = data["g"].map(effect).to_numpy() + data["x"] + rng.normal(size=n)
    return data.sample(frac=1, random_state=3).reset_index(drop=True)


DATA = unbalanced_data()
X = DATA["x"].to_numpy()


def columns(*parts):
    return np.column_stack(parts)


def indicators(values):
    return np.equal.outer(np.asarray(values), pd.unique(np.asarray(values))).astype(float)


# What a name or a call stands for: columns of numbers, or all the indicators of a factor.
ATOMS = {
    "x": columns(X),
    "z": columns(DATA["z"]),
    "`two  words`": columns(DATA["two  words"]),
    "`w[mg]`": columns(DATA["w[mg]"]),
    "k": columns(DATA["k"].astype(float)),
    "f": indicators(DATA["f"]),
    "h": indicators(DATA["h"]),
    "flag": indicators(DATA["flag"]),
    "C(k)": indicators(DATA["k"]),
    "I(x**2)": columns(X**2),
    "I(x - np.mean(x))": columns(X - X.mean()),
    "I((x + z) * u)": columns((X + DATA["z"]) * DATA["u"]),
    "I(x + z * u)": columns(X + DATA["z"] * DATA["u"]),
    "I(x > 0)": indicators(X > 0),
    "sign": indicators(DATA["sign"]),
    "I(flag + sign)": columns(DATA["flag"] * 1.0 + DATA["sign"]),
    "I(-x**2 + z)": columns(-(X**2) + DATA["z"]),
    "I(flag * u)": columns(DATA["flag"] * DATA["u"]),
    "log(u)": columns(np.log(DATA["u"])),
    "np.exp(x)": columns(np.exp(X)),
    "center(x)": columns(X - X.mean()),
    "scale( z )": columns((DATA["z"] - DATA["z"].mean()) / DATA["z"].std()),
    "poly(x, 2)": columns(X - X.mean(), X**2 - np.polyval(np.polyfit(X, X**2, 1), X)),
    'T(f, ref = "q")': indicators(DATA["f"]),
    "S(h)": indicators(DATA["h"]),
}


def atom(name):
    return name, {frozenset([name])}


def combine(left, sign, right):
    (text, terms), (other_text, others) = left, right
    crossed = {one | other for one in terms for other in others}
    meaning = {
        "+": terms | others,
        "-": terms - others,
        ":": crossed,
        "*": terms | others | crossed,
        "/": terms | {frozenset().union(*terms) | other for other in others},
    }[sign]
    return f"({text}{sign}{other_text})", meaning


def squared(inside):
    text, terms = inside
    return f"({text})**2", terms | {one | other for one in terms for other in terms}


SUMS = st.recursive(
    st.sampled_from(sorted(ATOMS)).map(atom),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-:*/"), inner).map(lambda t: combine(*t)),
        inner.map(squared),
    ),
    max_leaves=5,
)
SPACES = st.sampled_from(["", " ", "  ", "\t", "\n "])


def design_of(terms):
    """The columns of the terms written out, as many as are independent, at right angles."""
    blocks = [product_of(term) for term in terms]
    every = np.column_stack(blocks)
    left, sizes, _ = np.linalg.svd(every / np.linalg.norm(every, axis=0).clip(1e-300))
    return left[:, : len(sizes)][:, sizes > 1e-9 * sizes.max()]


def product_of(term):
    product = np.ones((len(DATA), 1))
    for name in term:
        product = (product[:, :, None] * ATOMS[name][:, None, :]).reshape(len(DATA), -1)
    return product[:, np.abs(product).max(axis=0) > 0]


def attempt(function, *arguments):
    """What a function gives, and no words; or nothing, and the words with which it refuses."""
    try:
        return function(*arguments), ""
    except ValueError as error:
        return None, str(error)


REFUSALS = "rank deficient|fewer observations|no fixed part|Interaction with"


@settings(max_examples=150, suppress_health_check=[HealthCheck.filter_too_much])
@given(SUMS, st.sampled_from(["", "0 + ", "-1 + ", "1 + "]), SPACES)
def test_a_formula_fits_as_its_design_written_out_or_is_refused(made, start, space):
    text, terms = made
    formula = f"y ~ {start}{text} + (1 | g)".replace(" + ", f"{space}+{space}")
    if start in ("", "1 + "):
        terms = terms | {frozenset()}
    fit, refusal = attempt(lt.lmm, formula, DATA, "ML")
    if refusal:
        assert re.search(REFUSALS, refusal), formula
        return
    written = design_of(terms)
    assert fit.X.shape[1] == written.shape[1]
    names = [f"c{k}" for k in range(written.shape[1])]
    out = pd.concat([DATA[["y", "g"]], pd.DataFrame(written, columns=names)], axis=1)
    right = lt.lmm(f"y ~ 0 + {' + '.join(names)} + (1 | g)", out, "ML")
    assert fit.loglik == pytest.approx(right.loglik, rel=1e-8)
    assert fit.fitted.to_numpy() == pytest.approx(right.fitted.to_numpy(), abs=1e-6)
    assert len(set(fit.beta.index)) == len(fit.beta)


@settings(max_examples=60)
@given(SUMS, st.randoms(use_true_random=False))
def test_rows_in_another_order_and_newdata_in_any_company_give_the_same(made, random):
    text, _ = made
    formula = f"y ~ {text} + (1 | g)"
    fit, refusal = attempt(lt.lmm, formula, DATA)
    if refusal:
        return
    order = random.sample(range(len(DATA)), len(DATA))
    shuffled = lt.lmm(formula, DATA.iloc[order])
    assert shuffled.beta.to_numpy() == pytest.approx(fit.beta.to_numpy(), rel=1e-6, abs=1e-7)
    newdata = DATA.iloc[order[:12]]
    together = fit.predict(newdata)
    assert together.to_numpy() == pytest.approx(fit.fitted[order[:12]].to_numpy(), abs=1e-8)
    one_by_one = [fit.predict(newdata.iloc[[k]]).iloc[0] for k in range(len(newdata))]
    assert one_by_one == pytest.approx(together.to_numpy(), abs=1e-9)
    whole = fit.prediction_interval(newdata)
    single = fit.prediction_interval(newdata.iloc[[5]])
    assert single.to_numpy()[0] == pytest.approx(whole.to_numpy()[5], abs=1e-9)


# What is left over, and other things that cannot be read ------------------------------------------

LEFT_OVER = [
    ("y ~ x + (1 | g) pH", "pH", "A sign is missing"),
    ("y ~ x, z + (1 | g)", ",", "A comma can only separate"),
    ("y ~ x + (1 | g)\nz", "z", "A sign is missing"),
    ("y ~ x + (1 | g))", ")", "closes none"),
    ("y ~ x + (1 | g) > 3", ">", "comparison"),
    ("y ~ x == 3 + (1 | g)", "==", "comparison"),
    ("y ~ (x == 3) + (1 | g)", "==", "comparison"),
    ("y ~ x + (1 | g) 5", "5", "A sign is missing"),
    ("y ~ two words + (1 | g)", "words", "`two  words`"),
    ("y ~ 1st + (1 | g)", "st", "begins with a digit goes in backticks: `1st`"),
    ("y ~ a%in%b + (1 | g)", "%in", "a %in% b is a:b"),
    ("y ~ x + (x ||| g)", "| g", r"\(1 \| g\)"),
    ("y ~ x || g", "||", "goes in parentheses"),
    ("y ~ x | g", "|", "goes in parentheses"),
    ("y ~ x (1 | g)", "(1", "x is a column, not a function"),
    ("y ~ x + [z] + (1 | g)", "[", "brackets"),
    ("y ~ w[mg] + (1 | g)", "w", "brackets in it goes in backticks"),
    ("y ~ x + {z + (1 | g)", "", "missing"),
    ("y ~ x + (1 | g", "", "closing parenthesis is missing"),
    ("y ~ x +", "", "ends too early"),
    ("y ~ x + `z + (1 | g)", "`", "no partner"),
    ("y ~ T(f, ref='q\") + (1 | g)", "'", "no partner"),
    ("y ~ x ~ (1 | g)", "~ (", "more than one '~'"),
    ("y ~ x = 3 + (1 | g)", "=", "single ="),
    ("y ~ (x = 3) + (1 | g)", "x = 3", "single ="),
    ("y ~ . + (1 | g)", ".", "a dot does not stand"),
    ("y ~ d$x + (1 | g)", "$", "x rather than data"),
    ("y ~ _x + (1 | g)", "_", "`_x`"),
    ("y ~ x^2 + (1 | g)", "^", r"I\(x\*\*2\)"),
    ("y ~ x**2 + (1 | g)", "x**", r"I\(x\*\*2\) for a power\. Without"),
    ("y ~ (x + z)**k + (1 | g)", "k", "whole number"),
    ("y ~ 2 * x + (1 | g)", "2", "neither 0 nor 1"),
    ("y ~ x:1 + (1 | g)", "1", "belongs in a sum"),
    ("y ~ x + (1 / g)", "1", "a random part, it needs a bar"),
    ("y ~ x + (1 | 1)", "1)", "belongs in a sum"),
    ("y ~ x + (1 | g - g)", "g -", "the column of the groups"),
    ("y ~ x + (1 | )", ")", "missing before this sign"),
    ("y = x + (1 | g)", "=", "separated by ~, not by ="),
    ("y ~ (x + f)^2 + (1 | g)", "^", r"\(a \+ b\)\*\*2"),
    ("y ~ 2² + (1 | g)", "²", "has no meaning here"),
    ("y ∼ x + (1 | g)", "∼", "Type ~"),
    ("y ~ x − z + (1 | g)", "−", "Type -"),
    ("y ~ x + (1 | g) # mean", "#", "no comments"),
    ("y ~ splines::bs(x, df=4) + (1 | g)", ":bs", "Name the function alone"),
    ("y ~ bs(x, knots=[1, 2]) + (1 | g)", "[1", "df=4"),
    ("y ~ C(f, contr.sum) + (1 | g)", "C", r"S\(f\)"),
    ("y ~ C(f, Helmert) + (1 | g)", "C", "columns of their own"),
    ("y ~ f.astype('category') + (1 | g)", "f.", r"treat it as levels, C\(f\)"),
    ("y ~ log(u, 2) + (1 | g)", "log", r"np\.log2\(x\)"),
    ("y ~ np.exp(u, z) + (1 | g)", "np", r"takes 1 argument"),
    ("y ~ np.log(u, out=z) + (1 | g)", "np", r"takes 1 argument"),
    ("y ~ I(0 < x < 1) + (1 | g)", "< 1", "one comparison at a time"),
    ("y ~ I(x > 0 == flag) + (1 | g)", "==", "one comparison at a time"),
    ("y ~ I((x > 0) | (z > 3)) + (1 | g)", "| (z", "either of two conditions"),
    ("y ~ poly(x, 2, raw=TRUE) + (1 | g)", "TRUE", "In Python it is True"),
    ("y ~ mean(x) + (1 | g)", "mean", r"np\.mean\(x\)"),
    ("y ~ I(offset(x)) + (1 | g)", "offset", "a term of its own"),
    ("y ~ x:offset(z) + (1 | g)", "offset", "a term of its own in the fixed part"),
    ("y ~ x + (offset(z) | g)", "offset", "a term of its own in the fixed part"),
    ("y ~ x + (1 | offset(g))", "offset", "a term of its own in the fixed part"),
    ("y ~ x + offset(x, z) + (1 | g)", "offset", "takes one column"),
    ("y ~ x + offset(x = z) + (1 | g)", "offset", "takes one column"),
    ("y ~ x + offset() + (1 | g)", "offset", "takes one column"),
    ("y ~ 'x' + (1 | g)", "'x", "without quotes"),
    ("y ~ x + True + (1 | g)", "True", "has no meaning here"),
    ("y ~ -x + (1 | g)", "-x", "removes a term"),
    ("y ~ x - (1 | g)", "- (", "cannot be subtracted"),
    ("y ~ x:(1 | g)", "(1", "added to the rest"),
    ("y ~ x + (1 | g | f)", "| f", "one bar"),
    ("y ~ np.pi + (1 | g)", "np", "not a column"),
    ("y ~ I(x:z) + (1 | g)", ":", "has no meaning inside a call"),
    ("y ~ (x)(z) + (1 | g)", "(z", "sign is missing before this parenthesis"),
    ("y ~ x + (1 | g) (z)", "(z", "sign is missing before this parenthesis"),
    ("y ~ log(u)(z) + (1 | g)", "(z", "sign is missing before this parenthesis"),
    ("y ~ I(x = z) + (1 | g)", "I", "For a comparison, write =="),
    ("y ~ C(h, Treatment('low')) + (1 | g)", "C", r"T\(h, ref=\"low\"\)"),
    ("y ~ C(h, 'low') + (1 | g)", "C", r"T\(h, ref=\"low\"\)"),
    ("y + z ~ x + (1 | g)", "y +", "response must be one column"),
    ("y ~ C(h, Sum) + (1 | g)", "C", r"Write S\(h\) for sum contrasts"),
    ("y ~ C(h, Treatment) + (1 | g)", "C", r"T\(h, ref="),
    ("y ~ C(h, Treatment(reference='low')) + (1 | g)", "C", r"T\(h, ref="),
    ("y ~ C(h, levels=['low', 'top']) + (1 | g)", "['low", r"pd\.Categorical"),
    ("y ~ C(h, levels=lev) + (1 | g)", "C", r"pd\.Categorical"),
    ("y ~ Q('x') + (1 | g)", "Q", "goes in backticks: `x`"),
    ("y ~ x.mean() + (1 | g)", "x.", r"center\(x\); for anything else"),
    ("y ~ factor(f) + (1 | g)", "factor", r"C\(f\)"),
    ("y ~ ln(u) + (1 | g)", "ln", r"log\(u\)"),
    ("y ~ pd.cut(x, 3) + (1 | g)", "pd", "column of the classes"),
    ("y ~ mystery(x) + (1 | g)", "mystery", "'mystery', which is not known"),
    ("y ~ np.random.normal(x) + (1 | g)", "np.random", "not known"),
]


@pytest.mark.parametrize(("formula", "place", "words"), LEFT_OVER)
def test_what_is_not_understood_is_shown(formula, place, words):
    with pytest.raises(ValueError, match=words) as caught:
        lt.lmm(formula, DATA)
    *_, line, mark = str(caught.value).splitlines()
    assert line.strip() == re.sub(r"\s", " ", formula)
    position = mark.index("^") - 4
    found = formula.rindex(place) if place else len(formula)
    # Where the mark is one of several alike, the right one is the first that is not understood.
    assert position == found or formula[position:].startswith(place)


@given(st.text(alphabet="xzf`()|~+-*/:,.[]{}'\"0123 =<>%&!@\n", max_size=25))
@settings(max_examples=400)
def test_a_formula_of_any_signs_is_read_whole_or_refused_in_words(middle):
    formula = f"y ~ {middle} + (1 | g)"
    read, refusal = attempt(read_formula, formula, DATA.columns)
    if refusal:
        assert refusal.splitlines()[-1].strip() == "^"
        return
    # Each sign that was written is a sign of what was read.
    assert all(read.written.count(sign) == formula.count(sign) for sign in "xzf|:+-*/<>`,"), formula


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "names"),
    [
        ("poly(x, 2)", ["poly(x, 2)1", "poly(x, 2)2"]),
        ("poly( x,1 )", ["poly(x, 1)"]),
        ("bs(x, df=4)", [f"bs(x, df = 4){k}" for k in (1, 2, 3, 4)]),
        ("`w[mg]` + `two  words`", ["w[mg]", "two  words"]),
        ("f:`w[mg]`", ["fp:w[mg]", "fq:w[mg]"]),
        ("flag", ["flagTRUE"]),
        ("C(flag)", ["C(flag)TRUE"]),
        ("I(x > 0)", ["I(x > 0)TRUE"]),
        ("flag:f + flag + f", ["flagTRUE", "fq", "flagTRUE:fq"]),
        ("h", ["hlow", "hmid"]),
        ("C(h)", ["C(h)low", "C(h)mid"]),
        ("C(k)", ["C(k)2", "C(k)3"]),
        ("x:z + x", ["x", "x:z"]),
        ("I( (x+z)*u )", ["I((x + z) * u)"]),
    ],
)
def test_coefficients_have_the_names_that_r_gives(fixed, names):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    assert list(fit.beta.index) == ["(Intercept)", *names]


def test_without_a_mean_every_level_of_a_logical_column_has_its_own():
    fit = lt.lmm("y ~ 0 + flag + (1 | g)", DATA)
    assert list(fit.beta.index) == ["flagFALSE", "flagTRUE"]


def test_the_order_of_categories_is_that_of_the_data():
    fit = lt.lmm("y ~ h + (1 | g)", DATA)
    dummies = DATA.assign(low=(DATA["h"] == "low") * 1.0, mid=(DATA["h"] == "mid") * 1.0)
    right = lt.lmm("y ~ low + mid + (1 | g)", dummies)
    assert fit.beta.to_numpy() == pytest.approx(right.beta.to_numpy())
    ordered = DATA.assign(h=DATA["h"].cat.as_ordered())
    assert lt.lmm("y ~ h + (1 | g)", ordered).beta.to_dict() == fit.beta.to_dict()
    one_row = pd.DataFrame({"h": pd.Categorical(["mid"]), "g": ["g2"]})
    expected = fit.predict(pd.DataFrame({"h": ["mid"], "g": ["g2"]}))
    assert fit.predict(one_row)[0] == expected[0]
    assert lt.lmm("y ~ C(h) + (1 | g)", DATA).predict(one_row)[0] == pytest.approx(expected[0])


def test_groups_keep_the_order_of_their_categories_without_those_that_no_row_has():
    order = ["g7", "g0", "none", "g3", "g1", "g2", "g4", "g5", "g6"]
    fit = lt.lmm("y ~ x + (1 | g)", DATA.assign(g=pd.Categorical(DATA["g"], order)))
    assert list(fit.ranef["g"].index) == [level for level in order if level != "none"]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("f/h", "f + f:h"),
        ("C(k)/f", "C(k) + C(k):f"),
        ("f/x", "f + f:x"),
        ("f + f:C(k)", "f * C(k) - C(k)"),
        ("f:h:C(flag) + f", "f + C(flag):h:f"),
        ("(f + h)/x", "f + h + f:h:x"),
        ("f:(x + z)", "f:x + f:z"),
        ("(x + z + u)**2", "x + z + u + x:z + x:u + z:u"),
        ("f:x + x:f", "f:x"),
    ],
)
def test_short_ways_to_write_several_terms(short, long):
    one, other = (lt.lmm(f"y ~ {fixed} + (1 | g)", DATA, "ML") for fixed in (short, long))
    assert one.loglik == pytest.approx(other.loglik, rel=1e-9)
    assert sorted(one.fitted) == pytest.approx(sorted(other.fitted))


def test_a_combination_of_levels_that_no_row_has_is_named():
    gap = DATA[~((DATA["f"] == "q") & (DATA["h"] == "mid"))]
    with pytest.raises(
        ValueError, match=r"'fq:hmid' is 0 in every row, because no row has this comb"
    ):
        lt.lmm("y ~ f * h + (1 | g)", gap)


# Memory -------------------------------------------------------------------------------------------

YEARS = pd.DataFrame({"year": np.repeat(np.arange(2001, 2009), 6), "g": list("abcdef") * 8})
YEARS["y"] = 2.1 * (YEARS["year"] - 2001) + np.sin(np.arange(48)) + YEARS["g"].map(ord) % 5


@pytest.mark.parametrize(
    "term",
    [
        "I(year - np.min(year))",
        "I(year - np.max(year))",
        "I((year - np.mean(year)) / np.std(year))",
        "I(year / np.sum(year))",
        "I(year - np.median(year))",
        "center(year)",
        "scale(year)",
        "standardize(year)",
        "poly(year, 1)",
    ],
)
@pytest.mark.parametrize("order", ["sorted", "reversed", "shuffled"])
@pytest.mark.parametrize("ask", ["predict", "prediction_interval"])
def test_what_is_computed_from_all_rows_is_kept(term, order, ask):
    data = {"sorted": YEARS, "reversed": YEARS[::-1], "shuffled": YEARS.sample(frac=1)}[order]
    later = pd.DataFrame({"year": [2009, 2011], "g": ["a", "e"]})
    found = getattr(lt.lmm(f"y ~ {term} + (1 | g)", data), ask)(later)
    right = getattr(lt.lmm("y ~ year + (1 | g)", data), ask)(later)
    assert found.to_numpy() == pytest.approx(right.to_numpy(), rel=1e-8)


@pytest.mark.parametrize("call", ["np.sort(x)", "np.cumsum(x)", "np.roll(x, 1)", "np.argsort(x)"])
@pytest.mark.parametrize("around", ["{}", "I(x - {})", "center(log({} + 10))"])
def test_what_depends_on_the_other_rows_and_their_order_is_refused_by_name(call, around):
    name = re.escape(call.partition("(")[0])
    with pytest.raises(ValueError, match=rf"{name}\(\) gives each row a value that depends on the"):
        lt.lmm(f"y ~ {around.format(call)} + (1 | g)", DATA)


def test_one_number_for_all_rows_is_no_column():
    with pytest.raises(
        ValueError, match=r"np\.mean\(\) gives one number rather than one for each row"
    ):
        lt.lmm("y ~ np.mean(x) + (1 | g)", DATA)


def test_a_binary_column_keeps_its_level():
    fit = lt.lmm("y ~ binary(f, 'q') + (1 | g)", DATA)
    right = lt.lmm("y ~ f + (1 | g)", DATA)
    for rows in (DATA[DATA["f"] == "p"].iloc[:3], DATA.iloc[[4]], DATA[::-1]):
        assert fit.predict(rows).to_numpy() == pytest.approx(right.predict(rows).to_numpy())
    assert lt.lmm("y ~ binary(f) + (1 | g)", DATA).predict(DATA.iloc[[4]]).iloc[0] == pytest.approx(
        right.predict(DATA.iloc[[4]]).iloc[0]
    )


@pytest.mark.parametrize("call", ["binary(f, 'r')", "T(f, ref='r')"])
def test_a_level_that_the_data_do_not_have_is_the_mistake_of_the_formula(call):
    with pytest.raises(ValueError, match=r"asks for 'r', but the levels are 'p', 'q'"):
        lt.lmm(f"y ~ {call} + (1 | g)", DATA)


def test_scale_divides_by_the_sd_of_r():
    fit = lt.lmm("distance ~ scale(age) + (1 | Subject)", ORTHODONT)
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT)
    assert fit.beta.iloc[1] == pytest.approx(right.beta.iloc[1] * ORTHODONT["age"].std(ddof=1))


# Labels of another type ---------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["predict", "prediction_interval"])
def test_a_group_of_another_type_is_told_so(ask):
    data = YEARS.assign(g=YEARS["g"].map({k: str(101 + i) for i, k in enumerate("abcdef")}))
    fit = lt.lmm("y ~ year + (1 | g)", data)
    newdata = pd.DataFrame({"year": [2005], "g": [101]})
    message = r"the data have '101' \(text\), while newdata has 101 \(number\)\. Give both the same"
    with pytest.warns(lt.fit.NewGroupWarning, match=message):
        getattr(fit, ask)(newdata)
    for other in (101.0, "101.0"):
        with pytest.warns(lt.fit.NewGroupWarning, match="Give both the same"):
            getattr(fit, ask)(newdata.assign(g=other))
    with pytest.warns(lt.fit.NewGroupWarning) as said:
        getattr(fit, ask)(newdata.assign(g="999"))
    assert "type" not in str(said[0].message)


# Scales, copies, many rows ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e100, 1e-100, 1e150])
def test_a_scale_out_of_the_range_is_named(size):
    with pytest.raises(ValueError, match=r"The response .* outside the range.*different unit"):
        lt.lmm(
            "distance ~ age + (1 | Subject)", ORTHODONT.assign(distance=lambda d: d.distance * size)
        )
    with pytest.raises(ValueError, match=r"The column 'age' of X .*outside the range"):
        lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT.assign(age=lambda d: d.age * size))


@pytest.mark.parametrize("size", [1e50, 1e-50])
@pytest.mark.parametrize("method", ["ML", "REML"])
def test_a_scale_within_the_range_changes_the_units_only(size, method):
    right = lt.lmm("distance ~ age + (1 | Subject)", ORTHODONT, method)
    scaled = ORTHODONT.assign(distance=lambda d: d.distance * size)
    fit = lt.lmm("distance ~ age + (1 | Subject)", scaled, method)
    assert fit.theta / size**2 == pytest.approx(right.theta, rel=1e-8)
    assert fit.se.to_numpy() / size == pytest.approx(right.se.to_numpy(), rel=1e-8)


@pytest.mark.parametrize(
    "fixed", ["1", "poly(x, 2) * f + scale(z)", "I(x - np.mean(x)) + C(k) + I(x > 0) + log(u)"]
)
def test_a_fit_can_be_pickled(fixed):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    again = pickle.loads(pickle.dumps(fit))
    assert again.summary() == fit.summary()
    pd.testing.assert_series_equal(again.predict(DATA.iloc[3:6]), fit.predict(DATA.iloc[3:6]))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("y ~ x + (x || g)", "y ~ x + ((1 | g) + (0 + x | g))"),
        ("y ~ 1 + (0 + x + z||g)", "y ~ 1 + ((0 + x | g) + (0 + z | g))"),
        ("y ~ 1 + (f*x || g) + (1|k)", None),
    ],
)
def test_double_bars_are_written_out_as_lme4_keeps_them(written, text):
    read = read_formula(written, DATA.columns)
    expected = text or "y ~ 1 + ((1 | g) + (0 + f | g) + (0 + x | g) + (0 + f:x | g)) + (1 | k)"
    assert read.text == expected
    assert read_formula(read.text, DATA.columns).text == expected
    assert "||" in read.written


def test_an_offset_is_no_term_of_the_fixed_part():
    read = read_formula("y ~ x + offset(log(u)) + (1 | g)", DATA.columns)
    assert read.terms == ((), ("x",))
    assert read.offsets == (("offset(log(u))",),)
    assert read_formula("y ~ offset(u) + x - offset(u) + (1 | g)", DATA.columns).offsets == ()


def test_an_interval_of_many_rows_needs_no_covariance_of_all_of_them():
    fit = lt.lmm("y ~ x + (1 | g)", DATA)
    many = DATA.iloc[np.arange(60_000) % len(DATA)]
    found = fit.prediction_interval(many)
    few = fit.prediction_interval(DATA)
    assert found["se"].to_numpy()[: len(DATA)] == pytest.approx(few["se"].to_numpy(), rel=1e-10)


def test_nothing_is_printed_or_warned_of_on_the_way(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="cannot be computed"):
            lt.lmm("y ~ I(f * 2.5) + (1 | g)", DATA)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("fixed", "names"),
    [
        ("f / h", ["fq", "fp:hlow", "fq:hlow", "fp:hmid", "fq:hmid"]),
        ("h / f", ["hlow", "hmid", "htop:fq", "hlow:fq", "hmid:fq"]),
        ("f * h", ["fq", "hlow", "hmid", "fq:hlow", "fq:hmid"]),
        ("f:poly(x, 2)", [f"f{level}:poly(x, 2){k}" for k in (1, 2) for level in "pq"]),
    ],
)
def test_columns_of_an_interaction_stand_as_in_r(fixed, names):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    assert list(fit.beta.index) == ["(Intercept)", *names]
    for name, column in zip(names, fit.X.T[1:], strict=True):
        level = re.match(r"f([pq])", name)
        if level:
            assert set(DATA["f"][column != 0]) == {level[1]}


# What an attempt to break it found ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "design"),
    [
        ("f:flag:sign", 8),
        ("f:h:flag", 12),
        ("x + x:f:flag:sign", 9),
        ("0 + x + x:f:flag:sign", 8),
        ("x + C(k):f:flag", 13),
        ("f:flag", 4),
        ("bs(x, df=3) * f", 8),
    ],
)
def test_an_interaction_without_its_margins_has_a_column_for_each_cell(fixed, design):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    assert np.linalg.matrix_rank(fit.X) == fit.X.shape[1] == design
    assert len(set(fit.beta.index)) == design


@pytest.mark.parametrize("method", ["as_ordered", "as_unordered"])
@pytest.mark.parametrize("term", ['I(size > "small")', 'np.where(size >= "mid", x, 0)', "C(size)"])
def test_a_comparison_of_categories_keeps_their_order(method, term):
    size = pd.Categorical(
        DATA["h"].map({"top": "large", "low": "small", "mid": "mid"}), ["small", "mid", "large"]
    )
    data = DATA.assign(size=getattr(pd.Series(size).cat, method)())
    fit, refusal = attempt(lt.lmm, f"y ~ {term} + (1 | g)", data)
    if method == "as_unordered" and ">" in term:
        assert "rdered" in refusal
        return
    for rows in (data, data.iloc[[3]], data[data["size"] == "mid"]):
        assert fit.predict(rows).to_numpy() == pytest.approx(fit.fitted[rows.index].to_numpy())


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("I(-x**2)", -(X**2)),
        ("I(z - -x**2)", DATA["z"] + X**2),
        ("I(2**3**2 + x)", 512 + X),
        ("np.exp(-x**2)", np.exp(-(X**2))),
        ("I(flag + sign)", DATA["flag"] * 1 + DATA["sign"]),
        ("I(x * (-flag))", -X * DATA["flag"]),
        ("I((x > 0) + (z > 3) + flag)", (X > 0) * 1 + (DATA["z"] > 3) * 1 + DATA["flag"]),
        ("np.add(flag, sign)", DATA["flag"] * 1 + DATA["sign"]),
        ("I(flag - sign)", DATA["flag"] * 1.0 - DATA["sign"]),
        ("I(k**-1)", 1 / DATA["k"].astype(float)),
    ],
)
def test_arithmetic_is_that_of_r(call, values):
    fit = lt.lmm(f"y ~ {call} + (1 | g)", DATA)
    assert fit.X[:, 1] == pytest.approx(np.asarray(values, dtype=float))


@pytest.mark.parametrize(
    ("fixed", "names"),
    [
        ("x + z + x", ["x", "z"]),
        ("x + z - (1 + z)", ["x"]),
        ("x + z - (0 + z)", ["(Intercept)", "x"]),
        ("0 + f + h*f", ["fp", "fq", "hlow", "hmid", "fq:hlow", "fq:hmid"]),
        ("f + x + x:f", ["(Intercept)", "fq", "x", "fq:x"]),
        ("x*(1 + f)", ["(Intercept)", "x", "fq", "x:fq"]),
        ("(1 + f + x)**2", ["(Intercept)", "fq", "x", "fq:x"]),
        ("x - 1 + 1", ["(Intercept)", "x"]),
    ],
)
def test_terms_and_their_order_are_those_of_r(fixed, names):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    expected = names if "0 +" in fixed[:3] or "(1 + z)" in fixed else ["(Intercept)", *names]
    assert list(fit.beta.index) == list(dict.fromkeys(expected))


def test_labels_of_levels_are_written_as_in_r():
    data = DATA.assign(dose=DATA["k"] / 2, big=DATA["k"].astype(int) * 1000)
    fit = lt.lmm("y ~ C(dose) + C(big) - C(big) + (1 | g)", data)
    assert list(fit.beta.index) == ["(Intercept)", "C(dose)1", "C(dose)1.5"]


@pytest.mark.parametrize(
    ("fixed", "column", "value", "words"),
    [
        (
            "C(flag)",
            "flag",
            [1, 0],
            "'flag' holds numbers, but in the data of the fit",
        ),
        ("C(k)", "k", [True, True], "the level True is not in the data|holds logical"),
        (
            "C(k)",
            "k",
            ["1", "2"],
            "holds texts, but in the data of the fit that column holds numbers",
        ),
        ("f", "f", ["zz", "p"], "the level 'zz' is not in the data, whose levels are 'p', 'q'"),
        ("binary(f, 'q')", "f", ["zz", "p"], "the level 'zz' is not in the data"),
        ("h", "h", [1, 2], "the level 1 is not in the data"),
        ("x", "x", ["1", "2"], "'x' holds texts"),
        ("I(x * 2)", "x", ["1", "2"], "'x' holds texts"),
        (
            "flag",
            "flag",
            [1, 0],
            "'flag' holds numbers, but in the data of the fit that column holds logic",
        ),
        ("x", "x", [True, False], "'x' holds logical values"),
    ],
)
def test_newdata_of_another_type_are_refused_not_guessed(fixed, column, value, words):
    fit = lt.lmm(f"y ~ {fixed} + (1 | g)", DATA)
    with pytest.raises(ValueError, match=words):
        fit.predict(pd.DataFrame({column: value, "g": "g1"}))


def test_the_type_of_a_level_is_told_where_it_differs():
    data = DATA.assign(code=DATA["k"].astype(str))
    fit = lt.lmm("y ~ code + (1 | g)", data)
    with pytest.raises(
        ValueError, match=r"the level 1\.?0? is not .* as '1', a text; this is a number"
    ):
        fit.predict(pd.DataFrame({"code": [1], "g": "g1"}))


@pytest.mark.parametrize(
    "call", ["I(x / np.matmul(x, x))", "I(x / np.vecdot(x, x))", "I(x / np.dot(x, x))"]
)
def test_sums_over_rows_are_kept(call):
    if not hasattr(np, "vecdot") and "vecdot" in call:
        call = "I(x / np.inner(x, x))"
    fit = lt.lmm(f"y ~ {call} + (1 | g)", DATA)
    assert fit.predict(DATA.iloc[[7]]).iloc[0] == pytest.approx(fit.fitted.iloc[7])


def test_a_column_named_like_a_call_is_another_column():
    data = DATA.assign(**{"log(u)": DATA["z"]})
    fit = lt.lmm("y ~ `log(u)` + (1 | g)", data)
    assert fit.X[:, 1] == pytest.approx(DATA["z"].to_numpy())
    with pytest.raises(ValueError, match=r"two coefficients .*'log\(u\)'"):
        lt.lmm("y ~ log(u) + `log(u)` + (1 | g)", data)
    assert lt.lmm("log(u) ~ `log(u)` + (1 | g)", data).y == pytest.approx(np.log(DATA["u"]))


def test_a_categorical_of_truth_values_and_a_logical_response():
    data = DATA.assign(v=pd.Categorical(DATA["flag"]))
    fit = lt.lmm("y ~ v + x:v + (1 | g)", data)
    assert list(fit.beta.index) == ["(Intercept)", "vTRUE", "vFALSE:x", "vTRUE:x"]
    assert fit.predict(data).to_numpy() == pytest.approx(fit.fitted.to_numpy())
    with pytest.raises(
        ValueError, match="the level 1 is not in the data, whose levels are False, True"
    ):
        fit.predict(pd.DataFrame({"v": [1, 0], "x": [0.0, 0.0], "g": "g1"}))
    binary = lt.lmm("flag ~ x + (1 | g)", DATA)
    numbers = lt.lmm("y ~ x + (1 | g)", DATA.assign(y=DATA["flag"] * 1.0))
    assert binary.beta.to_numpy() == pytest.approx(numbers.beta.to_numpy())


def test_no_rows_give_no_predictions():
    fit = lt.lmm("y ~ h * f + bs(x, df=4) + (1 | g)", DATA)
    assert len(fit.predict(DATA.iloc[:0])) == len(fit.prediction_interval(DATA.iloc[:0])) == 0


def test_what_is_too_deep_or_has_names_of_several_levels_is_refused_in_words():
    with pytest.raises(ValueError, match="too many parentheses"):
        lt.lmm(f"y ~ {'(' * 400}x{')' * 400} + (1 | g)", DATA)
    with pytest.raises(ValueError, match="column names with 2 levels"):
        lt.lmm("y ~ x + (1 | g)", pd.concat({"a": DATA}, axis=1))


def test_a_constant_column_is_called_constant():
    with pytest.raises(
        ValueError, match=r"'one' has the same value in all rows, just as \(Intercept\)"
    ):
        lt.lmm("y ~ one + (1 | g)", DATA.assign(one=2.5))


def test_groups_may_be_dates():
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(DATA["g"].str[1:].astype(int), unit="D")
    fit = lt.lmm("y ~ x + (1 | day)", DATA.assign(day=day))
    assert fit.loglik == pytest.approx(lt.lmm("y ~ x + (1 | g)", DATA).loglik)
