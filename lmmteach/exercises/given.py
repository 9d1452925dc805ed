"""What ``start`` is given besides a name: a table, and which of its columns are meant."""

import hashlib

import pandas as pd

from lmmteach._columns import require_columns
from lmmteach.exercises.studies import KNOWN, LECTURE, Topic
from lmmteach.reading import read_data


def table_and_topic(data=None, response=None, group=None, unit="", words=()):
    """The table that ``start`` is to use, and its Topic; None for the lecture's data."""
    if data is None:
        if response is not None or group is not None or unit or words:
            raise ValueError(
                "response, group, unit and words are about your data, so give the data as well: "
                'start(data="sleepstudy").'
            )
        return None
    table = data if isinstance(data, pd.DataFrame) else read_data(data)
    name = str(table.attrs.get("name", "your data"))
    known = KNOWN.get(data) if isinstance(data, str) else None
    if known is not None:
        unit = unit or (known.unit if response in (None, known.response) else "")
        words = words or ((known.one, known.many) if group in (None, known.group) else ())
        response, group = response or known.response, group or known.group
    if response is None or group is None:
        raise ValueError(
            f"Say which column of {name} is the response and which one has the groups, as in "
            f'start(data=…, response="…", group="…"). Its columns are '
            f"{', '.join(map(str, table.columns))}."
        )
    if not (isinstance(response, str) and isinstance(group, str)):
        raise TypeError(
            "response and group must be names of columns, in quotes. Columns without a name get "
            "one with data.columns = [...]."
        )
    if words and (isinstance(words, str) or len(words) != 2):
        raise ValueError('words must be two texts, such as ("child", "children").')
    if known is LECTURE and (response, group) == (LECTURE.response, LECTURE.group):
        return None
    if table is not data:
        _require_no_gap(table, response, group, str(data))
    one, many = words or ("", "")
    return table, Topic(name, response, group, unit, one, many)


def _require_no_gap(table, response, group, file):
    """Say where a file has a gap, in words for who has the file and no table yet."""
    require_columns([response, group], table, file)
    gaps = table[[response, group]].isna()
    if not gaps.any(axis=None):
        return
    row = int(gaps.any(axis=1).argmax())
    column = response if gaps[response].iloc[row] else group
    count = int(gaps.any(axis=1).sum())
    more = f", the first of {count} rows with gaps" if count > 1 else ""
    raise ValueError(
        f"{file} has no value of {column!r} in row {row + 1} below its header{more}. Leave such "
        "rows out, and mention in your report that you did: "
        f"data = lt.read_data({file!r}).dropna(subset=[{response!r}, {group!r}]), "
        f"and then start(data=data, response={response!r}, group={group!r})."
    )


def digest(table, topic):
    """What tells the name and the two columns of a table from those of others, in a few letters.

    The name counts because responses that are drawn depend on it.
    """
    columns = table[[topic.response, topic.group]].to_csv(index=False)
    return hashlib.sha256(f"{topic.data}\n{columns}".encode()).hexdigest()[:16]
