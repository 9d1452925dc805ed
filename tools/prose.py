"""How the book reads, in figures: the length of its sentences, and how long a page takes.

    python tools/prose.py           the figures of each chapter and of its exercises
    python tools/prose.py --write   puts the minutes into the cards of the chapters

The figures are a smoke alarm. Prose that passes may still be dull; prose that does not is read
again before anything else.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.kinds import Choice

ROOT = Path(__file__).resolve().parent.parent

SECOND = "Second reading: "
# Minutes: for a numbered equation, for a display on the way to one, and for an exercise.
WORDS_A_MINUTE, EQUATION, DISPLAY, EXERCISE = 150, 3, 1, 5
SHORT = 6

# Words that give away a translation, or put a person's verb to a formula.
PHRASES = (
    r"tells? (?:a|the|us the|you the) (?:mean|variance|level)",
    r"says? (?:much|little)",
    r"(?:it|this|that|they) shall be",
    r"only for it",
    r"belongs? into",
    r"under the carpet",
    r"helps? on",
    r"another one",
    r"small p(?:-value)? says",
    r"follows? below",
    r"one (?:finds|sees|gets|takes|plugs)",
    r"whether by chance",
    r"(?:stands?|stood) (?:in|on|at|below|above|beside|left|right|there|here)",
    r"so (?:much|many)",
    r"(?:formulas?|equations?|numbers?|means?) (?:tells?|speaks?|says?)",
)

_DISPLAY = re.compile(r"\$\$.+?\$\$[ \t]*(\(eq-[\w-]+\))?", re.DOTALL)
_FENCE = re.compile(r"^(`{3,}|:{3,})(?:\{(\w+)\}[^\n]*)?[^\n]*$", re.MULTILINE)
_CODE = re.compile(r"^(`{3,})(?!\{(?:margin|admonition)\})[^\n]+\n.*?^\1[ \t]*$", re.M | re.DOTALL)
_CARD = re.compile(r"^:::\{admonition\} Before you start\n.*?^:::[ \t]*$", re.M | re.DOTALL)
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.|\(\w\)|:) +")
_END = re.compile(r"[.!?:][\"”’)*_]*$")
# No sentence ends after an abbreviation or an initial.
_BREAK = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!cf\.)(?<!\b[A-Z]\.)[\"”’)*_]*\s+(?=[\"“‘(*_]*[A-Z0-9])"
)


@dataclass(frozen=True)
class Figures:
    """What the smoke alarm looks at: mean length, share of short ones, and what must not be."""

    sentences: int
    mean: float
    short: float
    in_parentheses: tuple
    phrases: tuple


def blocks(text):
    """The paragraphs and list items of a Markdown text, without what is not prose."""
    text = _CARD.sub("", _CODE.sub("", _DISPLAY.sub("\n\n", text)))
    text = re.sub(r"^(?:#+ .*|\|.*|% .*|:\w+:.*|\(\w[\w-]*\)=)$", "", text, flags=re.MULTILINE)
    text = _FENCE.sub("\n", text)
    text = re.sub(r"\{(?:doc|eq|ref|py:\w+|cite:\w)\}`[^`]+`", "Reference", text)
    text = re.sub(r"`[^`\n]+`", "Code", text)
    text = re.sub(r"\$[^$]+\$", "Symbol", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    text = re.sub(r"<[^>]+>", "", text)
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        pieces = [""]
        for line in paragraph.splitlines():
            if _ITEM.match(line):
                pieces.append(_ITEM.sub("", line, count=1))
            else:
                pieces[-1] += f" {line.strip()}"
        found += [piece.strip() for piece in pieces if piece.strip()]
    return found


def words(text):
    """The words of a text; a formula or a piece of code that stands in it is one word."""
    return re.findall(r"[^\W_]+(?:[-'’.,][^\W_]+)*", text)


def sentences(text):
    """The sentences of a Markdown text; what has no end, as a label has none, is not one."""
    ended = (block for block in blocks(text) if _END.search(block))
    return [sentence for block in ended for sentence in _BREAK.split(block) if words(sentence)]


def figures(texts):
    """The figures of several Markdown texts together."""
    found = [sentence for text in texts for sentence in sentences(text)]
    lengths = [len(words(sentence)) for sentence in found]
    prose = [block for text in texts for block in blocks(text)]
    return Figures(
        len(found),
        sum(lengths) / len(found),
        sum(length <= SHORT for length in lengths) / len(found),
        tuple(block for block in prose if block.startswith("(")),
        tuple(
            match[0]
            for block in prose
            for match in re.finditer(rf"\b(?:{'|'.join(PHRASES)})\b", block, re.IGNORECASE)
        ),
    )


def cells(page):
    """The texts of a chapter's notebook, one for each cell of Markdown."""
    notebook = json.loads((ROOT / "chapters" / f"{page}.ipynb").read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"]


def exercise_texts(chapter):
    """All that a student can be shown by the exercises of a chapter."""
    found = []
    for exercise in BY_CHAPTER.get(chapter, ()):
        found += [exercise.prompt, *exercise.hints, exercise.solution, exercise.right]
        if isinstance(exercise, Choice):
            found += [text for o in exercise.options for text in (o.text, o.feedback)]
        else:
            found += [wrong.feedback for wrong in exercise.wrong]
    return [text for text in found if text]


def readings(text):
    """The first and the second reading of a page: two texts.

    A section whose heading begins with ``SECOND`` is one for the second reading, up to the next
    heading of its level or above.
    """
    parts, depth = ([], []), 0
    for piece in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        heading = re.match(r"(#+) (.*)", piece)
        level = len(heading[1]) if heading else 0
        if heading and (not depth or level <= depth):
            depth = level if heading[2].startswith(SECOND) else 0
        parts[bool(depth)].append(piece)
    return "".join(parts[0]), "".join(parts[1])


def minutes(text, exercises=0):
    """How long a text takes, equations and exercises included."""
    labels = [match[1] for match in _DISPLAY.finditer(text)]
    numbered = sum(label is not None for label in labels)
    prose = sum(len(words(block)) for block in blocks(text))
    return rule(prose, numbered, len(labels) - numbered, exercises)


def rule(words, equations, displays, exercises):
    """Minutes for so many of each."""
    return words / WORDS_A_MINUTE + EQUATION * equations + DISPLAY * displays + EXERCISE * exercises


def up_to_five(time):
    """Minutes as a reader plans them: the next multiple of five."""
    return 5 * -(-time // 5)


@dataclass(frozen=True)
class Time:
    """The minutes of a chapter: to read it, and for its exercises, each in two rounds."""

    reading: float
    exercises: tuple
    second_reading: float
    second_exercises: tuple

    @property
    def first(self):
        """Minutes of the first round."""
        return up_to_five(self.reading + EXERCISE * len(self.exercises))

    @property
    def second(self):
        """Minutes of the second round."""
        return up_to_five(self.second_reading + EXERCISE * len(self.second_exercises))

    def __str__(self):
        own = up_to_five(EXERCISE * len(self.exercises))
        said = f"**Time** {self.first:.0f} minutes"
        if own:
            said += f", of which {own:.0f} are for exercises {listed(self.exercises)}"
        if self.second:
            said += f"; {self.second:.0f} more for a second reading and the other exercises"
        return f"{said}."


def listed(keys):
    """Several as a person names them: 1a, 1b and 1d."""
    *most, last = keys
    return f"{', '.join(most)} and {last}" if most else last


def time(chapter):
    """The minutes of a chapter."""
    first, second = readings("\n\n".join(cells(chapter.page)))
    rounds = ([], [])
    for exercise in BY_CHAPTER.get(chapter, ()):
        rounds[exercise.second_round].append(exercise.key)
    return Time(minutes(first), tuple(rounds[0]), minutes(second), tuple(rounds[1]))


def write(chapter):
    """Put the minutes into the card of a chapter."""
    path = ROOT / "chapters" / f"{chapter.page}.ipynb"
    text = path.read_text(encoding="utf-8")
    line = json.dumps(f"{time(chapter)}\n", ensure_ascii=False)
    path.write_text(re.sub(r'"\*\*Time\*\* [^"]*\\n"', lambda _: line, text), encoding="utf-8")


def main(arguments):
    """Print the figures of all chapters, or write the minutes."""
    for chapter in CHAPTERS:
        if "--write" in arguments:
            write(chapter)
        print(f"{chapter.page}: {time(chapter)}")
        for name, texts in (("text", cells(chapter.page)), ("exercises", exercise_texts(chapter))):
            found = figures(texts)
            print(
                f"  {name}: {found.sentences} sentences, {found.mean:.1f} words on average, "
                f"{found.short:.1%} with {SHORT} or fewer"
            )
            for fault in found.in_parentheses + found.phrases:
                print(f"    {fault[:90]}")


if __name__ == "__main__":
    main(sys.argv[1:])
