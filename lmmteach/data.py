"""The data sets of the book, shipped with the package."""

import difflib
from pathlib import Path

import pandas as pd

DATASETS = {
    "estrone": "5 women, 16 estrone measurements each; the lecture's example",
    "dyestuff": "6 batches of dyestuff, 5 yields each",
    "dyestuff2": "a constructed twin of dyestuff, whose batches differ by errors only",
    "rail": "6 railway rails, 3 travel times of ultrasound each",
    "sleepstudy": "18 people, reaction time on 10 days with too little sleep",
    "penicillin": "24 plates crossed with 6 samples of penicillin",
    "pastes": "10 batches, 3 casks of each, 2 strengths of each cask",
    "orthodont": "27 children, a jaw distance at ages 8, 10, 12 and 14",
    "benchmark": "how long programs take for the same fits, as `make bench` measured it",
}


def list_data():
    """Return the names of the data sets, each with a line that describes it."""
    return dict(DATASETS)


def load_data(name):
    """Load one of the book's data sets as a DataFrame.

    Parameters
    ----------
    name : one of the names in ``list_data()``

    Returns
    -------
    data : DataFrame, a row for each observation; units and source are in ``data/SOURCES.md``

    Raises
    ------
    ValueError
        if the name is not in the list.
    """
    if name not in DATASETS:
        close = difflib.get_close_matches(str(name), DATASETS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"There is no data set {name!r}.{hint} The data sets are {', '.join(DATASETS)}."
        )
    data = pd.read_csv(_folder() / f"{name}.csv")
    data.attrs["name"] = name
    return data


def _folder():
    here = Path(__file__).parent
    installed = here / "_data"
    return installed if installed.is_dir() else here.parent / "data"
