"""Pictures that are drawn again and again: light to draw, and in the colours of the page."""

import html
import itertools
import math

from lmmteach._typeset import as_html
from lmmteach.plots.style import INK

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
        # One unit of the page's pictures is one point.
        figure = Figure(figsize=(width, height), dpi=72)
        axes = figure.subplots(1, columns, squeeze=False)[0]
    figure.subplots_adjust(left=0.65 / width, right=0.98, bottom=0.17, top=0.9, wspace=0.25)
    for ax in axes:
        ax.tick_params(colors=INK, labelsize=10)
        # At fixed places: measuring the tick labels, to keep clear of them, takes long.
        ax.xaxis.set_label_coords(0.5, -0.14)
        ax.yaxis.set_label_coords(-0.42 / (width * ax.get_position().width), 0.5)
    return figure, axes


def set_title(ax, text):
    """Put a title above the axes, at a fixed place: looking for a free one takes long."""
    ax.set_title(text, fontsize=11, color=INK, y=1.0)


def beside(ax, x, y, text, color, **place):
    """Write what a line is beside it, in its colour."""
    return ax.text(x, y, text, color=color, **{"fontsize": 10, "va": "center"} | place)


def ready(axes):
    """Axes to draw marks on: their limits keep still, and their colours begin anew."""
    for ax in axes:
        ax.autoscale(False)
        ax.set_prop_cycle(None)
    return axes


class Panel:
    """One axes of a stage, drawn once, and the pen that draws its marks."""

    def __init__(self, ax, name, height):
        from lmmteach.widgets.pen import Pen

        self.ax, self.pen = ax, Pen(height, name)
        pieces, _ = self.pen.drawn(ax)
        (left, low), (right, high) = ax.bbox.get_points()
        self.stage = (
            f'<clipPath id="{name}"><rect x="{left:g}" y="{height - high:g}" '
            f'width="{right - left:g}" height="{high - low:g}"/></clipPath>{as_svg(pieces)}'
        )
        self.kept, self.markers = set(ax.get_children()), self.pen.markers

    def marks(self):
        """The pieces, the place and the name of each mark, which is then taken off the stage."""
        self.pen.markers = self.markers
        added = [artist for artist in self.ax.get_children() if artist not in self.kept]
        for artist in sorted(added, key=lambda artist: artist.get_zorder()):
            pieces, place = self.pen.drawn(artist)
            artist.remove()
            yield pieces, place, artist.get_gid() or ""
        self.ax.containers.clear()


class View:
    """The stage of an explorer, on which the marks of one position after the other are drawn.

    What is drawn is a list of pieces for each panel: text of SVG, and numbers, by which the marks
    of one position differ from those of another. ``salt`` tells the names in this picture from
    those in others on the page; ``controls`` are those that a handle can move.
    """

    def __init__(self, explorer, salt, controls):
        self.explorer, self.controls = explorer, controls
        figure, self.axes = explorer.stage()
        self.width, self.height = figure.bbox.width / len(self.axes), figure.bbox.height
        named = enumerate(ready(self.axes))
        self.panels = [Panel(ax, f"{salt}-{k}", self.height) for k, ax in named]
        self.handles, self.places = [], {}

    def marks(self, parameters):
        """The pieces of each panel at a position, and its handles: panel, controls and place."""
        self.explorer.draw(ready(self.axes), **parameters)
        drawn, self.handles = [], []
        for k, panel in enumerate(self.panels):
            drawn.append([])
            for pieces, place, name in panel.marks():
                drawn[-1] += pieces
                moves = self._moves(name)
                if moves:
                    self.handles.append((k, moves, place))
        return drawn, self.handles

    def _moves(self, name):
        """By number, which of the controls a mark of this name moves, if it moves any."""
        if not name.startswith("drag:"):
            return []
        wanted = name.removeprefix("drag:").split(",")
        return [k for k, control in enumerate(self.controls) if control.name in wanted]

    def nearest(self, handle, x, y, parameters):
        """The position at which a handle is nearest to a place, only its own controls moved."""
        _, moves, _ = self.handles[handle]
        controls = [self.controls[k] for k in moves]
        names = [control.name for control in controls]
        others = tuple(value for name, value in parameters.items() if name not in names)
        if (handle, others) not in self.places:
            grids = itertools.product(*(control.values for control in controls))
            found = [parameters | dict(zip(names, values, strict=True)) for values in grids]
            self.places[handle, others] = [(p, self.marks(p)[1][handle][2]) for p in found]
        return min(self.places[handle, others], key=lambda at: math.dist(at[1], (x, y)))[0]

    def html(self, marks, handles):
        """The panels side by side, or one below the other where there is little room."""
        windows = [
            f'<svg viewBox="{k * self.width:g} 0 {self.width:g} {self.height:g}" '
            'style="flex: 1 1 15rem; min-width: 0; font-family: sans-serif">'
            f'<g class="explorer-stage">{panel.stage}</g>'
            f'<g class="explorer-marks">{as_svg(pieces)}</g>'
            f"{''.join(_handle(*handle) for on, *handle in handles if on == k)}</svg>"
            for k, (panel, pieces) in enumerate(zip(self.panels, marks, strict=True))
        ]
        across = self.width * len(windows) / 12
        return (
            f'<div style="display: flex; flex-wrap: wrap; max-width: {across:.0f}rem">'
            f"{''.join(windows)}</div>"
        )


