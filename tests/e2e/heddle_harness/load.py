"""A steady load of GET requests over kept connections that remembers every failure."""

import threading
import time

from .http1 import TIMEOUT, Client, ConnectionEnded


class Load:
    """`rate` requests per second in all, over `connections` connections, until stop()."""

    def __init__(self, port, rate=500, connections=8, ip="127.0.0.1", target="/", fresh=False):
        self._address = (port, ip)
        self._target = target
        self._fresh = fresh  # a connection for each request
        self.connections = connections
        self._pause = connections / rate
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.failures = []  # (when it began, what)
        self.answered = 0
        self._threads = [threading.Thread(target=self._run, args=(i / rate,), daemon=True) for i in range(connections)]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(3 * TIMEOUT)
        return self

    def failures_after(self, when):
        with self._lock:
            return [failure for failure in self.failures if failure[0] >= when]

    def _run(self, offset):
        client = None
        next_at = time.monotonic() + offset
        while not self._stop.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at + self._pause, time.monotonic() - self._pause)
            client = self._one(client)
        if client is not None:
            client.close()

    def _one(self, client):
        began = time.monotonic()
        try:
            client = client or Client(*self._address)
            answer = client.request("GET", self._target)
        except (OSError, ConnectionEnded, ValueError) as error:
            return self._failed(began, client, f"{type(error).__name__}: {error}")
        if answer.status != 200:
            self._failed(began, None, f"{answer.status} {answer.header('heddle-reason')} {answer.body[:80]!r}")
        with self._lock:
            self.answered += 1
        if self._fresh or answer.has_token("connection", "close"):
            client.close()
            return None
        return client

    def _failed(self, began, client, what):
        with self._lock:
            self.failures.append((began, what))
        if client is not None:
            client.close()
        return None
