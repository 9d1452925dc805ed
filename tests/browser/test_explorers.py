"""The explorers on the built page: locked until predicted, then right at every position.

A page is opened once from a file, once from a server, and once on a small dark screen that is
touched; every explorer on it is tried there.
"""

import functools
import http.server
import math
import re
import threading
import unicodedata

import pytest
from pages import HTML, PAGE_OF_EXPLORER, emulate, without_formulas

from lmmteach._typeset import SYMBOL, as_html, as_spoken
from lmmteach.widgets import BY_NAME, EXPLORERS
from lmmteach.widgets.picture import as_svg
from lmmteach.widgets.static import frames

every = pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
# At each of these positions: the picture, what is said to a screen reader, and what is read out.
WALK = """(section, positions) => {
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const sizes = sliders.map((slider) => Number(slider.max) + 1);
    const frame = section.querySelector(".explorer-frame");
    const seen = [];
    for (let rest of positions) {
        for (let k = sliders.length - 1; k >= 0; k -= 1) {
            sliders[k].value = rest % sizes[k];
            rest = Math.floor(rest / sizes[k]);
        }
        sliders[0].dispatchEvent(new Event("input", { bubbles: true }));
        seen.push([
            [...frame.querySelectorAll(".explorer-marks")].map((marks) => marks.innerHTML).join(""),
            frame.getAttribute("aria-label"),
            section.querySelector(".explorer-readout").innerHTML,
            ...sliders.map((slider) => slider.getAttribute("aria-valuetext")),
        ]);
    }
    return seen;
}"""
# From now on, where a handle lies in every picture that is shown.
WATCH = """(section, handle) => {
    const mark = section.querySelectorAll(".explorer-handle")[handle];
    section.glided = [];
    section.watching?.disconnect();
    section.watching = new MutationObserver(() => {
        const { e, f } = mark.transform.baseVal.consolidate().matrix;
        section.glided.push([e, f]);
    });
    section.watching.observe(section.querySelector(".explorer-frame"), {
        childList: true,
        subtree: true,
    });
}"""
# Where on the screen a point of a handle's panel is, once it is in the middle of the screen.
ON_SCREEN = """(handle, [x, y]) => {
    handle.ownerSVGElement.scrollIntoView({ block: "center", behavior: "instant" });
    const point = new DOMPoint(x, y).matrixTransform(handle.ownerSVGElement.getScreenCTM());
    return [point.x, point.y];
}"""
# Until the picture has not been drawn anew for two frames: a glide draws it in each.
REST = """(section) => new Promise((rested) => {
    let still = 0;
    const observer = new MutationObserver(() => { still = 0; });
    observer.observe(section.querySelector(".explorer-frame"), { childList: true, subtree: true });
    const look = () => {
        still += 1;
        if (still < 3) return requestAnimationFrame(look);
        observer.disconnect();
        rested();
    };
    requestAnimationFrame(look);
})"""
# How long it takes until the picture begins to move, and what is read out by then.
FIRST_ANSWER = """async (section) => {
    const slider = section.querySelector("input[type=range]");
    slider.value = slider.value === "0" ? slider.max : 0;
    const moving = new Promise((moved) => {
        new MutationObserver((_, observer) => {
            observer.disconnect();
            moved();
        }).observe(section.querySelector(".explorer-frame"), { childList: true, subtree: true });
    });
    const start = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const said = section.querySelector(".explorer-readout").innerHTML;
    await moving;
    return [performance.now() - start, said];
}"""
# Letters that stand upright or on their side: how large they are on the screen.
SMALLEST_WORDS = """(section) => Math.min(
    ...[...section.querySelectorAll("svg:first-of-type > g text")].map((text) => {
        const { a, b } = text.getScreenCTM();
        return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(a, b);
    }))"""
MOVING = """(section) => [...section.querySelectorAll("*")].filter((element) => {
    const style = getComputedStyle(element);
    return style.animationName !== "none" || parseFloat(style.transitionDuration) > 0;
}).length"""

