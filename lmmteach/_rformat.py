"""Numbers as R prints them: as many digits as the neediest of them needs, and no more."""

import math
import re

# R's width of a line, and that after which it breaks a formula.
LINE = 80
DEPARSED = 60


def format_numbers(values, digits):
    """Format numbers together, as R's ``format(x, digits)``: to one width, with equal decimals.

    The number of decimals is the smallest that shows every number to ``digits`` significant
    digits (trailing zeros not counted); powers of ten only where they are shorter.

    Source: R's ``formatReal``, described in ``help(print.default)``.
    """
    finite = [_parts(value, digits) for value in values if math.isfinite(value)]
    negative = any(value < 0 for value in values)
    decimals = max([0, *(significant - exponent - 1 for significant, exponent in finite)])
    significant = max([1, *(significant for significant, _ in finite)])
    whole = max([1, *(exponent + 1 for _, exponent in finite)])
    wide_exponent = any(abs(exponent) >= 100 for _, exponent in finite)
    fixed_width = negative + whole + (decimals > 0) + decimals
    power_width = negative + (significant > 1) + significant + 4 + wide_exponent
    style = f".{decimals}f" if fixed_width <= power_width else f".{significant - 1}e"
    texts = [format(value, style) if math.isfinite(value) else "NA" for value in values]
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts]


def _parts(value, digits):
    """Significant digits that the value needs, at most ``digits``, and its power of ten."""
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return len(mantissa.replace(".", "").rstrip("0")) or 1, int(exponent)


def zap_small(values, digits):
    """Round so that numbers next to nothing beside the largest become 0, as R's ``zapsmall``."""
    largest = max(abs(value) for value in values)
    places = digits - math.log10(largest) if largest > 0 else digits
    return [round(value, max(0, math.floor(places + 0.5))) for value in values]


def abbreviate(names, length):
    """Shorten names as R's ``abbreviate``: lower-case vowels go first, then lower-case letters.

    Names that become equal are given a letter more until they differ.
    """
    names = [name.strip(" ") for name in names]
    short = dict.fromkeys(names)
    unsettled = set(names)
    while unsettled:
        short.update({name: _shorten(name, length) for name in unsettled})
        unsettled = {name for name in short if list(short.values()).count(short[name]) > 1}
        length += 1
    return [short[name] for name in names]


def _shorten(name, length):
    if len(name) <= length:
        return name
    for droppable, at_ends in _DROPPED:
        for i in range(len(name) - 1, 0, -1):
            if len(name) - name.count(" ") <= length:
                return name.replace(" ", "")
            after = name[i + 1 : i + 2].strip(" ")
            drops = droppable is None or name[i] in droppable
            if drops and name[i] != " " and name[i - 1] != " " and not (at_ends and after):
                name = name[:i] + name[i + 1 :]
    return name.replace(" ", "")


_VOWELS, _LETTERS = "aeiou", "abcdefghijklmnopqrstuvwxyz"
# What is dropped in turn, from the right, and whether at the ends of words only.
_DROPPED = [(_VOWELS, True), (_VOWELS, False), (_LETTERS, True), (_LETTERS, False), (None, False)]


def format_matrix(columns, rows, justify):
    """The lines of a matrix of texts as R prints it: in blocks of columns where it is too wide.

    Parameters
    ----------
    columns : [(name, texts), …]
    rows : names of the rows
    justify : ``str.ljust`` or ``str.rjust``, for the columns

    Returns
    -------
    lines : list of texts
    """
    margin = max(map(len, rows))
    labels = ["".ljust(margin), *(row.ljust(margin) for row in rows)]
    blocks, width = [], LINE
    for name, texts in columns:
        cells = [name, *texts]
        wide = max(map(len, cells))
        if width + 1 + wide >= LINE:
            blocks.append([labels])
            width = margin
        width += 1 + wide
        blocks[-1].append([justify(cell, wide) for cell in cells])
    return [" ".join(line) for block in blocks for line in zip(*block, strict=True)]


def fill(pieces):
    """Texts side by side as R's ``cat(…, fill = TRUE)``: on a new line where one is full."""
    text, width = pieces[0], len(pieces[0]) + 1
    for piece in pieces[1:]:
        text += " "
        if width + len(piece) + 1 > LINE:
            text, width = text + "\n", 0
        text += piece
        width += len(piece) + 1
    return text


def deparse(formula):
    """A formula in lines as R's ``deparse``: broken after a sign, or before an argument."""
    lines, start, end = [], 0, len(formula)
    for sign in _BREAKS.finditer(formula):
        indent = 4 if lines else 0
        if sign[1] and indent + sign.end() - start > DEPARSED:
            lines.append(" " * indent + formula[start : sign.end()])
            start = sign.end()
    return [*lines, " " * (4 if lines else 0) + formula[start:end]]


# Signs after which R may break a line; quoted texts and names are passed over.
_BREAKS = re.compile(r'"[^"]*"|`[^`]*`|( (?:[-+*~<>|]|\|\||[<>=!]=) |, )')
