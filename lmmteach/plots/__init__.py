"""The book's pictures: what varies between groups in one colour, what varies within in another."""

from lmmteach.plots.effects import caterpillar, joint_density, posterior, predictions, shrinkage
from lmmteach.plots.likelihood import hill, profile_curves, two_terms
from lmmteach.plots.own import checks, dropout, estimates, groups
from lmmteach.plots.residuals import lineup, qq_pp, residual_panels
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
    "NEUTRAL",
    "WITHIN",
    "caterpillar",
    "checks",
    "contrast_curves",
    "covariance_picture",
    "dropout",
    "estimates",
    "estimates_of_studies",
    "groups",
    "hill",
    "joint_density",
    "lineup",
    "measurements",
    "null_distribution",
    "posterior",
    "predictions",
    "profile_curves",
    "qq_pp",
    "residual_panels",
    "shrinkage",
    "simulated_studies",
    "supposed_variances",
    "two_observations",
    "two_terms",
    "two_tops",
    "wald_ceiling",
]
