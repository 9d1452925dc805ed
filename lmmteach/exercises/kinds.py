"""The three kinds of exercise, as the bank writes them down.

Answers and wrong answers are functions of a study, so that each student can have data of their own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from string import ascii_lowercase

from lmmteach.exercises.studies import KNOWN, Topic, study_about


@dataclass(frozen=True)
class Wrong:
    """A mistake that students make: its name, what it gives, and the hint that it deserves.

    Parameters
    ----------
    tag : name of the mistake, as ``"forgot_shrink"``
    gives : for a number, function of the study to what the mistake gives; for a function exercise,
        an implementation with the mistake
    feedback : what helps whoever made it; plain text, without the right answer
    always : whether students get only data on which this mistake can be told from all others. One
        that is added later must not change the data that students have already, so it is passed
        over where it cannot
    """

    tag: str
    gives: Callable
    feedback: str
    always: bool = True


@dataclass(frozen=True)
class Also:
    """Another answer that is right, with a remark: what it is, and why both may stand."""

    gives: Callable
    remark: str


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from, and what to say to whoever chose it."""

    text: str
    feedback: str
    tag: str = ""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What all exercises have.

    Parameters
    ----------
    key : number of the chapter and letter, as ``"4a"``, ``"10c"`` or ``"2e1"``
    title : a few words
    prompt : the question, in Markdown with TeX
    hints : two or three, each giving away more; plain text
    solution : the worked solution with its reason, in Markdown with TeX
    code : what a student could have typed: it ends by assigning ``answer``, or defines the function
    right : the sentence that reads the right answer; plain text
    in_code : where a worksheet has what the prompt speaks of, in Markdown; a reader of the page has
        no ``study``
    second_round : whether it is for those who want more practice; the others carry the chapter
    about : the data that it is about, if it makes sense for these only: ``LECTURE``, or the name of
        a data set that ``studies`` knows. Of any but the lecture's, its answers are functions of
        the study of these data, the same for every student. If None, it can be asked about any
        table with one column of groups
    """

    key: str
    title: str
    prompt: str
    hints: tuple
    solution: str
    code: str
    right: str
    in_code: str = ""
    second_round: bool = False
    about: Topic | str | None = None

    def __post_init__(self):
        if isinstance(self.about, str):
            if self.about not in KNOWN:
                raise ValueError(
                    f"Exercise {self.key} is about {self.about!r}, whose columns nobody has named. "
                    "Add its Topic to KNOWN, in lmmteach/exercises/studies.py."
                )
            object.__setattr__(self, "about", KNOWN[self.about])

    def _of_its_own(self, give):
        """A function of a study, made into one that looks at the exercise's own data.

        Only the bank names data; a copy in other words has the Topic that it speaks of.
        """
        if not isinstance(self.about, str) or give is None:
            return give
        name = self.about
        return lambda _: give(study_about(KNOWN[name]))

    @property
    def chapter(self):
        """The number of the chapter."""
        return int(re.match(r"\d+", self.key)[0])


@dataclass(frozen=True, kw_only=True)
class Numeric(Exercise):
    """A number to compute: right within ``atol``, and at least three wrong ones with names.

    Parameters
    ----------
    answer : function of the study to the right number
    atol : how far from it an answer may lie
    wrong : the mistakes that are known
    unit : what stands behind the field
    also : other answers that are right
    share : whether it lies between 0 and 1, so that somebody may give it in per cent
    given : function of the study to ``{name: number}``, what the page must give to a reader who
        has a calculator and no Python; not needed where the chapter prints it
    apart : how far from each other the known numbers must lie in a study; 3 ``atol`` if None
    scale : the power of the response's unit in which the answer is measured: 1 for a mean or a
        standard deviation, 2 for a variance, 0 for what has no unit. If None, ``unit`` says it
    elsewhere : pairs of a phrase and what stands in its place where other data are asked about;
        ``words`` has the phrases that all exercises share, and the numbers that may be named
    needs : function of the study to why it cannot be asked there, "" if it can; None if it always
        can
    """

    answer: Callable
    atol: float
    wrong: tuple
    unit: str = ""
    also: tuple = ()
    share: bool = False
    given: Callable | None = None
    apart: float | None = None
    scale: int | None = None
    elsewhere: tuple = ()
    needs: Callable | None = None

    def __post_init__(self):
        for name in ("answer", "given", "needs"):
            object.__setattr__(self, name, self._of_its_own(getattr(self, name)))
        for name in ("also", "wrong"):
            entries = (replace(e, gives=self._of_its_own(e.gives)) for e in getattr(self, name))
            object.__setattr__(self, name, tuple(entries))
        super().__post_init__()
        if self.scale is None:
            object.__setattr__(self, "scale", 2 if "²" in self.unit else int(bool(self.unit)))


@dataclass(frozen=True, kw_only=True)
class Choice(Exercise):
    """One of several options, the right one given by its position; the code follows from it."""

    options: tuple
    answer: int
    code: str = field(init=False)

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "code", f'answer = "{ascii_lowercase[self.answer]}"')


@dataclass(frozen=True, kw_only=True)
class Function(Exercise):
    """A function to write, to mend, or to complete.

    Parameters
    ----------
    name : of the function
    stub : the code that the worksheet gives; where something is left to write there stands ``...``
    reference : a right implementation
    cases : function of the study to a list of tuples of arguments; some on the unbalanced cut
    wrong : implementations with a mistake, each found by at least one case
    series : name of the series with fading help to which it belongs, if it does
    """

    name: str
    stub: str
    reference: Callable
    cases: Callable
    wrong: tuple
    rtol: float = 1e-6
    series: str = ""

    def __post_init__(self):
        object.__setattr__(self, "cases", self._of_its_own(self.cases))
        super().__post_init__()
