"""A formula, read: its terms, or words for what cannot be read, with the place where it is.

The signs are found by formulae's scanner and parser. What a formula *means* is the algebra of
Wilkinson and Rogers: a formula is a list of terms, and a term is the set of what is
multiplied in it; the intercept is the term in which nothing is. ``_terms`` makes columns of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from formulae import expr as node
from formulae.categorical import ENCODINGS
from formulae.parser import ParseError, Parser
from formulae.scanner import ScanError, Scanner
from formulae.transforms import TRANSFORMS

from lmmteach._habits import HABITS, about_contrasts, about_sign

NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMPARISONS = ("EQUAL_EQUAL", "BANG_EQUAL", "LESS_EQUAL", "LESS", "GREATER_EQUAL", "GREATER")
ARITHMETIC = ("PLUS", "MINUS", "STAR", "SLASH", "STAR_STAR", *COMPARISONS)
TIGHT = ("SLASH", "COLON", "STAR_STAR")
# Calls that make levels of what they are given.
LEVELS = ("C", "S", "T", "binary", "B")
# Calls that are no numbers, so that nothing can be computed with them.
ALONE = ("offset", "proportion", "prop", "p")
# What a formula may call besides formulae's own.
FUNCTIONS = ("log", "log10", "exp", "sqrt")
KNOWN = {*TRANSFORMS, *ENCODINGS, *FUNCTIONS}


class Bar(NamedTuple):
    """One random part: the terms to the left of its bar, and those to the right.

    ``correlated`` is False for the double bar of (x || g); ``nested`` is True for (1 | a/b).
    """

    terms: tuple
    factors: tuple
    correlated: bool = True
    nested: bool = False


@dataclass(frozen=True)
class Formula:
    """What a formula asks for.

    ``written`` is its text as it stands, ``text`` the one with double bars written out.
    ``offsets`` are the terms whose coefficient is 1, as in ``offset(x)``. ``parts`` has what the
    terms are made of, ``{text: node}``; ``names`` the columns, in the order in which they appear
    there.
    """

    written: str
    text: str
    response: str
    terms: tuple
    bars: tuple
    offsets: tuple
    parts: dict
    names: tuple

    def names_in(self, terms):
        """The columns that terms use, each once."""
        parts = dict.fromkeys(part for term in terms for part in term)
        return list(dict.fromkeys(name for part in parts for name in _names_in(self.parts[part])))

    def name_of(self, part):
        """The column that a part of a term names, without backticks."""
        return name_of(self.parts[part])

    def is_call(self, part):
        """Whether a part of a term is a call, not a column."""
        return isinstance(self.parts[part], node.Call)


class _MisreadError(Exception):
    """What is wrong, and where in the formula."""

    def __init__(self, words, position):
        super().__init__(words)
        self.position = position


def read_formula(formula, columns=()):
    """Read a formula such as ``y ~ x + (1 | g)``; ``columns``, where given, help the words.

    Raises
    ------
    TypeError, ValueError
        saying what is wrong with it, with a mark under the place.
    """
    if not isinstance(formula, str):
        raise TypeError(f"formula must be a text such as 'y ~ x + (1 | g)', not {formula!r}.")
    try:
        return _Reader(formula, list(map(str, columns))).read()
    except RecursionError:
        raise ValueError(
            "The formula is nested too deeply to be read, because it has too many parentheses."
        ) from None
    except _MisreadError as error:
        # Every blank as one place, so that the mark stands below what it means.
        line = re.sub(r"\s", " ", formula)
        raise ValueError(
            f"The formula {formula!r} cannot be read: {error} "
            f"It should look like 'y ~ x + (1 | g)'.\n\n    {line}\n    {' ' * error.position}^"
        ) from None


class _Scanner(Scanner):
    """formulae's scanner, which also notes where each sign begins, and takes quotes in pairs."""

    def __init__(self, code):
        # A space that was pasted from a page is a space.
        super().__init__(re.sub(r"[^\S\n\t\r]", " ", code))
        self.places = []

    def add_token(self, kind, literal=None):
        super().add_token(kind, literal)
        is_second = kind == "PIPE" and self.code[self.start - 1 : self.start] == "|"
        if is_second and [token.lexeme for token in self.tokens[-2:]] == ["|", "|"]:
            # The double bar is one sign.
            self.tokens.pop()
            self.tokens[-1].lexeme = "||"
            return
        self.places.append(self.start)

    def number(self):
        self._number()

    def floatnum(self):
        self._number()

    def _number(self):
        found = NUMBER.match(self.code, self.start)
        if found is None:
            raise ScanError
        self.current = found.end()
        text = self.code[self.start : self.current]
        self.add_token("NUMBER", int(text) if text.isdigit() else float(text))

    def char(self):
        self._skip_to(self.code[self.start], "This quotation mark has no partner.")
        self.add_token("STRING", self.code[self.start + 1 : self.current - 1])

    def backquote(self):
        self._skip_to("`", "This backtick has no partner.")
        self.add_token("BQNAME")

    def _skip_to(self, mark, words):
        end = self.code.find(mark, self.start + 1)
        if end < 0:
            raise _MisreadError(words, self.start)
        self.current = end + 1


