"""A fit as tables: the three of R's broom.mixed, under the names that they have there, and HTML."""

from html import escape

import numpy as np
import pandas as pd

from lmmteach.prediction import normal_interval

EFFECTS = ("fixed", "ran_pars", "ran_vals", "ran_coefs")
COLUMNS = ["effect", "group", "level", "term", "estimate", "std.error", "statistic"]


def tidy(fit, effects=None, conf_int=False, conf_level=0.95):
    """The estimates, a row for each; see ``LinearMixedModel.tidy``."""
    asked = ["fixed", "ran_pars"] if effects is None else [effects]
    asked = list(effects) if isinstance(effects, list | tuple | set) else asked
    unknown = [effect for effect in asked if effect not in EFFECTS]
    if unknown or not asked:
        raise ValueError(
            f"effects = {effects!r} is unknown. Choose among {', '.join(map(repr, EFFECTS))}."
        )
    parts = {"fixed": _fixed, "ran_pars": _ran_pars, "ran_vals": _ran_vals, "ran_coefs": _ran_coefs}
    tables = [parts[effect](fit).assign(effect=effect) for effect in EFFECTS if effect in asked]
    columns = [name for name in COLUMNS if any(name in table for table in tables)]
    table = pd.concat([table.reindex(columns=columns) for table in tables], ignore_index=True)
    if not conf_int:
        return table
    errors = table["std.error"] if "std.error" in table else pd.Series(np.nan, table.index)
    errors = errors.astype(float)
    table["conf.low"], table["conf.high"] = normal_interval(
        table["estimate"], errors.fillna(0) ** 2, conf_level
    )
    table.loc[errors.isna(), ["conf.low", "conf.high"]] = np.nan
    return table


def _fixed(fit):
    return pd.DataFrame(
        {
            "term": list(fit.beta.index),
            "estimate": fit.beta.to_numpy(),
            "std.error": fit.se.to_numpy(),
            "statistic": (fit.beta / fit.se).to_numpy(),
        }
    )


def _ran_pars(fit):
    rows = []
    for bar in fit.frame.random.bars:
        table = fit.varcomp[fit.varcomp["grp"] == bar.name]
        # Below each SD the correlations with the effects that follow.
        for effect in bar.effects:
            own = table[table["var1"] == effect]
            for row in own.sort_values(
                "var2", key=lambda to: to.notna(), kind="stable"
            ).itertuples():
                name = f"sd__{effect}" if row.var2 is None else f"cor__{effect}.{row.var2}"
                rows.append((bar.name, name, row.sdcor))
    rows.append(("Residual", "sd__Observation", np.sqrt(fit.sigma2_e)))
    return pd.DataFrame(rows, columns=["group", "term", "estimate"])


def _ran_vals(fit):
    tables = []
    for group, values in fit.ranef.items():
        errors = np.sqrt(fit.ranef_var[group])
        for j, term in enumerate(values.columns):
            tables.append(
                _of_levels(group, values.index, term, values.iloc[:, j]).assign(
                    **{"std.error": errors.iloc[:, j].to_numpy()}
                )
            )
    return pd.concat(tables, ignore_index=True)


def _ran_coefs(fit):
    every = [name for values in fit.ranef.values() for name in values.columns]
    # An effect that the fixed part does not have varies about 0, and stands first.
    alone = [name for name in dict.fromkeys(every) if name not in fit.beta.index]
    terms = [*alone, *fit.beta.index]
    tables = []
    for group, values in fit.ranef.items():
        for term in terms:
            estimate = values.loc[:, values.columns == term].sum(axis=1) + fit.beta.get(term, 0.0)
            tables.append(_of_levels(group, values.index, term, estimate))
    return pd.concat(tables, ignore_index=True)


def _of_levels(group, levels, term, estimate):
    return pd.DataFrame(
        {
            "group": group,
            "level": np.asarray(levels, dtype=object),
            "term": term,
            "estimate": np.asarray(estimate),
        }
    )


def glance(fit):
    """The fit in one row; see ``LinearMixedModel.glance``."""
    return pd.DataFrame(
        {
            "nobs": [fit.nobs],
            "sigma": np.sqrt(fit.sigma2_e),
            "logLik": fit.loglik,
            "AIC": fit.aic,
            "BIC": fit.bic,
            "REMLcrit" if fit.method == "REML" else "deviance": fit.criterion,
            "df.residual": fit.nobs - fit.n_parameters,
        }
    )


