"""A sidecar of one stream, by hand: it asks for services, and refuses what it is sent in words of the test's choice."""

import json

from . import h2peer, tlspeer

_LINE = b"\n"


class Watcher:
    def __init__(self, control, credential, node, wants):
        self._client = h2peer.Client(control.watch_port, control.ip, context=tlspeer.client_context(credential))
        self._stream = self._client.open("POST", "/v1/watch", [("content-type", "application/json")], end=False)
        self._taken = 0
        self._say({"hello": {"schema": 1, "node": node, "software": "0.1.0", "features": [], "scope": "wants", "wants": wants}})

    def _say(self, message):
        self._client.send_body(self._stream, json.dumps(message).encode() + _LINE, end=False)

    def _next_line(self):
        stream = self._client.streams[self._stream]
        self._client.pump(lambda: _LINE in stream.body[self._taken:] or stream.is_ended)
        if _LINE not in stream.body[self._taken:]:
            raise AssertionError(f"the stream ended: {stream.headers} {bytes(stream.body[self._taken:])!r}")
        end = stream.body.index(_LINE, self._taken)
        line, self._taken = stream.body[self._taken:end], end + 1
        return json.loads(line)

    def batch(self):
        """The version of the next one, and the keys of what was put."""
        keys = []
        while True:
            line = self._next_line()
            if "put" in line:
                keys.append(line["put"])
            if "end" in line:
                return line["end"]["version"], keys

    def ack(self, version):
        self._say({"ack": {"version": version}})

    def nack(self, version, resource, path, message):
        self._say({"nack": {"version": version, "errors": [{"resource": resource, "path": path, "message": message}]}})

    def close(self):
        self._client.close()