TELEPHONE = {
    "viewport": {"width": 390, "height": 800},
    "has_touch": True,
    "color_scheme": "dark",
    "reduced_motion": "reduce",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The book below a folder of a local server, as a lecture's site would have it."""
    root = tmp_path_factory.mktemp("site")
    (root / "course").mkdir()
    (root / "course" / "book").symlink_to(HTML)
    handler = functools.partial(Quiet, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/course/book"
        running.shutdown()


@pytest.fixture(scope="module")
def opened(browser):
    """``opened(site, explorer, …)``: its page, opened once for each way to see it."""
    pages = {}

    def open_page(site, explorer, **context):
        key = (site, PAGE_OF_EXPLORER[explorer.name], str(context))
        if key not in pages:
            pages[key] = watched(browser.new_context(**context).new_page())
            # What is looked at in all ways has its formulas in one of them.
            if context or site != HTML.as_uri():
                without_formulas(pages[key])
            pages[key].goto(f"{site}/{PAGE_OF_EXPLORER[explorer.name]}")
        return pages[key]

    yield open_page
    for page in pages.values():
        page.context.close()


def watched(page):
    """The page, with what it asks for, what it is refused, and what goes wrong."""
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("requestfailed", lambda request: page.complaints.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "response",
        lambda response: page.complaints.append(response.url) if response.status >= 400 else None,
    )
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if message.type == "error" else None,
    )
    return page


def section_of(page, explorer):
    return page.locator(f"#explorer-{explorer.name}")


def without_guessing(opened, explorer, motion="no-preference"):
    """Its page, and its section with sliders and handles that can be moved."""
    # A context of its own: elsewhere the page waits for a prediction.
    page = opened(HTML.as_uri(), explorer, reduced_motion="no-preference")
    emulate(page, "reduced_motion", motion)
    section = section_of(page, explorer)
    if not is_open(section):
        section.locator(".explorer-skip").click()
    return page, section


def along(explorer, handle):
    """Each position that a handle can be pulled to from the start, and where the handle is then."""
    _, moves, _ = frames(explorer)[0]["handles"][handle]
    fixed = set(explorer.start) - {explorer.controls[k].name for k in moves}
    return [
        (position, frame["handles"][handle][2])
        for position, frame in zip(explorer.positions, frames(explorer), strict=True)
        if all(position[name] == explorer.start[name] for name in fixed)
    ]


def is_open(section):
    states = {slider.is_enabled() for slider in section.locator("input[type=range]").all()}
    assert len(states) == 1
    return states.pop()


def readout(section):
    return section.locator(".explorer-readout").inner_html()


def verdict(section):
    return section.locator(".explorer-verdict").inner_html()


def as_in_the_page(text):
    """Typeset, with quotation marks as the browser writes them back."""
    return as_html(text).replace("&#x27;", "'").replace("&quot;", '"')


def as_written_back(marks):
    """Pictures as the browser writes them: each element with its end, and words unescaped once."""
    return re.sub(r"<(\w+)([^>]*)/>", r"<\1\2></\1>", "".join(map(as_svg, marks)))


def right_at(positions, section, explorer):
    """Whether the page draws and says what the package does, at the positions of these numbers."""
    # Without a glide each position can be looked at at once.
    emulate(section.page, "reduced_motion", "reduce")
    seen = section.evaluate(WALK, list(positions))
    emulate(section.page, "reduced_motion", "no-preference")
    drawn = [as_written_back(frames(explorer)[k]["marks"]) for k in positions]
    assert [picture for picture, *_ in seen] == drawn
    assert [said for _, *said in seen] == [
        [
            as_spoken(f"{explorer.where(parameters)}: {explorer.readout(parameters)}"),
            as_in_the_page(explorer.readout(parameters)),
            *(as_spoken(control.text(parameters[control.name])) for control in explorer.controls),
        ]
        for parameters in (explorer.positions[k] for k in positions)
    ]


def test_every_explorer_stands_in_a_chapter():
    assert set(PAGE_OF_EXPLORER) == {explorer.name for explorer in EXPLORERS}


def test_on_the_front_page_the_printout_is_open_at_once(browser):
    page = watched(browser.new_page())
    page.goto((HTML / "chapters/index.html").as_uri())
    explorer = BY_NAME["printout"]
    section = section_of(page, explorer)
    assert is_open(section)
    assert section.locator("fieldset").count() == 0
    assert page.evaluate("document.activeElement === document.body")
    assert readout(section) == as_in_the_page(explorer.readout(explorer.start))
    printed = section.locator(".explorer-printout")
    assert printed.locator("mark").count() == 0
    section.locator("input[type=range]").press("Home")
    first = explorer.positions[0]
    assert readout(section) == as_in_the_page(explorer.readout(first))
    pieces = explorer.printed(**first)
    assert printed.text_content() == "".join(text for text, _ in pieces)
    assert printed.locator("mark").all_text_contents() == [text for text, new in pieces if new]
    assert page.complaints == []
    page.close()


@every
def test_from_a_file_a_prediction_opens_it_and_it_is_right_everywhere(opened, explorer):
    page = opened(HTML.as_uri(), explorer)
    section = section_of(page, explorer)
    commit = section.locator(".explorer-commit")
    assert not is_open(section)
    assert commit.is_disabled()
    # By keyboard only, and wrong.
    wrong = (explorer.question.right + 1) % len(explorer.question.options)
    section.locator("input[type=radio]").nth(wrong).focus()
    page.keyboard.press("Space")
    assert not is_open(section)
    commit.focus()
    page.keyboard.press("Enter")
    assert verdict(section) == as_in_the_page(f"No. {explorer.question.why}")
    assert is_open(section)
    assert page.evaluate("document.activeElement.type") == "range"

    at = dict(explorer.start)
    sliders = section.locator("input[type=range]").all()
    for slider, control in zip(sliders, explorer.controls, strict=True):
        assert slider.input_value() == str(control.start)
        slider.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        at[control.name] = control.values[1]
        assert readout(section) == as_in_the_page(explorer.readout(at))
    for label, jump in explorer.presets:
        section.get_by_role("button", name=label, exact=True).click()
        assert readout(section) == as_in_the_page(explorer.readout(jump))

    right_at(range(len(explorer.positions)), section, explorer)
    assert [url for url in page.asked if not url.startswith(HTML.as_uri())] == []
    assert page.complaints == []


@every
def test_from_a_folder_of_a_server_a_right_prediction_opens_it_and_its_handles(
    opened, server, explorer
):
    page = opened(server, explorer)
    section = section_of(page, explorer)
    assert not is_open(section)
    handles = section.locator(".explorer-handle").all()
    assert not any(handle.is_visible() for handle in handles)
    assert readout(section) == as_in_the_page(explorer.numbers(explorer.start))
    section.locator("label", has=page.locator("input[type=radio]")).nth(
        explorer.question.right
    ).click()
    section.locator(".explorer-commit").click()
    assert verdict(section) == as_in_the_page(f"Yes. {explorer.question.why}")
    assert is_open(section)
    assert all(handle.is_visible() for handle in handles)
    # The files are the same, and from a file they are right at every position.
    last = len(explorer.positions) - 1
    right_at([0, last // 2, last], section, explorer)
    assert [url for url in page.asked if not url.startswith(server)] == []
    assert page.complaints == []


@every
def test_on_a_small_dark_screen_it_can_be_touched_without_guessing(opened, explorer):
    page = opened(HTML.as_uri(), explorer, **TELEPHONE)
    section = section_of(page, explorer)
    section.get_by_role("button", name="Show me without guessing").tap()
    assert is_open(section)
    assert verdict(section) == as_in_the_page(explorer.question.why)
    slider = section.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    last = {explorer.controls[0].name: explorer.controls[0].values[-1]}
    assert readout(section) == as_in_the_page(explorer.readout(explorer.start | last))
    assert section.evaluate("section => section.scrollWidth <= section.clientWidth")
    smallest = section.evaluate(SMALLEST_WORDS)
    assert smallest >= 8, f"{smallest} px"

    color = section.locator(".explorer-frame svg text").first.evaluate(
        "element => getComputedStyle(element).fill"
    )
    assert min(map(int, color[4:-1].split(","))) > 180
    assert section.evaluate(MOVING) == 0


@every
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_handle_is_pulled_to_the_frame_whose_handle_is_nearest(opened, explorer, motion):
    page, section = without_guessing(opened, explorer, motion)
    sliders = section.locator("input[type=range]").all()
    for number in range(len(frames(explorer)[0]["handles"])):
        for slider, control in zip(sliders, explorer.controls, strict=True):
            slider.fill(str(control.start))
        path = along(explorer, number)
        start = next(place for position, place in path if position == explorer.start)
        target, there = max(path, key=lambda stop: math.dist(stop[1], start))
        handle = section.locator(".explorer-handle").nth(number)
        section.evaluate(REST)
        page.mouse.move(*handle.evaluate(ON_SCREEN, start))
        page.mouse.down()
        section.evaluate(WATCH, number)
        page.mouse.move(*handle.evaluate(ON_SCREEN, there))
        page.mouse.up()
        # What is read is that of the frame at once, before the picture has come to rest.
        assert readout(section) == as_in_the_page(explorer.readout(target))
        for slider, control in zip(sliders, explorer.controls, strict=True):
            value = target[control.name]
            assert slider.input_value() == str(control.values.index(value))
            assert slider.get_attribute("aria-valuetext") == as_spoken(control.text(value))
        section.evaluate(REST)
        seen = section.evaluate("section => section.glided")
        assert seen[-1] == pytest.approx(there, abs=1e-3)
        stored = [place for _, place in path]
        between = [at for at in seen if min(math.dist(at, place) for place in stored) > 0.1]
        assert bool(between) == (motion == "no-preference")
    assert page.complaints == []


@every
def test_a_finger_pulls_a_handle_and_not_the_page(opened, explorer):
    page = opened(HTML.as_uri(), explorer, **TELEPHONE)
    section = section_of(page, explorer)
    if not is_open(section):
        section.locator(".explorer-skip").tap()
    for number in range(len(frames(explorer)[0]["handles"])):
        for slider, control in zip(
            section.locator("input[type=range]").all(), explorer.controls, strict=True
        ):
            slider.fill(str(control.start))
        path = along(explorer, number)
        start = next(place for position, place in path if position == explorer.start)
        target, there = max(path, key=lambda stop: math.dist(stop[1], start))
        handle = section.locator(".explorer-handle").nth(number)
        finger = page.context.new_cdp_session(page)
        steps = [[a + share * (b - a) for a, b in zip(start, there, strict=True)]
                 for share in (0, 0.25, 0.5, 0.75, 1)]  # fmt: skip
        begin, *moves = (handle.evaluate(ON_SCREEN, step) for step in steps)
        scrolled = page.evaluate("scrollY")
        for kind, place in [("touchStart", begin), *(("touchMove", at) for at in moves)]:
            points = [dict(zip("xy", place, strict=True))]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert readout(section) == as_in_the_page(explorer.readout(target))
        assert page.evaluate("scrollY") == scrolled


@every
def test_a_picture_begins_to_move_at_once_and_comes_to_rest_on_its_frame(opened, explorer):
    _, section = without_guessing(opened, explorer)
    for slider, control in zip(
        section.locator("input[type=range]").all(), explorer.controls, strict=True
    ):
        slider.fill(str(control.start))
    times = []
    for _ in range(5):
        time, said = section.evaluate(FIRST_ANSWER)
        times.append(time)
        section.evaluate(REST)
        assert readout(section) == said
    assert min(times) < 50
    marks = section.locator(".explorer-marks").evaluate_all("all => all.map((g) => g.innerHTML)")
    slider, control = section.locator("input[type=range]").first, explorer.controls[0]
    at = explorer.start | {control.name: control.values[int(slider.input_value())]}
    frame = frames(explorer)[explorer.positions.index(at)]
    assert "".join(marks) == as_written_back(frame["marks"])


@every
def test_a_handle_is_large_enough_and_is_none_for_a_screen_reader(opened, explorer):
    _, section = without_guessing(opened, explorer)
    for handle in section.locator(".explorer-handle").all():
        assert handle.get_attribute("aria-hidden") == "true"
        box = handle.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        style = handle.evaluate("handle => [getComputedStyle(handle)].map("
                                "(style) => [style.cursor, style.touchAction])[0]")  # fmt: skip
        assert style == ["grab", "none"]


def bare(text):
    """Without spaces, and with letters where a printed font has ligatures."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def between_symbols(text):
    """The pieces of a text that a PDF keeps in order: a subscript is written after its line."""
    return [bare(piece) for piece in re.split(f"(?:{SYMBOL.pattern})²?", text)]


@every
@pytest.mark.parametrize("is_opened", [False, True], ids=["unopened", "opened"])
def test_paper_asks_the_question_with_its_frame_and_does_not_answer_it(
    printed, explorer, is_opened
):
    words = bare(printed(PAGE_OF_EXPLORER[explorer.name], is_opened).on_paper)
    question = explorer.question
    titles = [ax.get_title() for ax in explorer.figure(**explorer.start).axes]
    asked = (explorer.title, question.text, *question.options)
    for text in (*asked, *titles, explorer.numbers(explorer.start)):
        assert [piece for piece in between_symbols(text) if piece not in words] == []
    sentence = explorer.read(**explorer.start)[1]
    for text in (question.why, sentence, "Show me without guessing", "The answer, and what"):
        assert max(between_symbols(text), key=len) not in words


@every
def test_without_scripts_the_question_stands_and_the_answer_is_behind_a_summary(opened, explorer):
    page = opened(HTML.as_uri(), explorer, java_script_enabled=False)
    section = section_of(page, explorer)
    assert section.locator("legend").is_visible()
    assert section.locator(".explorer-frame svg").first.is_visible()
    for control in section.locator("button, input[type=range]").all():
        assert not control.is_visible()
    table = section.locator("details table")
    assert not table.is_visible()
    section.locator("summary").click()
    assert table.is_visible()
    assert table.locator("tbody tr").count() == len(explorer.samples())
    shown = as_in_the_page(explorer.readout(explorer.start))
    assert shown in [cell.inner_html() for cell in table.locator("td").all()]
    assert section.locator("details p").inner_html() == as_in_the_page(explorer.question.why)
