"""What the tests do in a running notebook, as a student would: by its menus, keys and widgets."""

import json
import time
from pathlib import Path

from chromium import how_to_start

ROOT = Path(__file__).resolve().parent.parent.parent
SITE = ROOT / "_build" / "site"
SUB_PATH = "some/course"
PATIENCE = 480_000
# The chapter that shows an explorer with numbers, or the page.
EXPLORER_PAGES = {
    "variance": 1, "two-terms": 2, "profile": 3, "shrinkage": 4, "pooling": 4, "own-women": 4,
    "contrasts": 5, "bias": 5, "wald-ceiling": 6, "boundary": 6, "new-woman": 7, "slopes": 9,
    "sparsity": 10, "who-keeps-five": 11, "planned": 12, "prior": 13, "printout": "printout",
}  # fmt: skip

READY = """() => {
    const notebook = window.jupyterapp?.shell?.currentWidget;
    return notebook?.content?.model?.cells?.length > 1
        && notebook.sessionContext?.session?.kernel?.name === "python";
}"""
CELLS = """() => {
    const notebook = jupyterapp.shell.currentWidget;
    return [...notebook.content.model.cells].filter((cell) => cell.type === "code")
        .map((cell) => ({count: cell.executionCount, source: cell.sharedModel.getSource(),
                         outputs: cell.outputs.toJSON()}));
}"""
# Finished: each cell has its number, or one has failed and the others were given up.
FINISHED = """() => {
    const notebook = jupyterapp.shell.currentWidget;
    const cells = [...notebook.content.model.cells].filter((cell) => cell.type === "code");
    const failed = cells.some((cell) =>
        cell.outputs.toJSON().some((output) => output.output_type === "error"));
    const done = cells.every((cell) => cell.executionCount !== null);
    const idle = notebook.sessionContext.session?.kernel?.status === "idle";
    return idle && (failed || done);
}"""
FIRST_FINISHED = """() => {
    const notebook = jupyterapp.shell.currentWidget;
    const first = [...notebook.content.model.cells].find((cell) => cell.type === "code");
    return first.executionCount !== null;
}"""
SHOW = """async (address) => {
    const notebook = await (await fetch(address)).json();
    jupyterapp.shell.currentWidget.content.model.fromJSON(notebook);
}"""
SAVED = "!jupyterapp.shell.currentWidget.context.model.dirty"
SAVE_SLOWLY = """() => {
    const contents = jupyterapp.serviceManager.contents, save = contents.save.bind(contents);
    window.saving = 0;
    contents.save = async (...given) => {
        window.saving += 1;
        await new Promise((done) => setTimeout(done, 800));
        return save(...given);
    };
}"""
# Without deleting the databases, which another tab may have open.
FORGET = """async () => {
    localStorage.clear();
    for (const {name} of await indexedDB.databases()) {
        const opened = await new Promise((done) => {
            indexedDB.open(name).onsuccess = (event) => done(event.target.result);
        });
        for (const store of opened.objectStoreNames) {
            opened.transaction(store, "readwrite").objectStore(store).clear();
        }
        opened.close();
    }
}"""
# From the press that moves the slider to the first change of the picture that it belongs to.
WATCH = """(slider) => {
    const box = slider.closest(".jp-OutputArea-output");
    window.moved = window.changed = undefined;
    slider.addEventListener("pointerdown", () => { window.moved = performance.now(); },
                            {capture: true, once: true});
    new MutationObserver((changes, observer) => {
        if (changes.some((change) => change.target.closest?.("svg")) && window.moved) {
            window.changed = performance.now();
            observer.disconnect();
        }
    }).observe(box, {attributes: true, childList: true, subtree: true});
}"""
ARRIVED = "(slider) => !slider.classList.contains('noUi-state-tap')"


def how_to_start_here():
    """As everywhere, and nothing but the test's own server is to be found, for workers too."""
    how = how_to_start()
    how["args"].append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    return how


