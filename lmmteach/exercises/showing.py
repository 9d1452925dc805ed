"""Show the answer to a check wherever the call is, in a notebook or in a script."""

import functools
import sys


class Shown:
    """Something that shows itself when it is made; a notebook shows it once in a cell."""

    def _ipython_display_(self):
        show(self)


def shows(ask):
    """Decorate a function so that what it returns is shown at once, last line of a cell or not."""

    @functools.wraps(ask)
    def asked(*arguments, **named):
        said = ask(*arguments, **named)
        if _shell() is not None:
            show(said)
        elif _is_script():
            print(said)
        return said

    return asked


def show(said):
    """Show something in the cell that is running, unless it is there already."""
    from IPython.display import display

    if any(said is other for other in _in_this_cell()):
        return
    _in_this_cell().append(said)
    content = {"text/plain": repr(said)}
    for kind, method in (("text/html", "_repr_html_"), ("text/markdown", "_repr_markdown_")):
        if hasattr(said, method):
            content[kind] = getattr(said, method)()
    display(content, raw=True)


@functools.cache
def _in_this_cell():
    """What the running cell has shown; emptied when it ends."""
    shown = []
    _shell().events.register("post_run_cell", lambda *_: shown.clear())
    return shown


def _shell():
    """The running IPython, if this is one; it is not loaded where it is not in use."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _is_script():
    """Whether a file is run from beginning to end, and not typed line by line at a prompt."""
    return hasattr(sys.modules["__main__"], "__file__") and not hasattr(sys, "ps1")
