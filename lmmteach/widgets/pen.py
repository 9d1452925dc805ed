"""A matplotlib renderer that writes SVG for the page: as pieces of text, and numbers between them.

Each mark is written with all its vertices, nothing simplified or left out at the edges. So two
pictures of the same marks have the same pieces, and the page can glide from one to the other.
"""

import html

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from lmmteach._typeset import svg_text
from lmmteach.plots.style import BETWEEN, INK, NEUTRAL, WITHIN

# On a dark page the text is light, and so are these two.
COLORS = {
    INK: "currentColor",
    NEUTRAL.lower(): "currentColor",
    BETWEEN.lower(): f"var(--between, {BETWEEN.lower()})",
    WITHIN.lower(): f"var(--within, {WITHIN.lower()})",
}
# The letter of a segment, and how many points it has.
SEGMENTS = {
    Path.MOVETO: ("M", 1),
    Path.LINETO: ("L", 1),
    Path.CURVE3: ("Q", 2),
    Path.CURVE4: ("C", 3),
    Path.CLOSEPOLY: ("Z", 0),
}
ANCHORS = {"left": ("start", 0.0), "center": ("middle", 0.5), "right": ("end", 1.0)}


class Pen(RendererBase):
    """Draws on one panel; ``clip`` names what cuts marks off at the edges of its axes."""

    def __init__(self, height, clip):
        super().__init__()
        self.height, self.clip = height, clip
        self.pieces, self.corners, self.markers = [], [], 0

    def drawn(self, artist):
        """The pieces of an artist, and the middle of the box in which its vertices lie."""
        self.pieces, self.corners = [], []
        artist.draw(self)
        if not self.corners:
            return self.pieces, None
        corners = np.concatenate(self.corners)
        middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
        return self.pieces, (np.round(middle, 2) + 0.0).tolist()

    def draw_path(self, gc, path, transform, rgbFace=None):
        self._write('<path d="')
        self._outline(path, self._downwards(transform))
        self._write(f'"{self._clipped(gc)}')
        self._style(gc, rgbFace)
        self._write("/>")

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        # An SVG marker at each vertex of a path that is not seen itself. Its last point stands
        # twice, so that a path of one point has a beginning and an end.
        name = f"{self.clip}-{self.markers}"
        self.markers += 1
        self._write(
            f'<marker id="{name}" markerUnits="userSpaceOnUse" overflow="visible"><path d="'
        )
        corners = len(self.corners)
        self._outline(marker_path, marker_trans + Affine2D().scale(1, -1))
        del self.corners[corners:]
        self._write('"')
        self._style(gc, rgbFace)
        self._write('/></marker><path d="')
        self._outline(Path(path.vertices), self._downwards(trans))
        self._write(
            f'h0"{self._clipped(gc)} style="fill: none; marker-start: url(#{name}); '
            f'marker-mid: url(#{name})"/>'
        )

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        # matplotlib says where its own font would begin; the page's font has other widths.
        anchor, share = ANCHORS[mtext.get_ha() if mtext else "left"]
        width = share * self.get_text_width_height_descent(s, prop, ismath)[0]
        turn = np.radians(angle)
        x, y = float(x + width * np.cos(turn)), float(y - width * np.sin(turn))
        self.corners.append([[x, y]])
        self._write('<text transform="translate(', x, " ", y, f') rotate({-angle:g})"')
        self._write(f'{self._clipped(gc)} style="font-size: ', prop.get_size_in_points(), "px; ")
        if prop.get_weight() != "normal":
            self._write(f"font-weight: {prop.get_weight()}; ")
        if prop.get_family() == ["monospace"]:
            self._write("font-family: monospace; white-space: pre; ")
        self._write(f"text-anchor: {anchor}; fill: {color_of(gc.get_rgb())}; fill-opacity: ")
        self._write(
            opacity_of(gc, gc.get_rgb()), '">', svg_text(html.escape(s, quote=False)), "</text>"
        )

    def flipy(self):
        return True

    def get_canvas_width_height(self):
        return self.height, self.height

    def _downwards(self, transform):
        return transform + Affine2D().scale(1, -1).translate(0, self.height)

    def _write(self, *pieces):
        # Nothing is written as −0.
        self.pieces += [p if isinstance(p, str) else round(p, 2) + 0.0 for p in pieces]

    def _outline(self, path, transform):
        cleaned = path.cleaned(transform, remove_nans=True, simplify=False, curves=True)
        self.corners.append(cleaned.vertices[:-1])
        points = iter((np.round(cleaned.vertices, 2) + 0.0).tolist())
        codes = iter(cleaned.codes.tolist())
        for code in codes:
            if code == Path.STOP:
                return
            letter, count = SEGMENTS[code]
            for k in range(count):
                x, y = next(points)
                self.pieces += [" " if k else letter, x, " ", y]
                if k:
                    next(codes)
            if not count:
                next(points)
                self.pieces.append(letter)

    def _style(self, gc, face):
        fill, share = ("none", 0.0) if face is None else (color_of(face), opacity_of(gc, face))
        self._write(' style="fill: ', fill, "; fill-opacity: ", share)
        color = gc.get_rgb()
        self._write("; stroke: ", color_of(color), "; stroke-opacity: ", opacity_of(gc, color))
        self._write("; stroke-width: ", float(gc.get_linewidth()))
        offset, dashes = gc.get_dashes()
        if dashes is not None:
            shown = " ".join(f"{length:.3g}" for length in dashes)
            self._write(f"; stroke-dasharray: {shown}; stroke-dashoffset: {offset:g}")
        cap = gc.get_capstyle().replace("projecting", "square")
        self._write(f'; stroke-linecap: {cap}; stroke-linejoin: {gc.get_joinstyle()}"')

    def _clipped(self, gc):
        return "" if gc.get_clip_rectangle() is None else f' clip-path="url(#{self.clip})"'


def color_of(rgb):
    """A colour as the page has it."""
    name = to_hex(rgb)
    return COLORS.get(name, name)


def opacity_of(gc, color):
    """What a colour lets through from below, 0 for all and 1 for nothing."""
    if gc.get_forced_alpha():
        return float(gc.get_alpha())
    return float(color[3]) if len(color) == 4 else 1.0
