"""Start a worksheet in a process of its own, as far from everything else as the system allows."""

import atexit
import contextlib
import json
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import IPython
import numpy
import pandas
import scipy

from lmmteach.teaching.plain import line

PACKAGE = Path(__file__).resolve().parents[1]
MODULE = ("-B", "-s", "-P", "-m")
HOME = "/home/student"
LONGEST_LINE = 2**24
MOST_MESSAGES = 20_000
# A new Python takes this long to load the package, at most, on a machine that is busy.
LOADING = 300
PROCESSES = 64
LARGEST_FILE = 2**26
DISK = "256m"
_the_server = None
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache")
SYSTEM += ("/etc/localtime", "/etc/fonts", "/etc/alternatives")


class Ended(Exception):
    """The process with the student's code is no more; the text is the reason."""


class Room:
    """A process with a student's code in it, spoken to in lines of JSON.

    Parameters
    ----------
    edition : folder with the students' copy of the package
    memory : how much the processes may use together, in bytes
    seconds : of computing, after which the system ends it
    hidden : folders that must not be seen, wherever they are
    apart : whether the system lets it run apart, see ``why_not_apart``
    """

    def __init__(self, edition, memory, seconds, hidden=(), apart=True):
        self.limits = {
            "RLIMIT_CPU": int(seconds) + (0 if apart else LOADING),
            "RLIMIT_FSIZE": LARGEST_FILE,
            "RLIMIT_CORE": 0,
            # Threads, maps of files and the like take addresses and no memory.
            "RLIMIT_AS": memory + 2**30,
        }
        self._place = tempfile.TemporaryDirectory(prefix="lmmteach-", ignore_cleanup_errors=True)
        place = Path(self._place.name)
        self._process, self.status = None, {}
        if apart:
            # What runs as one user elsewhere does not count here.
            order = {"limits": self.limits | {"RLIMIT_NPROC": PROCESSES}, "memory": memory}
            order |= {"environment": _environment(edition, HOME, "/tmp"), "hide": [*hidden]}
            self._told, self._answers, self._status = _server(edition).begin(order, place)
        else:
            self._begin(edition, place)
        self._messages = queue.Queue(maxsize=8)
        self._count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _begin(self, edition, place):
        command = [sys.executable, *MODULE, "lmmteach.teaching.runner"]
        self._process = subprocess.Popen(
            command,
            env=_environment(edition, str(place), str(place)),
            cwd=place,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._told, self._answers = self._process.stdin, self._process.stdout
        self._status = None

    def _read(self):
        with contextlib.suppress(ValueError, OSError):
            while text := self._answers.readline(LONGEST_LINE):
                self._messages.put(text)
        self._messages.put(b"")

    def tell(self, **message):
        """Say something to the process."""
        try:
            self._told.write(line(message))
            self._told.flush()
        except OSError:
            raise Ended(self._why()) from None

    def hear(self, seconds):
        """The next message, a dict with whatever the process likes; raise Ended if none comes."""
        try:
            text = self._messages.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            raise Ended("out of time") from None
        self._count += 1
        if not text:
            raise Ended(self._why())
        if self._count > MOST_MESSAGES:
            raise Ended("too many messages")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise Ended("a message that is none") from None
        if not isinstance(message, dict):
            raise Ended("a message that is none")
        return message

    def _why(self):
        """Why the process has ended by itself."""
        self._look(2)
        if self.status.get("memory"):
            return "out of memory"
        used_up = self.status.get("ended") == -getattr(signal, "SIGXCPU", 0)
        return "out of time" if used_up else "the process ended"

    def _look(self, seconds):
        """Read what the sandbox has said, up to its end."""
        end = now() + seconds
        while self._status and now() < end:
            ready, _, _ = select.select([self._status], [], [], max(end - now(), 0))
            said = os.read(self._status.fileno(), 2**16) if ready else b""
            for text in said.splitlines():
                self.status |= json.loads(text)
            if ready and not said:
                return

    def leave(self, wait=0.0):
        """End the process and all that it has started; wait before for it to end by itself."""
        with contextlib.suppress(OSError):
            self._told.close()
        self._look(wait)
        if self._process is None:
            _server().end()
            self._status.close()
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(wait)
            _kill(self._process)
        with contextlib.suppress(OSError):
            self._answers.close()
        self._place.cleanup()


def _kill(process):
    """End a process and the processes of its session."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


class Server:
    """The process that has loaded the package and forks for each worksheet."""

    def __init__(self, edition):
        self.edition = edition
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, *MODULE, "lmmteach.teaching.prepared", str(other.fileno())],
            env=_environment(edition, HOME, "/tmp"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(other.fileno(),),
        )
        other.close()
        self._channel.settimeout(LOADING)
        if self._channel.recv(64) != b"ready":
            raise OSError("the process in which worksheets run could not be started")
        atexit.register(self.close)

    def begin(self, order, place, run=True):
        """Begin a run; return its input, its output and its status as files."""
        order |= {"room": str(place), "show": shown(self.edition), "disk": DISK, "run": run}
        order["hide"] = [str(PACKAGE), *_other_copies(), *map(str, order["hide"])]
        theirs_in, mine_in = os.pipe()
        mine_out, theirs_out = os.pipe()
        mine_status, theirs_status = os.pipe()
        theirs = [theirs_in, theirs_out, theirs_status]
        try:
            socket.send_fds(self._channel, [json.dumps(order).encode()], theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self._hear()
        modes = ((mine_in, "wb"), (mine_out, "rb"), (mine_status, "rb"))
        return [os.fdopen(descriptor, mode) for descriptor, mode in modes]

    def end(self):
        """End the run that goes on."""
        self._channel.send(b"end")
        self._hear()

    def _hear(self):
        if self._channel.recv(64) != b"done":
            raise OSError("the process in which worksheets run has ended")

    def close(self):
        """Hang up."""
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()


def _server(edition=None):
    """The server of this process; there is one, for the edition that was last asked for."""
    global _the_server
    if _the_server is not None and edition not in (None, _the_server.edition):
        _the_server.close()
        _the_server = None
    if _the_server is None:
        _the_server = Server(edition)
    return _the_server


def shown(edition):
    """The folders that a student's code needs for reading, outer ones first."""
    modules = (IPython, numpy, pandas, scipy)
    folders = {sys.base_prefix, sys.prefix, str(edition), *SYSTEM}
    folders |= {str(Path(module.__file__).resolve().parents[1]) for module in modules}
    return sorted((path for path in folders if os.path.exists(path)), key=len)


def _other_copies():
    """Where else this package may be installed, with its solutions."""
    prefixes = {sys.prefix, sys.base_prefix, "/usr", "/usr/local"}
    found = (Path(prefix).glob("lib/python3*/*-packages/lmmteach") for prefix in prefixes)
    return sorted(str(path) for paths in found for path in paths if path != PACKAGE)


def _environment(edition, home, temporary):
    environment = {
        "HOME": home,
        "IPYTHONDIR": f"{temporary}/ipython",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{temporary}/matplotlib",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": str(edition),
        "TMPDIR": temporary,
    }
    # Windows cannot start Python without it.
    return environment | {k: os.environ[k] for k in ("SYSTEMROOT",) if k in os.environ}


def why_not_apart(edition):
    """Why the system does not let students' code run apart; "" if it does."""
    if not sys.platform.startswith("linux"):
        return f"there are no namespaces on {sys.platform}"
    with tempfile.TemporaryDirectory() as place:
        try:
            order = {"environment": {}, "hide": [], "limits": {}, "memory": 2**30}
            files = _server(edition).begin(order, place, run=False)
            said = [json.loads(text) for text in files[2]]
            _server(edition).end()
        except (OSError, ValueError) as error:
            return str(error)
        for file in files:
            file.close()
    failed = [status["failed"] for status in said if "failed" in status]
    return failed[0] if failed else "" if said else "the sandbox said nothing"


def what_is_locked():
    """What to do where a room of root's, whose user has no rights, cannot read Python; or ""."""
    if not hasattr(os, "getuid") or os.getuid():
        return ""
    for folder in (sys.prefix, sys.base_prefix):
        if os.stat(folder).st_mode & 0o5 != 0o5:
            return (
                f"; worksheets run as a user without rights, who may not read {folder}, so open "
                f"it with 'chmod o+rx {folder}', or do not mark as root"
            )
    return ""


def now():
    """Seconds of a clock that no student's code can turn."""
    return time.monotonic()
