"""The same work done many times: shared among processes, with a bar that shows how far it is."""

from functools import cache

import numpy as np


def in_parallel(draw, jobs, n_jobs, progress, delay=0):
    """The results of ``draw(*job)`` as an array.

    Parameters
    ----------
    draw : function, or what can be called like one
    jobs : tuples of arguments
    n_jobs : how many processes share the work; −1 uses one for each core
    progress : True shows a progress bar
    delay : seconds until it is shown
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    batch = 1 if n_jobs == 1 else 20
    parallel = Parallel(n_jobs=n_jobs, batch_size=batch, return_as="generator")
    done = parallel(delayed(draw)(*job) for job in jobs)
    bar = tqdm(done, total=len(jobs), disable=not progress, leave=False, delay=delay)
    return np.array(list(bar))


def without_failures(statistics):
    """The draws that are numbers; a ValueError if there are none."""
    null = statistics[~np.isnan(statistics)]
    if len(null) == 0:
        raise ValueError(
            f"None of the {len(statistics)} simulated data sets could be fitted, so there is no "
            "null distribution to compare with."
        )
    return null


def as_they_come(draw, jobs, n_jobs=None):
    """The results of ``draw(job)``, each as soon as it is there, in whatever order.

    Parameters
    ----------
    draw : function, or what can be called like one; for Dask it must have a hash
    jobs : list of arguments
    n_jobs : how many processes share the work; None leaves it to joblib, which does it in this one
        unless ``joblib.parallel_config`` says otherwise
    """
    from joblib import Parallel, delayed

    options = {} if n_jobs is None else {"n_jobs": n_jobs}
    parallel = Parallel(return_as="generator_unordered", **options)
    return parallel(delayed(draw)(job) for job in jobs)


def on_one_thread():
    """A context in which matrices are multiplied on one thread.

    On several the last digit of a sum depends on how many there are, and so on the machine.
    """
    return _threads().limit(limits=1)


@cache
def _threads():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
