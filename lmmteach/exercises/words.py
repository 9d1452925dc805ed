"""Exercises in the words of other data than the lecture's, with its tolerance; or why not.

The bank is written in the words of the lecture: women, logestrone, eighty rows. Where a study is
about something else, ``asked`` puts its words and numbers in their place. Phrases that many
exercises use are replaced by ``COMMON``, those of one exercise by its own ``elsewhere``, and both
may name what ``facts`` knows, as ``<q>`` for the number of groups. Code and formulas keep their
letters, except for the names of the two columns.
"""

import re
from dataclasses import replace
from functools import lru_cache

import numpy as np

from lmmteach.exercises.kinds import Choice, Function, Numeric
from lmmteach.exercises.numeric import targets
from lmmteach.exercises.studies import LECTURE, quoted

# How far the lecture's responses scatter; tolerances are for numbers of this size.
USUAL_SD = 1.35
# Up to so many numbers of measurements are listed.
LISTED = 8
# With more of its mistakes lost, an exercise is of no use.
LOST_AT_MOST = 1 / 3
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
COMMON = (
    ("all eighty rows", "all <n> rows"),
    ("all eighty measurements", "all <n> measurements"),
    ("eighty rows", "<n> rows"),
    ("five women", "<q> women"),
    ("five means", "<q> means"),
    ("five BLUPs", "<q> BLUPs"),
    ("five levels", "<q> levels"),
    ("five numbers", "<q> numbers"),
    ("five predicted effects", "<q> predicted effects"),
    ("five random effects", "<q> random effects"),
    ("five b̂ᵢ", "<q> b̂ᵢ"),
    ("31 rows", "<m#> rows"),
    ("Take the unbalanced study, which keeps the first 16, 8, 4, 2 and 1 measurements of the five "
     "women", "Take <cut>"),
    ("the unbalanced study (16, 8, 4, 2 and 1 measurements)", "<cut>"),
    ("the lecture's data", "these data"),
    ("in units of `logestrone`", "in <units>"),
    ("logestrone²", "<unit>²"),
    ("first four measurements of each woman", "first <k> measurements of each woman"),
    ("four measurements of each woman", "<k> measurements of each woman"),
    ("twenty rows in all", "<kq> rows in all"),
    ("these twenty rows", "these <kq> rows"),
    ("the rows of the DataFrame `study.data` whose `measurement` is at most 4",
     "the rows `study.first(<k#>)`"),
    ('study.data[study.data["measurement"] <= 4]', "study.first(<k#>)"),
)  # fmt: skip
# Words of the lecture that stand for a group; whoever is of another kind is an it.
SPOKEN = (
    (r"women's", "<many>'"),
    (r"woman's", "<one>'s"),
    (r"women", "<many>"),
    (r"woman who", "<one> that"),
    (r"woman", "<one>"),
    (r"herself", "itself"),
    (r"she", "it"),
    (r"hers", "its own"),
    (r"her", "its"),
)
VERBATIM = re.compile(r"(```.*?```|`[^`\n]+`|\$\$.+?\$\$|\$[^$]+\$)", re.DOTALL)
DECIMALS_IN_WORDS = {"two": 2, "three": 3, "four": 4}
DECIMALS = re.compile(r"(?:at\s+least\s+)?\b(two|three|four)\s+decimals")


def why_not(exercise, study):
    """Why an exercise cannot be asked about a study; "" if it can."""
    if study.topic.is_lectures or exercise.about == study.topic:
        return ""
    if exercise.about is not None:
        data = exercise.about.data
        named, call, which = f"the book's data set {data}", f'start(data="{data}")', "those data"
        if exercise.about == LECTURE:
            named, call, which = "the lecture's data, estrone,", "start()", "the lecture's data"
        return (
            f"Exercise {exercise.key} is about {named} and nothing else, so it is not asked about "
            f"{study.topic.data}. With `{call}`, you work on {which}, and can answer it."
        )
    return _why_not_a_number(exercise, study) if isinstance(exercise, Numeric) else ""


