"""Each chapter as slides for a lecture of 50 minutes, cut out of the built book.

``python tools/deck.py`` reads the chapters of the built book and writes a deck of
reveal.js for each. There is no second text: formulas with their numbers, figures, numbers,
explorers and sentences are those of the page.

What is shown follows from the kind of a thing. A slide has one figure, formula, number, list or
explorer, with the first sentence that reads it; the prose around it goes into the speaker's notes,
and so do figures' captions. A box "Predict first" is a slide of its own, and its answer comes with
the next. Sections for a second reading stay out, and so does what ``LEFT_OUT`` names. What the
solutions' edition has more is the right answers of the votes.
"""

import os
import re
import shutil
import textwrap
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import ascii_uppercase

import mathjax
import sphinx_revealjs
from bs4 import BeautifulSoup, NavigableString

from lmmteach.chapters import CHAPTERS
from lmmteach.exercises.bank import BY_CHAPTER
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.kinds import Choice

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REVEAL = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
MATHJAX = Path(mathjax.__file__).parent / "static" / "mathjax" / "es5" / "tex-svg-full.js"
ASSETS = {
    "reveal.css": REVEAL / "dist" / "reveal.css",
    "reveal.js": REVEAL / "dist" / "reveal.js",
    "notes.js": REVEAL / "plugin" / "notes" / "notes.js",
    "mathjax.js": MATHJAX,
    "deck.css": HERE / "decks" / "deck.css",
    "deck.js": HERE / "decks" / "deck.js",
    "lmmbook.css": HERE / "static" / "lmmbook.css",
    "live-python.js": HERE / "static" / "live-python.js",
    "live-explorer.js": HERE / "static" / "live-explorer.js",
    "explorer.js": HERE / "static" / "explorer.js",
    "picture.css": ROOT / "lmmteach" / "widgets" / "picture.css",
    "picture.js": ROOT / "lmmteach" / "widgets" / "picture.js",
}
SHARED = "assets"
# What the explorers need comes first; MathJax begins when the deck's own script has told it how.
SCRIPTS = (
    "reveal.js",
    "notes.js",
    "picture.js",
    "live-python.js",
    "live-explorer.js",
    "explorer.js",
    "deck.js",
    "mathjax.js",
)

# Sections of the page that a lecture has no time for: what they hold is for reading.
ALWAYS_OUT = ("Second reading", "Exercises", "The same in other software", "Further reading")
LEFT_OUT = {"13-own-data": ("A look before the fit", "The same for your data")}
SHOWN = (
    "question",
    "answer",
    "formula",
    "figure",
    "number",
    "table",
    "list",
    "explorer",
    "written",
)
CLOSING = "What you saw"
# How much of a slide the letters of a printout may take, in its pixels.
WIDEST, HIGHEST, LARGEST, MOST_LETTERS = 1100, 480, 32, 86
# A figure has its words beside it if that makes it larger by a tenth: the pixels of a slide, those
# of a line of its heading and of its words, and their letters, in the widest of the fonts that a
# machine may have; the width of a figure beside words.
ACROSS, DOWN, HEADING_LINE, LINE, GAP, LARGER = 1160, 618, 46, 43, 26, 1.1
IN_HEADING, IN_LINE, BESIDE = 46, 70, 710
LONGEST_LEAD, SHORTEST_READING, LONGEST_READING = 170, 55, 210
# Lines of a printout on the slide of a formula; from how many on one stands beside its text; and
# from how many on that of a fit loses its head.
MOST_LINES, LONG, TOO_LONG = 9, 12, 21
SHORTEST_QUESTION = 25
PERCENT = re.compile(r"(?<=\d) %")
VOTES = 2
HOW_TO_VOTE = "<p>A minute alone, hands up, two minutes with a neighbour, hands up again.</p>"


@dataclass
class Block:
    """A thing on the page: its kind, its element, and the heading above it."""

    kind: str
    node: object
    heading: str


