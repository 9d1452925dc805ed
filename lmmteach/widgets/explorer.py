"""What an explorer is: a picture and a readout for each position, behind a prediction."""

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from string import ascii_lowercase

from lmmteach.plots.style import NEUTRAL

# Drawn in this colour, a line or a letter takes that of the page's text, light or dark.
INK = "#010101"


@dataclass(frozen=True)
class Control:
    """A slider: the name of a parameter, what a person reads, its positions, where it starts."""

    name: str
    label: str
    values: tuple
    start: int
    labels: tuple = ()

    def text(self, value):
        """A position as a person reads it: its label, or the value itself."""
        return self.labels[self.values.index(value)] if self.labels else f"{value:g}"


@dataclass(frozen=True)
class Question:
    """A prediction to make before the sliders open: options, which one is right, and why."""

    text: str
    options: tuple
    right: int
    why: str


@dataclass(frozen=True, eq=False)
class Explorer:
    """A picture that answers when a parameter moves.

    Parameters
    ----------
    name : short name, for the page
    title : heading above it
    draw : function of the parameters to a matplotlib Figure
    read : function of the parameters to ``({name: number, …}, sentence)``
    controls : one or two Controls
    question : what to predict first
    presets : ``{label: {name of control: position}}``, buttons that jump there
    """

    name: str
    title: str
    draw: object
    read: object
    controls: tuple
    question: Question
    presets: tuple = ()

    @cached_property
    def positions(self):
        """Every combination of positions, the last control running fastest."""
        names = [control.name for control in self.controls]
        grids = itertools.product(*(control.values for control in self.controls))
        return [dict(zip(names, values, strict=True)) for values in grids]

    @property
    def start(self):
        """The parameters at which the explorer opens."""
        return {control.name: control.values[control.start] for control in self.controls}

    def readout(self, parameters):
        """The readout of a position as one line of text."""
        numbers, sentence = self.read(**parameters)
        shown = "; ".join(f"{name} {value}" for name, value in numbers.items())
        return re.sub(r"-(?=\d)", "−", f"{shown}. {sentence}")

    def where(self, parameters):
        """A position in words."""
        return ", ".join(f"{c.label} {c.text(parameters[c.name])}" for c in self.controls)

    def samples(self):
        """A few positions for print and for plain text: first, quarter, half, … and the start."""
        last = len(self.positions) - 1
        chosen = {round(last * share) for share in (0, 0.25, 0.5, 0.75, 1)}
        chosen.add(self.positions.index(self.start))
        return [self.positions[k] for k in sorted(chosen)]

    def as_text(self):
        """The explorer where there is nothing to click on."""
        lines = [self.title, self.question.text]
        options = zip(ascii_lowercase, self.question.options, strict=False)
        lines += [f"  ({letter}) {option}" for letter, option in options]
        lines += [f"{self.where(p)}: {self.readout(p)}" for p in self.samples()]
        return "\n".join(lines)

    def __repr__(self):
        return self.as_text()

    def _repr_mimebundle_(self, include=None, exclude=None):
        from lmmteach.widgets.live import live_view
        from lmmteach.widgets.static import is_static, static_html

        if is_static():
            return {"text/plain": self.as_text(), "text/html": static_html(self)}
        return {**live_view(self)._repr_mimebundle_(), "text/plain": self.as_text()}


# What an axes looks like from the start: setting it afterwards takes longer than drawing.
STYLE = {
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
}


def new_figure(columns=1, width=7.2, height=3.2):
    """An empty figure and its axes, light enough to be drawn again and again."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        axes = figure.subplots(1, columns, squeeze=False)[0]
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.17, top=0.9, wspace=0.25)
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
    text = text.replace(INK, "currentColor").replace(NEUTRAL.lower(), "currentColor")
    text = text.replace("<g>", f'<g id="{salt}-picture">', 1)
    columns = len(figure.axes)
    step = width / columns
    panels = [text, *[f'<use href="#{salt}-picture"/>'] * (columns - 1)]
    windows = [_window(panel, k * step, step, height) for k, panel in enumerate(panels)]
    svg = "\n".join(
        ['<div style="display: flex; flex-wrap: wrap; max-width: 45rem">', *windows, "</div>"]
    )
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip())


def _window(panel, left, width, height):
    """The part of a picture that begins at ``left``."""
    return (
        f'<svg viewBox="{left:g} 0 {width:g} {height:g}" style="flex: 1 1 15rem; min-width: 0" '
        f'stroke-linejoin="round" stroke-linecap="butt">\n{panel}\n</svg>'
    )
