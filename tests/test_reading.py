"""A table of one's own: read, looked at, and left with its complete rows."""

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

import lmmteach as lt

RAIL = lt.load_data("rail")


@pytest.mark.parametrize(
    "text",
    [
        "plot,yield,kind\n1,4.5,a\n1,5.0,b\n2,3.25,a\n",
        "plot;yield;kind\n1;4,5;a\n1;5,0;b\n2;3,25;a\n",
        "plot;yield;kind\n1;4.5;a\n1;5.0;b\n2;3.25;a\n",
        "plot\tyield\tkind\n1\t4.5\ta\n1\t5.0\tb\n2\t3.25\ta\n",
        "\ufeffplot, yield, kind\n1, 4.5, a\n1, 5.0, b\n2, 3.25, a\n",
    ],
)
def test_the_usual_kinds_of_csv_are_one_table(tmp_path, text):
    (tmp_path / "beans.csv").write_text(text, encoding="utf-8")
    data = lt.read_data(tmp_path / "beans.csv")
    expected = pd.DataFrame({"plot": [1, 1, 2], "yield": [4.5, 5, 3.25], "kind": ["a", "b", "a"]})
    pd.testing.assert_frame_equal(data, expected)
    assert data.attrs["name"] == "beans"


def test_a_file_from_a_spreadsheet_on_windows_is_read(tmp_path):
    (tmp_path / "a.csv").write_bytes("ort,wert\nKöln,1\nBern,2\n".encode("cp1252"))
    assert lt.read_data(tmp_path / "a.csv")["ort"].tolist() == ["Köln", "Bern"]


def test_a_name_of_the_book_is_its_data_set():
    pd.testing.assert_frame_equal(lt.read_data("rail"), RAIL)


def test_a_file_that_is_not_there_is_told_with_those_that_are(tmp_path):
    (tmp_path / "beans.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"no file bean\.csv .*there are beans\.csv.*orthodont"):
        lt.read_data(tmp_path / "bean.csv")
    with pytest.raises(ValueError, match="has no CSV file"):
        lt.read_data(tmp_path / "elsewhere" / "bean.csv")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("bean.csv", "beans.csv"), ("beans", "beans.csv"), ("orthodonts", "orthodont")],
)
def test_a_file_of_nearly_that_name_is_named(tmp_path, asked, meant):
    (tmp_path / "beans.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=re.escape(f"Did you mean '{meant}'?")):
        lt.read_data(tmp_path / asked)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.xlsx", "PK", "not a CSV file"),
        ("a.csv", " \n", "is empty"),
        ("a.csv", "a,b\n1,2\n1,2,3,4\n", "separated by ','"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        lt.read_data(tmp_path / name)


def test_a_look_counts_rows_groups_and_what_varies():
    look = lt.look(lt.load_data("orthodont"), group="Subject", response="distance")
    assert look.rows == 108
    assert look.sizes["Subject"].tolist() == [4] * 27
    assert look.columns["within Subject"].to_dict() == {
        "distance": "varies",
        "age": "varies",
        "Subject": "the group",
        "Sex": "constant",
    }
    assert look.columns["values"].to_dict()["age"] == 4
    assert look.remarks == []
    assert "27 levels, each with 4 rows" in repr(look)
    assert "Nothing here needs a second look." in repr(look)


def test_both_forms_of_a_look_say_the_same():
    look = lt.look(lt.load_data("estrone"), "woman", "logestrone")
    for text in (repr(look), unescape(look._repr_html_())):
        for words in (
            "80 rows",
            "5 levels, each with 16 rows",
            "10.7918 to 16.6276",
            *look.remarks,
            *look.columns.index,
        ):
            assert words in text


def test_a_response_need_not_be_named():
    assert lt.look(RAIL, "Rail").summary is None


def remarks(data, group="g", response="y"):
    return " ".join(lt.look(data, group, response).remarks)


GOOD = pd.DataFrame(
    {"y": np.arange(40.0) % 7, "g": np.repeat(np.arange(10), 4), "x": np.tile([1, 2, 3, 4], 10)}
)


def test_a_good_table_gets_no_remark():
    assert remarks(GOOD) == ""
    assert remarks(GOOD.assign(x=GOOD["x"] > 2)) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.assign(y=d["y"].mask(d.index == 3)), "Missing values: 1 of y."),
        (lambda d: d.assign(y=d["y"].where(d.index != 3, np.inf)), "Missing values: 1 of y."),
        (lambda d: d.assign(y=d["y"].where(d.index != 3, -99)), "y is -99 in 1 row, far from"),
        (lambda d: d.assign(x=d["x"].where(d.index < 38, 999)), "x is 999 in 2 rows, far from"),
        (
            lambda d: d.assign(x=d["x"].astype(str).where(d.index != 3, "n/a")),
            "x holds texts, but most of them could be numbers; mend the others, such as 'n/a' in "
            "row 3.",
        ),
        (
            lambda d: d.assign(x=d["x"].astype(str) + ",5"),
            "mend the others, such as '1,5' in row 0.",
        ),
        (lambda d: d.assign(x=d["x"].astype(str)), "x holds numbers as texts; turn them into"),
        (lambda d: d.assign(y="low"), "The response y holds texts"),
        (lambda d: d.iloc[:-3], "1 of the 10 levels of g has a single row"),
        (lambda d: d.drop(index=[1, 2, 3, 5, 6, 7]), "2 of the 10 levels of g have a single row"),
        (lambda d: d.groupby("g").head(1), "Every level of g has one row only"),
        (lambda d: d[d["g"] < 5], "g has 5 levels, which are too few"),
        (
            lambda d: d.assign(g=("Ward " + d["g"].astype(str)).where(d.index > 1, "ward  0")),
            "differ only in capitals or blanks may be the same: 'ward  0' and 'Ward 0'.",
        ),
        (
            lambda d: pd.concat([d, d.head(1)], ignore_index=True),
            "1 row repeats an earlier row in every column",
        ),
    ],
)
def test_what_may_be_wrong_is_remarked_and_nothing_else(change, words):
    found = lt.look(change(GOOD), "g", "y").remarks
    assert len(found) == 1
    assert words in found[0]


