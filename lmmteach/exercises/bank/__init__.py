"""All exercises, chapter by chapter."""

from lmmteach.exercises.bank import (
    blup,
    diagnostics,
    likelihood,
    model,
    prediction,
    profile,
    reml,
    testing,
)

CHAPTERS = (model, likelihood, profile, blup, reml, testing, prediction, diagnostics)
EXERCISES = {exercise.key: exercise for chapter in CHAPTERS for exercise in chapter.EXERCISES}
