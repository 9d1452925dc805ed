"""What ordinary least squares takes out of y, in columns that keep their digits.

With years or times in X, and far from 0, the formulas would lose their digits. So X = QR with
orthonormal Q takes the place of X, and what Q leaves of y that of y.
"""

from copy import copy
from functools import cached_property

import numpy as np

from lmmteach._climb import MANY_ROWS, orthonormal
from lmmteach.sums import value_of_all

# A sum of squares is taken from other sums if these, all counted as positive, are no more than so
# many times as large: then three of sixteen digits are lost at most.
MOST_LOST = 1e3


class Regression:
    """OLS of y on X = QR, with orthonormal Q.

    Where the sums of squares and products of X and y keep their digits, R and the coefficients
    come from them, and nobody has to wait for Q, r.

    Parameters
    ----------
    X, y : (n, p) and (n,)

    Attributes
    ----------
    Q, R : (n, p) and (p, p)
    beta_Q, r : (p,) the coefficients of y on Q, and what they leave over, (n,)
    A : (p + 1, p + 1), with (Q, r) = (X, y) A; None where that would cost digits
    square : rᵀr
    """

    def __init__(self, X, y):
        self.X, self.y = X, y
        found = _by_products(X, y) if len(y) >= MANY_ROWS else None
        if found is None:
            self.A = None
            self.Q, self.R, self.beta_Q, self.r = orthonormal(X, y)
            self.square = float(self.r @ self.r)
        else:
            self.A, self.R, self.beta_Q, self.square = found

    @cached_property
    def Q(self):
        """(n, p) orthonormal columns that span those of X."""
        # The columns of Q, not its rows, lie together in memory.
        return (self.A[:-1, :-1].T @ self.X.T).T

    @cached_property
    def r(self):
        """(n,) what X leaves of y."""
        return self.y - self.Q @ self.beta_Q

    def of(self, y):
        """The regression of another response on the same Q."""
        other = copy(self)
        other.y, other.A, other.Q = y, None, self.Q
        other.beta_Q = other.Q.T @ y
        other.r = y - other.Q @ other.beta_Q
        other.square = float(other.r @ other.r)
        return other


def _by_products(X, y):
    """A, R, the coefficients and rᵀr from the sums of products; None where these lose digits."""
    products, p = _products([*X.T, y]), X.shape[1]
    try:
        R = np.linalg.cholesky(products[:p, :p]).T
        R_inverse = np.linalg.solve(R, np.eye(p))
    except np.linalg.LinAlgError:
        return None
    beta_Q = R_inverse.T @ products[:p, p]
    A = np.eye(p + 1)
    A[:p, :p], A[:p, p] = R_inverse, -R_inverse @ beta_Q
    squares = np.append(np.ones(p), products[p, p] - beta_Q @ beta_Q)
    counted = np.einsum("ij,ik,kj->j", np.abs(A), np.abs(products), np.abs(A))
    if not (counted <= MOST_LOST * squares).all():
        return None
    return A, R, beta_Q, float(squares[p])


def _products(columns):
    """All products of columns; one by one, since BLAS is slow for a few long ones."""
    m = len(columns)
    products = np.empty((m, m))
    values = [value_of_all(column) for column in columns]
    for i, one in enumerate(columns):
        for j, other in enumerate(columns[: i + 1]):
            # What is constant needs the other's sum only.
            if not np.isnan(values[i]):
                product = values[i] * other.sum()
            else:
                product = one @ other if np.isnan(values[j]) else values[j] * one.sum()
            products[i, j] = products[j, i] = product
    return products