@dataclass
class Slide:
    """A heading, what is shown, a sentence above and one below it, and what the speaker says.

    All are HTML, but for the kind, a class for the style sheet.
    """

    heading: str
    kind: str
    shown: list
    lead: str = ""
    reading: str = ""
    notes: list = field(default_factory=list)


def blocks_of(section, heading="", left_out=()):
    """The things of a section in their order, its subsections included."""
    found = []
    for node in section.find_all(True, recursive=False):
        classes = node.get("class", [])
        if node.name == "section":
            title = node.find(["h2", "h3"], recursive=False)
            if not _plain(title).startswith((*ALWAYS_OUT, *left_out)):
                found += blocks_of(node, _inside(title), left_out)
        elif "prediction" in classes:
            shown = node.select_one(".prediction-shown")
            answer = blocks_of(shown, heading, left_out)
            # An answer in words alone comes with the next slide as well.
            in_words = not any(block.kind in SHOWN for block in answer)
            found += [Block("answer", shown, heading)] if in_words else answer
        elif "cell" in classes:
            found += _outputs(node, heading)
        elif kind := _kind(node, classes):
            found.append(Block(kind, node, heading))
    return found


def _kind(node, classes):
    if "exercise-block" in classes or node.name in ("h1", "h2", "h3"):
        return ""
    if "admonition" in classes:
        return "question" if "important" in classes else "card" if "tip" in classes else "aside"
    if "math" in classes:
        return "formula" if node.select_one(".eqno") else "prose"
    if "pst-scrollable-table-container" in classes:
        return "table"
    kinds = {"p": "prose", "ul": "list", "ol": "list", "aside": "aside", "blockquote": "list"}
    return kinds.get(node.name, "prose")


def _outputs(cell, heading):
    """What a cell shows; the summary that goes with a figure is for the speaker."""
    output = cell.select_one(".cell_output")
    if output is None:
        return []
    figure = output.find("figure")
    found = []
    for node in output.find_all(True, recursive=False):
        classes = node.get("class", [])
        if node.name == "figure":
            found.append(Block("figure", node, heading))
        elif explorer := node.select_one(".explorer"):
            found.append(Block("explorer", explorer, heading))
        elif "highlight-python" in classes:
            continue
        elif node.select_one("pre"):
            text = node.get_text().strip("\n")
            found.append(Block("prose" if figure else "number", text, heading))
        elif node.name == "p":
            found.append(Block("prose", node, heading))
        else:
            found.append(Block("written", node, heading))
    return found


def slides_of(blocks):
    """Slides of a chapter's things, with the prose between them as notes."""
    slides = []
    for heading, group in _by_heading(blocks):
        slides += _slides_of_section(heading, group)
    return slides


def _by_heading(blocks):
    groups = []
    for block in blocks:
        if not groups or groups[-1][0] != block.heading:
            groups.append((block.heading, []))
        groups[-1][1].append(block)
    return groups


def _slides_of_section(heading, blocks):
    starts = [k for k, block in enumerate(blocks) if block.kind in SHOWN]
    if not starts:
        return [_thoughts(heading, blocks)]
    slides, before = [], blocks[: starts[0]]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        block, after = blocks[start], blocks[start + 1 : end]
        lead, reading = _lead(before), _reading(after, block.kind)
        if slides and _belongs(slides[-1], block, before):
            _append(slides[-1], block)
            slides[-1].reading = reading or slides[-1].reading
            slides[-1].notes += map(_note, after)
        elif slides and _goes_on(slides[-1], block, lead):
            slides[-1].shown += [_paragraph(lead, "lead"), _shown(block)]
            slides[-1].reading = reading
            slides[-1].notes += map(_note, [*before, *after])
        elif _only_prepares(block, lead, reading):
            before = [*before, Block("prose", block.node, heading), *after]
            continue
        else:
            notes = [*map(_note, before), _told(block), *map(_note, after)]
            slides.append(Slide(heading, block.kind, [_shown(block)], lead, reading, notes))
        # What leads on to the next thing is said with it.
        before = after[-1:] if _lead(after) else []
    return slides