class Site:
    """A tab of the browser at the site, and what it asked for elsewhere."""

    def __init__(self, server, browser):
        self.server = server
        self.host = f"http://127.0.0.1:{server.server_port}"
        self.base = f"{self.host}/{SUB_PATH}/"
        self.outside = []
        self.page = browser.new_page()
        # No routes of Playwright's: they would switch off the browser's cache.
        self.page.on("request", self._note)
        # JupyterLab asks before a tab is left whose notebook is being saved.
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _note(self, request):
        # JupyterLite asks for its own heartbeat at the root of the host, and answers it itself.
        known = (self.base, "blob:", "data:", f"{self.host}/api/service-worker-heartbeat")
        if not request.url.startswith(known):
            self.outside.append(request.url)

    def close(self):
        self.page.close()

    def forget(self):
        """Lose what earlier tests have left in the browser: notebooks, and what was typed."""
        self.page.goto(f"{self.base}live/jupyter-lite.json")
        self.page.evaluate(FORGET)

    def open(self, page, button):
        """Go to a page of the book and press a button in its header; return when it was pressed."""
        self.page.goto(self.base + page)
        pressed = time.monotonic()
        self.page.get_by_role("link", name=button, exact=True).first.click()
        self.wait_until_ready()
        return pressed

    def wait_until_ready(self):
        """Wait for a notebook with its kernel."""
        self.page.wait_for_function(READY, timeout=PATIENCE)

    def menu(self, name, command):
        """Choose a command from a menu."""
        self.page.locator(".lm-MenuBar-item", has_text=name).first.click()
        self.page.locator(f'.lm-Menu-item[data-command="{command}"]').click()

    def show(self, notebook):
        """Put another notebook of the site in the place of the open one; Python stays as it is."""
        self.page.evaluate(SHOW, f"{self.base}live/files/{notebook}")

    def run_all(self):
        """Choose "Run All Cells"; return what the cells have in the end, and the first one's time.

        The time is when the first cell had finished.
        """
        self.menu("Run", "runmenu:run-all")
        self.page.wait_for_function(FIRST_FINISHED, timeout=PATIENCE)
        first = time.monotonic()
        self.page.wait_for_function(FINISHED, timeout=PATIENCE, polling=200)
        return self.cells(), first

    def cells(self):
        """The code cells, each with its source, outputs and number."""
        return self.page.evaluate(CELLS)

    def write_cell(self, number, code):
        """Write other code into a code cell."""
        self._go_into(number)
        self.page.keyboard.press("Control+a")
        # As if pasted: an editor that is typed into adds indentation and brackets.
        self.page.keyboard.insert_text(code)

    def _go_into(self, number):
        cell = self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)
        cell.locator(".cm-content").click()

    def run_cell(self, number, code=None):
        """Run a code cell, after writing other code into it; return its outputs."""
        if code is None:
            self._go_into(number)
        else:
            self.write_cell(number, code)
        before = self.cells()[number]["count"]
        self.page.keyboard.press("Control+Enter")
        changed = f"""(before) => {{
            const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
            const count = cells.filter((cell) => cell.type === "code")[{number}].executionCount;
            return count !== null && count !== before;
        }}"""
        self.page.wait_for_function(changed, arg=before, timeout=PATIENCE)
        return self.cells()[number]["outputs"]

    def move_a_slider(self):
        """Open the first explorer and move its slider; return the times to a new picture, in ms."""
        page = self.page
        page.get_by_role("button", name="Show me without guessing").first.click()
        slider = page.locator(".jp-Notebook .noUi-target:not([disabled])").first
        slider.scroll_into_view_if_needed()
        times = []
        for share in (0.9, 0.3, 0.7, 0.2, 0.8):
            # Until a tapped slider has arrived, it takes no other tap.
            page.wait_for_function(ARRIVED, arg=slider.element_handle())
            slider.evaluate(WATCH)
            # JupyterLab takes the arrow keys for itself, so that a slider is moved by a pointer.
            place = slider.bounding_box()
            slider.click(position={"x": place["width"] * share, "y": place["height"] / 2})
            page.wait_for_function("window.changed !== undefined", timeout=10_000)
            times.append(page.evaluate("window.changed - window.moved"))
        return times


def failures(cells):
    """What went wrong in the cells: errors, warnings, and cells that did not run."""
    found = []
    for number, cell in enumerate(cells):
        if cell["count"] is None:
            found.append(f"cell {number} did not run: {cell['source'][:60]!r}")
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                found.append(f"cell {number}: {output['ename']}: {output['evalue']}")
            if output.get("name") == "stderr":
                found.append(f"cell {number}: {json.dumps(output['text'])[:300]}")
    return found


def texts(outputs):
    """All plain text of some outputs."""
    parts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return "\n".join("".join(part) for part in parts)
