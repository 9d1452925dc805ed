"""Linear mixed models, one formula at a time.

The modules ``model``, ``likelihood``, ``profile``, ``blup``, ``reml`` and ``prediction`` hold the
formulas of the lecture, one small function for each; ``lmm`` fits a model with them.
"""

from lmmteach import blup, likelihood, model, prediction, profile, reml
from lmmteach.data import list_data, load_data
from lmmteach.fit import lmm
from lmmteach.source import show_source

__version__ = "0.1.0"


def __getattr__(name):
    # The pictures need matplotlib, which takes longer to import than all the rest.
    if name == "plots":
        from importlib import import_module

        return import_module("lmmteach.plots")
    raise AttributeError(f"module 'lmmteach' has no attribute {name!r}")


__all__ = [
    "blup",
    "likelihood",
    "list_data",
    "lmm",
    "load_data",
    "model",
    "plots",
    "prediction",
    "profile",
    "reml",
    "show_source",
]
