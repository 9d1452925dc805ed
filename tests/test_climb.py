"""The steps of both fits: never downhill, never out of the variances that are allowed."""

import numpy as np
import pytest

from lmmteach._climb import _step_up, starting_values
from lmmteach.likelihood import fit_ml, loglik
from lmmteach.model import V_theta
from lmmteach.reml import fit_reml, restricted_loglik


def hill(x):
    return -((x[0] - 1) ** 2) - (x[1] - 1) ** 2


@pytest.mark.parametrize(
    ("start", "step", "arrival"),
    [
        ([0.0, 1.0], [1.0, 0.0], [1.0, 1.0]),  # to the top
        ([0.0, 1.0], [6.0, 0.0], [1.5, 1.0]),  # past it and down: a quarter of the step is up
        ([1.5, 1.0], [-3.0, 0.0], [0.75, 1.0]),  # σ_b² = 0 is lower: a quarter of it
        ([1.0, 2.0], [0.0, -2.0], [1.0, 1.0]),  # σ_ε² of 0 is not allowed
    ],
)
def test_a_step_is_shortened_until_it_leads_up(start, step, arrival):
    there = _step_up(hill, np.array(start), np.array(step))
    assert there == pytest.approx(arrival)
    assert hill(there) >= hill(np.array(start))


def test_a_variance_between_groups_stops_at_exactly_0():
    there = _step_up(lambda x: -x[0], np.array([1.0, 1.0]), np.array([-5.0, 0.0]))
    assert there.tolist() == [0, 1]


def test_where_no_part_of_the_step_is_allowed_it_stays():
    start = np.array([1.0, 1.0])
    assert np.array_equal(_step_up(hill, start, np.array([0.0, -1e30])), start)


HELD = [
    (None, None),
    (None, 1e-5),
    (None, 30.0),
    (1e-3, None),
    (900.0, None),
    (0.0, None),
    (2.0, 0.5),
]


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("reml", [False, True])
def test_every_climb_starts_where_the_held_variance_leaves_it(held, reml, unbalanced):
    y, X, Z = unbalanced
    r = y - y.mean()

    def height(x):
        V = V_theta(x[1:], Z)
        return restricted_loglik(V, r, X) if reml else loglik(x[:1], V, r, X)

    starts = starting_values(r, X, Z, df=30 if reml else 31, held=held)
    for start in starts:
        assert [h is None or x == h for x, h in zip(start[1:], held, strict=True)] == [True, True]
    heights = [height(start) for start in starts]
    assert heights == sorted(heights, reverse=True)
    beta, theta = (fit_reml if reml else fit_ml)(r, X, Z, *held)
    assert heights[0] <= height([*beta, *theta]) + 1e-9
    # The scan is coarse, but it has the right power of ten, and 0 where 0 is best.
    assert np.abs(np.log10(starts[0][1:][theta > 0] / theta[theta > 0])).max() < 1
    assert starts[0][1:][theta == 0].tolist() == [0.0] * np.sum(theta == 0)
