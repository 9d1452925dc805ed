"""From the terms of a formula to the columns of X, for the data of the fit and for new data.

formulae evaluates calls and chooses contrasts. What is added here is its memory: the value of a
term for a row may depend on other rows only through numbers that the fit has seen and keeps, as
the mean in ``center(x)`` or in ``I(x - np.mean(x))``. So a prediction is the same whatever other
rows it is asked for with.
"""

import contextlib
import io
import itertools
from copy import deepcopy
from functools import reduce

import numpy as np
import pandas as pd
from formulae.categorical import CategoricalBox, Treatment
from formulae.environment import Environment
from formulae.expr import Call as CallNode
from formulae.matrices import DesignMatrices
from formulae.terms import Call, Intercept, Model, Response, Term, Variable
from formulae.terms.call_resolver import CallResolver, LazyCall

from lmmteach._formula import _name

# What numpy has beside its ufuncs that gives each row its own value, whatever the other rows.
BY_ROW = ("where", "clip", "round", "around", "fix", "nan_to_num", "isin", "sinc", "i0", "real")


class _Numpy:
    """numpy, as a formula sees it; a fit that keeps it can be copied and pickled."""

    def __getattr__(self, name):
        return getattr(np, name)


NAMESPACE = {"np": _Numpy(), "log": np.log, "log10": np.log10, "exp": np.exp, "sqrt": np.sqrt}


