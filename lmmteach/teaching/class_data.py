"""Which data a class works on: the lecture's study, or any table, with or without own responses."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.given import digest, table_and_topic
from lmmteach.exercises.session import study_and_attempt
from lmmteach.exercises.studies import Topic
from lmmteach.exercises.words import asked, why_not
from lmmteach.teaching.questions import first_cell

OWN, LECTURES = "own", "lecture"


@dataclass(frozen=True)
class ClassData:
    """The data of a class.

    Parameters
    ----------
    table : DataFrame; None for the lecture's data
    topic : the Topic of the table
    shared : whether all students have the data as they are, and none a response of their own
    file : the path of the table, if it has one
    """

    table: pd.DataFrame | None = None
    topic: Topic | None = None
    shared: bool = False
    file: Path | None = None

    @property
    def given(self):
        """The table and its topic, as ``start`` has them; None for the lecture's data."""
        return None if self.table is None else (self.table, self.topic)

    @property
    def digest(self):
        """What tells the table from others; "" for the lecture's data."""
        return "" if self.table is None else digest(self.table, self.topic)

    @property
    def without_name(self):
        """The data of whoever gives no name, in words."""
        return "the lecture's data" if self.table is None else "the data as they are"

    @property
    def first_cell(self):
        """What a worksheet about these data begins with."""
        return first_cell(self.topic, self.file)

    def study(self, name):
        """The study on which the answers of a student should be right."""
        return study_and_attempt("" if self.shared else name, self.given)[0]

    def asked(self, keys):
        """Those of some exercises that are asked about the data."""
        study = self.study("")
        return [key for key in keys if not why_not(EXERCISES[key], study)]

    def questions(self, exercises):
        """Exercises as they are asked about the data, and the reasons why others are not."""
        study = self.study("")
        refused = {exercise.key: why_not(exercise, study) for exercise in exercises}
        kept = [asked(exercise, study) for exercise in exercises if not refused[exercise.key]]
        return kept, list(filter(None, refused.values()))


def arguments(parser):
    """The options that say which data."""
    parser.add_argument(
        "--data",
        default=OWN,
        metavar="DATA",
        help="“own” (the default): the lecture's study, drawn anew for each student; “lecture”: "
        "the lecture's, the same for all; or a data set or CSV file, as in start(data=…), with a "
        "response drawn for each student",
    )
    arguments_of_table(parser)
    parser.add_argument(
        "--shared", action="store_true", help="the data as they are, the same for all"
    )


def arguments_of_table(parser):
    """The options that say which columns of a table are meant, and what they are called."""
    parser.add_argument("--response", metavar="COLUMN", help="the response in these data")
    parser.add_argument("--group", metavar="COLUMN", help="the groups in these data")
    parser.add_argument("--unit", default="", help="what the response is measured in")
    parser.add_argument(
        "--words", nargs=2, default=(), metavar=("ONE", "MANY"), help="as in: child children"
    )


def class_data(options):
    """The ClassData that the options of a command ask for; see ``chosen_data``."""
    names = ("data", "response", "group", "unit", "words", "shared")
    return chosen_data(**{name: getattr(options, name) for name in names})


def chosen_data(data=OWN, response=None, group=None, unit="", words=(), shared=False):
    """The ClassData that are meant; the parameters are those of the options.

    Raises
    ------
    ValueError
        if there are no such data, or no exercise can be asked about them.
    """
    if data in (OWN, LECTURES):
        if response or group or unit or words:
            raise ValueError(
                "--response, --group, --unit and --words are about a table, so name it too: "
                "--data trees.csv"
            )
        return ClassData(shared=shared or data == LECTURES)
    given = table_and_topic(data, response, group, unit, tuple(words))
    if given is None:
        return ClassData(shared=shared)
    path = Path(data)
    chosen = ClassData(*given, shared, path if path.is_file() else None)
    # What cannot be fitted is refused before the first worksheet.
    chosen.study("")
    return chosen
