"""The explorers on the built page: locked until predicted, then right at every position.

A page is opened once from a file, once from a server, and once on a small dark screen that is
touched; every explorer on it is tried there.
"""

import functools
import http.server
import io
import re
import threading
import unicodedata

import pytest
from pages import CHAPTERS, HTML
from pypdf import PdfReader

from lmmteach._typeset import SYMBOL, as_html, as_spoken
from lmmteach.widgets import BY_NAME, EXPLORERS

every = pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda explorer: explorer.name)
AT = {
    explorer.name: name
    for name in CHAPTERS
    for explorer in EXPLORERS
    if f'id="explorer-{explorer.name}"' in (HTML / name).read_text(encoding="utf-8")
}

# At every position: what is said to a screen reader, and read out; and how many pictures there are.
WALK = """(section) => {
    const sliders = [...section.querySelectorAll("input[type=range]")];
    const sizes = sliders.map((slider) => Number(slider.max) + 1);
    const frame = section.querySelector(".explorer-frame");
    const seen = [], pictures = new Set();
    for (let index = 0; index < sizes.reduce((a, b) => a * b); index += 1) {
        let rest = index;
        for (let k = sliders.length - 1; k >= 0; k -= 1) {
            sliders[k].value = rest % sizes[k];
            rest = Math.floor(rest / sizes[k]);
        }
        sliders[0].dispatchEvent(new Event("input", { bubbles: true }));
        if (frame.querySelector("svg > g path")) pictures.add(frame.innerHTML);
        seen.push([
            frame.getAttribute("aria-label"),
            section.querySelector(".explorer-readout").innerHTML,
            ...sliders.map((slider) => slider.getAttribute("aria-valuetext")),
        ]);
    }
    return [seen, pictures.size];
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
        key = (site, AT[explorer.name], *context)
        if key not in pages:
            pages[key] = watched(browser.new_context(**context).new_page())
            pages[key].goto(f"{site}/{AT[explorer.name]}")
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


def right_everywhere(section, explorer):
    seen, pictures = section.evaluate(WALK)
    assert pictures == len(explorer.positions)
    assert seen == [
        [
            as_spoken(f"{explorer.where(parameters)}: {explorer.readout(parameters)}"),
            as_in_the_page(explorer.readout(parameters)),
            *(as_spoken(control.text(parameters[control.name])) for control in explorer.controls),
        ]
        for parameters in explorer.positions
    ]


def test_every_explorer_stands_in_a_chapter():
    assert set(AT) == {explorer.name for explorer in EXPLORERS}


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

    right_everywhere(section, explorer)
    assert [url for url in page.asked if not url.startswith(HTML.as_uri())] == []
    assert page.complaints == []


@every
def test_from_a_folder_of_a_server_a_right_prediction_opens_it(opened, server, explorer):
    page = opened(server, explorer)
    section = section_of(page, explorer)
    assert not is_open(section)
    assert readout(section) == as_in_the_page(explorer.numbers(explorer.start))
    section.locator("label", has=page.locator("input[type=radio]")).nth(
        explorer.question.right
    ).click()
    section.locator(".explorer-commit").click()
    assert verdict(section) == as_in_the_page(f"Yes. {explorer.question.why}")
    assert is_open(section)
    right_everywhere(section, explorer)
    assert [url for url in page.asked if not url.startswith(server)] == []
    assert page.complaints == []


@every
def test_on_a_small_dark_screen_it_can_be_touched_without_guessing(opened, explorer):
    page = opened(
        HTML.as_uri(),
        explorer,
        viewport={"width": 390, "height": 800},
        has_touch=True,
        color_scheme="dark",
        reduced_motion="reduce",
    )
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


@pytest.fixture(scope="module")
def printed(browser):
    """The words on paper of a chapter, as it opens or with its explorers opened and moved."""

    @functools.cache
    def words(name, is_opened):
        page = browser.new_page()
        page.goto((HTML / name).as_uri())
        if is_opened:
            for section in page.locator("section.explorer").all():
                section.locator(".explorer-skip").click()
                for slider in section.locator("input[type=range]").all():
                    slider.press("Home")
        reader = PdfReader(io.BytesIO(page.pdf()))
        page.close()
        return bare("".join(sheet.extract_text() for sheet in reader.pages))

    return words


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
    words = printed(AT[explorer.name], is_opened)
    question = explorer.question
    titles = [ax.get_title() for ax in explorer.draw(**explorer.start).axes]
    asked = (explorer.title, question.text, *question.options)
    for text in (*asked, *titles, explorer.numbers(explorer.start)):
        assert [piece for piece in between_symbols(text) if piece not in words] == []
    sentence = explorer.read(**explorer.start)[1]
    for text in (question.why, sentence, "Show me without guessing", "The answer, and what"):
        assert max(between_symbols(text), key=len) not in words


@every
def test_without_scripts_the_question_stands_and_the_answer_is_behind_a_summary(browser, explorer):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((HTML / AT[explorer.name]).as_uri())
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
    context.close()
