"""Run a function in a room of its own, on Linux; nothing but Python is needed.

The process gets new namespaces (see ``namespaces(7)``): it sees only the folders that are named
under ``show``, for reading, and a folder of its own, in memory, for writing. It has no network, it
sees no process but its own, and when it ends, everything that it has started ends too. It runs
as a user without rights. Status goes to the file descriptor ``status`` as lines of JSON.
"""

import contextlib
import ctypes
import errno
import json
import os
import resource
import signal
import time

NEW_NS, NEW_UTS, NEW_IPC, NEW_USER, NEW_PID, NEW_NET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
CAPABILITY_VERSION = 0x20080522
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
# What no worksheet calls: a room within the room, where memory would not be counted (as in tmpfs),
# memory that belongs to no process, and doors to the kernel that are rarely used.
FORBIDDEN = {
    "x86_64": {
        "mount": 165, "umount2": 166, "unshare": 272, "setns": 308, "memfd_create": 319,
        "memfd_secret": 447, "shmget": 29, "ptrace": 101, "bpf": 321, "io_uring_setup": 425,
        "userfaultfd": 323, "perf_event_open": 298, "add_key": 248, "keyctl": 250, "fsopen": 430,
        "open_tree": 428, "move_mount": 429,
    },
    "aarch64": {
        "mount": 40, "umount2": 39, "unshare": 97, "setns": 268, "memfd_create": 279,
        "memfd_secret": 447, "shmget": 194, "ptrace": 117, "bpf": 280, "io_uring_setup": 425,
        "userfaultfd": 282, "perf_event_open": 241, "add_key": 217, "keyctl": 219, "fsopen": 430,
        "open_tree": 428, "move_mount": 429,
    },
}  # fmt: skip
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Above this, numbers are those of another way to call (x32).
OTHER_WAY = 0x40000000
ENOSYS = 38
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
HOME = "/home/student"
LOOK_EVERY = 0.05
libc = ctypes.CDLL(None, use_errno=True)


def called(name, *arguments):
    """Call a function of libc; raise an OSError if it fails."""
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def tell(order, **status):
    """A line for whoever has started this."""
    os.write(order["status"], (json.dumps(status) + "\n").encode())


def within(order, program):
    """Make the room, run the program in it, and return the status with which it ended."""
    user, group = os.getuid(), os.getgid()
    apart = NEW_NS | NEW_UTS | NEW_IPC | NEW_PID | NEW_NET
    called("unshare", apart if user == 0 else apart | NEW_USER)
    if user != 0:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{user} {user} 1")
        write("/proc/self/gid_map", f"{group} {group} 1")
    # Whoever runs this as root has rights to give away.
    order["user"] = 60000 + os.getpid() % 5000 if user == 0 else None
    furnish(order)
    first = os.fork()
    if first == 0:
        called("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os._exit(keep_watch(order, program))
    os.close(order["status"])
    # They belong to the program, and their end is how others see that it has ended.
    os.closerange(0, 3)
    _, status = os.waitpid(first, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def write(path, text):
    """Write to a file of the system."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def mount(source, target, kind, flags, data=None):
    """mount(2)."""
    texts = [text and text.encode() for text in (source, target, kind)]
    called("mount", *texts, ctypes.c_ulong(flags), data and data.encode())


def furnish(order):
    """A new root, with nothing in it but what is needed."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    root = order["room"]
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, f"size={order['disk']},mode=755")
    for path in order["show"]:
        show(root, path)
    for path in order["hide"]:
        # Of a folder around those that are shown, nothing else is there.
        around = any(other.startswith(path + "/") for other in order["show"])
        if os.path.isdir(root + path) and not around:
            mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV | MS_RDONLY, "size=4k")
    for device in DEVICES:
        show(root, device, device=True)
    for path in ("/proc", "/tmp", "/dev/shm", HOME):
        os.makedirs(root + path, exist_ok=True)
    for path in ("/tmp", "/dev/shm", HOME):
        os.chmod(root + path, 0o1777)
    # By it the first process sees all others, even where no other /proc may be mounted.
    order["proc"] = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    before = root + "/.before"
    os.mkdir(before)
    number = PIVOT_ROOT[os.uname().machine]
    if libc.syscall(number, root.encode(), before.encode()) == -1:
        raise OSError(ctypes.get_errno(), "pivot_root")
    os.chdir("/")
    called("umount2", b"/.before", MNT_DETACH)
    os.rmdir("/.before")
    os.chdir(HOME)


