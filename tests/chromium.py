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


def how_to_start():
    """What Playwright has to be told to start it."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    return {"executable_path": executable, "args": list(FLAGS)}