def augment(fit, newdata=None):
    """The data with what the fit says of each row; see ``LinearMixedModel.augment``."""
    if newdata is not None:
        fitted = fit.predict(newdata)
        offset = fit.frame.new_offset(newdata)
        fixed = fit.predict(newdata, include_random=False)
        weights = fit.frame.given_weights.rows(newdata)
        return newdata.assign(
            **{
                ".fitted": fitted,
                ".fixed": fixed,
                ".mu": fitted,
                ".offset": offset,
                ".sqrtXwt": np.sqrt(weights),
                ".sqrtrwt": np.sqrt(weights),
                ".weights": weights,
            }
        )
    root = np.sqrt(fit.weights)
    weighted, hat = fit.residuals * root, fit.leverage
    p = fit.X.shape[1]
    return fit.frame.data.assign(
        **{
            ".fitted": fit.fitted,
            ".resid": fit.residuals,
            ".hat": hat,
            ".cooksd": (weighted / (1 - hat)) ** 2 * hat / (fit.sigma2_e * p),
            ".fixed": fit.predict(include_random=False),
            ".mu": fit.fitted,
            ".offset": fit.offset,
            ".sqrtXwt": root,
            ".sqrtrwt": root,
            ".weights": fit.weights,
            ".wtres": weighted,
        }
    )


# HTML ---------------------------------------------------------------------------------------------

# The colours are those of the page, so that it looks well on a light one and on a dark one.
STYLE = (
    "border-collapse:collapse;margin:0.3em 0;color:inherit;background:transparent;"
    "font-variant-numeric:tabular-nums"
)
CELL = "padding:0.1em 0.7em;border:0;border-bottom:1px solid currentColor;background:transparent"


def html(fit):
    """A fit as two small tables: coefficients, and variances and correlations."""
    fixed = [
        (name, *map(_number, row))
        for name, *row in zip(fit.beta.index, fit.beta, fit.se, fit.beta / fit.se, strict=True)
    ]
    of_random = fit.varcomp.itertuples(index=False)
    random = [
        (_named(grp, var1, var2), _number(vcov), _number(sdcor))
        for grp, var1, var2, vcov, sdcor in of_random
    ]
    groups = "; ".join(f"{name}, {number:,}" for name, number in fit.groups.items())
    notes = [
        f"{fit.nobs:,} observations; groups: {groups}. "
        f"Log-likelihood {_number(fit.loglik)}. {fit._about_engine}",
        *(f"Singular fit: {words}" for words in fit.singular_bars.values()),
    ]
    title = f"{fit.formula}, fitted by {fit.method} to {fit.data_name}"
    return "".join(
        [
            '<div style="overflow-x:auto;color:inherit">',
            f"<p><strong>{escape(title)}</strong></p>",
            _table("Fixed effects", ["Term", "Estimate", "Std. error", "t value"], fixed),
            _table(
                "Random effects",
                ["Group and effect", "Variance or covariance", "SD or correlation"],
                random,
            ),
            *(f"<p>{escape(note)}</p>" for note in notes),
            "</div>",
        ]
    )


def _named(group, one, other):
    effects = [effect for effect in (one, other) if effect is not None]
    return f"{group}: {', '.join(effects)}" if effects else group


def _number(value):
    return f"{value:.5g}".replace("-", "−")


def _table(caption, names, rows):
    head = "".join(
        f'<th scope="col" style="{CELL};text-align:{_side(k)}">{escape(name)}</th>'
        for k, name in enumerate(names)
    )
    first_cell = f'<th scope="row" style="{CELL};text-align:left;font-weight:normal">'
    body = "".join(
        f"<tr>{first_cell}{escape(first)}</th>"
        + "".join(f'<td style="{CELL};text-align:right">{number}</td>' for number in numbers)
        + "</tr>"
        for first, *numbers in rows
    )
    return (
        f'<table style="{STYLE}"><caption style="text-align:left;color:inherit">{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _side(k):
    return "right" if k else "left"
