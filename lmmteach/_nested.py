"""Whether two fits can be compared, and how the random parts of nested models differ."""

from typing import NamedTuple

import numpy as np

# How the random parts of two nested models can differ.
SAME = "the same"
ONLY_VARIANCE = "the only variance between groups"
ONE_VARIANCE = "one variance, with its covariances"
CORRELATIONS = "correlations only"
UNKNOWN = "several variances, or one beside others that are on the edge"
NOT_NESTED = "neither is within the other"


def by_size(*fits):
    """The fits, the one with fewer parameters first."""
    for fit in fits:
        if not hasattr(fit, "n_parameters"):
            raise TypeError(f"lrt compares two results of lmm, but got a {type(fit).__name__}.")
    return sorted(fits, key=lambda fit: fit.n_parameters)


def require_same_data(small, large):
    """Refuse fits whose likelihoods are of different data."""
    if len(small.y) != len(large.y) or not np.array_equal(small.y, large.y):
        raise ValueError(
            "The two models were fitted to different responses, and likelihoods of different data "
            "cannot be compared. Check whether one of them lost rows, or has them in another order."
        )
    for what in ("weights", "offset"):
        if not np.array_equal(getattr(small, what), getattr(large, what)):
            raise ValueError(
                f"The two models have different {what}, so neither is a special case of the other."
            )
    codes = [{g.label: g.codes for g in fit.frame.random.groupings} for fit in (small, large)]
    if not all(np.array_equal(codes[0][g], codes[1][g]) for g in codes[0].keys() & codes[1].keys()):
        raise ValueError(
            "The two models have different groups, so neither is a special case of the other."
        )
    if small.method != large.method:
        lectures = small.is_random_intercept and large.is_random_intercept
        what = "σ_b² differs" if lectures else "their random parts differ"
        raise ValueError(
            f"One model was fitted by {small.method} and the other by {large.method}. "
            f'Fit both with method="ML", or both with method="REML" if only {what}.'
        )


class _Piece(NamedTuple):
    """A bar as it is compared: whose groups, and which columns of Z."""

    codes: np.ndarray
    z: np.ndarray

    def is_within(self, other):
        """Whether the other's columns give, in each group, all that these give."""
        if not np.array_equal(self.codes, other.codes):
            return False
        lengths = np.linalg.norm(self.z, axis=0)
        left = self.z - other.z @ np.linalg.lstsq(other.z, self.z, rcond=None)[0]
        return bool((np.linalg.norm(left, axis=0) <= 1e-9 * lengths).all())


def _pieces(fit):
    random, pieces = fit.frame.random, []
    for bar in random.bars:
        columns = [random.column_of(place)[1] for place in bar.places]
        z = [np.ones(fit.nobs) if values is None else values for values in columns]
        codes = _by_appearance(random.groupings[bar.factor].codes)
        pieces.append(_Piece(codes, np.column_stack(z)))
    return pieces


def _by_appearance(codes):
    """The groups numbered as they appear: the same for all names that they can have."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def difference(small, large):
    """How the random part of the larger model differs from that of the smaller: see above.

    One is within the other if each of its bars is within a bar of the other: the same groups, and
    columns that are combinations of the other's.
    """
    few, many = _pieces(small), _pieces(large)
    if small.holds_b and small.held_b == 0 and not large.holds_b:
        # Without random effects at all a model is within any other.
        single = len(many) == 1 and many[0].z.shape[1] == 1
        if large.is_random_intercept:
            return ONLY_VARIANCE
        return ONE_VARIANCE if single else UNKNOWN
    homes = [next((k for k, b in enumerate(many) if a.is_within(b)), None) for a in few]
    if None in homes:
        return NOT_NESTED
    is_same = len(few) == len(many) and all(any(b.is_within(a) for a in few) for b in many)
    if is_same:
        return _by_what_is_held(small, large)
    if small.holds_b or large.holds_b:
        return NOT_NESTED
    guests = [
        [a.z.shape[1] for a, home in zip(few, homes, strict=True) if home == k]
        for k in range(len(many))
    ]
    added = [b.z.shape[1] - sum(sizes) for b, sizes in zip(many, guests, strict=True)]
    if small.is_singular or min(added) < 0:
        return UNKNOWN
    if max(added) == 0:
        return CORRELATIONS
    joined = max(map(len, guests)) > 1
    return ONE_VARIANCE if sum(added) == 1 and not joined else UNKNOWN


def _by_what_is_held(small, large):
    if small.holds_b == large.holds_b:
        return SAME
    return ONLY_VARIANCE if small.holds_b else NOT_NESTED


def require_comparable(small, large, difference):
    """Refuse fits that are not nested, or differ in more than one respect."""
    p_small, p_large = small.X.shape[1], large.X.shape[1]
    rank = np.linalg.matrix_rank(np.column_stack([small.X, large.X]))
    same_X = rank == p_small == p_large
    random = difference not in (SAME, NOT_NESTED)
    if random and small.holds_b and small.held_b != 0:
        raise ValueError(
            f"The smaller model holds sigma2_b = {small.sigma2_b:g}, but a variance is tested "
            "against 0. Fit the smaller model with sigma2_b=0."
        )
    if small.holds_b and large.holds_b and small.held_b != large.held_b:
        raise ValueError("The models are not nested: they hold σ_b² at different values.")
    if same_X and difference == SAME:
        raise ValueError("The two models are the same, so there is nothing to test.")
    if same_X and difference == NOT_NESTED and not large.holds_b:
        raise ValueError(
            "The models are not nested: each random part of the smaller must be within one of the "
            "larger, with the same groups and all its effects. You can still compare them by AIC."
        )
    if rank > p_large or difference == NOT_NESTED or small.n_parameters == large.n_parameters:
        raise ValueError(
            "The models are not nested: the fixed part of the larger must include everything that "
            'the smaller one can give. You can still compare them by AIC (method="ML").'
        )
    if not same_X and random:
        what = "σ_b²" if difference == ONLY_VARIANCE else "their random parts"
        raise ValueError(
            f"The models differ in their fixed effects and in {what} at once. Test the two "
            "differences one after the other."
        )
    if not same_X and small.method == "REML":
        raise ValueError(
            "REML likelihoods of models with different fixed effects cannot be compared, because "
            "each belongs to error contrasts Kᵀy of its own, and so to different data. Fit both "
            'models with method="ML" instead.'
        )
    if not np.array_equal(small.X, large.X) and random and small.method == "REML":
        raise ValueError(
            "The fixed parts of the two models are equivalent, but have different columns, and a "
            "REML likelihood depends on the columns. Write both fixed parts in the same way, or "
            'use method="ML".'
        )
