"""A number as people write it: with a comma, a long minus sign, thin spaces or a unit.

The script on the built pages, ``numberIn`` in ``tools/static/exercises.js``, reads the same texts.
"""

import re

# Signs that look like nothing, as the mark of the byte order; and all that looks like a hyphen.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
DASH = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63]")
SPACE = re.compile("[\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
WIDE = re.compile("[\uff01-\uff5e]")
NUMBER = re.compile(
    # A space or an apostrophe may part the thousands, but neither a comma nor a point may.
    "(?P<sign>[+-] ?)?"
    "(?P<whole>[0-9]{1,3}(?P<gap>[ '\u2019])[0-9]{3}(?:(?P=gap)[0-9]{3})*|[0-9]*)"
    "(?:[.,](?P<part>[0-9]*))?"
    "(?P<power>e[+-]?[0-9]+)?"
    "(?P<unit> ?(?:%|(?:log ?estrone|pg ?/ ?ml)(?:\u00b2|\\^2|\\*\\*2)?))?",
    re.IGNORECASE | re.ASCII,
)
UNREADABLE = (
    "This cannot be read as a single number. Write it like 12.34 or −0.5, with a point or a comma "
    "before the decimals and neither of them between the thousands."
)


def number_in(text):
    """Return the number that a text writes down, or None where it is not clear which one.

    A point and a comma both begin the decimals, so ``"1,234"`` is a little more than one. Two such
    marks are refused: whoever writes ``"1,234.5"`` and whoever writes ``"1.234,5"`` mean the same,
    and a guess would be wrong for one who mistyped. A per-cent sign divides by 100.
    """
    plain = WIDE.sub(lambda wide: chr(ord(wide[0]) - 0xFEE0), UNSEEN.sub("", text))
    found = NUMBER.fullmatch(SPACE.sub(" ", DASH.sub("-", plain)).strip(" "))
    if not found or not (found["whole"] or found["part"]):
        return None
    sign = (found["sign"] or "").strip()
    whole = re.sub("[^0-9]", "", found["whole"])
    number = float(f"{sign}{whole or 0}.{found['part'] or 0}{found['power'] or ''}")
    if abs(number) == float("inf"):
        return None
    return number / 100 if (found["unit"] or "").endswith("%") else number
