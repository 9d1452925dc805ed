"""The explorer on the built page: frames drawn beforehand, native controls, no kernel."""

import html
import json
import math
import os
from functools import cache

from lmmteach._typeset import as_html, as_spoken
from lmmteach.widgets.picture import View, as_svg, legend_html, printout_html

# Set by the book's build for the kernels that it starts.
SWITCH = "LMMTEACH_STATIC"


def is_static():
    """True where the book is being built."""
    return os.environ.get(SWITCH) == "1"


@cache
def view(explorer):
    """The stage on which all frames of an explorer are drawn."""
    return View(explorer, explorer.name, explorer.controls)


@cache
def frames(explorer):
    """What the page shows at each position, and what it says to whoever listens."""
    return [frame_at(explorer, parameters) for parameters in explorer.positions]


def frame_at(explorer, parameters):
    """The same at one position."""
    marks, handles = view(explorer).marks(parameters)
    readout = explorer.readout(parameters)
    return {
        "marks": marks,
        "handles": handles,
        "readout": as_html(readout),
        "spoken": as_spoken(f"{explorer.where(parameters)}: {readout}"),
    }


def static_html(explorer, is_open=False):
    """The explorer as HTML with all its frames.

    Until a prediction is made, only numbers stand. What is open from the start asks for none.
    """
    drawn = frames(explorer)
    start = drawn[explorer.positions.index(explorer.start)]
    where, numbers = explorer.where(explorer.start), explorer.numbers(explorer.start)
    pieces, moving = packed(explorer)
    printed = _printed(explorer, explorer.start)
    data = {
        "name": explorer.name,
        "pieces": pieces,
        "frames": [
            {
                "between": values,
                "handles": [place for *_, place in frame["handles"]],
                "readout": frame["readout"],
                "spoken": frame["spoken"],
                **_printed(explorer, parameters),
            }
            for values, frame, parameters in zip(moving, drawn, explorer.positions, strict=True)
        ],
        "controls": _ranges(explorer),
        "sizes": [len(control.values) for control in explorer.controls],
        "labels": [[as_html(c.text(value)) for value in c.values] for c in explorer.controls],
        "spoken": [[as_spoken(c.text(value)) for value in c.values] for c in explorer.controls],
        "right": explorer.question.right,
        "verdicts": [as_html(verdict) for verdict in explorer.verdicts],
    }
    # "</" would end the script element.
    payload = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return "".join(
        [
            f'<section class="explorer" id="explorer-{explorer.name}" ',
            f'aria-labelledby="{explorer.name}-title"{" data-open" if is_open else ""}>',
            f'<p class="explorer-title" id="{explorer.name}-title">{as_html(explorer.title)}</p>',
            "" if is_open else _question(explorer),
            _controls(explorer),
            '<div class="explorer-sheet"><div><div class="explorer-frame" role="img" ',
            f'aria-label="{_spoken(f"{where}: {numbers}")}">',
            view(explorer).html(start["marks"], start["handles"]),
            f"</div>{legend_html(explorer.legend, explorer.name)}</div>",
            *(f'<pre class="explorer-printout">{text}</pre>' for text in printed.values()),
            "</div>",
            f'<p class="explorer-readout" role="status">{as_html(numbers)}</p>',
            _without_scripts(explorer, is_open),
            f'<script type="application/json">{payload}</script>',
            "</section>",
        ]
    )


def packed(explorer):
    """What the pictures have in common, for each panel, and for each picture what lies between.

    The numbers of a picture, and the few words that change, stand between the pieces of text.
    """
    drawn = frames(explorer)
    for frame, parameters in zip(drawn, explorer.positions, strict=True):
        if kinds_of(frame) != kinds_of(drawn[0]):
            raise ValueError(
                f"explorer {explorer.name}: at {parameters} it has other marks than at "
                f"{explorer.positions[0]}. Draw the same marks, each with as many vertices, at "
                "every position, and with alpha=0 what shall not be seen."
            )
    shared, moving = [], [[] for _ in drawn]
    for panels in zip(*(frame["marks"] for frame in drawn), strict=True):
        shared.append([""])
        for values in zip(*panels, strict=True):
            if len(set(values)) == 1:
                shared[-1][-1] += as_svg(values[:1])
                continue
            shared[-1].append("")
            for between, value in zip(moving, values, strict=True):
                between.append(value)
    return shared, moving


