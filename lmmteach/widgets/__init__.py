"""Explorers: pictures that answer when a parameter moves, live in a notebook and on the page."""

from lmmteach.widgets.blup import shrinkage
from lmmteach.widgets.diagnostics import lineup
from lmmteach.widgets.explorer import Control, Explorer, Question
from lmmteach.widgets.likelihood import two_terms
from lmmteach.widgets.model import variance
from lmmteach.widgets.prediction import new_woman
from lmmteach.widgets.profile import profile
from lmmteach.widgets.reml import bias, contrasts
from lmmteach.widgets.testing import boundary, wald_ceiling

EXPLORERS = (
    variance,
    two_terms,
    profile,
    shrinkage,
    contrasts,
    bias,
    boundary,
    wald_ceiling,
    new_woman,
    lineup,
)

__all__ = [
    "EXPLORERS",
    "Control",
    "Explorer",
    "Question",
    "bias",
    "boundary",
    "contrasts",
    "lineup",
    "new_woman",
    "profile",
    "shrinkage",
    "two_terms",
    "variance",
    "wald_ceiling",
]
