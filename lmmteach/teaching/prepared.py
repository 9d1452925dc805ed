"""A process that has loaded the package and waits; each worksheet runs in a fork of it.

It never runs a student's code itself, so each fork is as fresh as a new process, without the
seconds that loading takes. Orders come by a socket, with three file descriptors: input, output and
status of the run. One run goes on at a time, until the word "end".
"""

import contextlib
import json
import os
import signal
import socket
import sys

# The first cell of most worksheets would load them.
import formulae  # noqa: F401
import matplotlib.figure  # noqa: F401
import scipy.optimize
import scipy.stats  # noqa: F401

from lmmteach.teaching import runner, sandbox

LONGEST_ORDER = 2**18


def main(number):
    """Serve until the judge hangs up."""
    channel = socket.socket(fileno=number)
    runner.load()
    channel.send(b"ready")
    child = 0
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, LONGEST_ORDER, 3)
        if child:
            end(child)
            child = 0
        if not data:
            return
        if descriptors:
            child = os.fork()
            if child == 0:
                channel.close()
                run(json.loads(data), descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
        channel.send(b"done")


def end(child):
    """End a run, whatever state it is in."""
    with contextlib.suppress(OSError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def run(order, descriptors):
    """In the fork: make the room and become the program."""
    status = 125
    try:
        os.setsid()
        os.dup2(descriptors[0], 0)
        os.dup2(descriptors[1], 1)
        order["status"] = descriptors[2]
        for descriptor in descriptors[:2]:
            os.close(descriptor)
        os.environ |= order["environment"]
        try:
            status = sandbox.within(order, runner.main if order["run"] else list)
        except Exception as error:
            sandbox.tell(order, failed=f"{type(error).__name__}: {error}")
    finally:
        os._exit(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))
