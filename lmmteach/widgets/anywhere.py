"""The explorer on the built page, at any value: what a kernel in the browser draws for it.

The stage stands on the page already; the marks are drawn by the code that drew the page's frames.
"""

import json
import math

from lmmteach._typeset import as_html, as_spoken
from lmmteach.widgets import EXPLORERS
from lmmteach.widgets.picture import printout_html, split
from lmmteach.widgets.static import view


def picture_at(explorer, given):
    """The picture at a place between the frames, and what is said of it.

    Parameters
    ----------
    explorer : Explorer
    given : for each control, also those of the live form, ``{"at": number of the position}``, or
        ``{"value": number}`` where the control has a step

    Returns
    -------
    picture : dict with the pieces of each panel, the numbers between them and the places of the
        handles; the readout and the printout as HTML; all in words; the text of each control

    Raises
    ------
    ValueError
        if a number is not among those that its control can take; it says which are.
    """
    controls = (*explorer.controls, *explorer.live_controls)
    chosen = [value_of(control, one) for control, one in zip(controls, given, strict=True)]
    parameters = {control.name: value for control, value in zip(controls, chosen, strict=True)}
    marks, handles = view(explorer).marks(parameters)
    pieces, between = split(marks)
    readout = explorer.readout(parameters)
    where = ", ".join(f"{c.label} {c.text(parameters[c.name])}" for c in controls)
    texts = [control.text(value) for control, value in zip(controls, chosen, strict=True)]
    return {
        "pieces": pieces,
        "between": between,
        "handles": [place for *_, place in handles],
        "readout": as_html(readout),
        "spoken": as_spoken(f"{where}: {readout}"),
        "texts": [as_html(text) for text in texts],
        "spoken_texts": [as_spoken(text) for text in texts],
        "printed": printout_html(explorer.printed(**parameters)) if explorer.printed else None,
    }


def value_of(control, given):
    """The value that is asked for; one that is a position is the very value of that position."""
    if "at" in given:
        return control.values[given["at"]]
    value, ends = given["value"], [v for v in control.values if math.isfinite(v)]
    low, high = ends[0], ends[-1]
    step = 0 if control.step == "any" else int(control.step)
    if not low <= value <= high or (step and (value - low) % step):
        between = f"from {control.text(low)} to {control.text(high)}"
        kind = {0: "a number", 1: "a whole number"}.get(step, f"a number in steps of {step}")
        raise ValueError(f"For {control.label}, give {kind} {between}.")
    return int(value) if step else value


def picture_json(name, given):
    """``picture_at`` for the page: JSON of the picture, or of ``{"problem": what is wrong}``."""
    (explorer,) = [each for each in EXPLORERS if each.name == name]
    try:
        picture = picture_at(explorer, json.loads(given))
    except ValueError as error:
        picture = {"problem": as_html(str(error))}
    return json.dumps(picture, ensure_ascii=False)
