"""Simulated figures and the error that belongs beside them."""

import re

import numpy as np
import pytest

from lmmteach.montecarlo import with_error


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def test_a_mean_has_the_digits_that_its_error_allows():
    draws = np.tile([1.0, 3.0], 5000)
    assert with_error(draws) == "2.00 ± 0.01"
    assert with_error(1000 * draws) == "2000 ± 10"
    assert with_error(draws / 1000) == "0.00200 ± 0.00001"


def test_a_share_is_in_per_cent():
    assert with_error(np.arange(10_000) % 4 == 0) == "25.0 % ± 0.4 %"
    assert with_error(np.arange(100) % 4 == 0) == "25 % ± 4 %"


def test_an_error_that_rounds_up_to_the_next_power_of_ten_has_one_digit_too():
    assert with_error(np.tile([1.0, 2.98], 5000)) == "1.99 ± 0.01"


def test_a_share_without_a_miss_says_in_how_many_draws():
    assert with_error(np.ones(50, dtype=bool)) == "100 % in all 50 draws"
    assert with_error(np.zeros(50, dtype=bool)) == "0 % in all 50 draws"


@pytest.mark.parametrize("quantile", [0.5, 0.95])
def test_the_error_of_a_quantile_is_how_much_it_varies(quantile):
    rng = np.random.default_rng(4)
    again = [np.quantile(rng.standard_normal(20_000), quantile) for _ in range(400)]
    figure, error = numbers(with_error(rng.standard_normal(20_000), quantile=quantile))
    assert figure == pytest.approx(np.mean(again), abs=4 * np.std(again))
    # Printed with one digit, and found from forty batches: good to a third.
    assert error == pytest.approx(np.std(again), rel=0.45)


def test_the_truth_lies_within_two_errors_about_as_often_as_it_should():
    rng = np.random.default_rng(5)
    found = [numbers(with_error(rng.random(400) < 0.3)) for _ in range(1000)]
    inside = np.mean([abs(share - 30) <= 2 * error for share, error in found])
    assert 0.92 < inside < 0.99


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        with_error([1.0])
    with pytest.raises(ValueError, match="79 draws, and a quantile needs at least 80"):
        with_error(np.arange(79.0), quantile=0.5)
