"""A table of one's own: read it, look at it before the fit, and keep the rows that are complete."""

import csv
import re
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from lmmteach._columns import kind_of, listed, plain, require_columns, require_frame, require_names
from lmmteach.data import DATASETS, load_data
from lmmteach.tables import CELL, STYLE

# Numbers that stand for "not measured" in many files.
CODES = (-9, -99, -999, -9999, 99, 999, 9999)
# With fewer groups, the variance between them is hardly known.
FEW = 10
# A remark names so many labels or columns at most.
NAMED = 3
# 2024-03-01, 1.3.2024 or 3/1/24, with a time of day or without one.
_DATE = r"\d{1,4}([-./])\d{1,2}\1\d{1,4}([ T]\d{1,2}:\d{2}\S*)?"
_CELL = f"{CELL};text-align:left;vertical-align:top"


def read_data(file):
    """Read a table from a CSV file, whichever of the usual kinds it is.

    Parameters
    ----------
    file : name of the file; or the name of one of the book's data sets, such as ``"orthodont"``

    Returns
    -------
    data : DataFrame, a row for each line. Columns may be separated by commas, semicolons or tabs;
        with semicolons or tabs, decimals may have a comma

    Raises
    ------
    ValueError
        saying why the file cannot be read: not there, not a CSV file, empty.
    """
    if file in DATASETS:
        return load_data(file)
    path = Path(file)
    if not path.is_file():
        raise ValueError(_not_there(path))
    if path.suffix.lower() in (".xls", ".xlsx", ".ods", ".numbers", ".sav", ".rds"):
        raise ValueError(
            f"{path.name} is not a CSV file. Open it where it was made, save the one sheet with "
            "the data as CSV, and name that file."
        )
    text = _decoded(path)
    if not text.strip():
        raise ValueError(f"{path.name} is empty.")
    data = _table(text, path.name)
    data.columns = [str(name).strip() for name in data.columns]
    data.attrs["name"] = path.stem
    return data


def _not_there(path):
    folder = path.parent.resolve()
    others = sorted(other.name for other in folder.glob("*.csv")) if folder.is_dir() else []
    there = f"The CSV files there are {', '.join(others)}." if others else "It has no CSV file."
    close = get_close_matches(path.name, [*others, *DATASETS], n=1, cutoff=0.7)
    close += [other for other in others if Path(other).stem == path.name]
    hint = f" Did you mean {close[-1]!r}?" if close else ""
    return (
        f"There is no file {path.name} in the folder {folder.name!r}.{hint} {there} "
        f"The book's own data sets are {', '.join(DATASETS)}."
    )


def _decoded(path):
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        raise ValueError(
            f"{path.name} is not a text, whatever its name says. Open it where it was made, save "
            "the one sheet with the data as CSV, and name that file."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets on Windows write.
        return raw.decode("cp1252", errors="replace")


def _table(text, name):
    header = next(line for line in text.splitlines() if line.strip())
    separator = max(",;\t", key=header.count)
    # Spreadsheets save the empty rows below a table as rows of separators.
    filled = "\n".join(line for line in text.splitlines() if line.strip(separator + ' "'))
    read = {"sep": separator, "skipinitialspace": True, "quoting": csv.QUOTE_MINIMAL}
    try:
        data = _columns_of_text(filled, read)
        if separator == ",":
            return data
        with_comma = _columns_of_text(filled, read | {"decimal": ","})
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{name} cannot be read as a table with columns separated by {separator!r}: "
            f"{_about_a_row(error)}"
        ) from None
    return max(data, with_comma, key=_number_of_number_columns)


def _columns_of_text(text, read):
    """The table of a text, whether or not its rows have one entry more than its header."""
    from io import StringIO

    data = pd.read_csv(StringIO(text), **read)
    rows = csv.reader(StringIO(text), delimiter=read["sep"])
    if len(next(rows)) < len(next(rows, [])):
        # Then pandas has taken the first entry of each row for its name.
        ends_in_separator = len(data) and data.iloc[:, -1].isna().all()
        data = (
            pd.read_csv(StringIO(text), index_col=False, **read)
            if ends_in_separator
            else data.rename_axis(index="row").reset_index()
        )
    nameless = [c for c in data if str(c).startswith("Unnamed:") and data[c].isna().all()]
    return data.drop(columns=nameless)


