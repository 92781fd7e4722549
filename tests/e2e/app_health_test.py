#!/usr/bin/env python3
"""Kubelet's probes of an application whose port asks for mutual TLS: the sidecar's health address asks for them."""

import ssl
import threading
import time
import unittest
from concurrent import futures

import grpc
import grpc_health_test
from heddle_harness import http1
from heddle_harness.apps import HttpApp, TcpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint


class Application:
    """What the probes ask, and what it was asked."""

    def __init__(self):
        self.status = "200 OK"
        self.seen = []
        self.hold = threading.Event()
        self.app = HttpApp(self._answer)

    def _answer(self, request, _reader, sock):
        self.seen.append(request)
        path = request.first.split(" ")[1]
        if path == "/slow":
            self.hold.wait()
        if path == "/moved":
            return reply(sock, status="302 Found", headers=[("location", "/ready")])
        if path == "/away":
            return reply(sock, status="302 Found", headers=[("location", "http://192.0.2.1/")])
        return reply(sock, b"a secret of the application", self.status)

    def close(self):
        self.hold.set()
        self.app.close()


class AppHealth(MeshTestCase):
    @classmethod
    def build(cls):
        cls.application = Application()
        cls.addClassCleanup(cls.application.close)
        cls.opaque = TcpApp(lambda sock: sock.recv(1))
        cls.addClassCleanup(cls.opaque.close)
        cls.start_grpc()
        cls.start_tls()
        port = cls.application.app.port

        def http(path, **more):
            return {"httpGet": {"path": path, "port": port, **more}, "timeoutSeconds": 2, "periodSeconds": 5}

        probes = {"app/readyz": http("/ready", httpHeaders=[{"name": "X-Probe", "value": "yes"}]),
                  "app/livez": {"tcpSocket": {"port": cls.opaque.port}}, "moved/readyz": http("/moved"),
                  "away/readyz": http("/away"), "slow/readyz": {**http("/slow"), "timeoutSeconds": 1},
                  "named/readyz": http("/", host="app.internal"),
                  "gone/livez": {"tcpSocket": {"port": cls.mesh.ports.reserve()}},
                  "rpc/readyz": {"grpc": {"port": cls.grpc_port, "service": "shop"}},
                  "rpc/livez": {"grpc": {"port": cls.grpc_port, "service": "nobody"}},
                  "tls/readyz": {"httpGet": {"path": "/", "port": cls.tls.port, "scheme": "HTTPS"}}}
        inbound = cls.mesh.inbound(endpoint("127.0.0.1", port))
        credential = cls.mesh.authority.issue("app")
        blocks = {"identity": credential.identity()}
        cls.sidecar = cls.mesh.sidecar("app", [inbound], blocks, applicationProbes=probes).start()
        cls.health_port = int(cls.sidecar.bootstrap["health"]["address"].rpartition(":")[2])

    @classmethod
    def start_grpc(cls):
        service = grpc_health_test.HealthService(shop=b"\x08\x01", nobody=b"\x08\x02")
        server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(service,))
        cls.grpc_port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())

    @classmethod
    def start_tls(cls):
        """TLS 1.2, with a certificate that nobody knows."""
        credential = cls.mesh.authority.issue("application")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(credential.identity()["certificate"], credential.identity()["key"])

        def serve(sock):
            with context.wrap_socket(sock, server_side=True) as secure:
                secure.recv(4096)
                secure.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")

        cls.tls = TcpApp(serve)
        cls.addClassCleanup(cls.tls.close)

    def setUp(self):
        self.application.status = "200 OK"
        self.application.seen.clear()

    def ask(self, probe):
        return http1.get(self.health_port, f"/app-health/{probe}", headers=[("user-agent", "kube-probe/1.32")])

    def test_http_says_what_the_application_says(self):
        for status in ("200 OK", "404 Not Found", "500 Oh"):
            with self.subTest(status):
                self.application.status = status
                answer = self.ask("app/readyz")
                self.assertEqual(answer.status, int(status[:3]))
                self.assertNotIn(b"secret", answer.body)
        request = self.application.seen[0]
        self.assertEqual(request.header("x-probe"), "yes")
        self.assertEqual(request.header("user-agent"), "kube-probe/1.32")
        self.assertEqual(request.header("host"), f"127.0.0.1:{self.application.app.port}")

    def test_redirects_stay_on_the_server(self):
        self.application.status = "503 No"
        self.assertEqual(self.ask("moved/readyz").status, 503)
        self.assertEqual(self.ask("away/readyz").status, 200)

    def test_https_is_not_judged(self):
        self.assertEqual(self.ask("tls/readyz").status, 200, self.sidecar.process.tail())

    def test_tcp_and_grpc(self):
        self.assertEqual(self.ask("app/livez").status, 200)
        self.assertEqual(self.ask("rpc/readyz").status, 200)
        for probe in ("gone/livez", "rpc/livez", "named/readyz"):
            with self.subTest(probe):
                answer = self.ask(probe)
                self.assertEqual(answer.status, 503)
                self.assertTrue(answer.body.startswith(probe.encode()), answer.body)

    def test_the_probes_time_is_its_own(self):
        began = time.monotonic()
        answer = self.ask("slow/readyz")
        self.assertEqual(answer.status, 503)
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_nothing_else_is_reached(self):
        for path in ("app/healthz", "app/ready", "app/readyz/x", "other/readyz"):
            with self.subTest(path):
                self.assertEqual(self.ask(path).status, 404)
        self.assertEqual(self.application.seen, [])


if __name__ == "__main__":
    unittest.main()
