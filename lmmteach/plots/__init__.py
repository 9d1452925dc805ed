"""The book's pictures: what varies between groups in one colour, what varies within in another."""

from lmmteach.plots.degrees import tails
from lmmteach.plots.effects import caterpillar, joint_density, posterior, predictions, shrinkage
from lmmteach.plots.likelihood import hill, profile_curves, two_terms
from lmmteach.plots.own import checks, dropout, estimates, groups
from lmmteach.plots.residuals import lineup, qq_pp, residual_panels
from lmmteach.plots.several import group_lines, shrinkage_plane, structures
from lmmteach.plots.simulation import intervals_of_studies, power_curves
from lmmteach.plots.software import LOOKS, degrees_of_freedom, fitting_times
from lmmteach.plots.study import (
    covariance_picture,
    measurements,
    simulated_studies,
    supposed_variances,
)
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN
from lmmteach.plots.variance import (
    contrast_curves,
    estimates_of_studies,
    null_distribution,
    two_observations,
    two_tops,
    wald_ceiling,
)

__all__ = [
    "BETWEEN",
    "INK",
    "LOOKS",
    "NEUTRAL",
    "WITHIN",
    "caterpillar",
    "checks",
    "contrast_curves",
    "covariance_picture",
    "degrees_of_freedom",
    "dropout",
    "estimates",
    "estimates_of_studies",
    "fitting_times",
    "group_lines",
    "groups",
    "hill",
    "intervals_of_studies",
    "joint_density",
    "lineup",
    "measurements",
    "null_distribution",
    "posterior",
    "power_curves",
    "predictions",
    "profile_curves",
    "qq_pp",
    "residual_panels",
    "shrinkage",
    "shrinkage_plane",
    "simulated_studies",
    "structures",
    "supposed_variances",
    "tails",
    "two_observations",
    "two_terms",
    "two_tops",
    "wald_ceiling",
]
