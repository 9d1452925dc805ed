"""What a simulation found, with as many digits as its draws are good for."""

import numpy as np

BATCHES = 40


def with_error(draws, quantile=None):
    """A simulated figure and its Monte Carlo error, as text: ``"1.395 ± 0.002"``.

    The Monte Carlo error is the standard error that the number of draws leaves. It is printed with
    one digit, and the figure is rounded to the same place, so that no digit is chance. Draws that
    are true or false make a share in per cent.

    Parameters
    ----------
    draws : (m,) numbers, or true and false, one from each simulated study
    quantile : the share of draws below the figure that is wanted, 0.5 for the median; their mean if
        not given. Its error is found from 40 batches of draws

    Returns
    -------
    text : the figure ± its Monte Carlo error; a share that is 0 or 1 comes with the number of draws

    Raises
    ------
    ValueError
        if there are too few draws to know an error.
    """
    draws = np.asarray(draws)
    scale, unit = (100, " %") if draws.dtype == bool else (1, "")
    parts = draws if quantile is None else _in_batches(draws, quantile)
    if len(parts) < 2:
        raise ValueError(f"{len(draws)} draw(s): at least 2 are needed to know the error.")
    figure, error = scale * parts.mean(), scale * parts.std(ddof=1) / np.sqrt(len(parts))
    if error == 0:
        return f"{figure:g}{unit} in all {len(draws)} draws"
    return rounded(figure, error, unit)


def rounded(figure, error, unit=""):
    """A figure with as many decimals as its error allows, and the error with one digit."""
    decimals = max(0, -int(np.floor(np.log10(float(f"{error:.0e}")))))
    return f"{figure:.{decimals}f}{unit} ± {error:.{decimals}f}{unit}"


def _in_batches(draws, quantile):
    if len(draws) < 2 * BATCHES:
        raise ValueError(f"{len(draws)} draws: a quantile needs {2 * BATCHES} at least.")
    return np.array([np.quantile(batch, quantile) for batch in np.array_split(draws, BATCHES)])
