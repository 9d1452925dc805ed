"""Mark submitted worksheets, and write a table with a row for each student.

FOLDER holds the worksheets (`.ipynb`), in any folders, as Moodle, Canvas, nbgrader or a student
packs them. Whose a worksheet is follows from the names of its folders and of the file, which are
looked up in the roster, and only then from the name in its `start(student="…")`. It is marked on
the data of that student, whatever data it says it has used.

Each worksheet runs in a fresh process in an empty folder, with a limit of time and memory and,
where the system allows (Linux, as a rule), without a network and without sight of any other file.
The answers are compared in a process in which no student's code runs, and no solutions are there
where it runs. A run that was stopped goes on where it was: what is done is kept beside the table,
in `….progress`, and a worksheet is marked anew only if it, the student, the limits or the exercises
have changed. The table has no times in it, so that the same input gives the same file; they are
in `….runs.csv`.

In the table, a cell is `right`, the name of a mistake, `wrong`, `error` or `not attempted`, and
`not asked` where a student's data do not allow the question.
"""

import hashlib
import json
import multiprocessing
import os
import queue
import re
import signal
import sys
import tempfile
import threading
import unicodedata
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tqdm.auto import tqdm

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.cells import matches
from lmmteach.exercises.record import FILE_NAME
from lmmteach.exercises.studies import normal_name
from lmmteach.teaching import class_data
from lmmteach.teaching.edition import version, write_edition
from lmmteach.teaching.judge import LARGEST, Limits, Marking, chapter_keys, read_worksheet
from lmmteach.teaching.room import why_not_apart
from lmmteach.teaching.roster import Student, keys_of, read_roster, write_table

SKIPPED = (".ipynb_checkpoints", "__MACOSX")
NAMED = re.compile(
    r"\bstart\(\s*(?:(?:.{0,300}?[\s,])??student\s*=\s*)?([\"'])(.{1,100}?)\1\s*[,)]", re.DOTALL
)
PROTECTED = (
    "Each worksheet ran without a network, saw no file but its own, and was ended with all that it "
    "had started."
)
UNPROTECTED = (
    "On this system worksheets run with your own rights ({}). Time and memory are limited, and "
    "Python's own ways to the network and to the other submissions are shut, but a student who "
    "knows how could get round that. Use Linux, or an account that can read nothing else, where "
    "that matters."
)


def arguments(parser):
    """The options of ``lmmteach mark``."""
    parser.add_argument("folder", metavar="FOLDER", help="where the submitted worksheets are")
    parser.add_argument("--out", required=True, metavar="marks.csv", help="the table to write")
    parser.add_argument("--roster", metavar="students.csv", help="who is in the class")
    parser.add_argument(
        "--chapters", type=int, nargs="+", metavar="N", help="only the exercises of these chapters"
    )
    class_data.arguments(parser)
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many worksheets run at the same time (default: one for each core)",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds of computing for each worksheet (default 60), a sixth of it for a cell",
    )
    parser.add_argument(
        "--memory",
        type=int,
        default=2048,
        metavar="MB",
        help="memory for each worksheet (default 2048)",
    )
    parser.add_argument("--afresh", action="store_true", help="mark all of them anew")


@dataclass(frozen=True)
class Job:
    """A worksheet to mark: the file, and whose it is (None where only the worksheet knows)."""

    path: str
    student: str | None


@dataclass
class Row:
    """What is known of a student."""

    student: Student
    outcomes: dict = field(default_factory=dict)
    files: dict = field(default_factory=lambda: defaultdict(list))
    problems: list = field(default_factory=list)
    remarks: list = field(default_factory=list)


def run(options):
    """Mark a folder and write the table."""
    folder, out = Path(options.folder), Path(options.out)
    _check(options, folder, out)
    students = read_roster(options.roster) if options.roster else []
    data = class_data.class_data(options)
    limits = Limits(options.timeout, options.memory * 2**20)
    jobs, others = jobs_of(folder, students)
    with tempfile.TemporaryDirectory(prefix="lmmteach-edition-") as edition:
        write_edition(edition, [data.file] if data.file else [])
        why_not = why_not_apart(edition)
        hidden = [str(Path(path).resolve()) for path in (folder, out, options.roster) if path]
        given = {"edition": edition, "limits": limits, "data": data}
        given |= {"hidden": tuple(hidden), "apart": not why_not}
        results = mark_all(folder, jobs, given, options.jobs, Store(out, options.afresh))
    rows = table_of(jobs, results, others, students, data)
    _write(out, rows, jobs, results, options.chapters, data)
    _say(rows, jobs, results, out, why_not)