def _ranges(explorer):
    """What values each control can take where a kernel draws; also those of the live form."""
    return [
        {
            "name": control.name,
            "label": as_html(control.label),
            "spoken": as_spoken(control.label),
            # There is no infinity in JSON.
            "values": [value if math.isfinite(value) else None for value in control.values]
            if control.step
            else list(range(len(control.values))),
            "step": control.step,
            "start": control.start,
        }
        for control in (*explorer.controls, *explorer.live_controls)
    ]


def kinds_of(frame):
    """The kinds of marks in a picture: what must be the same in all of them."""
    marks = [[type(piece) for piece in panel] for panel in frame["marks"]]
    return marks, [handle[:2] for handle in frame["handles"]]


def _printed(explorer, parameters):
    """The printout of a position, where an explorer has one."""
    return {"printed": printout_html(explorer.printed(**parameters))} if explorer.printed else {}


def _spoken(text):
    """Words for a screen reader, as they stand in an attribute."""
    return html.escape(as_spoken(text))


def _question(explorer):
    options = "".join(
        f'<label><input type="radio" name="{explorer.name}-option" value="{k}"> '
        f"<span>{as_html(option)}</span></label>"
        for k, option in enumerate(explorer.question.options)
    )
    return (
        '<fieldset class="explorer-question"><legend>Predict first: '
        f"{as_html(explorer.question.text)}</legend>{options}"
        '<div class="explorer-buttons">'
        '<button type="button" class="explorer-commit" disabled>This is my prediction</button>'
        '<button type="button" class="explorer-skip">Show me without guessing</button>'
        '</div></fieldset><p class="explorer-verdict" role="status"></p>'
    )


def _controls(explorer):
    parts = ['<div class="explorer-controls">']
    for control in explorer.controls:
        name, value = f"{explorer.name}-{control.name}", control.text(control.values[control.start])
        # The value stands outside the label, which would else be the label of the value.
        parts.append(
            f'<p><label for="{name}">{as_html(control.label)}</label> '
            f'<output for="{name}" aria-live="off">{as_html(value)}</output>'
            f'<input type="range" id="{name}" min="0" max="{len(control.values) - 1}" step="1" '
            f'value="{control.start}" aria-label="{_spoken(control.label)}" '
            f'aria-valuetext="{_spoken(value)}" disabled></p>'
        )
    for label, jump in explorer.presets:
        at = [control.values.index(jump[control.name]) for control in explorer.controls]
        parts.append(
            f'<button type="button" class="explorer-preset" data-at="{json.dumps(at)}" disabled>'
            f"{as_html(label)}</button>"
        )
    return "".join([*parts, "</div>"])


def _without_scripts(explorer, is_open):
    """The answer and a table in place of the sliders, behind a summary to be opened."""
    rows = "".join(
        f"<tr><td>{as_html(explorer.where(p))}</td><td>{as_html(explorer.readout(p))}</td></tr>"
        for p in explorer.samples()
    )
    summary, why = "The answer, and what the sliders would show", explorer.question.why
    if is_open:
        summary, why = "What the sliders would show", ""
    return (
        f'<noscript><details class="explorer-answer"><summary>{summary}</summary>'
        f"<p>{as_html(why)}</p>"
        '<table><thead><tr><th scope="col">Position</th>'
        f'<th scope="col">Readout</th></tr></thead><tbody>{rows}</tbody></table>'
        "</details></noscript>"
    )