def show(root, path, device=False):
    """A file or folder of the machine, at its place in the room, for reading."""
    target = root + path
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        return
    if os.path.isdir(path):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT))
    mount(path, target, None, MS_BIND | MS_REC)
    # What was forbidden before may not become allowed, or the kernel refuses.
    locked = os.statvfs(path).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    rights = 0 if device else MS_RDONLY | MS_NODEV
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_NOSUID | rights | locked)


def keep_watch(order, program):
    """The first process of the room: start the program, look after the memory, and count."""
    called("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    # Where the system hides a part of /proc, no other may be mounted.
    with contextlib.suppress(OSError):
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    tell(order, ready=True)
    child = os.fork()
    if child == 0:
        start(order, program)
    os.closerange(0, 3)
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            time.sleep(LOOK_EVERY)
            ended = os.waitstatus_to_exitcode(status)
            tell(order, left=len(living(order["proc"])), ended=ended)
            return ended & 0xFF
        if pid == 0:
            if resident(order["proc"]) > order["memory"]:
                tell(order, memory=True)
                return 137
            time.sleep(LOOK_EVERY)


def others(proc):
    """The processes of the room but for the first, which are all below it, as /proc names them."""
    found, todo = [], [os.readlink("self", dir_fd=proc)]
    while todo:
        with contextlib.suppress(OSError):
            for task in entries(f"{todo.pop()}/task", proc):
                children = text(f"{task}/children", proc).split()
                found += children
                todo += children
    return found


def entries(path, proc):
    """The names in a folder of /proc, below its own."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    try:
        return [f"{path}/{name}" for name in os.listdir(folder)]
    finally:
        os.close(folder)


def text(path, proc):
    """The text of a file in /proc; "" if its process is gone."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY, dir_fd=proc), errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def living(proc):
    """The processes that still do something."""
    states = {pid: text(f"{pid}/stat", proc).rpartition(")")[2].split()[:1] for pid in others(proc)}
    return [pid for pid, state in states.items() if state and state[0] not in "ZX"]


def resident(proc):
    """How much memory the processes have, in bytes."""
    sizes = (text(f"{pid}/statm", proc).split() for pid in others(proc))
    return sum(int(size[1]) for size in sizes if size) * resource.getpagesize()


class Step(ctypes.Structure):
    """A step of a filter, see ``bpf(4)``."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("yes", ctypes.c_uint8),
        ("no", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class Filter(ctypes.Structure):
    """All steps of a filter."""

    _fields_ = (("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Step)))


def forbid():
    """Refuse, for good, what is FORBIDDEN; on other machines than those in the table, nothing.

    New namespaces by ``clone`` are refused as well, and ``clone3``, whose flags a filter cannot
    see, is said not to exist: the C library uses ``clone`` then.
    """
    machine = os.uname().machine
    if machine not in FORBIDDEN:
        return
    namespaces = NEW_NS | NEW_UTS | NEW_IPC | NEW_USER | NEW_PID | NEW_NET
    program = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (AT_LEAST, 0, 1, OTHER_WAY),
        (RETURN, 0, 0, REFUSE | ENOSYS),
        (EQUAL, 0, 1, CLONE3),
        (RETURN, 0, 0, REFUSE | ENOSYS),
    ]
    for number in FORBIDDEN[machine].values():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | errno.EPERM)]
    program += [
        (EQUAL, 0, 3, CLONE[machine]),
        # The flags, the first argument.
        (LOAD, 0, 0, 16),
        (ANY_BIT, 0, 1, namespaces),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    steps = (Step * len(program))(*(Step(*step) for step in program))
    whole = Filter(len(program), steps)
    # A kernel without filters still has all the rest.
    with contextlib.suppress(OSError):
        called("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(whole), 0, 0)


def start(order, program):
    """Become the program, without rights and within limits."""
    os.close(order["status"])
    os.close(order["proc"])
    os.setsid()
    for name, most in order["limits"].items():
        # The first signal of a limit of time says what has happened; the second cannot be caught.
        resource.setrlimit(getattr(resource, name), (most, most + 5 * (name == "RLIMIT_CPU")))
    if order["user"]:
        os.setgroups([])
        os.setresgid(order["user"], order["user"], order["user"])
        os.setresuid(order["user"], order["user"], order["user"])
    # Rights within the new namespaces are rights too.
    header, nothing = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    called("capset", header, nothing)
    called("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    forbid()
    status = 1
    try:
        program()
        status = 0
    finally:
        os._exit(status)
