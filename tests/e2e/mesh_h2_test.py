#!/usr/bin/env python3
"""HTTP/2 with prior knowledge end to end: an h2 client, two sidecars, an h2 application."""

import os
import threading
import unittest

from heddle_harness import h2peer, http1
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_MIB = 1 << 20
_SIZED = b"twenty bytes, always"
_INTERNAL_ERROR, _CANCEL = 2, 8


class Application:
    def __init__(self):
        self.break_off = threading.Event()  # of who got a half
        self.asked = []  # methods of the requests for /sized

    def __call__(self, connection, stream_id, stream):
        path = stream.header(":path").split("?")[0]
        getattr(self, "on_" + path.strip("/"), self.on_describe)(connection, stream_id, stream)

    @staticmethod
    def answer(connection, stream_id, body, headers=()):
        connection.h2.send_headers(stream_id, [(":status", "200"), *headers])
        connection.flush()
        connection.send_body(stream_id, body)

    def on_describe(self, connection, stream_id, stream):
        text = "\n".join(f"{name}: {value}" for name, value in stream.headers)
        self.answer(connection, stream_id, text.encode())

    def on_echo(self, connection, stream_id, stream):
        self.answer(connection, stream_id, bytes(stream.body))

    def on_trailers(self, connection, stream_id, stream):
        came = ",".join(f"{name}={value}" for name, value in stream.trailers)
        connection.h2.send_headers(stream_id, [(":status", "200")])
        connection.h2.send_data(stream_id, b"body")
        connection.h2.send_headers(stream_id, [("x-sum", "42"), ("x-came", came)], end_stream=True)

    def on_hints(self, connection, stream_id, stream):
        connection.h2.send_headers(stream_id, [(":status", "103"), ("link", "</a.css>")])
        self.answer(connection, stream_id, b"after hints")

    def on_sized(self, connection, stream_id, stream):
        self.asked.append(stream.header(":method"))
        fields = [(":status", "200"), ("content-length", str(len(_SIZED)))]
        connection.h2.send_headers(stream_id, fields, end_stream=self.asked[-1] == "HEAD")
        if self.asked[-1] != "HEAD":
            connection.send_body(stream_id, _SIZED)

    def on_empty(self, connection, stream_id, stream):
        connection.h2.send_headers(stream_id, [(":status", "204")], end_stream=True)

    def on_half(self, connection, stream_id, stream):
        connection.h2.send_headers(stream_id, [(":status", "200")])
        connection.h2.send_data(stream_id, b"half")
        connection.flush()
        self.break_off.wait()
        connection.h2.reset_stream(stream_id, _INTERNAL_ERROR)

    def on_wait(self, connection, stream_id, stream):
        """Only the head; the rest never comes."""
        connection.h2.send_headers(stream_id, [(":status", "200")])


class Http2OverTheMesh(MeshTestCase):
    @classmethod
    def build(cls):
        cls.handler = Application()
        cls.app = h2peer.App(cls.handler)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, protocol="http2", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"}).start()

    def client(self, **options):
        client = h2peer.Client(self.pair.port, **options)
        self.addCleanup(client.close)
        return client

    def test_carries_requests_on_one_connection(self):
        client = self.client()
        for number in range(50):
            answer = client.request("GET", f"/item?n={number}", [("x-number", str(number))])
            self.assertEqual(answer.status, 200)
            self.assertIn(b":path: /item?n=%d" % number, answer.body)
            self.assertIn(b"x-number: %d" % number, answer.body)

    def test_carries_one_hundred_streams_at_once(self):
        client = self.client()
        streams = [client.open("POST", "/echo", end=False) for _ in range(100)]
        for stream_id in reversed(streams):
            client.send_body(stream_id, b"stream %d" % stream_id)
        bodies = {stream_id: bytes(client.finish(stream_id).body) for stream_id in streams}
        self.assertEqual(bodies, {stream_id: b"stream %d" % stream_id for stream_id in streams})

    def test_carries_large_bodies_both_ways(self):
        body = os.urandom(8 * _MIB)
        answer = self.client().request("POST", "/echo", body=body)
        self.assertTrue(answer.body == body, f"{len(answer.body)} bytes came back")

    def test_carries_trailers_both_ways(self):
        client = self.client()
        stream_id = client.open("POST", "/trailers", [("te", "trailers")], end=False)
        client.h2.send_data(stream_id, b"body")
        client.h2.send_headers(stream_id, [("x-up", "7")], end_stream=True)
        client.flush()
        answer = client.finish(stream_id)
        self.assertEqual(answer.body, b"body")
        self.assertEqual(dict(answer.trailers), {"x-sum": "42", "x-came": "x-up=7"})

    def test_passes_informational_answers(self):
        answer = self.client().request("GET", "/hints")
        self.assertEqual([dict(one)[":status"] for one in answer.informational], ["103"])
        self.assertEqual(answer.body, b"after hints")

    def test_answers_without_body(self):
        self.assertEqual(self.client().request("GET", "/empty").status, 204)

    def test_answers_head_with_a_length_and_without_body(self):
        client = self.client()
        answer = client.request("HEAD", "/sized")
        self.assertEqual((answer.status, answer.header("content-length")), (200, str(len(_SIZED))))
        self.assertEqual((answer.body_length, answer.reset), (0, None))
        self.assertEqual(client.request("GET", "/sized").body, _SIZED)
        self.assertEqual(self.handler.asked[-2:], ["HEAD", "GET"])

    def test_passes_a_reset_of_the_application(self):
        client = self.client()
        stream_id = client.open("GET", "/half")
        client.pump(lambda: client.streams[stream_id].body == b"half")
        self.handler.break_off.set()
        self.assertIsNotNone(client.finish(stream_id).reset)
        self.assertEqual(client.request("GET", "/describe").status, 200)

    def test_passes_a_cancellation_to_the_application(self):
        client = self.client()
        stream_id = client.open("GET", "/wait?cancelled")
        client.pump(lambda: client.streams[stream_id].headers)
        client.h2.reset_stream(stream_id, _CANCEL)
        client.flush()
        wait_until(lambda: ("/wait?cancelled", _CANCEL) in self.app.resets, f"the cancellation; got {self.app.resets}")
        self.assertEqual(client.request("GET", "/describe").status, 200)

    def test_serves_http1_clients_too(self):
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request("POST", "/echo", body=b"one").body, b"one")
            self.assertEqual(client.request("POST", "/echo", body=b"two").body, b"two")


if __name__ == "__main__":
    unittest.main()
