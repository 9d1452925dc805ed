"""Function exercises and explorers on the pages of the site, with the Python that the site has."""

import json
import re
import time

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from live_pages import EXPLORER_PAGES, PATIENCE, Site

from lmmteach import widgets
from lmmteach.chapters import CHAPTERS
from lmmteach.exercises import typed
from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.feedback import inline_html
from lmmteach.exercises.functions import stopped
from lmmteach.exercises.kinds import Function
from lmmteach.exercises.running import SECONDS
from lmmteach.widgets.anywhere import picture_at
from lmmteach.widgets.picture import as_svg

FUNCTIONS = {key: e for key, e in EXERCISES.items() if isinstance(e, Function)}
PAGES = {chapter.number: f"chapters/{chapter.page}.html" for chapter in CHAPTERS}
PAGES["printout"] = "chapters/printout.html"
BY_NAME = {explorer.name: explorer for explorer in widgets.EXPLORERS}
UNFOLD = "document.querySelectorAll('details').forEach((details) => { details.open = true; })"
ANSWERED = "form => form.querySelector('.exercise-feedback').dataset.outcome"
SAID = """form => {
    const feedback = form.querySelector(".exercise-feedback");
    const printed = form.querySelector(".exercise-printed");
    return {
        outcome: feedback.dataset.outcome,
        heading: feedback.querySelector("strong").textContent,
        text: feedback.querySelector("span").innerHTML,
        printed: printed.hidden ? "" : printed.textContent,
        solved: !form.querySelector(".exercise-worked").hidden,
    };
}"""
OF_TEXT = re.compile(r"(?<=<text transform=.translate\()[^)]*")
# As a browser writes HTML that it was given.
REWRITTEN = """html => {
    const place = document.createElement("span");
    place.innerHTML = html;
    return place.innerHTML;
}"""
ENDLESS = "while True:\n    pass"
# The loop is in compiled code, where Python cannot cut it off.
NEVER_BACK = "import itertools\n\n\ndef {name}(*given):\n    return sum(itertools.repeat(0))"
ERROR = "def {name}(*given):\n    one = 1\n    return one / 0"


# The chapter that tests visit which no chapter needs to itself.
SHORT = 4


def visits(chapters):
    """``{name: chapter}`` as parameters; those of a page come together, and all but one are long"""
    return [
        pytest.param(name, marks=[] if chapter == SHORT else [pytest.mark.long])
        for name, chapter in sorted(chapters.items(), key=lambda pair: str(pair[1]))
    ]


def mistake(exercise, wrong):
    """Code that makes a named mistake, as the bank has it."""
    return (
        "from lmmteach.exercises.bank import EXERCISES\n"
        f"mistakes = {{wrong.tag: wrong.gives for wrong in EXERCISES[{exercise.key!r}].wrong}}\n"
        f"{exercise.name} = mistakes[{wrong.tag!r}]"
    )


def type_code(page, form, code):
    form.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def check(page, form, code):
    """What the page says to a piece of code, and after how many seconds."""
    type_code(page, form, code)
    begun = time.perf_counter()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(ANSWERED, arg=form.element_handle(), timeout=PATIENCE)
    said = form.evaluate(SAID)
    return said, time.perf_counter() - begun


@pytest.fixture
def new_page(server, browser):
    """``new_page(path)``: a page of the site in a tab of its own, with an empty memory.

    A request to another site is noted, and so are errors of the page's scripts.
    """
    opened, wrong = [], []

    def new(path, size=(1280, 900), **media):
        opened.append(Site(server, browser))
        page = opened[-1].page
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(**media)
        opened[-1].forget()
        page.goto(opened[-1].base + path)
        return page

    yield new
    for site in opened:
        site.close()
    assert wrong + [url for site in opened for url in site.outside] == []


@pytest.fixture(scope="module")
def chapter_page(server, browser):
    """``chapter_page(chapter)``: its page, which stays open while its tests follow one another.

    So Python is loaded once for all exercises and explorers of a page.
    """
    open_now, wrong = {}, []

    def page_of(chapter):
        if chapter not in open_now:
            for site in open_now.values():
                site.close()
                wrong.extend(site.outside)
            open_now.clear()
            site = open_now[chapter] = Site(server, browser)
            site.page.on("pageerror", lambda error: wrong.append(str(error)))
            site.page.emulate_media(reduced_motion="reduce")
            site.page.goto(site.base + PAGES[chapter])
            site.page.evaluate(UNFOLD)
        return open_now[chapter].page

    yield page_of
    for site in open_now.values():
        site.close()
        wrong.extend(site.outside)
    assert wrong == []