def _about_a_row(error):
    """What a reader should know of a parser's complaint."""
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if not found:
        return str(error)
    columns, line, entries = found.groups()
    return (
        f"line {line} has {entries} entries, but the lines above it have {columns}. Perhaps an "
        "entry with a separator in it needs quotes."
    )


def _number_of_number_columns(data):
    return sum(pd.api.types.is_numeric_dtype(data[name]) for name in data)


def complete_rows(data, formula):
    """Keep the rows that have every value the formula uses, and count what was left out.

    Parameters
    ----------
    data : DataFrame
    formula : text, as for ``lmm``

    Returns
    -------
    rows : DataFrame with the other rows left out. Its ``attrs["left_out"]`` says how many, and for
        want of what, which ``report`` repeats

    Raises
    ------
    ValueError, TypeError
        if the formula cannot be read, names no column of the data, or no row is complete.
    """
    from lmmteach._formula import read_formula

    require_frame(data, "data")
    require_names(data, "data")
    said = read_formula(formula, data.columns)
    require_columns(said.names, data, "data")
    lacking = {name: _is_missing(data[name]) for name in said.names}
    complete = ~np.any(list(lacking.values()), axis=0)
    if not complete.any():
        worst = max(lacking, key=lambda name: lacking[name].sum())
        raise ValueError(
            f"No row has all the values that {formula!r} needs. The column {worst!r} lacks "
            f"{lacking[worst].sum()} of {len(data)}."
        )
    rows = data[complete].copy()
    counts = {name: int(bad.sum()) for name, bad in lacking.items() if bad.any()}
    rows.attrs = {**data.attrs, "left_out": _left_out(len(data), int((~complete).sum()), counts)}
    return rows


def _is_missing(column):
    values = column.isna()
    if pd.api.types.is_float_dtype(column):
        values = values | np.isinf(column)
    return values.to_numpy()


def _left_out(n, number, counts):
    if not number:
        return f"All {n} rows were complete, and none was left out."
    lacked = listed([f"{name} in {count}" for name, count in counts.items()])
    return (
        f"{number} of {n} rows {'was' if number == 1 else 'were'} left out because of missing "
        f"values: {lacked}."
    )


def look(data, group, response=None):
    """Look at a table before any fit: its rows, its groups, and what each column holds.

    Parameters
    ----------
    data : DataFrame, a row for each observation
    group : name of the column that says which group a row belongs to, or a list of such names
    response : name of the column that is to be explained

    Returns
    -------
    look : Look, which shows itself; ``look.columns``, ``look.sizes`` and ``look.remarks`` are what
        it shows

    Raises
    ------
    ValueError, TypeError
        if data is no DataFrame, or lacks one of the columns.
    """
    require_frame(data, "data")
    require_names(data, "data")
    groups = [group] if isinstance(group, str) else list(group or ())
    if not groups:
        raise ValueError("group must name the column that says which group a row belongs to.")
    named = groups if response is None else [*groups, response]
    require_columns(named, data, "data")
    if data.empty:
        raise ValueError("data has no rows.")
    sizes = {name: data[name].value_counts(sort=False, dropna=True) for name in groups}
    return Look(
        name=data.attrs.get("name", "The table"),
        rows=len(data),
        response=response,
        summary=None if response is None else _summary(data[response]),
        sizes=sizes,
        columns=_columns(data, groups),
        remarks=[
            *_about_response(data, response),
            *(words for name in groups for words in _about_groups(name, sizes[name])),
            *_about_pairs(data, groups),
            *_about_missing(data),
            *(w for name in data if name not in groups for w in _about_column(data[name])),
            *_about_twins(data),
            *_about_names(data),
        ],
    )


