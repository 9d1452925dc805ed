"""The explorer on the built page: frames drawn beforehand, native controls, no kernel."""

import html
import json
import os
from functools import cache

from lmmteach.widgets.picture import as_svg

# Set by the book's build for the kernels that it starts.
SWITCH = "LMMTEACH_STATIC"


def is_static():
    """True where the book is being built."""
    return os.environ.get(SWITCH) == "1"


@cache
def frames(explorer):
    """What the page shows at each position: picture, readout, and the position in words."""
    return [
        {
            "svg": as_svg(explorer.draw(**parameters), explorer.name),
            "readout": explorer.readout(parameters),
            "where": explorer.where(parameters),
        }
        for parameters in explorer.positions
    ]


def static_html(explorer):
    """The explorer as HTML with all its frames."""
    drawn = frames(explorer)
    start = explorer.positions.index(explorer.start)
    pieces, packed = _packed([frame["svg"] for frame in drawn])
    data = {
        "pieces": pieces,
        "frames": [frame | {"svg": lines} for frame, lines in zip(drawn, packed, strict=True)],
        "sizes": [len(control.values) for control in explorer.controls],
        "labels": [[c.text(value) for value in c.values] for c in explorer.controls],
        "right": explorer.question.right,
        "why": explorer.question.why,
    }
    # "</" would end the script element.
    payload = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    return "".join(
        [
            f'<section class="explorer" id="explorer-{explorer.name}" ',
            f'aria-labelledby="{explorer.name}-title">',
            f'<p class="explorer-title" id="{explorer.name}-title">{_(explorer.title)}</p>',
            _question(explorer),
            '<p class="explorer-verdict" role="status"></p>',
            _controls(explorer),
            f'<div class="explorer-frame" role="img" aria-label="{_(drawn[start]["where"])}: ',
            f'{_(drawn[start]["readout"])}">{drawn[start]["svg"]}</div>',
            f'<p class="explorer-readout" role="status">{_(drawn[start]["readout"])}</p>',
            _table(explorer),
            f'<script type="application/json">{payload}</script>',
            "</section>",
        ]
    )


def _packed(pictures):
    """Most lines of a picture stand in the others too: each line once, and each picture's lines."""
    number = {}
    packed = [
        [number.setdefault(line, len(number)) for line in svg.split("\n")] for svg in pictures
    ]
    return list(number), packed


def _(text):
    return html.escape(text)


def _question(explorer):
    options = "".join(
        f'<label><input type="radio" name="{explorer.name}-option" value="{k}"> {_(option)}</label>'
        for k, option in enumerate(explorer.question.options)
    )
    return (
        f'<fieldset class="explorer-question"><legend>Predict first: {_(explorer.question.text)}'
        f'</legend>{options}<div class="explorer-buttons">'
        '<button type="button" class="explorer-commit" disabled>This is my prediction</button>'
        '<button type="button" class="explorer-skip">Show me without guessing</button>'
        "</div></fieldset>"
    )


def _controls(explorer):
    parts = ['<div class="explorer-controls">']
    for control in explorer.controls:
        value = control.text(control.values[control.start])
        parts.append(
            f'<label>{_(control.label)} <output>{_(value)}</output><input type="range" min="0" '
            f'max="{len(control.values) - 1}" step="1" value="{control.start}" '
            f'aria-valuetext="{_(value)}" disabled></label>'
        )
    for label, jump in explorer.presets:
        at = [control.values.index(jump[control.name]) for control in explorer.controls]
        parts.append(
            f'<button type="button" class="explorer-preset" data-at="{json.dumps(at)}" disabled>'
            f"{_(label)}</button>"
        )
    return "".join([*parts, "</div>"])


def _table(explorer):
    rows = "".join(
        f"<tr><td>{_(explorer.where(p))}</td><td>{_(explorer.readout(p))}</td></tr>"
        for p in explorer.samples()
    )
    return (
        '<table class="explorer-table"><thead><tr><th scope="col">Position</th>'
        f'<th scope="col">Readout</th></tr></thead><tbody>{rows}</tbody></table>'
    )
