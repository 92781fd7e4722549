#!/usr/bin/env python3
"""TCPRoutes and TLSRoutes from the control plane: real Redis servers, TLS servers with certificates of their own, weights,
what is refused, and `heddle explain` beside it."""

import collections
import json
import socket
import ssl
import subprocess
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import TcpApp, hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until
from heddle_harness.resources import tcp_route, tls_route, to_backend_set

_DRAWS = 1500  # connections of the weighted case: beyond _WITHIN once in a million runs
_WITHIN = 0.06
_ONE, _TWO = "one", "two"


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 60)


def read_all(sock):
    data = bytearray()
    while part := sock.recv(65536):
        data += part
    return bytes(data)


def greeting(port):
    """What a server that speaks first says; nothing when the connection ends before."""
    try:
        with connect(port) as sock:
            return read_all(sock).decode()
    except ConnectionError:
        return ""


class RouteCase(MeshTestCase):
    """A control plane, two backend sets, and a sidecar whose listener belongs to one service of opaque TCP."""

    service = resources.service("app", port=7000, protocol="tcp", backend_set=_ONE)
    listener_protocol = "tcp"

    @classmethod
    def build(cls):
        cls.control = cls.mesh.start_control()
        cls.base = [*cls.backends(), cls.service]
        version = cls.apply()
        listener = cls.mesh.outbound("app", port=7000, protocol=cls.listener_protocol)
        cls.proxy = cls.mesh.sidecar("client", [listener], cls.mesh.control_blocks("client")).start()
        cls.control.wait_version(version)
        cls.port = cls.proxy.address_of("out")[1]

    @classmethod
    def backends(cls):
        return [cls.plain_set(name, cls.serve(name)) for name in (_ONE, _TWO)]

    @classmethod
    def plain_set(cls, name, port):
        return resources.backend_set(name, [resources.endpoint("127.0.0.1", port)], tls="plaintext", protocol="tcp")

    @classmethod
    def serve(cls, name):
        app = TcpApp(lambda sock: sock.sendall(name.encode()))
        cls.addClassCleanup(app.close)
        return app.port

    @classmethod
    def apply(cls, *routes):
        return cls.control.apply(resources.to_yaml([*cls.base, *routes]))

    def use(self, *routes):
        """These routes and no others, in force in the sidecar; gone after the test."""
        self.control.wait_version(self.apply(*routes))
        for one in routes:
            self.addCleanup(self.remove, one["kind"], one["metadata"]["name"])

    def remove(self, kind, name):
        self.control.cli("delete", kind, name, "--ignore-not-found")

    def wait_reason(self, reason):
        def seen():
            return any(entry.get("response_code_details") == reason for entry in self.proxy.log_entries())

        wait_until(seen, f"{reason} in the access log")

    def explain(self, *words):
        done = self.control.cli("explain", *words, "-o", "json", check=False)
        return json.loads(done.stdout)


