"""What is put right in a browser, tested where numpy needs no help."""

import numpy as np
import pytest

from lmmteach._browser import MESSAGES, refusing

GOOD = np.array([[2.0, 1.0], [1.0, 2.0]])
SINGULAR = np.ones((2, 2))


def without_flags(function):
    """numpy's function as WebAssembly runs it: NaN instead of an error."""

    def silent(matrix, *others):
        try:
            return function(matrix, *others)
        except np.linalg.LinAlgError:
            return np.full_like(others[0] if others else matrix, np.nan)

    return silent


CALLS = {"cholesky": (), "inv": (), "solve": (np.ones(2),)}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_numpy_refuses_is_refused_without_flags(name):
    function = getattr(np.linalg, name)
    silent = without_flags(function)
    bad = -GOOD if name == "cholesky" else SINGULAR
    assert np.isnan(silent(bad, *CALLS[name])).all()
    with pytest.raises(np.linalg.LinAlgError) as expected:
        function(bad, *CALLS[name])
    with pytest.raises(np.linalg.LinAlgError) as found:
        refusing(silent, MESSAGES[name])(bad, *CALLS[name])
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("name", MESSAGES)
def test_everything_else_stays_as_it_is(name):
    function = getattr(np.linalg, name)
    refuses = refusing(without_flags(function), MESSAGES[name])
    assert (refuses(GOOD, *CALLS[name]) == function(GOOD, *CALLS[name])).all()


@pytest.mark.parametrize("name", ["inv", "solve"])
def test_a_nan_that_was_there_before_goes_through(name):
    refuses = refusing(getattr(np.linalg, name), MESSAGES[name])
    assert np.isnan(refuses(np.full((2, 2), np.nan), *CALLS[name])).all()


def test_one_matrix_of_a_stack_is_enough():
    stack = np.stack([GOOD, np.full((2, 2), np.nan)])
    refuses = refusing(lambda matrices: stack, MESSAGES["inv"])
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        refuses(np.stack([GOOD, SINGULAR]))


def test_an_empty_matrix_is_no_failure():
    assert refusing(np.linalg.inv, MESSAGES["inv"])(np.zeros((0, 0))).shape == (0, 0)