def test_texts_that_name_groups_need_not_be_numbers():
    assert remarks(GOOD.assign(g=GOOD["g"].astype(str))) == ""


def test_nested_and_crossed_groups_are_told_apart():
    pastes, penicillin = lt.load_data("pastes"), lt.load_data("penicillin")
    words = "Each level of sample belongs to one level of batch: it is nested."
    for order in (["sample", "batch"], ["batch", "sample"]):
        assert words in lt.look(pastes, order).remarks
    (crossed,) = [r for r in lt.look(penicillin, ["plate", "sample"]).remarks if "crossed" in r]
    assert "144 of 144 combinations have rows" in crossed
    assert "they are nested: (1 | plate/sample)" in crossed
    look = lt.look(pastes, ["sample", "batch"])
    assert look.columns.loc["cask", ["within sample", "within batch"]].tolist() == [
        "constant",
        "varies",
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lt.look(RAIL, "rail"), "no column 'rail'.* mean 'Rail'"),
        (lambda: lt.look(RAIL, "Rail", "time"), "no column 'time'"),
        (lambda: lt.look(RAIL.head(0), "Rail"), "no rows"),
        (lambda: lt.look(RAIL, []), "group must name the column"),
        (lambda: lt.look(RAIL, None), "group must name the column"),
        (lambda: lt.plots.groups(RAIL, "tarvel", "travel", "Rail"), "'tarvel'.* mean 'travel'"),
        (lambda: lt.plots.groups(RAIL, None, "travel", "Rail", by="kind"), "no column 'kind'"),
        (lambda: lt.complete_rows(RAIL, "travel ~ age + (1 | Rail)"), "no column 'age'"),
        (
            lambda: lt.complete_rows(RAIL.assign(travel=np.nan), "travel ~ 1 + (1 | Rail)"),
            "No row has all .* 'travel' lacks 18 of 18",
        ),
    ],
)
def test_what_cannot_be_looked_at_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_look_wants_a_data_frame():
    with pytest.raises(TypeError, match="must be a pandas DataFrame"):
        lt.look([1, 2], "g")


def test_rows_are_left_out_only_for_what_the_formula_needs():
    data = GOOD.assign(other=np.nan, y=GOOD["y"].mask(GOOD.index == 3))
    data.loc[[3, 9], "x"] = np.nan
    rows = lt.complete_rows(data, "y ~ x + (1 | g)")
    assert rows.index.tolist() == [k for k in range(40) if k not in (3, 9)]
    assert rows.attrs["left_out"] == (
        "2 of 40 rows were left out because of missing values: y in 1 and x in 2."
    )
    only = lt.complete_rows(data, "y ~ 1 + (1 | g)")
    assert only.attrs["left_out"].startswith("1 of 40 rows was left out")
    assert lt.complete_rows(GOOD, "y ~ 1 + (1 | g)").attrs["left_out"] == (
        "All 40 rows were complete, and none was left out."
    )
    assert "left_out" not in data.attrs