def _belongs(slide, block, before):
    """Whether a number stands on the slide of the formula, or of the number, before it."""
    lines = sum(part.count("\n") + 1 for part in slide.shown if part.startswith("<pre"))
    return (
        block.kind == "number"
        and slide.kind in ("formula", "number")
        and not any(part.kind == "prose" for part in before)
        and lines + block.node.count("\n") < MOST_LINES
    )


def _append(slide, block):
    """Put a number below what a slide shows; into the printout, if that is one."""
    if slide.shown[-1].startswith("<pre"):
        before = BeautifulSoup(slide.shown.pop(), "html.parser").get_text()
        slide.shown.append(_printed(f"{before}\n{block.node}"))
    else:
        slide.shown.append(_shown(block))


def _goes_on(slide, block, lead):
    """Whether a formula stands on the slide of the one before, about which nothing is said."""
    is_alone = slide.kind == "formula" and len(slide.shown) == 1 and not slide.reading
    return block.kind == "formula" and is_alone and lead


def _only_prepares(block, lead, reading):
    """Whether a cell prints what nobody reads: it prepares what comes next."""
    return block.kind == "number" and not reading and ("\n" not in block.node or not lead)


def _paragraph(text, kind):
    return f'<p class="{kind}">{text}</p>' if text else ""


def _thoughts(heading, blocks):
    """A section of prose alone: how its first paragraphs begin."""
    paragraphs = [block.node for block in blocks if _is_paragraph(block)]
    return Slide(heading, "thoughts", [_beginnings(paragraphs)], notes=[*map(_note, blocks)])


def _beginnings(paragraphs):
    """How the first paragraphs begin; of a single one, its first sentences."""
    firsts = [sentences(paragraph)[0] for paragraph in paragraphs]
    lines = firsts if len(firsts) > 1 else sentences(paragraphs[0])
    return "".join(f"<p>{line}</p>" for line in lines[:3])


def _is_paragraph(block):
    return block.kind == "prose" and getattr(block.node, "name", "") == "p"


def _lead(blocks):
    """The question, or the beginning with a colon, that leads on to a thing."""
    if not blocks or not _is_paragraph(blocks[-1]):
        return ""
    last = sentences(blocks[-1].node)[-1]
    text = _letters(last)
    return last if text.endswith((":", "?")) and len(text) <= LONGEST_LEAD else ""


def _reading(blocks, kind):
    """The sentence below a thing that says what it shows; two, if the first is short."""
    if kind in ("question", "answer", "explorer", "list"):
        return ""
    found = [s for block in blocks if _is_paragraph(block) for s in sentences(block.node)]
    found = [s for s in found if _letters(s).endswith(".") and len(_letters(s)) <= LONGEST_READING]
    # A slide shows no code.
    found = [s for s in found if not re.search(r"\bcode\b", s)]
    found = [s for s in found if s.startswith("In words")] or found
    if len(found) > 1 and len(_letters(found[0])) < SHORTEST_READING:
        found[0] += f" {found[1]}"
    return found[0] if found else ""


def _letters(sentence):
    """About what is read of a sentence: without tags, and without the commands of TeX."""
    return re.sub(r"\\[a-z]+|[{}()\\]", "", BeautifulSoup(sentence, "html.parser").get_text())


def _told(block):
    """What is said of a thing besides the prose around it."""
    if block.kind == "figure":
        return _clean(block.node.find("figcaption"))
    if block.kind == "number" and _cut(block.node) != block.node:
        return _note(block)
    return _clean(block.node) if block.kind in ("answer", "written") else ""


def _shown(block):
    """A thing as it stands on a slide."""
    return {
        "question": _question,
        "formula": _formula,
        "figure": _figure,
        "number": _printed,
        "explorer": _explorer,
        "written": _written_up,
        "answer": lambda node: _beginnings(node.find_all("p", recursive=False)),
    }.get(block.kind, _as_it_is)(block.node)


def _question(node):
    parts = [part for part in node.find_all(True, recursive=False) if not _is_title(part)]
    inside = "".join(_clean(part) for part in parts)
    return f'<div class="asked"><p class="asked-title">Predict first</p>{inside}</div>'


