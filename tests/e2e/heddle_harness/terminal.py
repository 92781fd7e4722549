"""A program on a terminal of its own: what a person at the keyboard would see of it, and Ctrl-C as they press it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

from .processes import die_with_parent

CTRL_C = b"\x03"


class Terminal:
    """Runs argv as the foreground program of a pseudo terminal; the kernel turns Ctrl-C into its SIGINT."""

    def __init__(self, argv, env=None, columns=100):
        self._output = bytearray()
        self._lock = threading.Lock()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        parent = os.getpid()

        def take_terminal():
            die_with_parent(parent)
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self._child = subprocess.Popen([str(word) for word in argv], stdin=slave, stdout=slave, stderr=slave, env=env,
                                       start_new_session=True, preexec_fn=take_terminal)
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self):
        while True:
            try:
                data = os.read(self._master, 4096)
            except OSError:  # EIO: nobody has the other end open any more
                return
            if not data:
                return
            with self._lock:
                self._output += data

    def text(self):
        with self._lock:
            return self._output.decode(errors="replace")

    def type(self, keys):
        os.write(self._master, keys)

    def is_running(self):
        return self._child.poll() is None

    def wait(self, deadline):
        """The exit code, when all it wrote has been read."""
        code = self._child.wait(deadline)
        self._reader.join(5)
        return code
