"""Mark one worksheet: let it run elsewhere, take down its answers, and compare them here.

No line of a student's code runs in this process, and nothing is read from the student's process
but numbers, texts and the names of types.
"""

import hashlib
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.functions import Known, known_results, verdict_on_function
from lmmteach.exercises.kinds import Function, Numeric
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.reading import read_number
from lmmteach.exercises.results import Result, difference
from lmmteach.exercises.running import run
from lmmteach.exercises.session import study_and_attempt
from lmmteach.exercises.studies import checked_name, drawn_study, normal_name
from lmmteach.exercises.words import asked, why_not
from lmmteach.teaching.class_data import ClassData
from lmmteach.teaching.edition import HANDED_OUT, functions
from lmmteach.teaching.plain import decoded, decoded_result, encoded_arguments
from lmmteach.teaching.room import LOADING, Ended, Room, now, what_is_locked

LARGEST = 2**25
# No worksheet comes near these; what does would keep the judge busy for hours.
MOST_CELLS = 2000
MOST_CODE = 2**20
MOST_NOTES = 40
# After an ended process the rest of the worksheet runs anew, this often.
RESTARTS = 4
# Of how many names a worksheet may ask for the data.
NAMES = 5
GRACE = 5.0
# So many times longer than it may compute, a worksheet may take.
WAIT = 4
HEADING = re.compile(r"^#+ *(\d+[a-z]\d?):", re.MULTILINE)
CHECK = re.compile(r"\bcheck\(\s*[rfbu]?[\"'](\d+[a-z]\d?)[\"']")
STORED = re.compile(r"✓ ?(\d+[a-z]\d?) ?Right")
NOTES = ("class", "printed", "network", "solutions", "solution", "opened", "wrote", "replaced")


@dataclass(frozen=True)
class Limits:
    """What a worksheet may use: seconds of computing, and bytes of memory.

    Seconds of computing do not depend on what else the machine does. A worksheet that only waits
    is stopped too, but later.
    """

    seconds: float = 60.0
    memory: int = 2**31

    @property
    def cell(self):
        """Seconds of computing of one cell or one function, before they are cut off."""
        return min(10.0, self.seconds / 6)

    @property
    def waiting(self):
        """Seconds on the clock for a worksheet as a whole."""
        return WAIT * self.seconds

    @property
    def silence(self):
        """Seconds on the clock for one cell or one call."""
        return WAIT * self.cell + GRACE


@dataclass
class Worksheet:
    """A file that was handed in, as far as it can be read without running it."""

    cells: list
    sections: dict
    keys: list
    stored_right: set
    problem: str = ""


@dataclass
class Transcript:
    """What a worksheet said while it ran."""

    answers: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    names: list = field(default_factory=list)
    tables: set = field(default_factory=set)
    notes: set = field(default_factory=set)
    by_name: set = field(default_factory=set)
    left: int = 0
    complete: bool = False


