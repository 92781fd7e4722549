"""Machines of a test: network namespaces of its own, joined by a cable. What is in them is nobody else's business."""

import contextlib
import ctypes
import os
import subprocess
import sys

from .processes import wait_until

_CLONE_NEWNET = 0x40000000
_MARK = "HEDDLE_TEST_NETNS"
_LIBC = ctypes.CDLL(None, use_errno=True)


def in_a_namespace_of_its_own():
    """Starts this script again in a network namespace where it may do as it likes; returns there."""
    if os.environ.get(_MARK):
        run("ip", "link", "set", "lo", "up")
        return
    how = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    os.execvpe(how[0], [*how, sys.executable, *sys.argv], {**os.environ, _MARK: "1"})


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout


def _enter(path):
    with open(path, "rb") as namespace:
        if _LIBC.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {path}")


class Machine:
    """Another network namespace, with one cable to ours."""

    def __init__(self, name, ours, theirs):
        """`ours` and `theirs`: the addresses of the two ends, as 10.20.0.1/24."""
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(self._path) != own, "the namespace")
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(self._holder.pid))
        run("ip", "address", "add", ours, "dev", name)
        run("ip", "link", "set", name, "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", theirs, "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.cable = name
        self.ip = theirs.partition("/")[0]

    @property
    def _path(self):
        return f"/proc/{self._holder.pid}/ns/net"

    @property
    def wrapper(self):
        """What goes before a command line that shall run there."""
        return ["nsenter", f"--net={self._path}", "--"]

    def run(self, *argv):
        return run(*self.wrapper, *argv)

    @contextlib.contextmanager
    def inside(self):
        """This thread is there; sockets that it makes stay there."""
        own = f"/proc/{os.getpid()}/task/{_LIBC.gettid()}/ns/net"
        with open(own, "rb") as home:
            _enter(self._path)
            try:
                yield
            finally:
                if _LIBC.setns(home.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "cannot return")

    def unplug(self):
        run("ip", "link", "set", self.cable, "down")

    def plug(self):
        run("ip", "link", "set", self.cable, "up")

    def close(self):
        """The cable first: the kernel takes it away with the namespace, but some time after."""
        run("ip", "link", "delete", self.cable)
        self._holder.stdin.close()
        self._holder.wait(timeout=30)


def routed_machines(name, count):
    """So many, in a network each; they reach each other through us, unless they are unplugged."""
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
        file.write("1")
    machines = []
    for number in range(count):
        machines.append(Machine(f"{name}{number}", f"10.30.{number}.1/24", f"10.30.{number}.2/24"))
        machines[-1].run("ip", "route", "add", "default", "via", f"10.30.{number}.1")
    return machines
