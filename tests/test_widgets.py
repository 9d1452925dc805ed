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
from scipy.stats import norm

from lmmteach import blup, diagnostics, likelihood, model, prediction, profile, reml, testing
from lmmteach._typeset import as_html, as_plain
from lmmteach.plots.style import BETWEEN
from lmmteach.widgets import EXPLORERS, Control, Explorer, Key, Question
from lmmteach.widgets.live import live_view
from lmmteach.widgets.picture import View, as_svg, new_figure
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
    sliders = widgets_in(box, "SelectionSlider")
    (picture,) = [w for w in widgets_in(box, "HTML") if 'class="explorer-marks"' in w.value]
    readout = widgets_in(box, "HTML")[-1]
    seen = []
    for parameters in explorer.positions:
        for control, slider in zip(explorer.controls, sliders, strict=True):
            slider.value = parameters[control.name]
        seen.append((picture.value, readout.value))
    return seen


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
        assert "<svg" in picture
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
    assert [slider.description for slider in sliders] == ["σ<sub>b</sub>²", "σ<sub>ε</sub>²"]
    assert all(slider.description_allow_html for slider in sliders)


@every
def test_presets_jump_to_positions_that_exist(explorer):
    for label, jump in explorer.presets:
        assert jump in explorer.positions
        box = live_view(explorer)
        click(box, "Show me without guessing")
        click(box, label)
        names = [control.name for control in explorer.controls]
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
    assert number_at("two-terms", "−½ log|V|", sigma2_e=0.5) < 0
    assert number_at("two-terms", "−½ quadratic form", sigma2_e=0.5) > 0
    assert number_at("two-terms", "−½ log|V|", sigma2_e=0.22) > 0
    assert number_at("two-terms", "−½ quadratic form", sigma2_e=0.22) < 0


def test_the_prediction_about_the_profile_is_what_it_shows():
    lowest = by_name["profile"].controls[0].values[0]
    assert lowest == 0.1
    assert chosen("profile") == "It rises."
    at_top = number_at("profile", "best σ_ε²")
    assert number_at("profile", "best σ_ε²", sigma2_b=lowest) > at_top + 0.01
    highest = by_name["profile"].controls[0].values[-1]
    assert number_at("profile", "best σ_ε²", sigma2_b=highest) == pytest.approx(at_top, abs=1e-3)


def test_the_prediction_about_shrinkage_is_what_it_shows():
    assert chosen("shrinkage") == "about a fifth"
    assert number_at("shrinkage", "λ") == 0.5
    assert number_at("shrinkage", "λ", n_i=(4,) * 5) == pytest.approx(0.2, abs=0.005)


def test_the_prediction_about_bias_is_what_it_shows():
    assert "5 %" in chosen("bias")
    share = number_at("bias", "mean of ML", groups=20) / REML
    assert share == pytest.approx(0.95, abs=0.03)


def test_the_prediction_about_the_boundary_is_what_it_shows():
    below = [
        sum(float(p) < 0.05 for p in list(by_name["boundary"].read(0.19, reml)[0].values())[1:])
        for reml in (False, True)
    ]
    assert below == [1, 2]
    assert chosen("boundary") == "two"


def test_the_prediction_about_the_ceiling_is_what_it_shows():
    passes = [
        number_at("wald-ceiling", "ceiling", groups=n) > 1.96
        for n in by_name["wald-ceiling"].controls[1].values
    ]
    assert by_name["wald-ceiling"].controls[1].values == (3, 5, 10)
    assert passes == [False, False, True]
    assert chosen("wald-ceiling") == "ten"
    # The reason says nine: the ceiling with eight groups is below 1.96, with nine above.
    assert np.sqrt((8 - 1) / 2) < 1.96 < np.sqrt((9 - 1) / 2)


def test_the_prediction_about_a_new_woman_is_what_it_shows():
    spread = [float(by_name["new-woman"].read(m, REML)[0]["SD of the next value"]) for m in (0, 1)]
    assert "halves" in chosen("new-woman")
    assert spread[1] / spread[0] == pytest.approx(0.5, abs=0.02)


def numbers_of(numbers, *names):
    """Numbers as a reader finds them in a readout."""
    return [float(re.sub("[−<]", lambda sign: "-" * (sign[0] == "−"), numbers[n])) for n in names]