def _is_title(node):
    return "admonition-title" in node.get("class", [])


def _formula(node):
    number = node.select_one(".eqno")
    text = number.get_text().rstrip("#")
    copy = BeautifulSoup(str(node), "html.parser")
    copy.select_one(".eqno").extract()
    tex = copy.get_text().strip()
    return (
        f'<div class="formula"><div class="math">{escape(tex, quote=False)}</div>'
        f'<span class="eqno">{text}</span></div>'
    )


def _figure(node):
    return f"<figure>{node.select_one('.figure-box')}</figure>"


def _printed(text):
    lines = _cut(text).expandtabs().splitlines()
    # Where a table needs more letters anyway, a sentence may have as many.
    widest = max([MOST_LETTERS, *(len(line) for line in lines if _is_in_columns(line))])
    lines = [part for line in lines for part in _folded(line, widest)]
    size = min(LARGEST, WIDEST / (0.61 * max(map(len, lines))), HIGHEST / (1.4 * len(lines)))
    inside = escape("\n".join(lines), quote=False)
    return f'<pre style="font-size: {size / 32:.3f}em">{inside}</pre>'


def _cut(text):
    """A printout of a fit without its head, where all of it would be too small to read."""
    _, effects, rest = text.partition("Random effects:\n")
    return effects + rest if effects and text.count("\n") >= TOO_LONG else text


def _folded(line, letters):
    """A printed line; a sentence that is too long for a slide goes on below, a table does not."""
    if _is_in_columns(line):
        return [line]
    return textwrap.wrap(_joined(line), letters, subsequent_indent="  ") or [""]


def _joined(text):
    """The text with each number kept beside its per cent sign."""
    return PERCENT.sub("\N{NO-BREAK SPACE}%", text)


def _is_in_columns(line):
    return "  " in line.strip()


def _explorer(node):
    # For reveal.js a section is a slide, wherever it stands.
    node.name = "div"
    node["role"] = "region"
    return str(node)


def _written_up(node):
    """How a report begins; all of it is in the notes."""
    parts = node.select_one(".written-up").find_all(["p", "ul"], recursive=False)
    return "".join(_clean(part) for part in parts[:3])


def _as_it_is(node):
    return _clean(node)


def _clean(node):
    """An element without its links, which lead into the book, and without their anchors.

    What was linked by its title is still seen to be one; a number stays with its per cent sign.
    """
    copy = BeautifulSoup(str(node), "html.parser")
    for link in copy.select("a.headerlink"):
        link.extract()
    for title in copy.select("a > .std-doc, a > .doc"):
        title.name = "cite"
    for text in copy.find_all(string=PERCENT):
        if not text.find_parent(["pre", "code"]):
            text.replace_with(_joined(text))
    for link in copy.select("a"):
        link.unwrap()
    return str(copy)


def sentences(paragraph):
    """The sentences of a paragraph as HTML: each begins on a line of its own in the notebook."""
    found = [""]
    for child in BeautifulSoup(_clean(paragraph), "html.parser").find(True).children:
        if isinstance(child, NavigableString):
            first, *others = escape(child, quote=False).split("\n")
            found[-1] += first
            found += others
        else:
            found[-1] += str(child)
    return [sentence.strip() for sentence in found if sentence.strip()]


def _note(block):
    if isinstance(block.node, str):
        return f"<pre>{escape(block.node, quote=False)}</pre>"
    return _clean(block.node) if block.node is not None else ""


def _inside(title):
    copy = BeautifulSoup(_clean(title), "html.parser").find(True)
    return copy.decode_contents()


def _plain(title):
    copy = BeautifulSoup(_clean(title), "html.parser")
    for number in copy.select(".section-number"):
        number.extract()
    return copy.get_text().strip()


def votes_of(chapter, page, has_answers):
    """Choices of the exercises to vote on, first those of the first round."""
    choices = [e for e in BY_CHAPTER.get(chapter, ()) if isinstance(e, Choice)]
    slides = []
    for exercise in sorted(choices, key=lambda e: e.second_round)[:VOTES]:
        heading = f"Vote: {_inline(exercise.title)}"
        asked = _clean(page.select_one(f"#exercise-{exercise.key}-prompt"))
        shown = [f'<div class="asked">{asked}</div>', _options(exercise)]
        slides.append(Slide(heading, "vote", shown, notes=[HOW_TO_VOTE]))
        if has_answers:
            slides.append(_answer(heading, exercise))
    return slides


