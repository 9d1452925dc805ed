"""The explorers: every position draws and reads, live and static say the same as the package."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from scipy.stats import chi2, ncf, norm
from scipy.stats import f as f_law
from scipy.stats import t as student

from lmmteach import (
    blup,
    covariance,
    diagnostics,
    likelihood,
    lmm,
    load_data,
    model,
    prediction,
    profile,
    reml,
    testing,
)
from lmmteach._typeset import as_html, as_plain
from lmmteach.plots.style import BETWEEN
from lmmteach.widgets import (
    EXPLORERS,
    Control,
    Explorer,
    Key,
    Question,
    degrees_of_freedom,
    live,
)
from lmmteach.widgets.live import live_view
from lmmteach.widgets.picture import View, as_svg, new_figure, ready
from lmmteach.widgets.reml import estimates, means_and_errors
from lmmteach.widgets.static import SWITCH, frames, packed, static_html
from lmmteach.widgets.study import HALF, ML, REML, estrone
from lmmteach.widgets.testing import statistic

every = pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
by_name = {explorer.name: explorer for explorer in EXPLORERS}


def widgets_in(box, kind):
    found = [box] if type(box).__name__ == kind else []
    for child in getattr(box, "children", ()):
        found += widgets_in(child, kind)
    return found


def click(box, description):
    (button,) = [b for b in widgets_in(box, "Button") if b.description == description]
    button.click()


@every
def test_the_live_sliders_are_locked_until_a_prediction_is_made(explorer):
    box = live_view(explorer)
    sliders = widgets_in(box, "SelectionSlider")
    assert all(slider.disabled for slider in sliders)
    click(box, "This is my prediction")
    assert all(slider.disabled for slider in sliders)
    (options,) = widgets_in(box, "RadioButtons")
    options.index = explorer.question.right
    click(box, "This is my prediction")
    assert not any(slider.disabled for slider in sliders)
    assert f"Yes. {as_html(explorer.question.why)}" in said_in(box)


@every
def test_a_wrong_prediction_opens_too_and_gets_the_reason(explorer):
    box = live_view(explorer)
    (options,) = widgets_in(box, "RadioButtons")
    options.index = (explorer.question.right + 1) % len(explorer.question.options)
    click(box, "This is my prediction")
    assert not any(slider.disabled for slider in widgets_in(box, "SelectionSlider"))
    assert f"No. {as_html(explorer.question.why)}" in said_in(box)


@every
def test_whoever_does_not_want_to_guess_need_not_and_gets_the_reason(explorer):
    box = live_view(explorer)
    click(box, "Show me without guessing")
    assert not any(slider.disabled for slider in widgets_in(box, "SelectionSlider"))
    assert as_html(explorer.question.why) in said_in(box)


@every
def test_before_a_prediction_only_numbers_are_said(explorer):
    box = live_view(explorer)
    sentence = explorer.read(**explorer.start)[1]
    numbers = f'<p role="status">{as_html(explorer.numbers(explorer.start))}</p>'
    assert said_in(box)[-1] == numbers
    assert sentence not in numbers
    click(box, "Show me without guessing")
    assert said_in(box)[-1] == f'<p role="status">{as_html(explorer.readout(explorer.start))}</p>'


def test_no_panel_of_the_lineup_is_named_before_the_vote():
    words = re.compile(r"simulated\.|the real one\.")
    assert not words.search(" ".join(said_in(live_view(by_name["lineup"]))))
    page = static_html(by_name["lineup"])
    assert not words.search(re.sub(r"<(script|noscript).*?</\1>", "", page))
    assert words.search(page)


def test_two_views_of_an_explorer_have_no_name_in_common():
    one, other = (
        set(re.findall(r'id="([^"]+)"', "".join(said_in(live_view(by_name["profile"])))))
        for _ in range(2)
    )
    assert one
    assert one.isdisjoint(other)


def said_in(box):
    return [widget.value for widget in widgets_in(box, "HTML")]


def drive(name):
    """Move the live sliders of an explorer to every position; what the reader sees at each."""
    explorer = by_name[name]
    box = live_view(explorer)
    click(box, "Show me without guessing")
    readout = widgets_in(box, "HTML")[-1]
    seen = []
    for parameters in explorer.positions:
        move_to(box, explorer, parameters)
        seen.append((marks_in(box), readout.value))
    return seen


def marks_in(box):
    """The marks that a live picture shows, as SVG."""
    (picture,) = [widget.picture for widget in widgets_in(box, "Picture")]
    between = iter(picture["between"])
    return "".join(
        as_svg([first, *(piece for other in others for piece in (next(between), other))])
        for first, *others in picture["pieces"]
    )


def marks_of(explorer, parameters):
    marks, _ = View(explorer, "salt", explorer.controls).marks(parameters)
    return "".join(map(as_svg, marks))


def without_salt(svg):
    return re.sub(r"#[\w-]+?(?=-\d)|id=\"[\w-]+?(?=-\d)", "", re.sub("-[0-9a-f]{8}", "", svg))


@every
def test_the_live_picture_glides_where_anywidget_is_installed_and_stands_still_elsewhere(
    explorer, monkeypatch
):
    for parameters in (explorer.start, explorer.positions[-1]):
        expected = without_salt(marks_of(explorer, parameters))
        box = live_view(explorer)
        move_to(box, explorer, parameters)
        assert without_salt(marks_in(box)) == expected
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(live, "find_spec", lambda name: None)
            box = live_view(explorer)
        assert widgets_in(box, "Picture") == []
        move_to(box, explorer, parameters)
        (html,) = [text for text in said_in(box) if 'class="explorer-marks"' in text]
        marks = re.findall(r'<g class="explorer-marks">(.*?)</g></svg>', html)
        assert without_salt("".join(marks)) == expected


def move_to(box, explorer, parameters):
    sliders = widgets_in(box, "SelectionSlider")
    for slider, name in zip(sliders, explorer.start, strict=True):
        slider.value = parameters[name]


@every
def test_in_a_notebook_a_pull_leads_to_the_position_whose_handle_is_nearest(explorer):
    places = [frame["handles"] for frame in frames(explorer)]
    for number, (_, moves, _) in enumerate(places[0]):
        own = {explorer.controls[k].name for k in moves}
        reached = explorer.start | {n: v for n, v in explorer.positions[-1].items() if n in own}
        box = live_view(explorer)
        click(box, "Show me without guessing")
        (picture,) = widgets_in(box, "Picture")
        assert picture.unlocked
        *_, (x, y) = places[explorer.positions.index(reached)][number]
        picture._handle_custom_msg([number, x + 0.01, y], [])
        at = [slider.value for slider in widgets_in(box, "SelectionSlider")]
        assert at == list(reached.values())
        assert picture.picture["handles"][number] == [x, y]


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(
        extra_arguments=["--matplotlib=agg"], cwd=Path(__file__).parent
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.mark.slow
@every
def test_every_position_of_the_live_form_is_drawn_in_a_kernel(explorer, kernel):
    printed = []
    reply = kernel.execute_interactive(
        f"import json, test_widgets; print(json.dumps(test_widgets.drive({explorer.name!r})))",
        output_hook=lambda message: printed.append(message["content"]),
        timeout=240,
    )
    assert reply["content"]["status"] == "ok", reply["content"].get("traceback")
    seen = json.loads(
        "".join(content["text"] for content in printed if content.get("name") == "stdout")
    )
    assert len(seen) == len(explorer.positions)
    assert len({picture for picture, _ in seen}) == len(seen)
    for parameters, (picture, readout) in zip(explorer.positions, seen, strict=True):
        assert "<path" in picture
        assert readout == f'<p role="status">{as_html(explorer.readout(parameters))}</p>'


@every
def test_an_explorer_is_readable_as_plain_text(explorer):
    text = repr(explorer)
    for words in (explorer.title, explorer.question.text, *explorer.question.options):
        assert as_plain(words) in text
    assert as_plain(explorer.readout(explorer.start)) in text


UNDERSCORE = re.compile(r"\w_|_\w")


@every
def test_no_underscore_is_left_where_a_reader_looks_or_listens(explorer):
    page = static_html(explorer)
    data = json.loads(re.search(r"json\">(.*)</script>", page)[1])
    shown = re.sub(r"<script.*?</script>", "", page)
    heard = re.findall(r'(?:aria-label|aria-valuetext)="([^"]*)"', page)
    seen = [*data["verdicts"], *("".join(panel) for panel in data["pieces"])]
    seen += [text for texts in (*data["labels"], *data["spoken"]) for text in texts]
    seen += [frame[key] for frame in data["frames"] for key in ("readout", "spoken")]
    texts = [re.sub(r"<[^>]*>", "", text) for text in (shown, *seen)]
    box = live_view(explorer)
    click(box, "Show me without guessing")
    live = [widget.value for widget in widgets_in(box, "HTML")]
    live += [widget.description for widget in widgets_in(box, "SelectionSlider")]
    live += [widget.description for widget in widgets_in(box, "Button")]
    live += [text for widget in widgets_in(box, "RadioButtons") for text in widget.options]
    texts += [re.sub(r"<[^>]*>", "", text) for text in live]
    for text in (*texts, *heard, repr(explorer)):
        assert not UNDERSCORE.search(text), text


def test_a_slider_is_named_by_a_symbol_with_its_subscript():
    page = static_html(by_name["two-terms"])
    assert '<label for="two-terms-sigma2_b">σ<sub>b</sub>²</label>' in page
    assert 'aria-label="sigma b squared"' in page
    sliders = widgets_in(live_view(by_name["two-terms"]), "SelectionSlider")
    lowered = r'<span style="[^"]*vertical-align: sub">{}</span>²'
    for slider, letter in zip(sliders, "bε", strict=True):
        assert re.fullmatch(f"σ{lowered.format(letter)}", slider.description)
    assert all(slider.description_allow_html for slider in sliders)


@every
def test_presets_jump_to_positions_that_exist(explorer):
    for label, jump in explorer.presets:
        assert jump in explorer.positions
        box = live_view(explorer)
        click(box, "Show me without guessing")
        click(box, label)
        names = [control.name for control in (*explorer.controls, *explorer.live_controls)]
        at = {
            name: s.value for name, s in zip(names, widgets_in(box, "SelectionSlider"), strict=True)
        }
        assert at == jump


@every
def test_a_picture_has_no_colour_of_its_own_for_text(explorer):
    svg = picture_of(explorer, explorer.start)
    assert "currentColor" in svg
    assert "#010101" not in svg
    assert "<style" not in svg, "it would be a style of the whole page"
    assert svg == picture_of(explorer, explorer.start)


def picture_of(explorer, parameters):
    """The picture of a position, on a stage of its own."""
    view = View(explorer, explorer.name, explorer.controls)
    return view.html(*view.marks(parameters))


@every
def test_all_positions_have_the_same_marks_so_that_the_page_can_glide(explorer):
    pieces, moving = packed(explorer)
    before = [piece for panel in pieces for piece in panel[:-1]]
    for values in moving:
        for piece, value in zip(before, values, strict=True):
            # What is no number: words, and the paint of an area that can be clear.
            if isinstance(value, str):
                assert piece.endswith(('">', 'style="fill: ')), piece[-30:]


@every
def test_marks_leave_nothing_behind_on_the_stage(explorer):
    view = View(explorer, explorer.name, explorer.controls)
    first = view.marks(explorer.start)
    children = [ax.get_children() for ax in view.axes]
    for parameters in explorer.samples():
        view.marks(parameters)
    assert [ax.get_children() for ax in view.axes] == children
    assert view.marks(explorer.start) == first


@every
def test_a_handle_is_stored_where_its_mark_is_drawn(explorer):
    for frame in frames(explorer):
        for panel, moves, place in frame["handles"]:
            assert set(moves) <= set(range(len(explorer.controls)))
            outlines = re.findall(r' d="([^"]*)"', as_svg(frame["marks"][panel]))
            assert place in [middle(outline) for outline in outlines]


def middle(outline):
    """The middle of the box around the points of an SVG path."""
    numbers = np.array(re.findall(r"-?[\d.]+", outline.removesuffix("h0")), float).reshape(-1, 2)
    return pytest.approx((numbers.min(axis=0) + numbers.max(axis=0)) / 2, abs=0.006)


@every
def test_what_a_handle_moves_are_controls_of_the_explorer(explorer):
    for ax in explorer.figure(**explorer.start).axes:
        for artist in ax.get_children():
            name = artist.get_gid() or ""
            if name.startswith("drag:"):
                assert set(name.removeprefix("drag:").split(",")) <= set(explorer.start)


@every
def test_a_handle_can_be_pulled_to_every_position_of_its_controls(explorer):
    places = {}
    for parameters, frame in zip(explorer.positions, frames(explorer), strict=True):
        for k, (_, moves, place) in enumerate(frame["handles"]):
            own = [explorer.controls[move].name for move in moves]
            others = [value for name, value in parameters.items() if name not in own]
            places.setdefault((k, *others), []).append(place)
    for along in places.values():
        spread = np.ptp(along, axis=0)
        assert np.hypot(*spread) > 40, "it hardly moves"
        assert len(set(map(tuple, along))) == len(along)


def test_other_marks_at_another_position_are_refused_by_name():
    def draw(axes, x, y):
        axes[0].plot(range(x), range(x))

    with pytest.raises(ValueError, match=r"explorer small: at \{'x': 2, 'y': -1\}.*alpha=0"):
        packed(replace(small, draw=draw))


def test_the_legend_says_what_the_lines_are():
    page = static_html(small)
    legend = re.search(r'<ul class="explorer-legend".*?</ul>', page)[0]
    assert re.sub("<[^>]*>", "", legend) == "the lineσb², an area"
    assert legend.count('aria-hidden="true"') == 2
    assert f"var(--between, {BETWEEN.lower()})" in legend
    live = re.sub(r"small-[0-9a-f]{8}", "small", "".join(said_in(live_view(small))))
    assert legend in live


@every
def test_no_word_crosses_the_edge_of_its_panel(explorer):
    for parameters in explorer.samples():
        figure = explorer.figure(**parameters)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        columns = len(figure.axes)
        panel = figure.bbox.width / columns
        for k, ax in enumerate(figure.axes):
            for text in ax.findobj(Text):
                if text.get_visible() and text.get_text().strip():
                    box = text.get_window_extent(renderer)
                    assert k * panel <= box.x0, text.get_text()
                    assert box.x1 <= (k + 1) * panel, text.get_text()
                    assert figure.bbox.y0 <= box.y0, text.get_text()
                    assert box.y1 <= figure.bbox.y1, text.get_text()


def stage_square():
    figure, axes = new_figure()
    axes[0].set(xlim=(0, 3), ylim=(-1, 5))
    return figure, axes


def draw_square(axes, x, y):
    axes[0].plot([0, x], [0, y], color=BETWEEN)
    axes[0].plot(x, y, "o", gid="drag:x,y")


small = Explorer(
    "small",
    "A <small> one",
    stage_square,
    draw_square,
    lambda x, y: ({"product": f"{x * y}"}, "</script> is text here."),
    (
        Control("x", "x", (1, 2, 3), 1),
        Control("y", "y", (-1, 5), 0, ("minus one", "five")),
    ),
    Question("Which?", ("this", "that"), 1, "Because."),
    (("corner", {"x": 3, "y": 5}),),
    (Key("the line", BETWEEN, "-", "o"), Key("σ_b², an area", BETWEEN)),
)


def test_the_form_is_chosen_by_the_build(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    live = small._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == repr(small)
    monkeypatch.setenv(SWITCH, "1")
    static = small._repr_mimebundle_()
    assert static["text/html"].startswith('<section class="explorer"')
    assert static["text/plain"] == live["text/plain"]


def test_the_static_form_has_every_picture_and_readout():
    page = static_html(small)
    assert page.count("</script>") == 1
    data = json.loads(re.search(r"json\">(.*)</script>", page)[1])
    for parameters, frame in zip(small.positions, data["frames"], strict=True):
        ((first, *others),) = data["pieces"]
        between = zip(frame["between"], others, strict=True)
        marks = as_svg([first, *(piece for pair in between for piece in pair)])
        assert marks in picture_of(small, parameters)
        assert frame["readout"] == html.escape(small.readout(parameters))
        assert frame["spoken"] == f"{small.where(parameters)}: {small.readout(parameters)}"
    assert "A &lt;small&gt; one" in page


def test_without_scripts_the_answer_and_a_table_stand_behind_a_summary():
    behind = re.search(r"<noscript><details .*?><summary>.*?</summary>(.*)</details></noscript>",
                       static_html(small))[1]  # fmt: skip
    assert behind.startswith(f"<p>{small.question.why}</p>")
    table = re.search(r"<table.*</table>", behind)[0]
    assert table.count("<tr>") == len(small.samples()) + 1
    assert small.start in small.samples()
    assert "minus one" in table


def test_numbers_that_a_person_reads_keep_their_digits():
    def stage():
        figure, axes = new_figure()
        axes[0].set_title("1.23456")
        axes[0].set_xlabel("ℓ_R & σ_b²")
        return figure, axes

    svg = picture_of(replace(small, stage=stage), small.start)
    assert re.search(r">ℓ<tspan [^>]*>R</tspan><tspan [^>]*> &amp; </tspan>σ<tspan", svg)
    assert "1.23456" in svg
    assert not re.search(r'd="[^"]*\d\.\d{3}', svg)


def test_no_name_in_a_picture_is_that_of_another_explorer():
    names = [re.findall(r'id="([^"]+)"', static_html(e)) for e in EXPLORERS]
    assert sum(map(len, names)) == len(set().union(*names)) > 0


STAGES = {}


def axes_at(name, **parameters):
    """The axes of an explorer with the marks of a position, on a stage that is made only once."""
    explorer = by_name[name]
    if name not in STAGES:
        _, axes = explorer.stage()
        STAGES[name] = axes, [set(ax.get_children()) for ax in axes]
    axes, kept = STAGES[name]
    for ax, stage in zip(axes, kept, strict=True):
        for artist in set(ax.get_children()) - stage:
            artist.remove()
    explorer.draw(ready(axes), **parameters)
    return axes


def number_at(name, label, **parameters):
    numbers, _ = by_name[name].read(**by_name[name].start | parameters)
    return float(numbers[label].replace("−", "-"))


def chosen(name):
    """The option that the explorer calls right."""
    question = by_name[name].question
    return question.options[question.right]


def test_the_prediction_about_V_is_what_it_shows():
    se = [number_at("variance", "standard error of the mean", sigma2_b=v) for v in (0.0, REML)]
    assert "a tenth" in chosen("variance")
    assert se[0] / se[1] == pytest.approx(0.1, abs=0.02)


def test_the_prediction_about_the_two_terms_is_what_they_show():
    assert chosen("two-terms") == "log|V|"
    for sigma2_e, determinant, quadratic in ((0.45, -1, 1), (0.24, 1, -1)):
        at = {"sigma2_b": ML, "sigma2_e": sigma2_e}
        assert at in by_name["two-terms"].positions
        assert number_at("two-terms", "−½ log|V|", **at) * determinant > 0
        assert number_at("two-terms", "−½ quadratic form", **at) * quadratic > 0


def test_the_prediction_about_the_profile_is_what_it_shows():
    lowest = by_name["profile"].controls[0].values[0]
    assert lowest == 0.15
    assert chosen("profile") == "It rises a little."
    at_top = number_at("profile", "best σ_ε²")
    assert at_top + 0.01 < number_at("profile", "best σ_ε²", sigma2_b=lowest) < at_top + 0.05
    highest = by_name["profile"].controls[0].values[-1]
    assert number_at("profile", "best σ_ε²", sigma2_b=highest) == pytest.approx(at_top, abs=1e-3)


def test_the_prediction_about_contrasts_is_what_they_show():
    from lmmteach.widgets.reml import K_of

    question = by_name["contrasts"].question
    assert chosen("contrasts") == "6 below this one"
    assert "|A|² = e¹²" in question.text
    A = K_of("orthonormal").T @ K_of("mixed")
    assert 2 * np.linalg.slogdet(A)[1] == pytest.approx(12)
    for value in (0.2, REML, 20.0):
        apart = [
            number_at("contrasts", "ℓ_K − ℓ_R", sigma2_b=value, kind=kind)
            for kind in ("orthonormal", "mixed")
        ]
        assert apart == pytest.approx([2.19, -3.81], abs=0.005)


def test_the_prediction_about_shrinkage_is_what_it_shows():
    assert chosen("shrinkage") == "about a fifth"
    assert number_at("shrinkage", "λ") == 0.5
    assert number_at("shrinkage", "λ", n_i=(4,) * 5) == pytest.approx(0.2, abs=0.005)


def test_the_prediction_about_bias_is_what_it_shows():
    explorer = by_name["bias"]
    assert chosen("bias") == "ML, by a narrow margin"
    for groups, text in ((5, explorer.question.text), (50, explorer.question.why)):
        errors = [
            number_at("bias", name, groups=groups)
            for name in ("mean squared error of ML", "of REML")
        ]
        ml, restricted = map(float, re.search(r"(\d\.\d+) against (\d\.\d+)", text).groups())
        assert errors == pytest.approx([ml, restricted], abs=0.005 if groups == 5 else 0.0005)
    assert number_at("bias", "mean of ML", groups=50) / REML == pytest.approx(0.98, abs=0.003)


def test_the_prediction_about_the_boundary_is_what_it_shows():
    below = [
        sum(float(p) < 0.05 for p in list(by_name["boundary"].read(0.19, reml)[0].values())[1:])
        for reml in (False, True)
    ]
    assert below == [1, 2]
    assert chosen("boundary") == "two"
    for is_reml, share in ((False, "0.70"), (True, "0.59")):
        spikes, _ = axes_at("boundary", c=0.19, reml=is_reml)
        assert [text.get_text() for text in spikes.texts] == [share]
    for share in ("70 %", "59 %"):
        assert share in by_name["boundary"].question.why


def test_the_prediction_about_the_ceiling_is_what_it_shows():
    groups = by_name["wald-ceiling"].controls[1].values
    passing = [n for n in groups if number_at("wald-ceiling", "ceiling", groups=n) > 1.96]
    assert chosen("wald-ceiling") == "nine"
    assert min(passing) == 9
    assert {6, 7, 8} < set(groups)
    assert number_at("wald-ceiling", "ceiling", groups=8) == pytest.approx(1.87, abs=0.005)
    assert number_at("wald-ceiling", "ceiling", groups=9) == 2
    by_variance = [number_at("wald-ceiling", "z", sigma2_b=v, groups=9) for v in (0.67, REML)]
    assert by_variance[0] < 1.96 < by_variance[1]


def test_the_prediction_about_a_new_woman_is_what_it_shows():
    spread = [float(by_name["new-woman"].read(m, REML)[0]["SD of the next value"]) for m in (0, 1)]
    assert "halves" in chosen("new-woman")
    assert spread[1] / spread[0] == pytest.approx(0.5, abs=0.02)


def test_the_prediction_about_slopes_is_what_they_show():
    explorer = by_name["slopes"]
    assert chosen("slopes") == "on a day in between"
    sds = [
        np.sqrt(covariance.move_origin(D_of(**explorer.start | {"rho": -0.6}), day)[0, 0])
        for day in range(10)
    ]
    assert int(np.argmin(sds)) in (2, 3)
    assert "about day 2 or 3" in explorer.question.why
    assert "day 2.5" in explorer.read(**explorer.start | {"rho": -0.6})[1]


def test_the_prediction_about_the_order_is_what_it_shows():
    assert "the plates" in chosen("sparsity")
    ends = [number_at("sparsity", "filled in", before=before, meets=6) for before in (0, 24)]
    assert ends == [24 * 23 / 2, 6 * 5 / 2]
    for meets in (1, 2, 3, 6):
        along = [number_at("sparsity", "filled in", before=b, meets=meets) for b in range(0, 25, 2)]
        assert along[-1] == min(along)


def test_the_prediction_about_thirty_women_is_what_it_shows():
    five, thirty = (
        float(by_name["who-keeps-five"].read(groups, 5.38)[0]["z"].removesuffix(" %"))
        for groups in (5, 30)
    )
    assert five == pytest.approx(12.2, abs=0.5)
    assert chosen("who-keeps-five") == "In about 6 of 100 studies."
    assert thirty == pytest.approx(6, abs=0.5)


def test_the_prediction_about_a_planned_study_is_what_it_shows():
    assert chosen("planned").startswith("twice the women")
    power = {
        (women, times): float(
            by_name["planned"].read(women, times, 1.0, REML)[0]["power"].removesuffix(" %")
        )
        for women, times in ((20, 4), (20, 16), (40, 4))
    }
    assert power[40, 4] > 1.5 * power[20, 4]
    assert power[20, 16] < 1.06 * power[20, 4]
    start = by_name["planned"].start
    assert (start["women"], start["measurements"], start["effect"]) == (20, 4, 1.0)


def test_the_prediction_about_priors_is_what_it_shows():
    few, many = (
        posterior_ends(groups, 4)[1] / posterior_ends(groups, 0.5)[1] for groups in (5, 20)
    )
    assert "a tenth" in chosen("prior")
    assert few == pytest.approx(1.81, abs=0.02)
    assert many == pytest.approx(1.11, abs=0.02)


def posterior_ends(groups, scale):
    numbers, _ = by_name["prior"].read(groups=groups, scale=scale)
    return tuple(map(float, numbers["95 % interval with this prior"].split(" to ")))


def numbers_of(numbers, *names):
    """Numbers as a reader finds them in a readout."""
    return [float(re.sub("[−<]", lambda sign: "-" * (sign[0] == "−"), numbers[n])) for n in names]


def words_of_variance(numbers, sentence, sigma2_b):
    (rho,) = numbers_of(numbers, "intraclass correlation")
    if sigma2_b == 0:
        assert sentence == "All 80 measurements are now independent."
    elif rho < 0.1:
        assert sentence.startswith("Two measurements of one woman now differ almost as much")
    else:
        degree = "moderately" if rho < 0.5 else "strongly"
        assert sentence == f"Two measurements of the same woman are {degree} correlated."


def words_of_two_terms(numbers, sentence, **_):
    determinant, quadratic, total = numbers_of(numbers, "−½ log|V|", "−½ quadratic form", "ℓ")
    if total == 0:
        assert sentence.startswith("This is the top:")
    elif determinant < 0 and quadratic < 0:
        assert sentence == "Here both terms are lower than at the top."
    elif determinant < 0 < quadratic:
        assert sentence.startswith("The data fit better than at the top, but the determinant")
    else:
        assert quadratic < 0 < determinant
        assert sentence.startswith("The determinant term is better than at the top, but the data")
    assert total <= 0


def words_of_profile(numbers, sentence, sigma2_b, **_):
    (drop,) = numbers_of(numbers, "below the top")
    low, high = map(float, numbers["95 % interval"].split(" to "))
    assert (low < sigma2_b < high) == (drop < 1.92) == ("is inside" in sentence)
    assert (drop < 1.92) == ("less than 1.92 below" in sentence)
    assert (drop > 1.92) == ("is outside" in sentence) == ("more than 1.92 below" in sentence)


def words_of_shrinkage(numbers, sentence, **_):
    keeps, mean, level, mu = numbers_of(numbers, "λ", "her mean", "her BLUP", "μ̂")
    assert level - mu == pytest.approx(keeps * (mean - mu), abs=3e-3)
    assert percent_in(sentence) == pytest.approx(100 * keeps, abs=0.56)
    assert 0 < percent_in(sentence) < 100


def words_of_contrasts(numbers, sentence, kind, **_):
    curve = [by_name["contrasts"].read(v, kind)[0]["ℓ_K − ℓ_R"] for v in (0.2, REML, 20.0)]
    assert set(curve) == {numbers["ℓ_K − ℓ_R"]}
    (apart,) = numbers_of(numbers, "ℓ_K − ℓ_R")
    if apart == 0:
        assert sentence.startswith("For this K the two curves are the same")
    else:
        assert f"{abs(apart):.2f} {'above' if apart > 0 else 'below'} ℓ_R" in sentence


def words_of_bias(numbers, sentence, **_):
    ml, restricted = numbers_of(numbers, "mean squared error of ML", "of REML")
    assert ml != restricted
    assert sentence.startswith(f"{'ML' if ml < restricted else 'REML'} has the smaller")


def words_of_boundary(numbers, sentence, **_):
    pvalues = numbers_of(numbers, "p by χ²₁", "by the mixture", "exact")
    words = {
        (False, False, False): "None of the three p-values is",
        (False, False, True): "Only the exact p-value is",
        (False, True, True): "The exact p-value and that of the mixture are",
        (True, True, True): "All three p-values are",
    }[tuple(p < 0.05 for p in pvalues)]
    assert sentence == f"{words} below 0.05."


def words_of_wald_ceiling(numbers, sentence, groups, **_):
    value, limit = numbers_of(numbers, "z", "ceiling")
    assert value <= limit
    assert f"{groups} women" in sentence
    assert ("can never pass 1.96" in sentence) == (limit < 1.96)
    assert ("can pass 1.96, but only if they differ more" in sentence) == (value < 1.96 < limit)
    assert ("Here z passes 1.96" in sentence) == (value > 1.96)


def words_of_new_woman(numbers, sentence, **_):
    (spread,) = numbers_of(numbers, "SD of the next value")
    share = 1 - estrone().theta_reml[1] / spread**2
    assert percent_in(sentence) == pytest.approx(100 * share, abs=0.52)


def D_of(rho, sd_1, sd_0):
    return np.array([[sd_0**2, rho * sd_0 * sd_1], [rho * sd_0 * sd_1, sd_1**2]])


def words_of_slopes(numbers, sentence, **parameters):
    first, last = numbers_of(numbers, "SD of the lines at the start", "at the end")
    days = np.linspace(0, 9, 901)
    D = D_of(**parameters)
    variances = D[0, 0] + 2 * days * D[0, 1] + days**2 * D[1, 1]
    assert [first, last] == pytest.approx(np.sqrt(variances[[0, -1]]), abs=0.06)
    least = days[np.argmin(variances)]
    if least == 0:
        assert sentence.startswith("The lines differ least on day 0, and more with every day")
    elif least == 9:
        assert sentence.endswith("differ least on day 9.")
    else:
        said = float(re.search(r"around day ([\d.]+),", sentence)[1])
        assert said == pytest.approx(least, abs=0.07)


def words_of_who_keeps_five(numbers, sentence, **_):
    tests = ("z", "likelihood ratio", "Satterthwaite", "Kenward–Roger")
    shares = {name: float(numbers[name].removesuffix(" %")) for name in tests}
    named = {name for name in tests if re.search(rf"\b{name}\b", sentence)}
    assert named == {name for name, share in shares.items() if share > 5.5}
    assert ("None of the four" in sentence) == (not named)


def words_of_planned(numbers, sentence, women, measurements, **_):
    (power,) = numbers_of({"power": numbers["power"].removesuffix(" %")}, "power")
    assert f"these {women} women" in sentence
    assert power <= percent_in(sentence) + 0.05
    in_all, price = numbers_of(numbers, "measurements in all", "price")
    assert (in_all, price) == (women * measurements, women * (10 + measurements))


def words_of_prior(numbers, sentence, **_):
    widths = [-np.subtract(*map(float, ends.split(" to "))) for ends in numbers.values()]
    assert percent_in(sentence) == pytest.approx(100 * widths[0] / widths[1], abs=0.7)


def words_of_lineup(numbers, sentence, panel, kind):
    y, X, Z, _, theta = estrone()
    V = model.V_theta(theta, Z)
    b = blup.blup(model.D_matrix(theta[0], 5), Z, V, y, X)
    values = {"conditional": y - y.mean() - Z @ b, "marginal": y - y.mean(), "b̂": b}[kind]
    scaled = values / values.std(ddof=1)
    seen = numbers["smallest"], numbers["largest"]
    is_real = seen == (f"{scaled.min():.2f} SD", f"{scaled.max():.2f} SD")
    assert sentence == f"Panel {panel} is {'the real one' if is_real else 'simulated'}."


def words_of_sparsity(numbers, sentence, before, meets):
    (filled,) = numbers_of(numbers, "filled in")
    if filled == 0:
        assert sentence == "No zero of M has been filled in."
    elif before == 24:
        assert sentence == "All zeros that have been filled in are between two samples."
    elif before == 0:
        assert sentence == "All zeros that have been filled in are between two plates."
    elif sentence.startswith("Of the zeros"):
        (of_plates,) = map(int, re.findall(r"\d+", sentence))
        assert 0 < of_plates < filled
    else:
        assert (meets, sentence) == (
            1,
            "All zeros that have been filled in are between two plates.",
        )


def percent_in(sentence):
    return float(re.search(r"(\S+) %", sentence)[1])


RULES = {
    name.removeprefix("words_of_").replace("_", "-"): rule
    for name, rule in list(globals().items())
    if name.startswith("words_of_")
}


@pytest.mark.parametrize("name", RULES)
def test_the_words_of_a_readout_follow_its_numbers_at_every_position(name):
    for parameters in by_name[name].positions:
        RULES[name](*by_name[name].read(**parameters), **parameters)


def test_the_block_of_V_is_as_dark_as_its_correlation():
    for sigma2_b in by_name["variance"].controls[0].values:
        blocks = axes_at("variance", sigma2_b=sigma2_b)[0]
        rho = model.intraclass_correlation((sigma2_b, estrone().theta_reml[1]))
        assert [block.get_alpha() for block in blocks.patches] == pytest.approx([rho] * 5)
        assert [text.get_text() for text in blocks.texts] == [f"correlation {rho:.2f}"]


def test_the_handle_of_variance_is_one_sd_above_the_mean_and_the_bar_one_standard_error():
    for sigma2_b in by_name["variance"].controls[0].values:
        strip = axes_at("variance", sigma2_b=sigma2_b)[1]
        (handle,) = [line for line in strip.lines if line.get_gid()]
        assert handle.get_ydata()[0] == pytest.approx(14 + np.sqrt(sigma2_b))
        _, bar, _ = strip.collections
        ((_, low), (_, high)) = bar.get_segments()[0]
        se = number_at("variance", "standard error of the mean", sigma2_b=sigma2_b)
        assert (high - low) / 2 == pytest.approx(se, abs=1e-4)


def test_the_readout_of_variance_is_the_standard_error_of_chapter_1():
    numbers, _ = by_name["variance"].read(REML)
    assert numbers["standard error of the mean"] == "0.5949"
    numbers, _ = by_name["variance"].read(0.0)
    assert numbers["standard error of the mean"] == "0.0638"


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_point_walks_on_the_profile(method):
    y, X, Z, *_ = estrone()
    explorer = by_name["profile"]
    fitter, height = {
        "ML": (likelihood.fit_ml, profile.profile_loglik),
        "REML": (reml.fit_reml, reml.restricted_loglik),
    }[method]

    def best(**held):
        theta = fitter(y, X, Z, **held)[1]
        return height(model.V_theta(theta, Z), y, X), theta[1]

    top, _ = best()
    for sigma2_b in explorer.controls[0].values:
        axes = axes_at("profile", sigma2_b=sigma2_b, method=method)
        here, sigma2_e = best(sigma2_b=sigma2_b)
        for ax, expected in zip(axes, (here - top, sigma2_e), strict=True):
            (dot,) = [line for line in ax.lines if line.get_gid()]
            assert dot.get_xydata()[0] == pytest.approx([sigma2_b, expected], abs=1e-6)
            # The way that it takes is drawn through it.
            ways = [line for line in ax.lines if line.get_linewidth() == 2.5]
            (way,) = ways
            way_x, way_y = way.get_data()
            assert np.interp(sigma2_b, way_x, way_y) == pytest.approx(expected, abs=1e-6)
        (said,) = [t.get_text() for t in axes[0].texts if "the top" in t.get_text()]
        assert said == f"{max(0, top - here):.2f} below the top"


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_only_the_hill_of_the_chosen_likelihood_is_seen(method):
    y, X, Z, theta_ml, theta_reml = estrone()
    map_ = axes_at("profile", sigma2_b=ML, method=method)[1]
    lines = [line for line in map_.lines if line.get_linewidth() == 0.7]
    seen = [line.get_xydata() for line in lines if line.get_alpha() > 0]
    assert 0 < len(seen) < len(lines)

    def height(theta):
        V = model.V_theta(theta, Z)
        if method == "ML":
            return profile.profile_loglik(V, y, X)
        return reml.restricted_loglik(V, y, X)

    top = height(theta_ml if method == "ML" else theta_reml)
    depths = {round(top - height(theta), 1) for line in seen for theta in line[::9]}
    assert depths <= {round(depth, 1) for depth in (12, 8, 5, 1.92, 0.5)} | {1.9, 11.9, 12.1}


def test_the_interval_of_the_profile_explorer_ends_where_r_says():
    inside = [
        p["sigma2_b"]
        for p in by_name["profile"].positions
        if p["method"] == "ML" and "inside" in by_name["profile"].read(**p)[1]
    ]
    assert min(inside) > 0.4858
    assert max(inside) < 6.7015
    values = [p["sigma2_b"] for p in by_name["profile"].positions if p["method"] == "ML"]
    assert min(v for v in values if v > max(inside)) > 6.7015


@pytest.mark.parametrize("n_i", [(16,) * 5, (16, 16, 16, 16, 1), (2,) * 5])
def test_shrinkage_lines_lead_from_the_mean_to_the_blup(n_i):
    y, _, Z, _, theta = estrone()
    keep = np.concatenate([np.arange(16) < n for n in n_i])
    y, Z = y[keep], Z[keep]
    V = model.V_theta((REML, theta[1]), Z)
    mu = profile.gls(V, y, np.ones((len(y), 1)))[0][0]
    means = Z.T @ y / Z.sum(axis=0)
    levels = mu + blup.shrinkage_factor(np.array(n_i), (REML, theta[1])) * (means - mu)
    arrows = axes_at("shrinkage", sigma2_b=REML, n_i=n_i)[0]
    drawn = [line[:, 0] for line in arrows.collections[0].get_segments()]
    np.testing.assert_allclose(drawn, np.column_stack([means, levels]), rtol=1e-10)
    (handle,) = [line for line in arrows.lines if line.get_gid()]
    assert handle.get_xydata()[0] == pytest.approx([levels[3], 4])


@pytest.mark.parametrize("n_i", by_name["shrinkage"].controls[1].values)
def test_the_measurements_that_count_are_seen_and_no_others(n_i):
    y, _, Z, *_ = estrone()
    arrows = axes_at("shrinkage", sigma2_b=REML, n_i=n_i)[0]
    seen = [line for line in arrows.lines if line.get_marker() == "|" and line.get_alpha() > 0]
    points = np.concatenate([line.get_xydata() for line in seen])
    for woman, n in enumerate(n_i):
        hers = points[np.round(points[:, 1] + 0.27) == woman + 1, 0]
        np.testing.assert_array_equal(np.sort(hers), np.sort(y[Z[:, woman] == 1][:n]))


@pytest.mark.parametrize("n_i", by_name["shrinkage"].controls[1].values)
def test_what_is_known_of_a_woman_before_from_her_data_and_after(n_i):
    y, _, Z, _, theta = estrone()
    keep = np.concatenate([np.arange(16) < n for n in n_i])
    y, Z = y[keep], Z[keep]
    for sigma2_b in by_name["shrinkage"].controls[0].values:
        V = model.V_theta((sigma2_b, theta[1]), Z)
        mu = profile.gls(V, y, np.ones((len(y), 1)))[0][0]
        deviation, of_mean = y[-n_i[4] :].mean() - mu, theta[1] / n_i[4]
        after = 1 / (1 / sigma2_b + 1 / of_mean)
        ax = axes_at("shrinkage", sigma2_b=sigma2_b, n_i=n_i)[1]
        expected = [(0, sigma2_b), (deviation, of_mean), (deviation * after / of_mean, after)]
        curves = [line for line in ax.lines if len(line.get_xdata()) > 2]
        for line, (centre, variance) in zip(curves, expected, strict=True):
            x, density = line.get_data()
            assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-3)
            assert np.trapezoid(x * density, x) == pytest.approx(centre, abs=1e-3)
            assert np.trapezoid((x - centre) ** 2 * density, x) == pytest.approx(variance, rel=2e-3)
            np.testing.assert_allclose(density, norm.pdf(x, centre, np.sqrt(variance)), rtol=1e-9)
            assert density.max() < ax.get_ylim()[1]
            left, right = norm.cdf(ax.get_xlim(), centre, np.sqrt(variance))
            assert right - left > 0.99, "too much of it is outside the picture"
        (handle,) = [line for line in ax.lines if line.get_gid()]
        sd = np.sqrt(sigma2_b)
        assert handle.get_xydata()[0] == pytest.approx([-sd, norm.pdf(sd, 0, sd)])


@pytest.mark.parametrize("rho", by_name["slopes"].controls[0].values)
def test_the_squares_of_one_subject_are_the_covariances_of_four_days(rho):
    for sd_1 in by_name["slopes"].controls[1].values:
        at = by_name["slopes"].start | {"rho": rho, "sd_1": sd_1}
        squares = axes_at("slopes", **at)[0]
        rows = np.column_stack([np.ones(4), [0, 3, 6, 9]])
        V = rows @ D_of(**at) @ rows.T + 654.941 * np.eye(4)
        written = [float(text.get_text().replace("−", "-")) for text in squares.texts]
        assert written == pytest.approx(V.ravel().tolist(), abs=0.51)
        positive, negative = (
            np.array([patch.get_alpha() for patch in squares.patches[first::2]]) for first in (0, 1)
        )
        assert positive == pytest.approx(0.6 * np.maximum(V, 0).ravel() / V.max(), abs=1e-4)
        assert negative == pytest.approx(0.6 * np.maximum(-V, 0).ravel() / V.max(), abs=1e-4)


def test_the_eighteen_lines_have_exactly_the_covariance_of_the_sliders():
    for at in by_name["slopes"].positions:
        fan = axes_at("slopes", **at)[1]
        thin = [line.get_ydata() for line in fan.lines if line.get_linewidth() == 1]
        start, end = np.transpose(thin)
        found = np.cov(start, (end - start) / 9, bias=True)
        assert len(thin) == 18
        assert found == pytest.approx(D_of(**at), rel=1e-9, abs=1e-9)
        low, high = (line.get_data() for line in fan.lines if line.get_linestyle() == ":")
        assert high[1] == pytest.approx(-low[1])
        assert high[1][[0, -1]] == pytest.approx([np.std(start), np.std(end)])


def test_the_two_subjects_to_pull_are_two_sds_away():
    for at in by_name["slopes"].positions:
        dot, diamond = (line for line in axes_at("slopes", **at)[1].lines if line.get_gid())
        rho, sd_1, sd_0 = at["rho"], at["sd_1"], at["sd_0"]
        # The slope to expect of a subject two SDs up is ρ times two SDs of the slopes.
        assert dot.get_xydata()[0] == pytest.approx([9, 2 * sd_0 + 9 * 2 * rho * sd_1])
        assert diamond.get_xydata()[0] == pytest.approx([9, -9 * 2 * sd_1])
        assert dot.get_ydata()[0] - diamond.get_ydata()[0] > 50, "one lies on the other"


def test_the_slopes_begin_at_the_estimates_of_the_sleep_study():
    D = np.array([[612.0899, 9.6043], [9.6043, 35.0717]])
    start = by_name["slopes"].start
    assert D_of(**start) == pytest.approx(D, rel=1e-3)


@every
def test_the_axes_keep_still_while_a_slider_moves(explorer):
    for control in explorer.controls:
        ends = [explorer.start | {control.name: control.values[k]} for k in (0, -1)]
        limits = [
            [(ax.get_xlim(), ax.get_ylim()) for ax in explorer.figure(**p).axes] for p in ends
        ]
        assert limits[0] == limits[1]


def test_half_shrinkage_is_where_the_preset_says():
    numbers, sentence = by_name["shrinkage"].read(HALF, (16,) * 5)
    assert numbers["λ"] == "0.500"
    assert "50 %" in sentence


def test_z_stays_below_its_ceiling_everywhere():
    for p in by_name["wald-ceiling"].positions:
        numbers, _ = by_name["wald-ceiling"].read(**p)
        assert float(numbers["z"]) <= float(numbers["ceiling"])
    X, Z = np.ones((80, 1)), estrone().Z
    z = testing.wald_z((REML, estrone().theta_reml[1]), X, Z)
    assert by_name["wald-ceiling"].read(REML, 5)[0]["z"] == f"{z:.4f}"


def test_the_curve_beside_z_is_the_restricted_loglikelihood_and_the_parabola_is_walds():
    y, X, Z, _, theta = estrone()
    V = model.V_theta(theta, Z)
    top = reml.restricted_loglik(V, y, X)
    variance = (theta[0] / testing.wald_z(theta, X, Z)) ** 2
    axes = axes_at("wald-ceiling", sigma2_b=REML, groups=5)
    curve, parabola = [line for line in axes[1].lines if len(line.get_xdata()) > 2]
    for multiple, drop, wald in zip(
        curve.get_xdata(), curve.get_ydata(), parabola.get_ydata(), strict=True
    ):
        V = model.V_theta((multiple * theta[0], theta[1]), Z)
        assert drop == pytest.approx(reml.restricted_loglik(V, y, X) - top, rel=1e-3, abs=1e-6)
        expected = -(((multiple - 1) * theta[0]) ** 2) / variance / 2
        assert wald == pytest.approx(expected, rel=1e-3, abs=1e-9)


def test_the_dot_at_no_variance_is_where_the_parabola_says_half_of_z_squared():
    for p in by_name["wald-ceiling"].positions:
        axes = axes_at("wald-ceiling", **p)
        dot = axes[1].lines[-1]
        z = float(by_name["wald-ceiling"].read(**p)[0]["z"])
        assert dot.get_xydata()[0] == pytest.approx([0, -(z**2) / 2], abs=2e-4)
        assert axes[1].get_ylim()[0] < dot.get_ydata()[0]


@pytest.mark.parametrize("theta", [(0.2, 0.24), (ML, 0.3254), (10.0, 0.45)])
def test_the_bars_are_what_the_terms_of_the_likelihood_change_by(theta):
    y, X, Z, best, _ = estrone()
    axes = axes_at("two-terms", sigma2_b=theta[0], sigma2_e=theta[1])
    bars = axes[1].patches
    widths = [bar.get_width() for bar in bars]
    mu = np.array([y.mean()])
    change = [
        likelihood.loglik(mu, model.V_theta(t, Z), y, X, constant=False) for t in (theta, best)
    ]
    determinants = [likelihood.log_determinant(model.V_theta(t, Z)) for t in (theta, best)]
    assert widths[0] == pytest.approx((determinants[1] - determinants[0]) / 2, abs=1e-9)
    assert widths[2] == pytest.approx(change[0] - change[1], abs=1e-9)
    assert widths[0] + widths[1] == pytest.approx(widths[2], abs=1e-12)
    # The second bar begins where the first one ends.
    assert [bar.get_x() for bar in bars] == pytest.approx([0, widths[0], 0])
    written = [text.get_text() for text in axes[1].texts[-3:]]
    numbers = by_name["two-terms"].read(*theta)[0]
    assert written == list(numbers.values())


def test_no_bar_of_the_two_terms_leaves_the_picture():
    for p in by_name["two-terms"].positions:
        ax = axes_at("two-terms", **p)[1]
        low, high = ax.get_xlim()
        for bar in ax.patches:
            assert low < min(bar.get_x(), bar.get_x() + bar.get_width())
            assert max(bar.get_x(), bar.get_x() + bar.get_width()) < high


def test_only_the_top_is_called_the_top():
    called = [
        p for p in by_name["two-terms"].positions if "the top:" in by_name["two-terms"].read(**p)[1]
    ]
    assert called == [{"sigma2_b": ML, "sigma2_e": 0.3254}]


@pytest.mark.parametrize("kind", ["orthonormal", "successive", "first", "mixed"])
def test_another_K_shifts_the_curve_and_leaves_its_top(kind):
    explorer = by_name["contrasts"]
    numbers = [explorer.read(**p)[0] for p in explorer.positions if p["kind"] == kind]
    assert {n["ℓ_K − ℓ_R"] for n in numbers} == {numbers[0]["ℓ_K − ℓ_R"]}
    assert {n["top at"] for n in numbers} == {"1.7494"}
    shift = {"orthonormal": np.log(80) / 2, "successive": 0, "first": 0}
    if kind in shift:
        assert float(numbers[0]["ℓ_K − ℓ_R"]) == pytest.approx(shift[kind], abs=1e-4)
    y, X, Z, _, theta = estrone()
    height = reml.restricted_loglik(model.V_theta((REML, theta[1]), Z), y, X)
    shifted = height + float(numbers[0]["ℓ_K − ℓ_R"])
    ax = axes_at("contrasts", sigma2_b=REML, kind=kind)[1]
    (dot,) = [line for line in ax.lines if line.get_gid()]
    assert dot.get_xydata()[0] == pytest.approx([REML, shifted], abs=1e-4)
    (stick,) = [line for line in ax.lines if line.get_linewidth() == 4]
    assert stick.get_ydata() == pytest.approx([height, shifted], abs=1e-4)


@pytest.mark.parametrize("kind", ["orthonormal", "successive", "first", "mixed"])
def test_the_contrasts_shown_are_of_these_data_and_free_of_the_mean(kind):
    from lmmteach.widgets.reml import K_of

    y, X, *_ = estrone()
    K = K_of(kind)
    assert np.abs(K.T @ X).max() < 1e-12
    assert np.linalg.matrix_rank(K) == 79
    ax = axes_at("contrasts", sigma2_b=REML, kind=kind)[0]
    drawn = next(line for line in ax.lines if line.get_marker() == "^").get_ydata()
    np.testing.assert_allclose(drawn, K.T @ (y - 14), atol=1e-10)
    low, high = ax.get_ylim()
    assert low < drawn.min()
    assert drawn.max() < high


def test_all_curves_of_K_fit_into_the_picture():
    for kind in by_name["contrasts"].controls[1].values:
        ax = axes_at("contrasts", sigma2_b=REML, kind=kind)[1]
        low, high = ax.get_ylim()
        curves = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2]
        assert len(curves) == 2
        assert low < np.min(curves)
        assert np.max(curves) < high


@pytest.mark.parametrize("groups", [4, 5, 8, 20, 50])
def test_means_and_errors_of_the_estimates_are_those_of_the_theory(groups):
    numbers, _ = by_name["bias"].read(groups)
    sigma2_b, sigma2_e = estrone().theta_reml
    scale = sigma2_b + sigma2_e / 16
    of_within = 2 * (sigma2_e / 16) ** 2 / (15 * groups)
    for name, error, share in (
        ("mean of ML", "mean squared error of ML", (groups - 1) / groups),
        ("mean of REML", "of REML", 1),
    ):
        mean = share * scale - sigma2_e / 16
        variance = 2 * (share * scale) ** 2 / (groups - 1) + of_within
        # Half a unit of the last digit, and the little that is gained where 0 takes the place of
        # a negative value.
        assert float(numbers[name]) == pytest.approx(mean, abs=0.0055)
        expected = variance + (mean - sigma2_b) ** 2
        assert float(numbers[error]) == pytest.approx(expected, abs=0.0055)


@pytest.mark.parametrize("groups", [3, 5])
def test_means_and_errors_are_what_many_simulated_studies_have(groups):
    sigma2_b, sigma2_e = estrone().theta_reml
    rng = np.random.default_rng(groups)
    SSB = (16 * sigma2_b + sigma2_e) * rng.chisquare(groups - 1, 400_000)
    SSW = sigma2_e * rng.chisquare(15 * groups, 400_000)
    for is_reml, expected in zip((False, True), means_and_errors(groups), strict=True):
        values = likelihood.balanced_theta(SSB, SSW, groups, 16, is_reml)[0]
        for simulated, exact in zip((values, (values - sigma2_b) ** 2), expected, strict=True):
            standard_error = simulated.std() / np.sqrt(len(simulated))
            assert simulated.mean() == pytest.approx(exact, abs=4 * standard_error)


def test_each_dot_stands_for_ten_studies_and_the_bar_for_the_mean_of_all_there_could_be():
    for groups in by_name["bias"].controls[0].values:
        stacks, means = axes_at("bias", groups=groups)
        drawn = [line for line in stacks.lines if line.get_marker() in ("o", "s")]
        bars = [line for line in stacks.lines if line.get_linewidth() == 2]
        both = zip(drawn, bars, (1, -1), estimates(groups), means_and_errors(groups), strict=True)
        for dots, bar, up, values, (mean, _) in both:
            # The standard error of a mean of 1,000.
            assert mean == pytest.approx(values.mean(), abs=4 * values.std() / np.sqrt(1000))
            x, height = dots.get_data()
            assert len(x) == 100
            assert len(set(zip(x, height, strict=True))) == 100
            assert (up * height > 0).all()
            middle = values[5::10]
            inside = middle < 6
            np.testing.assert_allclose(np.sort(x)[inside], middle[inside], atol=0.101)
            assert (np.sort(x)[~inside] > 6).all()
            assert bar.get_xdata()[0] == pytest.approx(mean)
        points = [line for line in means.lines if line.get_marker() in ("o", "s")]
        expected = [[groups, mean] for mean, _ in means_and_errors(groups)]
        assert [list(p.get_xydata()[0]) for p in points] == [
            pytest.approx(at) for at in expected[::-1]
        ]


def test_the_dots_of_every_number_of_women_fit_into_the_picture():
    from lmmteach.widgets.reml import dots, estimates

    for position in by_name["bias"].positions:
        for values in estimates(**position):
            x, height = dots(values)
            assert height.max() < 26
            assert np.mean(x < 6) > 0.94


@pytest.mark.parametrize(
    ("c", "statistic", "chi2", "mixture"), [(0.17, 1.410, 0.235, 0.118), (0.2, 3.338, 0.068, 0.034)]
)
def test_the_boundary_explorer_gives_the_three_pvalues(c, statistic, chi2, mixture):
    numbers, _ = by_name["boundary"].read(c, False)
    assert float(numbers["LRT"]) == pytest.approx(statistic, abs=6e-4)
    assert float(numbers["p by χ²₁"]) == pytest.approx(chi2, abs=1e-3)
    assert float(numbers["by the mixture"]) == pytest.approx(mixture, abs=1e-3)


@pytest.mark.parametrize("is_reml", [False, True])
def test_the_exact_pvalues_are_those_of_draws_from_the_null_distribution(is_reml):
    study, draws = estrone(), 60_000
    null = testing.exact_null(study.X, study.Z, draws, np.random.default_rng(4), is_reml)
    for c in by_name["boundary"].controls[0].values:
        simulated = np.mean(null >= statistic(c, is_reml))
        *_, exact = by_name["boundary"].read(c, is_reml)[0].values()
        expected = float(exact.lstrip("<"))
        error = np.sqrt(expected * (1 - expected) / draws)
        assert simulated == pytest.approx(expected, abs=4 * error + 1e-3)


def test_the_three_pvalues_are_in_one_order_everywhere():
    for p in by_name["boundary"].positions:
        chi2, mixture, exact = list(by_name["boundary"].read(**p)[0].values())[1:]
        chi2, mixture, exact = (float(pvalue.lstrip("<")) for pvalue in (chi2, mixture, exact))
        assert chi2 >= mixture >= exact - 1e-3


def test_the_spike_and_the_bars_of_the_null_distribution_make_1():
    for is_reml, expected in ((False, 0.7027), (True, 0.5891)):
        shares, _ = axes_at("boundary", c=0.19, reml=is_reml)
        bars = [patch for patch in shares.patches if hasattr(patch, "get_height")]
        spike, *others = (bar.get_height() for bar in bars)
        assert spike == pytest.approx(expected, abs=0.006)
        # Beyond the picture is less than one study in a thousand.
        assert spike + np.sum(others) == pytest.approx(1, abs=2e-3)
        assert shares.get_xticklabels()[0].get_text() == "= 0"


def test_the_outlines_beside_the_bars_are_the_mixture_and_chi2():
    shares, tails = axes_at("boundary", c=0.19, reml=False)
    steps = [patch for patch in shares.patches if not hasattr(patch, "get_height")]
    outlines = {patch.get_linestyle(): patch.get_data() for patch in steps[:2]}
    for line, share in ((":", 1), ("--", 0.5)):
        heights, edges, _ = outlines[line]
        assert heights == pytest.approx(share * np.diff(chi2.cdf(edges, 1)))
        (curve,) = [c for c in tails.lines if c.get_linestyle() == line]
        assert curve.get_ydata() == pytest.approx(share * chi2.sf(curve.get_xdata(), 1))
    assert steps[2].get_data().values == pytest.approx([0.5])


def test_the_statistic_meets_the_three_tails_at_its_pvalues():
    for p in by_name["boundary"].positions:
        shares, tails = axes_at("boundary", **p)
        value = statistic(**p)
        numbers = by_name["boundary"].read(**p)[0]
        two = next(line for line in tails.lines if line.get_marker() == "s")
        one = next(line for line in tails.lines if line.get_marker() == "D")
        drawn = [*two.get_ydata(), *one.get_ydata()]
        written = [float(text.lstrip("<")) for text in list(numbers.values())[1:]]
        assert drawn == pytest.approx(written, abs=6e-4)
        handles = [line.get_xdata()[0] for ax in (shares, tails) for line in ax.lines
                   if line.get_gid()]  # fmt: skip
        assert (value == 0) == (p["c"] == 0.1)
        assert handles == pytest.approx([value if value > 0 else -0.75] * 2)
        if value > 0:
            x, y = next(c for c in tails.lines if len(c.get_xdata()) == 41 and
                        c.get_linewidth() == 2.5).get_data()  # fmt: skip
            assert np.interp(value, x, np.log(y)) == pytest.approx(np.log(drawn[2]), abs=0.02)


def test_intervals_shrink_from_a_new_woman_to_a_known_one():
    explorer = by_name["new-woman"]
    assert explorer.read(0, REML)[0]["SD of the next value"] == "1.5585"
    assert explorer.read(0, REML)[0]["interval"] == "11.12 to 17.23"
    assert explorer.read(0, REML)[0]["in pg/ml"] == "12.9 to 52.8"
    assert explorer.read(1, REML)[0]["prediction"] == "14.6777"
    spreads = [float(explorer.read(m, REML)[0]["SD of the next value"]) for m in (0, 1, 2, 4, 16)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] == pytest.approx(0.5879, abs=0.01)


@pytest.mark.parametrize("m", [0, 1, 16])
def test_the_strong_lines_are_the_intervals_of_the_chosen_number(m):
    y, X, Z, _, theta = estrone()
    theta = (REML, theta[1])
    values = np.full(m, 10 * np.log10(30))
    level, variance = prediction.predict_measured(
        [1.0], values, theta, model.V_theta(theta, Z), y, X
    )
    funnel = axes_at("new-woman", m=m, sigma2_b=REML)[0]
    strong = [line for line in funnel.collections if line.get_alpha() == 1]
    for line, spread in zip(strong, (variance + theta[1], variance), strict=True):
        (ends,) = line.get_segments()
        assert ends[:, 0] == pytest.approx([m] * 2)
        assert ends[:, 1] == pytest.approx(prediction.normal_interval(level, spread))
    handles = {line.get_gid(): line.get_xydata()[0] for line in funnel.lines if line.get_gid()}
    _, high = prediction.normal_interval(level, variance + theta[1])
    assert handles["drag:m"] == pytest.approx([m, high])
    of_nobody = prediction.predict_new([[1.0]], REML, model.V_theta(theta, Z), y, X)
    (low,), _ = prediction.normal_interval(of_nobody[0], of_nobody[1] + theta[1])
    assert handles["drag:sigma2_b"] == pytest.approx([0, low])


def test_the_density_of_her_next_value_has_area_one_and_its_bar_95_percent_of_it():
    for p in by_name["new-woman"].positions:
        ax = axes_at("new-woman", **p)[1]
        curve, bar = ax.lines
        x, density = curve.get_data()
        assert np.trapezoid(density, x) == pytest.approx(1, abs=0.01)
        assert density.max() < ax.get_ylim()[1]
        low, high = bar.get_xdata()
        fine = np.linspace(low, high, 501)
        share = np.trapezoid(np.interp(fine, x, density), fine)
        assert share == pytest.approx(0.95, abs=0.01)
        assert by_name["new-woman"].read(**p)[0]["in pg/ml"] == f"{low:.1f} to {high:.1f}"


@pytest.mark.parametrize("kind", ["conditional", "marginal", "b̂"])
def test_one_plot_of_the_lineup_is_real_and_named(kind):
    explorer = by_name["lineup"]
    at = [p for p in explorer.positions if p["kind"] == kind]
    (real,) = [p["panel"] for p in at if "the real one" in explorer.read(**p)[1]]
    if kind == "conditional":
        assert explorer.question.options[explorer.question.right] == f"panel {real}"
    y, X, Z, _, theta = estrone()
    V = model.V_theta(theta, Z)
    beta, _ = profile.gls(V, y, X)
    b = blup.blup(model.D_matrix(theta[0], 5), Z, V, y, X)
    values = {
        "conditional": diagnostics.conditional_residuals(y, X, beta, Z, b),
        "marginal": diagnostics.marginal_residuals(y, X, beta),
        "b̂": b,
    }[kind]
    theoretical, observed = diagnostics.qq_points(values / values.std(ddof=1))
    wall, close = axes_at("lineup", panel=real, kind=kind)
    (border,) = [line for line in wall.lines if line.get_linewidth() == 2.5]
    seen = [line for line in wall.lines if line.get_alpha() == 1]
    assert len(seen) == 10
    left, base = border.get_xydata()[:4].mean(axis=0)
    drawn = seen[real - 1].get_xydata()
    np.testing.assert_allclose(drawn - [left, base], np.c_[theoretical, observed], atol=1e-6)
    low, high = border.get_xydata().min(axis=0), border.get_xydata().max(axis=0)
    assert (low <= drawn).all()
    assert (drawn <= high).all()
    (enlarged,) = [line for line in close.lines if line.get_alpha() == 1]
    np.testing.assert_allclose(enlarged.get_xydata(), np.c_[theoretical, observed], atol=1e-6)


def test_the_frame_of_the_lineup_is_around_the_plot_that_is_enlarged():
    for p in by_name["lineup"].positions:
        wall, close = axes_at("lineup", **p)
        (border,) = [line for line in wall.lines if line.get_linewidth() == 2.5]
        (handle,) = [line for line in wall.lines if line.get_gid()]
        assert handle.get_xydata()[0] == pytest.approx(border.get_xydata().max(axis=0))
        (enlarged,) = [line for line in close.lines if line.get_alpha() == 1]
        low, high = border.get_xydata().min(axis=0), border.get_xydata().max(axis=0)
        (inside,) = [
            line
            for line in wall.lines
            if line.get_alpha() == 1
            and (low <= line.get_xydata()).all()
            and (line.get_xydata() <= high).all()
        ]
        moved = inside.get_xydata() - enlarged.get_xydata()
        np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-9)


@every
def test_the_mark_of_a_position_stands_in_its_picture(explorer):
    for parameters in explorer.positions:
        for ax in axes_at(explorer.name, **parameters):
            (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
            for line in ax.lines:
                if line.get_markersize() >= 7 and line.get_marker() in ("o", "v", "^"):
                    x, y = line.get_data()
                    assert ((left <= x) & (x <= right) & (low <= y) & (y <= high)).all()


def test_the_squares_of_the_factor_are_its_entries():
    from lmmteach.widgets.computation import matrix_of

    for p in by_name["sparsity"].positions:
        before, M = p["before"], matrix_of(p["meets"])
        order = [*range(before), *range(24, 30), *range(before, 24)]
        M = M[np.ix_(order, order)]
        L = np.linalg.cholesky(M)
        expected = {(i, j) for i in range(30) for j in range(i) if abs(L[i, j]) > 1e-12}
        factor, number = axes_at("sparsity", **p)
        hollow, full, handle = (line.get_xydata() for line in factor.lines[1:])
        seen = {(round(y), round(x)) for x, y in [*hollow, *full] if round(x) < round(y)}
        assert seen == expected
        filled = {(round(y), round(x)) for x, y in hollow if round(x) < round(y)}
        assert filled == {(i, j) for i, j in expected if M[i, j] == 0}
        numbers = by_name["sparsity"].read(**p)[0]
        entries = number_at("sparsity", "entries of L that are not 0", **p)
        assert entries == len(expected) + 30
        assert numbers["filled in"] == str(len(filled))
        # The handles: in the middle of the samples, and at the number of entries.
        assert handle[0] == pytest.approx([before + 2.5] * 2)
        (dot,) = [line for line in number.lines if line.get_gid()]
        assert dot.get_xydata()[0] == pytest.approx([before, entries])


def test_the_curve_of_entries_shows_no_order_that_has_not_been_tried():
    for before, passed in ((0, [0]), (6, [0, 2, 4, 6])):
        _, number = axes_at("sparsity", before=before, meets=6)
        (curve,) = [line for line in number.lines if len(line.get_xdata()) > 2]
        assert sorted({int(x) for x in curve.get_xdata()}) == passed


def test_a_plate_meets_as_many_samples_as_the_control_says():
    from lmmteach.widgets.computation import matrix_of

    for meets in (1, 2, 3, 6):
        M = matrix_of(meets)
        assert (M[:24, 24:].sum(axis=1) == meets).all()
        assert (M[:24, 24:].sum(axis=0) == 4 * meets).all()
        np.testing.assert_array_equal(M.diagonal(), [meets + 1] * 24 + [4 * meets + 1] * 6)


@pytest.mark.parametrize("groups", [3, 5, 30])
def test_sizes_where_women_differ_a_lot_are_shares_of_students_t(groups):
    """Without singular fits the statistic is a t, and the likelihood ratio a function of it."""
    z, ratio_test, satterthwaite, kenward_roger = degrees_of_freedom.sizes(groups, 20.0)
    own = student(groups - 1)
    beyond = np.sqrt((groups - 1) * np.expm1(chi2.ppf(0.95, 1) / groups))
    assert z == pytest.approx(2 * own.sf(1.959964), abs=1e-3)
    assert ratio_test == pytest.approx(2 * own.sf(beyond), abs=1e-3)
    assert [satterthwaite, kenward_roger] == pytest.approx([0.05, 0.05], abs=1e-3)


@pytest.mark.parametrize("ratio", [0.001, 0.05, 0.5])
def test_sizes_are_those_of_simulated_studies(ratio):
    """Each with its own fits: on the edge n − 1 degrees of freedom, or still I − 1."""
    rng, studies = np.random.default_rng(17), 200_000
    ssb, ssw = (1 + 16 * ratio) * rng.chisquare(4, studies), rng.chisquare(75, studies)
    mean = rng.normal(0, np.sqrt((1 + 16 * ratio) / 80), studies)
    is_edge = ssb / 4 <= ssw / 75
    t = np.abs(mean) / np.sqrt(np.where(is_edge, (ssb + ssw) / 79, ssb / 4) / 80)

    def deviance(ssb):
        inside = 5 * np.log(ssb / 5) + 75 * np.log(ssw / 75)
        return np.where(ssb / 5 > ssw / 75, inside, 80 * np.log((ssb + ssw) / 80))

    few, many = student(4).ppf(0.975), student(79).ppf(0.975)
    rejected = (
        t > 1.959964,
        deviance(ssb + 80 * mean**2) - deviance(ssb) > 3.841459,
        t > np.where(is_edge, many, few),
        t > few,
    )
    expected = [np.mean(each) for each in rejected]
    assert degrees_of_freedom.sizes(5, ratio) == pytest.approx(expected, abs=0.003)


def test_the_dots_are_on_the_curves_of_their_tests():
    density, shares = axes_at("who-keeps-five", groups=8, ratio=0.2)
    expected = 100 * np.array(degrees_of_freedom.sizes(8, 0.2))
    dots = [line for line in shares.lines if line.get_marker() in ("o", "s")]
    drawn = np.concatenate([line.get_ydata() for line in dots])
    assert sorted(drawn) == pytest.approx(sorted(expected))
    (handle,) = [line for line in density.lines if line.get_marker() == "o"]
    assert handle.get_xdata()[0] == pytest.approx(student(7).ppf(0.975))


def test_a_slider_label_is_its_value_or_its_name():
    control = Control("x", "x", (1.5, 20.0), 0)
    assert control.text(20.0) == "20"


@pytest.mark.parametrize("women", [4, 20, 112])
@pytest.mark.parametrize("measurements", [1, 4, 16])
def test_the_dot_of_a_planned_study_is_its_power_and_the_bar_its_standard_error(
    women, measurements
):
    explorer = by_name["planned"]
    parameters = explorer.start | {"women": women, "measurements": measurements}
    curve, errors = axes_at("planned", **parameters)
    theta = REML, estrone().theta_reml[1]
    variance = 4 * (theta[0] + theta[1] / measurements) / women
    df = women - 2
    power = 100 * ncf(1, df, 1 / variance).sf(f_law(1, df).ppf(0.95))
    (dot,) = [line for line in curve.lines if line.get_gid() == "drag:women"]
    assert dot.get_xydata()[0] == pytest.approx([women, power], rel=1e-5)
    (line,) = [line for line in curve.lines if len(line.get_xdata()) > 2]
    assert np.interp(women, *line.get_data()) == pytest.approx(power, abs=0.3)
    ends = [patch.get_xy()[:, 0].max() for patch in errors.patches]
    assert ends == pytest.approx([np.sqrt(4 * theta[0] / women), np.sqrt(variance)])
    readout, _ = explorer.read(**parameters)
    assert float(readout["power"].removesuffix(" %")) == pytest.approx(power, abs=0.051)
    assert float(readout["standard error"]) == pytest.approx(np.sqrt(variance), abs=5.1e-4)


def test_the_prior_explorer_draws_densities_and_the_intervals_of_its_readout():
    for groups, scale in ((3, 4), (5, 1), (50, 0.25)):
        density, ends = axes_at("prior", groups=groups, scale=scale)
        before, after, bar, diamond = density.lines[1:]
        x, height = before.get_data()
        np.testing.assert_allclose(height, 2 * student(3, scale=scale).pdf(x))
        x, height = after.get_data()
        assert np.trapezoid(height, x) == pytest.approx(1, abs=0.03 if groups > 3 else 0.15)
        low, high = posterior_ends(groups, scale)
        assert bar.get_xdata() == pytest.approx([low, high], abs=6e-4)
        assert diamond.get_gid() == "drag:scale"
        assert diamond.get_xdata()[0] == scale
        (handle,) = [line for line in ends.lines if line.get_gid()]
        assert handle.get_ydata()[0] == pytest.approx(low, abs=6e-4)
        strong = [line for line in ends.collections if line.get_alpha() == 1]
        numbers, _ = by_name["prior"].read(groups=groups, scale=scale)
        for line, text in zip(strong, numbers.values(), strict=True):
            (segment,) = line.get_segments()
            assert segment[:, 1] == pytest.approx(list(map(float, text.split(" to "))), abs=6e-4)


def test_the_prior_explorer_agrees_with_the_criterion_of_fits_with_the_variance_held():
    numbers, _ = by_name["prior"].read(groups=5, scale=1)
    call = {"formula": "logestrone ~ 1 + (1 | woman)", "data": load_data("estrone")}
    top = lmm(**call).criterion
    for end in map(float, numbers["from the restricted likelihood"].split(" to ")):
        drop = lmm(**call, sigma2_b=end**2).criterion - top
        # The explorer holds σ_ε², a fit finds its best value; for this study that is 0.01.
        assert drop == pytest.approx(chi2(1).ppf(0.95), abs=0.02)
