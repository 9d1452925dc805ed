"""Two ways to the same likelihood: V written out, or sums per group and no V at all.

Both take the model in units of σ_ε: 𝒟 = σ_ε² Λ Λᵀ, with Λ block diagonal over the grouping factors,
and give the criterion with β and σ_ε² at their best.
"""

from copy import copy
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import block_diag

from lmmteach import crossed
from lmmteach._climb import NOTHING_WITHIN, least_squares, negligible, starting_values
from lmmteach._descend import curvature, descend
from lmmteach._shapes import inverse, not_negative, require_memory, solve
from lmmteach._turned import (
    Turned,
    at_right_angles,
    axes_of,
    length,
    triangular,
    turned,
    turned_back,
)
from lmmteach.covariance import V_sum
from lmmteach.likelihood import _score_in_theta
from lmmteach.prediction import predict_known
from lmmteach.profile import P_matrix, gls, profile_loglik
from lmmteach.reml import restricted_loglik
from lmmteach.sums import (
    Evaluation,
    beyond_groups,
    effects,
    evaluate,
    group_sums,
    group_sums_turned,
    rank,
    recombined,
    starts,
    within_groups,
    without,
)

# Up to so many rows, and with several factors, writing V out is quicker.
FEW_ROWS = 50
# The share of the variation that is so small that one must look whether it is only rounding.
DOUBT = 1e-9

# Where to look for a start: SDs of random effects beside that of the errors.
COARSE = np.geomspace(0.1, 5, 9)


def engine_for(name, factors, rows):
    """The engine of a name; "auto" is the one that is quicker for so many rows.

    Parameters
    ----------
    name : "literal", "fast" or "auto"
    factors : Factors
    rows : Regression, whose Q and r are the engine's X and y
    """
    few = len(factors) > 1 and len(rows.y) <= FEW_ROWS
    kind = Literal if name == "literal" or (name == "auto" and few) else Fast
    if all(len(factor.z) == 1 for factor in factors):
        return kind(factors, rows)
    zetas, parts = zip(*(at_right_angles(factor.z) for factor in factors), strict=True)
    T = block_diag(*parts)
    if np.array_equal(T, np.eye(len(T))):
        return kind(factors, rows)
    own = [factor._replace(z=zeta) for factor, zeta in zip(factors, zetas, strict=True)]
    return Turned(kind(own, rows), T, factors)


def best(engine, random, reml, sigma2_b=None, y=None, start=None, bend=None):
    """The Λ with the lowest criterion, and what belongs to it.

    Parameters
    ----------
    engine : Literal or Fast
    random : RandomPart
    reml : True for REML, False for ML
    sigma2_b : the variance of a single random intercept, if it is held
    y : (n,) the responses before OLS took anything out, which say what their rounding is
    start : (k, k) a Λ near the best one, if one is known
    bend : how the criterion bends there, as ``bend_at`` gives it, if that is known

    Returns
    -------
    Lambda : (k, k)
    evaluation : Evaluation

    Raises
    ------
    ValueError
        if no minimum is found, or nothing is left for σ_ε².
    """
    if sigma2_b is not None:
        return _held(engine, random, reml, sigma2_b)

    along, axes, back = _along_axes(engine, random)

    def evaluate(Lambda):
        return along.evaluate(Lambda, reml)

    first = engine.starts(reml) if start is None else [triangular(axes @ start)]
    scale = np.ones(len(axes))
    try:
        tops = [descend(evaluate, scale, random.blocks, each, bend) for each in first]
    except (ValueError, np.linalg.LinAlgError):
        _require_variation(engine, y)
        raise
    Lambda, found = min(tops, key=lambda top: top[1].criterion)
    if found.sigma2_e <= DOUBT * engine.square / engine.shape[0]:
        _require_variation(engine, y)
    if along is engine:
        return Lambda, found
    return triangular(back @ Lambda), turned_back(found, axes)


def bend_at(engine, random, reml, Lambda):
    """How the criterion bends at Λ, for the ``best`` of an engine that is nearly the same."""
    along, axes, _ = _along_axes(engine, random)
    scale, Lambda = np.ones(len(axes)), triangular(axes @ Lambda)
    return curvature(lambda at: along.evaluate(at, reml), scale, random.blocks, Lambda)