@dataclass(frozen=True, eq=False, repr=False)
class Look:
    """What a table holds, before any fit.

    Parameters
    ----------
    name : of the table
    rows : how many there are
    response : name of the response, None if none was named
    summary : what it ranges over, in words
    sizes : ``{grouping column: Series with the number of rows of each level}``
    columns : DataFrame with a row for each column: what it holds, how many different values, how
        many are missing, and whether it varies within the levels of each grouping column
    remarks : sentences on what may be wrong with the table, or deserves a second look
    """

    name: str
    rows: int
    response: str | None
    summary: str | None
    sizes: dict
    columns: pd.DataFrame
    remarks: list

    def _lines(self):
        yield f"{self.name}: {self.rows} rows, {len(self.columns)} columns"
        if self.response is not None:
            yield f"response {self.response}: {self.summary}"
        for name, sizes in self.sizes.items():
            yield f"group {name}: {len(sizes)} levels, {_each(sizes)}"

    def _said(self):
        return self.remarks or ["Nothing here needs a second look."]

    def __repr__(self):
        table = self.columns.reset_index().to_string(index=False)
        return "\n".join([*self._lines(), "", table, "", *(f"- {r}" for r in self._said())])

    def _repr_html_(self):
        table = self.columns.reset_index()
        lines = html_list(self._lines())
        remarks = f"<p><strong>Remarks</strong></p>{html_list(self._said())}"
        return written_up(f"{lines}{html_table(table.columns, table.to_numpy())}{remarks}")


def written_up(inside):
    """HTML that takes the colours of the page, light or dark."""
    return f'<div class="written-up" style="color:inherit">{inside}</div>'