class _Kept:
    """A function of all rows, such as np.mean: it gives again what it gave for the data."""

    def __init__(self, name):
        self.name = name
        self.value = None

    def __call__(self, *args, **kwargs):
        if self.value is None:
            value = reduce(getattr, self.name.split(".")[1:], np)(*args, **kwargs)
            if np.ndim(value):
                raise ValueError(
                    f"{self.name}() gives each row a value that depends on the other rows and "
                    "their order. Make a column of it in the data first."
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
        self.success = None

    def __call__(self, x, success=None):
        if self.success is None:
            levels = sorted(pd.unique(np.asarray(x)).tolist())
            if success is not None and success not in levels:
                raise ValueError(f"binary() asks for {success!r}, and there are {levels}.")
            self.success = levels[0] if success is None else success
        return np.where(np.asarray(x) == self.success, 1, 0)


class _Treatment:
    """Levels of which a given one comes first."""

    def __init__(self):
        self.is_known = False

    def __call__(self, x, ref=None):
        levels = pd.unique(np.asarray(x)).tolist()
        if not (self.is_known or ref is None or ref in levels):
            raise ValueError(f"T() asks for {ref!r} as the first level, and there are {levels}.")
        self.is_known = True
        return CategoricalBox(x, Treatment(ref), None)


OWN = {"scale": _Scale, "binary": _Binary, "B": _Binary, "T": _Treatment}


class _CallResolver(CallResolver):
    """formulae's calls, each with the memory that it needs."""

    def visitCallExpr(self, expr):
        call = super().visitCallExpr(expr)
        if call.callee in OWN:
            call.stateful_transform = OWN[call.callee]()
        elif call.callee.startswith("np.") and not _is_by_row(call.callee):
            call.stateful_transform = _Kept(call.callee)
        return call


def _is_by_row(callee):
    function = reduce(getattr, callee.split(".")[1:], np)
    return isinstance(function, np.ufunc) or callee.removeprefix("np.") in BY_ROW


class _LogicalCall(LazyCall):
    """A call that may give True and False, which are levels, as in R."""

    def eval(self, data_mask, env):
        value = super().eval(data_mask, env)
        if isinstance(value, int | float | np.number):
            raise ValueError(f"{self.callee}() gives one number, and not one for each row.")
        return _as_levels(value)


class _Call(Call):
    """A call under the name that stands in the formula, with its parentheses."""

    def __init__(self, tree, name):
        lazy = tree.accept(_CallResolver(tree))
        own = _LogicalCall(lazy.callee, lazy.args, lazy.kwargs)
        own.stateful_transform = lazy.stateful_transform
        super().__init__(own)
        self.name = name

    def __eq__(self, other):
        return isinstance(other, _Call) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


class _Variable(Variable):
    """A column; one of True and False is one of two levels, as in R."""

    def set_type(self, data_mask):
        super().set_type(data_mask if self.is_response else self._with_levels(data_mask))

    def eval_new_data(self, data_mask):
        return super().eval_new_data(self._with_levels(data_mask))

    def _with_levels(self, data):
        return {self.name: _as_levels(data[self.name])}


def _as_levels(values):
    if not (hasattr(values, "dtype") and pd.api.types.infer_dtype(values) == "boolean"):
        return values
    texts = np.where(np.asarray(values, dtype=bool), "TRUE", "FALSE")
    levels = pd.CategoricalDtype(["FALSE", "TRUE"], ordered=True)
    return pd.Series(texts).astype(levels)


class Design:
    """The fixed part of a formula, evaluated for the data: ``y``, ``X`` and the names of X."""

    def __init__(self, formula, data):
        made = {name: _component(name, tree) for name, tree in formula.parts.items()}
        terms = [
            # Each term has components of its own: formulae keeps in them how they are coded there.
            Term(*(deepcopy(made[name]) for name in term)) if term else Intercept()
            for term in formula.terms
        ]
        model = Model(*terms, response=Response(Term(made[formula.response])))
        # What formulae prints when something goes wrong, the error says as well.
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            design = DesignMatrices(model, data, Environment([NAMESPACE]))
        self.y = np.asarray(design.response.design_matrix)
        self.is_numeric = self.y.ndim == 1 and design.response.kind == "numeric"
        if self.is_numeric:
            self.y = self.y.astype(float)
        self.terms = list(model.common_terms)
        self.orders = [_order_in_r(term) for term in self.terms]
        self.X = self._joined([term.data for term in self.terms], len(data))
        names = zip(self.terms, self.orders, strict=True)
        self.names = [_names(term)[k] for term, order in names for k in order]
        self._forget()

    def rows(self, data):
        """Rows of X for other data.

        Raises
        ------
        ValueError
            naming the term that the data do not fit.
        """
        with np.errstate(all="ignore"):
            return self._joined([_new_data(term, data) for term in self.terms], len(data))

    def _joined(self, parts, n):
        """The columns of all terms side by side."""
        columns = [np.empty((n, 0))]
        for part, order in zip(map(np.asarray, parts), self.orders, strict=True):
            part = part if part.ndim == 2 else part[..., np.newaxis]
            # A term of constants only gives one row, whatever the length of the data.
            columns.append(np.broadcast_to(part, (n, part.shape[1]))[:, order])
        return np.column_stack(columns).astype(float)

    def _forget(self):
        """Drop the columns that formulae keeps: X has them."""
        for term in self.terms:
            term.data = None
            for part in getattr(term, "components", ()):
                part.value = part._intermediate_data = None


def _component(name, tree):
    return _Call(tree, name) if isinstance(tree, CallNode) else _Variable(_name(tree))


def _new_data(term, data):
    try:
        return term.eval_new_data(data)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{term.name}: {error}") from None


def _order_in_r(term):
    """The order of a term's columns in R: in an interaction the first factor runs fastest."""
    widths = [len(_part_names(part)) for part in getattr(term, "components", ())] or [1]
    return np.arange(np.prod(widths)).reshape(widths).ravel(order="F")


def _names(term):
    """The names that R gives to the columns of a term: "(Intercept)", "SexMale", "age:SexMale"."""
    if isinstance(term, Intercept):
        return ["(Intercept)"]
    return [":".join(pair) for pair in itertools.product(*map(_part_names, term.components))]


def _part_names(part):
    if part.kind == "categoric":
        labels = part.contrast_matrix.labels
        if set(map(type, part.levels)) <= {bool, np.bool_}:
            labels = [label.upper() for label in labels]
        return [f"{part.name}{label}" for label in labels]
    if part.value.ndim == 2 and part.value.shape[1] > 1:
        return [f"{part.name}{k}" for k in range(1, part.value.shape[1] + 1)]
    return [part.name]
