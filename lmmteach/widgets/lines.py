"""Two printouts side by side: which of the numbers have changed, line by line."""

import re

NUMBER = re.compile(r"-?\b\d+(?:\.\d+)?\b")


def compared(text, reference):
    """A printout in pieces, each with whether it differs from the reference.

    Parameters
    ----------
    text, reference : two printouts; a line that only the first has differs as a whole

    Returns
    -------
    pieces : ``[(piece, is_changed), …]``, which joined are the text
    """
    before = reference.splitlines()
    pieces = []
    for k, line in enumerate(text.splitlines()):
        pieces += _pieces(line, before[k]) if k < len(before) else [(line, bool(line))]
        pieces.append(("\n", False))
    return pieces


def differs(number, reference):
    """Whether two printed numbers differ in the decimals that both show; 158 stands for 158.0."""
    shown = [len(text.partition(".")[2]) for text in (number, reference) if "." in text]
    decimals = min(shown, default=0)
    return abs(float(number) - float(reference)) > 0.5001 * 10**-decimals


def changed_parts(text, reference, parts):
    """The names of those parts that differ.

    Parameters
    ----------
    text, reference : two printouts
    parts : ``{name: (line, which of its numbers)}``
    """
    lines, before = text.splitlines(), reference.splitlines()
    return [
        name
        for name, (line, which) in parts.items()
        if any(map(differs, *(NUMBER.findall(ours[line])[which] for ours in (lines, before))))
    ]


def listed(names):
    """Names as a list in a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _pieces(line, before):
    words, numbers, references = NUMBER.split(line), NUMBER.findall(line), NUMBER.findall(before)
    pieces = [(words[0], False)]
    for number, reference, after in zip(numbers, references, words[1:], strict=True):
        pieces += [(number, differs(number, reference)), (after, False)]
    return pieces
