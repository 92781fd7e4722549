"""A TCP relay in front of a port, which can be told to refuse, to reset, or to fall silent."""

import socket
import struct
import threading

_BLOCK = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class _Pair:
    """One connection through the relay. Its sockets are closed by the last of its two threads."""

    def __init__(self, relay, client, upstream):
        self._relay = relay
        self._ends = (client, upstream)
        self._running = 2
        self._is_reset = False
        self._lock = threading.Lock()
        self.upstream_port = upstream.getsockname()[1]
        for source, target in (self._ends, self._ends[::-1]):
            threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source, target):
        try:
            while part := source.recv(_BLOCK):
                self._relay.may_pass.wait()  # silent: what came stays here, and nothing more is read
                target.sendall(part)
        except OSError:
            pass
        self.cut(self._is_reset)
        with self._lock:
            self._running -= 1
            is_last = self._running == 0
        if is_last:
            self._relay.forget(self)
            for end in self._ends:
                end.close()

    def cut(self, reset):
        """Wakes both threads. To reset, nothing is sent before the sockets are closed."""
        self._is_reset = reset
        for end in self._ends:
            try:
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RD if reset else socket.SHUT_RDWR)
            except OSError:
                pass


class Relay:
    """127.0.0.1:`port` -> 127.0.0.1:`target`."""

    def __init__(self, target):
        self._target = target
        self._lock = threading.Lock()
        self._pairs = set()
        self._refuses = False
        self.may_pass = threading.Event()
        self.may_pass.set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._take(client)

    def _take(self, client):
        with self._lock:
            if self._refuses:
                client.close()
                return
            try:
                upstream = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                return
            self._pairs.add(_Pair(self, client, upstream))

    def forget(self, pair):
        with self._lock:
            self._pairs.discard(pair)

    def upstream_ports(self):
        """By which the target knows the connections that go through here."""
        with self._lock:
            return {pair.upstream_port for pair in self._pairs}

    def _cut_all(self, reset=False):
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            pair.cut(reset)

    def refuse(self, reset=False):
        """Ends every connection, in order or by RST, and closes each that comes."""
        self._refuses = True
        self._cut_all(reset)

    def fall_silent(self):
        """Connections stay, new ones are taken, and nothing passes."""
        self.may_pass.clear()

    def serve(self):
        """As at first; who was held in silence is sent away."""
        silent = not self.may_pass.is_set()
        if silent:
            self._cut_all()
        self._refuses = False
        self.may_pass.set()

    def close(self):
        self._listener.close()
        self.refuse()
        self.may_pass.set()
