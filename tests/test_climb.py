"""The steps of both fits: never downhill, never out of the variances that are allowed."""

import numpy as np
import pytest

from lmmteach._climb import _step_up


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
