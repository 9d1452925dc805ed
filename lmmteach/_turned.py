"""The random effects in other columns of Z, which are far from dependent, and back.

With slopes on years, or on anything else far from 0, the columns of Z of one group are nearly
multiples of each other, and sums of their products lose the digits that tell them apart. So the
engines get columns at right angles: z = ζ T for the columns of one factor, with ζ what each has
beyond those before it. As Zb = ζ (T b), nothing else changes: T b has the covariance T Λ Λᵀ Tᵀ.
"""

import numpy as np

# Columns whose angle is this close to a right one, as a cosine, are left as they are.
RIGHT = 1e-8


def at_right_angles(z):
    """What each column has beyond those before it; a column of ones comes before all others.

    Parameters
    ----------
    z : k arrays (n,), None for a column of ones

    Returns
    -------
    zeta : k arrays (n,), None for a column of ones
    T : (k, k), with z = ζ T
    """
    zeta, T = list(z), np.eye(len(z))
    order = sorted(range(len(z)), key=lambda j: z[j] is not None)
    for at, j in enumerate(order):
        for i in order[:at]:
            one, column = zeta[i], zeta[j]
            share = np.mean(column) if one is None else _share(one, column)
            if abs(share) * length(one) > RIGHT * length(column):
                T[i, j] = share
                zeta[j] = column - (share if one is None else share * one)
    return tuple(zeta), T


def _share(one, column):
    square = one @ one
    return (one @ column) / square if square > 0 else 0.0


def length(z):
    """The root of a column's mean square."""
    return 1.0 if z is None else np.sqrt(z @ z / len(z))


def axes_of(R, blocks):
    """For each bar upper triangular axes A, with all A b uncorrelated in the data: (k, k).

    Parameters
    ----------
    R : (k, k), z = ζ R with columns of ζ at right angles and of length 1
    blocks : the positions of each bar's effects
    """
    if len(R) == 1:
        return R.copy()
    axes = np.zeros_like(R)
    for block in blocks:
        upper = np.linalg.qr(R[:, block], mode="r")
        signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
        axes[np.ix_(block, block)] = signs[:, np.newaxis] * upper
    return axes


def triangular(root):
    """The lower triangular Λ with the Λ Λᵀ of any root; zeros in it stay exact."""
    Lambda, rest = np.zeros_like(root), root
    for i, whole in enumerate(root):
        size = np.sqrt(rest[i] @ rest[i])
        # A row that the rows above it explain has no entry on the diagonal.
        if size <= 1e-14 * np.sqrt(whole @ whole):
            continue
        way = rest[i] / size
        Lambda[i:, i] = rest[i:] @ way
        rest = rest - np.outer(rest @ way, way)
    return Lambda


class Turned:
    """An engine whose Λ is of one set of columns of Z, while it works with another.

    Parameters
    ----------
    engine : Literal or Fast, of the columns ζ
    T : (k, k), with z = ζ T for the columns z that Λ belongs to
    factors : Factors with the columns z
    """

    def __init__(self, engine, T, factors):
        self.engine, self.T, self.factors = engine, T, factors
        self.name, self.shape = engine.name, engine.shape

    @property
    def X(self):
        """(n, p) columns."""
        return self.engine.X

    @property
    def y(self):
        """(n,) responses."""
        return self.engine.y

    @property
    def square(self):
        """The sum of squares of y."""
        return self.engine.square

    @property
    def R(self):
        """(k, k), z = ζ R with columns of ζ at right angles and of length 1."""
        return self.engine.R @ self.T

    def evaluate(self, Lambda, reml=True):
        """Criterion, its slopes by Λ Λᵀ, and the best β and σ_ε²."""
        return turned_back(self.engine.evaluate(triangular(self.T @ Lambda), reml), self.T)

    def effects(self, Lambda, evaluation):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
        back, found, at = np.linalg.inv(self.T), [], 0
        for b, variance in self.engine.effects(triangular(self.T @ Lambda), evaluation):
            A = back[at : at + len(b), at : at + len(b)]
            found.append((A @ b, np.einsum("ia,abu,jb->iju", A, variance, A)))
            at += len(b)
        return found

    def error_variance(self, Lambda, x, z, codes):
        """Var(x β̂ + z b̂ − (x β + z b)) over σ_ε², for rows of known groups."""
        zeta, at = [], 0
        for values in z:
            here = slice(at, at + len(values))
            zeta.append(np.linalg.solve(self.T[here, here].T, values))
            at = here.stop
        return self.engine.error_variance(triangular(self.T @ Lambda), x, zeta, codes)

    def recombined(self, A):
        """The same engine with (X, y) A in the place of (X, y)."""
        return Turned(self.engine.recombined(A), self.T, self.factors)

    def with_response(self, y):
        """The same engine with another response."""
        return Turned(self.engine.with_response(y), self.T, self.factors)

    def without(self, group, f=0):
        """The same engine without a group of a factor."""
        return Turned(self.engine.without(group, f), self.T, self.factors)

    def starts(self, reml=True):
        """Where to begin, in units of R."""
        return self.engine.starts(reml)

    def rank(self):
        """How many of the columns of X and Z are independent."""
        return self.engine.rank()

    def leaves_nothing(self, y, thorough=False):
        """Whether X and Z explain all but the rounding of y."""
        return self.engine.leaves_nothing(y, thorough)


def turned(engine, A):
    """The engine with Λ of the columns z A in the place of z."""
    if np.array_equal(A, np.eye(len(A))):
        return engine
    if isinstance(engine, Turned):
        return Turned(engine.engine, engine.T @ A, engine.factors)
    return Turned(engine, A, engine.factors)


def turned_back(found, A):
    """An Evaluation whose slopes are by Λ Λᵀ, from one with those by A Λ Λᵀ Aᵀ."""
    return found._replace(
        spread_slope=A.T @ found.spread_slope @ A, fit_slope=A.T @ found.fit_slope @ A
    )
