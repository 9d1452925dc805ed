"""The book on paper: what LaTeX needs to be told that a page of a browser does not.

Everything here happens when LaTeX is written, after the pages have been read: so the PDF takes the
notebooks that were run for the pages, and their equations, sections and figures keep their numbers.
"""

import html
import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.math import wrap_displaymath

from lmmteach._typeset import as_html, svg_text
from lmmteach.plots.style import BETWEEN, INK, WITHIN
from lmmteach.widgets import EXPLORERS
from lmmteach.widgets.picture import legend_html
from lmmteach.widgets.static import view

ON_PAGE = re.compile(r'class="explorer" id="explorer-([\w-]+)"')
CALL = re.compile(r"(from lmmteach import widgets\s+)?widgets\.\w+")
NAMED = {explorer.name: explorer for explorer in EXPLORERS}
# What stands as a tag in the text of a page.
TAGS = {
    '<span class="between">': r"{\color{between}\bfseries{}",
    '<span class="within">': r"{\color{within}\bfseries{}",
    "</span>": "}",
    "<sub>": r"\textsubscript{",
    "</sub>": "}",
}
# Letters to a line of a table, and to a cell of which no more need stand in one line; rows from
# which Sphinx lets a table go on over pages, and lines from which one that is fitted does.
WIDE, ENOUGH, LONG, HIGH = 105, 60, 30, 40
# Lines up to which a block of code, and the printout of an explorer, stays on one page; letters to
# such a line, and to one of prose; the points of their lines, and of a heading with its space.
SHORT, PRINTED, IN_CODE, IN_PROSE = 12, 24, 93, 100
CODE_LINE, LINE, HEADING = 10.6, 12, 60
# Points that a box, or a table with its heading, may need without being broken.
MOST_KEPT = 300
# What takes no room in a formula.
NOT_SEEN = re.compile(
    r"\\color\{[^}]*\}|\\(?:mathbf|mathsf|mathcal|mathrm|boldsymbol|hat|bar|tilde|text)\b"
    r"|\\[,;:! ]|[{}^_ ]"
)
PERCENT = re.compile(r"(?<=\d) %")
PART, UNNUMBERED, NUMBERED = r"\bookpart{%s}", r"\unnumberedchapters", r"\numberedchapter{%d}"


class ExplorersOnPaper(SphinxPostTransform):
    """Each explorer as its question, the frame at which it starts, and a table of its numbers."""

    # Before one of the forms of each output is chosen.
    default_priority = 3
    formats = ("latex",)

    def run(self):
        for raw in list(self.document.findall(nodes.raw)):
            shown = ON_PAGE.search(raw.astext())
            if shown:
                place = raw.parent.parent if "mime_type" in raw.parent else raw
                is_open = 'explorer-question"' not in raw.astext()
                _hide_call(place)
                place.replace_self(self.on_paper(NAMED[shown[1]], is_open))
        titles = {_bare(as_html(e.title.removeprefix("Explorer: "))): e.name for e in EXPLORERS}
        for term in self.document.findall(nodes.term):
            name = titles.get(_bare(term.astext()).rpartition(" (")[0])
            if name:
                term.insert(0, _latex(rf"\phantomsection\label{{answer-{name}}}"))

    def on_paper(self, explorer, is_open):
        """The nodes of an explorer; one that is open asks nothing."""
        parts = [nodes.rubric("", explorer.title)]
        if not is_open:
            parts += _question(explorer)
        picture = f"explorer-{explorer.name}.pdf"
        pdf = convert(frame_svg(explorer))
        Path(self.app.outdir, picture).write_bytes(pdf)
        parts.append(_latex(rf"\explorerframe{{{picture}}}"))
        if explorer.printed:
            text = "".join(piece for piece, _ in explorer.printed(**explorer.start))
            parts.append(nodes.literal_block("", text, language="text"))
        parts.append(_numbers(explorer))
        if not is_open:
            parts.append(_latex(rf"\exploreranswer{{answer-{explorer.name}}}"))
        return nodes.container("", *parts, classes=["explorer-paper"])


