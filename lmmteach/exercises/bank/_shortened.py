"""The study as if it had stopped early, which several chapters ask about."""

from lmmteach.likelihood import balanced_theta, sums_of_squares

FEWEST = 3


def sums_of_first(study, times):
    """SSB and SSW of the first so many measurements of each group."""
    keep = study.is_among_first(times)
    return sums_of_squares(study.y[keep], study.Z[keep])


def first_quarter(study):
    """SSB and SSW of the first quarter of the measurements of each group."""
    return sums_of_first(study, study.quarter)


def theta_of_quarter(study, reml=False, times=None):
    """Estimates from the first quarter of the measurements; a wrong number of them is a mistake."""
    times = study.quarter if times is None else times
    return balanced_theta(*first_quarter(study), I=len(study.n_i), J=times, reml=reml)


def stops_early(study):
    """Why the study cannot have stopped early, if it cannot."""
    if study.n_i.min() < FEWEST:
        return f"it needs at least {FEWEST} measurements of each {study.topic.one}"
    for times in (study.quarter, study.half):
        SSB, SSW = sums_of_first(study, times)
        if balanced_theta(SSB, SSW, I=len(study.n_i), J=times)[0] <= 0:
            return f"the estimate of σ_b² from the first {times} measurements of each is 0"
    return ""
