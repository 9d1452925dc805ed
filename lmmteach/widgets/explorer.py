"""What an explorer is: a picture and a readout for each position, behind a prediction."""

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase

from lmmteach._typeset import as_plain
from lmmteach.widgets.live import live_view
from lmmteach.widgets.picture import ready
from lmmteach.widgets.static import is_static, static_html


@dataclass(frozen=True)
class Control:
    """A slider: the name of a parameter, what a person reads, its positions, where it starts.

    All texts of an explorer write a subscript as ``σ_b²``; each form shows it in its own way.

    Where a kernel draws, a control with a ``step`` takes values between its positions as well:
    ``"any"`` number, or the first position and all that are so many steps from it (``"1"``).
    """

    name: str
    label: str
    values: tuple
    start: int
    labels: tuple = ()
    step: str = ""

    def text(self, value):
        """A value as a person reads it: the label of its position, or the number itself."""
        if self.labels and value in self.values:
            return self.labels[self.values.index(value)]
        return f"{value:g}".replace("-", "−")


@dataclass(frozen=True)
class Question:
    """A prediction to make before the sliders open: options, which one is right, and why."""

    text: str
    options: tuple
    right: int
    why: str


@dataclass(frozen=True)
class Key:
    """A line of the legend: its words, and the colour, line style and marker that they explain.

    With neither line nor marker it explains an area.
    """

    text: str
    color: str
    line: str = ""
    marker: str = ""
    hollow: bool = False


@dataclass(frozen=True, eq=False)
class Explorer:
    """A picture that answers when a parameter moves.

    At every position the same marks are drawn in the same order, each with as many vertices, and
    what shall not be seen is drawn with ``alpha=0``: so the page can glide between two positions.
    A mark with ``gid="drag:sigma2_b"`` can be pulled to move the control ``sigma2_b``, one with
    ``gid="drag:sigma2_b,sigma2_e"`` both.

    Parameters
    ----------
    name : short name, for the page
    title : heading above it
    stage : function to ``(figure, axes)``, with all that keeps still
    draw : function of these axes and the parameters that adds the marks that move
    read : function of the parameters to ``({name: number, …}, sentence)``
    controls : one or two Controls
    question : what to predict first
    presets : ``((label, {name of control: position}), …)``, buttons that jump there
    legend : Keys, below the picture
    live_controls : further Controls in the live form; on the page they stay where they start
    printed : function of the parameters to a printout beside the picture, in pieces:
        ``[(text, is_changed), …]``
    """

    name: str
    title: str
    stage: object
    draw: object
    read: object
    controls: tuple
    question: Question
    presets: tuple = ()
    legend: tuple = ()
    live_controls: tuple = ()
    printed: object = None

    @cached_property
    def positions(self):
        """Every combination of positions on the page, the last control running fastest."""
        names = [control.name for control in self.controls]
        grids = itertools.product(*(control.values for control in self.controls))
        return [self.start | dict(zip(names, values, strict=True)) for values in grids]

    @property
    def start(self):
        """The parameters at which the explorer opens."""
        controls = (*self.controls, *self.live_controls)
        return {control.name: control.values[control.start] for control in controls}

    def figure(self, **parameters):
        """The whole picture of a position."""
        figure, axes = self.stage()
        self.draw(ready(axes), **parameters)
        return figure

    def numbers(self, parameters):
        """The numbers of a position as one line of text: all that is said before a prediction."""
        numbers, _ = self.read(**parameters)
        shown = "; ".join(f"{name} {value}" for name, value in numbers.items())
        return re.sub(r"-(?=\d)", "−", f"{shown}.")

    def readout(self, parameters):
        """The numbers, and the sentence that reads them."""
        return f"{self.numbers(parameters)} {self.read(**parameters)[1]}"

    @property
    def verdicts(self):
        """What is said to a right prediction, to a wrong one, and to none."""
        why = self.question.why
        return f"Yes. {why}", f"No. {why}", why

    def where(self, parameters):
        """A position in words."""
        return ", ".join(f"{c.label} {c.text(parameters[c.name])}" for c in self.controls)

    def samples(self):
        """A few positions for plain text and without scripts: first, quarter, half, … the start."""
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
        return as_plain("\n".join(lines))

    def __repr__(self):
        return self.as_text()

    def _repr_mimebundle_(self, include=None, exclude=None):
        if is_static():
            return {"text/plain": self.as_text(), "text/html": static_html(self)}
        return {**live_view(self)._repr_mimebundle_(), "text/plain": self.as_text()}
