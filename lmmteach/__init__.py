"""Linear mixed models, one formula at a time.

The modules ``model``, ``likelihood``, ``profile``, ``blup``, ``reml`` and ``prediction`` hold the
formulas of the lecture, one small function for each; ``lmm`` fits a model with them.
"""

from lmmteach import blup, likelihood, model, prediction, profile, reml
from lmmteach.data import list_data, load_data
from lmmteach.fit import lmm

__version__ = "0.1.0"

__all__ = [
    "blup",
    "likelihood",
    "list_data",
    "lmm",
    "load_data",
    "model",
    "prediction",
    "profile",
    "reml",
]