@lru_cache(maxsize=4096)
def _why_not_a_number(exercise, study):
    here = f"Exercise {exercise.key} cannot be asked about {study.topic.data}"
    try:
        needs = exercise.needs(study) if exercise.needs else ""
        if needs:
            return f"{here}, because {needs}."
        known = targets(asked(exercise, study), study)
    except ZeroDivisionError:
        return f"{here}, because its answer would divide by 0 there: an estimate of σ_b² is 0."
    except (ValueError, ArithmeticError) as error:
        return f"{here}: {error}"
    if not np.isfinite([t.value for t in known if t.outcome == "right"]).all():
        return f"{here}, because its answer is not a finite number there."
    recognised = {tag for target in known for tag in target.tag.split(" or ")}
    lost = [wrong.tag for wrong in exercise.wrong if wrong.tag not in recognised]
    if len(lost) > LOST_AT_MOST * len(exercise.wrong):
        return (
            f"{here}, because too many of its mistakes lead to the right number there. The most "
            "likely reason is that an estimate of σ_b² is 0."
        )
    return ""


def asked(exercise, study):
    """An exercise as it is asked about a study: in its words, and with a tolerance of its size.

    It is the exercise itself where that is written for the study's data.
    """
    if study.topic.is_lectures or exercise.about is not None:
        return exercise
    return _reworded(exercise, study)


@lru_cache(maxsize=1024)
def _reworded(exercise, study):
    if not isinstance(exercise, Numeric):
        return replace(exercise, prompt=f"{_note(exercise)}{exercise.prompt}")
    power = exercise.scale * _magnitude(study)
    say = _speaker(exercise, study, power)
    wrong = [replace(entry, feedback=say(entry.feedback)) for entry in exercise.wrong]
    also = [replace(entry, remark=say(entry.remark)) for entry in exercise.also]
    unit = (study.topic.unit or study.topic.response) + "²" * (exercise.scale == 2)
    return replace(
        exercise,
        about=study.topic,
        **{name: say(getattr(exercise, name)) for name in ("title", "prompt", "solution", "right")},
        in_code=say(exercise.in_code),
        code=say(exercise.code, code=True),
        hints=tuple(map(say, exercise.hints)),
        atol=exercise.atol * 10.0**power,
        apart=None if exercise.apart is None else exercise.apart * 10.0**power,
        unit=unit if exercise.unit else "",
        wrong=tuple(wrong),
        also=tuple(also),
        given=_renamed(exercise.given, say),
        elsewhere=(),
    )


def _note(exercise):
    """What a question that is not reworded says first."""
    texts = [exercise.prompt]
    if isinstance(exercise, Choice):
        texts += [option.text for option in exercise.options]
    if not re.search(r"\bwom[ae]n\b|\bhers?\b|estrone", " ".join(texts)):
        return ""
    if isinstance(exercise, Function):
        return (
            "*Here the groups are called women, as in the lecture, but your function must serve "
            "any data, and it is tried on yours.*\n\n"
        )
    return "*This question is about the lecture's women, whatever your data are.*\n\n"


def _renamed(given, say):
    if given is None:
        return None
    return lambda study: {say(name): value for name, value in given(study).items()}


def _magnitude(study):
    """How many powers of ten larger the response scatters than the lecture's."""
    return int(np.floor(np.log10((study.origin or study).y.std() / USUAL_SD)))


def _speaker(exercise, study, power):
    """A function that puts the study's words in the place of the lecture's."""
    known = facts(study)
    pairs = [(_pattern(here), there) for here, there in (*exercise.elsewhere, *COMMON)]

    def fill(text):
        return re.sub(
            r"<(\w+[#^]?)>",
            lambda found: str(known[found[1]]) if found[1] in known else found[0],
            text,
        )

    def say(text, code=False):
        text = _first_that_fits(pairs, text)
        parts = ["", text] if code else VERBATIM.split(text)
        parts = [_named(p, known) if k % 2 else _spoken(p) for k, p in enumerate(parts)]
        text = "".join(parts)
        if known["one"][0] in "aeiou":
            text = re.sub(r"\b([Aa]) (?=<one>)", r"\1n ", text)
        text = fill(text)
        return DECIMALS.sub(lambda found: _precision(found, power), text).strip()

    return say


def _pattern(phrase):
    """What finds a phrase, however its lines are broken; ``…`` stands for anything."""
    text = r"\s+".join(map(re.escape, phrase.split()))
    begin = r"(?<!\w)" if phrase[0].isalnum() else ""
    end = r"(?!\w)" if phrase[-1].isalnum() else ""
    return re.compile(begin + text.replace("…", ".*?") + end, re.DOTALL)


