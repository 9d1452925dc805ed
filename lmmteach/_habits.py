"""What people write in a formula who come from elsewhere, and what to write here."""

import re
from collections.abc import Callable

SIGNS = {
    "|": "The random part stands in parentheses: (1 | g).",
    ")": "This parenthesis closes none that was opened.",
    ",": "A comma stands between the arguments of a call only.",
    "%": "There is no %in% and no %% here: a %in% b is a:b, and a remainder is np.mod(a, b).",
    "^": "A power is written I(x**2).",
    "=": "A single = stands in a call only.",
    "[": "A name with brackets in it stands in backticks: `x[mg]`.",
    ".": "Name each column: a dot does not stand for the others here.",
    "$": "Name the column alone: x, not data$x.",
    "_": "A name that begins with _ stands in backticks: `_x`.",
    ";": "A formula has no semicolon.",
    "#": "A formula has no comments.",
    "∼": "This sign only looks like a tilde: type ~.",
    "−": "This sign only looks like a minus: type -.",
    "×": "Type * for this sign.",
    "“": "Type plain quotation marks.",
    "”": "Type plain quotation marks.",
    "‘": "Type plain quotation marks.",
    "’": "Type plain quotation marks.",
    "&": "Both of two conditions: I(a * b), of columns that are 0 or 1.",
}


def about_sign(sign, before=""):
    """Words about a sign that means nothing where it stands; ``before`` is what precedes it."""
    before = before.rstrip()
    if sign == "|" and before.endswith("|"):
        return (
            "(x || g) asks for an intercept and a slope that are not correlated: "
            "(1 | g) + (0 + x | g), of which lmm fits (1 | g)."
        )
    if sign == "^" and before.endswith(")"):
        return "All interactions up to an order are written (a + b)**2; a power, I(x**2)."
    if sign == "[" and re.search(r"knots\s*=$", before):
        return "A formula has no lists, so knots cannot be given: say how many columns, df=4."
    if sign == "[" and re.search(r"levels\s*=$", before):
        return (
            "The order of levels is kept with the data: make the column a "
            "pd.Categorical(…, categories=[…]), and name it alone."
        )
    if sign in ("==", "!=", "<", "<=", ">", ">="):
        return "A comparison is written inside I(), as I(x > 3)."
    return SIGNS.get(sign, f"{sign!r} means nothing here.")


def about_contrasts(arguments):
    """What to write for a C() with contrasts or levels; its arguments as texts."""
    column = arguments[0]
    if any(argument.startswith("levels =") for argument in arguments):
        return (
            "The order of levels is kept with the data: make the column a "
            f"pd.Categorical(…, categories=[…]), and write {column}."
        )
    chosen = re.search(r'"([^"]*)"', ", ".join(arguments[1:]))
    first = f'T({column}, ref="{chosen[1] if chosen else "…"}")'
    if "sum" in arguments[1].lower():
        return f"Sum contrasts are written S({column})."
    if not chosen and "treat" not in arguments[1].lower():
        return (
            f"There are treatment contrasts, C({column}), and sum contrasts, S({column}); others "
            "need columns of their own in the data."
        )
    return f"Another first level is written {first}; with the usual one, C({column}) is enough."


QUOTES = "\"'`"
# What people write who come from elsewhere, and what to write here.
HABITS: dict[str, Callable] = {
    "Q": lambda name, *_: f"A name that is no word stands in backticks: `{name.strip(QUOTES)}`.",
    "factor": lambda x, *_: f"A column as levels is C({x}).",
    "as.factor": lambda x, *_: f"A column as levels is C({x}).",
    "relevel": lambda x, *_: f'Another first level is written T({x}, ref="…").',
    "as.numeric": lambda x, *_: "Make the column numbers in the data, with .astype(float).",
    "ln": lambda x, *_: f"It uses 'ln', which is not known: the natural logarithm is log({x}).",
    "log2": lambda x, *_: f"Write np.log2({x}).",
    "log1p": lambda x, *_: f"Write np.log1p({x}).",
    "mean": lambda x, *_: f"Write np.mean({x}), or center({x}) for {x} minus its mean.",
    "min": lambda x, *_: f"Write np.min({x}).",
    "max": lambda x, *_: f"Write np.max({x}).",
    "median": lambda x, *_: f"Write np.median({x}).",
    "sd": lambda x, *_: f"Write np.std({x}, ddof=1), or scale({x}).",
    "round": lambda x, *_: f"Write np.round({x}).",
    "ifelse": lambda *_: "Write np.where(…, 1, 0), or I(…) for a condition.",
    "abs": lambda x, *_: f"Write np.abs({x}).",
    "sin": lambda x, *_: f"Write np.sin({x}).",
    "cos": lambda x, *_: f"Write np.cos({x}).",
    "ns": lambda x, *_: f"A natural cubic spline is cr({x}, df=…).",
    "cut": lambda x, *_: "Make a column of the classes first, with pd.cut.",
    "pd.cut": lambda x, *_: "Make a column of the classes first, with pd.cut.",
    "interaction": lambda *names: f"An interaction is written {':'.join(names)}.",
    "Sum": lambda *_: "Sum contrasts are written S(x).",
    "Treatment": lambda *_: 'Another first level is written T(x, ref="…").',
}
