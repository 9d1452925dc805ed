"""All exercises; those of a chapter stand in the module that has its name."""

from lmmteach.chapters import rooms

BY_CHAPTER = {chapter: room.EXERCISES for chapter, room in rooms(__name__, __path__).items()}
EXERCISES = {exercise.key: exercise for some in BY_CHAPTER.values() for exercise in some}