def html_list(items):
    """Texts as a list in HTML."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def html_table(names, rows):
    """Texts and numbers as a table in HTML, in the colours of the page."""
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(str(name))}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(str(cell))}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return (
        f'<div style="overflow-x:auto"><table style="{STYLE}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _summary(column):
    values = column[~_is_missing(column)]
    if kind_of(column) != "numbers" or values.empty:
        return f"{kind_of(column)}, not numbers"
    return (
        f"numbers from {values.min():g} to {values.max():g}, mean {values.mean():.4g}, "
        f"SD {values.std():.3g}"
    )


def _each(sizes):
    low, high = sizes.min(), sizes.max()
    return f"each with {rows_of(low)}" if low == high else f"with {low} to {rows_of(high)}"


def rows_of(number):
    """A number of rows in words, such as "1 row"."""
    return f"{number} row{'' if number == 1 else 's'}"


def _columns(data, groups):
    table = pd.DataFrame(
        {
            "holds": [kind_of(data[name]) for name in data],
            "values": [data[name].nunique() for name in data],
            "missing": [int(_is_missing(data[name]).sum()) for name in data],
        },
        index=pd.Index(data.columns, name="column"),
    )
    for group in groups:
        varies = [_within(data, name, group) for name in data]
        table[f"within {group}"] = varies
    return table


def _within(data, name, group):
    """Whether a column varies within the levels of a group, or only between them."""
    if name == group:
        return "the group"
    most = data.groupby(group, observed=True)[name].nunique().max()
    return "varies" if most > 1 else "constant"


def _about_response(data, response):
    if response is not None and kind_of(data[response]) != "numbers":
        yield (
            f"The response {response} holds {kind_of(data[response])}, but a linear mixed model "
            "needs numbers."
        )


def _about_groups(name, sizes):
    if len(sizes) == len(sizes[sizes == 1]):
        yield (
            f"Every level of {name} has one row only, so differences between the levels of {name} "
            "cannot be told apart from errors."
        )
    elif (sizes == 1).any():
        number = int((sizes == 1).sum())
        yield (
            f"{number} of the {len(sizes)} levels of {name} {'has' if number == 1 else 'have'} a "
            "single row; they may stay, and are shrunk most."
        )
    if len(sizes) < FEW:
        yield (
            f"{name} has {len(sizes)} levels, which are too few to estimate the variance between "
            "them well; expect a wide interval for it."
        )
    yield from _alike(name, sizes.index)


def _alike(name, levels):
    """Levels that may be one, spelt in different ways."""
    spelt = {}
    for level in levels:
        if isinstance(level, str):
            spelt.setdefault(" ".join(level.split()).casefold(), []).append(level)
    twice = [ways for ways in spelt.values() if len(ways) > 1]
    if twice:
        pairs = "; ".join(listed([plain(way) for way in ways]) for ways in twice[:NAMED])
        yield f"Levels of {name} that differ only in capitals or blanks may be the same: {pairs}."


def _about_pairs(data, groups):
    """How each two grouping columns are related: nested or crossed."""
    for k, one in enumerate(groups):
        for other in groups[k + 1 :]:
            pairs = data[[one, other]].dropna().drop_duplicates()
            for inner, outer in ((one, other), (other, one)):
                if not pairs[inner].duplicated().any():
                    yield f"Each level of {inner} belongs to one level of {outer}: it is nested."
                    break
            else:
                possible = data[one].nunique() * data[other].nunique()
                yield (
                    f"{one} and {other} are crossed: {len(pairs)} of {possible} combinations have "
                    "rows. But if the labels of one begin anew in each level of the other, they are"
                    f" nested: (1 | {one}/{other}), or the reverse."
                )


def _about_missing(data):
    lacking = {name: int(_is_missing(data[name]).sum()) for name in data}
    lacking = {name: number for name, number in lacking.items() if number}
    if lacking:
        each = listed([f"{number} of {name}" for name, number in lacking.items()])
        yield f"Missing values: {each}. Find out why before you leave the rows out."


def _about_column(column):
    if kind_of(column) != "texts":
        yield from _odd_codes(column)
    elif column.dropna().str.fullmatch(_DATE).all():
        yield _dates(column)
    else:
        yield from _texts_for_numbers(column)


def _dates(column):
    """How to turn dates into numbers."""
    first, name = column.dropna().iloc[0], repr(str(column.name))
    day_first = ", dayfirst=True" if re.match(r"\d{1,2}\.", first) else ""
    return (
        f"{column.name} holds dates, and a formula would take each of them for a level of its own."
        f" Count days instead: dates = pd.to_datetime(data[{name}]{day_first}), and then "
        'data["days"] = (dates - dates.min()).dt.days, after import pandas as pd.'
    )


def _texts_for_numbers(column):
    """A column of numbers that became texts because of a few entries."""
    texts = column.dropna().astype(str)
    read = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    if not len(texts) or read.notna().mean() < 0.5:
        return
    bad = texts[read.isna()] if read.isna().any() else texts[texts.str.contains(",")]
    if len(bad):
        yield (
            f"{column.name} holds texts, but most of them could be numbers; mend the others, such "
            f"as {plain(bad.iloc[0])} in row {plain(bad.index[0])}."
        )
    else:
        yield f"{column.name} holds numbers as texts; turn them into numbers with .astype(float)."


def _odd_codes(column):
    if kind_of(column) != "numbers":
        return
    values = column[~_is_missing(column)].to_numpy(float)
    for code in CODES:
        others = values[values != code]
        if len(others) < len(values) and len(others) > 3:
            low, high = np.quantile(others, [0.25, 0.75])
            if abs(code - np.median(others)) > 5 * (high - low) > 0:
                yield (
                    f"{column.name} is {code} in {rows_of(len(values) - len(others))}, far from "
                    "all other values: does it stand for a missing value?"
                )


def _about_twins(data):
    number = int(data.duplicated().sum())
    if number:
        yield (
            f"{rows_of(number)} {'repeats' if number == 1 else 'repeat'} an earlier row in every "
            "column. Was the same value measured again, or were they entered twice?"
        )


def _about_names(data):
    """Names that a formula would read as several words."""
    names = [str(name) for name in data if not str(name).startswith("Unnamed:")]
    odd = [f"`{name}`" for name in names if not name.replace(".", "_").isidentifier()]
    if odd:
        yield f"In a formula, a name that is not one word goes in backticks: {listed(odd[:NAMED])}."
