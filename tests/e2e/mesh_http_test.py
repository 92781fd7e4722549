#!/usr/bin/env python3
"""HTTP/1.1 through two sidecars: an HTTP/1.1 client, HTTP/2 over mutual TLS in between, an HTTP/1.1 application."""

import socket
import threading
import unittest

from heddle_harness import http1
from heddle_harness.apps import HttpApp, reply, reply_chunked
from heddle_harness.mesh import MeshTestCase, Pair

_BLOCK = bytes(range(256)) * 256  # 64 KiB
_LARGE = 64 << 20
_MAY_GROW = 24 << 20  # bytes a sidecar's memory may grow while 64 MiB pass


def describe(request):
    """What the application saw, for the client to compare."""
    lines = [request.first] + [f"{name}: {value}" for name, value in request.headers]
    return "\n".join(lines).encode("latin-1")


class Application:
    """One target per behaviour."""

    def __init__(self):
        self.seen = []

    def __call__(self, request, reader, sock):
        self.seen.append(request)
        handler = getattr(self, "on_" + request.target.strip("/").split("/")[0].split("?")[0], self.on_describe)
        return handler(request, reader, sock)

    def on_describe(self, request, reader, sock):
        reader.body(request)
        reply(sock, describe(request))

    def on_echo(self, request, reader, sock):
        reader.body(request)
        reply(sock, request.body)

    def on_chunked(self, request, reader, sock):
        reader.body(request)
        reply_chunked(sock, [request.body[i:i + 1000] for i in range(0, len(request.body), 1000)])

    def on_trailers(self, request, reader, sock):
        reader.body(request)
        came = ",".join(f"{name}={value}" for name, value in request.trailers)
        reply_chunked(sock, [b"body"], [("trailer", "x-sum")], [("x-sum", "42"), ("x-came", came)])

    def on_expect(self, request, reader, sock):
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        reader.body(request)
        reply(sock, b"got %d" % request.body_length)

    def on_refuse(self, request, reader, sock):
        reply(sock, b"too large", "413 Content Too Large", [("connection", "close")])
        return False

    def on_hints(self, request, reader, sock):
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n")
        reply(sock, b"after hints")

    def on_status(self, request, reader, sock):
        status = request.target.split("/")[2]
        sock.sendall(f"HTTP/1.1 {status} Status\r\nx-kept: yes\r\n\r\n".encode())

    def on_head(self, request, reader, sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 12345\r\n\r\n")

    def on_sink(self, request, reader, sock):
        reader.body(request, keep=False)
        reply(sock, str(request.body_length).encode())

    def on_source(self, request, reader, sock):
        size = int(request.target.split("/")[2])
        sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size // len(_BLOCK)):
            sock.sendall(_BLOCK)

    def on_until_close(self, request, reader, sock):
        sock.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it")
        return False


class Http1OverTheMesh(MeshTestCase):
    @classmethod
    def build(cls):
        cls.handler = Application()
        cls.app = HttpApp(cls.handler)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port).start()

    def client(self):
        client = http1.Client(self.pair.port)
        self.addCleanup(client.close)
        return client

    def test_keeps_the_connection_for_many_requests(self):
        client = self.client()
        for number in range(50):
            answer = client.request("GET", f"/item/{number}?q=a%20b", [("x-number", str(number))])
            self.assertEqual(answer.status, 200)
            self.assertIn(f"GET /item/{number}?q=a%20b HTTP/1.1".encode(), answer.body)
            self.assertIn(b"x-number: %d" % number, answer.body)

    def test_answers_pipelined_requests_in_order(self):
        client = self.client()
        client.send(b"".join(http1.request_bytes("POST", "/echo", body=b"number %d" % i) for i in range(20)))
        self.assertEqual([client.response().body for _ in range(20)], [b"number %d" % i for i in range(20)])

    def test_carries_chunked_bodies_both_ways(self):
        body = _BLOCK * 3
        client = self.client()
        client.send(b"POST /chunked HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n")
        for start in range(0, len(body), 10_000):
            client.send(http1.chunk(body[start:start + 10_000]))
        client.send(b"0\r\n\r\n")
        self.assertEqual(client.response().body, body)

    def test_carries_trailers_both_ways_when_the_client_says_te(self):
        client = self.client()
        client.send(b"POST /trailers HTTP/1.1\r\nhost: t\r\nte: trailers\r\nconnection: te\r\ntrailer: x-up\r\n"
                    b"transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-up: 7\r\n\r\n")
        answer = client.response()
        self.assertEqual(answer.body, b"body")
        self.assertIn(("x-sum", "42"), answer.trailers)
        self.assertIn(("x-came", "x-up=7"), answer.trailers)

    def test_waits_for_100_continue_of_the_application(self):
        client = self.client()
        client.send(b"POST /expect HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        first = client.reader.head()
        self.assertEqual(first.status, 100)
        client.send(b"hello")
        self.assertEqual(client.response().body, b"got 5")

    def test_passes_a_refusal_instead_of_100_continue(self):
        client = self.client()
        client.send(b"POST /refuse HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        answer = client.response()
        self.assertEqual((answer.status, answer.informational), (413, []))

    def test_passes_early_hints(self):
        answer = self.client().request("GET", "/hints")
        self.assertEqual([one.status for one in answer.informational], [103])
        self.assertEqual(answer.informational[0].header("link"), "</a.css>; rel=preload")
        self.assertEqual(answer.body, b"after hints")

    def test_answers_head_without_a_body(self):
        client = self.client()
        answer = client.request("HEAD", "/head")
        self.assertEqual((answer.status, answer.header("content-length")), (200, "12345"))
        self.assertEqual(client.request("POST", "/echo", body=b"next").body, b"next")

    def test_keeps_answers_without_body_apart(self):
        client = self.client()
        for status in (204, 304):
            answer = client.request("GET", f"/status/{status}")
            self.assertEqual((answer.status, answer.header("x-kept")), (status, "yes"))
            self.assertIsNone(answer.header("transfer-encoding"))
        self.assertEqual(client.request("POST", "/echo", body=b"next").body, b"next")

    def test_carries_an_answer_that_ends_with_the_connection(self):
        answer = self.client().request("GET", "/until_close")
        self.assertEqual(answer.body, b"all of it")

    def test_removes_hop_by_hop_fields(self):
        fields = [("connection", "x-mine"), ("x-mine", "1"), ("x-other", "2")]
        answer = self.client().request("GET", "/describe", fields)
        self.assertNotIn(b"x-mine", answer.body)
        self.assertIn(b"x-other: 2", answer.body)

    def test_serves_a_client_that_ends_its_side_after_the_request(self):
        client = self.client()
        client.send(http1.request_bytes("POST", "/echo", [("connection", "close")], b"last"))
        client.half_close()
        self.assertEqual(client.response().body, b"last")

    def test_refuses_a_smuggling_attempt_with_a_reason(self):
        client = self.client()
        client.send(b"POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
        answer = client.response()
        self.assertEqual((answer.status, answer.reason), (400, "bad-request"))


class LargeBodies(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = HttpApp(Application())
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port).start()
        http1.get(cls.pair.port)  # pools and buffers of the first request are there

    def assert_memory_is_bounded(self, transfer):
        sidecars = (self.pair.client.process, self.pair.server.process)
        before = [sidecar.resident_bytes() for sidecar in sidecars]
        highest = list(before)
        stop = threading.Event()

        def watch():
            while not stop.wait(0.02):
                for i, sidecar in enumerate(sidecars):
                    highest[i] = max(highest[i], sidecar.resident_bytes())

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        transfer()
        stop.set()
        watcher.join()
        grown = [high - low for high, low in zip(highest, before)]
        self.assertLess(max(grown), _MAY_GROW, f"memory grew by {grown} bytes")

    def upload(self):
        with http1.Client(self.pair.port, timeout=60) as client:
            client.send(b"POST /sink HTTP/1.1\r\nhost: t\r\ncontent-length: %d\r\n\r\n" % _LARGE)
            for _ in range(_LARGE // len(_BLOCK)):
                client.send(_BLOCK)
            self.assertEqual(client.response().body, str(_LARGE).encode())

    def download(self):
        with http1.Client(self.pair.port, timeout=60) as client:
            answer = client.request("GET", f"/source/{_LARGE}", keep=False)
            self.assertEqual(answer.body_length, _LARGE)

    def test_64_mib_up_in_bounded_memory(self):
        self.assert_memory_is_bounded(self.upload)

    def test_64_mib_down_in_bounded_memory(self):
        self.assert_memory_is_bounded(self.download)

    def test_a_reader_that_stops_holds_the_application_back(self):
        def stop_reading_then_go_on():
            with http1.Client(self.pair.port, timeout=60) as client:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
                client.send(http1.request_bytes("GET", f"/source/{_LARGE}"))
                head = client.reader.head()
                self.assertTrue(http1.is_ok(self.pair.port))  # others are served meanwhile
                client.reader.body(head, keep=False)
                self.assertEqual(head.body_length, _LARGE)

        self.assert_memory_is_bounded(stop_reading_then_go_on)


class OverIpv6(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = HttpApp(Application(), ip="::1")
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, app_ip="::1", ip="::1", client_ip="::1").start()

    def test_every_leg_may_be_ipv6(self):
        with http1.Client(self.pair.port, "::1") as client:
            self.assertEqual(client.request("POST", "/echo", body=b"six").body, b"six")


if __name__ == "__main__":
    unittest.main()
