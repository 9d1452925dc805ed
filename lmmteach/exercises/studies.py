"""The data that the exercises ask about: the lecture's, a student's own, or any other table."""

import hashlib
import math
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property
from statistics import NormalDist

import numpy as np
import pandas as pd

from lmmteach._columns import (
    kind_of,
    require_columns,
    require_complete,
    require_frame,
    require_readable,
)
from lmmteach.data import load_data
from lmmteach.fit import lmm
from lmmteach.model import random_intercept_design

WOMEN, MEASUREMENTS = 5, 16
ATTEMPTS = 100
LONGEST_NAME = 100
# What is typed in different ways in the same name.
ALIKE = str.maketrans(dict.fromkeys("’‘ʼ´`′", "'") | dict.fromkeys("‐‑‒–—―−", "-"))
# A cut keeps all measurements of the first group, then a half, a quarter, …, and begins anew.
HALVINGS = 5
# A study drawn after a data set has other variances than that, by these factors.
VARIED = 0.8, 1.25
DECIMALS = 6


@dataclass(frozen=True)
class Topic:
    """What a study is about: its data, the columns that are used, and words for them.

    Parameters
    ----------
    data : name of the data set, as in ``list_data()``; of a table of one's own any name
    response, group : names of the two columns
    unit : what the response is measured in; if empty, the name of the column is said
    one, many : words for a group and for groups; if empty, made from the name of the column
    """

    data: str
    response: str
    group: str
    unit: str = ""
    one: str = ""
    many: str = ""

    def __post_init__(self):
        one = self.one or str(self.group).lower().replace("_", " ").strip()
        object.__setattr__(self, "one", one)
        object.__setattr__(self, "many", self.many or _plural(one))

    @property
    def formula(self):
        """The model of the exercises, with backticks around a name that needs them."""
        return f"{quoted(self.response)} ~ 1 + (1 | {quoted(self.group)})"

    @property
    def is_lectures(self):
        """Whether it is the topic in whose words the exercises are written."""
        return self == LECTURE


def quoted(name):
    """The name of a column as a formula has it."""
    return name if name.isidentifier() else f"`{name}`"


def _plural(word):
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


LECTURE = Topic("estrone", "logestrone", "woman", one="woman", many="women")
# The columns of the other data sets that the package brings, for whoever names none.
KNOWN = {
    topic.data: topic
    for topic in (
        LECTURE,
        Topic("dyestuff", "Yield", "Batch", "grams"),
        Topic("dyestuff2", "Yield", "Batch"),
        Topic("rail", "travel", "Rail", "ns"),
        Topic("sleepstudy", "Reaction", "Subject", "ms"),
        Topic("penicillin", "diameter", "plate", "mm"),
        Topic("pastes", "strength", "batch"),
        Topic("orthodont", "distance", "Subject", "mm", "child", "children"),
    )
}


