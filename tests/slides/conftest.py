"""One headless Chromium for all tests of the built slides."""

import pytest
from chromium import how_to_start
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**how_to_start())
        yield chromium
        chromium.close()
