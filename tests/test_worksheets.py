"""The worksheets: in step with the bank, as a run leaves them, and without any solution."""

import nbformat
import notebooks
import pytest
import worksheets

from lmmteach.exercises.bank import BY_CHAPTER, EXERCISES
from lmmteach.exercises.kinds import Choice, Function

NAMES = sorted(worksheets.worksheets())
SHEETS = [worksheets.STUDENTS / name for name in NAMES]


@pytest.fixture(params=SHEETS, ids=lambda path: path.stem)
def path(request):
    return request.param


def read(path):
    return nbformat.read(path, as_version=4)


def test_each_chapter_has_its_worksheet():
    assert [f"{chapter.page}.ipynb" for chapter in BY_CHAPTER] == NAMES
    assert sorted(path.name for path in worksheets.STUDENTS.glob("*.ipynb")) == NAMES


def test_worksheets_and_bank_are_in_step():
    assert worksheets.out_of_step() == []


def test_the_stored_worksheet_is_in_canonical_form_and_was_run(path):
    notebook = read(path)
    assert path.read_text(encoding="utf-8") == notebooks.canonical(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert [c.metadata["executed"] for c in cells] == [notebooks.digest(c.source) for c in cells]


def test_every_check_of_the_stored_worksheet_says_not_attempted(path):
    keys = [exercise.key for exercise in BY_CHAPTER[worksheets.PAGES[path.stem]]]
    assert worksheets.outcomes(read(path)) == dict.fromkeys(keys, "not attempted")


@pytest.fixture(scope="module")
def given():
    """What the worksheets give on purpose."""
    exercises = EXERCISES.values()
    stubs = [exercise.stub for exercise in exercises if isinstance(exercise, Function)]
    prompts = [f"{exercise.prompt}\n{exercise.in_code}" for exercise in exercises]
    return "\n".join(prompts + stubs)


@pytest.mark.parametrize("key", EXERCISES)
def test_a_worksheet_has_no_solution(key, given):
    exercise = EXERCISES[key]
    text = "\n".join(cell.source for path in SHEETS for cell in read(path).cells)
    lines = [line.strip() for line in (exercise.code + "\n" + exercise.solution).splitlines()]
    secret = [line for line in lines if len(line) > 20 and line not in given]
    assert secret or isinstance(exercise, Choice)
    assert [line for line in secret if line in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_edition_with_solutions_has_code_and_reason_of_every_exercise(name):
    cells = worksheets.worksheets(solved=True)[name].cells
    solved = {cells[k].source: cells[k + 1].source for k in range(len(cells) - 1)}
    for exercise in BY_CHAPTER[worksheets.PAGES[name.removesuffix(".ipynb")]]:
        (code,) = [source for source in solved if f'check("{exercise.key}", ' in source]
        assert code.startswith(exercise.code.strip())
        assert exercise.solution.strip() in solved[code]


def test_a_solution_whose_check_does_not_say_right_is_not_stored(monkeypatch):
    chapter, *_ = BY_CHAPTER
    unsolved = read(worksheets.STUDENTS / f"{chapter.page}.ipynb")
    monkeypatch.setattr(worksheets, "execute", lambda notebook, place: notebook)
    monkeypatch.setattr(worksheets, "worksheet", lambda chapter, solved, data: unsolved)
    with pytest.raises(SystemExit, match=f"{chapter.page}: every check should say 'right'") as stop:
        worksheets.run(chapter.page, solved=True)
    assert all(f"'{exercise.key}': 'not attempted'" in str(stop.value)
               for exercise in BY_CHAPTER[chapter])  # fmt: skip
    worksheets.run(chapter.page, solved=False)


def test_options_have_the_letters_that_check_takes():
    choice = next(e for e in EXERCISES.values() if isinstance(e, Choice))
    (sheet,) = [worksheets.worksheet(c) for c in BY_CHAPTER if c.number == choice.chapter]
    (prompt,) = [c.source for c in sheet.cells if c.source.startswith(f"## {choice.key}:")]
    assert f"- (a) {choice.options[0].text}\n- (b) {choice.options[1].text}" in prompt


@pytest.fixture
def shelf(monkeypatch, tmp_path):
    """A folder in place of exercises/, with the worksheets as the bank wants them, not run."""
    monkeypatch.setattr(worksheets, "STUDENTS", tmp_path)
    for name, notebook in worksheets.worksheets().items():
        (tmp_path / name).write_text(notebooks.canonical(notebook), encoding="utf-8")
    return tmp_path


def test_check_is_content_with_what_the_bank_says(shelf):
    worksheets.main(["--check"])


@pytest.mark.parametrize(
    "arguments",
    [["--data", "estrone"], ["--data", "lecture"], ["--shared"], ["--unit", "ms"], ["--data", "x"]],
)
def test_data_that_mean_nothing_write_nothing(arguments, shelf):
    before = {path: path.read_bytes() for path in shelf.iterdir()}
    with pytest.raises(SystemExit) as stop:
        worksheets.main(arguments)
    assert stop.value.code == 2
    assert {path: path.read_bytes() for path in shelf.iterdir()} == before


def test_check_names_what_is_missing_changed_or_left_over(shelf):
    (shelf / NAMES[0]).unlink()
    changed = read(shelf / NAMES[1])
    changed.cells[0].source += " More."
    nbformat.write(changed, shelf / NAMES[1])
    nbformat.write(changed, shelf / "00-left-over.ipynb")
    with pytest.raises(SystemExit, match="make exercises") as stop:
        worksheets.main(["--check"])
    assert str(stop.value).endswith(f"00-left-over.ipynb, {NAMES[0]}, {NAMES[1]}")
    assert (shelf / "00-left-over.ipynb").exists()