def _hide_call(shown):
    """Leave out the code of a cell that does nothing but name its explorer."""
    cell = shown
    while cell is not None and cell.get("nb_element") != "cell_code":
        cell = cell.parent
    if cell is not None and CALL.fullmatch(cell[0].astext().strip()):
        cell.remove(cell[0])


def _bare(text):
    """The text without tags, and without the apostrophes of a page."""
    return html.unescape(re.sub("<[^>]*>", "", text)).replace("’", "'")


def _latex(text):
    return nodes.raw("", text, format="latex")


def _question(explorer):
    asked = explorer.question
    options = [nodes.list_item("", nodes.paragraph("", option)) for option in asked.options]
    return [
        nodes.paragraph("", f"Predict first: {asked.text}"),
        nodes.enumerated_list("", *options, enumtype="loweralpha", prefix="(", suffix=")"),
    ]


def _numbers(explorer):
    """A table of a few positions with their numbers; the sentences would answer the question."""
    rows = [("At", "Numbers")]
    rows += [(explorer.where(p), explorer.numbers(p)) for p in explorer.samples()]
    head, *body = (
        nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in row)) for row in rows
    )
    group = nodes.tgroup("", cols=2)
    group += [nodes.colspec(colwidth=35), nodes.colspec(colwidth=65)]
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", group, classes=["colwidths-given"])


def frame_svg(explorer):
    """The picture at the start with its legend below, as SVG that needs no style sheet."""
    stage = view(explorer)
    marks, _ = stage.marks(explorer.start)
    panels = _svgs(stage.html(marks, ()))
    swatches = _svgs(legend_html(explorer.legend, f"{explorer.name}-paper"))
    width = stage.width * len(panels)
    inside = [_placed(svg, k * stage.width, 0, stage.width, stage.height)
              for k, svg in enumerate(panels)]  # fmt: skip
    for k, (svg, key) in enumerate(zip(swatches, explorer.legend, strict=True)):
        top = stage.height + 16 * k
        inside.append(_placed(svg, 36, top, 28, 12))
        text = svg_text(escape(key.text))
        inside.append(f'<text x="70" y="{top + 10:g}" font-size="10" fill="{INK}">{text}</text>')
    height = stage.height + 16 * len(swatches)
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}pt" height="{height:g}pt" '
        f'viewBox="0 0 {width:g} {height:g}" color="{INK}" '
        'xml:space="preserve" font-family="DejaVu Sans">'
        f"{''.join(inside)}</svg>"
    )
    # The colours of a light page.
    return re.sub(r"var\(--[\w-]+, (#\w+)\)", r"\1", drawn)


def _svgs(page):
    return re.findall("<svg .*?</svg>", page, flags=re.DOTALL)


def _placed(svg, x, y, width, height):
    """A picture at a place inside another."""
    head, _, inside = svg.partition(">")
    box = re.search('viewBox="[^"]*"', head)[0]
    return f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" {box}>{inside}'


def convert(svg):
    """The PDF of a picture in SVG; ``tools/pdf.py`` has made sure that the program is there."""
    command = ["rsvg-convert", "--format=pdf"]
    return subprocess.run(command, input=svg.encode(), capture_output=True, check=True).stdout


