"""Pictures that are drawn again and again: light to draw, and in the colours of the page."""

import re
from io import StringIO

from lmmteach._typeset import svg_text
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN

# What an axes looks like from the start: setting it afterwards takes longer than drawing.
STYLE = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
}


def new_figure(columns=1, height=3.2):
    """An empty figure and its axes, light enough to be drawn again and again.

    One axes alone is narrower than two, so that its words can be read on a telephone as well.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    width = 7.2 if columns > 1 else 4.5
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(1, columns, squeeze=False)[0]
    figure.subplots_adjust(left=0.65 / width, right=0.98, bottom=0.17, top=0.9, wspace=0.25)
    for ax in axes:
        ax.tick_params(colors=INK, labelsize=9)
        # At fixed places: measuring the tick labels, to keep clear of them, takes long.
        ax.xaxis.set_label_coords(0.5, -0.13)
        ax.yaxis.set_label_coords(-0.42 / (width * ax.get_position().width), 0.5)
    return figure, axes


def set_title(ax, text):
    """Put a title above the axes, at a fixed place: looking for a free one takes long."""
    ax.set_title(text, fontsize=10, color=INK, y=1.0)


def as_svg(figure, salt):
    """A figure as SVG that takes the page's text colour and font, and always has the same bytes.

    Two axes stand side by side, or one below the other where there is little room.
    """
    import matplotlib as mpl

    buffer = StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r"<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)
    # A style element inside a picture would be one for the whole page, laid out anew every time.
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', text).groups())
    text = re.search("<svg[^>]*>(.*)</svg>", text, flags=re.DOTALL)[1]
    text = re.sub(r"font-family: [^;\"]*", "font-family: sans-serif", text)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px sans-serif", text)
    # Coordinates need no more than two decimals; the numbers that a person reads stay as they are.
    text = re.sub(r'"[^"]*"', lambda quoted: re.sub(r"(\d+\.\d{2})\d+", r"\1", quoted[0]), text)
    # Two explorers on a page would have groups of the same names.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r"(?<=>)[^<>]+(?=</text>)", lambda words: svg_text(words[0]), text)
    text = text.replace(INK, "currentColor").replace(NEUTRAL.lower(), "currentColor")
    # On a dark page these two are lighter.
    for name, color in (("between", BETWEEN.lower()), ("within", WITHIN.lower())):
        text = text.replace(color, f"var(--{name}, {color})")
    text = text.replace("<g>", f'<g id="{salt}-picture">', 1)
    columns = len(figure.axes)
    step = width / columns
    panels = [text, *[f'<use href="#{salt}-picture"/>'] * (columns - 1)]
    windows = [_window(panel, k * step, step, height) for k, panel in enumerate(panels)]
    svg = "\n".join(
        [
            f'<div style="display: flex; flex-wrap: wrap; max-width: {width / 12:.0f}rem">',
            *windows,
            "</div>",
        ]
    )
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip())


def _window(panel, left, width, height):
    """The part of a picture that begins at ``left``."""
    return (
        f'<svg viewBox="{left:g} 0 {width:g} {height:g}" style="flex: 1 1 15rem; min-width: 0" '
        f'stroke-linejoin="round" stroke-linecap="butt">\n{panel}\n</svg>'
    )
