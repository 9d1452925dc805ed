"""The chapters of the book: whatever counts or names them reads this list.

``_toc.yml`` has them in the same order, in two parts that are numbered through: the lecture's eight
and those that lead beyond it. A test holds the two lists against each other.
"""

from typing import NamedTuple


class Chapter(NamedTuple):
    """A chapter.

    Parameters
    ----------
    number : as the book counts it; the keys of the exercises begin with it
    name : in lower case, with hyphens
    title : the first heading of the page
    modules : those that hold its formulas, in the order of the page; one, several, or none
    """

    number: int
    name: str
    title: str
    modules: tuple = ()

    @property
    def page(self):
        """Name of the notebook in ``chapters/``, and of the worksheet in ``exercises/``."""
        return f"{self.number:02d}-{self.name}"

    @property
    def room(self):
        """Name of the module with its exercises, and of that with its explorers."""
        return self.name.replace("-", "_")

    @property
    def short_title(self):
        """The title up to its colon."""
        return self.title.partition(":")[0]


CHAPTERS = (
    Chapter(1, "model", "The model", ("model",)),
    Chapter(2, "likelihood", "Maximum likelihood", ("likelihood",)),
    Chapter(3, "profile", "Profile likelihood", ("profile",)),
    Chapter(4, "blup", "BLUP: predicting the random effects", ("blup",)),
    Chapter(5, "reml", "REML: likelihood without β", ("reml",)),
    Chapter(6, "testing", "Testing", ("testing", "compare")),
    Chapter(7, "prediction", "Prediction", ("prediction",)),
    Chapter(8, "diagnostics", "Diagnostics", ("diagnostics",)),
    Chapter(9, "more-effects", "More than one random effect", ("covariance",)),
    Chapter(10, "computation", "From the formula to the software", ("henderson",)),
    Chapter(11, "degrees-of-freedom", "Degrees of freedom and p-values", ("degrees",)),
    Chapter(12, "simulation", "Simulation: bias, coverage, power", ("simulation",)),
    Chapter(13, "own-data", "Your own data", ("posterior",)),
)


def rooms(names):
    """The modules of a package that have the name of a chapter.

    Parameters
    ----------
    names : ``globals()`` of the package that has imported them

    Returns
    -------
    rooms : ``{chapter: module}`` of the chapters that have one, in the order of the book
    """
    return {chapter: names[chapter.room] for chapter in CHAPTERS if chapter.room in names}
