"""Two ways to the same likelihood: V written out, or sums per group and no V at all.

Both take the model in units of σ_ε: 𝒟 = σ_ε² Λ Λᵀ, with Λ block diagonal over the grouping factors,
and give the criterion with β and σ_ε² at their best.
"""

import numpy as np

from lmmteach.crossed import cross_products, crossed_effects, evaluate_crossed
from lmmteach.sums import Evaluation, criterion_of, effects, evaluate, group_sums

# Below so many rows, V is written out in less time than sums are set up.
FEW_ROWS = 0


class Literal:
    """The way of the lecture: V = σ_ε² (I + Z Λ Λᵀ Zᵀ), written out.

    Parameters
    ----------
    factors : Factors
    X, y : (n, p) and (n,)
    """

    name = "literal"

    def __init__(self, factors, X, y):
        self.factors, self.X, self.y = factors, X, y
        self.Z = [[_indicator(factor, values) for values in factor.z] for factor in factors]
        self.G = [[[a @ b.T for b in Z] for a in Z] for Z in self.Z]

    def V(self, Lambda):
        """V in units of σ_ε²."""
        V = np.eye(len(self.y))
        for at, G in zip(places(self.factors), self.G, strict=True):
            D = Lambda[at, at] @ Lambda[at, at].T
            V += sum(D[i, j] * G[i][j] for i in range(len(D)) for j in range(len(D)))
        return V

    def evaluate(self, Lambda, reml=True):
        """Criterion, slope by Λ Λᵀ, and the best β and σ_ε²."""
        X, y = self.X, self.y
        n = len(y)
        V = self.V(Lambda)
        W = np.linalg.inv(V)
        yX = np.column_stack([X, y])
        S = yX.T @ W @ yX
        logdet = np.linalg.slogdet(V)[1]
        criterion, weights, beta, sigma2_e = criterion_of(S, logdet, n, reml)
        along = W @ yX
        slope = np.zeros_like(Lambda)
        for at, G in zip(places(self.factors), self.G, strict=True):
            slope[at, at] = [
                [np.sum(W * g) - np.sum((along.T @ g @ along) * weights) for g in row] for row in G
            ]
        return Evaluation(criterion, slope, beta, sigma2_e, S)

    def effects(self, Lambda, evaluation):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
        W = np.linalg.inv(self.V(Lambda))
        u = W @ (self.y - self.X @ evaluation.beta)
        found = []
        for at, Z in zip(places(self.factors), self.Z, strict=True):
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
    X, y : (n, p) and (n,)
    """

    name = "fast"

    def __init__(self, factors, X, y):
        self.factors, self.places = factors, places(factors)
        if len(factors) == 1:
            (only,) = factors
            self.sums = group_sums(only.codes, only.q, only.z, [*X.T, y])
            self.evaluate = lambda Lambda, reml=True: evaluate(self.sums, Lambda, reml)
        else:
            self.order = sorted(range(len(factors)), key=lambda f: -factors[f].q)
            self.products = cross_products(
                [factors[f] for f in self.order], np.column_stack([X, y])
            )
            self.evaluate = self._evaluate_crossed

    def effects(self, Lambda, evaluation):
        """For each factor b̂ (k, q), and its conditional covariances (k, k, q) over σ_ε²."""
        if len(self.factors) == 1:
            return [effects(self.sums, Lambda, evaluation.beta)]
        found = crossed_effects(self.products, self._sorted(Lambda), evaluation.beta)
        return [found[self.order.index(f)] for f in range(len(self.factors))]

    def _sorted(self, Lambda):
        """Λ with the largest factor first."""
        order = np.concatenate([np.arange(len(Lambda))[self.places[f]] for f in self.order])
        return Lambda[np.ix_(order, order)]

    def _evaluate_crossed(self, Lambda, reml=True):
        found = evaluate_crossed(self.products, self._sorted(Lambda), reml)
        order = np.concatenate([np.arange(len(Lambda))[self.places[f]] for f in self.order])
        slope = np.zeros_like(Lambda)
        slope[np.ix_(order, order)] = found.slope
        return found._replace(slope=slope)


def places(factors):
    """Where each factor's block of Λ is: a slice for each."""
    ends = np.cumsum([len(factor.z) for factor in factors])
    return [slice(end - len(f.z), end) for end, f in zip(ends, factors, strict=True)]


def _indicator(factor, values):
    Z = np.zeros((len(factor.codes), factor.q))
    Z[np.arange(len(factor.codes)), factor.codes] = 1.0 if values is None else values
    return Z
