"""All exercises; those of a chapter stand in the module that has its name."""

# The modules are used through globals().
# ruff: noqa: F401

from lmmteach.chapters import rooms
from lmmteach.exercises.bank import (
    blup,
    computation,
    degrees_of_freedom,
    diagnostics,
    likelihood,
    model,
    more_effects,
    own_data,
    prediction,
    profile,
    reml,
    simulation,
    testing,
)

BY_CHAPTER = {chapter: room.EXERCISES for chapter, room in rooms(globals()).items()}
EXERCISES = {exercise.key: exercise for some in BY_CHAPTER.values() for exercise in some}
