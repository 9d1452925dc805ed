"""The book's figures: drawn as SVG, and put into the page, so that they take its colours.

Only the build draws SVG: a notebook that is run elsewhere makes PNG, which no comparison of outputs
looks at. A picture in a file of its own would not know whether the page is light or dark.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from lmmteach.plots import BETWEEN, INK, NEUTRAL, WITHIN

# What the kernels of the build read. A fixed salt: without one the same figure differs each time.
KERNEL_CONFIG = """\
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {
    "bbox_inches": "tight", "facecolor": "none", "metadata": {"Date": None, "Creator": None}
}
c.InlineBackend.rc = {"svg.hashsalt": "book"}
"""
ON_THE_PAGE = {
    INK: "currentColor",
    NEUTRAL: "var(--pst-color-text-muted)",
    BETWEEN: "var(--between)",
    WITHIN: "var(--within)",
}


def write_kernel_config(folder):
    """The folder for IPython's configuration, with what makes the kernels draw SVG."""
    profile = Path(folder) / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG, encoding="utf-8")
    return str(folder)


class InlineFigures(SphinxPostTransform):
    """Replace each figure of a notebook by the SVG itself."""

    default_priority = 600
    formats = ("html",)

    def run(self):
        for image in list(self.document.findall(nodes.image)):
            # A notebook's pictures stand in the build's own folder, not among the sources.
            drawn = Path(self.env.srcdir, image["uri"])
            if drawn.suffix == ".svg" and "jupyter_execute" in drawn.parts:
                name = f"figure-{drawn.stem[:8]}"
                svg = inline_svg(drawn.read_text(encoding="utf-8"), name, image.get("alt", ""))
                image.replace_self(inline_figure(svg=svg))


class inline_figure(nodes.General, nodes.Element):
    """A picture as SVG; no text node, since the search shall not find its ticks."""


def visit_inline_figure(translator, node):
    translator.body.append(node["svg"])
    raise nodes.SkipNode


def inline_svg(text, name, alt):
    """What matplotlib wrote, as an element of a page: in its colours, with ids of its own."""
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', text).groups())
    inside = re.search("<svg[^>]*>(.*)</svg>", text, flags=re.DOTALL)[1]
    inside = re.sub("<metadata>.*?</metadata>", "", inside, flags=re.DOTALL)
    # Its style element would be one for the whole page.
    inside = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", inside, flags=re.DOTALL)
    # Coordinates need no more than two decimals; the scale of a letter, below 1, needs them all.
    inside = re.sub(r"((?<![\d.])[1-9]\d*\.\d\d)\d+(?=[^\"<>]*\")", r"\1", inside)
    inside = re.sub(r'(?<= id=")|(?<=href="#)|(?<=url\(#)', f"{name}-", inside)
    for drawn, shown in ON_THE_PAGE.items():
        inside = inside.replace(drawn.lower(), shown)
    lines = "\n".join(line.strip() for line in inside.splitlines() if line.strip())
    return (
        # Where the screen is too narrow for its letters, the figure scrolls: by keyboard as well.
        f'<div class="figure-box" tabindex="0" role="group" aria-label="Figure">'
        f'<svg class="figure" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width:g} '
        f'{height:g}" style="width: {width:g}pt" stroke-linejoin="round" stroke-linecap="butt">'
        f"\n{lines}\n</svg></div>\n"
    )


def setup(app):
    app.add_node(inline_figure, html=(visit_inline_figure, None))
    app.add_post_transform(InlineFigures)
