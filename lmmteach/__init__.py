"""Linear mixed models, one formula at a time.

The modules ``model``, ``likelihood``, ``profile``, ``blup``, ``reml``, ``testing``,
``prediction`` and ``diagnostics`` hold the formulas of the lecture, one small function for each;
those of the later chapters go beyond it. ``lmm`` fits a model with them, ``lrt`` and
``bootstrap_lrt`` compare two fits, and ``study`` simulates a design and counts.
"""

import sys

from lmmteach import (
    _browser,
    blup,
    compare,
    covariance,
    degrees,
    diagnostics,
    henderson,
    likelihood,
    model,
    posterior,
    prediction,
    profile,
    reml,
    simulation,
    testing,
)
from lmmteach.compare import lrt
from lmmteach.data import list_data, load_data
from lmmteach.fit import lmm
from lmmteach.reading import complete_rows, look, read_data
from lmmteach.reporting import report
from lmmteach.resampling import bootstrap_lrt
from lmmteach.source import show_source
from lmmteach.studies import design, power_curve, study

__version__ = "0.1.0"

if sys.platform == "emscripten":
    _browser.settle()


def __getattr__(name):
    # The pictures need matplotlib, which takes longer to import than all the rest; and not
    # everybody wants the exercises.
    if name in ("exercises", "plots"):
        from importlib import import_module

        return import_module(f"lmmteach.{name}")
    raise AttributeError(f"module 'lmmteach' has no attribute {name!r}")


__all__ = [
    "blup",
    "bootstrap_lrt",
    "compare",
    "complete_rows",
    "covariance",
    "degrees",
    "design",
    "diagnostics",
    "exercises",
    "henderson",
    "likelihood",
    "list_data",
    "lmm",
    "load_data",
    "look",
    "lrt",
    "model",
    "plots",
    "posterior",
    "power_curve",
    "prediction",
    "profile",
    "read_data",
    "reml",
    "report",
    "show_source",
    "simulation",
    "study",
    "testing",
]