def words_of_variance(numbers, sentence, sigma2_b):
    (rho,) = numbers_of(numbers, "intraclass correlation")
    if sigma2_b == 0:
        words = "all measurements are independent"
    elif rho < 0.1:
        words = "two measurements of one woman differ almost as much as those of two women"
    else:
        words = f"two measurements of one woman are {'somewhat' if rho < 0.5 else 'clearly'} alike"
    assert sentence == f"With this variance between women, {words}."


def words_of_two_terms(numbers, sentence, **_):
    determinant, quadratic, total = numbers_of(numbers, "−½ log|V|", "−½ quadratic form", "ℓ")
    if total == 0:
        assert sentence.startswith("This is the top:")
    elif determinant < 0 and quadratic < 0:
        assert sentence == "Here both terms have lost."
    elif determinant < 0 < quadratic:
        assert sentence == "The data fit more easily, but log|V| charges more for it."
    else:
        assert quadratic < 0 < determinant
        assert sentence.startswith("log|V| charges less than at the top, but the data fit worse")
    assert total <= 0


def words_of_profile(numbers, sentence, sigma2_b, **_):
    (drop,) = numbers_of(numbers, "below the top")
    low, high = map(float, numbers["95 % interval"].split(" to "))
    assert (low < sigma2_b < high) == (drop < 1.92) == ("lies inside the interval" in sentence)
    assert ("lies outside the interval" in sentence) == (drop > 1.92)


def words_of_shrinkage(numbers, sentence, **_):
    keeps, mean, level, mu = numbers_of(numbers, "λ", "her mean", "her BLUP", "μ̂")
    assert level - mu == pytest.approx(keeps * (mean - mu), abs=3e-3)
    assert percent_in(sentence) == pytest.approx(100 * keeps, abs=0.05)
    assert 0 < percent_in(sentence) < 100


def words_of_contrasts(numbers, sentence, kind, **_):
    curve = [by_name["contrasts"].read(v, kind)[0]["ℓ_K − ℓ_R"] for v in (0.1, REML, 20.0)]
    assert set(curve) == {numbers["ℓ_K − ℓ_R"]}
    assert sentence == "The distance between ℓ_K and ℓ_R is the same at every σ_b²."


def words_of_bias(numbers, sentence, **_):
    ml, restricted = numbers_of(numbers, "mean squared error of ML", "of REML")
    assert ml != restricted
    assert sentence.startswith(f"{'ML' if ml < restricted else 'REML'} has the smaller")


