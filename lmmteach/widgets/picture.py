"""Pictures that are drawn again and again: light to draw, and in the colours of the page."""

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


class View:
    """A stage, made and drawn once, on which the marks of an explorer are drawn again and again.

    What a view draws is a list of pieces for each panel: text of SVG, and numbers, by which the
    marks of one position differ from those of another. ``salt`` tells the names in this picture
    from those in others on the page, and ``controls`` are those that there are.
    """

    def __init__(self, explorer, salt, controls):
        from lmmteach.widgets.pen import Pen

        self.explorer, self.controls, self.places = explorer, controls, {}
        figure, axes = explorer.stage()
        self.axes = ready(axes)
        self.width, self.height = figure.bbox.width / len(self.axes), figure.bbox.height
        self.pens = [Pen(self.height, f"{salt}-{k}") for k in range(len(self.axes))]
        self.stages = []
        for ax, pen in zip(self.axes, self.pens, strict=True):
            pieces, _ = pen.drawn(ax)
            (left, low), (right, high) = ax.bbox.get_points()
            self.stages.append(
                f'<clipPath id="{pen.clip}"><rect x="{left:g}" y="{self.height - high:g}" '
                f'width="{right - left:g}" height="{high - low:g}"/></clipPath>{as_svg(pieces)}'
            )
        self.kept = [(set(ax.get_children()), pen.markers) for ax, pen in self._panels()]

    def _panels(self):
        return zip(self.axes, self.pens, strict=True)

    def marks(self, parameters):
        """The pieces of each panel at a position, and its handles: panel, controls and place."""
        self.explorer.draw(ready(self.axes), **parameters)
        panels, handles = [], []
        for k, ((ax, pen), (stage, markers)) in enumerate(
            zip(self._panels(), self.kept, strict=True)
        ):
            panels.append([])
            pen.markers = markers
            added = [artist for artist in ax.get_children() if artist not in stage]
            for artist in sorted(added, key=lambda artist: artist.get_zorder()):
                pieces, place = pen.drawn(artist)
                panels[-1] += pieces
                moves = self._moves(artist.get_gid() or "")
                if moves:
                    handles.append((k, moves, place))
                artist.remove()
            ax.containers.clear()
        return panels, handles

    def _moves(self, gid):
        """Which of the controls, by number, a mark moves, if it moves any."""
        if not gid.startswith("drag:"):
            return []
        names = [control.name for control in self.controls]
        return [names.index(name) for name in gid.removeprefix("drag:").split(",") if name in names]

    def nearest(self, handle, x, y, parameters):
        """The position at which a handle is nearest to a place, only its own controls moved."""
        _, moves, _ = self.marks(parameters)[1][handle]
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
            f'<g class="explorer-stage">{stage}</g><g class="explorer-marks">{as_svg(pieces)}</g>'
            f"{''.join(self._handle(*rest) for panel, *rest in handles if panel == k)}</svg>"
            for k, (stage, pieces) in enumerate(zip(self.stages, marks, strict=True))
        ]
        across = self.width * len(windows) / 12
        return (
            f'<div style="display: flex; flex-wrap: wrap; max-width: {across:.0f}rem">'
            f"{''.join(windows)}</div>"
        )

    def _handle(self, moves, place):
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
    return "".join(piece if isinstance(piece, str) else f"{piece:g}" for piece in pieces)


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
