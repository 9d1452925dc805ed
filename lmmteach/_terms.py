"""From the terms of a formula to the columns of X, for the data of the fit and for new data.

formulae evaluates calls and chooses contrasts. What is added here is its memory: the value of a
term for a row may depend on other rows only through numbers that the fit has seen and keeps, as
the mean in ``center(x)`` or in ``I(x - np.mean(x))``. So a prediction is the same whatever other
rows it is asked for with.
"""

import contextlib
import io
import itertools
import re
import warnings
from copy import copy
from functools import reduce

import numpy as np
import pandas as pd
from formulae.categorical import CategoricalBox, Sum, Treatment
from formulae.contrasts import pick_contrasts
from formulae.environment import Environment
from formulae.expr import Call as CallNode
from formulae.terms import Call, Variable
from formulae.terms.call_resolver import CallResolver, LazyCall, LazyOperator

from lmmteach._columns import kind_of_label, plain
from lmmteach._formula import COMPARISONS, LEVELS, name_of

# What numpy has beside its ufuncs that gives each row its own value, whatever the other rows.
BY_ROW = ("where", "clip", "round", "around", "fix", "nan_to_num", "sinc", "i0", "real")


class _Numpy:
    """numpy, as a formula sees it; a fit that keeps it can be copied and pickled."""

    def __getattr__(self, name):
        return getattr(np, name)


NAMESPACE = {"np": _Numpy(), "log": np.log, "log10": np.log10, "exp": np.exp, "sqrt": np.sqrt}


# Calls with a memory ------------------------------------------------------------------------------


class _Kept:
    """A function of all rows, such as np.mean: it gives again what it gave for the data."""

    def __init__(self, name):
        self.name = name
        self.value = None

    def __call__(self, *args, **kwargs):
        if self.value is None:
            value = _numpys(self.name)(*args, **kwargs)
            if np.ndim(value):
                raise ValueError(
                    f"{self.name}() gives each row a value that depends on the other rows and "
                    "their order. Make it a column of the data first."
                )
            self.value = value
        return self.value


class _Scale:
    """Minus the mean and divided by the SD of the data, with n − 1 as in R."""

    def __init__(self):
        self.mean = self.sd = None

    def __call__(self, x):
        if self.mean is None:
            self.mean, self.sd = np.mean(x), np.std(x, ddof=1)
        return (x - self.mean) / self.sd


class _Binary:
    """1 for one level, 0 for the others; without a level, for the first in the data."""

    def __init__(self):
        self.levels = None

    def __call__(self, x, success=None):
        values = _values(x)
        if self.levels is None:
            self.levels = _levels(x)
            _require_level("binary", success, self.levels)
        codes = _codes(values, self.levels)
        return np.where(codes == (0 if success is None else self.levels.index(success)), 1.0, 0.0)


class _Levels:
    """A column as levels, in the order of the data's categories or sorted, with its contrasts."""

    def __init__(self, name):
        self.name = name
        self.is_known = False

    def __call__(self, x, *first, **named):
        values, levels = _values(x), _levels(x)
        if self.is_known:
            return CategoricalBox(values, None, None)
        self.is_known = True
        (key,) = {"C": [""], "T": ["ref"], "S": ["omit"]}[self.name]
        chosen = first[0] if first else named.pop(key, None)
        if named:
            raise ValueError(f"{self.name}() does not take {', '.join(named)}.")
        _require_level(self.name, chosen, levels)
        contrast = {"C": Treatment, "T": Treatment, "S": Sum}[self.name](chosen)
        return CategoricalBox(values, contrast, levels)


def _require_level(name, level, levels):
    if level is not None and level not in levels:
        raise ValueError(f"{name}() asks for {level!r}, but the levels are {_listed(levels)}.")


def _values(x):
    return np.asarray(x.data if isinstance(x, CategoricalBox) else x)


def _levels(x):
    if isinstance(x, CategoricalBox):
        return x.levels or _levels(x.data)
    if _is_categorical(x):
        used = set(x)
        return [level for level in x.cat.categories if level in used]
    return sorted(pd.unique(np.asarray(x)).tolist())


def _listed(levels):
    return ", ".join(map(_said, levels))


def _said(level):
    """A level as the reader wrote it: numbers are computed with as floats, 7 as 7.0."""
    return _label(level) if isinstance(level, float) else plain(level)


class _CallResolver(CallResolver):
    """formulae's calls, each with the memory that it needs, and arithmetic of 0 and 1."""

    def visitCallExpr(self, expr):
        call = super().visitCallExpr(expr)
        if call.callee not in (*LEVELS, "I"):
            call.args = [_Numbers(arg) for arg in call.args]
        if call.callee in ("C", "S", "T"):
            call.stateful_transform = _Levels(call.callee)
        elif call.callee in ("binary", "B"):
            call.stateful_transform = _Binary()
        elif call.callee == "scale":
            call.stateful_transform = _Scale()
        elif call.callee.startswith("np.") and not _is_by_row(call.callee):
            call.stateful_transform = _Kept(call.callee)
        return call

    def visitBinaryExpr(self, expr):
        made = super().visitBinaryExpr(expr)
        return made if expr.operator.kind in COMPARISONS else _of_numbers(made)

    def visitUnaryExpr(self, expr):
        return _of_numbers(super().visitUnaryExpr(expr))


