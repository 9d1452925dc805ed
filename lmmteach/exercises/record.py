"""What a student has done so far, kept in a small file beside the worksheet."""

import contextlib
import html
import json
import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import uuid4

from lmmteach.exercises.feedback import boxed, inline_html
from lmmteach.exercises.showing import Shown
from lmmteach.exercises.studies import normal_name

FILE_NAME = ".lmmteach-progress.json"
VERSION = 1
TRIES = 3
TRIED, DONE = "tried", "done"
LATER = {TRIED: 0, DONE: 1}


class Record:
    """Which exercises each student has tried and done.

    The file is written anew as a whole and then put in the place of the old one, so that a crash
    leaves one or the other. It is read before each writing: two worksheets may be open at a time.
    Where it cannot be written, the record lives as long as the notebook's kernel, and says so.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.students = {}
        self._set_aside_as = ()
        self._not_stored = ""

    @property
    def remarks(self):
        """What the student should know about the file."""
        return (*self._set_aside_as, *filter(None, [self._not_stored]))

    def add(self, student, key, right):
        """Take down that an exercise was tried; return a remark, if there is a new one."""
        known = self.remarks
        self._merge({student: {key: DONE if right else TRIED}})
        # Another worksheet may write at the same moment: look again, and write what is missing.
        for _ in range(TRIES):
            if not self._read() or self._stored() == self.students:
                break
            self._write()
        return " ".join(remark for remark in self.remarks if remark not in known)

    def states(self, student):
        """``{key: "tried" or "done"}`` of one student."""
        self._read()
        return dict(self.students.get(student, {}))

    def _stored(self):
        """The students in the file, if it can be read."""
        try:
            return _checked(json.loads(self.path.read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, RecursionError):
            return None

    def _merge(self, students):
        for student, states in students.items():
            # A file may have two spellings of a name, from a time when they were two students.
            mine = self.students.setdefault(normal_name(student), {})
            for key, state in states.items():
                mine[key] = max(mine.get(key, TRIED), state, key=LATER.get)

    def _read(self):
        """Add what the file holds; False where it could not be read and must be left alone."""
        try:
            # An editor may have put a mark of the byte order at the beginning.
            content = json.loads(self.path.read_text(encoding="utf-8-sig"))
            self._merge(_checked(content))
        except FileNotFoundError:
            return True
        except OSError as error:
            self._say_memory_only(error)
            return False
        except (ValueError, RecursionError):
            return self._set_aside()
        return True

    def _set_aside(self):
        """Keep a file that makes no sense under another name."""
        names = (f"{self.path.name}.bak{number or ''}" for number in count())
        try:
            aside = next(name for name in names if not self.path.with_name(name).exists())
            os.replace(self.path, self.path.with_name(aside))
        except OSError as error:
            self._say_memory_only(error)
            return False
        self._set_aside_as += (
            f"The file `{self.path.name}` could not be understood, so your progress starts afresh. "
            f"The old file has been kept as `{aside}`.",
        )
        return True

    def _write(self):
        content = {"version": VERSION, "students": self.students}
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
        temporary = self.path.with_name(f"{self.path.name}.{uuid4().hex}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        # A ValueError: a name with half of a character, from a file that somebody has changed.
        except (OSError, ValueError) as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            self._say_memory_only(error)
        else:
            self._not_stored = ""

    def _say_memory_only(self, error):
        self._not_stored = (
            "Your progress could not be saved in this folder "
            f"({getattr(error, 'strerror', None) or type(error).__name__}). "
            "Everything else works, but the list of what you have done will end with this session."
        )


def _checked(content):
    """The students in a file's content, if it is what ``Record`` writes."""
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError("not a record of this version")
    students = content.get("students")
    if not isinstance(students, dict):
        raise ValueError("no students")
    for states in students.values():
        if not isinstance(states, dict) or not LATER.keys() >= set(map(str, states.values())):
            raise ValueError("not the states of exercises")
    return students


@dataclass(frozen=True, repr=False)
class Progress(Shown):
    """What is done, tried and open, chapter by chapter.

    Parameters
    ----------
    who : the student, or whose data it is
    chapters : list of (name of the chapter, ``{key: "done", "tried" or "open"}``)
    remarks : what was said about the file
    """

    who: str
    chapters: list
    remarks: tuple = ()

    def keys(self, state, states=None):
        """The exercises in one state, of one chapter or of all."""
        every = [states] if states is not None else [states for _, states in self.chapters]
        return [key for states in every for key, is_now in states.items() if is_now == state]

    @property
    def heading(self):
        """All in one line."""
        total = sum(len(states) for _, states in self.chapters)
        return (
            f"{self.who}: {len(self.keys(DONE))} of {total} exercises done, "
            f"{len(self.keys(TRIED))} tried, {len(self.keys('open'))} open"
        )

    def __repr__(self):
        lines = [self.heading]
        for name, states in self.chapters:
            parts = [
                f"{state} {', '.join(keys)}"
                for state in (DONE, TRIED, "open")
                if (keys := self.keys(state, states))
            ]
            lines.append(f"  {name}: {'; '.join(parts)}")
        return "\n".join([*lines, *(f"({remark})" for remark in self.remarks)])

    def _repr_html_(self):
        rows = "".join(
            f'<tr><th scope="row" style="text-align: left">{html.escape(name)}</th>'
            + "".join(
                f'<td style="text-align: left">{html.escape(", ".join(self.keys(state, states)))}'
                "</td>"
                for state in (DONE, TRIED, "open")
            )
            + "</tr>"
            for name, states in self.chapters
        )
        head = "".join(
            f'<th scope="col" style="text-align: left">{word}</th>'
            for word in ("Chapter", "✓ done", "✗ tried", "… open")
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        remarks = "".join(f"<p><small>{inline_html(remark)}</small></p>" for remark in self.remarks)
        return boxed(self.heading, table + remarks)
