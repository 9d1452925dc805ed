"""All exercises, chapter by chapter: each chapter has a module here that is called as it is."""

from importlib import import_module

from lmmteach.chapters import with_rooms

BY_CHAPTER = {
    chapter: import_module(f".{chapter.room}", __name__).EXERCISES
    for chapter in with_rooms(__path__)
}
EXERCISES = {exercise.key: exercise for some in BY_CHAPTER.values() for exercise in some}