def _first_that_fits(pairs, text):
    """The text with each phrase replaced, none of them twice."""
    at, done = 0, ""
    while True:
        found = [(m.start(), k, m) for k, (p, _) in enumerate(pairs) if (m := p.search(text, at))]
        if not found:
            return done + text[at:]
        start, k, match = min(found)
        done += text[at:start] + pairs[k][1]
        at = match.end()


def _spoken(text):
    """Text with the words of the lecture for a group replaced, to be filled in."""
    for word, instead in SPOKEN:
        first = 1 if instead.startswith("<") else 0
        capital = instead[:first] + instead[first:].capitalize()
        text = re.sub(rf"\b(?:{word})\b", instead, text)
        text = re.sub(rf"\b(?:{word.capitalize()})\b", capital, text)
    return text


def _named(code, known):
    """Code with the names of the two columns, as a formula needs them, and as text."""
    code = re.sub(r"logestrone(?=\s*~)", known["quoted_response"], code)
    code = re.sub(r"(?<=\| )woman(?=\))", known["quoted_group"], code)
    code = re.sub(r'(?<=["`])logestrone(?=["`])', known["response"], code)
    return re.sub(r"(?<=`)woman(?=`)", known["group"], code)


def _precision(found, power):
    decimals = DECIMALS_IN_WORDS[found[1]] - power
    if decimals < 1:
        return "all digits before the decimal point"
    least = "at least " if found[0].startswith("at") else ""
    return f"{least}{in_words(decimals)} decimal{'s' * (decimals > 1)}"


def in_words(number):
    """A whole number as a sentence has it."""
    return SMALL[number] if number < len(SMALL) else f"{number:,}"


def facts(study):
    """The names, words and numbers of a study that texts may speak of, ``{name: text}``."""
    topic, cut = study.topic, study.cut
    q, n, k, h = len(study.n_i), len(study.y), study.quarter, study.half
    few, single = (f"{topic.one} {cut.labels[at]}" for at in (cut.few, cut.fewest))
    few_n, single_n = (int(cut.n_i[at]) for at in (cut.few, cut.fewest))
    return {
        "one": topic.one,
        "many": topic.many,
        "One": topic.one.capitalize(),
        "Many": topic.many.capitalize(),
        "response": topic.response,
        "group": topic.group,
        "quoted_response": quoted(topic.response),
        "quoted_group": quoted(topic.group),
        "unit": topic.unit or topic.response,
        "units": topic.unit or f"units of `{topic.response}`",
        **_in_figures_and_words({"q": q, "q1": q - 1, "q2": q + 1, "n": n, "n1": n - 1}),
        **_in_figures_and_words({"k": k, "k1": k - 1, "kq": k * q}),
        **_in_figures_and_words({"h": h, "h1": h - 1, "hq": h * q}),
        **_in_figures_and_words({"J": int(study.n_i[0]), "m": len(cut.y)}),
        **_in_figures_and_words({"few_n": few_n, "single_n": single_n}),
        "cut": _said_cut(study),
        "few": few,
        "few_at": cut.few,
        "single": single,
        "Single": single[:1].upper() + single[1:],
        "single_at": cut.fewest,
        "single_times": "only once" if single_n == 1 else f"{in_words(single_n)} times",
        "null": f"{study.round_mean:.6g}",
    }


def _in_figures_and_words(numbers):
    """Each number in words under its name, and in figures under its name with a ``#``."""
    words = {name: in_words(number) for name, number in numbers.items()}
    capital = {f"{name}^": word.capitalize() for name, word in words.items()}
    return words | capital | {f"{name}#": str(number) for name, number in numbers.items()}


def _said_cut(study):
    """What the unbalanced study is, for whoever has not seen it."""
    many = study.topic.many
    if not study.is_balanced:
        return f"the study (its {many} have different numbers of measurements)"
    kept = [str(count) for count in study.cut.n_i]
    said = f"{', '.join(kept[:-1])} and {kept[-1]}"
    if len(kept) > LISTED:
        said = f"{', '.join(kept[:LISTED])}, …"
    return f"the unbalanced study ({said} measurements of the {many})"