class BookOnPaper(SphinxPostTransform):
    """Parts, chapters and equations with the numbers of the pages, and solutions at the end."""

    # After all that the pages are given as well.
    default_priority = 950
    formats = ("latex",)

    def run(self):
        for cell in list(self.document.findall(_hides_its_code)):
            cell.remove(cell[0])
        for raw in list(self.document.findall(nodes.raw)):
            if raw.astext() in TAGS:
                raw.replace_self(_latex(TAGS[raw.astext()]))
        for text in list(self.document.findall(_is_percentage)):
            text.parent.replace(text, nodes.Text(PERCENT.sub("\N{NO-BREAK SPACE}%", text)))
        keep_together(self.document)
        for table in list(self.document.findall(nodes.table)):
            fit_columns(table)
        for formula in self.document.findall(_is_formula):
            formula[:] = [nodes.Text(_named_colours(formula.astext()))]
        for equation in list(self.document.findall(_is_numbered)):
            equation.replace_self(_latex(self._numbered(equation)))
        for page in self.document.findall(addnodes.start_of_file):
            for block in list(page.findall(_is_exercise)):
                heading = nodes.rubric("", block["title"])
                block.insert(0, [_target(block["ids"], page["docname"]), heading])
        self._chapters()
        self._solutions()

    def _numbered(self, equation):
        """The TeX of an equation with the number that it has on its page."""
        page, label = equation["docname"], equation["label"]
        number = self.env.toc_fignumbers[page]["displaymath"][equation["ids"][0]]
        name = rf"\label{{equation:{page}:{label}}}"
        tagged = rf"\tag{{{'.'.join(map(str, number))}}}{name}"
        display = wrap_displaymath(equation.astext(), f"equation:{page}:{label}", False)
        return display.replace(name, tagged)

    def _chapters(self):
        """Put the parts before their chapters, and the front page into a chapter of its own."""
        book = next(self.document.findall(nodes.section))
        parts = {
            tree.items[0]: tree.caption for tree in self.config.external_site_map.root.subtrees
        }
        for chapter in list(self.document.findall(addnodes.start_of_file)):
            page = chapter["docname"]
            number = self.env.toc_secnumbers.get(page, {}).get("")
            before = [_latex(PART % parts[page])] if page in parts else []
            before.append(_latex(NUMBERED % number if number else UNNUMBERED))
            chapter.parent.insert(chapter.parent.index(chapter), before)
        is_tree = [bool(list(node.findall(addnodes.start_of_file))) for node in book]
        told = [node for node, tree in zip(book, is_tree, strict=True) if not tree][1:]
        trees = [node for node, tree in zip(book, is_tree, strict=True) if tree]
        about = nodes.section(
            "", nodes.title("", "About this book"), *told, ids=["about-this-book"]
        )
        book[1:] = [_latex(UNNUMBERED), about, *trees]

    def _solutions(self):
        """In the lecturer's edition, what stands below the exercises goes to the end."""
        solved = list(self.document.findall(_is_solution))
        if solved:
            for solution in solved:
                solution.parent.remove(solution)
            title = nodes.title("", "Solutions of the exercises")
            appendix = nodes.section("", title, *solved, ids=["solutions-of-the-exercises"])
            next(self.document.findall(nodes.section)).extend([_latex(UNNUMBERED), appendix])


def _hides_its_code(node):
    is_cell = isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"
    return is_cell and "hide" in f"{node['classes']}" and "source" in node[0].get("nb_element", "")


def _is_percentage(node):
    is_code = isinstance(node.parent, nodes.literal | nodes.literal_block | nodes.raw)
    return isinstance(node, nodes.Text) and not is_code and bool(PERCENT.search(node))


def _is_formula(node):
    return isinstance(node, nodes.math | nodes.math_block)


def _named_colours(tex):
    """A colour that MathJax takes by its number has a name in LaTeX."""
    for name, colour in {"between": BETWEEN, "within": WITHIN}.items():
        tex = re.sub(re.escape(rf"\color{{{colour}}}"), rf"\\color{{{name}}}", tex, flags=re.I)
    return tex


def _is_numbered(node):
    return isinstance(node, nodes.math_block) and node.get("label") and not node.get("nowrap")


def _is_exercise(node):
    return isinstance(node, nodes.container) and "exercise-block" in node["classes"]


def _is_solution(node):
    return isinstance(node, nodes.admonition) and "exercise-solution" in node["classes"]


def keep_together(document):
    """Begin a new page before what is short and would be broken, or leave its heading behind."""
    for block in list(document.findall(_is_kept)):
        if _stands_alone(block):
            _keep(block)


def _is_kept(node):
    kinds = nodes.literal_block | nodes.table | nodes.admonition | addnodes.desc
    return isinstance(node, kinds)


def _stands_alone(node):
    """Whether a thing stands in the text itself, and in no box, list or cell."""
    places = nodes.section | nodes.container | nodes.document | addnodes.start_of_file
    parent = node.parent
    while isinstance(parent, places):
        parent = parent.parent
    return parent is None