@dataclass(frozen=True, eq=False)
class Study:
    """Some groups, some measurements of each, and the fits that the exercises ask about.

    ``data`` has a row for each measurement; unless the topic says otherwise, it has the columns of
    the lecture's file, and the groups are women. ``origin`` is the study of the table after which
    this one was drawn, if it was: what a question names (a group, a round number, how many
    decimals) is the same for all students, because they may share a worksheet.
    """

    student: str
    data: pd.DataFrame
    topic: Topic = LECTURE
    origin: "Study | None" = None

    @cached_property
    def y(self):
        """Response, (n,)."""
        return self.data[self.topic.response].to_numpy(dtype=float, copy=True)

    @cached_property
    def woman(self):
        """Whose each row is, (n,)."""
        return self.data[self.topic.group].to_numpy(copy=True)

    @property
    def group(self):
        """The same, for data in which the groups are no women."""
        return self.woman

    @cached_property
    def X(self):
        """A column of ones, (n, 1)."""
        return np.ones((len(self.data), 1))

    @cached_property
    def Z(self):
        """Rows to groups, (n, q)."""
        return random_intercept_design(self.woman)

    @cached_property
    def labels(self):
        """The names of the groups, (q,), in the order of the columns of Z."""
        return np.unique(self.woman)

    @cached_property
    def means(self):
        """Each group's mean, (q,)."""
        return self.Z.T @ self.y / self.n_i

    @cached_property
    def n_i(self):
        """How many measurements of each group, (q,), as integers."""
        return self.Z.sum(axis=0).astype(int)

    @cached_property
    def ml(self):
        """The fit by maximum likelihood."""
        return lmm(self.topic.formula, self.data, method="ML")

    @cached_property
    def reml(self):
        """The fit by REML."""
        return lmm(self.topic.formula, self.data)

    @property
    def is_balanced(self):
        """Whether all groups have the same number of measurements."""
        return bool(np.ptp(self.n_i) == 0)

    @cached_property
    def cut(self):
        """The unbalanced study: the study itself, if its groups have different sizes.

        Otherwise it keeps all measurements of the first group, the first half of the second
        group's, a quarter, an eighth and a sixteenth of the next ones', one of each at least, and
        so on from the beginning; of the lecture's women the first 16, 8, 4, 2 and 1.
        """
        if not self.is_balanced:
            return self
        halvings = np.arange(len(self.n_i)) % HALVINGS
        keep = np.maximum(self.n_i // 2**halvings, 1)
        return self._with(self.is_among_first(self.Z @ keep))

    @cached_property
    def part(self):
        """The first groups, two at least, with as many rows as the lecture's study has at most.

        What takes long on many rows is tried on these.
        """
        last = max(2, int(np.sum(np.cumsum(self.n_i) <= WOMEN * MEASUREMENTS)))
        return self if last >= len(self.n_i) else self._with(self.Z[:, :last].any(axis=1))

    def first(self, times):
        """The rows of the first so many measurements of each group, a DataFrame."""
        return self.data[self.is_among_first(times)].reset_index(drop=True)

    def is_among_first(self, times):
        """Which rows are among the first so many of their group, (n,) of True and False."""
        return self._order < times

    @cached_property
    def quarter(self):
        """A quarter of the measurements that every group has, two at least; an integer."""
        return max(2, int(self.n_i.min()) // 4)

    @cached_property
    def half(self):
        """Half of the measurements that every group has, two at least; an integer."""
        return max(2, int(self.n_i.min()) // 2)

    @cached_property
    def fewest(self):
        """Which group, counted from 0, has the fewest measurements.

        If there are several, it is the one whose mean lies furthest from the others'.
        """
        return (self.origin or self)._furthest(self.n_i.min())

    @cached_property
    def few(self):
        """Which group, counted from 0, has few measurements, but not the fewest."""
        sizes = np.unique(self.n_i)
        return (self.origin or self)._furthest(sizes[min(1, len(sizes) - 1)])

    @cached_property
    def round_mean(self):
        """A round number that the mean may be compared with; for the lecture's topic 10."""
        if self.topic.is_lectures:
            return 10
        means = (self.origin or self).means
        error = means.std(ddof=1) / np.sqrt(len(means))
        step = 10.0 ** np.floor(np.log10(3 * error))
        return float(np.floor((means.mean() - 2 * error) / step) * step)

    def _furthest(self, size):
        at = np.flatnonzero(self.n_i == size)
        return int(at[np.argmax(np.abs(self.means[at] - self.means.mean()))])

    @cached_property
    def _order(self):
        """How many measurements of the same group stand above each row."""
        return self.data.groupby(self.topic.group, sort=False).cumcount().to_numpy()

    def _with(self, rows):
        origin = None if self.origin is None else self.origin._with(rows)
        return Study(self.student, self.data[rows].reset_index(drop=True), self.topic, origin)


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


def study_of_table(data, topic, student=""):
    """A study of a table of one's own.

    Parameters
    ----------
    data : DataFrame, a row for each measurement
    topic : Topic, which names its columns

    Raises
    ------
    ValueError, TypeError
        if the table lacks a column, a value is missing, the response is no number, or the groups
        cannot be compared.
    """
    require_frame(data, "data")
    columns = [topic.response, topic.group]
    if topic.response == topic.group:
        raise ValueError(
            f"Column {topic.group!r} cannot be both the response and the group. Name two columns."
        )
    require_columns(columns, data, "data")
    require_complete(columns, data, "data")
    require_readable(columns, data, "data")
    if kind_of(data[topic.response]) != "numbers":
        raise ValueError(
            f"Column {topic.response!r} of data holds {kind_of(data[topic.response])}, but a "
            "response must be a number."
        )
    data = data.reset_index(drop=True)
    # The order of categories would be another order of the groups than that of their names.
    if isinstance(data[topic.group].dtype, pd.CategoricalDtype):
        data = data.assign(**{topic.group: np.asarray(data[topic.group])})
    study = Study(student, data, topic)
    # What cannot be fitted is refused here, in the words of the fit.
    _ = study.reml
    return study


def drawn_like(study, student, attempt=0):
    """A study with the groups and columns of another, and a response of the student's own.

    It is drawn from the model with parameters near those of the other study, and rounded as its
    response is. It depends on the name, the attempt and the other study only.
    """
    topic, fit = study.topic, study.reml
    uniform = _uniform(f"lmmteach/{topic.data}/{normal_name(student)}/{attempt}")
    normal = NormalDist()
    low, high = VARIED
    mu = fit.beta.iloc[0] + fit.se.iloc[0] * normal.inv_cdf(next(uniform))
    sigma_e = np.sqrt(fit.sigma2_e) * (low + (high - low) * next(uniform))
    # Of groups that do not differ at all there would be little to ask.
    sigma_b = np.sqrt(max(fit.sigma2_b, fit.sigma2_e / 4)) * (low + (high - low) * next(uniform))
    b = np.array([sigma_b * normal.inv_cdf(next(uniform)) for _ in study.n_i])
    e = np.array([sigma_e * normal.inv_cdf(next(uniform)) for _ in study.y])
    y = np.round(mu + study.Z @ b + e, _decimals(study.y))
    return Study(student, study.data.assign(**{topic.response: y}), topic, study)


def _decimals(values):
    """How many decimals numbers are written with, six at most."""
    fitting = (k for k in range(DECIMALS) if np.allclose(values, np.round(values, k), rtol=1e-12))
    return next(fitting, DECIMALS)


@cache
def study_about(topic):
    """The study of one of the data sets that the package brings."""
    return estrone_study() if topic.is_lectures else study_of_table(load_data(topic.data), topic)


def first_drawn_like(study, student):
    """The first of the studies drawn for a student in which no estimate of σ_b² is 0."""
    for attempt in range(ATTEMPTS):
        drawn = drawn_like(study, student, attempt)
        if varies(drawn):
            return drawn
    raise no_study(student, ATTEMPTS)


def varies(study):
    """Whether every estimate of σ_b², on the study and on its cut, is above 0."""
    try:
        fits = (study.ml, study.reml, study.cut.ml, study.cut.reml)
    # What is left of a small study may be too little for a fit.
    except ValueError:
        fits = (study.ml, study.reml)
    return all(fit.sigma2_b > 0 for fit in fits)


def no_study(student, attempts):
    """What to raise if none of the studies that a name leads to will do."""
    return ValueError(
        f"None of the {attempts} studies drawn for {student!r} can be used for the exercises. "
        "Please choose a different name."
    )


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