class _Numbers:
    """An argument of arithmetic: True counts as 1, and False as 0, as in R."""

    def __init__(self, inner):
        self.inner = inner

    def eval(self, data_mask, env):
        value = self.inner.eval(data_mask, env)
        is_logical = hasattr(value, "dtype") and pd.api.types.is_bool_dtype(value)
        return value.astype(float) if is_logical else value


def _of_numbers(operator):
    return LazyOperator(operator.op, *map(_Numbers, operator.args))


def _numpys(name):
    return reduce(getattr, name.split(".")[1:], np)


def _is_by_row(callee):
    function = _numpys(callee)
    # A ufunc with a signature, such as matmul, adds up over rows.
    by_row = isinstance(function, np.ufunc) and function.signature is None
    return by_row or callee.removeprefix("np.") in BY_ROW


# What terms are made of ---------------------------------------------------------------------------


class _LogicalCall(LazyCall):
    """A call that may give True and False, which are levels, as in R."""

    def eval(self, data_mask, env):
        value = super().eval(data_mask, env)
        if isinstance(value, int | float | np.number):
            raise ValueError(f"{self.callee}() gives one number rather than one for each row.")
        return _as_levels(value)


class _Call(Call):
    """A call under the name that it has in the formula, with its parentheses."""

    def __init__(self, tree, name):
        lazy = tree.accept(_CallResolver(tree))
        own = _LogicalCall(lazy.callee, lazy.args, lazy.kwargs)
        own.stateful_transform = lazy.stateful_transform
        super().__init__(own)
        self.name = name

    def eval_new_data(self, data_mask):
        if self.kind == "offset":
            return np.asarray(self.call.eval(data_mask, self.env).x, dtype=float)
        if self.kind != "categoric":
            return super().eval_new_data(data_mask)
        return _coded(self, _values(self.call.eval(data_mask, self.env)))


class _Variable(Variable):
    """A column; one of True and False is one of two levels, as in R."""

    def set_type(self, data_mask):
        column = data_mask[self.name]
        column = column.astype(float) if self.is_response and _is_logical(column) else column
        super().set_type({self.name: _as_levels(column)})

    def eval_new_data(self, data_mask):
        column = data_mask[self.name]
        if self.kind != "categoric":
            return np.asarray(column, dtype=float)
        return _coded(self, _values(_as_levels(column)))


def _is_categorical(values):
    return isinstance(getattr(values, "dtype", None), pd.CategoricalDtype)


def _is_logical(values):
    if not hasattr(values, "dtype") or _is_categorical(values):
        return False
    return values.ndim == 1 and pd.api.types.infer_dtype(values) == "boolean"


def _as_levels(values):
    """A column of levels with their order, where it is one."""
    if _is_categorical(values):
        return values.cat.as_ordered()
    if not _is_logical(values):
        return values
    texts = np.where(np.asarray(values, dtype=bool), "TRUE", "FALSE")
    return pd.Series(texts).astype(pd.CategoricalDtype(["FALSE", "TRUE"], ordered=True))


def _coded(part, values):
    """The rows of the contrasts for new values of a factor."""
    try:
        return part.contrast_matrix.matrix[_codes(values, part.levels)]
    except ValueError as error:
        raise ValueError(f"'{part.name}', {error}") from None


def _codes(values, levels):
    """Where each value stands among the levels; True is not 1 here."""
    place = {_key(level): k for k, level in enumerate(levels)}
    codes, unique = pd.factorize(np.asarray(values, dtype=object))
    unknown = [value for value in unique if _key(value) not in place]
    if unknown:
        texts = {_label(level): level for level in levels}
        alike = texts.get(_label(unknown[0]))
        other = (
            ""
            if alike is None
            else f" The data have it as {_said(alike)}, a {kind_of_label(alike)}; this is a "
            f"{kind_of_label(unknown[0])}."
        )
        raise ValueError(
            f"the level {_said(unknown[0])} is not in the data, whose levels are "
            f"{_listed(levels)}.{other}"
        )
    return np.array([place[_key(value)] for value in unique], dtype=int)[codes]


def _key(level):
    return isinstance(level, bool | np.bool_), level


def _label(level):
    """A level as R writes it in the name of a coefficient."""
    if isinstance(level, bool | np.bool_):
        return str(level).upper()
    # Adding 0 makes 0 of −0.
    return f"{level + 0.0:.15g}" if isinstance(level, float) else str(level)


# Their product ------------------------------------------------------------------------------------


