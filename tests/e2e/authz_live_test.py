#!/usr/bin/env python3
"""AuthorizationPolicies that change while connections live: what is denied now ends, and nothing else."""

import threading
import time
import unittest

from authz_test import FilesCase, allow, callers, calls, deny, prefix
from heddle_harness import http1, pki
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import Pair
from heddle_harness.processes import wait_until

_CLIENT = pki.spiffe_id("app-client")


class Live(FilesCase):
    """What goes on for long is judged again when policy changes."""

    @classmethod
    def build(cls):
        cls.over = threading.Event()
        cls.addClassCleanup(cls.over.set)
        app = HttpApp(cls.answer)
        cls.addClassCleanup(app.close)
        cls.pair = Pair(cls.mesh, app.port, workers=1).start()

    @classmethod
    def answer(cls, request, reader, sock):
        if request.target.startswith("/slow"):
            sock.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            while not cls.over.wait(0.2):
                sock.sendall(http1.chunk(b"tick"))
            return False
        if request.has_token("upgrade", "websocket"):
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            while data := sock.recv(4096):
                sock.sendall(data)
            return False
        return reply(sock, b"hello\n")

    def setUp(self):
        self.addCleanup(self.set_policies)

    def client(self):
        client = http1.Client(self.pair.port)
        self.addCleanup(client.close)
        return client

    def upgraded(self, path):
        client = self.client()
        upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"),
                   ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")]
        self.assertEqual(client.request("GET", path, upgrade).status, 101)
        return client

    @staticmethod
    def echoes(client):
        try:
            client.send(b"ping")
            return client.reader.take(4) == b"ping"
        except (OSError, http1.ConnectionEnded):
            return False

    def slow(self, path):
        client = self.client()
        client.send(http1.request_bytes("GET", path))
        self.assertEqual(client.reader.head().status, 200)
        return client

    def denied(self):
        """Paths of what ended for a policy, in that order."""
        return [e["path"] for e in self.pair.server.log_entries()
                if e.get("response_code_details") == "authz-denied" and e.get("authz_policy") == "default/d"]

    def test_a_websocket_ends_when_its_verdict_turns_to_deny_and_not_before(self):
        self.slow("/slower")  # older, but a stream: it is not asked again before it has lived for 10 s
        chat, news = self.upgraded("/chat"), self.upgraded("/news")
        self.set_policies(allow(callers(identities=[_CLIENT])), deny(calls(methods=["PUT"])))
        self.assertTrue(self.echoes(chat) and self.echoes(news))
        self.set_policies(deny(calls(paths=[prefix("/chat"), prefix("/slower")])))
        wait_until(lambda: not self.echoes(chat), "the websocket to be closed")
        self.assertTrue(self.echoes(news))
        wait_until(lambda: "/chat" in self.denied(), "the line that says why")
        wait_until(lambda: "/slower" in self.denied(), "the stream to end, too")
        self.assertEqual([path for path in self.denied() if path in ("/chat", "/slower")], ["/chat", "/slower"])

    def test_so_does_a_stream_that_lives_long(self):
        started = time.monotonic()
        client = self.slow("/slow")
        while time.monotonic() - started < 11:
            self.assertTrue(client.reader.take(1))
        self.set_policies(deny({}))
        end = time.monotonic() + 30
        with self.assertRaises((ConnectionError, http1.ConnectionEnded)):
            while time.monotonic() < end:
                client.reader.take(1)


if __name__ == "__main__":
    unittest.main()