def _answer(heading, exercise):
    """What the class voted on with the right option; what to say of each is in the notes."""
    letters = zip(ascii_uppercase, exercise.options, strict=False)
    told = [f"<p><b>{letter}</b> {_inline(option.feedback)}</p>" for letter, option in letters]
    shown, reading = [_options(exercise, exercise.answer)], _inline(exercise.right)
    return Slide(heading, "vote answer", shown, reading=reading, notes=told)


def _options(exercise, right=None):
    items = []
    for k, option in enumerate(exercise.options):
        mark = "" if right is None else ' class="right"' if k == right else ' class="other"'
        letter = ascii_uppercase[k]
        items.append(f"<li{mark}><b>{letter}</b> <span>{_inline(option.text)}</span></li>")
    return f'<ol class="options">{"".join(items)}</ol>'


def _inline(text):
    """A line of the bank as HTML, with its formulas between dollars."""
    marked = re.sub(r"\$([^$]+)\$", r'<span class="math">\\(\1\\)</span>', inline_html(text))
    return _joined(marked)


def deck_of(chapter, page, has_answers):
    """All slides of a chapter."""
    top = page.select_one("article section")
    blocks = blocks_of(top, left_out=LEFT_OUT.get(chapter.page, ()))
    (card,) = (block for block in blocks if block.kind == "card")
    slides = slides_of([block for block in blocks if block is not card])
    for slide in slides:
        if slide.kind == "explorer":
            title = BeautifulSoup(slide.shown[0], "html.parser").select_one(".explorer-title")
            slide.heading, slide.lead = title.decode_contents(), ""
        elif not slide.heading:
            slide.heading = _opening_question(blocks)
    (closing,) = (k for k, slide in enumerate(slides) if CLOSING in slide.heading)
    votes = votes_of(chapter, page, has_answers)
    return [
        _title(chapter),
        *slides[:1],
        _outcomes(card),
        *slides[1:closing],
        *votes,
        slides[closing],
        _homework(chapter, page),
    ]


def _opening_question(blocks):
    """The first question that a chapter asks, or its first sentence, if it asks none in full."""
    first = [s for block in blocks[:6] if _is_paragraph(block) for s in sentences(block.node)]
    asked = (s for s in first if s.endswith("?") and len(_letters(s)) > SHORTEST_QUESTION)
    return next(asked, first[0])


def _title(chapter):
    shown = (
        f"<p>Linear mixed models, one formula at a time</p><h1>{escape(chapter.title)}</h1>"
        f"<p>Chapter {chapter.number}</p>"
    )
    return Slide("", "opening", [shown])


def _outcomes(card):
    aims = card.node.find("ul")
    rest = [_clean(part) for part in card.node.find_all("p", recursive=False)[2:]]
    return Slide("Afterwards you will be able to", "list", [_clean(aims)], notes=rest)


def _homework(chapter, page):
    """The first round of the exercises, and where they are."""
    exercises = [e for e in BY_CHAPTER.get(chapter, ()) if not e.second_round]
    items = "".join(f"<li><b>{e.key}</b> <span>{_inline(e.title)}</span></li>" for e in exercises)
    where = f"<p>The worksheet is <code>exercises/{chapter.page}.ipynb</code>.</p>"
    return Slide("Until next time", "list", [f'<ol class="options">{items}</ol>', where])


def deck_html(chapter, slides):
    """The page of a deck."""
    short = escape(chapter.short_title)
    return _page(
        f"{chapter.number}. {short}",
        '<div class="reveal"><div class="slides">\n'
        + "\n".join(_slide_html(slide, f"{chapter.number} · {short}") for slide in slides)
        + "\n</div></div>",
        ("reveal.css", "picture.css", "lmmbook.css", "deck.css"),
        SCRIPTS,
        f"../{SHARED}",
    )