def _along_axes(engine, random):
    """The engine with Λ along axes in which a bar's effects are uncorrelated; these, and back."""
    axes = axes_of(engine.R, random.blocks)
    axes += np.diag(np.diag(axes) == 0)
    back = np.linalg.inv(axes)
    return turned(engine, back), axes, back


def _one_by_one(engine, reml, sums=None):
    """Λ, in units of R, as a coarse look at each factor alone has it, with the errors of all.

    Alone, a factor leaves the variation of all others to the errors.
    """
    shares, errors, R = [], [], np.diag(engine.R)
    columns = None if sums else [*engine.X.T, engine.y]
    for factor, at in zip(engine.factors, engine.places, strict=True):
        of_factor = sums or group_sums(factor.codes, factor.q, factor.z, columns)
        scale = np.diag(1 / np.where(R[at] > 0, R[at], 1.0))
        found = [(evaluate(of_factor, t * scale, reml), t) for t in COARSE]
        here, t = min(found, key=lambda each: each[0].criterion)
        shares.append(t**2 * here.sigma2_e)
        errors.append(here.sigma2_e)
    numbers = np.array([len(factor.z) for factor in engine.factors])
    by_others = numbers @ shares - numbers * shares
    sigma2_e = max(*(errors - by_others), 0.2 * min(errors))
    return np.diag(np.repeat(np.sqrt(np.array(shares) / sigma2_e), numbers))


def _require_variation(engine, y):
    if engine.leaves_nothing(engine.y if y is None else y, thorough=True):
        raise ValueError(NOTHING_WITHIN)


def _held(engine, random, reml, sigma2_b):
    not_negative("sigma2_b", sigma2_b)
    if len(random.scale) > 1:
        raise ValueError("sigma2_b can be held in a model with one random intercept only.")
    if sigma2_b == 0:
        Lambda = np.zeros((1, 1))
        return Lambda, engine.evaluate(Lambda, reml)

    def slope(log_ratio):
        found = engine.evaluate(np.array([[np.exp(log_ratio / 2)]]), reml)
        sigma2_e = sigma2_b * np.exp(-log_ratio)
        pwrss = found.df * found.sigma2_e
        along = found.spread_slope[0, 0] + found.fit_slope[0, 0] / sigma2_e
        return np.exp(log_ratio) * along - found.df + pwrss / sigma2_e

    # Imported here, because it takes longer than a fit.
    from scipy.optimize import brentq

    # σ_ε² between a millionth of all variation and all of it, and some more.
    high = np.log(sigma2_b / (engine.square / engine.shape[0])) + 14
    low = high - 28
    log_ratio = brentq(slope, low, high, xtol=1e-14, rtol=1e-14)
    Lambda = np.array([[np.exp(log_ratio / 2)]])
    found, sigma2_e = engine.evaluate(Lambda, reml), sigma2_b * np.exp(-log_ratio)
    criterion = found.spread + found.df * (np.log(2 * np.pi * sigma2_e) + found.sigma2_e / sigma2_e)
    return Lambda, found._replace(sigma2_e=float(sigma2_e), criterion=float(criterion))


def added_effects(b, z, codes):
    """Zb for rows whose columns of Z and groups are given factor by factor; unknown groups get 0.

    Parameters
    ----------
    b : for each factor (k, q)
    z : for each factor k arrays (m,), None for a column of ones
    codes : for each factor (m,) positions of the groups, −1 for an unknown one
    """
    total = np.zeros(len(codes[0]))
    for values_of_b, columns, rows in zip(b, z, codes, strict=True):
        # The last column, which −1 finds, is that of an unknown group.
        padded = np.column_stack([values_of_b, np.zeros(len(values_of_b))])
        for values, column in zip(padded, columns, strict=True):
            total += values[rows] if column is None else values[rows] * column
    return total


