"""A fit in sentences that a journal would take, and a list of what else to write."""

import textwrap
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._columns import kind_of, listed
from lmmteach._shapes import between_0_and_1
from lmmteach.reading import FEW, html_table, rows_of, written_up

WIDTH = 88


class Item(NamedTuple):
    """What a report should say: whether the sentences say it, and what there is to add."""

    done: bool
    about: str
    words: str


def report(fit, level=0.95, intervals="profile", unit=""):
    """Write a fit up: sentences with estimates and intervals, a table, and a checklist.

    Parameters
    ----------
    fit : the result of ``lmm``
    level : confidence level of the intervals, between 0 and 1
    intervals : ``"profile"`` gives one to every parameter; ``"wald"`` is quicker, and gives none to
        the variances
    unit : of the response, such as ``"mm"``, for the sentences

    Returns
    -------
    report : Report, which shows itself; ``report.sentences``, ``report.table`` and
        ``report.checklist`` are what it shows

    Raises
    ------
    TypeError, ValueError
        if fit is no fit, level is not between 0 and 1, or intervals has another value.
    """
    if not hasattr(fit, "varcomp"):
        raise TypeError(f"report needs the result of lmm, but got a {type(fit).__name__}.")
    between_0_and_1(level)
    if intervals not in ("profile", "wald"):
        raise ValueError(f'intervals = {intervals!r} is unknown. Choose "profile" or "wald".')
    table = _table(fit, level, intervals)
    sentences = [
        _about_model(fit, unit),
        _about_rows(fit),
        _about_coefficients(fit, table, level, intervals),
        *_about_spread(fit, table, unit),
        *_about_singular(fit),
        *_about_few(fit),
    ]
    return Report(sentences, table, _checklist(fit, intervals))


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """A fit, written up.

    Parameters
    ----------
    sentences : list of texts, for the sections on methods and results
    table : DataFrame with a row for each parameter: estimate, SE, lower and upper
    checklist : list of Items: what a report should say, done or left to its author
    """

    sentences: list
    table: pd.DataFrame
    checklist: list

    def _shown(self):
        """The table with the digits that its intervals can support."""
        rows = []
        for name, row in self.table.iterrows():
            size = row["se"] if np.isfinite(row["se"]) else (row["upper"] - row["lower"]) / 4
            cells = [_number(value, size) for value in row]
            rows.append((name, *("" if cell == "nan" else cell for cell in cells)))
        return pd.DataFrame(rows, columns=["parameter", "estimate", "SE", "lower", "upper"])

    def __repr__(self):
        lines = [textwrap.fill(sentence, WIDTH) for sentence in self.sentences]
        marks = {True: "[x]", False: "[ ]"}
        items = [
            textwrap.fill(f"{marks[i.done]} {i.about}: {i.words}", WIDTH, subsequent_indent="    ")
            for i in self.checklist
        ]
        return "\n".join([*lines, "", self._shown().to_string(index=False), "", *items])

    def _repr_html_(self):
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        shown = self._shown()
        items = [("✓" if i.done else "yours", i.about, i.words) for i in self.checklist]
        return written_up(
            f"{sentences}{html_table(shown.columns, shown.to_numpy())}<p></p>"
            f"{html_table(('Done', 'What a report should say', 'Here'), items)}"
        )


def _table(fit, level, intervals):
    wald = fit.wald_interval(level)
    ends = wald if intervals == "wald" else fit.profile_interval(level, progress=False)
    rows = [
        (name, fit.beta[name], fit.se[name], *ends.loc[name, ["lower", "upper"]])
        for name in fit.beta.index
    ]
    for name, value, parameter in _spread(fit):
        low = high = np.nan
        if parameter in ends.index:
            low, high = ends.loc[parameter, ["lower", "upper"]]
            if parameter.startswith("sigma2"):
                low, high = np.sqrt([low, high])
        rows.append((name, value, np.nan, low, high))
    columns = ["parameter", "estimate", "se", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns).set_index("parameter")


def _spread(fit):
    """(name in words, SD or correlation, its name among the profile intervals)."""
    lectures, random, table = fit.is_random_intercept, fit.frame.random, fit.varcomp
    for bar in random.bars:
        group = random.groupings[bar.factor].label
        for row in table[table["grp"] == bar.name].itertuples(index=False):
            if row.var2 is None:
                own = f"sd_{row.var1}|{group}"
                name = f"SD {_of(row.var1)}between levels of {group}"
                yield name, row.sdcor, "sigma2_b" if lectures else own
            else:
                both = f"{_plain(row.var1)} and {_plain(row.var2)}"
                own = f"cor_{row.var2}.{row.var1}|{group}"
                yield f"correlation of {both} between levels of {group}", row.sdcor, own
    yield "SD of the residuals", np.sqrt(fit.sigma2_e), "sigma2_e" if lectures else "sigma"


def _plain(effect):
    return "intercept" if effect == "(Intercept)" else effect


def _of(effect):
    return "" if effect == "(Intercept)" else f"of {effect} "


def _number(value, size):
    """A number with as many decimals as leave two digits of its uncertainty."""
    if not np.isfinite(value):
        return str(float(value))
    if not np.isfinite(size) or size <= 0:
        return f"{value:.3g}".replace("-", "−")
    decimals = max(0, 1 - int(np.floor(np.log10(size))))
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")


