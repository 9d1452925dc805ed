"""Explorers between their frames: drawn by the code that drew the frames, and the same on them."""

import json

import pytest

from lmmteach.widgets import EXPLORERS, anywhere
from lmmteach.widgets.anywhere import picture_at, picture_json, value_of
from lmmteach.widgets.explorer import Control
from lmmteach.widgets.picture import as_svg
from lmmteach.widgets.static import frame_at, kinds_of, view

by_name = {explorer.name: explorer for explorer in EXPLORERS}
each = pytest.mark.parametrize("name", by_name)
STEPPED = [
    pytest.param(explorer, k, id=f"{explorer.name}-{control.name}")
    for explorer in EXPLORERS
    for k, control in enumerate((*explorer.controls, *explorer.live_controls))
    if control.step
]


def controls_of(explorer):
    return (*explorer.controls, *explorer.live_controls)


def at_start(explorer):
    return [{"at": control.start} for control in controls_of(explorer)]


def between(control):
    """Numbers that are none of the positions: the middle of each gap, as far as the step goes."""
    found = []
    for left, right in zip(control.values, control.values[1:], strict=False):
        if control.step == "any":
            found.append((left + right) / 2)
        elif right - left > int(control.step):
            found.append(left + int(control.step))
    return [number for number in found if number < float("inf")]


@each
def test_on_a_frame_it_draws_and_says_what_the_frame_does(name):
    explorer = by_name[name]
    frame = frame_at(explorer, explorer.start)
    picture = picture_at(explorer, at_start(explorer))
    slots = iter(picture["between"])
    for marks, (first, *others) in zip(frame["marks"], picture["pieces"], strict=True):
        together = first + "".join(as_svg([next(slots), piece]) for piece in others)
        assert together == as_svg(marks)
    assert picture["handles"] == [place for *_, place in frame["handles"]]
    assert picture["readout"] == frame["readout"]


@pytest.mark.parametrize(("explorer", "k"), STEPPED)
def test_between_two_frames_it_draws_the_same_marks_elsewhere(explorer, k):
    control = controls_of(explorer)[k]
    numbers = between(control)
    assert numbers
    first = view(explorer).marks(explorer.start)
    kinds = kinds_of(dict(zip(("marks", "handles"), first, strict=True)))
    for number in (numbers[0], numbers[len(numbers) // 2], numbers[-1]):
        given = at_start(explorer)
        given[k] = {"value": number}
        picture = picture_at(explorer, given)
        # Finite numbers only, and none that JSON does not have.
        json.loads(json.dumps(picture, allow_nan=False))
        parameters = explorer.start | {control.name: value_of(control, given[k])}
        marks, handles = view(explorer).marks(parameters)
        assert kinds_of({"marks": marks, "handles": handles}) == kinds
        assert control.text(number) in picture["texts"][k].replace("&#x27;", "'")
        own = picture_at(explorer, at_start(explorer))
        assert picture["pieces"] != own["pieces"] or picture["between"] != own["between"]


@pytest.mark.parametrize(("explorer", "k"), STEPPED)
def test_a_position_can_be_typed_as_a_number(explorer, k):
    control = controls_of(explorer)[k]
    last = max(value for value in control.values if value < float("inf"))
    by_number, by_place = at_start(explorer), at_start(explorer)
    by_number[k], by_place[k] = {"value": last}, {"at": control.values.index(last)}
    assert picture_at(explorer, by_number) == picture_at(explorer, by_place)


@pytest.mark.parametrize(
    ("step", "number", "said"),
    [
        ("any", 20.5, "give a number from 2 to 20"),
        ("any", 1.9, "give a number from 2 to 20"),
        ("1", 3.5, "give a whole number from 2 to 20"),
        ("2", 5, "give a number in steps of 2 from 2 to 20"),
    ],
)
def test_a_number_that_a_control_cannot_take_is_refused_in_words(step, number, said):
    control = Control("x", "x_1", (2, 8, 20), 0, step=step)
    with pytest.raises(ValueError, match=said):
        value_of(control, {"value": number})


def test_whole_numbers_stay_whole():
    control = Control("x", "x", (2, 8, 20), 0, step="2")
    assert repr(value_of(control, {"value": 6.0})) == "6"


def test_the_page_is_told_what_is_wrong_and_otherwise_gets_the_picture():
    given = at_start(by_name["variance"])
    right = json.loads(picture_json("variance", json.dumps(given)))
    assert right == json.loads(json.dumps(picture_at(by_name["variance"], given)))
    wrong = json.loads(picture_json("variance", json.dumps([{"value": 99}])))
    assert wrong == {"problem": "For σ<sub>b</sub>², give a number from 0 to 10."}
    assert anywhere.EXPLORERS is EXPLORERS
