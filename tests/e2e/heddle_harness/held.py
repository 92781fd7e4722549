"""An application that answers when it is told to."""

import threading

from .apps import HttpApp, reply


class HeldApp:
    """What holds() takes waits until release(); everything else is answered at once. Knows how many waited at most."""

    def __init__(self):
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._working = 0
        self.most = 0
        self.arrived = []
        self.app = HttpApp(self._handle)

    def holds(self, target):
        """To overload."""
        return True

    def _handle(self, request, reader, sock):
        gate = self._gate
        reader.body(request)
        self.arrived.append(request.target)
        if self.holds(request.target):
            self._count(1)
            gate.wait()
            self._count(-1)
        reply(sock, b"hello\n")

    def _count(self, change):
        with self._lock:
            self._working += change
            self.most = max(self.most, self._working)

    def release(self):
        """Those that are held, and whoever comes."""
        self._gate.set()

    def begin(self):
        """As new: for the next test."""
        self.release()
        self._gate = threading.Event()
        self.arrived.clear()
        self.most = 0

    def close(self):
        self.release()
        self.app.close()