def _check(options, folder, out):
    """Raise if the command makes no sense."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder.")
    if not out.absolute().parent.is_dir():
        raise ValueError(f"The folder {out.absolute().parent}, for {out.name}, is not there.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ValueError(
            f"{out} lies in the folder of the submissions, where students could have handed in a "
            "file of this name. Write the table to a place outside of it."
        )
    if options.timeout < 1 or options.memory < 256 or options.jobs < 1:
        raise ValueError("Allow at least 1 second, 256 MB and one job.")


def jobs_of(folder, students):
    """The worksheets in a folder, with whose they are, and what else was handed in."""
    jobs, others = [], []
    for path in sorted(folder.rglob("*"), key=lambda path: _natural(path.relative_to(folder))):
        inside = path.relative_to(folder)
        is_folder = path.is_dir() and not path.is_symlink()
        is_hidden = inside.name.startswith(".") and inside.name != FILE_NAME
        if is_folder or is_hidden or set(SKIPPED) & set(inside.parts):
            continue
        owner = owner_by_path(inside, students)
        # A link may lead anywhere, and a pipe never ends.
        is_file = path.is_file() and not path.is_symlink()
        if not is_file or path.suffix.lower() != ".ipynb":
            others.append((str(inside), owner))
            continue
        if owner is None:
            owner = _owner_by_content(path, students)
        jobs.append(Job(str(inside), owner and owner.name))
    return jobs, others


def _natural(path):
    return [
        [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", str(part))]
        for part in [unicodedata.normalize("NFC", str(path)).casefold()]
    ]


def owner_by_path(path, students):
    """The student whose name or id is in the names of the folders or of the file, if it is one.

    What stands first was put there by whoever collects the files, and what comes later may have
    been typed by a student: a file with another's name in one's own folder is one's own.
    """
    for part in path.parts:
        found = [(place, s) for s in students if (place := _fits(part, s))]
        # A longer name contains the shorter one of somebody else.
        first = [s for place, s in found if place == min(place for place, _ in found)]
        if len(first) == 1:
            return first[0]
    return None


def _fits(part, student):
    """Where in a file's name the student's name or id begins, and minus its length; None if not."""
    words = _words(part)
    text = f" {' '.join(words)} "
    mine = _words(student.name)
    forms = [" ".join(mine), " ".join([*mine[-1:], *mine[:-1]]), "".join(mine)]
    forms.append("".join([*mine[-1:], *mine[:-1]]))
    if student.id:
        forms.append(" ".join(_words(student.id)))
    found = [(text.find(f" {form} "), -len(form)) for form in forms if form]
    return min((place for place in found if place[0] >= 0), default=None)


def _words(text):
    """The words of a name, with whatever stands between them in the name of a file."""
    return re.sub(r"[\W_]+", " ", normal_name(str(text).replace("_", " "))).split()


def _owner_by_content(path, students):
    """The student whose name is in the worksheet's start()."""
    by_name = {normal_name(student.name): student for student in students}
    cells = read_worksheet(_data_of(path)).cells
    names = [name for _, source in cells for _, name in NAMED.findall(source)]
    found = [by_name[form] for form in map(normal_name, names) if form in by_name]
    return found[-1] if found else None