def _is_high(slide):
    """Whether the words of a slide stand beside what it shows, which is too high for them below."""
    (first, *others) = slide.shown
    if slide.kind == "figure":
        return bool(slide.lead or slide.reading) and _is_larger_beside(slide)
    return slide.kind == "number" and not others and first.count("\n") >= LONG


def _is_larger_beside(slide):
    width, height = map(float, re.search(r'viewbox="0 0 (\S+) (\S+)"', slide.shown[0]).groups())
    room = DOWN - HEADING_LINE * _lines(slide.heading, IN_HEADING)
    below = room - sum(GAP + LINE * _lines(t, IN_LINE) for t in (slide.lead, slide.reading) if t)
    drawn_below = min(below, ACROSS * height / width)
    return min(room, BESIDE * height / width) > LARGER * drawn_below


def _lines(text, letters):
    """About how many lines a text has, with so many letters in each."""
    return -(-len(_letters(text)) // letters)


def _slide_html(slide, mark):
    shown = "".join(slide.shown)
    if slide.kind != "opening":
        is_high = _is_high(slide)
        words = _paragraph(slide.lead, "lead"), _paragraph(slide.reading, "reading")
        shown = f"{shown}<div>{''.join(words)}</div>" if is_high else shown.join(words)
        shown = (
            f'<h2>{slide.heading}</h2><div class="body{" beside" if is_high else ""}">{shown}</div>'
            f'<div class="chapter-mark">{mark}</div>'
        )
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>'
    return f'<section class="shows-{slide.kind}">{shown}{notes}</section>'


def _page(title, body, styles, scripts, assets, kind=""):
    links = "".join(f'<link rel="stylesheet" href="{assets}/{name}">' for name in styles)
    runs = "".join(f'<script defer src="{assets}/{name}"></script>' for name in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title>{links}{runs}</head>\n<body{kind}>\n{body}\n</body></html>\n"
    )


def index_html(counts):
    """The page that leads to the decks."""
    rows = "".join(
        f'<li><a href="{chapter.page}/index.html">{escape(chapter.title)}</a> ({count} slides)</li>'
        for chapter, count in counts
    )
    body = (
        "<h1>Linear mixed models, one formula at a time: slides</h1>"
        "<p>One lecture of 50 minutes for each chapter of the book.</p>"
        f"<ol>{rows}</ol>"
        "<p><kbd>S</kbd> opens the speaker's window with notes and a clock, <kbd>F</kbd> fills the "
        "screen, <kbd>O</kbd> shows all slides, <kbd>D</kbd> changes between light and dark, "
        "<kbd>B</kbd> blanks the screen. For paper, add <code>?print-pdf</code> to the address and "
        "print.</p>"
    )
    return _page("Slides", body, ("deck.css",), (), SHARED, ' class="index"')


def write_decks(html, target, has_answers):
    """Write the decks of all chapters, and return how many slides each has."""
    shutil.rmtree(target, ignore_errors=True)
    (target / SHARED).mkdir(parents=True)
    for name, source in ASSETS.items():
        shutil.copy(source, target / SHARED / name)
    counts = []
    for chapter in CHAPTERS:
        text = (html / "chapters" / f"{chapter.page}.html").read_text(encoding="utf-8")
        slides = deck_of(chapter, BeautifulSoup(text, "html.parser"), has_answers)
        folder = target / chapter.page
        folder.mkdir()
        (folder / "index.html").write_text(deck_html(chapter, slides), encoding="utf-8")
        counts.append((chapter, len(slides)))
    (target / "index.html").write_text(index_html(counts), encoding="utf-8")
    return counts


if __name__ == "__main__":
    edition = ROOT / "_build" / "solutions" if os.environ.get("EDITION") == "solutions" else ROOT
    built = edition / "_build"
    for chapter, count in write_decks(built / "html", built / "slides", edition != ROOT):
        print(f"{chapter.page}: {count} slides")
    print(f"The slides are here: {built / 'slides' / 'index.html'}")