class Literal:
    """The way of the lecture: V = Σ θ_k G_k, written out.

    Parameters
    ----------
    factors : Factors
    rows : Regression, whose Q and r are X and y here

    Raises
    ------
    ValueError
        if V is too large to be written out.
    """

    name = "literal"

    def __init__(self, factors, rows):
        n = len(rows.y)
        require_memory(n**2, f"V would be {n:,} × {n:,}")
        self.factors, self.places, self.X, self.y = factors, places(factors), rows.Q, rows.r
        self.Z = [[_indicator(factor, values) for values in factor.z] for factor in factors]
        # The position in Λ Λᵀ of each θ_k, and G_k; σ_ε², in whose units all is, comes last.
        self.entries, self.G = [], []
        for at, Z in zip(self.places, self.Z, strict=True):
            for i, Z_i in enumerate(Z):
                for j, Z_j in enumerate(Z[: i + 1]):
                    self.entries.append((at.start + i, at.start + j))
                    self.G.append(Z_i @ Z_j.T if i == j else Z_i @ Z_j.T + Z_j @ Z_i.T)
        self.G = np.stack([*self.G, np.eye(n)])

    def V(self, Lambda):
        """V in units of σ_ε²."""
        D = Lambda @ Lambda.T
        return V_sum([*(D[entry] for entry in self.entries), 1.0], self.G)

    def recombined(self, A):
        """The same engine with (X, y) A in the place of (X, y)."""
        other = copy(self)
        columns = np.column_stack([self.X, self.y]) @ A
        other.X, other.y = columns[:, :-1], columns[:, -1]
        return other

    def with_response(self, y):
        """The same engine with another response."""
        other = copy(self)
        other.y = y
        return other

    @property
    def shape(self):
        """(n, p) of X."""
        return self.X.shape

    @property
    def square(self):
        """The sum of squares of y."""
        return self.y @ self.y

    @cached_property
    def R(self):
        """(k, k), z = ζ R with columns of ζ at right angles and of length 1."""
        return _lengths(self.factors)

    def starts(self, reml=True):
        """Where to begin, in units of R: as the other engine; with V written out for one effect."""
        if len(self.G) > 2:
            return [_one_by_one(self, reml)]
        (((Z,),),) = (self.Z,)
        n, p = self.X.shape
        df = n - p if reml else n
        found = starting_values(self.y, self.X, Z, df, (None, None))
        return [np.sqrt(x[-2] / x[-1]) * self.R for x in found]

    def evaluate(self, Lambda, reml=True):
        """Criterion, its slopes by Λ Λᵀ, and the best β and σ_ε²."""
        X, y = self.X, self.y
        V = self.V(Lambda)
        beta, _ = gls(V, y, X)
        u = solve(V, y - X @ beta)
        df = len(y) - X.shape[1] if reml else len(y)
        sigma2_e = (y - X @ beta) @ u / df
        loglik = restricted_loglik if reml else profile_loglik
        criterion = -2 * loglik(sigma2_e * V, y, X)
        spread = criterion - df * (1 + np.log(2 * np.pi * sigma2_e))
        W = P_matrix(V, X) if reml else inverse(V)
        in_spread = self._slope(-2 * _score_in_theta(W, 0 * u, self.G), Lambda)
        # In units of σ_ε, so that small responses do not drown in the other part.
        in_both = self._slope(-2 * _score_in_theta(W, u / np.sqrt(sigma2_e), self.G), Lambda)
        in_fit = sigma2_e * (in_both - in_spread)
        yX = np.column_stack([X, y])
        S = yX.T @ solve(V, yX)
        return Evaluation(criterion, beta, sigma2_e, S, spread, df, in_spread, in_fit)

    def _slope(self, by_theta, Lambda):
        """The derivative by Λ Λᵀ, from those by the θ_k."""
        slope = np.zeros_like(Lambda)
        for (i, j), value in zip(self.entries, by_theta, strict=False):
            # A covariance stands in two places of 𝒟.
            slope[i, j] = slope[j, i] = value if i == j else value / 2
        return slope

    def rank(self):
        """How many of the columns of X and Z are independent."""
        return np.linalg.matrix_rank(self._XZ)

    def leaves_nothing(self, y, thorough=False):
        """Whether X and Z explain all but the rounding of y."""
        return negligible(least_squares(self.y, self._XZ)[1], y)

    @property
    def _XZ(self):
        return np.column_stack([self.X, *(z for Z in self.Z for z in Z)])

    def error_variance(self, Lambda, x, z, codes):
        """Var(x β̂ + z b̂ − (x β + z b)) over σ_ε², for rows of known groups."""
        blocks, rows = [], []
        for at, factor, values, groups in zip(self.places, self.factors, z, codes, strict=True):
            D = Lambda[at, at] @ Lambda[at, at].T
            blocks.append(np.kron(D, np.eye(factor.q)))
            known = np.eye(factor.q + 1)[groups][:, : factor.q]
            rows.append(np.column_stack([known * value[:, np.newaxis] for value in values]))
        Z = np.column_stack([z for Z in self.Z for z in Z])
        V, D, z = self.V(Lambda), block_diag(*blocks), np.column_stack(rows)
        return predict_known(x, z, D, Z, V, self.y, self.X)[1]

    def effects(self, Lambda, evaluation):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
        W = inverse(self.V(Lambda))
        u = W @ (self.y - self.X @ evaluation.beta)
        found = []
        for at, Z in zip(self.places, self.Z, strict=True):
            D = Lambda[at, at] @ Lambda[at, at].T
            along = np.array([z.T @ u for z in Z])
            inner = np.array([[np.sum(a * (W @ b), axis=0) for b in Z] for a in Z])
            explained = np.einsum("ia,abu,bj->iju", D, inner, D)
            found.append((D @ along, D[:, :, np.newaxis] - explained))
        return found