def _data_of(path):
    """The bytes of a file, up to what is too much; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return b""


class Store:
    """What is done already, kept beside the table: a line of JSON for each worksheet."""

    def __init__(self, out, afresh=False):
        self.path = Path(f"{out}.progress")
        self.done = {}
        if afresh:
            self.path.unlink(missing_ok=True)
        if self.path.exists():
            for line in self.path.read_bytes().splitlines():
                # The last line may have been cut off.
                try:
                    entry = json.loads(line)
                    self.done[entry["key"]] = entry["result"]
                except (ValueError, KeyError, TypeError):
                    continue

    def add(self, key, result):
        """Keep a result, at once."""
        self.done[key] = result
        with self.path.open("ab") as file:
            file.write(
                b"\n" * self._is_torn() + json.dumps({"key": key, "result": result}).encode()
            )
            file.write(b"\n")

    def _is_torn(self):
        data = self.path.read_bytes()[-1:] if self.path.exists() else b""
        return data not in (b"", b"\n")


def key_of(data, job, given):
    """What a mark depends on: the file, the student, the limits and the exercises."""
    parts = [version(), hashlib.sha256(data).hexdigest(), job.student, asdict(given["limits"])]
    parts += [given["data"].digest, repr(given["data"].topic), given["data"].shared, given["apart"]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def mark_all(folder, jobs, given, processes, store):
    """``{path: result}`` of all worksheets, those of a student one after the other."""
    keys, results, groups = {}, {}, defaultdict(list)
    for job in jobs:
        data = _data_of(folder / job.path)
        keys[job] = key_of(data, job, given)
        if keys[job] in store.done:
            results[job.path] = store.done[keys[job]]
        else:
            groups[job.student or job.path].append((job, data))
    waiting = queue.SimpleQueue()
    for group in groups.values():
        waiting.put(group)
    done = queue.SimpleQueue()
    stop = threading.Event()
    threads = [
        threading.Thread(target=_work, args=(waiting, done, given, stop), daemon=True)
        for _ in range(min(processes, len(groups)))
    ]
    for thread in threads:
        thread.start()
    todo = sum(map(len, groups.values()))
    bar = tqdm(total=len(jobs), initial=len(jobs) - todo, unit="worksheet", disable=not jobs)
    try:
        for _ in range(todo):
            job, result = done.get()
            store.add(keys[job], result)
            results[job.path] = result
            bar.update()
    finally:
        stop.set()
        bar.close()
    return results


def _work(waiting, done, given, stop):
    worker = None
    while not stop.is_set():
        try:
            group = waiting.get_nowait()
        except queue.Empty:
            break
        for job, data in group:
            try:
                worker = worker or Worker(given)
                done.put((job, worker.mark(job, data)))
            # Whatever a worksheet has done to its judge, the others are marked.
            except Exception as error:
                if worker:
                    worker.end()
                worker = None
                done.put((job, _unmarked(f"the judge stopped ({type(error).__name__})")))
    if worker:
        worker.end()


def _unmarked(problem):
    return {"problem": problem, "name": "", "names": [], "outcomes": {}, "remarks": []} | {
        "numbers": {},
        "right": {},
        "seconds": 0.0,
    }


class Worker:
    """A process that judges one worksheet after the other, and may die of one."""

    def __init__(self, given):
        # A fork would have the threads' locks in whatever state they are.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, given), daemon=True)
        self._process.start()
        theirs.close()
        self._longest = 10 * given["limits"].waiting + 3600

    def mark(self, job, data):
        """Mark a worksheet; raise EOFError if the process dies of it."""
        self._pipe.send((job, data))
        if not self._pipe.poll(self._longest):
            raise TimeoutError
        return self._pipe.recv()

    def end(self):
        """End the process."""
        self._pipe.close()
        self._process.join(5)
        self._process.kill()


def _serve(pipe, given):
    # The stop button is for the process that has started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            job, data = pipe.recv()
        except EOFError:
            return
        try:
            result = Marking(data, job.student, **given).marked()
        except Exception as error:
            result = _unmarked(f"the judge stopped ({type(error).__name__}: {error})"[:200])
        pipe.send(result)


def table_of(jobs, results, others, students, data):
    """A Row for each student, in the order of the roster, then those who are not in it."""
    rows = {normal_name(student.name): Row(student) for student in students}
    listed = set(rows)
    for job in jobs:
        result = results[job.path]
        name = job.student or result["name"]
        row = rows.setdefault(normal_name(name) or job.path, Row(Student(name or job.path)))
        if students and normal_name(name) not in listed:
            row.remarks.append(f"not in the roster: {job.path}")
        _add(row, job, result, data)
    beside = defaultdict(set)
    for job in jobs:
        beside[Path(job.path).parent].add(job.student or results[job.path]["name"] or job.path)
    for path, owner in others:
        # Whose folder it is in, where that is one student's.
        neighbours = beside[Path(path).parent]
        name = owner.name if owner else min(neighbours) if len(neighbours) == 1 else path
        row = rows.setdefault(normal_name(name), Row(Student(name)))
        if Path(path).name == FILE_NAME:
            row.remarks.append("a file of progress was handed in too, which counts for nothing")
        else:
            row.problems.append(f"{path}: not a notebook")
    _compare(rows, jobs, results, data)
    ordered = list(rows.values())
    start = len(listed)
    return ordered[:start] + sorted(ordered[start:], key=lambda row: normal_name(row.student.name))


def _add(row, job, result, data):
    """Put what came of a worksheet into the row of its student."""
    if result["problem"]:
        row.problems.append(f"{job.path}: {result['problem']}")
    for key, (outcome, tag, reason) in result["outcomes"].items():
        row.outcomes[key] = tag if outcome == "wrong" and tag else outcome
        if reason:
            row.problems.append(f"{key}: {reason}")
    chapters = sorted({EXERCISES[key].chapter for key in result["outcomes"]})
    for chapter in chapters:
        row.files[chapter].append(job.path)
    row.remarks += result["remarks"]
    mine, named = normal_name(row.student.name), {}
    for name in result["names"]:
        named.setdefault(normal_name(name), name)
    if not result["outcomes"]:
        return
    if not data.shared and not any(named):
        row.remarks.append(f"no name in start(), so {data.without_name}")
    for form, name in named.items():
        if form and (data.shared or form != mine):
            row.remarks.append(f"start() has the name {name}")


def _compare(rows, jobs, results, data):
    """Remark on files handed in twice, and on answers that are right on another's data."""
    for row in rows.values():
        for chapter, files in row.files.items():
            if len(files) > 1:
                row.remarks.append(f"chapter {chapter} twice ({', '.join(files)}): the last counts")
    if data.shared:
        return
    who = {job.path: job.student or results[job.path]["name"] for job in jobs}
    right = defaultdict(dict)
    # In the order of the files, whichever was marked first.
    for path, result in ((job.path, results[job.path]) for job in jobs):
        for key, (value, atol) in result["right"].items():
            if normal_name(who[path]):
                right[key][normal_name(who[path])] = (who[path], value, atol)
    for path, result in ((job.path, results[job.path]) for job in jobs):
        mine = normal_name(who[path])
        named, found = set(map(normal_name, result["names"])), defaultdict(list)
        for key, number in result["numbers"].items():
            for form, (name, value, atol) in right[key].items():
                if form != mine and matches(number, value, atol):
                    found[name].append(key)
        for name, keys in found.items():
            # One number may be right on another's data by chance.
            if len(keys) > 1 or normal_name(name) in named:
                rows[mine or path].remarks.append(f"{', '.join(keys)}: right on the data of {name}")


