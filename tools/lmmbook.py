"""What the book needs beyond Jupyter Book: offline formulas and the generated lists."""

import hashlib
import inspect
import os
import shutil
from pathlib import Path
from typing import ClassVar

import exercises_page
import figures
import mathjax
import paper
import predictions
import punctuation
import register
import second_reading
import subscripts
from docutils import nodes
from docutils.parsers.rst import directives
from equation_values import as_text, estrone_values
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core import render, utils
from slides import SLIDES
from sphinx.util.docutils import SphinxDirective

import lmmteach
from lmmteach import widgets
from lmmteach._typeset import as_html
from lmmteach.chapters import CHAPTERS
from lmmteach.widgets import EXPLORERS
from lmmteach.widgets.static import SWITCH, static_html

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WIDGETS = ROOT / "lmmteach" / "widgets"
MATHJAX = Path(mathjax.__file__).parent / "static" / "mathjax" / "es5"

# A browser lets no page that was opened as a file read others, where the excerpts come from.
QUIET_SEARCH = (
    'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
)

# What a reader calls as lt.lmm and so on, in the order of an analysis.
CALLS = (
    *("load_data", "list_data", "read_data", "look", "complete_rows"),
    *("lmm", "report", "lrt", "bootstrap_lrt", "design", "study", "power_curve", "show_source"),
)


class EquationsTable(SphinxDirective):
    """``{equations-table}``: each numbered equation, its function, number and tests."""

    def run(self):
        values, naming = estrone_values(), register.function_of()
        lines = []
        for equation in register.equations():
            name = naming[equation.label]
            what, value, r_value = values[equation.label]
            what = what.replace("|", "\\|")
            lines += [
                f"## {name}",
                "",
                f"Equation {{eq}}`{equation.label}`, function {{py:func}}`lmmteach.{name}`.",
                "",
                f"$$\n{equation.tex}\n$$",
                "",
                f"| On the estrone data: {what} | In R | Tested in |",
                "| --- | --- | --- |",
                f"| {as_text(value)} | {as_text(r_value)} | {_tested_in(name)} |",
                "",
            ]
        return _parse(self, lines)


def _tested_in(name):
    """The files whose tests call the function, with how many do."""
    files = [test.partition("::")[0] for test in register.tests_of(name)]
    return ", ".join(f"`{file}` ({files.count(file)})" for file in dict.fromkeys(files))


class LectureTable(SphinxDirective):
    """``{lecture-table}``: each slide, its formulas, where they are explained, their numbers."""

    def run(self):
        values, naming = estrone_values(), register.function_of()
        lines = []
        for slide in SLIDES:
            lines += [f"## {slide.title}", "", slide.says, ""]
            lines += ["| Formula | Explained in | Function | Estrone data |", "| --- " * 4 + "|"]
            for label, page, heading in slide.leads_to:
                what, value, _ = values[label]
                number = what if value is None else f"{what}: {as_text(value)}"
                anchor = register.slug(heading)
                cells = [
                    f"{{eq}}`{label}`",
                    f"[{heading}]({page}.ipynb#{anchor})",
                    f"{{py:func}}`~lmmteach.{naming[label]}`",
                    number.replace("|", "\\|"),
                ]
                lines.append(f"| {' | '.join(cells)} |")
            lines.append("")
        return _parse(self, lines)


class ExplorersList(SphinxDirective):
    """``{explorers-list}``: each explorer with its chapter, what it asks and the right answer."""

    def run(self):
        lines = []
        for page, explorer in explorers_of_chapters():
            question = explorer.question
            title = explorer.title.removeprefix("Explorer: ")
            right = question.options[question.right]
            texts = (title, question.text, right, question.why)
            # Tags pass through Markdown, but an asterisk is a letter here.
            title, asked, right, why = (as_html(text).replace("*", r"\*") for text in texts)
            lines += [f"**{title}** ({{doc}}`{page}`)", f": {asked}", f": *{right}* — {why}", ""]
        return _parse(self, lines)


def explorers_of_chapters():
    """Each explorer with the page that shows it, in the order of the book."""
    names = {explorer: name for name, explorer in widgets.BY_NAME.items()}
    found = []
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        code = path.read_text(encoding="utf-8")
        places = {explorer: code.find(f'widgets.{names[explorer]}"') for explorer in EXPLORERS}
        shown = sorted((e for e in EXPLORERS if places[e] >= 0), key=places.get)
        found += [(path.stem, explorer) for explorer in shown]
    return found


class ExplorerOnPage(SphinxDirective):
    """``{explorer} name``: an explorer on a page that is no notebook.

    With ``:open:`` it asks nothing first.
    """

    required_arguments = 1
    option_spec: ClassVar = {"open": directives.flag}

    def run(self):
        explorer = widgets.BY_NAME[self.arguments[0]]
        page = static_html(explorer, is_open="open" in self.options)
        return [nodes.raw("", page, format="html")]


