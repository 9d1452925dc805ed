"""What Python in a browser does differently, put right where the book relies on it."""

import functools
import logging

import numpy as np

MESSAGES = {
    "cholesky": "Matrix is not positive definite",
    "inv": "Singular matrix",
    "solve": "Singular matrix",
}


def settle():
    """Make numpy refuse what it refuses everywhere else, and keep two libraries from warnings."""
    from tqdm import tqdm

    for name, message in MESSAGES.items():
        setattr(np.linalg, name, refusing(getattr(np.linalg, name), message))
    # A browser keeps no list of fonts: one is made in each session, which would be said in red.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    # A thread would look after each bar, and a browser has none.
    tqdm.monitor_interval = 0


def refusing(function, message):
    """One of numpy's functions, with the LinAlgError that it promises.

    numpy learns that a matrix has no inverse or no Cholesky factor from the processor's flag for
    an invalid operation. WebAssembly has no such flag: there the result consists of NaN, and
    everything goes on. A NaN that was in the matrix before is not taken for an answer.
    """

    @functools.wraps(function)
    def refuses(matrix, *others, **options):
        result = function(matrix, *others, **options)
        nothing = np.isnan(result)
        # In a stack of matrices one is enough.
        nothing = nothing.all(axis=(-2, -1)) if nothing.ndim > 1 else nothing.all()
        if np.size(result) and np.any(nothing) and all(map(_is_finite, (matrix, *others))):
            raise np.linalg.LinAlgError(message)
        return result

    return refuses


def _is_finite(array):
    return bool(np.isfinite(array).all())