def words_of_boundary(numbers, sentence, **_):
    pvalues = numbers_of(numbers, "p by χ²₁", "by the mixture", "exact")
    words = {
        (False, False, False): "None is",
        (False, False, True): "Only the exact one is",
        (False, True, True): "Two of the three are",
        (True, True, True): "All three are",
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


def words_of_lineup(numbers, sentence, panel, kind):
    y, X, Z, _, theta = estrone()
    V = model.V_theta(theta, Z)
    b = blup.blup(model.D_matrix(theta[0], 5), Z, V, y, X)
    values = {"conditional": y - y.mean() - Z @ b, "marginal": y - y.mean(), "b̂": b}[kind]
    scaled = values / values.std(ddof=1)
    seen = numbers["smallest"], numbers["largest"]
    is_real = seen == (f"{scaled.min():.2f} SD", f"{scaled.max():.2f} SD")
    assert sentence == f"Panel {panel} is {'the real one' if is_real else 'simulated'}."


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
    for sigma2_b in (0.0, REML, 20.0):
        figure = by_name["variance"].figure(sigma2_b=sigma2_b)
        theta = (sigma2_b, estrone().theta_reml[1])
        shade = figure.axes[0].patches[0].get_alpha()
        assert shade == pytest.approx(model.intraclass_correlation(theta))


def test_the_readout_of_variance_is_the_standard_error_of_chapter_1():
    numbers, _ = by_name["variance"].read(REML)
    assert numbers["standard error of the mean"] == "0.5949"
    numbers, _ = by_name["variance"].read(0.0)
    assert numbers["standard error of the mean"] == "0.0638"


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_the_point_walks_on_the_profile(method):
    y, X, Z, *_ = estrone()
    explorer = by_name["profile"]
    figure = explorer.figure(sigma2_b=ML, method=method)
    dot = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    fitter, height = {
        "ML": (likelihood.fit_ml, profile.profile_loglik),
        "REML": (reml.fit_reml, reml.restricted_loglik),
    }[method]
    heights = [
        height(model.V_theta(fitter(y, X, Z, sigma2_b=value)[1], Z), y, X)
        for value in (ML, fitter(y, X, Z)[1][0])
    ]
    assert dot.get_xydata()[0] == pytest.approx([ML, heights[0] - heights[1]], abs=1e-9)


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
    arrows = by_name["shrinkage"].figure(sigma2_b=REML, n_i=n_i).axes[0]
    drawn = [line[:, 0] for line in arrows.collections[0].get_segments()]
    np.testing.assert_allclose(drawn, np.column_stack([means, levels]), rtol=1e-10)


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
        ax = by_name["shrinkage"].figure(sigma2_b=sigma2_b, n_i=n_i).axes[1]
        expected = [(0, sigma2_b), (deviation, of_mean), (deviation * after / of_mean, after)]
        for line, (centre, variance) in zip(ax.lines, expected, strict=True):
            x, density = line.get_data()
            assert np.trapezoid(density, x) == pytest.approx(1, abs=1e-3)
            assert np.trapezoid(x * density, x) == pytest.approx(centre, abs=1e-3)
            assert np.trapezoid((x - centre) ** 2 * density, x) == pytest.approx(variance, rel=2e-3)
            np.testing.assert_allclose(density, norm.pdf(x, centre, np.sqrt(variance)), rtol=1e-9)
            assert density.max() < ax.get_ylim()[1]


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


@pytest.mark.parametrize("theta", [(0.1, 0.22), (ML, 0.3254), (20.0, 0.5)])
def test_the_bars_are_what_the_terms_of_the_likelihood_change_by(theta):
    y, X, Z, best, _ = estrone()
    figure = by_name["two-terms"].figure(sigma2_b=theta[0], sigma2_e=theta[1])
    bars = [bar.get_width() for bar in figure.axes[1].patches]
    mu = np.array([y.mean()])
    change = [
        likelihood.loglik(mu, model.V_theta(t, Z), y, X, constant=False) for t in (theta, best)
    ]
    determinants = [likelihood.log_determinant(model.V_theta(t, Z)) for t in (theta, best)]
    assert bars[0] == pytest.approx((determinants[1] - determinants[0]) / 2, abs=1e-9)
    assert bars[2] == pytest.approx(change[0] - change[1], abs=1e-9)
    assert bars[0] + bars[1] == pytest.approx(bars[2], abs=1e-12)


def test_only_the_top_is_called_the_top():
    called = [
        p for p in by_name["two-terms"].positions if "the top:" in by_name["two-terms"].read(**p)[1]
    ]
    assert called == [{"sigma2_b": ML, "sigma2_e": 0.3254}]


@pytest.mark.parametrize("kind", ["orthonormal", "successive", "first", "mixed"])
def test_another_K_shifts_the_curve_and_leaves_its_peak(kind):
    explorer = by_name["contrasts"]
    numbers = [explorer.read(**p)[0] for p in explorer.positions if p["kind"] == kind]
    assert {n["ℓ_K − ℓ_R"] for n in numbers} == {numbers[0]["ℓ_K − ℓ_R"]}
    assert {n["peak at"] for n in numbers} == {"1.7494"}
    shift = {"orthonormal": np.log(80) / 2, "successive": 0, "first": 0}
    if kind in shift:
        assert float(numbers[0]["ℓ_K − ℓ_R"]) == pytest.approx(shift[kind], abs=1e-4)
    figure = explorer.figure(sigma2_b=REML, kind=kind)
    dot = next(line for line in figure.axes[0].lines if line.get_marker() == "o")
    y, X, Z, _, theta = estrone()
    height = reml.restricted_loglik(model.V_theta((REML, theta[1]), Z), y, X)
    shifted = height + float(numbers[0]["ℓ_K − ℓ_R"])
    assert dot.get_xydata()[0] == pytest.approx([REML, shifted], abs=1e-4)


def test_all_curves_of_K_fit_into_the_picture():
    ax = by_name["contrasts"].figure(**by_name["contrasts"].start).axes[0]
    low, high = ax.get_ylim()
    heights = np.concatenate([line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2])
    assert low < heights.min()
    assert heights.max() < high


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
    figure = by_name["bias"].figure(groups=5)
    drawn = zip(figure.axes, estimates(5), means_and_errors(5), strict=True)
    for ax, values, (mean, _) in drawn:
        # The standard error of a mean of 1,000.
        assert mean == pytest.approx(values.mean(), abs=3 * values.std() / np.sqrt(1000))
        dots, bar = ax.lines[1:]
        x, height = dots.get_data()
        assert len(x) == 100
        assert len(set(zip(x, height, strict=True))) == 100
        np.testing.assert_allclose(np.sort(x), values[5::10], atol=0.1)
        assert bar.get_xdata()[0] == pytest.approx(mean)


def test_the_dots_of_every_number_of_women_fit_into_the_picture():
    from lmmteach.widgets.reml import dots, estimates

    for position in by_name["bias"].positions:
        for values in estimates(**position):
            x, height = dots(values)
            assert height.max() < 26
            assert np.mean(x < 7) > 0.95


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
    figure = by_name["boundary"].figure(c=0.19, reml=False)
    zero, tail = figure.axes
    assert zero.patches[0].get_height() == pytest.approx(0.7027, abs=0.006)
    heights, edges, _ = tail.patches[0].get_data()
    area = np.sum(heights * np.diff(edges))
    assert zero.patches[0].get_height() + area == pytest.approx(1, abs=2e-3)
    line = next(line for line in tail.lines if len(set(line.get_xdata())) == 1)
    assert line.get_xdata()[0] == pytest.approx(2.621, abs=1e-3)


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
def test_the_strong_line_is_the_interval_of_the_chosen_number(m):
    y, X, Z, _, theta = estrone()
    theta = (REML, theta[1])
    values = np.full(m, 10 * np.log10(30))
    level, variance = prediction.predict_measured(
        [1.0], values, theta, model.V_theta(theta, Z), y, X
    )
    lines = by_name["new-woman"].figure(m=m, sigma2_b=REML).axes[0].collections
    for line, spread in zip(lines, (variance + theta[1], variance), strict=True):
        (strong,) = np.flatnonzero(line.get_colors()[:, 3] == 1)
        ends = line.get_segments()[strong]
        assert ends[:, 1] == pytest.approx([(0, 1, 2, 3, 4, 6, 8, 12, 16).index(m)] * 2)
        assert ends[:, 0] == pytest.approx(prediction.normal_interval(level, spread))


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
    *lines, border = explorer.figure(panel=real, kind=kind).axes[0].lines
    lines = [line for line in lines if line.get_alpha() == 1]
    theoretical, observed = diagnostics.qq_points(values)
    drawn = lines[real - 1]
    slope = np.polyfit(theoretical, drawn.get_xdata(), 1)
    np.testing.assert_allclose(np.polyval(slope, theoretical), drawn.get_xdata(), atol=1e-9)
    slope = np.polyfit(observed, drawn.get_ydata(), 1)
    np.testing.assert_allclose(np.polyval(slope, observed), drawn.get_ydata(), atol=1e-6)
    x, y = border.get_data()
    assert x.min() <= drawn.get_xdata().min()
    assert drawn.get_xdata().max() <= x.max()
    assert y.min() <= drawn.get_ydata().min()


@every
def test_the_mark_of_a_position_stands_in_its_picture(explorer):
    for parameters in explorer.positions:
        for ax in explorer.figure(**parameters).axes:
            (left, right), (low, high) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
            for line in ax.lines:
                if line.get_markersize() >= 7 and line.get_marker() in ("o", "v", "^"):
                    x, y = line.get_data()
                    assert ((left <= x) & (x <= right) & (low <= y) & (y <= high)).all()


def test_a_slider_label_is_its_value_or_its_name():
    control = Control("x", "x", (1.5, 20.0), 0)
    assert control.text(20.0) == "20"