def _write(out, rows, jobs, results, chapters, data):
    found = {key for row in rows for key in row.outcomes}
    keys = data.asked(keys_of(chapters) if chapters else chapter_keys(found))
    header = ["student", "id", "right", *keys, "could not be run", "remarks"]
    lines = []
    for row in rows:
        cells = [row.outcomes.get(key, "not attempted") for key in keys]
        if not row.files and not row.problems:
            row.problems.append("nothing was handed in")
        lines.append(
            [row.student.name, row.student.id, cells.count("right"), *cells]
            + ["; ".join(dict.fromkeys(texts)) for texts in (row.problems, row.remarks)]
        )
    write_table(out, header, lines)
    runs = [[job.path, job.student or results[job.path]["name"]] for job in jobs]
    seconds = [results[job.path]["seconds"] for job in jobs]
    runs = [[*run, f"{time:.2f}"] for run, time in zip(runs, seconds, strict=True)]
    write_table(out.with_name(f"{out.stem}.runs.csv"), ["file", "student", "seconds"], runs)


def _say(rows, jobs, results, out, why_not):
    unrun = sum(bool(results[job.path]["problem"]) for job in jobs)
    remarks = sum(bool(row.remarks) for row in rows)
    print(
        f"{len(jobs)} worksheets of {len(rows)} students; {unrun} could not be run as a whole, and "
        f"there are remarks on {remarks} students. The table is {out}.",
        file=sys.stderr,
    )
    print(UNPROTECTED.format(why_not) if why_not else PROTECTED, file=sys.stderr)