def _keep(block):
    while isinstance(block.parent, nodes.container) and block.parent.index(block) == 0:
        block = block.parent
    points = _height(next(block.findall(_is_kept)))
    section = block.parent
    above = [node for node in section[: section.index(block)] if node.astext().strip()]
    if not points:
        return
    is_first = isinstance(section, nodes.section) and isinstance(section.parent, nodes.section)
    if is_first and len(above) <= 2 and not any(map(_is_kept, above)):
        points += HEADING + sum(map(_prose_height, above[1:]))
        block = section
    elif isinstance(block, nodes.table):
        # It is in one piece anyway.
        return
    if points <= MOST_KEPT:
        place = block.parent
        place.insert(place.index(block), _latex(rf"\keeptogether{{{points:.0f}pt}}"))


def _height(block):
    """About the points that a thing needs; 0, if it may be broken."""
    if isinstance(block, addnodes.desc):
        return 8 * LINE
    if isinstance(block, nodes.table):
        rows = list(block.findall(nodes.row))
        return 0 if len(rows) >= LONG / 2 else LINE * (3 + 1.5 * len(rows))
    if isinstance(block, nodes.literal_block):
        lines = sum(1 + len(line) // IN_CODE for line in block.astext().splitlines())
        is_printed = "explorer-paper" in block.parent.get("classes", [])
        return CODE_LINE * (lines + 1) if lines <= (PRINTED if is_printed else SHORT) else 0
    return 2 * LINE + _prose_height(block)


def _prose_height(node):
    paragraphs = list(node.findall(nodes.paragraph))
    return sum(LINE * (1.5 + len(paragraph.astext()) // IN_PROSE) for paragraph in paragraphs)


def fit_columns(table):
    """Give the columns of a wide table their widths: each the room that its longest word needs,
    and of what is left more to the one with longer texts. Letters are smaller there.
    """
    group = table[-1]
    columns = list(
        zip(*(row.findall(nodes.entry) for row in group.findall(nodes.row)), strict=True)
    )
    words = [1.5 + max(max(_words(entry), default=0) for entry in column) for column in columns]
    texts = [1.5 + max(sum(_words(entry)) for entry in column) for column in columns]
    if sum(texts) < WIDE and len(columns[0]) < LONG:
        return
    left = max(WIDE - 3 * len(columns) - sum(words), 0)
    wishes = [min(text - word, ENOUGH) for text, word in zip(texts, words, strict=True)]
    colspecs = list(group.findall(nodes.colspec))
    for colspec, word, wish in zip(colspecs, words, wishes, strict=True):
        colspec["colwidth"] = round(10 * (word + left * wish / (sum(wishes) or 1)))
    table["classes"].append("colwidths-given")
    if _lines(group, colspecs) > HIGH:
        table["classes"].append("longtable")
    place = table.parent.index(table)
    table.parent[place : place + 1] = [_latex(r"\begingroup\small"), table, _latex(r"\endgroup")]


def _lines(group, colspecs):
    """About the lines of a table whose columns have these widths."""
    all_columns = sum(colspec["colwidth"] for colspec in colspecs)
    room = [WIDE * colspec["colwidth"] / all_columns for colspec in colspecs]
    lines = 0
    for row in group.findall(nodes.row):
        cells = zip(row.findall(nodes.entry), room, strict=True)
        lines += max(1 + sum(_words(entry)) // width for entry, width in cells)
    return lines


def _words(entry):
    """The lengths of the words of a cell, in letters of prose; names in code may be broken, and
    the letters of a heading are wider.
    """
    wide = 1.15 if isinstance(entry.parent.parent, nodes.thead) else 1
    for text in entry.findall(nodes.Text):
        if isinstance(text.parent, nodes.math):
            yield 1.1 * len(re.sub(r"\\[a-zA-Z]+", "x", NOT_SEEN.sub("", text)))
        elif isinstance(text.parent, nodes.literal):
            yield from (1.2 * len(word) for word in re.split(r"(?<=_)|\s", text))
        else:
            yield from (wide * len(word) for word in re.split(r"(?<=-)|\s", text))


def _target(names, docname):
    labels = "".join(rf"\label{{\detokenize{{{docname}:{name}}}}}" for name in names)
    return _latex(rf"\phantomsection{labels}")


def setup(app):
    app.add_post_transform(ExplorersOnPaper)
    app.add_post_transform(BookOnPaper)
