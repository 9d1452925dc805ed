"""Colours, fonts and lines that all pictures share."""

from contextlib import contextmanager

# Told apart by every kind of colour vision, and readable as text on white.
BETWEEN = "#0072B2"
WITHIN = "#B84E00"
NEUTRAL = "#555555"
# What has this colour takes that of the page's text in the book, light or dark.
INK = "#010101"


@contextmanager
def book_style():
    """Draw with the book's fonts and lines; leaves the reader's own settings as they were."""
    import matplotlib as mpl

    style = {
        "figure.dpi": 100,
        "savefig.dpi": 200,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        # Nothing but the figure itself lays a ground: the book's pages have their own.
        "axes.facecolor": "none",
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(style):
        yield