class _Parser(Parser):
    """formulae's parser, which also notes the sign with which each node begins."""

    def __init__(self, tokens):
        super().__init__(tokens)
        self.first = {}
        self.opened = {}

    def finishcall(self, expr):
        parenthesis = self.current - 1
        made = super().finishcall(expr)
        self.opened[id(made)] = parenthesis
        return made

    def primary(self):
        begin = self.current
        return self._noted(super().primary(), begin)

    def multiple_interaction(self):
        return self.unary()

    def unary(self):
        """A sign, which comes after a power: -x**2 is minus the square, as in R and in Python."""
        begin = self.current
        if not self.match(["PLUS", "MINUS"]):
            return self._power()
        operator = self.previous()
        return self._noted(node.Unary(operator, self.unary()), begin)

    def _power(self):
        begin, base = self.current, self.call()
        if not self.match("STAR_STAR"):
            return base
        operator = self.previous()
        return self._noted(node.Binary(base, operator, self.unary()), begin)

    def _noted(self, made, begin):
        self.first.setdefault(id(made), (begin, made))
        return made


class _Reader:
    """The way of one formula from its text to its terms."""

    def __init__(self, formula, columns):
        self.formula = formula
        self.columns = columns
        self.parts, self.names, self.bars, self.expanded = {}, [], [], {}

    def read(self):
        tree = self._tree()
        if isinstance(tree, node.Assign):
            raise self._misread_first(
                "=", "The response and the rest are separated by ~, not by =."
            )
        if not (isinstance(tree, node.Binary) and tree.operator.kind == "TILDE"):
            self._refuse(tree, "It names no response. Write 'y ~ …'.")
        response = self._response(tree.left)
        terms = self._with_intercept(self._terms(tree.right))
        offsets = [term for term in terms if any(map(self._is_offset, term))]
        self._require_offsets(offsets)
        # What is multiplied more often stands further back, as in R.
        terms = sorted(map(self._in_order, [t for t in terms if t not in offsets]), key=len)
        return Formula(
            written=text_of(tree),
            text=self._expanded(text_of(tree)),
            response=response,
            terms=tuple(terms),
            bars=tuple(self.bars),
            offsets=tuple(offsets),
            parts=self.parts,
            names=tuple(self.names),
        )

    # Signs ----------------------------------------------------------------------------------------

    def _tree(self):
        if not self.formula.strip():
            raise _MisreadError("It is empty.", 0)
        if self.formula.strip().startswith("~"):
            raise _MisreadError("It names no response. Write 'y ~ …'.", 0)
        scanner = _Scanner(self.formula)
        try:
            self.tokens = scanner.scan(add_intercept=False)
        except ScanError:
            at = max(scanner.start, 0)
            tildes = [k for k, sign in enumerate(self.formula) if sign == "~"]
            if len(tildes) > 1:
                raise _MisreadError("There is more than one '~' in it.", tildes[1]) from None
            raise _MisreadError(about_sign(self.formula[at], self.formula[:at]), at) from None
        self.places = [*scanner.places, len(self.formula)]
        self.parser = _Parser(self.tokens)
        try:
            tree = self.parser.parse()
        except ParseError as error:
            raise self._unparsed(str(error)) from None
        if not self.parser.at_end():
            raise self._unparsed("")
        return tree

    def _unparsed(self, said):
        k = self.parser.current
        at, token = self.places[k], self.tokens[k]
        if "assignment" in said:
            return self._misread_first("=", about_sign("="))
        if token.kind == "EOF":
            words = "It ends too early, so something is missing."
            if "')'" in said:
                words = "A closing parenthesis is missing."
            return _MisreadError(words, at)
        if said.startswith("Don't") and token.kind not in ("PIPE", "LEFT_BRACKET"):
            before = self.tokens[k - 1].lexeme if k else ""
            if token.kind == "COLON" and before == ":":
                return _MisreadError(
                    "Name the function alone, as bs() rather than splines::bs().", at
                )
            if token.kind in ("RIGHT_PAREN", "COMMA", "PLUS", "TILDE", "COLON", "STAR"):
                return _MisreadError("Something is missing before this sign.", at)
        return _MisreadError(self._about_token(k, at), at)

    def _about_token(self, k, at):
        token, before = self.tokens[k], self.tokens[k - 1] if k else None
        beside = before is not None and self.places[k - 1] + len(before.lexeme) == at
        names = ("IDENTIFIER", "BQNAME", "NUMBER", "STRING")
        if token.kind in names and before is not None and before.kind in names:
            pair = before.lexeme + ("" if beside else " ") + token.lexeme
            if before.kind == "NUMBER" and beside:
                return f"A name that begins with a digit goes in backticks: `{pair}`."
            for column in self.columns:
                if column.split() == pair.split():
                    return f"A name with a blank in it goes in backticks: `{column}`."
            return (
                f"Between {before.lexeme} and {token.lexeme} a sign is missing, such as +. If it "
                "is a name with a blank in it, put it in backticks: `my name`."
            )
        if token.kind in names or token.kind == "LEFT_PAREN":
            return "A sign is missing here, such as +."
        return about_sign(token.lexeme, self.formula[:at])

    def _misread_first(self, sign, words):
        return _MisreadError(words, self.formula.index(sign))

    def _refuse(self, what, words):
        begin, _ = self.parser.first.get(id(what), (None, None))
        if begin is None:
            begin = self._first_of(what)
        raise _MisreadError(words, self.places[begin])

    def _first_of(self, what):
        """The first sign of a node that is made of others."""
        while id(what) not in self.parser.first:
            what = what.left if isinstance(what, node.Binary) else what.callee
        return self.parser.first[id(what)][0]

    def _refuse_parenthesis(self, call, words):
        raise _MisreadError(words, self.places[self.parser.opened[id(call)]])

    def _refuse_sign(self, operator, words):
        (k,) = (k for k, token in enumerate(self.tokens) if token is operator)
        raise _MisreadError(words, self.places[k])

    # Terms ----------------------------------------------------------------------------------------

    def _response(self, tree):
        inner = tree
        while isinstance(inner, node.Grouping):
            inner = inner.expression
        if not isinstance(inner, node.Variable | node.QuotedName | node.Call):
            self._refuse(
                tree, "The response must be one column, or one call such as log(y) or I(a + b)."
            )
        (term,) = self._term_of(inner)
        (response,) = term
        return response

    def _terms(self, tree, product=False):
        """The terms of a part of the formula, None for a 0: no intercept."""
        match tree:
            case node.Grouping():
                inner = tree.expression
                if isinstance(inner, node.Binary) and inner.operator.kind == "PIPE":
                    return self._bar(tree, inner, product)
                if isinstance(inner, node.Assign):
                    self._refuse(inner.name, "A single = is allowed only inside a call.")
                if product and _has_bar(inner):
                    self._refuse(tree, "A random part is added to the rest, with +.")
                # In a sum in parentheses a 1 stands as in any other.
                return self._terms(inner, product and not isinstance(inner, node.Binary))
            case node.Binary():
                return self._combined(tree, product)
            case node.Unary():
                return self._signed(tree, product)
            case node.Literal():
                return self._number(tree, product)
            case node.Assign():
                self._refuse(tree.name, "A single = is allowed only inside a call.")
        return self._term_of(tree)

    def _combined(self, tree, product):
        kind = tree.operator.kind
        if kind in COMPARISONS:
            self._refuse_sign(tree.operator, about_sign(tree.operator.lexeme))
        if kind == "PIPE":
            self._refuse_sign(tree.operator, about_sign("|"))
        if kind == "TILDE":
            self._refuse_sign(tree.operator, "There is more than one '~' in it.")
        if kind == "STAR_STAR":
            return self._power(tree)
        product = product or kind not in ("PLUS", "MINUS")
        if kind == "MINUS" and _has_bar(tree.right):
            self._refuse_sign(
                tree.operator, "A random part cannot be subtracted. Just leave it out."
            )
        left, right = self._terms(tree.left, product), self._terms(tree.right, product)
        return COMBINE[kind](left, right)

    def _power(self, tree):
        if not (isinstance(tree.right, node.Literal) and _is_count(tree.right.value)):
            self._refuse(tree.right, "The power of a sum must be a whole number, as in (a + b)**2.")
        if not isinstance(tree.left, node.Grouping):
            base = text_of(tree.left)
            self._refuse(
                tree.left, f"Write I({base}**2) for a power. Without I(), it is just {base}."
            )
        if _has_bar(tree.left):
            self._refuse(tree.left, "A random part is added to the rest, with +.")
        terms = [term for term in self._terms(tree.left) if term is not None]
        orders = range(1, tree.right.value + 1)
        chosen = (group for order in orders for group in combinations(terms, order))
        return _union([tuple(dict.fromkeys(sum(group, ()))) for group in chosen])

    def _signed(self, tree, product):
        if tree.operator.kind == "PLUS":
            return self._terms(tree.right, product)
        if not isinstance(tree.right, node.Literal) or product:
            self._refuse(
                tree, "A minus removes a term that came before it. For minus x, write I(-x)."
            )
        return _without([], self._number(tree.right, product))

    def _number(self, tree, product):
        value = tree.value
        if isinstance(value, str):
            self._refuse(tree, "A column is named without quotes, or in backticks if need be.")
        if isinstance(value, bool | None):
            self._refuse(
                tree, f"{value} has no meaning here; a column of that name needs backticks."
            )
        if value not in (0, 1):
            self._refuse(
                tree,
                "It has a number that is neither 0 nor 1. Multiply in the data, or inside I(), as "
                "in I(2 * x).",
            )
        if product:
            self._refuse(
                tree,
                "A 1 or 0, for a model with or without the mean, belongs in a sum. If you mean a "
                "random part, it needs a bar, as in (1 | g).",
            )
        return [()] if value == 1 else [None]

    def _bar(self, tree, inner, product):
        if product:
            self._refuse(tree, "A random part is added to the rest, with +.")
        if isinstance(inner.left, node.Binary) and inner.left.operator.kind == "PIPE":
            self._refuse_sign(inner.operator, "A random part has only one bar, as in (1 | g).")
        left = self._with_intercept(self._terms(inner.left))
        right = [term for term in self._terms(inner.right, product=True) if term]
        if not right:
            self._refuse(
                inner.right, "To the right of the bar there must be the column of the groups."
            )
        correlated, nested = inner.operator.lexeme == "|", _has_slash(inner.right)
        if not correlated:
            groups = text_of(inner.right)
            effects = [f"0 + {':'.join(term)}" if term else "1" for term in left]
            bars = " + ".join(f"({effect} | {groups})" for effect in effects)
            self.expanded[text_of(tree)] = f"({bars})"
        bar = Bar(tuple(map(self._in_order, left)), tuple(right), correlated, nested)
        if bar not in self.bars:
            self.bars.append(bar)
        return []

    def _expanded(self, text):
        """The formula with double bars written out, as lme4 keeps it."""
        for double, single in self.expanded.items():
            text = text.replace(double, single)
        return text

    def _in_order(self, term):
        """The parts of a term in the order of the formula, as in R: f + x:f has f:x."""
        return tuple(sorted(term, key=list(self.parts).index))

    def _is_offset(self, part):
        tree = self.parts[part]
        return isinstance(tree, node.Call) and tree.callee.name.lexeme == "offset"

    def _require_offsets(self, offsets):
        elsewhere = [term for bar in self.bars for term in (*bar.terms, *bar.factors)]
        for term in [*offsets, *elsewhere]:
            for part in filter(self._is_offset, term):
                tree = self.parts[part]
                if len(term) > 1 or term in elsewhere:
                    self._refuse(tree, "offset() must be a term of its own in the fixed part.")
                if len(tree.args) != 1 or isinstance(tree.args[0], node.Assign):
                    self._refuse(tree, "offset() takes one column, or one call such as log(x).")

    def _with_intercept(self, terms):
        return [()] * (None not in terms and () not in terms) + [t for t in terms if t is not None]

    def _term_of(self, tree):
        if isinstance(tree, node.Call):
            self._check_call(tree)
        else:
            self._check_name(tree)
        key = text_of(tree)
        if isinstance(tree, node.QuotedName) and name_of(tree).isidentifier():
            key = name_of(tree)
        self.parts.setdefault(key, tree)
        return [(key,)]

    # Calls ----------------------------------------------------------------------------------------

    def _check_name(self, tree):
        name, is_word = name_of(tree), isinstance(tree, node.Variable)
        if is_word and name not in self.columns and (name.startswith("np.") or name == "pi"):
            self._refuse(tree, f"{name} is not a column. Write a constant as its number.")
        if is_word and name not in self.columns and name in ("TRUE", "FALSE", "NULL", "NA"):
            self._refuse(tree, f"{name} is how R writes it. In Python it is True, False or None.")
        if isinstance(tree, node.Variable) and tree.level is not None:
            self._refuse(tree, about_sign("["))
        if name_of(tree) not in self.names:
            self.names.append(name_of(tree))

    def _check_call(self, call):
        self._check_callee(call)
        for argument in call.args:
            value = argument.value if isinstance(argument, node.Assign) else argument
            if isinstance(argument, node.Assign) and not isinstance(argument.name, node.Variable):
                self._refuse(argument.name, "Before the = there must be the name of an argument.")
            self._check_argument(value)

    def _check_argument(self, tree):
        match tree:
            case node.Variable() | node.QuotedName():
                self._check_name(tree)
            case node.Call():
                if getattr(tree.callee, "name", None) and tree.callee.name.lexeme in ALONE:
                    self._refuse(tree, f"{tree.callee.name.lexeme}() must be a term of its own.")
                self._check_call(tree)
            case node.Grouping():
                self._check_argument(tree.expression)
            case node.Unary():
                self._check_argument(tree.right)
            case node.Binary():
                if tree.operator.kind not in ARITHMETIC:
                    words = f"{tree.operator.lexeme!r} has no meaning inside a call."
                    if tree.operator.kind == "PIPE":
                        words = "For either of two conditions, write I((…) + (…) > 0)."
                    self._refuse_sign(tree.operator, words)
                if tree.operator.kind in COMPARISONS and any(
                    isinstance(side, node.Binary) and side.operator.kind in COMPARISONS
                    for side in (tree.left, tree.right)
                ):
                    self._refuse_sign(
                        tree.operator,
                        "Write one comparison at a time. For both, use I((0 < x) * (x < 1)).",
                    )
                self._check_argument(tree.left)
                self._check_argument(tree.right)
            case node.Assign():
                self._refuse(tree.name, "An argument with = must be directly inside its call.")

    def _check_callee(self, call):
        if not isinstance(call.callee, node.Variable) or call.callee.level is not None:
            self._refuse_parenthesis(
                call, "A sign is missing before this parenthesis, such as + or *."
            )
        callee = call.callee.name.lexeme
        arguments = [text_of(argument) for argument in call.args]
        habit = HABITS.get(callee)
        if habit is not None:
            self._refuse(call, habit(*arguments) if arguments else f"{callee}() is empty.")
        if callee == "bs" and any(text.startswith("intercept =") for text in arguments):
            self._refuse(call, "bs() takes center=True or False instead of intercept.")
        if callee == "I" and any(isinstance(argument, node.Assign) for argument in call.args):
            self._refuse(call, "I() takes no argument with =. For a comparison, write ==.")
        if callee == "C" and (len(call.args) > 1):
            self._refuse(call, about_contrasts(arguments))
        if callee in KNOWN or _is_numpys(callee):
            self._check_ufunc(call, callee)
            return
        root, _, method = callee.partition(".")
        if callee in self.columns:
            self._refuse_parenthesis(
                call, f"{callee} is a column, not a function. Perhaps a sign is missing, such as +."
            )
        if method and root in self.columns:
            self._refuse(
                call,
                "A formula cannot call methods of a column. To subtract its mean, write "
                f"center({root})"
                + (f"; to treat it as levels, C({root})" if method == "astype" else "")
                + "; for anything else, make a column in the data first.",
            )
        self._refuse(
            call,
            f"It uses {callee!r}, which is not known. You can use {', '.join(FUNCTIONS)}, C(), "
            "center(), scale(), poly(), bs(), and numpy's functions as np.…; for anything else, "
            "make a column first.",
        )

    def _check_ufunc(self, call, callee):
        """A function of numpy takes what is computed with; numpy's other arguments are none."""
        function = _numpys(f"np.{callee}" if callee in FUNCTIONS else callee)
        if not isinstance(function, np.ufunc):
            return
        if len(call.args) > function.nin or any(isinstance(a, node.Assign) for a in call.args):
            other = " For a different base, use log10(x) or np.log2(x)." if "log" in callee else ""
            self._refuse(call, f"{callee}() takes {function.nin} argument(s) here.{other}")


