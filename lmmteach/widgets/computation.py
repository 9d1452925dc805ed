"""Explorer of chapter 10: where zeros are filled in when M is factorised in another order."""

from functools import cache

import numpy as np

from lmmteach.henderson import cholesky
from lmmteach.plots.style import BETWEEN
from lmmteach.widgets.explorer import Control, Explorer, Key, Question
from lmmteach.widgets.picture import INK, beside, new_figure, set_title

PLATES, SAMPLES = 24, 6
LEVELS = PLATES + SAMPLES
BEFORE = tuple(range(0, PLATES + 1, 2))
MEETS = (1, 2, 3, 6)
# The pairs of two levels, plates numbered before samples, the later one first.
LATER, EARLIER = np.tril_indices(LEVELS, -1)
OF_BOTH = (LATER >= PLATES) & (EARLIER < PLATES)
OF_PLATES = LATER < PLATES


@cache
def matrix_of(meets):
    """M for plates and samples whose SDs are those of the errors: a plate meets so many samples."""
    plate = np.repeat(np.arange(PLATES), meets)
    sample = (plate + np.tile(np.arange(meets), PLATES)) % SAMPLES
    Z = np.zeros((len(plate), LEVELS))
    Z[np.arange(len(plate)), plate] = 1
    Z[np.arange(len(plate)), PLATES + sample] = 1
    return Z.T @ Z + np.eye(LEVELS)


@cache
def factorised(before, meets):
    """Where each level stands in the order, and for each pair: not 0 in M, and not 0 in L."""
    order = np.concatenate([
        np.arange(before), np.arange(PLATES, LEVELS), np.arange(before, PLATES)
    ])  # fmt: skip
    place = np.argsort(order)
    M = matrix_of(meets)
    L = cholesky(M[np.ix_(order, order)])
    rows, columns = cells(place)
    return place, M[LATER, EARLIER] != 0, L[rows, columns] != 0


def cells(place):
    """Row and column of the entry of each pair, below the diagonal."""
    ends = place[LATER], place[EARLIER]
    return np.maximum(*ends), np.minimum(*ends)


@cache
def counts(before, meets):
    """The entries of L that are not 0, those filled in, and those of them between two plates."""
    _, in_M, in_L = factorised(before, meets)
    filled = in_L & ~in_M
    return LEVELS + in_L.sum(), filled.sum(), (filled & OF_PLATES).sum()


def stage():
    """The frame of L with its diagonal, and that of the number of its entries."""
    figure, (factor, number) = new_figure(2)
    factor.set(xlim=(-1, 31), ylim=(31, -4), aspect="equal", xticks=[], yticks=[])
    for side in ("left", "bottom"):
        factor.spines[side].set_visible(False)
    factor.plot(range(LEVELS), range(LEVELS), "s", color=INK, ms=4)
    set_title(factor, "L, in this order")
    factor.set_xlabel("a column for each plate and sample")
    number.axhline(LEVELS * (LEVELS + 1) / 2, color=INK, lw=1, ls=":")
    beside(number, 24, 480, "no zero left", INK, ha="right")
    number.set(xlim=(-1, 25), xticks=[0, 6, 12, 18, 24], ylim=(0, 500))
    number.set_yticks([0, 100, 200, 300, 400])
    set_title(number, "Entries of L that are not 0")
    number.set_xlabel("plates before the samples")
    number.set_ylabel("entries")
    return figure, (factor, number)


def draw(axes, before, meets):
    """The entries of L, those of M filled and the others hollow; their number, by the order."""
    factor, number = axes
    place, in_M, in_L = factorised(before, meets)
    rows, columns = cells(place)
    ends = [before - 0.6, before + SAMPLES - 0.4]
    factor.fill([ends[0], ends[1], ends[1], ends[0]], [ends[0], ends[0], ends[1], ends[1]],
                color=BETWEEN, alpha=0.25, lw=0)  # fmt: skip
    # An entry that is 0 waits on the diagonal, where it is not seen.
    x = np.where(in_L & ~in_M, columns, rows)
    factor.plot(x, rows, "s", mfc="none", mec=INK, mew=0.8, ms=3.4)
    x = np.where(in_M, columns, rows)[OF_BOTH]
    factor.plot(x, rows[OF_BOTH], "s", color=INK, ms=4)
    middle = before + (SAMPLES - 1) / 2
    beside(factor, before + 0.2, before - 2, f"{SAMPLES} samples", BETWEEN)
    factor.plot(middle, middle, "o", color=BETWEEN, ms=10, gid="drag:before")
    # The curve grows with the slider: all of it would answer the question before it is asked.
    passed = np.minimum(BEFORE, before)
    number.plot(passed, [counts(int(value), meets)[0] for value in passed], color=BETWEEN, lw=2.5)
    number.plot(before, counts(before, meets)[0], "o", color=BETWEEN, ms=10, gid="drag:before")


def read(before, meets):
    """How many entries L has, how many were filled in, and between which levels."""
    entries, filled, of_plates = counts(before, meets)
    if filled == 0:
        sentence = "No zero of M has been filled in."
    elif of_plates in (0, filled):
        kind = "plates" if of_plates else "samples"
        sentence = f"All zeros that have been filled in are between two {kind}."
    else:
        sentence = f"Of the zeros that have been filled in, {of_plates} are between two plates."
    return {
        "entries of L that are not 0": f"{entries}",
        "filled in": f"{filled}",
    }, sentence


sparsity = Explorer(
    "sparsity",
    "Explorer: who goes first",
    stage,
    draw,
    read,
    (
        Control("before", "plates before the samples", BEFORE, 0, step="1"),
        Control("meets", "samples that a plate meets", MEETS, 3,
                ("1 (nested)", "2", "3", "6 (crossed)"), "1"),
    ),
    Question(
        "There are 24 plates and six samples, and every plate meets every sample. Which factor "
        "should go first, so that L keeps as many zeros as possible?",
        (
            "the samples, because they are few",
            "the plates, although they are many",
            "It makes no difference, because M is the same matrix in any order.",
        ),
        1,
        "The plates should go first. Whatever a level meets is tied together when that level is "
        "eliminated: a plate ties together no more than six samples, whereas a sample that goes "
        "first ties together all 24 plates, and fills in a zero for every pair of them.",
    ),
    (
        ("samples first", {"before": 0, "meets": 6}),
        ("plates first", {"before": 24, "meets": 6}),
        ("nested, plates first", {"before": 24, "meets": 1}),
    ),
    (
        Key("not 0 in M either", INK, marker="s"),
        Key("0 in M, filled in", INK, marker="s", hollow=True),
        Key("the samples; pull them down the diagonal", BETWEEN, marker="o"),
        Key("number of entries", BETWEEN, line="-"),
    ),
)  # fmt: skip
