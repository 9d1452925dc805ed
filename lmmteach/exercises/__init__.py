"""Exercises that know the mistakes: ``check`` an answer, ask for a ``hint``, see your ``progress``.

``start(student="your name")`` gives each student data of their own.
"""

from lmmteach.exercises.session import check, hint, progress, solution, start

__all__ = ["check", "hint", "progress", "solution", "start"]