class FunctionsList(SphinxDirective):
    """``{functions-list}``: each public function with its docstring, chapter by chapter, and the
    calls that use them."""

    def run(self):
        lines = []
        for chapter in CHAPTERS:
            for module in chapter.modules:
                lines += [f"## Chapter {chapter.number}: `lmmteach.{module}`", ""]
                lines += [f"```{{py:module}} lmmteach.{module}", "```", ""]
                for name, function in register.functions().items():
                    if name.startswith(f"{module}."):
                        lines += _entry(name.removeprefix(f"{module}."), function)
        lines += ["## In a notebook: `lmmteach`", "", "```{py:module} lmmteach", "```", ""]
        for name in CALLS:
            lines += _entry(name, getattr(lmmteach, name))
        return _parse(self, lines)


def _entry(name, function):
    summary, _, details = inspect.getdoc(function).partition("\n")
    labels = register.labels_named_by(function)
    for label in labels:
        details = details.replace(f"{{eq}}`{label}`", "").rstrip()
    details = "\n".join(line.rstrip() for line in details.strip("\n").splitlines())
    references = ", ".join(f"{{eq}}`{label}`" for label in labels)
    return [
        f"````{{py:function}} {name}{inspect.signature(function)}",
        summary,
        "",
        f"Equation {references}" if references else "",
        "",
        "```{code-block} text",
        details,
        "```",
        "````",
        "",
    ]


def _parse(directive, lines):
    """Parse MyST lines where the directive stands, headings included."""
    for path in sorted((ROOT / "lmmteach").glob("*.py")):
        directive.env.note_dependency(str(path))
    container = nodes.section()
    container.document = directive.state.document
    directive.state.nested_parse(lines, directive.content_offset, container, match_titles=True)
    return container.children


def set_digests(app, config):
    """Make a change of the package or the data re-run the notebooks, and any change re-read them.

    The cache of executed notebooks looks at the notebooks only, and so does Sphinx. One digest
    goes into the cache's path, the other into a setting whose change makes Sphinx read every page.
    """
    executed = _digest("lmmteach/**/*.py", "data/*.csv", "tools/figures.py")
    config.nb_execution_cache_path = str(ROOT / "_build" / ".jupyter_cache" / executed)
    config.lmmbook_digest = _digest("lmmteach/**/*", "data/*.csv", "tools/**/*", "tests/*.py")
    # The kernels inherit both: explorers show their static form, and figures are SVG.
    os.environ[SWITCH] = "1"
    os.environ["IPYTHONDIR"] = figures.write_kernel_config(ROOT / "_build" / "ipython")
    if config.nb_execution_mode == "cache":
        execute_side_by_side(config.nb_execution_cache_path, config.nb_execution_timeout)


def execute_side_by_side(cache_path, timeout):
    """Run the notebooks that the cache does not have, one on each core.

    The build would run them one after the other. It still runs, and reports, those that fail here.
    """
    cache = get_cache(cache_path)
    for notebook in sorted((ROOT / "chapters").glob("*.ipynb")):
        cache.add_nb_to_project(str(notebook))
    load_executor("local-parallel", cache=cache).run_and_cache(timeout=timeout)


def _digest(*patterns):
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def drop_thebe(app, page, template, context, doctree):
    """Take away Thebe, which Jupyter Book always adds: it would load from another site.

    Its inline script also stands twice on each page, which is a JavaScript error.
    """
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{script} {getattr(script, 'attributes', {})}".lower()
    ]


def mend_citations(app, page, template, context, doctree):
    """Call the entries of a list of references list items: their own role is deprecated in ARIA,
    and a list may hold nothing but items.
    """
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def copy_mathjax(app, exception):
    """Ship the part of MathJax that typesets TeX, so that no formula needs the network."""
    if exception or app.builder.format != "html":
        return
    target = Path(app.outdir) / "_static" / "mathjax"
    if target.exists():
        return
    target.mkdir(parents=True)
    shutil.copy(MATHJAX / "tex-mml-chtml.js", target)
    shutil.copytree(MATHJAX / "input", target / "input")
    shutil.copytree(MATHJAX / "output" / "chtml", target / "output" / "chtml")


def in_one_piece(outputs):
    """What cells printed, each stream as one text.

    A busy machine sends a line in several pieces, and MyST-NB would break it between them.
    """
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            joined[-1] = type(output)(before | {"text": before["text"] + output["text"]})
        else:
            joined.append(output)
    return utils.coalesce_streams(joined)


render.coalesce_streams = in_one_piece


def setup(app):
    app.add_config_value("lmmbook_digest", "", "env")
    app.add_directive("equations-table", EquationsTable)
    app.add_directive("explorer", ExplorerOnPage)
    app.add_directive("explorers-list", ExplorersList)
    app.add_directive("functions-list", FunctionsList)
    app.add_directive("lecture-table", LectureTable)
    app.connect("config-inited", set_digests)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", mend_citations)
    app.connect("build-finished", copy_mathjax)
    # What explorers have in a notebook as well comes from the package.
    shared = [str(WIDGETS / name) for name in ("picture.css", "picture.js")]
    app.config.html_static_path += [str(HERE / "static"), *shared]
    app.add_css_file("picture.css")
    app.add_css_file("lmmbook.css")
    app.add_js_file("picture.js")
    for script in ("live-explorer.js", "explorer.js"):
        app.add_js_file(script)
    app.add_js_file(None, body=QUIET_SEARCH)
    exercises_page.setup(app)
    figures.setup(app)
    paper.setup(app)
    predictions.setup(app)
    punctuation.setup(app)
    second_reading.setup(app)
    subscripts.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