class Columns:
    """Terms of a formula, evaluated for the data: the matrix ``X`` and the names of its columns."""

    def __init__(self, formula, terms, data):
        self.categories = {
            name: column.dtype for name, column in data.items() if _is_categorical(column)
        }
        used = sorted({name for term in terms for name in term})
        made = {name: _part(name, formula.parts[name]) for name in used}
        with _quiet():
            for part in made.values():
                _set_type(part, data, Environment([NAMESPACE]))
            self.blocks = [
                _block([made[name] for name in term], coding)
                for term, codings in _codings(terms, made)
                for coding in codings
            ]
            self.X = self._joined([_product([p.value for p in b]) for b in self.blocks], len(data))
        self.names = [name for block in self.blocks for name in _names(block)]
        for part in (part for block in self.blocks for part in block):
            # X has the columns; what is kept is how new ones are made.
            part.value = part._intermediate_data = None

    def rows(self, data):
        """Rows of X for other data.

        Raises
        ------
        ValueError
            naming the part of the formula that the data do not fit.
        """
        data = data.assign(
            **{name: _of_dtype(data[name], dtype) for name, dtype in self._its_own(data)}
        )
        with _quiet():
            products = [_product([_new(part, data) for part in block]) for block in self.blocks]
            return self._joined(products, len(data))

    def _its_own(self, data):
        return [(name, dtype) for name, dtype in self.categories.items() if name in data]

    def _joined(self, products, n):
        """The columns of all terms side by side; the mean, and other constants, are one row."""
        columns = [np.broadcast_to(product, (n, product.shape[1])).T for product in products]
        # A column's values lie together in memory.
        return np.concatenate([np.empty((0, n)), *columns]).T


def response(formula, data):
    """The response as numbers; None where it is not one column of them."""
    part = _part(formula.response, formula.parts[formula.response])
    part.is_response = True
    with _quiet():
        _set_type(part, data, Environment([NAMESPACE]))
        return _response(part)


@contextlib.contextmanager
def _quiet():
    """What the libraries print and warn of on the way is for who writes formulas in Python."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", FutureWarning)
        yield


def _of_dtype(column, dtype):
    """A column of new data as the categories of the fit, in their order."""
    levels = dtype.categories.tolist()
    try:
        codes = _codes(np.asarray(column), levels)
    except ValueError as error:
        raise ValueError(f"'{column.name}', {error}") from None
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index=column.index)


def _part(key, tree):
    part = _Call(tree, key) if isinstance(tree, CallNode) else _Variable(name_of(tree))
    part.key = key
    return part


def _set_type(part, data, environment):
    try:
        if isinstance(part, _Call):
            part.set_type(data, environment)
        else:
            part.set_type(data)
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError) as error:
        raise ValueError(_in_words(part.name, str(error))) from None


def _in_words(name, said):
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", said)
    if unexpected:
        return f"{name} has an argument {unexpected[1]!r}, which is not known here."
    if "ufunc" in said or "unsupported operand" in said or "must be str" in said:
        return f"{name} needs numbers, but one of its columns holds something else."
    return f"{name}: {said}."


def _response(part):
    if part.kind != "numeric":
        return None
    part.set_data(False)
    y = np.asarray(part.value, dtype=float)
    return y if y.ndim == 1 else None


def _codings(terms, made):
    """For each term how its factors are coded, so that no column says what others said before.

    Terms with the same numbers in them share the work: so f:x needs all levels of f, unless x
    stands there alone.
    """
    groups = {}
    for term in terms:
        factors = [name for name in term if made[name].kind == "categoric"]
        numbers = frozenset(term) - set(factors)
        groups.setdefault(numbers, {})[term] = factors
    codings = {}
    for group in groups.values():
        codings.update(pick_contrasts(group))
    return [(term, codings[term]) for term in terms]


def _block(parts, coding):
    """The parts of a term, coded: those factors only that the coding has."""
    block = []
    for part in parts:
        if part.kind == "categoric" and part.key not in coding:
            continue
        # Each term has parts of its own: formulae keeps in them how they are coded there.
        own = copy(part)
        own.set_data(coding.get(part.key, False))
        if own.kind != "categoric" and np.ndim(own.value) == 2 and own.value.shape[1] == 0:
            raise ValueError(f"{own.name} has no columns.")
        block.append(own)
    return block


def _new(part, data):
    try:
        return part.eval_new_data(data)
    except (AttributeError, TypeError) as error:
        raise ValueError(_in_words(part.name, str(error))) from None


def _product(values):
    """Each column of one part times each of the others; the first part runs fastest, as in R."""
    product = np.ones((1, 1))
    for value in values:
        value = np.asarray(value, dtype=float)
        value = value if value.ndim == 2 else value.reshape(-1, 1)
        product = (value[:, :, np.newaxis] * product[:, np.newaxis, :]).reshape(
            max(len(value), len(product)), -1
        )
    return product


def _names(block):
    """The names that R gives to the columns: "(Intercept)", "SexMale", "age:SexMale"."""
    if not block:
        return ["(Intercept)"]
    backwards = itertools.product(*(_part_names(part) for part in reversed(block)))
    return [":".join(reversed(names)) for names in backwards]


def _part_names(part):
    if part.kind == "categoric":
        named = {str(level): _label(level) for level in part.levels}
        return [f"{part.name}{named.get(k, k)}" for k in part.contrast_matrix.labels]
    if np.ndim(part.value) == 2 and part.value.shape[1] > 1:
        return [f"{part.name}{k}" for k in range(1, part.value.shape[1] + 1)]
    return [part.name]
