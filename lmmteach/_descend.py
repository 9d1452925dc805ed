"""How a fit with any random part finds its best Λ: Newton's steps, ending exactly on the boundary.

𝒟 = σ_ε² Λ Λᵀ is a covariance whatever Λ is, so Λ needs no bounds. Where the best 𝒟 is singular,
columns of Λ run to 0, and are set to exactly 0 at the end.
"""

import numpy as np

STEPS = 100
# The step of the differences that the curvature is made of, beside the size of Λ.
STEP = 1e-6
# A pivot of Λ that is this small beside its row, or a row beside its scale, is as good as 0.
NOTHING = 1e-4
# Squared distances to the minimum, in standard errors: reached; one step more, unseen, reaches it;
# and where steps may end that no longer get shorter.
REACHED, LAST, NOISE = 1e-18, 1e-14, 1e-8
# A step that leaves more than this share of the squared distance calls for a new curvature.
SLOW = 0.05


def descend(evaluate, scale, blocks, start=None, bend=None):
    """Minimise ``evaluate(Lambda).criterion`` over Λ.

    Parameters
    ----------
    evaluate : function of Λ (k, k) that gives ``criterion``, and ``slope``, its derivative by Λ Λᵀ
    scale : (k,) how large the diagonal of Λ can be expected to be
    blocks : lists of positions; within each Λ is lower triangular, between them it is 0
    start : (k, k) where to begin; Λ with ``scale`` on its diagonal if None
    bend : how the criterion bends there, as ``curvature`` gives it, if that is known

    Returns
    -------
    Lambda, evaluation : at the minimum; a singular Λ has columns, and may have rows, of exact zeros

    Raises
    ------
    ValueError
        if no minimum is found.
    """
    Lambda = np.diag(scale) if start is None else start
    here = evaluate(Lambda)
    for _ in range(2 * len(scale) + 1):
        Lambda, here = _newton(evaluate, Lambda, here, scale, blocks, bend)
        bend = None
        Lambda, here = _settled(evaluate, Lambda, here, scale, blocks)
        off = _off_the_boundary(evaluate, here, Lambda, scale, blocks)
        if off is None:
            return Lambda, here
        Lambda, here = off
    raise ValueError("No minimum found: the data hardly tell variances and correlations apart.")


class _Ways:
    """Λ in the lower triangular C of Λ Λᵀ = B C Cᵀ Bᵀ, where B are the main axes of some Λ Λᵀ.

    So the valley of a nearly singular Λ runs straight.
    """

    def __init__(self, evaluate, Lambda, scale, blocks):
        self.evaluate, self.blocks = evaluate, blocks
        self.B, self.start = _main_axes(Lambda, scale, blocks)
        self.free = np.zeros((len(scale), len(scale)), dtype=bool)
        for block in blocks:
            self.free[np.ix_(block, block)] = np.tri(len(block), dtype=bool)
        self.diagonal = np.eye(len(scale), dtype=bool)[self.free]

    def Lambda(self, C):
        return _lower(self.B @ C, self.blocks)

    def at(self, C):
        return self.evaluate(self.Lambda(C))

    def moved(self, C, step):
        there = C.copy()
        there[self.free] += step
        return there

    def gradient(self, C, here):
        return 2 * (self.B.T @ here.slope @ self.B @ C)[self.free]

    def bend(self, slope):
        """The curvature at the start, from differences of the slope."""
        C = self.start
        eps = STEP * np.maximum(np.abs(C[self.free]), 0.01)
        there = [self.moved(C, step) for step in np.diag(eps)]
        bend = np.array([self.gradient(near, self.at(near)) - slope for near in there])
        bend /= eps[:, np.newaxis]
        return (bend + bend.T) / 2


def curvature(evaluate, scale, blocks, Lambda):
    """How the criterion bends at Λ, along its main axes; arguments as for ``descend``."""
    ways = _Ways(evaluate, Lambda, scale, blocks)
    return ways.bend(ways.gradient(ways.start, evaluate(Lambda)))