def test_a_group_that_is_missing_or_a_number_that_is_infinite_is_left_out():
    data = GOOD.assign(g=GOOD["g"].astype(object).where(GOOD.index != 5, None))
    data.loc[7, "y"] = np.inf
    rows = lt.complete_rows(data, "y ~ 1 + (1 | g)")
    assert sorted(set(range(40)) - set(rows.index)) == [5, 7]


@pytest.mark.parametrize(
    "text",
    [
        "plot,yield\n1,4.5\n2,5.0\n,\n,\n",
        "plot,yield,\n1,4.5,\n2,5.0,\n",
        "plot,yield\n1,4.5,\n2,5.0,\n",
        "plot;yield;\n1;4,5;\n\n2;5,0;\n;;\n",
    ],
)
def test_what_spreadsheets_leave_around_a_table_is_not_read(tmp_path, text):
    (tmp_path / "beans.csv").write_text(text)
    expected = pd.DataFrame({"plot": [1, 2], "yield": [4.5, 5.0]})
    pd.testing.assert_frame_equal(lt.read_data(tmp_path / "beans.csv"), expected)


def test_names_of_rows_without_a_header_become_a_column(tmp_path):
    (tmp_path / "beans.csv").write_text("plot,yield\na,1,4.5\nb,2,5.0\n")
    data = lt.read_data(tmp_path / "beans.csv")
    assert data["yield"].tolist() == [4.5, 5.0]
    assert list(data) == ["row", "plot", "yield"]


def test_a_text_of_two_bytes_a_sign_is_read(tmp_path):
    (tmp_path / "beans.csv").write_bytes("plot\tyield\n1\t4,5\n".encode("utf-16"))
    assert lt.read_data(tmp_path / "beans.csv")["yield"].tolist() == [4.5]


def test_a_spreadsheet_that_only_calls_itself_csv_is_refused_in_words(tmp_path):
    (tmp_path / "beans.csv").write_bytes(b"PK\x03\x04\x14\x00\x06\x00")
    with pytest.raises(ValueError, match=r"beans\.csv is not a text.*save the one sheet"):
        lt.read_data(tmp_path / "beans.csv")


def test_a_line_with_too_many_entries_is_named(tmp_path):
    (tmp_path / "beans.csv").write_text("plot,yield\n1,4.5\n2,5,0\n")
    with pytest.raises(ValueError, match="line 3 has 3 entries, but the lines above it have 2"):
        lt.read_data(tmp_path / "beans.csv")


@pytest.mark.parametrize(
    ("entries", "how"),
    [
        (["2024-03-01", "2024-03-08"], "data['day'])"),
        (["1.3.2024", "8.3.2024"], "data['day'], dayfirst=True)"),
        (["2024-03-01 08:30", "2024-03-08 09:00"], "data['day'])"),
    ],
)
def test_dates_are_remarked_with_a_way_to_count_days(entries, how):
    data = GOOD.assign(day=np.tile(entries, 20))
    (found,) = lt.look(data, "g", "y").remarks
    assert "each of them for a level of its own" in found
    assert f"pd.to_datetime({how}" in found
    dates = pd.to_datetime(data["day"], dayfirst="dayfirst" in how)
    assert (dates - dates.min()).dt.days.unique().tolist() == [0, 7]


def test_names_of_several_words_are_shown_in_backticks():
    (found,) = lt.look(GOOD.rename(columns={"x": "leaf area"}), "g", "y").remarks
    assert found.endswith("goes in backticks: `leaf area`.")
    assert remarks(GOOD.rename(columns={"x": "leaf.area"})) == ""


def test_a_response_of_texts_is_refused_with_the_first_that_is_no_number():
    texts = GOOD.assign(y=GOOD["y"].astype(str).where(GOOD.index != 3, "n.d."))
    with pytest.raises(ValueError, match=r"is not: y holds texts, such as 'n\.d\.' in row 3\."):
        lt.lmm("y ~ x + (1 | g)", texts)
