"""What the script of the exercises reads as a number is what a worksheet reads."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_numbers import PIECES, WRITTEN

from lmmteach.exercises.written import number_in

SCRIPT = Path(__file__).parents[2] / "tools" / "static" / "exercises.js"


@pytest.fixture(scope="module")
def read_by_the_page(browser):
    """``read_by_the_page(texts)``: their numbers; None where the page says it reads nothing."""
    script = SCRIPT.read_text(encoding="utf-8")
    (function,) = re.findall(r"^  const numberIn = (.*?^  });$", script, re.DOTALL | re.MULTILINE)
    page = browser.new_page()
    finite = "(at => Number.isFinite(at) ? at : null)"
    return lambda texts: page.evaluate(f"texts => texts.map({function}).map({finite})", texts)


def test_each_text_of_the_table(read_by_the_page):
    read = read_by_the_page(list(WRITTEN))
    assert dict(zip(WRITTEN, read, strict=True)) == WRITTEN


def test_whatever_is_typed(read_by_the_page):
    typed = []

    @given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
    def collect(text):
        typed.append(text)

    collect()
    assert read_by_the_page(typed) == [number_in(text) for text in typed]
