"""What people from other software write in a formula, and what to write here instead."""

import re
from collections.abc import Callable

SIGNS = {
    "|": "The random part goes in parentheses: (1 | g).",
    "||": "The random part goes in parentheses: (x || g).",
    ")": "This parenthesis closes none that was opened.",
    ",": "A comma can only separate the arguments of a call.",
    "%": "%in% and %% are not available: a %in% b is a:b, and a remainder is np.mod(a, b).",
    "^": "A power is written I(x**2).",
    "=": "A single = is allowed only inside a call.",
    "[": "A name with brackets in it goes in backticks: `x[mg]`.",
    ".": "Name each column, because a dot does not stand for the others here.",
    "$": "Name the column alone, as x rather than data$x.",
    "_": "A name that begins with _ goes in backticks: `_x`.",
    ";": "A formula has no semicolon.",
    "#": "A formula has no comments.",
    "∼": "This sign only looks like a tilde. Type ~ instead.",
    "−": "This sign only looks like a minus. Type - instead.",
    "×": "Type * instead of this sign.",
    "“": "Type straight quotation marks.",
    "”": "Type straight quotation marks.",
    "‘": "Type straight quotation marks.",
    "’": "Type straight quotation marks.",
    "&": "If both of two conditions should hold, write I(a * b), with columns that are 0 or 1.",
}


def about_sign(sign, before=""):
    """Words about a sign that has no meaning in its place; ``before`` is what precedes it."""
    before = before.rstrip()
    if sign == "^" and before.endswith(")"):
        return "Write (a + b)**2 for all interactions up to an order, and I(x**2) for a power."
    if sign == "[" and re.search(r"knots\s*=$", before):
        return (
            "A formula has no lists, so knots cannot be given. Give the number of columns, as df=4."
        )
    if sign == "[" and re.search(r"levels\s*=$", before):
        return (
            "The order of levels is kept with the data. Make the column a "
            "pd.Categorical(…, categories=[…]), and name it on its own."
        )
    if sign in ("==", "!=", "<", "<=", ">", ">="):
        return "A comparison goes inside I(), as in I(x > 3)."
    return SIGNS.get(sign, f"{sign!r} has no meaning here.")


def about_contrasts(arguments):
    """What to write for a C() with contrasts or levels; its arguments as texts."""
    column = arguments[0]
    if any(argument.startswith("levels =") for argument in arguments):
        return (
            "The order of levels is kept with the data. Make the column a "
            f"pd.Categorical(…, categories=[…]), and write {column}."
        )
    chosen = re.search(r'"([^"]*)"', ", ".join(arguments[1:]))
    first = f'T({column}, ref="{chosen[1] if chosen else "…"}")'
    if "sum" in arguments[1].lower():
        return f"Write S({column}) for sum contrasts."
    if not chosen and "treat" not in arguments[1].lower():
        return (
            f"You can have treatment contrasts, C({column}), or sum contrasts, S({column}). Others "
            "need columns of their own in the data."
        )
    return f"Write {first} for a different first level. For the usual one, C({column}) is enough."


QUOTES = "\"'`"
# What people from other software write, and what to write here instead.
HABITS: dict[str, Callable] = {
    "Q": lambda name, *_: f"A name that is not a word goes in backticks: `{name.strip(QUOTES)}`.",
    "factor": lambda x, *_: f"Write C({x}) to treat a column as levels.",
    "as.factor": lambda x, *_: f"Write C({x}) to treat a column as levels.",
    "relevel": lambda x, *_: f'Write T({x}, ref="…") for a different first level.',
    "as.numeric": lambda x, *_: "Turn the column into numbers first, with .astype(float).",
    "ln": lambda x, *_: f"It uses 'ln', which is not known. The natural logarithm is log({x}).",
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
    "cut": lambda x, *_: "Make a column of the classes in the data first, with pd.cut.",
    "pd.cut": lambda x, *_: "Make a column of the classes in the data first, with pd.cut.",
    "interaction": lambda *names: f"An interaction is written {':'.join(names)}.",
    "Sum": lambda *_: "Write S(x) for sum contrasts.",
    "Treatment": lambda *_: 'Write T(x, ref="…") for a different first level.',
}
