"""Run a worksheet and answer the judge's questions; this is where a student's code runs.

Whatever is said here may be forged, because the student's code can change any of it. The judge
believes no word about right or wrong, only numbers and texts, which it compares itself.

Requests come by what was standard input, and answers go by what was standard output: lines of JSON.
"""

import ast
import contextlib
import io
import json
import os
import re
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from types import FunctionType

from lmmteach.exercises import session
from lmmteach.exercises.functions import _holds_ellipsis, _is_empty, _is_stub
from lmmteach.exercises.results import Result
from lmmteach.exercises.running import OutOfTime, is_students, run
from lmmteach.teaching.plain import decoded_arguments, encoded, encoded_result, line

# What people patch when they want a comparison to come out well.
WATCHED = ("builtins", "json", "numpy", "numpy.testing", "math", "time", "random")
WATCHED += ("lmmteach.exercises.session", "lmmteach.teaching.plain", "lmmteach.teaching.runner")
TABLE = re.compile(r"mark|progress|grade|result|answer|roster|score", re.IGNORECASE)
SECRET = re.compile(r"lmmteach[/\\]exercises[/\\](bank|checking|numeric|kinds|page|record)")
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
VERDICT = re.compile(r"✓ ?\d+[a-z]\d? ?Right")
MOST_NOTES = 20
PRINTED = 100_000
# A function is cut off by the clock, which on a busy machine is early.
FUNCTION = 2


@dataclass(frozen=True)
class Stub:
    """What is known here of a function exercise."""

    key: str
    name: str
    stub: str


class Line:
    """The way to the judge and back."""

    def __init__(self):
        self.questions = os.fdopen(os.dup(0), "rb")
        self.answers = os.fdopen(os.dup(1), "wb", buffering=0)
        # What the student's code prints goes nowhere.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        self.lock = threading.RLock()
        self.noted = set()

    def tell(self, **message):
        """Say something to the judge."""
        data = line(message)
        with self.lock:
            while data:
                data = data[self.answers.write(data) :]

    def ask(self, **message):
        """Say something, and wait for the answer."""
        with self.lock:
            self.tell(**message)
            return self.hear()

    def hear(self):
        """The next thing that the judge says."""
        return json.loads(self.questions.readline() or b'{"end": true}')

    def note(self, what, detail=""):
        """Something that whoever marks should know."""
        if (what, detail) not in self.noted and len(self.noted) < MOST_NOTES:
            self.noted.add((what, detail))
            self.tell(note=what, detail=str(detail)[:200])


class Printed(io.TextIOBase):
    """What is printed: nobody reads it, but a verdict in it is noticed."""

    encoding = "utf-8"

    def __init__(self, note):
        super().__init__()
        self.note, self.text = note, ""

    def writable(self):
        return True

    def write(self, text):
        self.text = (self.text + text)[-PRINTED:] if len(text) < PRINTED else ""
        if VERDICT.search(self.text):
            self.text = ""
            self.note("printed", "")
        return len(text)


class Run:
    """A worksheet while it runs."""

    def __init__(self, judge, order):
        self.judge = judge
        self.seconds = order["seconds"]
        self.stubs = {key: Stub(key, *of) for key, of in order["functions"].items()}
        self.keys = set(order["keys"])
        self.functions, self.checked, self.seen = {}, set(), set()
        session.Desk.take, session.Desk.attempt = self.take, self.attempt
        session.Desk.note = judge.note
        self.shell = _shell()
        self.attempts = {}

    def attempt(self, name, table):
        """Which of its series of studies belongs to a name; also tells of the table, if any."""
        if (name, table) not in self.attempts:
            answer = self.judge.ask(start=name, table=table)
            self.attempts[name, table] = int(answer["attempt"])
        return self.attempts[name, table]

    def take(self, key, value, how="check"):
        """Take an answer down and hand it over."""
        found = re.search(r"(\d+)\s*([a-z]\d?)\W*$", str(key)[:40].strip().lower())
        key = f"{int(found[1])}{found[2]}" if found else str(key)[:40]
        if key not in self.keys:
            return
        self.seen.add(key)
        self.notice(key, value)
        if how == "check":
            self.checked.add(key)
        elif key in self.checked:
            return
        if key in self.stubs and value is not ...:
            self.judge.tell(answer=key, value=self.function(key, value), how=how)
        else:
            self.judge.tell(answer=key, value=encoded(value), how=how)

    def notice(self, key, value):
        """Tell of an answer whose class is of the worksheet's making: it may equal everything."""
        with contextlib.suppress(Exception):
            if name := _own_class(value):
                self.judge.note("class", f"{key}, {name}")

    def function(self, key, value):
        """What a function exercise was given: whether it can be called at all."""
        self.functions.pop(key, None)
        if not callable(value):
            return encoded(value)
        with contextlib.suppress(Exception):
            if _is_stub(self.stubs[key], value) or _is_empty(value):
                return ["not attempted"]
        self.functions[key] = value
        return ["function", "function"]

    def cell(self, source, section):
        """Run a cell; return what went wrong in it, in words."""
        self.seen = set()
        with _limit(self.seconds):
            result = self.shell.run_cell(source, store_history=False, silent=False)
        error = result.error_before_exec or result.error_in_exec
        # Where the cell broke off, a name may still have its value from another exercise.
        if error is None:
            self.look(source, section)
        if isinstance(error, OutOfTime):
            return "out of time"
        return f"{type(error).__name__}: {_words(error)}" if error is not None else ""

    def look(self, source, section):
        """Take down what a cell checks, though ``check`` was replaced, or what it only assigns."""
        checks, assigned = self.read(source)
        names = self.shell.user_ns
        for key, expression in checks:
            if str(key) not in self.seen:
                with contextlib.suppress(Exception):
                    self.take(key, eval(compile(expression, "check", "eval"), names))
        name = self.stubs[section].name if section in self.stubs else "answer"
        if section and section not in self.seen and name in assigned:
            self.take(section, names.get(name, ...), how="name")

    def read(self, source):
        """The checks that stand in a cell, whatever ``check`` means by now, and what it assigns."""
        try:
            nodes = list(ast.walk(ast.parse(self.shell.transform_cell(source))))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return [], set()
        simple = (ast.Name, ast.Constant, ast.UnaryOp)
        checks = [
            (node.args[0].value, ast.Expression(node.args[1]))
            for node in nodes
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) == "check"
            and len(node.args) == 2
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[1], simple)
        ]
        assigned = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assigned |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}
        return checks, assigned

    def called(self, key, arguments):
        """What a function gives for arguments that the judge has chosen, or what it raises."""
        try:
            return self.call(key, arguments)
        except BaseException as error:
            return {"raised": [type(error).__name__, _words(error)]}

    def call(self, key, arguments):
        """What a function gives, as plain data."""
        done = run(self.functions[key], decoded_arguments(arguments), FUNCTION * self.seconds)
        if done.out_of_time:
            return {"out_of_time": True}
        self.notice(key, done.value)
        if _holds_ellipsis(done.value):
            return {"not_attempted": True}
        return encoded_result(Result.of(done))


