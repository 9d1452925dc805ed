"""The one check that every formula makes first: do the arrays fit together?"""

import numpy as np

NOT_POSITIVE_DEFINITE = (
    "V is not positive definite, so it has neither an inverse nor a log-determinant. Check that "
    "sigma2_e is greater than 0, and that these are variances rather than SDs or logs."
)

# A fit that writes V out holds about a dozen matrices of its size at once.
LARGEST_V_BYTES = 2**30
SIDES = {1: ("entries",), 2: ("rows", "columns"), 3: ("matrices", "rows", "columns")}


def shaped(spec, *arrays):
    """Return the arrays as floats, after holding their shapes against ``spec``.

    ``shaped("V: n n, y: n, X: n p", V, y, X)`` asks for a square V, a flat y and an X, all with
    the same n. A letter means the same size wherever it stands. ``"Z: n q or m n n"`` allows both.

    Raises
    ------
    ValueError
        naming the array that does not fit, what it is and what it should be; also for a missing
        or infinite value.
    """
    sizes = {}
    checked = []
    for entry, array in zip(spec.split(","), arrays, strict=True):
        name, _, letters = (part.strip() for part in entry.partition(":"))
        array = _as_floats(name, array)
        allowed = [shape.split() for shape in letters.split(" or ")]
        letters = next((shape for shape in allowed if len(shape) == array.ndim), allowed[0])
        if array.ndim != len(letters):
            raise ValueError(_wrong_dimensions(name, array, letters))
        for axis, letter in enumerate(letters):
            size, owner = sizes.setdefault(letter, (array.shape[axis], name))
            if array.shape[axis] != size:
                side = SIDES[array.ndim][axis]
                by = "its rows" if owner == name else owner
                raise ValueError(
                    f"{name} has {array.shape[axis]} {side}, but going by {by} there should be "
                    f"{letter} = {size}. The shapes must be {spec}."
                )
        checked.append(array)
    return checked


def variances(theta):
    """Return θ = (σ_b², σ_ε²) as two floats; variances, so neither may be negative.

    Raises
    ------
    ValueError
        if θ is not two finite numbers, or one of them is negative.
    """
    theta = _as_floats("theta", theta)
    if theta.shape != (2,):
        raise ValueError(
            f"theta has shape {theta.shape}, but it must be two numbers, (sigma2_b, sigma2_e), "
            "with the variance between groups first."
        )
    for name, value in zip(("sigma2_b", "sigma2_e"), theta, strict=True):
        not_negative(name, value)
    return theta


def labels(groups):
    """Return group labels as a flat array.

    Raises
    ------
    ValueError
        if they are not a flat list, one is missing, or they cannot be sorted.
    """
    # As objects first: a list with texts would turn a missing number into the text "nan".
    as_given = np.asarray(groups, dtype=object)
    if as_given.ndim != 1 or as_given.size == 0:
        raise ValueError("groups must be a flat list of labels, one for each observation.")
    if any(map(_is_missing, as_given)):
        raise ValueError("groups has a missing label, but each observation must belong to a group.")
    try:
        np.unique(as_given)
    except TypeError:
        raise ValueError("groups mixes texts and numbers. Use one kind of label.") from None
    return np.asarray(groups)


def _is_missing(label):
    try:
        return label is None or bool(label != label)
    # A missing value of pandas does not say whether it equals itself.
    except TypeError:
        return True


def generator(rng):
    """Return the random generator, if it is one.

    Raises
    ------
    TypeError
        saying how to make one.
    """
    if not hasattr(rng, "chisquare"):
        raise TypeError(
            f"rng = {rng!r} is not a random generator. Make one with np.random.default_rng(15) and "
            "pass it in; the same seed gives the same draws."
        )
    return rng