def _union(terms):
    found = {}
    for term in terms:
        found.setdefault(_key(term), term)
    return list(found.values())


def _key(term):
    """a:b is b:a."""
    return term if term is None else frozenset(term)


def _added(left, right):
    """Terms together; the last word on the intercept counts."""
    drop = {None} if () in right else {()} if None in right else set()
    return _union([term for term in left if term not in drop] + right)


def _without(left, right):
    keys = set(map(_key, right))
    left = [term for term in left if _key(term) not in keys]
    # To take away the mean is to ask for none, and to take away a 0 is to ask for it.
    if () in right:
        return _added(left, [None])
    return _added(left, [()]) if None in right else left


def _crossed(left, right):
    left, right = ([term for term in terms if term is not None] for terms in (left, right))
    return _union([tuple(dict.fromkeys(one + other)) for one in left for other in right])


def _starred(left, right):
    return _union(left + right + _crossed(left, right))


def _nested(left, right):
    """a/b is a + a:b, and (a + b)/c is a + b + a:b:c."""
    every = tuple(dict.fromkeys(sum(filter(None, left), ())))
    return _union(left + _crossed([every], right))


COMBINE: dict[str, Callable] = {
    "PLUS": _added,
    "MINUS": _without,
    "COLON": _crossed,
    "STAR": _starred,
    "SLASH": _nested,
}