def _handle(moves, place):
    """What the pointer takes hold of: the small circle is seen, the large one is felt."""
    names, (x, y) = " ".join(map(str, moves)), place
    return (
        f'<g class="explorer-handle" aria-hidden="true" data-moves="{names}" '
        f'transform="translate({x:g} {y:g})"><circle r="18"/><circle r="10"/></g>'
    )


def split(marks):
    """For each panel, the pieces of text; and the numbers between them, of all panels."""
    pieces, between = [], []
    for panel in marks:
        pieces.append([""])
        for piece in panel:
            if isinstance(piece, str):
                pieces[-1][-1] += piece
            else:
                between.append(piece)
                pieces[-1].append("")
    return pieces, between


def as_svg(pieces):
    """The pieces put together."""
    return "".join(piece if isinstance(piece, str) else f"{piece:.9g}" for piece in pieces)


def legend_html(keys, salt):
    """A list of what the lines and marks are, each behind a short piece of it."""
    items = "".join(
        '<li style="display: flex; align-items: center; gap: 0.4rem">'
        f"{_swatch(key, f'{salt}-key-{k}')}<span>{as_html(key.text)}</span></li>"
        for k, key in enumerate(keys)
    )
    return (
        '<ul class="explorer-legend" style="display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; '
        f'list-style: none; margin: 0.3rem 0; padding: 0">{items}</ul>'
        if keys
        else ""
    )


def printout_html(pieces, mark="<mark>"):
    """A printout in its pieces, with those that have changed marked."""
    texts = ((html.escape(text, quote=False), is_changed) for text, is_changed in pieces)
    return "".join(f"{mark}{text}</mark>" if is_changed else text for text, is_changed in texts)


def _swatch(key, salt):
    """A short line with its mark in the middle, or a patch where a key has neither."""
    from matplotlib.lines import Line2D

    from lmmteach.widgets.pen import Pen

    style = {"ls": "-", "lw": 9, "alpha": 0.5, "solid_capstyle": "butt"}
    if key.line or key.marker:
        style = {"ls": key.line or "none", "lw": 2.2, "marker": key.marker or "none"}
    face = "none" if key.hollow else key.color
    line = Line2D(
        [1, 14, 27], [6, 6, 6], color=key.color, markevery=[1], ms=7, mew=1.6, mfc=face, **style
    )
    return (
        '<svg viewBox="0 0 28 12" width="28" height="12" aria-hidden="true" style="flex: none">'
        f"{as_svg(Pen(12, salt).drawn(line)[0])}</svg>"
    )
