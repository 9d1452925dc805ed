"""Run the code of a student: for a few seconds at most, and without harm to anything else."""

import contextlib
import copy
import io
import signal
import sys
import sysconfig
import threading
import time
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

SECONDS = 5.0
# A loop that catches everything also catches the first call to stop; it is called again.
AGAIN = 0.02
PRINTED = 2000
# In the browser, Python's own library is a zip file beside the folder that is named for it.
LIBRARIES = (
    str(Path(contextlib.__file__).parent),
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
)
OWN_FILES = str(Path(__file__).resolve().parent.parent)
NOT_FILES = ("<frozen", "<__array_function__")


# Asked at each call that the student's code makes, and the same again and again.
@cache
def is_students(path):
    """Whether a file of code is a student's: none of Python, of an installed package, or ours."""
    folders = Path(path).parts
    installed = "site-packages" in folders or "dist-packages" in folders
    return not installed and not path.startswith((*LIBRARIES, OWN_FILES, *NOT_FILES))


class OutOfTime(BaseException):
    """The time is over; no Exception, so that ``except Exception`` does not swallow it."""


@dataclass(frozen=True)
class Run:
    """What came of a call: a value, or else what was raised; and what was printed."""

    value: object = None
    raised: BaseException | None = None
    printed: str = ""

    @property
    def out_of_time(self):
        """Whether the call was cut off."""
        return isinstance(self.raised, OutOfTime)


def run(function, arguments, seconds=SECONDS):
    """Call a function with copies of the arguments; what it raises is returned, not raised.

    Only a KeyboardInterrupt goes through: that is the student at the stop button.

    On Linux and macOS, in the main thread (where notebooks run), the call is cut off by a timer of
    the system. On Windows, in the browser and in other threads there is none, and the time is
    looked at before each step of Python instead; nor is there one while a debugger runs. A call
    into compiled code is cut off when it returns; one that never returns, such as
    ``sum(itertools.count())``, is not.

    Parameters
    ----------
    function : what to call
    arguments : tuple; deep copies are handed over, so that changing them changes nothing here
    seconds : when to cut off

    Returns
    -------
    result : Run
    """
    printed = _FirstCharacters()
    raised = value = None
    arguments = copy.deepcopy(arguments)
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        try:
            with _limit(seconds):
                value = _call(function, arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raised = error
    return Run(value, raised, printed.text)


def _call(function, arguments):
    """The frame by which the timer knows that the student's code is running."""
    return function(*arguments)


class _FirstCharacters(io.TextIOBase):
    """A file that keeps the beginning only, however much an endless loop prints."""

    encoding = "utf-8"

    def __init__(self):
        super().__init__()
        self.text = ""

    def writable(self):
        return True

    def write(self, text):
        self.text += text[: max(0, PRINTED - len(self.text))]
        return len(text)


def _limit(seconds):
    main = threading.current_thread() is threading.main_thread()
    # In the browser the timer can be set but never rings.
    if main and hasattr(signal, "setitimer") and sys.platform != "emscripten":
        return _by_timer(seconds)
    return _by_trace(seconds)


@contextlib.contextmanager
def _by_timer(seconds):
    def bomb(frame, event, _argument):
        if not is_students(frame.f_code.co_filename):
            return None
        if event == "line":
            raise OutOfTime
        return bomb

    def ring(_signal, frame):
        # Between the end of the call and the end of the timer there must be no exception.
        inside = []
        while frame is not None and frame.f_code is not _call.__code__:
            inside.append(frame)
            frame = frame.f_back
        if frame is None:
            return
        # A loop may catch every exception; then the next line that it runs raises another. A
        # debugger is left alone.
        if sys.gettrace() is None:
            for student in inside:
                if is_students(student.f_code.co_filename):
                    student.f_trace = bomb
            sys.settrace(bomb)
        raise OutOfTime

    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if sys.gettrace() is bomb:
            sys.settrace(None)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if left:
            passed = time.monotonic() - start
            signal.setitimer(signal.ITIMER_REAL, max(left - passed, 1e-3), interval)


@contextlib.contextmanager
def _by_trace(seconds):
    if sys.gettrace() is not None:
        yield
        return
    end = time.monotonic() + seconds

    def look(frame, _event, _argument):
        if time.monotonic() > end:
            raise OutOfTime
        # Step by step in the student's code only: libraries would run many times slower. A loop
        # on a single line has steps, but no next line.
        if not is_students(frame.f_code.co_filename):
            return None
        frame.f_trace_opcodes = True
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(None)