def tried(exercise):
    """``{what: code}`` of all that is tried with an exercise.

    What ends an endless loop is the same for all, so that one of a page has it.
    """
    codes = {"stub": exercise.stub, "right": exercise.code}
    codes |= {wrong.tag: mistake(exercise, wrong) for wrong in exercise.wrong}
    codes["error"] = ERROR.format(name=exercise.name)
    first = next(e for e in FUNCTIONS.values() if e.chapter == exercise.chapter)
    return codes | ({"endless": ENDLESS} if exercise is first else {})


@pytest.mark.parametrize("key", visits({key: e.chapter for key, e in FUNCTIONS.items()}))
def test_a_function_is_told_what_python_tells(chapter_page, key, record_property):
    exercise = FUNCTIONS[key]
    page = chapter_page(exercise.chapter)
    form = page.locator(f"#exercise-{key}-form")
    outcomes = {"stub": "not attempted", "right": "right"}
    outcomes |= dict.fromkeys([wrong.tag for wrong in exercise.wrong], "wrong")
    for what, code in tried(exercise).items():
        said, seconds = check(page, form, code)
        record_property(what, f"{seconds:.1f} s")
        if what == "endless":
            assert said["text"] == inline_html(stopped(SECONDS))
            assert seconds < 3 * SECONDS
        else:
            native = page.evaluate(REWRITTEN, typed.answer(key, code)["text"])
            assert (what, said["text"]) == (what, native)
        if what in outcomes:
            assert (what, said["outcome"]) == (what, outcomes[what])
        assert (what, said["solved"]) == (what, what == "right")
        if what == "right":
            assert said["heading"] == f"✓ {key} Right"
        if what == "error":
            assert "line 3" in said["text"]


@pytest.fixture
def page(chapter_page):
    """Chapter 4, where Python has answered already."""
    page = chapter_page(SHORT)
    check(page, page.locator("#exercise-4b-form"), FUNCTIONS["4b"].code)
    return page


def test_python_that_does_not_come_back_is_ended_and_started_again(page, record_property):
    form, exercise = page.locator("#exercise-4b-form"), FUNCTIONS["4b"]
    said, seconds = check(page, form, NEVER_BACK.format(name=exercise.name))
    assert said["text"] == inline_html(stopped(SECONDS))
    assert seconds < 4 * SECONDS
    said, seconds = check(page, form, exercise.code)
    record_property("new Python answered after", f"{seconds:.1f} s")
    assert said["outcome"] == "right"


def test_a_damaged_python_is_replaced(page):
    form, exercise = page.locator("#exercise-4b-form"), FUNCTIONS["4b"]
    said, _ = check(page, form, "import numpy\nnumpy.asarray = None\n" + exercise.code)
    assert "overwritten" in said["text"]
    assert check(page, form, exercise.code)[0]["outcome"] == "right"


def test_a_function_that_calls_itself_for_ever_is_told_its_own_line(page):
    code = "def levels(*given):\n    return levels(*given)"
    said, _ = check(page, page.locator("#exercise-4b-form"), code)
    assert "keeps calling itself" in said["text"]
    assert "line 2 of your code: <code>return levels(*given)</code>" in said["text"]


def test_what_the_code_prints_is_shown_and_a_last_line_shows_its_value(page):
    said, _ = check(page, page.locator("#exercise-4b-form"), "print('<b>')\nlen(y)")
    assert said["printed"] == "<b>\n80\n"


def test_the_text_survives_a_reload_and_start_again_brings_the_stub_back(new_page):
    page = new_page(PAGES[SHORT], size=(390, 800))
    form = page.locator("#exercise-4b-form")
    begun = form.locator(".cm-content").inner_text()
    type_code(page, form, "def levels(y, woman, theta):\n    return 'kept'")
    page.reload()
    form.locator(".cm-content").wait_for()
    assert "return 'kept'" in form.locator(".cm-content").inner_text()
    form.get_by_role("button", name="Start again").click()
    assert form.locator(".cm-content").inner_text() == begun
    assert "brings yours back" in form.locator(".exercise-feedback").inner_text()
    page.keyboard.press("Control+Z")
    assert "return 'kept'" in form.locator(".cm-content").inner_text()
    page.get_by_role("button", name="Start again").first.click()
    page.reload()
    form.locator(".cm-content").wait_for()
    assert form.locator(".cm-content").inner_text() == begun