class TcpRoutes(RouteCase):
    def test_mesh_tcp_route_simple(self):
        self.use(tcp_route("to-two", "app", [to_backend_set(_TWO)]))

        self.assertEqual(greeting(self.port), _TWO)  # the server speaks first: nobody waits for the client

    def test_without_a_route_the_ports_own_set_is_used(self):
        self.use(tcp_route("to-two", "app", [to_backend_set(_TWO)]))
        self.remove("tcproute", "to-two")

        wait_until(lambda: greeting(self.port) == _ONE, "the port's own backend set")

    def test_mesh_tcp_route_weight(self):
        self.use(tcp_route("split", "app", [to_backend_set(_ONE, 70), to_backend_set(_TWO, 30)]))

        seen = collections.Counter(greeting(self.port) for _ in range(_DRAWS))

        self.assertEqual(set(seen), {_ONE, _TWO})
        self.assertAlmostEqual(seen[_TWO] / _DRAWS, 0.3, delta=_WITHIN)

    def test_weights_of_zero_close_the_connection(self):
        self.use(tcp_route("nobody", "app", [to_backend_set(_TWO, 0)]))

        self.assertEqual(greeting(self.port), "")
        self.wait_reason("backend-set-missing")

    def test_explain_shows_the_split(self):
        self.use(tcp_route("split", "app", [to_backend_set(_ONE, 3), to_backend_set(_TWO, 1)]))

        found = self.explain("tcp://app:7000")

        self.assertEqual((found["routed"], found["routeKind"], found["route"]), (True, "TCPRoute", "default/split"))
        self.assertEqual([(one["backendSet"], one["percent"]) for one in found["backends"]],
                         [("default/one", 75), ("default/two", 25)])

    def test_routes_where_no_connection_comes_by_are_refused(self):
        web = resources.service("web", protocol="http", backend_set=_ONE)
        route = tcp_route("lost", "web", [to_backend_set(_TWO)])

        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml([web, route]), check=False)

        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no port of Service default/web carries opaque connections", done.stdout + done.stderr)

    def test_what_is_listed_and_described(self):
        self.use(tcp_route("split", "app", [to_backend_set(_ONE, 3), to_backend_set(_TWO, 1)]))

        self.assertIn("split  app      one,two", self.control.cli("get", "tr").stdout)
        self.assertIn("kind: TCPRoute", self.control.cli("get", "tcproute", "split", "-o", "yaml").stdout)


