"""The printout of a fit: lme4's lines, in lme4's order, with lme4's digits."""

import math

import numpy as np

from lmmteach._rformat import abbreviate, format_numbers, zap_small

DIGITS = 4


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
    return [
        f"Linear mixed model fit by {how} ['lmerMod']",
        f"Formula: {fit.formula}",
        f"   Data: {fit.data_name}",
        "",
    ]


def _criterion(fit):
    if fit.method == "REML":
        return [f"REML criterion at convergence: {_trimmed(fit.criterion)}", ""]
    numbers = [fit.aic, fit.bic, fit.loglik, fit.criterion]
    texts = format_numbers([round(number, 1) for number in numbers], 7)
    texts.append(str(fit.nobs - fit.n_parameters))
    return [*_named_row(["AIC", "BIC", "logLik", "deviance", "df.resid"], texts), ""]


def _scaled_residuals(fit):
    quantiles = np.quantile(fit.scaled_residuals, [0, 0.25, 0.5, 0.75, 1])
    texts = format_numbers(zap_small(quantiles, DIGITS + 1), DIGITS)
    return ["Scaled residuals: ", *_named_row(["Min", "1Q", "Median", "3Q", "Max"], texts), ""]


def _random_effects(fit):
    table = fit.varcomp
    variances = table[table["var2"].isnull()]
    columns = {
        "Groups": list(variances["grp"].where(~variances["grp"].duplicated(), "")),
        "Name": ["" if name is None else name for name in variances["var1"]],
        "Variance": format_numbers(variances["vcov"], DIGITS),
        "Std.Dev.": format_numbers(variances["sdcor"], DIGITS),
        **_correlations(table, variances),
    }
    groups = "; ".join(f"{name}, {number}" for name, number in fit.groups.items())
    return [
        "Random effects:",
        *(" " + line for line in _left_table(columns)),
        f"Number of obs: {fit.nobs}, groups:  {groups}",
        "",
    ]


def _correlations(table, variances):
    """The columns "Corr", as many as the largest bar needs; the rest have no name."""
    pairs = table[table["var2"].notnull()]
    if pairs.empty:
        return {}
    of_row = []
    for row in variances.itertuples():
        own = pairs[(pairs["grp"] == row.grp) & (pairs["var2"] == row.var1)]
        of_row.append([f"{value:.2f}" for value in own["sdcor"]])
    width = max(map(len, of_row))
    names = ["Corr", *(" " * k for k in range(1, width))]
    return {
        name: [texts[k] if k < len(texts) else "" for texts in of_row]
        for k, name in enumerate(names)
    }


def _fixed_effects(fit):
    estimates, errors = list(fit.beta), list(fit.se)
    both = [abs(number) for number in estimates + errors if number != 0]
    places = max(1, DIGITS - 1 - math.floor(math.log10(min(both))))
    texts = format_numbers([round(number, places) for number in estimates + errors], DIGITS)
    t_values = zap_small([b / s for b, s in zip(estimates, errors, strict=True)], DIGITS)
    columns = {
        "Estimate": texts[: len(estimates)],
        "Std. Error": texts[len(estimates) :],
        "t value": format_numbers([round(t, DIGITS - 1) for t in t_values], DIGITS),
    }
    names = list(fit.beta.index)
    margin = max(map(len, names))
    body = _table(columns, str.rjust)
    return [
        "Fixed effects:",
        *(f"{name:{margin}} {line}" for name, line in zip(["", *names], body, strict=True)),
    ]


def _correlation(fit):
    p = len(fit.beta)
    if p == 1:
        return []
    correlation = fit.vcov_beta.to_numpy() / np.outer(fit.se, fit.se)
    columns = {
        name: ["" if row <= column else f"{correlation[row, column]:6.3f}" for row in range(1, p)]
        for column, name in enumerate(abbreviate(list(fit.beta.index), 6)[:-1])
    }
    names = abbreviate(list(fit.beta.index), 11)[1:]
    margin = max(map(len, names))
    body = _left_table(columns)
    return [
        "",
        "Correlation of Fixed Effects:",
        *(f"{name:{margin}} {line}" for name, line in zip(["", *names], body, strict=True)),
    ]


def _boundary(fit):
    if fit.holds_b:
        return ["", f"The variance between levels of {fit.group} was held fixed, not estimated."]
    if not fit.is_singular:
        return []
    return [
        "",
        f"boundary (singular) fit: the variance between levels of {fit.group} is estimated as 0.",
        "Their means differ no more than the variation within them would make them by chance.",
        "That does not prove that the levels are equal.",
    ]


def _trimmed(number):
    return format_numbers([round(number, 1)], 7)[0]


def _named_row(names, texts):
    width = max(map(len, [*names, *texts]))
    return [" ".join(cell.rjust(width) for cell in cells) + " " for cells in (names, texts)]


def _left_table(columns):
    return _table(columns, str.ljust)


def _table(columns, justify):
    cells = []
    for name, texts in columns.items():
        width = max(map(len, [name, *texts]))
        cells.append([justify(cell, width) for cell in [name, *texts]])
    return [" ".join(row) for row in zip(*cells, strict=True)]
