"""The data that the exercises ask about: the lecture's, or a study of a student's own."""

import hashlib
import math
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import pandas as pd

from lmmteach.data import load_data
from lmmteach.fit import lmm
from lmmteach.model import random_intercept_design

WOMEN, MEASUREMENTS = 5, 16
LONGEST_NAME = 100
CUT = (16, 8, 4, 2, 1)
# What is typed in different ways in the same name.
ALIKE = str.maketrans(dict.fromkeys("’‘ʼ´`′", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
FORMULA = "logestrone ~ 1 + (1 | woman)"


@dataclass(frozen=True, eq=False)
class Study:
    """Five women, some measurements of each; ``data`` has the columns of the lecture's file."""

    student: str
    data: pd.DataFrame

    @cached_property
    def y(self):
        """Response, (n,)."""
        return self.data["logestrone"].to_numpy(copy=True)

    @cached_property
    def woman(self):
        """Whose each row is, (n,)."""
        return self.data["woman"].to_numpy(copy=True)

    @cached_property
    def X(self):
        """A column of ones, (n, 1)."""
        return np.ones((len(self.data), 1))

    @cached_property
    def Z(self):
        """Rows to women, (n, 5)."""
        return random_intercept_design(self.woman)

    @cached_property
    def means(self):
        """Each woman's mean, (5,)."""
        return self.Z.T @ self.y / self.n_i

    @cached_property
    def n_i(self):
        """How many measurements of each woman, (5,), as integers."""
        return self.Z.sum(axis=0).astype(int)

    @cached_property
    def ml(self):
        """The fit by maximum likelihood."""
        return lmm(FORMULA, self.data, method="ML")

    @cached_property
    def reml(self):
        """The fit by REML."""
        return lmm(FORMULA, self.data)

    @cached_property
    def cut(self):
        """The unbalanced study: the first 16, 8, 4, 2 and 1 measurements of the five women."""
        keep = self.data["measurement"] <= self.data["woman"].map(dict(enumerate(CUT, start=1)))
        return Study(self.student, self.data[keep].reset_index(drop=True))


def estrone_study():
    """The lecture's data."""
    return Study("", load_data("estrone"))


def drawn_study(student, attempt=0):
    """A study that depends on the name and the attempt only, on every machine.

    Random numbers come from a digest of the name, not from a generator whose stream may change with
    the version of a library, and values are whole pg/ml, as in the lecture's data.
    """
    uniform = _uniform(f"lmmteach/{normal_name(student)}/{attempt}")
    normal = NormalDist()
    mu = 14 + 2 * next(uniform)
    sigma_b = 1.0 + 0.8 * next(uniform)
    sigma_e = 0.45 + 0.3 * next(uniform)
    rows = []
    for woman in range(1, WOMEN + 1):
        level = mu + sigma_b * normal.inv_cdf(next(uniform))
        for measurement in range(1, MEASUREMENTS + 1):
            value = level + sigma_e * normal.inv_cdf(next(uniform))
            rows.append((woman, measurement, max(1, round(10 ** (value / 10)))))
    data = pd.DataFrame(rows, columns=["woman", "measurement", "estrone"])
    data["logestrone"] = [10 * math.log10(value) for value in data["estrone"]]
    return Study(student, data)


def checked_name(student):
    """The name in the form in which it counts; raise if there is no name in it."""
    if not isinstance(student, str):
        raise TypeError(
            f'student must be a text in quotes, as in start(student="Ada"), '
            f"and not of type {type(student).__name__}."
        )
    student = " ".join(student.split()) if student.strip() else student
    # Marks that take no room, such as the space of no width, are no name; nor are full stops.
    visible = [mark for mark in normal_name(student) if unicodedata.category(mark) != "Cc"]
    if student and not visible:
        raise ValueError(
            'The name is blank. Type one, or use start(student="") for the lecture\'s data.'
        )
    if len(student) > LONGEST_NAME:
        raise ValueError(
            f"The name has {len(student)} characters, and at most {LONGEST_NAME} are allowed. Any "
            "shorter text will do, as long as it is yours."
        )
    if any("\ud800" <= character <= "\udfff" for character in student):
        raise ValueError("The name has a character that cannot be stored. Please type it again.")
    return student


def normal_name(student):
    """Return a name as it counts, however it is spelt.

    Capitals, spaces, full stops, wide letters, ways to code an accent, and curly or straight
    apostrophes and hyphens make no other student.
    """
    name = unicodedata.normalize("NFKC", student.translate(ALIKE)).casefold()
    # A full stop parts two initials as a space does.
    seen = (letter for letter in name.replace(".", " ") if unicodedata.category(letter) != "Cf")
    # Initials are one word, however they are parted: J. R., J.R. and JR.
    words, in_initials = [], False
    for word in "".join(seen).split():
        if in_initials and _is_initial(word):
            words[-1] += word
        else:
            words.append(word)
        in_initials = _is_initial(word)
    return unicodedata.normalize("NFC", " ".join(words))


def _is_initial(word):
    # Of writing without capitals, a sign alone may be a name.
    return len(word) == 1 and word.upper() != word.lower()


def _uniform(text):
    """Numbers between 0 and 1, never 0 or 1, from digests of the text and a counter."""
    counter = 0
    while True:
        digest = hashlib.sha256(f"{text}/{counter}".encode()).digest()
        for k in range(0, 32, 8):
            yield (int.from_bytes(digest[k : k + 8], "big") // 2**11 + 0.5) / 2**53
        counter += 1
