"""What a simulation found, with as many digits as its draws can support."""

import numpy as np

BATCHES = 40


def with_error(draws, quantile=None):
    """A simulated figure with its Monte Carlo error, as text such as ``"1.395 ± 0.002"``.

    The Monte Carlo error is the standard error that remains because the number of draws is limited.
    It is printed with one digit, and the figure is rounded to the same place, so that no printed
    digit is due to chance. Draws that are true or false become a share in per cent.

    Parameters
    ----------
    draws : (m,) numbers, or true and false, one from each simulated study
    quantile : for a quantile, the share of draws below it, such as 0.5 for the median; if it is not
        given, you get the mean. The error of a quantile comes from 40 batches of draws

    Returns
    -------
    text : the figure ± its Monte Carlo error; a share that is 0 or 1 comes with the number of draws

    Raises
    ------
    ValueError
        if there are too few draws to estimate an error.
    """
    draws = np.asarray(draws)
    scale, unit = (100, " %") if draws.dtype == bool else (1, "")
    parts = draws if quantile is None else _in_batches(draws, quantile)
    if len(parts) < 2:
        raise ValueError(f"There are {len(draws)} draw(s), and the error needs at least 2.")
    figure, error = scale * parts.mean(), scale * parts.std(ddof=1) / np.sqrt(len(parts))
    if error == 0:
        return f"{figure:g}{unit} in all {len(draws)} draws"
    return rounded(figure, error, unit)


def rounded(figure, error, unit=""):
    """A figure with as many decimals as its error allows, and the error with one digit."""
    decimals = max(0, -int(np.floor(np.log10(float(f"{error:.0e}")))))
    # Nothing is written as −0.
    figure = round(figure, decimals) + 0.0
    return f"{figure:.{decimals}f}{unit} ± {error:.{decimals}f}{unit}"


def _in_batches(draws, quantile):
    if len(draws) < 2 * BATCHES:
        raise ValueError(
            f"There are {len(draws)} draws, and a quantile needs at least {2 * BATCHES}."
        )
    return np.array([np.quantile(batch, quantile) for batch in np.array_split(draws, BATCHES)])