def _is_numpys(callee):
    return callable(_numpys(callee))


def _numpys(callee):
    """The function of numpy of this name, None if there is none or it is none for a formula."""
    first, *others = callee.split(".")
    found = np if first == "np" and others and others[0] != "random" else None
    for name in others:
        found = getattr(found, name, None)
    return found


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _has_bar(tree):
    match tree:
        case node.Binary():
            return tree.operator.kind == "PIPE" or _has_bar(tree.left) or _has_bar(tree.right)
        case node.Grouping():
            return _has_bar(tree.expression)
    return False


def _has_slash(tree):
    match tree:
        case node.Binary():
            return tree.operator.kind == "SLASH" or _has_slash(tree.left) or _has_slash(tree.right)
        case node.Grouping():
            return _has_slash(tree.expression)
    return False


def name_of(tree):
    if isinstance(tree, node.QuotedName):
        return tree.expression.lexeme[1:-1]
    return tree.name.lexeme


def _names_in(tree):
    """The columns that an argument of a call names."""
    match tree:
        case node.Variable() | node.QuotedName():
            return [name_of(tree)]
        case node.Call():
            return [name for argument in tree.args for name in _names_in(argument)]
        case node.Grouping():
            return _names_in(tree.expression)
        case node.Unary():
            return _names_in(tree.right)
        case node.Binary():
            return _names_in(tree.left) + _names_in(tree.right)
        case node.Assign():
            return _names_in(tree.value)
    return []


def _plain_number(value):
    return f"{value}".removesuffix(".0")


def text_of(tree):
    """A part of a formula as R prints it."""
    match tree:
        case node.Grouping():
            return f"({text_of(tree.expression)})"
        case node.Binary():
            sign = tree.operator.lexeme
            sign = sign if tree.operator.kind in TIGHT else f" {sign} "
            return f"{text_of(tree.left)}{sign}{text_of(tree.right)}"
        case node.Unary():
            return f"{tree.operator.lexeme}{text_of(tree.right)}"
        case node.Call():
            arguments = ", ".join(map(text_of, tree.args))
            return f"{text_of(tree.callee)}({arguments})"
        case node.Assign():
            return f"{text_of(tree.name)} = {text_of(tree.value)}"
        case node.Literal():
            return f'"{tree.value}"' if isinstance(tree.value, str) else _plain_number(tree.value)
        case node.QuotedName():
            return tree.expression.lexeme
    return tree.name.lexeme
