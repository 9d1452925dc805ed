"""The table of planted mistakes fits the package, so that none of them is planted in vain."""

import tomllib

import mutants
import pytest

MUTANTS = mutants.read_mutants()


def test_every_mistake_has_a_name_of_its_own():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) > 100


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_changes_one_place_and_the_code_still_compiles(mutant):
    text, changed = mutants.sources_of(mutant)
    assert text != changed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_test_that_noticed_a_mistake_is_still_there(mutant):
    file, _, test = mutant.noticed_by.partition("::")
    assert file in mutants.TESTS
    source = (mutants.ROOT / "tests" / file).read_text(encoding="utf-8")
    assert f"\ndef {test.partition('[')[0]}(" in source


def test_what_is_recorded_replaces_what_was_and_leaves_the_rest():
    before = mutants.TABLE.read_text(encoding="utf-8")
    found = {mutant.name: 'test_a.py::test_b["\\n"]' for mutant in MUTANTS[1:]}
    after = mutants.recorded(before, found)
    entries = tomllib.loads(after)["mutant"]
    assert [entry.get("noticed_by") for entry in entries] == [None, *found.values()]
    kept = [mutant._replace(noticed_by="") for mutant in MUTANTS]
    assert [mutants.Mutant(**entry)._replace(noticed_by="") for entry in entries] == kept
    comments = [line for line in before.splitlines() if line.startswith("#")]
    assert [line for line in after.splitlines() if line.startswith("#")] == comments
    again = {mutant.name: mutant.noticed_by for mutant in MUTANTS if mutant.noticed_by}
    assert mutants.recorded(after, again) == before
