"""Exercises that know the mistakes: ``check`` an answer, ask for a ``hint``, see your ``progress``.

``start(student="your name")`` gives each student data of their own, and with ``data=`` the
exercises ask about any table with one column of groups.
"""

from lmmteach.exercises.session import check, hint, progress, question, solution, start

__all__ = ["check", "hint", "progress", "question", "solution", "start"]
