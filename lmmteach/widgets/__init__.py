"""Explorers: pictures that answer when a parameter moves, live in a notebook and on the page.

Each chapter has a module here that is called as it is. The explorers that it defines are found
there, and can be had from here by their names, as ``widgets.shrinkage``.
"""

from importlib import import_module

from lmmteach.chapters import with_rooms
from lmmteach.widgets.explorer import Control, Explorer, Question

BY_NAME = {
    name: value
    for chapter in with_rooms(__path__)
    for name, value in vars(import_module(f".{chapter.room}", __name__)).items()
    if isinstance(value, Explorer)
}
EXPLORERS = tuple(BY_NAME.values())
globals().update(BY_NAME)

__all__ = ["EXPLORERS", "Control", "Explorer", "Question", *BY_NAME]