def _own_class(value):
    """The name of the class of a value, or of its only entry, if a worksheet has made it."""
    if type(value) in (list, tuple) and len(value) == 1:
        return _own_class(value[0])
    for kind in type(value).__mro__:
        files = [f.__code__.co_filename for f in vars(kind).values() if isinstance(f, FunctionType)]
        typed = [file for file in files if file != "<string>" and is_students(file)]
        if typed or kind.__module__ == "__main__":
            return kind.__name__
    return ""


def load():
    """Load what the first cell would load."""
    import IPython.core.interactiveshell  # noqa: F401


def main():
    """Run the cells, then answer until the judge has no more questions."""
    judge = Line()
    order = judge.hear()
    _within_limits(order["limits"])
    worksheet = Run(judge, order)
    before = _watched()
    _listen(judge.note, order["secret"], order["network"])
    sys.stdout = sys.stderr = Printed(judge.note)
    for path in order["files"]:
        shutil.copy(path, ".")
    judge.tell(ready=True)
    for number, (source, section) in order["cells"]:
        judge.tell(cell=number)
        error = worksheet.cell(source, section)
        judge.tell(done=number, error=error)
    for name in _changed(before):
        judge.note("replaced", name)
    mine = worksheet.shell.user_ns.get("check", session.check)
    if mine is not session.check:
        judge.note("replaced", "check")
    judge.tell(end=True)
    while "end" not in (question := judge.hear()):
        if "call" in question:
            judge.tell(result=worksheet.called(question["call"], question["arguments"]))


def _words(error):
    try:
        return " ".join(str(error).split())[:200]
    except Exception:
        return ""


def _shell():
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        """A shell without a screen."""

        def enable_gui(self, gui=None):
            """There is none."""

        def showtraceback(self, *_arguments, **_named):
            """Nobody reads it."""

        showsyntaxerror = showtraceback

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    return Shell.instance(config=config)


@contextlib.contextmanager
def _limit(seconds):
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(_signal, _frame):
        raise OutOfTime

    # Seconds of computing, so that a busy machine makes no difference.
    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _within_limits(limits):
    """Where no sandbox has set the limits, set them here."""
    try:
        import resource
    except ImportError:
        return
    for name, most in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (most, most))


def _watched():
    return {
        f"{module}.{name}": value
        for module in WATCHED
        if module in sys.modules
        for name, value in vars(sys.modules[module]).items()
        if callable(value)
    }


def _changed(before):
    after = {
        f"{module}.{name}": value
        for module in WATCHED
        if module in sys.modules
        for name, value in vars(sys.modules[module]).items()
    }
    return [name for name, value in before.items() if after.get(name, value) is not value]


def _listen(note, secret, network):
    """Notice attempts to reach what is not a student's; without a network, stop them too."""
    secret = tuple(secret)

    def hear(event, arguments):
        if event in NETWORK:
            note("network", "")
            if not network:
                raise PermissionError("There is no network where worksheets are marked.")
        elif event == "import" and SECRET.search(str(arguments[0]).replace(".", "/")):
            note("solutions", str(arguments[0]))
        elif event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str):
            path = os.path.abspath(arguments[0])
            if SECRET.search(path):
                note("solutions", os.path.basename(path))
            elif path.startswith(secret) and path != os.path.dirname(os.__file__):
                note("opened", os.path.basename(path))
                raise PermissionError("This folder is not open where worksheets are marked.")
            elif event == "open" and _writes(arguments) and TABLE.search(os.path.basename(path)):
                note("wrote", os.path.basename(path))

    sys.addaudithook(hear)


def _writes(arguments):
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    main()
