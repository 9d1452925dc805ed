"""Numbers as people write them, as a worksheet reads them; ``tests/browser`` asks the page."""

import pytest
from written_numbers import WRITTEN

from lmmteach.exercises.bank import EXERCISES
from lmmteach.exercises.checking import diagnose
from lmmteach.exercises.kinds import Numeric
from lmmteach.exercises.studies import estrone_study
from lmmteach.exercises.written import UNREADABLE, number_in


@pytest.mark.parametrize("text", WRITTEN, ids=ascii)
def test_what_is_written_is_read(text):
    assert number_in(text) == WRITTEN[text]


def test_the_units_of_the_bank_may_stand_behind_a_number():
    units = {e.unit for e in EXERCISES.values() if isinstance(e, Numeric) and e.unit}
    assert units
    assert {unit: number_in(f"2.5 {unit}") for unit in units} == dict.fromkeys(units, 2.5)


def test_check_reads_a_text_as_the_page_does():
    exercise, study = EXERCISES["4a"], estrone_study()
    right = f"{exercise.answer(study):.4f}"
    for text in (right, right.replace(".", ",").replace("-", "\u2212"), f"{right} logestrone"):
        assert diagnose(exercise, text, study).outcome == "right"
    for text in ("about 2", "1,234.5", "1e999"):
        said = diagnose(exercise, text, study)
        assert (said.outcome, said.text) == ("error", UNREADABLE)


def test_a_decimal_comma_without_quotes_is_named():
    said = diagnose(EXERCISES["4a"], (15, 622), estrone_study())
    assert said.outcome == "error"
    assert "decimal comma" in said.text