def _newton(evaluate, Lambda, here, scale, blocks, bend=None):
    """Steps from Λ to the next place where nothing changes.

    The curvature is made of differences once, if it is not known, and then learnt from the steps as
    they are taken.
    """
    previous, previous_new = np.inf, np.inf
    ways = _Ways(evaluate, Lambda, scale, blocks)
    C = ways.start
    slope = ways.gradient(C, here)
    for _ in range(STEPS):
        is_new = bend is None
        if is_new:
            ways = _Ways(evaluate, ways.Lambda(C), scale, blocks)
            C = ways.start
            slope = ways.gradient(C, here)
            if not slope.any():
                break
            bend = ways.bend(slope)
        step = -downhill(bend, slope)
        # The squared distance to the minimum in standard errors: free of all units.
        distance = -slope @ step
        if distance < REACHED:
            break
        if not is_new and distance > SLOW * previous:
            bend = None
            continue
        if is_new:
            if previous_new <= distance < NOISE:
                break
            previous_new = distance
        previous = distance
        now = C[ways.free]
        step /= max(1.0, np.max(np.abs(step) / (4 + np.abs(now))))
        # Beyond 0 the diagonal of C finds its own mirror image.
        is_away = ways.diagonal & (now != 0)
        through = np.divide(-step, now, out=np.zeros_like(step), where=is_away)
        step /= max(1.0, np.max(through) / 1.5)
        for _ in range(60):
            there = ways.at(ways.moved(C, step))
            if there.criterion <= here.criterion + 1e-9 + 1e-13 * abs(here.criterion):
                break
            step = step / 2
        C, here = ways.moved(C, step), there
        if distance < LAST:
            break
        before, slope = slope, ways.gradient(C, here)
        bend = learnt(bend, step, slope - before)
    else:
        raise ValueError(
            f"No minimum found in {STEPS} steps; the last was still {np.sqrt(distance):.1g} "
            "standard errors long. The data hardly tell variances and correlations apart: try a "
            "simpler random part."
        )
    return ways.Lambda(C), here


def _main_axes(Lambda, scale, blocks):
    """B and a diagonal C, largest first in each block, with Λ Λᵀ = B C Cᵀ Bᵀ."""
    # One effect alone has one axis only.
    B, C = np.diag(scale), Lambda / scale[:, np.newaxis]
    for block in blocks:
        if len(block) == 1:
            continue
        at = np.ix_(block, block)
        axes, lengths, _ = np.linalg.svd(Lambda[at] / scale[block, np.newaxis])
        B[at] = scale[block, np.newaxis] * axes
        C[at] = np.diag(lengths)
    return B, C


def _lower(root, blocks):
    """The lower triangular Λ with the Λ Λᵀ of any root."""
    Lambda = root.copy()
    for block in blocks:
        if len(block) > 1:
            at = np.ix_(block, block)
            Lambda[at] = np.linalg.qr(root[at].T, mode="r").T
    return Lambda


def learnt(bend, step, change):
    """The curvature that would have foretold how the slope changed; symmetric, of rank one more."""
    missed = change - bend @ step
    along = missed @ step
    if abs(along) <= 1e-8 * np.linalg.norm(missed) * np.linalg.norm(step):
        return bend
    return bend + np.outer(missed, missed) / along


def downhill(bend, slope):
    """Newton's step against the slope, downhill also where the hill bends the other way."""
    values, vectors = np.linalg.eigh(bend)
    values = np.abs(values)
    values = np.maximum(values, 1e-9 * values.max(initial=1e-300))
    return vectors @ (vectors.T @ slope / values)


def _settled(evaluate, Lambda, here, scale, blocks):
    """Λ in canonical form, where what is as good as 0 is 0, if that costs nothing."""
    D = Lambda @ Lambda.T
    settled = np.zeros_like(Lambda)
    for block in blocks:
        settled[np.ix_(block, block)] = _semidefinite(D[np.ix_(block, block)], scale[block])
    # Whatever sign the columns have, Λ Λᵀ is the same.
    canonical = Lambda * np.where(np.diag(Lambda) < 0, -1.0, 1.0)
    if np.diag(settled).all() or np.array_equal(settled, canonical):
        return canonical, here
    there = evaluate(settled)
    return (settled, there) if there.criterion - here.criterion < 1e-7 else (canonical, here)


def _semidefinite(D, scale):
    """The Cholesky factor of a covariance that may be singular."""
    L = np.zeros_like(D)
    for j in range(len(D)):
        pivot = D[j, j] - L[j, :j] @ L[j, :j]
        if pivot <= NOTHING**2 * max(D[j, j], scale[j] ** 2 * NOTHING):
            continue
        L[j, j] = np.sqrt(pivot)
        L[j + 1 :, j] = (D[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    return L


def _off_the_boundary(evaluate, here, Lambda, scale, blocks):
    """A place beside a singular Λ that is lower, if there is one."""
    for block in blocks:
        at = np.ix_(block, block)
        D = (Lambda @ Lambda.T)[at] / np.outer(scale[block], scale[block])
        slope = here.slope[at] * np.outer(scale[block], scale[block])
        values, vectors = np.linalg.eigh(D)
        null = vectors[:, values <= NOTHING**2 * max(values.max(), NOTHING)]
        if not null.shape[1]:
            continue
        slopes, ways = np.linalg.eigh(null.T @ slope @ null)
        if slopes[0] >= 0:
            continue
        way = null @ ways[:, 0]
        for share in (0.1, 0.01, 1e-3, 1e-4):
            there = Lambda.copy()
            moved = (D + share * np.outer(way, way)) * np.outer(scale[block], scale[block])
            there[at] = _semidefinite(moved, np.zeros(len(block)))
            evaluation = evaluate(there)
            if evaluation.criterion < here.criterion - 1e-9:
                return there, evaluation
    return None
