"""Faults of the double of a Kubernetes API server: what tests order over the scripting port for requests to come."""

import threading

# Of a request: `status` (with `code`, `retry_after`), `reset` (RST), `close` (no answer), `stall` (no answer, open).
# Of a watch, from its first event on: `split` (each byte on its own), `duplicate` (each event twice), `mute` (accepted,
# then silent for good), `garbage` (a line that is no JSON), `unknown` (an event of an unknown type), `error` (an ERROR event
# with `code`).
OF_WATCHES = ("split", "duplicate", "mute", "garbage", "unknown", "error")
OF_REQUESTS = ("status", "reset", "close", "stall")
REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
           422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._waiting = []

    def add(self, fault):
        """{"do": ..., "verb": "list", "path": "part of the path", "query": "part", "times": 1, ...}"""
        if fault.get("do") not in OF_WATCHES + OF_REQUESTS:
            raise ValueError(f"do: one of {OF_WATCHES + OF_REQUESTS}")
        with self._lock:
            self._waiting.append(dict({"times": 1}, **fault))

    def clear(self):
        with self._lock:
            self._waiting.clear()

    def left(self):
        with self._lock:
            return len(self._waiting)

    def take(self, verb, path, query):
        """The first one that fits this request, or {}; it counts as done."""
        with self._lock:
            for fault in self._waiting:
                fits = fault.get("verb", verb) == verb and fault.get("path", "") in path and fault.get("query", "") in query
                if not fits or (fault["do"] in OF_WATCHES and verb != "watch"):
                    continue
                fault["times"] -= 1
                if fault["times"] == 0:
                    self._waiting.remove(fault)
                return fault
        return {}
