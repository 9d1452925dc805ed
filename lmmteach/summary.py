"""The printout of a fit: lme4's lines, in lme4's order, with lme4's digits."""

import math

import numpy as np

from lmmteach._columns import listed
from lmmteach._rformat import (
    abbreviate,
    deparse,
    fill,
    format_matrix,
    format_numbers,
    zap_small,
)

DIGITS = 4
# With more coefficients, their correlations are not printed.
MOST_CORRELATED = 12


class Summary(str):
    """The text of a printout, which shows itself as it is."""

    def __repr__(self):
        return str(self)

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))


def summarise(fit):
    """Return the printout of a fit as lme4's ``summary`` writes it.

    Parameters
    ----------
    fit : the result of ``lmm``

    Returns
    -------
    summary : a text

    Source: lecture 15, "Motivation"; the layout is that of lme4 1.1's ``print(summary(fit))``.
    """
    lines = [
        *_header(fit),
        *_criterion(fit),
        *_scaled_residuals(fit),
        *_random_effects(fit),
        *_fixed_effects(fit),
        *_correlation(fit),
        *_boundary(fit),
    ]
    return Summary("\n".join(lines) + "\n")


def _header(fit):
    how = "REML" if fit.method == "REML" else "maximum likelihood "
    given = [("Weights:", fit.frame.given_weights.said), (" Offset:", fit.frame.given_offset.said)]
    return [
        f"Linear mixed model fit by {how} ['lmerMod']",
        fill(["Formula:", *deparse(fit.formula)]),
        f"   Data: {fit.data_name}",
        *(f"{title} {said}" for title, said in given if said),
        "",
    ]


def _criterion(fit):
    if fit.method == "REML":
        number = format_numbers([round(fit.criterion, 1)], 7)[0]
        return [f"REML criterion at convergence: {number}", ""]
    numbers = [fit.aic, fit.bic, fit.loglik, fit.criterion]
    df_residual = fit.nobs - fit.n_parameters
    texts = format_numbers([round(number, 1) for number in [*numbers, df_residual]], 7)
    texts[-1] = str(df_residual)
    return [*_named_row(["AIC", "BIC", "logLik", "deviance", "df.resid"], texts), ""]


def _scaled_residuals(fit):
    quantiles = np.quantile(fit.scaled_residuals, [0, 0.25, 0.5, 0.75, 1])
    texts = format_numbers(zap_small(quantiles, DIGITS + 1), DIGITS)
    return ["Scaled residuals: ", *_named_row(["Min", "1Q", "Median", "3Q", "Max"], texts), ""]


def _random_effects(fit):
    table = fit.varcomp
    variances = table[table["var2"].isnull()]
    columns = [
        ("Groups", list(variances["grp"].where(~variances["grp"].duplicated(), ""))),
        ("Name", ["" if name is None else name for name in variances["var1"]]),
        ("Variance", format_numbers(variances["vcov"], DIGITS)),
        ("Std.Dev.", format_numbers(variances["sdcor"], DIGITS)),
        *_correlations(table, variances),
    ]
    groups = "; ".join(f"{name}, {number}" for name, number in fit.groups.items())
    return [
        "Random effects:",
        *format_matrix(columns, [""] * len(variances), str.ljust),
        fill([f"Number of obs: {fit.nobs}, groups: ", groups]),
        "",
    ]


def _correlations(table, variances):
    """The columns "Corr", as many as the largest bar needs; the rest have no name."""
    pairs = table[table["var2"].notnull()]
    if pairs.empty:
        return []
    of_row = []
    for row in variances.itertuples():
        bar = pairs[pairs["grp"] == row.grp]
        texts = _with_decimals(bar["sdcor"], 2)
        of_row.append([text for text, to in zip(texts, bar["var2"], strict=True) if to == row.var1])
    number = max(map(len, of_row))
    names = ["Corr"] + [""] * (number - 1)
    return [
        (name, [texts[k] if k < len(texts) else "" for texts in of_row])
        for k, name in enumerate(names)
    ]


def _with_decimals(values, decimals):
    """Correlations as R formats a matrix of them, with its diagonal of 1, to one width."""
    texts = [_with_decimals_one(value, decimals) for value in [*values, 1.0]]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts[:-1]]


def _with_decimals_one(value, decimals):
    # Adding 0 makes 0 of −0.
    return "NaN" if math.isnan(value) else f"{round(value, decimals) + 0.0:.{decimals}f}"


