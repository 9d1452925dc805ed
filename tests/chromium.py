"""The headless Chromium that all tests of built pages use."""

import shutil

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


# The shell is the same browser without windows, and needs half the time of the processor.
NAMES = ("chromium-headless-shell", "chromium", "google-chrome")


def how_to_start():
    """What Playwright has to be told to start it."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    return {"executable_path": executable, "args": list(FLAGS)}
