"""The answer to a check: the outcome in a few words and a sign, and a text that helps."""

import html
import re
from dataclasses import dataclass

from lmmteach._typeset import as_html
from lmmteach.exercises.showing import Shown

NOT_ATTEMPTED = "Replace the `...` by your answer, and run the cell again."
LABELS = {
    "not attempted": ("…", "Not attempted yet"),
    "error": ("!", "Could not be checked"),
    "wrong": ("✗", "Not right yet"),
    "right": ("✓", "Right"),
}
# The line takes the colour of the writing, so that it is seen on light and on dark pages.
BOX = "border-left: 0.25em solid; padding: 0.1em 0 0.1em 0.8em; max-width: 45em"


@dataclass(frozen=True, repr=False)
class Feedback(Shown):
    """The outcome of a check.

    Parameters
    ----------
    key : of the exercise
    outcome : "not attempted", "error", "wrong" or "right"
    text : plain text, code in backticks
    tag : name of the mistake, where it is known
    note : a remark on the side, for example that progress cannot be stored
    """

    key: str
    outcome: str
    text: str
    tag: str = ""
    note: str = ""

    @property
    def heading(self):
        """Sign, key and outcome in words."""
        sign, words = LABELS[self.outcome]
        return " ".join(part for part in (sign, self.key, words) if part)

    def __repr__(self):
        note = f"\n({self.note})" if self.note else ""
        return f"{self.heading}\n{self.text}{note}"

    def _repr_html_(self):
        note = f"<br><small>{inline_html(self.note)}</small>" if self.note else ""
        return boxed(self.heading, inline_html(self.text) + note)


@dataclass(frozen=True, repr=False)
class Hint(Shown):
    """One hint, or all of them once there are no more."""

    heading: str
    text: str

    def __repr__(self):
        return f"{self.heading}\n{self.text}"

    def _repr_html_(self):
        return boxed(self.heading, inline_html(self.text))


@dataclass(frozen=True, repr=False)
class Question(Shown):
    """An exercise in the words of a study: its prompt in Markdown."""

    heading: str
    text: str

    def __repr__(self):
        return f"{self.heading}\n\n{self.text}"

    def _repr_markdown_(self):
        return f"**{self.heading}**\n\n{self.text}"


@dataclass(frozen=True, repr=False)
class Solution(Shown):
    """A worked solution: its reason in Markdown, and the code."""

    heading: str
    text: str
    code: str

    def __repr__(self):
        return f"{self.heading}\n\n{self.text}\n\n{self.code}"

    def _repr_markdown_(self):
        return f"**{self.heading}**\n\n{self.text}\n\n```python\n{self.code}\n```"


def boxed(heading, body):
    """A box of HTML with a bold first line; the body is HTML already."""
    return (
        f'<div role="status" style="{BOX}"><strong>{html.escape(heading)}</strong>'
        f'<div style="white-space: pre-wrap">{body}</div></div>'
    )


def inline_html(text):
    """Plain text as HTML: code in backticks and subscripts are typeset, all else is escaped."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", as_html(text))