class Fast:
    """Sums per group for one factor; cross products with the largest eliminated for several.

    Parameters
    ----------
    factors : Factors
    rows : Regression, whose Q and r are X and y here
    """

    name = "fast"

    def __init__(self, factors, rows):
        self.factors, self.places, self.rows = factors, places(factors), rows
        self.sums = None
        if len(factors) == 1:
            self.sums = _sums_of_one(*factors, rows)
        else:
            self.order = sorted(range(len(factors)), key=lambda f: -factors[f].q)
            products = crossed.cross_products(
                [factors[f] for f in self.order], np.column_stack([rows.Q, rows.r])
            )
            self.products = crossed.with_pairs(products)

    @property
    def X(self):
        """(n, p) columns; made only if somebody needs rows and not sums."""
        return self.rows.Q

    @property
    def y(self):
        """(n,) responses, made as X is."""
        return self.rows.r

    @property
    def shape(self):
        """(n, p) of X."""
        if self.sums:
            return self.sums.n, len(self.sums.within) - 1
        return self.products.n, len(self.products.C) - 1

    @property
    def square(self):
        """The sum of squares of y."""
        if self.sums:
            return self.sums.within[-1, -1] + np.sum(self.sums.c[:, -1] ** 2)
        return self.products.C[-1, -1]

    def recombined(self, A):
        """The same engine with (X, y) A in the place of (X, y); only sums are touched."""
        other = self._with_rows(Recombined(self.rows, A))
        if len(self.factors) == 1:
            other.sums = recombined(self.sums, A)
        else:
            T1, T2, C = self.products.T1 @ A, self.products.T2 @ A, A.T @ self.products.C @ A
            other.products = self.products._replace(T1=T1, T2=T2, C=C)
        return other

    def with_response(self, y):
        """The same engine with another response; what does not depend on it is not made again."""
        other = self._with_rows(Rows(self.X, y))
        if len(self.factors) == 1:
            (only,) = self.factors
            other.sums = group_sums(only.codes, only.q, only.z, [*self.X.T, y])
        else:
            columns = np.column_stack([self.X, y])
            T1, *others = [_sums_of(self.factors[f], columns) for f in self.order]
            T2 = np.concatenate([T.reshape(-1, T.shape[2]) for T in others])
            other.products = self.products._replace(T1=T1, T2=T2, C=columns.T @ columns)
        return other

    def _with_rows(self, rows):
        """A copy that remembers nothing of the rows before."""
        other = copy(self)
        for name in ("_shares", "_by_group", "_start"):
            vars(other).pop(name, None)
        other.rows = rows
        return other

    def without(self, group, f=0):
        """The same engine without a group of a factor; only sums and the group's rows are touched.

        Its factors, X and y remain those of all rows, and serve for the start of a search only.

        Raises
        ------
        ValueError
            if the sums of what remains cannot be had in this way.
        """
        other = copy(self)
        if len(self.factors) == 1:
            within, sizes = self._shares
            other.sums = without(self.sums, group, within[group], sizes[group])
            return other
        order, ends = self._by_group[f]
        rows = order[ends[group] : ends[group + 1]]
        columns = np.column_stack([self.X[rows], self.y[rows]])
        factors = [self.factors[at] for at in self.order]
        at = self.order.index(f)
        other.products = crossed.without(self.products, factors, at, group, rows, columns)
        return other

    @cached_property
    def _by_group(self):
        """For each factor the rows, group after group, and where each group ends."""
        found = []
        for factor in self.factors:
            ends = np.concatenate([[0], np.cumsum(np.bincount(factor.codes, minlength=factor.q))])
            found.append((np.argsort(factor.codes, kind="stable"), ends))
        return found

    @cached_property
    def _shares(self):
        """Each group's share of the sums within groups, and its number of rows."""
        (only,) = self.factors
        shares = within_groups(self.sums, only.codes, only.z, [*self.X.T, self.y])
        return shares, np.bincount(only.codes, minlength=only.q)

    @cached_property
    def R(self):
        """(k, k), z = ζ R with columns of ζ at right angles and of length 1."""
        return _lengths(self.factors)

    def starts(self, reml=True):
        """Where to begin, in units of R: for a single random effect the summits of a scan.

        For several, near what each factor alone has best.
        """
        if len(self.factors) > 1:
            return [self._start]
        if len(self.factors[0].z) > 1:
            return [_one_by_one(self, reml, self.sums)]
        return [start * self.R for start in starts(self.sums, reml)]

    @cached_property
    def _start(self):
        """Near what each of several factors alone has best."""
        return _one_by_one(self, reml=True)

    def evaluate(self, Lambda, reml=True):
        """Criterion, its slopes by Λ Λᵀ, and the best β and σ_ε²."""
        if len(self.factors) == 1:
            return evaluate(self.sums, Lambda, reml)
        order = self._order(Lambda)
        found = crossed.evaluate_crossed(self.products, Lambda[order], reml)
        slopes = np.zeros((2, *Lambda.shape))
        for slope, of_sorted in zip(slopes, found[-2:], strict=True):
            slope[order] = of_sorted
        return found._replace(spread_slope=slopes[0], fit_slope=slopes[1])

    def effects(self, Lambda, evaluation):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
        if len(self.factors) == 1:
            return [effects(self.sums, Lambda, evaluation.beta)]
        found = crossed.crossed_effects(self.products, Lambda[self._order(Lambda)], evaluation.beta)
        return [found[self.order.index(f)] for f in range(len(self.factors))]

    def error_variance(self, Lambda, x, z, codes):
        """Var(x β̂ + z b̂ − (x β + z b)) over σ_ε², for rows of known groups."""
        if len(self.factors) == 1:
            return self._error_variance_of_one(Lambda, x, z[0], codes[0])
        z, codes = [z[f] for f in self.order], [codes[f] for f in self.order]
        return crossed.error_variance(self.products, Lambda[self._order(Lambda)], x, z, codes)

    def _error_variance_of_one(self, Lambda, x, z, codes):
        """The same for one factor: (x − zB) Φ (x − zB)ᵀ + z Var(b | y) zᵀ with B = 𝒟 Zᵀ V⁻¹ X."""
        sums, nothing = self.sums, np.empty(0)
        columns = [sums._replace(c=sums.c[:, [j]]) for j in range(x.shape[1])]
        B = np.stack([effects(each, Lambda, nothing)[0] for each in columns], axis=1)
        _, of_b = effects(sums, Lambda, np.zeros(x.shape[1]))
        # The last group, which −1 finds, is the unknown one.
        B, of_b = (np.concatenate([a, np.zeros_like(a[..., :1])], axis=-1) for a in (B, of_b))
        Phi = np.linalg.inv(self.evaluate(Lambda).S[:-1, :-1])
        moved = x - np.einsum("im,ipm->mp", z, B[..., codes])
        of_b = np.einsum("im,ijm,jm->m", z, of_b[..., codes], z)
        return np.sum(moved @ Phi * moved, axis=1) + of_b

    def rank(self):
        """How many of the columns of X and Z are independent."""
        return rank(self.sums) if len(self.factors) == 1 else crossed.rank(self.products)

    def leaves_nothing(self, y, thorough=False):
        """Whether X and Z explain all but the rounding of y.

        Of several factors this takes as long as a fit, and is asked only if ``thorough``: where
        it is so, the fit ends nowhere.
        """
        if len(self.factors) > 1:
            return thorough and negligible(self._beyond_all(), y)
        S, n = self.sums.within, len(y)
        beta = np.linalg.lstsq(S[:-1, :-1], S[:-1, -1], rcond=None)[0]
        left = S[-1, -1] - S[:-1, -1] @ beta
        # No number is larger than the root of the sum of all squares.
        if left > DOUBT * max(S[-1, -1], DOUBT * n * (y @ y)):
            return False
        if left > DOUBT * max(S[-1, -1], DOUBT * n * np.max(np.abs(y)) ** 2):
            return False
        (only,) = self.factors
        X = [beyond_groups(self.sums, only.codes, only.z, x) for x in self.X.T]
        r = beyond_groups(self.sums, only.codes, only.z, self.y)
        return negligible(least_squares(r, np.column_stack(X))[1], y)

    def _beyond_all(self):
        """What X and all columns of Z leave of y."""
        from scipy.sparse.linalg import lsmr

        n = len(self.y)
        parts = [_sparse(f.q, _with_ones(f.z, n), f.codes) for f in self.factors]
        XZ = sparse.hstack([self.X, *parts]).tocsr()
        left = self.y
        # Again, because one answer leaves its own rounding.
        for _ in range(3):
            left = left - XZ @ lsmr(XZ, left, atol=1e-15, btol=1e-15, maxiter=n)[0]
        return left

    def _order(self, Lambda):
        """Where the entries of Λ are, with the largest factor first."""
        order = np.concatenate([np.arange(len(Lambda))[self.places[f]] for f in self.order])
        return np.ix_(order, order)


