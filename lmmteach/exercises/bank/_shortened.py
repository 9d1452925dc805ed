"""The study as if it had stopped early, which several chapters ask about."""

from lmmteach.likelihood import balanced_theta, sums_of_squares


def sums_of_first(study, times):
    """SSB and SSW of the first so many measurements of each woman."""
    keep = (study.data["measurement"] <= times).to_numpy()
    return sums_of_squares(study.y[keep], study.Z[keep])


def first_four(study):
    """SSB and SSW of the first four measurements of each woman."""
    return sums_of_first(study, 4)


def theta_of_four(study, reml=False, times=4):
    """Estimates from the first four measurements of each woman."""
    return balanced_theta(*first_four(study), I=5, J=times, reml=reml)