class Redis(RouteCase):
    """Two real servers; each knows who it is. One stands behind a sidecar of its own, over mutual TLS."""

    @classmethod
    def build(cls):
        super().build()
        cls.server.start()

    @classmethod
    def backends(cls):
        cls.app_ports = {name: cls.redis(name) for name in (_ONE, _TWO)}
        inbound = cls.mesh.inbound(endpoint("127.0.0.1", cls.app_ports[_TWO]), protocol="tcp")
        ip, _, port = inbound["address"].rpartition(":")
        cls.server = cls.mesh.sidecar("redis-two", [inbound], cls.mesh.control_blocks(_TWO))
        to = resources.endpoint(ip, int(port), cls.mesh.spiffe_id(_TWO))
        return [cls.plain_set(_ONE, cls.app_ports[_ONE]), resources.backend_set(_TWO, [to], protocol="tcp")]

    @classmethod
    def redis(cls, name):
        port = cls.mesh.ports.reserve()
        argv = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", cls.mesh.folder]
        server = cls.mesh.group.start(f"redis-{name}", argv)
        server.wait_ready(lambda: "Ready to accept connections" in server.log())
        cls.ask(port, "set", "who", name)
        return port

    @staticmethod
    def ask(port, *words):
        argv = ["redis-cli", "-p", str(port), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout.strip()

    def test_a_route_moves_connections_from_one_server_to_the_other(self):
        self.use(tcp_route("cache", "app", [to_backend_set(_TWO)], port=7000))
        self.assertEqual(self.ask(self.port, "get", "who"), _TWO)

        self.control.wait_version(self.apply(tcp_route("cache", "app", [to_backend_set(_ONE)], port=7000)))
        self.assertEqual(self.ask(self.port, "get", "who"), _ONE)


class Tls(RouteCase):
    """Each server shows a certificate of its own: the client's TLS is theirs, not the mesh's."""

    @classmethod
    def serve(cls, name):
        credential = cls.mesh.authority.issue(f"tls-{name}")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(credential.certificate, credential.key)

        def answer(sock):
            with context.wrap_socket(sock, server_side=True) as secure:
                secure.sendall(name.encode())

        app = TcpApp(answer)
        cls.addClassCleanup(app.close)
        return app.port

    @staticmethod
    def client():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def ask(self, name):
        with connect(self.port) as sock, self.client().wrap_socket(sock, server_hostname=name) as secure:
            return secure.recv(100).decode()

    def use_both(self, *more):
        self.use(tls_route("one", "app", ["one.example"], [to_backend_set(_ONE)]),
                 tls_route("two", "app", ["*.two.example", "one.two.example"], [to_backend_set(_TWO)]), *more)

    def test_tls_route_simple_same_namespace(self):
        self.use_both()

        self.assertEqual(self.ask("one.example"), _ONE)
        self.assertEqual(self.ask("a.two.example"), _TWO)
        self.assertEqual(self.ask("a.b.two.example"), _TWO)
        self.assertEqual(self.ask("ONE.example"), _ONE)

    def test_openssl_sees_the_certificate_of_the_server_its_name_belongs_to(self):
        self.use_both()
        for name, expected in (("one.example", "tls-one"), ("x.two.example", "tls-two")):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", name],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
            shown = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=done.stdout,
                                   capture_output=True, timeout=120, check=True).stdout
            self.assertIn(f"/sa/{expected}".encode(), shown)

    def test_a_name_nobody_routes_gets_the_alert(self):
        self.use_both()

        for name in ("three.example", "two.example", None):
            with self.assertRaisesRegex(ssl.SSLError, "UNRECOGNIZED_NAME"):
                self.ask(name)
        self.wait_reason("route-not-found")

    def test_a_hello_in_many_pieces(self):
        self.use_both()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.client().wrap_bio(incoming, outgoing, server_hostname="b.two.example")
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        record = outgoing.read()
        message = record[5:]
        pieces = [message[at:at + 100] for at in range(0, len(message), 100)]
        with connect(self.port) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:  # each a record of its own, in two segments
                text = record[:3] + len(piece).to_bytes(2, "big") + piece
                sock.sendall(text[:7])
                sock.sendall(text[7:])
            self.finish_handshake(tls, incoming, outgoing, sock)
            self.assertEqual(self.read(tls, incoming, sock), _TWO)

    @staticmethod
    def finish_handshake(tls, incoming, outgoing, sock):
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                part = sock.recv(65536)
                if not part:
                    raise
                incoming.write(part)
        sock.sendall(outgoing.read())

    @staticmethod
    def read(tls, incoming, sock):
        while True:
            try:
                return tls.read(100).decode()
            except ssl.SSLWantReadError:
                part = sock.recv(65536)
                if not part:
                    raise
                incoming.write(part)

    def test_a_tcp_route_takes_the_rest(self):
        app = TcpApp(lambda sock: sock.sendall(b"rest:" + sock.recv(5)))
        self.addCleanup(app.close)
        rest = self.plain_set("rest", app.port)
        self.use_both(rest, tcp_route("others", "app", [to_backend_set("rest")]))

        self.assertEqual(self.ask("one.example"), _ONE)
        with connect(self.port) as sock:
            sock.sendall(b"plain")
            self.assertEqual(read_all(sock), b"rest:plain")

    def test_explain_says_which_name_matched(self):
        self.use_both()

        found = self.explain("tcp://app:7000", "--sni", "a.two.example")
        self.assertEqual((found["route"], found["match"]), ("default/two", "SNI *.two.example"))
        found = self.explain("tcp://app:7000", "--sni", "three.example")
        self.assertEqual((found["routed"], found["reason"]), (False, "route-not-found"))


class DetectedPort(RouteCase):
    """Requests are for HTTPRoutes, everything else for TCPRoutes and TLSRoutes."""

    service = resources.service("app", port=7000, protocol="auto", backend_set=_ONE)
    listener_protocol = "auto"

    @classmethod
    def backends(cls):
        apps = {_ONE: hello_app(b"one\n"), _TWO: TcpApp(lambda sock: sock.sendall(b"two:" + sock.recv(5)))}
        for app in apps.values():
            cls.addClassCleanup(app.close)
        return [resources.backend_set(name, [resources.endpoint("127.0.0.1", app.port)], tls="plaintext")
                for name, app in apps.items()]

    def test_http_is_left_to_http_routes(self):
        self.use(tcp_route("opaque", "app", [to_backend_set(_TWO)]))

        self.assertEqual(http1.get(self.port, "/").body, b"one\n")
        with connect(self.port) as sock:
            sock.sendall(b"\0\1\2\3\4")
            self.assertEqual(read_all(sock), b"two:\0\1\2\3\4")


if __name__ == "__main__":
    unittest.main()
