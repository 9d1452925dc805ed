"""Explorers: pictures that answer when a parameter moves, live in a notebook and on the page.

Those of a chapter stand in the module that has its name; one that several pages show, or that is
too large to share a module, has its own. They are found there, and can be had from here as
``widgets.shrinkage``, also where an explorer has the name of a module.
"""

# The modules are used through globals().
# ruff: noqa: F401

from lmmteach.chapters import rooms
from lmmteach.widgets import (
    blup,
    computation,
    degrees_of_freedom,
    diagnostics,
    likelihood,
    model,
    more_effects,
    own_data,
    own_women,
    pooling,
    prediction,
    printout,
    profile,
    reml,
    simulation,
    testing,
)
from lmmteach.widgets.explorer import Control, Explorer, Key, Question

BY_NAME = {
    name: value
    for room in (*rooms(globals()).values(), own_women, pooling, printout)
    for name, value in vars(room).items()
    if isinstance(value, Explorer)
}
EXPLORERS = tuple(BY_NAME.values())
globals().update(BY_NAME)

__all__ = ["EXPLORERS", "Control", "Explorer", "Key", "Question", *BY_NAME]
