"""How the book reads: a smoke alarm for its sentences, and the minutes that its cards promise."""

import prose
import pytest

from lmmteach.chapters import CHAPTERS

PLACES = [
    pytest.param(texts, id=f"{chapter.page}-{name}")
    for chapter in CHAPTERS
    for name, texts in (
        ("text", prose.cells(chapter.page)),
        ("exercises", prose.exercise_texts(chapter)),
    )
]


@pytest.fixture(params=PLACES)
def figures(request):
    return prose.figures(request.param)


def test_sentences_carry_a_thought(figures):
    print(f"{figures.mean:.1f} words on average, {figures.short:.1%} of sentences are short")
    assert 14 <= figures.mean <= 22
    assert figures.short < 0.12


def test_no_paragraph_opens_in_parentheses(figures):
    assert figures.in_parentheses == ()


def test_no_phrase_gives_away_a_translation(figures):
    assert figures.phrases == ()


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.page)
def test_a_card_promises_the_minutes_that_its_chapter_takes(chapter):
    time = prose.time(chapter)
    assert f"{time}\n" in "\n\n".join(prose.cells(chapter.page))
    assert 20 <= time.first <= 40


def test_what_is_not_prose_is_left_out():
    text = """# A heading

Let $x$ be `code`, as in {doc}`notation`.
It ends.
(An aside.)

```python
print("No sentence. None at all.")
```

| a table | with cells. |

$$
y = x
$$ (eq-y)

:::{admonition} Before you start
:class: tip
A card is not counted.
:::

- An item that is a sentence.
- a label

```{margin} A title
A note in the margin.
```
"""
    assert prose.sentences(text) == [
        "Let Symbol be Code, as in Reference.",
        "It ends.",
        "(An aside.)",
        "An item that is a sentence.",
        "A note in the margin.",
    ]
    assert prose.figures([text]).mean == pytest.approx((7 + 2 + 2 + 6 + 5) / 5)
    assert prose.figures([text]).short == 4 / 5


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It is 0.5, i.e. Half of it. The rest is not.", 2),
        ("See J. Smith for that. Is it so? It is!", 3),
        ('He said "no." Then he left.', 2),
        ("No end", 0),
        ("As follows:", 1),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, number):
    assert len(prose.sentences(text)) == number


@pytest.mark.parametrize(
    "text",
    [
        "Five women tell the variance poorly.",
        "It shall be 1.",
        "This number says little.",
        "What stands in the table is so much.",
        "One finds that it helps on.",
    ],
)
def test_the_alarm_hears_a_translation(text):
    assert prose.figures([text]).phrases


def test_the_alarm_sees_an_aside_as_a_paragraph():
    assert prose.figures(["Before.\n\n(This is an aside. A long one.)"]).in_parentheses
    assert not prose.figures(["Before (an aside), and after."]).in_parentheses


def test_a_second_reading_goes_on_to_the_next_heading_of_its_level():
    text = """# Title
one
## Second reading: a
two
### b
three
## c
four
### Second reading: d
five
## e
six
"""
    first, second = prose.readings(text)
    assert prose.words(first) == ["Title", "one", "c", "four", "e", "six"]
    assert [word for word in prose.words(second) if word in ("two", "three", "five")] == [
        "two",
        "three",
        "five",
    ]


def test_minutes_count_words_equations_and_exercises():
    text = "word " * 300 + "\n\n$$\na\n$$ (eq-a)\n\n$$\nb\n$$\n"
    assert prose.minutes(text, exercises=2) == pytest.approx(2 + 3 + 1 + 10)


def test_minutes_are_promised_by_fives_and_never_too_few():
    time = prose.Time(20.1, ("1a", "1b"), 6, ("1c",))
    assert (time.first, time.second) == (35, 15)
    assert str(time) == (
        "**Time** 35 minutes, of which 10 are for exercises 1a and 1b; 15 more for a second "
        "reading and the other exercises."
    )
    assert str(prose.Time(20.0, (), 0, ())) == "**Time** 20 minutes."
