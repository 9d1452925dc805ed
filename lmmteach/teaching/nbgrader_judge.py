"""What nbgrader's autograding does in a course of lmmteach: it asks the judge.

This takes the place of nbgrader's ``Execute``. It needs nbgrader, which the package does not.
"""

import atexit
import tempfile
from functools import cache
from pathlib import Path

import nbformat
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Bool, Float, Int, Unicode

from lmmteach.teaching.class_data import OWN, chosen_data
from lmmteach.teaching.edition import write_edition
from lmmteach.teaching.judge import Limits, Marking
from lmmteach.teaching.room import why_not_apart
from lmmteach.teaching.roster import read_roster

# What there is in a course that is no student's.
PRIVATE = ("submitted", "autograded", "feedback", "source", "gradebook.db", "students.csv")


class Judge(NbGraderPreprocessor):
    """Mark a notebook with ``lmmteach mark``, and write its verdicts below the checks."""

    timeout = Float(60.0, help="Seconds of computing for a notebook.").tag(config=True)
    memory = Int(2048, help="Megabytes of memory for a notebook.").tag(config=True)
    course = Unicode(".", help="The folder of the course.").tag(config=True)
    data = Unicode(OWN, help="What students work on, as `lmmteach mark --data` has it.").tag(
        config=True
    )
    response = Unicode("", help="The response in these data.").tag(config=True)
    group = Unicode("", help="The groups in these data.").tag(config=True)
    shared = Bool(False, help="Whether all have the data as they are.").tag(config=True)
    roster = Unicode("students.csv", help="The roster, in the folder of the course.").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        """Put a verdict below each check: text if it is right, and else an error."""
        result = self.marked(nb, resources["nbgrader"]["student"])
        for cell in nb.cells:
            if is_grade(cell) and cell.cell_type == "code":
                key = cell.metadata.nbgrader["grade_id"].removeprefix("check-")
                outcome = result["outcomes"].get(key, ["error", "", result["problem"]])
                cell.outputs = [_output(*outcome)]
        for remark in result["remarks"]:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], remark)
        nb.metadata["lmmteach"] = {"remarks": result["remarks"], "problem": result["problem"]}
        return nb, resources

    def marked(self, nb, student):
        """The result of marking, on the data of the student."""
        course = Path(self.course)
        given = _class_data(course, self.data, self.response, self.group, self.shared)
        edition, apart = _edition(given.file)
        limits = Limits(self.timeout, self.memory * 2**20)
        name = self.name_of(course, student)
        hidden = tuple(str(course / part) for part in PRIVATE)
        written = nbformat.writes(nb).encode()
        return Marking(written, name, edition, limits, given, hidden, apart).marked()

    def name_of(self, course, student):
        """The name in the roster that belongs to nbgrader's; None if there is no roster."""
        path = course / self.roster
        if not path.exists():
            return None
        found = [s.name for s in read_roster(path) if student in (s.id, s.name)]
        return found[0] if found else student


def _output(outcome, tag, reason):
    if outcome == "right":
        return new_output("stream", name="stdout", text="right\n")
    words = f"{outcome}: {tag or reason}" if tag or reason else outcome
    return new_output("error", ename="NotRight", evalue=words, traceback=[words])


@cache
def _class_data(course, data, response, group, shared):
    """The ClassData of a course; a table of its own lies in its folder."""
    if (course / data).is_file():
        data = str(course / data)
    return chosen_data(data, response or None, group or None, shared=shared)


@cache
def _edition(file):
    """The package without solutions, written once, and whether worksheets run apart."""
    folder = tempfile.TemporaryDirectory(prefix="lmmteach-edition-")
    atexit.register(folder.cleanup)
    write_edition(folder.name, [file] if file else [])
    return folder.name, not why_not_apart(folder.name)
