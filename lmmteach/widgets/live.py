"""The explorer in a running notebook: real widgets, drawn anew from the real functions."""

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from lmmteach._typeset import as_html, as_plain
from lmmteach.widgets.picture import View, legend_html, printout_html, split

# Widgets take the tag of a subscript out of a label.
SUBSCRIPT = r'<span style="font-size: 0.75em; vertical-align: sub">\1</span>'
MARK = '<mark style="background: none; color: #0072b2; color: var(--between, #0072b2)">'


def still_picture(view):
    """A widget for the picture, what shows marks in it, and what lets its handles be pulled."""
    from ipywidgets import HTML

    widget = HTML()

    def show(marks, handles):
        widget.value = view.html(marks, ())

    def unlock():
        """There are no handles."""

    return widget, show, unlock


def gliding_picture(view, pull):
    """The same where anywidget is installed: the picture glides, and its handles can be pulled."""
    widget = picture_widget()(stage=view.html(*view.marks(view.explorer.start)))

    def show(marks, handles):
        pieces, between = split(marks)
        places = [place for *_, place in handles]
        widget.picture = {"pieces": pieces, "between": between, "handles": places}

    def unlock():
        widget.unlocked = True

    def pulled(_, place, __):
        pull(*place)
        widget.send("ready for the next")

    widget.on_msg(pulled)
    return widget, show, unlock


@cache
def picture_widget():
    """The class of the gliding picture's widget."""
    from anywidget import AnyWidget
    from traitlets import Bool, Dict, Unicode

    folder = Path(__file__).parent
    script, live, style = (
        (folder / name).read_text(encoding="utf-8")
        for name in ("picture.js", "live.js", "picture.css")
    )

    class Picture(AnyWidget):
        _esm, _css = script + live, style
        stage = Unicode().tag(sync=True)
        picture = Dict().tag(sync=True)
        unlocked = Bool(False).tag(sync=True)

    return Picture


def live_view(explorer):
    """The explorer as an ipywidgets box; its sliders open once a prediction is made or skipped."""
    import ipywidgets as w

    question = explorer.question
    options = w.RadioButtons(
        options=[as_plain(option) for option in question.options],
        index=None,
        layout=w.Layout(width="max-content"),
    )
    commit = w.Button(description="This is my prediction", layout=w.Layout(width="max-content"))
    skip = w.Button(description="Show me without guessing", layout=w.Layout(width="max-content"))
    verdict, printout, readout = w.HTML(), w.HTML(), w.HTML()
    controls = (*explorer.controls, *explorer.live_controls)
    sliders = [
        w.SelectionSlider(
            options=[(as_plain(control.text(value)), value) for value in control.values],
            value=control.values[control.start],
            description=re.sub("<sub>(.*?)</sub>", SUBSCRIPT, as_html(control.label)),
            description_allow_html=True,
            disabled=True,
            style={"description_width": "initial"},
            layout=w.Layout(width="95%"),
        )
        for control in controls
    ]
    names = [control.name for control in controls]
    # JupyterLab keeps all open notebooks in one page; a picture may refer to its own parts only.
    salt = f"{explorer.name}-{uuid4().hex[:8]}"
    view = View(explorer, salt, controls)

    def current():
        return {name: slider.value for name, slider in zip(names, sliders, strict=True)}

    def show(_=None):
        parameters = current()
        show_picture(*view.marks(parameters))
        if explorer.printed:
            pieces = printout_html(explorer.printed(**parameters), MARK)
            printout.value = f'<pre style="line-height: 1.3">{pieces}</pre>'
        say(parameters)

    def say(parameters):
        # While the options are open, nothing that would answer them is said.
        said = explorer.readout if options.disabled else explorer.numbers
        readout.value = f'<p role="status">{as_html(said(parameters))}</p>'

    def open_sliders(button):
        if button is commit and options.index is None:
            verdict.value = "Choose one of the options first."
            return
        to_right, to_wrong, to_none = explorer.verdicts
        predicted = to_right if options.index == question.right else to_wrong
        verdict.value = as_html(predicted if button is commit else to_none)
        for widget in (options, commit, skip):
            widget.disabled = True
        say(current())
        unlock()
        # Nothing is drawn, so that the first move need not wait for it.
        for widget in (*sliders, *presets):
            widget.disabled = False

    def move(parameters):
        # One redraw, also where two sliders move.
        for name, slider in zip(names, sliders, strict=True):
            slider.unobserve(show, "value")
            slider.value = parameters.get(name, slider.value)
            slider.observe(show, "value")
        show()

    def pull(handle, x, y):
        move(view.nearest(handle, x, y, current()))

    presets = []
    for label, jump in explorer.presets:
        button = w.Button(
            description=as_plain(label), disabled=True, layout=w.Layout(width="max-content")
        )
        button.on_click(lambda _, jump=jump: move(jump))
        presets.append(button)
    for button in (commit, skip):
        button.on_click(open_sliders)
    for slider in sliders:
        slider.observe(show, "value")
    gliding = find_spec("anywidget") is not None
    picture, show_picture, unlock = gliding_picture(view, pull) if gliding else still_picture(view)
    show()
    heading = w.HTML(f"<b>{as_html(explorer.title)}</b>")
    prompt = w.HTML(f"Predict first: {as_html(question.text)}")
    rows = [heading, prompt, options, w.HBox([commit, skip]), verdict, *sliders]
    if presets:
        rows.append(w.HBox(presets))
    rows.append(picture)
    if explorer.legend:
        rows.append(w.HTML(legend_html(explorer.legend, salt)))
    if explorer.printed:
        rows.append(printout)
    return w.VBox([*rows, readout])