def test_by_keyboard_one_comes_into_the_editor_and_out_of_it(new_page):
    page = new_page(PAGES[SHORT])
    form = page.locator("#exercise-4b-form")
    form.locator(".cm-content").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Check"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.classList.contains('cm-content')")
    field = page.get_by_role("textbox", name="Your code for 4b")
    assert "Esc" in field.evaluate(
        "field => field.getAttribute('aria-describedby').split(' ')"
        ".map((id) => document.getElementById(id).textContent).join(' ')"
    )


def test_files_that_do_not_arrive_are_told_and_tried_again(new_page):
    page = new_page(PAGES[SHORT])
    form = page.locator("#exercise-4b-form")
    page.route(re.compile("/pandas-"), lambda route: route.abort())
    said, _ = check(page, form, FUNCTIONS["4b"].code)
    assert said["outcome"] == "error"
    assert "pandas did not arrive" in said["text"]
    page.unroute(re.compile("/pandas-"))
    said, _ = check(page, form, FUNCTIONS["4b"].code)
    assert said["outcome"] == "right"


def test_a_page_without_the_live_part_says_where_to_run_it(new_page):
    page = new_page(PAGES[SHORT])
    page.route("**/*.html", without_live)
    page.reload()
    assert page.locator(".exercise-elsewhere").first.is_visible()
    assert page.get_by_text("where check tests it for you").first.is_visible()
    assert not page.locator("#exercise-4b-form").is_visible()
    assert page.get_by_role("button", name="Any value").count() == 0


def without_live(route):
    response = route.fetch()
    page = re.sub(r'<meta name="lmmteach-live"[^>]*>', "", response.text())
    route.fulfill(response=response, body=page)


def between(control):
    """A number between two positions of a control, as far from the start as it can be."""
    last = 2 if control.values[-1] == float("inf") else 1
    left, right = control.values[-1 - last], control.values[-last]
    if control.step == "any":
        return round((left + right) / 2, 3)
    return next(
        left + int(control.step)
        for left, right in zip(control.values, control.values[1:], strict=False)
        if right - left > int(control.step)
    )


def numbers_in(text):
    return np.array(re.findall(r"-?\d+(?:\.\d+)?", text), dtype=float)


def parted(svg):
    """The numbers of a picture: those of its marks, and the places of its texts."""
    return numbers_in(OF_TEXT.sub("", svg)), numbers_in(" ".join(OF_TEXT.findall(svg)))


def words_in(text):
    return re.sub(r"-?\d+(?:\.\d+)?", "#", text)


@pytest.mark.parametrize("name", visits(EXPLORER_PAGES))
def test_between_its_frames_an_explorer_shows_what_python_draws(
    chapter_page, name, record_property
):
    explorer = BY_NAME[name]
    page = chapter_page(EXPLORER_PAGES[name])
    section = page.locator(f"#explorer-{name}")
    if section.locator(".explorer-skip").count():
        assert section.get_by_role("button", name="Any value").is_disabled()
        section.locator(".explorer-skip").click()
    begun = time.perf_counter()
    section.get_by_role("button", name="Any value").click()
    section.locator(".explorer-number").first.wait_for(timeout=PATIENCE)
    record_property("click to open sliders", f"{time.perf_counter() - begun:.1f} s")
    controls = (*explorer.controls, *explorer.live_controls)
    given = [{"at": control.start} for control in controls]
    for k, control in enumerate(controls):
        if not control.step:
            continue
        given[k] = {"value": between(control)}
        field = section.locator(f"input[type=number][aria-label^='{spoken(page, section, k)}']")
        field.fill(str(given[k]["value"]))
        expected = picture_at(explorer, given)
        page.wait_for_function(
            "([readout, html]) => { const s = document.createElement('p'); s.innerHTML = html;"
            " return readout.innerHTML === s.innerHTML; }",
            arg=[section.locator(".explorer-readout").element_handle(), expected["readout"]],
            timeout=PATIENCE,
        )
        shown = section.locator(".explorer-marks").evaluate_all(
            "panels => panels.map((panel) => panel.innerHTML)"
        )
        slots = iter(expected["between"])
        for (first, *others), html in zip(expected["pieces"], shown, strict=True):
            wanted = first + "".join(as_svg([next(slots), piece]) for piece in others)
            wanted = page.evaluate(
                "svg => { const g = document.createElementNS('http://www.w3.org/2000/svg', 'g');"
                " g.innerHTML = svg; return g.innerHTML; }",
                wanted,
            )
            assert words_in(html) == words_in(wanted)
            (marks, texts), (wanted_marks, wanted_texts) = parted(html), parted(wanted)
            # In points: what is drawn is the same but for the last of its two decimals. Where a
            # text begins depends on the fonts of matplotlib too, and on its version.
            np.testing.assert_allclose(marks, wanted_marks, atol=0.0101)
            np.testing.assert_allclose(texts, wanted_texts, atol=0.5)
    times = slide(page, section)
    record_property("slider to picture", f"{1000 * sorted(times)[2]:.0f} ms")