class Rows(NamedTuple):
    """The rows of X and y."""

    Q: np.ndarray
    r: np.ndarray


class Recombined:
    """Rows of other columns, (X, y) A, made only if somebody asks for them."""

    def __init__(self, rows, A):
        self.rows, self.A = rows, A

    @cached_property
    def _columns(self):
        return np.column_stack([self.rows.Q, self.rows.r]) @ self.A

    @property
    def Q(self):
        """(n, p) the first columns."""
        return self._columns[:, :-1]

    @property
    def r(self):
        """(n,) the last one."""
        return self._columns[:, -1]


def _sums_of_one(factor, rows):
    """The sums of Q and r; from those of the columns that they are made of if that is as good."""
    codes, q, z = factor
    # Of several effects a group's columns can be nearly dependent, which costs digits enough.
    if rows.A is not None and len(z) == 1:
        squares = np.append(np.ones(len(rows.R)), rows.square)
        sums = group_sums_turned(codes, q, z, [*rows.X.T, rows.y], rows.A, squares)
        if sums is not None:
            return sums
    return group_sums(codes, q, z, [*rows.Q.T, rows.r])


def places(factors):
    """Where each factor's block of Λ is: a slice for each."""
    ends = np.cumsum([len(factor.z) for factor in factors])
    return [slice(end - len(f.z), end) for end, f in zip(ends, factors, strict=True)]


def _sums_of(factor, columns):
    """Zᵀ times columns (n, m), for one factor: (k, q, m)."""
    total = np.empty((len(factor.z), factor.q, columns.shape[1]))
    for i, z in enumerate(factor.z):
        for j, column in enumerate(columns.T):
            weights = column if z is None else z * column
            total[i, :, j] = np.bincount(factor.codes, weights, minlength=factor.q)
    return total


def _lengths(factors):
    return np.diag([length(z) for factor in factors for z in factor.z])


def _with_ones(z, n):
    return [np.ones(n) if values is None else values for values in z]


def _sparse(q, z, codes):
    """The columns of Z of one factor, effect by effect; a row of an unknown group is 0."""
    known = np.flatnonzero(codes >= 0)
    parts = [
        sparse.csr_matrix((values[known], (known, codes[known])), shape=(len(codes), q))
        for values in z
    ]
    return sparse.hstack(parts)


def _indicator(factor, values):
    Z = np.zeros((len(factor.codes), factor.q))
    Z[np.arange(len(factor.codes)), factor.codes] = 1.0 if values is None else values
    return Z
