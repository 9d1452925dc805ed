"""Numbers as R prints them: as many digits as the neediest of them needs, and no more."""

import math


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
    width = max(map(len, texts))
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
    short = dict.fromkeys(names)
    unsettled = set(names)
    while unsettled:
        short.update({name: _shorten(name, length) for name in unsettled})
        unsettled = {
            name
            for name in unsettled
            if list(short.values()).count(short[name]) > 1 and len(short[name]) < len(name)
        }
        length += 1
    return [short[name] for name in names]


def _shorten(name, length):
    for droppable in ("aeiou", "abcdefghijklmnopqrstuvwxyz"):
        for i in range(len(name) - 1, 0, -1):
            if len(name) <= length:
                return name
            if name[i] in droppable and name[i - 1] != " ":
                name = name[:i] + name[i + 1 :]
    return name