def read_worksheet(data):
    """The cells of a notebook; ``problem`` says why there are none."""
    empty = Worksheet([], {}, [], set())
    if len(data) > LARGEST:
        empty.problem = f"larger than {LARGEST // 2**20} MB"
        return empty
    try:
        cells = json.loads(data.decode("utf-8-sig"))["cells"]
        cells = [(str(cell["cell_type"]), _text(cell.get("source", "")), cell) for cell in cells]
        shown = [_shown(cell) for _, _, cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        empty.problem = (
            "not a notebook" if data.strip() else "an empty file, or one that cannot be read"
        )
        return empty
    if len(cells) > MOST_CELLS or sum(len(source) for _, source, _ in cells) > MOST_CODE:
        empty.problem = (
            f"more than {MOST_CELLS} cells, or more than {MOST_CODE // 2**20} MB of text"
        )
        return empty
    codes, sections, section, keys = [], {}, None, []
    stored = {key for text in shown for key in STORED.findall(text)}
    for number, (kind, source, _) in enumerate(cells):
        if kind == "markdown":
            found = HEADING.findall(source)
            section = found[-1] if found else (None if source.startswith("#") else section)
            keys += found
        elif kind == "code":
            codes.append((number, source))
            sections[number] = section if section in EXERCISES else None
            keys += CHECK.findall(source)
    keys = [key for key in dict.fromkeys(keys) if key in EXERCISES]
    problem = "" if keys else "no exercise in it"
    return Worksheet(codes, sections, keys, stored, problem)


def _shown(cell):
    """What is stored below a cell, as one text."""
    return json.dumps(cell.get("outputs", ""), ensure_ascii=False)


def _text(source):
    return source if isinstance(source, str) else "".join(map(str, source))


def chapter_keys(keys):
    """All exercises of the chapters that some of them belong to, in the order of the bank."""
    chapters = {EXERCISES[key].chapter for key in keys}
    return [key for key, exercise in EXERCISES.items() if exercise.chapter in chapters]


class Clock:
    """How long a worksheet has run, without the time that the judge takes to think."""

    def __init__(self):
        self._before, self._since = 0.0, None

    @property
    def seconds(self):
        """Seconds that it has run so far."""
        return self._before + (0.0 if self._since is None else now() - self._since)

    def start(self):
        """It runs."""
        self._since = now()

    def stop(self):
        """It does not run."""
        self._before, self._since = self.seconds, None

    @contextmanager
    def stopped(self):
        """A time during which it waits for the judge."""
        runs = self._since is not None
        self.stop()
        try:
            yield
        finally:
            if runs:
                self.start()


class Marking:
    """One worksheet on its way from a file to a row of the table.

    Parameters
    ----------
    file : the bytes of the file
    student : whose answers they should be; None for whoever is named in the worksheet
    edition : folder with the students' copy of the package
    limits : Limits
    data : ClassData, what the class works on
    hidden : folders that students' code must not see
    apart : whether the system lets it run apart
    """

    def __init__(self, file, student, edition, limits, data=None, hidden=(), apart=True):
        self.sheet = read_worksheet(file)
        self.seed = hashlib.sha256(file).hexdigest()
        self.student, self.edition, self.limits = student, edition, limits
        self.data, self.hidden, self.apart = data or ClassData(), hidden, apart
        self.keys = self.data.asked(chapter_keys(self.sheet.keys))
        if self.sheet.keys and not self.keys:
            self.sheet.problem = "no exercise in it that is asked about these data"
        self.sources = dict(self.sheet.cells)
        self.broken_cells, self.broken_functions = {}, {}
        self.clock = Clock()

    def marked(self):
        """What came of it, as plain data."""
        said = Transcript()
        if not self.sheet.problem:
            for _ in range(1 + RESTARTS):
                said = self.run()
                if said.complete or self.sheet.problem:
                    break
        name = self.name(said)
        study = self.study(said)
        outcomes = {key: self.verdict(key, said, study) for key in self.keys}
        return {
            "problem": self.sheet.problem,
            "name": name,
            "names": said.names,
            "outcomes": outcomes,
            "remarks": self.remarks(said, outcomes),
            "numbers": _numbers(said, outcomes),
            "right": _right_numbers(study, outcomes),
            "seconds": round(self.clock.seconds, 2),
        }

    def name(self, said):
        """Whose answers they are: a name from outside, or else the last one in the worksheet."""
        names = [name for name in said.names if normal_name(name)]
        return self.student if self.student is not None else (names or [""])[-1]

    def study(self, said):
        """The data on which the answers should be right."""
        return self.data.study(self.name(said))

    def run(self):
        """Run the worksheet once, without what has broken it; return the transcript."""
        said = Transcript()
        room = Room(self.edition, self.limits.memory, self.limits.seconds, self.hidden, self.apart)
        at = ""
        try:
            room.tell(**self.order(room))
            message = {}
            # Loading the package is not the student's time.
            while "ready" not in message:
                message = room.hear(LOADING)
            self.clock.start()
            while "end" not in message:
                message = room.hear(self.patience())
                at = self.listen(message, said, room, at)
            for key in said.answers:
                at = f"function {key}"
                if key not in self.broken_functions and isinstance(EXERCISES[key], Function):
                    said.results[key] = self.ask(key, said, room)
            said.complete = True
        except Ended as ended:
            self.put_down(at, str(ended))
        finally:
            self.clock.stop()
            room.leave(GRACE if said.complete else 0.0)
        said.left = int(room.status.get("left", 0))
        return said

    def order(self, room):
        """What the other process is told: cells, and nothing about right answers."""
        cells = [
            [number, [source, self.sheet.sections[number]]]
            for number, source in self.sheet.cells
            if number not in self.broken_cells
        ]
        return {
            "cells": cells,
            "keys": list(EXERCISES),
            "functions": functions(),
            "limits": room.limits,
            "seconds": self.limits.cell,
            "files": [str(path) for path in sorted((Path(self.edition) / HANDED_OUT).iterdir())],
            "secret": [str(path) for path in self.hidden],
            "network": self.apart,
        }

    def patience(self):
        """How long the next message may take."""
        return min(self.limits.silence, self.limits.waiting - self.clock.seconds)

    def listen(self, message, said, room, at):
        """Take down what a message says; return the cell that is running."""
        match message:
            case {"cell": int(number)} if number in self.sheet.sections:
                return f"cell {number}"
            case {"done": int(number), "error": str(error)}:
                if error and number in self.sheet.sections:
                    said.errors[number] = " ".join(error[:300].split())
            case {"answer": str(key), "value": value, "how": how} if key in EXERCISES:
                if not (value == ["not attempted"] and key in said.answers):
                    said.answers[key] = value
                    (said.by_name.add if how == "name" else said.by_name.discard)(key)
            case {"start": str(name), "table": str(table)}:
                room.tell(attempt=self.attempt(name, table, said))
            case {"note": str(what), "detail": str(detail)} if what in NOTES:
                if len(said.notes) < MOST_NOTES:
                    said.notes.add((what, _harmless(detail)))
        return at

    def attempt(self, name, table, said):
        """Which of its series of studies belongs to a name that the worksheet asks for."""
        try:
            name = checked_name(name)
        except ValueError:
            return 0
        if len(said.names) < NAMES:
            said.names.append(name)
            said.tables.add(table)
            if table:
                return 0
            with self.clock.stopped():
                return study_and_attempt(name)[1]
        return 0

    def ask(self, key, said, room):
        """What a student's function gives for each case."""
        if said.answers[key] != ["function", "function"]:
            return []
        given = []
        with self.clock.stopped():
            cases = self.cases(EXERCISES[key], self.study(said)).cases
        for arguments in cases:
            room.tell(call=key, arguments=encoded_arguments(arguments))
            message = {}
            while "result" not in message:
                message = room.hear(self.patience())
                self.listen({k: v for k, v in message.items() if k != "start"}, said, room, "")
            result = message["result"]
            given.append(result if isinstance(result, dict) else {})
            if "out_of_time" in given[-1]:
                break
        return given

    def cases(self, exercise, study):
        """The calls of an exercise on a study, and on another that nobody knows beforehand."""
        return _known(exercise, study, self.seed)

    def put_down(self, at, why):
        """Remember what ended the process, so that the rest can run without it."""
        kind, _, what = at.partition(" ")
        if kind == "cell":
            self.broken_cells[int(what)] = why
        elif kind == "function":
            self.broken_functions[what] = why
        else:
            self.sheet.problem = f"it could not be started: {why}{what_is_locked()}"
        if self.clock.seconds >= self.limits.waiting:
            self.sheet.problem = self.sheet.problem or "out of time"

    def verdict(self, key, said, study):
        """(outcome, name of the mistake, reason) of an exercise."""
        exercise = EXERCISES[key]
        if why_not(exercise, study):
            return ["not asked", "", ""]
        if key in self.broken_functions:
            return ["error", "", f"the function: {self.broken_functions[key]}"]
        broken = [why for cell, why in self.broken_cells.items() if self.belongs(cell, key)]
        value = said.answers.get(key)
        if value is None and not said.complete and not broken:
            return ["error", "", "not run, because the worksheet was stopped before"]
        if value in (None, ["not attempted"]):
            errors = [error for cell, error in said.errors.items() if self.belongs(cell, key)]
            if broken or (errors and value is None):
                return ["error", "", (broken or errors)[0]]
            return ["not attempted", "", ""]
        try:
            if isinstance(exercise, Function) and value == ["function", "function"]:
                outcome, text, *tag = self.on_function(exercise, said.results.get(key), study)
            else:
                feedback = diagnose(exercise, decoded(value), study)
                outcome, text, tag = feedback.outcome, feedback.text, [feedback.tag]
        except (ValueError, TypeError, RecursionError):
            return ["error", "", "an answer of no known form"]
        if outcome == "right":
            tag = []
        reason = text.partition("\n")[0] if outcome == "error" else ""
        return [outcome, *(tag or [""]), reason]

    def on_function(self, exercise, given, study):
        """The verdict on what a function gave."""
        if not given:
            return "error", "The function could not be called in time."
        if any("out_of_time" in one for one in given):
            return "error", "The function did not end in time."
        if any("not_attempted" in one for one in given):
            return "not attempted", ""
        known = self.cases(exercise, study)
        return verdict_on_function(exercise, [decoded_result(one) for one in given], known, study)

    def belongs(self, cell, key):
        """Whether a cell is where an exercise is answered."""
        checked = CHECK.findall(self.sources[cell])
        return key in checked if checked else self.sheet.sections[cell] == key

    def remarks(self, said, outcomes):
        """What whoever marks should know, each in a few words."""
        words = [WORDS[what].format(detail) for what, detail in sorted(said.notes)]
        if said.left:
            words.append("left a process running")
        reasons = {reason for _, _, reason in outcomes.values()}
        for cell, why in self.broken_cells.items():
            if why not in reasons:
                words.append(f"cell {cell + 1} was left out ({why})")
        if said.tables - {self.data.digest}:
            words.append("start() has other data than the class")
        if self.sheet.keys:
            there = {key for number, source in self.sheet.cells for key in CHECK.findall(source)}
            there |= set(self.sheet.sections.values())
            for key in outcomes:
                if key not in there:
                    words.append(f"the cell of {key} is missing")
                elif key in said.by_name:
                    words.append(f"no check of {key}, its answer was read nevertheless")
        false = [key for key in outcomes if key in self.sheet.stored_right]
        false = [key for key in false if outcomes[key][0] != "right"]
        if false:
            words.append(f"the file shows “Right” for {', '.join(false)}, where it is not")
        return words


WORDS = {
    "class": "answered with an object of the worksheet's own class ({})",
    "printed": "printed what looks like a verdict",
    "network": "tried to reach the network",
    "solutions": "tried to read solutions ({})",
    "solution": "asked for the solution of {}",
    "opened": "tried to open {}",
    "wrote": "wrote a file {}",
    "replaced": "replaced {}",
}


def _harmless(text):
    """A text from the student's process, without what a terminal or a spreadsheet would obey."""
    return re.sub(r"[^\w .,:+\-]", "", text)[:60]


def _numbers(said, outcomes):
    """Numbers that were given and are not right, to be compared with what others had to find."""
    given = {}
    for key, (outcome, *_) in outcomes.items():
        if isinstance(EXERCISES[key], Numeric) and outcome == "wrong":
            number, problem = read_number(decoded(said.answers[key]))
            if not problem and np.isfinite(number):
                given[key] = number
    return given


def _right_numbers(study, outcomes):
    """The right answer of each number, and how near to it one has to be."""
    numeric = [key for key in outcomes if isinstance(EXERCISES[key], Numeric)]
    wanted = {
        key: asked(EXERCISES[key], study) for key in numeric if outcomes[key][0] != "not asked"
    }
    return {key: [targets(e, study)[0].value, e.atol] for key, e in wanted.items()}


@lru_cache(maxsize=64)
def _known(exercise, study, seed):
    """The calls on a study and on a fresh one, and what right and wrong functions give there."""
    usual = known_results(exercise, study)
    fresh = known_results(exercise, _fresh_study(seed))
    factor = 0.7 + 0.6 * int(seed[:8], 16) / 16**8
    cases, kept = [], []
    for position, case in enumerate(fresh.cases):
        if any(_alike(case, other) for other in usual.cases):
            changed = _changed(case, factor)
            result = Result.of(run(exercise.reference, changed, seconds=60))
            if _alike(case, changed) or not _is_finite(result):
                continue
            wrong = [Result.of(run(w.gives, changed, seconds=60)) for w in exercise.wrong]
            kept.append((changed, result, wrong))
        else:
            kept.append((case, fresh.right[position], [w[position] for w in fresh.wrong]))
    cases = tuple(case for case, _, _ in kept)
    right = tuple(result for _, result, _ in kept)
    wrong = tuple(
        (*before, *(results[k] for _, _, results in kept)) for k, before in enumerate(usual.wrong)
    )
    return Known((*usual.cases, *cases), (*usual.right, *right), wrong)


def _fresh_study(seed):
    """A study that belongs to a file, which its author cannot know while writing it."""
    for attempt in range(100):
        study = drawn_study(f"judge {seed}", attempt)
        fits = (study.ml, study.reml, study.cut.ml, study.cut.reml)
        if all(fit.sigma2_b > 0 for fit in fits):
            return study
    raise ValueError("No study could be drawn.")


def _alike(one, other):
    return len(one) == len(other) and all(
        np.shape(a) == np.shape(b) and np.array_equal(a, b) for a, b in zip(one, other, strict=True)
    )


def _changed(case, factor):
    """A case with other variances and the like: numbers with a fraction, and small arrays."""
    return tuple(
        part * factor
        if isinstance(part, float)
        or (isinstance(part, np.ndarray) and part.dtype.kind == "f" and _is_free(part))
        else part
        for part in case
    )


def _is_free(array):
    """Whether an array holds measured values, and is no design of zeros and ones."""
    return not set(np.unique(array)) <= {0.0, 1.0}


def _is_finite(result):
    return result.raised is None and not result.unreadable and not difference(result, result, 1e-6)