def count(name, value, least=1):
    """Return a whole number.

    Raises
    ------
    TypeError, ValueError
        if it is none, or less than ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} = {value!r} must be a whole number, such as {max(least, 1000)}.")
    if value < least:
        raise ValueError(f"{name} = {value}, but it must be at least {least}.")
    return int(value)


def number(name, value):
    """Return a finite number.

    Raises
    ------
    TypeError, ValueError
        if it is none.
    """
    if np.ndim(value) or not isinstance(value, (int, float, np.number)):
        raise TypeError(f"{name} must be a number, but it is {value!r}.")
    if not np.isfinite(value):
        raise ValueError(
            f"{name} = {value:g} is not finite. Perhaps it comes from a fit that had no result."
        )
    return value


def require_memory(entries, what):
    """Raise a ValueError if a matrix of so many entries is too large to write out."""
    if 8 * entries > LARGEST_V_BYTES:
        raise ValueError(
            f"{what}, which takes {8 * entries / 2**30:,.1f} GiB, more than this fit writes out. "
            "The fast engine does without it, and offers everything that does not need it."
        )


def solve(V, right):
    """V⁻¹ times a vector or matrix, without V⁻¹.

    Raises
    ------
    ValueError
        if V has no inverse.
    """
    try:
        return np.linalg.solve(V, right)
    except np.linalg.LinAlgError:
        raise ValueError(NOT_POSITIVE_DEFINITE) from None


def inverse(V):
    """V⁻¹ itself, where a formula needs all of it.

    Raises
    ------
    ValueError
        if V has no inverse.
    """
    V_inverse = solve(V, np.eye(len(V)))
    # Symmetric as V is, but for rounding, which the mean of both halves makes smaller.
    return (V_inverse + V_inverse.T) / 2


def row_products(left, right):
    """Each row of one matrix times the same row of the other: the diagonal of left rightᵀ.

    All of left rightᵀ, for thousands of rows, would fill the memory for the sake of its diagonal.
    """
    return np.sum(left * right, axis=1)


def not_negative(name, value):
    """Raise a ValueError unless a variance is a finite number of at least 0."""
    if np.ndim(value) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name} is a variance, so it must be a number, but it is {value!r}.")
    if not np.isfinite(value) or value < 0:
        raise ValueError(
            f"{name} = {value:g}, but as a variance it must be finite and not negative."
        )


def positive(name, value):
    """Raise a ValueError unless a value is a finite number greater than 0."""
    if np.ndim(value) or not isinstance(value, (int, float, np.number)):
        raise ValueError(f"{name} must be a number, but it is {value!r}.")
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} = {value:g}, but it must be finite and greater than 0.")


def between_0_and_1(level):
    """Raise a ValueError unless a confidence level lies between 0 and 1."""
    if isinstance(level, str) or np.ndim(level) or not 0 < level < 1:
        raise ValueError(f"level = {level}, but it must be between 0 and 1, for example 0.95.")


def _as_floats(name, array):
    if np.ma.is_masked(array):
        raise ValueError(f"{name} has masked entries, but the formulas need every number.")
    kind = np.asarray(array).dtype.kind if not isinstance(array, (int, float)) else "f"
    if kind == "c":
        raise ValueError(
            f"{name} has complex numbers. Take their real part, if that is what you mean."
        )
    if kind in "mM":
        raise ValueError(
            f"{name} has dates or times. Turn them into numbers, such as days since the first."
        )
    try:
        array = np.asarray(array, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers only.") from None
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} has a missing or infinite value, but the formulas need every number."
        )
    return array


def _wrong_dimensions(name, array, letters):
    wanted = " × ".join(letters) if len(letters) > 1 else f"flat, with {letters[0]} entries"
    message = f"{name} has shape {array.shape}, but it must be {wanted}."
    if len(letters) == 1 and array.ndim == 2 and 1 in array.shape:
        message += f" Use {name}.ravel()."
    if len(letters) == 2 and array.ndim == 1:
        message += f" For a single column, use {name}.reshape(-1, 1)."
    return message
