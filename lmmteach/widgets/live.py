"""The explorer in a running notebook: real widgets, drawn anew from the real functions."""

import html
from uuid import uuid4

from lmmteach.widgets.picture import as_svg


def live_view(explorer):
    """The explorer as an ipywidgets box; its sliders open once a prediction is made or skipped."""
    import ipywidgets as w

    question = explorer.question
    options = w.RadioButtons(
        options=list(question.options), index=None, layout=w.Layout(width="max-content")
    )
    commit = w.Button(description="This is my prediction", layout=w.Layout(width="max-content"))
    skip = w.Button(description="Show me without guessing", layout=w.Layout(width="max-content"))
    verdict, picture, readout = w.HTML(), w.HTML(), w.HTML()
    sliders = [
        w.SelectionSlider(
            options=[(control.text(value), value) for value in control.values],
            value=control.values[control.start],
            description=control.label,
            disabled=True,
            style={"description_width": "initial"},
            layout=w.Layout(width="95%"),
        )
        for control in explorer.controls
    ]
    names = [control.name for control in explorer.controls]
    # JupyterLab keeps all open notebooks in one page; a picture may refer to its own parts only.
    salt = f"{explorer.name}-{uuid4().hex[:8]}"

    def show(_=None):
        parameters = {name: s.value for name, s in zip(names, sliders, strict=True)}
        picture.value = as_svg(explorer.draw(**parameters), salt)
        readout.value = f'<p role="status">{html.escape(explorer.readout(parameters))}</p>'

    def open_sliders(button):
        if button is commit:
            if options.index is None:
                verdict.value = "Choose one of the options first."
                return
            right = options.index == question.right
            verdict.value = html.escape(("Yes. " if right else "No. ") + question.why)
        for widget in (options, commit, skip):
            widget.disabled = True
        for widget in (*sliders, *presets):
            widget.disabled = False

    def jump_to(jump):
        def jump_there(_):
            for name, slider in zip(names, sliders, strict=True):
                slider.value = jump[name]

        return jump_there

    presets = []
    for label, jump in explorer.presets:
        button = w.Button(description=label, disabled=True, layout=w.Layout(width="max-content"))
        button.on_click(jump_to(jump))
        presets.append(button)
    for button in (commit, skip):
        button.on_click(open_sliders)
    for slider in sliders:
        slider.observe(show, "value")
    show()
    heading = w.HTML(f"<b>{html.escape(explorer.title)}</b>")
    prompt = w.HTML(f"Predict first: {html.escape(question.text)}")
    rows = [heading, prompt, options, w.HBox([commit, skip]), verdict, *sliders]
    return w.VBox(
        [*rows, w.HBox(presets), picture, readout] if presets else [*rows, picture, readout]
    )