def spoken(page, section, k):
    data = json.loads(section.locator("script").text_content())
    return data["controls"][k]["spoken"]


def slide(page, section):
    """How long the picture takes after each of some moves of the first slider that is fine."""
    return [
        page.evaluate(
            """([section, share]) => new Promise((resolve) => {
                const slider = section.querySelector(".explorer-number + input[type=range]");
                const panels = section.querySelector(".explorer-frame");
                const number = slider.previousElementSibling;
                const coarse = slider.step !== "any";
                const begun = performance.now();
                new MutationObserver((_, observer) => {
                    observer.disconnect();
                    resolve((performance.now() - begun) / 1000);
                }).observe(panels, { subtree: true, childList: true });
                if (coarse) {
                    const { min, max, step } = number;
                    const steps = Math.floor((max - min) / step);
                    number.value = Number(min) + step * Math.round(share * steps);
                    number.dispatchEvent(new Event("input", { bubbles: true }));
                } else {
                    slider.value = share * slider.max;
                    slider.dispatchEvent(new Event("input", { bubbles: true }));
                }
            })""",
            [section.element_handle(), share],
        )
        for share in (0.31, 0.52, 0.33, 0.47, 0.71)
    ]


def test_explorers_with_any_value_are_those_whose_controls_have_steps(new_page):
    stepped = {e.name for e in BY_NAME.values() if any(control.step for control in e.controls)}
    assert stepped == set(EXPLORER_PAGES)
    page = new_page(PAGES[8])
    assert page.locator("#explorer-lineup").count() == 1
    assert page.get_by_role("button", name="Any value").count() == 0


def test_an_explorer_between_its_frames_goes_back_to_a_frame_and_refuses_what_is_outside(new_page):
    page = new_page(PAGES[SHORT], reduced_motion="reduce")
    section = page.locator("#explorer-shrinkage")
    section.locator(".explorer-skip").click()
    readout = section.locator(".explorer-readout")
    section.get_by_role("button", name="ML fit", exact=True).click()
    at_frame = readout.inner_html()
    section.get_by_role("button", name="Any value").click()
    field = section.locator(".explorer-number")
    field.wait_for(timeout=PATIENCE)
    assert field.evaluate("field => document.activeElement === field")
    field.fill("0.1234")
    page.wait_for_function(
        "([p, before]) => p.innerHTML !== before", arg=[readout.element_handle(), at_frame]
    )
    between_frames = readout.inner_html()
    field.fill("77")
    problem = section.locator(".explorer-problem")
    problem.get_by_text("give a number from 0.008 to 2").wait_for()
    assert readout.inner_html() == between_frames
    section.get_by_role("button", name="ML fit", exact=True).click()
    assert readout.inner_html() == at_frame
    assert field.input_value() == "1.3955"
    assert problem.inner_text() == ""


def test_the_live_parts_are_accessible_light_and_dark(new_page):
    page = new_page(PAGES[SHORT], size=(390, 844))
    page.evaluate(UNFOLD)
    section = page.locator("#explorer-shrinkage")
    section.locator(".explorer-skip").click()
    section.get_by_role("button", name="Any value").click()
    section.locator(".explorer-number").wait_for(timeout=PATIENCE)
    check(page, page.locator("#exercise-4b-form"), "print(1)\n" + FUNCTIONS["4b"].code)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # The theme hears of it a moment later.
        page.wait_for_function(
            "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
        )
        for part in ("#exercise-4b", "#explorer-shrinkage"):
            found = Axe().run(page, context=part).response["violations"]
            assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