def _fixed_effects(fit):
    estimates, errors = list(fit.beta), list(fit.se)
    both = estimates + errors
    smallest = min(abs(number) for number in both if number != 0)
    places = max(1, DIGITS - 1 - math.floor(math.log10(smallest)))
    t_values = [b / s for b, s in zip(estimates, errors, strict=True)]
    texts = _rounded(both, places)
    columns = [
        ("Estimate", texts[: len(estimates)]),
        ("Std. Error", texts[len(estimates) :]),
        ("t value", _rounded(t_values, DIGITS - 1)),
    ]
    return ["Fixed effects:", *format_matrix(columns, list(fit.beta.index), str.rjust)]


def _rounded(values, places):
    """Numbers rounded, then formatted together; those that seem to be 0 and are not, once more."""
    rounded = [round(value, places) for value in values]
    texts = format_numbers(rounded, DIGITS)
    lost = [k for k, text in enumerate(texts) if values[k] != 0 and float(text) == 0]
    again = format_numbers([values[k] for k in lost], DIGITS - 1)
    for k, text in zip(lost, again, strict=True):
        texts[k] = text
    return texts


def _correlation(fit):
    p = len(fit.beta)
    if p == 1:
        return []
    if p > MOST_CORRELATED:
        return ["", f"Correlation matrix not shown, as p = {p} > {MOST_CORRELATED}: see vcov_beta."]
    correlation = fit.vcov_beta.to_numpy() / np.outer(fit.se, fit.se)
    below = np.tril_indices(p, -1)
    shown = np.full((p, p), "", dtype=object)
    shown[below] = _with_decimals(correlation[below], 3)
    names = list(fit.beta.index)
    columns = [(name, list(shown[1:, k])) for k, name in enumerate(abbreviate(names, 6)[:-1])]
    return [
        "",
        "Correlation of Fixed Effects:",
        *format_matrix(columns, abbreviate(names, 11)[1:], str.ljust),
    ]


def _boundary(fit):
    if fit.holds_b:
        return ["", f"The variance between levels of {fit.group} was held fixed, not estimated."]
    if not fit.is_singular:
        return []
    if fit.is_random_intercept:
        return [
            "",
            f"boundary (singular) fit: the variance between levels of {fit.group} is estimated "
            "as 0.",
            "Their means differ no more than the variation within them would make them by chance.",
            "That does not prove that the levels are equal.",
        ]
    return ["", *(f"boundary (singular) fit: {words}" for words in singular_bars(fit).values())]


def singular_bars(fit):
    """For each bar with a singular covariance a sentence: what it means, and what one may do.

    Parameters
    ----------
    fit : the result of ``lmm``

    Returns
    -------
    sentences : ``{name of the bar: sentence}``
    """
    found = {}
    for bar in fit.frame.random.bars:
        L = fit.Lambda[np.ix_(bar.places, bar.places)]
        if (np.diag(L) == 0).any():
            found[bar.name] = _about_bar(fit.frame.random.groupings[bar.factor].label, bar, L)
    return found


def _about_bar(group, bar, L):
    """What a singular covariance of one bar means; L is its block of Λ."""
    nothing = [name for name, row in zip(bar.effects, L, strict=True) if not row.any()]
    if len(nothing) == len(bar.effects):
        effects = listed(bar.effects)
        return (
            f"the variance of {effects} between levels of {group} is estimated as 0, which does "
            f"not prove that the levels are equal; you may leave this part out of the formula, "
            "and the rest of the fit stays the same."
        )
    if nothing:
        return (
            f"the variance of {listed(nothing)} between levels of {group} is estimated as 0, so "
            "that no correlation with it can be given; you may leave it out of this part of the "
            "formula."
        )
    if len(bar.effects) == 2:
        sign = "1" if L[1, 0] * L[0, 0] > 0 else "−1"
        return (
            f"the correlation of {listed(bar.effects)} between levels of {group} is estimated as "
            f"exactly {sign}, because the data do not show two separate variations; you may write "
            "|| for uncorrelated effects, or leave the slope out, if the fit is hardly worse."
        )
    rank = np.count_nonzero(np.diag(L))
    return (
        f"the covariance of the {len(bar.effects)} effects of each level of {group} has rank "
        f"{rank} only, so that {rank} of them determine the others; you may leave out the effects "
        "that the question does not need, or write || for uncorrelated ones."
    )


def _named_row(names, texts):
    width = max(map(len, [*names, *texts]))
    return [" ".join(cell.rjust(width) for cell in cells) + " " for cells in (names, texts)]