def _with_interval(row, unit=""):
    """ "0.480 (0.296 to 0.663)", with the standard error where there is one."""
    size = row["se"] if np.isfinite(row["se"]) else (row["upper"] - row["lower"]) / 4
    estimate, error, low, high = (_number(value, size) for value in row)
    inside = [f"SE {error}"] if error != "nan" else []
    if low != "nan":
        inside.append(f"{low} to {high}")
    return f"{estimate}{unit} ({', '.join(inside)})" if inside else f"{estimate}{unit}"


def _about_model(fit, unit):
    how = "restricted maximum likelihood (REML)" if fit.method == "REML" else "maximum likelihood"
    each = [f"{number} levels of {name}" for name, number in fit.groups.items()]
    response = fit.formula.partition("~")[0].strip()
    in_unit = f", in {unit}" if unit else ""
    return (
        f"We fitted the linear mixed model {fit.formula} by {how} to {fit.nobs} observations from "
        f"{listed(each)}; the response was {response}{in_unit}."
    )


def _about_rows(fit):
    said = fit.frame.data.attrs.get("left_out")
    return said or "No row was left out before the fit, as far as the fit can know."


def _about_coefficients(fit, table, level, intervals):
    is_profile = intervals == "profile"
    kind = "profile-likelihood" if is_profile else "Wald"
    # A fit by REML gets the profile of ML all the same, as in lme4.
    whose = " (from ML)" if is_profile and fit.method == "REML" else ""
    each = [f"{_plain(name)} {_with_interval(table.loc[name])}" for name in fit.beta.index]
    s, were = ("s", "were") if len(each) > 1 else ("", "was")
    return (
        f"The estimated coefficient{s}, with standard error{s} and {100 * level:g} % {kind} "
        f"interval{s}{whose}, {were}: {listed(each)}."
    )


def _about_spread(fit, table, unit):
    known, unknown = [], []
    for name, *_ in _spread(fit):
        row, is_correlation = table.loc[name], name.startswith("correlation")
        if is_correlation and not (row["lower"] > -1 or row["upper"] < 1):
            unknown.append(f"The data rule out no value of the {name}.")
        else:
            known.append(f"the {name} was {_with_interval(row, _unit_of(name, unit))}")
    text = listed(known)
    yield f"{text[0].upper()}{text[1:]}."
    yield from unknown
    if fit.holds_b:
        yield f"The variance between levels of {fit.group} was held fixed, not estimated."
    elif fit.is_random_intercept and not fit.is_singular:
        share = 100 * fit.sigma2_b / (fit.sigma2_b + fit.sigma2_e)
        yield (
            f"Differences between levels of {fit.group} made up {share:.0f} % of the variance that "
            "the fixed part left (intraclass correlation)."
        )


def _unit_of(name, unit):
    """The unit after a number: " mm", or " mm per unit of age" for the SD of a slope."""
    if not unit or name.startswith("correlation"):
        return ""
    slope = name.startswith("SD of ") and " between levels of " in name
    return (
        f" {unit} per unit of {name[6:].partition(' between levels of ')[0]}"
        if slope
        else f" {unit}"
    )


def _about_singular(fit):
    for words in fit.singular_bars.values():
        yield f"The fit was singular: {words.rstrip('.')}."


def _about_few(fit):
    few = [f"{name} ({number})" for name, number in fit.groups.items() if number < FEW]
    if few:
        yield (
            f"There are few levels of {listed(few)}, so intervals that rest on the differences "
            "between them are too narrow, and a t quantile should take the place of the normal one."
        )


def _checklist(fit, intervals):
    sizes = [_sizes(grouping) for grouping in fit.frame.random.groupings]
    references = _references(fit)
    singular = "it was singular, as said above" if fit.is_singular else "no fit on the boundary"
    left_out = fit.frame.data.attrs.get("left_out")
    return [
        Item(False, "The question", "which coefficient answers it, decided before the fit?"),
        Item(True, "The sample", "; ".join(sizes)),
        Item(left_out is not None, "Rows left out", left_out or "how many, and why?"),
        Item(
            bool(references),
            "Coding",
            "; ".join(references) or "were columns centred, scaled or transformed?",
        ),
        Item(True, "The model as a formula", fit.formula),
        Item(False, "Why this random part", "does it follow from the design? What else was tried?"),
        Item(True, "Estimation", f"{fit.method}, with lmmteach {_version()}; {singular}"),
        Item(True, "Coefficients", "all of them, with standard errors and intervals"),
        Item(
            intervals == "profile",
            "Variances and correlations",
            "all of them, with intervals" if intervals == "profile" else "they have no interval",
        ),
        Item(
            False,
            "Tests",
            "which, with which degrees of freedom? None is made here, but fit.tests() makes them",
        ),
        Item(False, "Assumptions", "what did the residuals show, and does one group decide?"),
        Item(False, "Data and code", "where can a reader have them?"),
    ]


def _sizes(grouping):
    counts = np.bincount(grouping.codes)
    low, high = counts.min(), counts.max()
    each = rows_of(low) if low == high else f"{low} to {rows_of(high)}"
    return f"{len(counts)} levels of {grouping.label} with {each} each"


def _references(fit):
    """What the coefficients of each column of texts compare with."""
    found = []
    for column, kind in fit.frame.fixed_kinds.items():
        values = fit.frame.data[column]
        if kind == "texts":
            found.append(f"{column} is compared with {min(values)}")
        elif kind == "categories" and kind_of(values) == "categories":
            found.append(f"{column} is compared with {values.cat.categories[0]}")
    return found


def _version():
    from importlib.metadata import version

    return version("lmmteach")
