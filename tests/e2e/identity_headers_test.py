#!/usr/bin/env python3
"""What an application is told about its callers: by its sidecar, and by nobody else."""

import hashlib
import ssl
import unittest

from heddle_harness import h2peer, http1, pki
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.tlspeer import TlsClient, client_context

_BOSS = f"By=spiffe://cluster.local/x;Hash=00;URI={pki.spiffe_id('boss')}"
_CLAIMS = [("x-forwarded-client-cert", _BOSS), ("X-Forwarded-Client-Cert", _BOSS), ("l5d-client-id", "boss"),
           ("x-heddle-peer", "boss"), ("X-Mesh-Identity", "boss"), ("heddle-reason", "boss")]


def fingerprint(credential):
    with open(credential.certificate, encoding="ascii") as file:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()


class Case(MeshTestCase):
    inbound = {}

    @classmethod
    def build(cls):
        cls.seen = []
        app = HttpApp(cls.answer)
        cls.addClassCleanup(app.close)
        cls.caller = cls.mesh.authority.issue("caller")
        cls.pair = Pair(cls.mesh, app.port, inbound=cls.inbound, client_credential=cls.caller,
                        server_credential=cls.mesh.authority.issue("app")).start()
        cls.ip, cls.inbound_port = cls.pair.server.address_of("in")
        cls.told = (f"By={pki.spiffe_id('app')};Hash={fingerprint(cls.caller)};URI={pki.spiffe_id('caller')}")

    @classmethod
    def answer(cls, request, reader, sock):
        reader.body(request)
        cls.seen.append(request)
        if request.has_token("upgrade", "websocket"):
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
            return False
        return reply(sock, b"hello\n")

    def setUp(self):
        self.seen.clear()

    def of_application(self, headers=()):
        """What arrives of a request by the calling application, through both sidecars."""
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request("GET", "/", headers).status, 200)
        return self.seen[-1]

    def of_member(self, headers=()):
        """The same of a caller with a certificate but without Heddle."""
        context = client_context(self.caller, ("http/1.1",))
        with TlsClient(self.inbound_port, self.ip, context) as client:
            self.assertEqual(client.request("GET", "/", headers).status, 200)
        return self.seen[-1]

    def of_stranger(self, headers=()):
        with http1.Client(self.inbound_port, self.ip) as client:
            self.assertEqual(client.request("GET", "/", headers).status, 200)
        return self.seen[-1]

    def assert_told(self, request, identity):
        self.assertEqual(request.all("x-forwarded-client-cert"), [identity] if identity else [])
        self.assertNotIn("boss", str(request.headers))


class Identity(Case):
    def test_the_application_reads_who_calls(self):
        self.assert_told(self.of_application(), self.told)

    def test_a_calling_application_cannot_say_that_it_is_another(self):
        self.assert_told(self.of_application(_CLAIMS), self.told)

    def test_nor_can_a_peer_over_http1(self):
        self.assert_told(self.of_member([*_CLAIMS, ("x-envoy-peer-metadata-id", "boss")]), self.told)

    def test_nor_can_a_peer_over_http2(self):
        client = h2peer.Client(self.inbound_port, self.ip, context=client_context(self.caller))
        self.addCleanup(client.close)
        self.assertEqual(client.request(headers=[(name.lower(), value) for name, value in _CLAIMS]).status, 200)
        self.assert_told(self.seen[-1], self.told)

    def test_connection_cannot_remove_it(self):
        for option in ("x-forwarded-client-cert", "X-Forwarded-Client-Cert, close", "x-heddle-peer"):
            with TlsClient(self.inbound_port, self.ip, client_context(self.caller, ("http/1.1",))) as client:
                self.assertEqual(client.request("GET", "/", [("connection", option)]).status, 400, option)
        self.assertEqual(self.seen, [])
        self.assert_told(self.of_member([("connection", "x-other"), ("x-other", "1")]), self.told)

    def test_an_underscore_does_not_hide_it(self):
        for name in ("x_forwarded_client_cert", "X-Forwarded-Client_Cert", "x_mesh_identity", "l5d_client_id"):
            with TlsClient(self.inbound_port, self.ip, client_context(self.caller, ("http/1.1",))) as client:
                self.assertEqual(client.request("GET", "/", [(name, _BOSS)]).status, 400, name)

    def test_an_upgraded_connection_begins_with_it(self):
        upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13"),
                   ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA==")]
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request("GET", "/", [*upgrade, *_CLAIMS]).status, 101)
        self.assert_told(self.seen[-1], self.told)

    def test_trailers_do_not_say_it(self):
        with http1.Client(self.pair.port) as client:
            client.send(b"POST / HTTP/1.1\r\nhost: a\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\r\n"
                        b"1\r\nx\r\n0\r\nx-forwarded-client-cert: boss\r\nx-mesh-id: boss\r\nx-sum: 1\r\n\r\n")
            self.assertEqual(client.response().status, 200)
        self.assertEqual(self.seen[-1].trailers, [("x-sum", "1")])

    def test_where_a_request_came_from_passes_between_members(self):
        origin = [("x-forwarded-proto", "https"), ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")]
        for request in (self.of_application(origin), self.of_member(origin)):
            for name, value in origin:
                self.assertEqual(request.all(name), [value])
        self.assertEqual(self.of_application().all("x-forwarded-proto"), [])


class Strangers(Case):
    inbound = {"tls": "permissive"}

    def test_strangers_have_no_identity_whatever_they_say(self):
        self.assert_told(self.of_stranger(_CLAIMS), None)
        self.assert_told(self.of_application(), self.told)

    def test_a_strangers_scheme_and_address_are_those_of_its_connection(self):
        request = self.of_stranger([("x-forwarded-proto", "https"), ("x-forwarded-for", "127.0.0.1"),
                                    ("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=127.0.0.1;proto=https")])
        self.assertEqual(request.all("x-forwarded-proto"), ["http"])
        self.assertEqual(request.all("x-forwarded-for"), ["127.0.0.1, 10.0.0.1, 127.0.0.1"])
        self.assertEqual(request.all("forwarded"), [])
        self.assertEqual(self.of_stranger().all("x-forwarded-for"), ["127.0.0.1"])


class Quiet(Case):
    inbound = {"tls": "permissive", "forwardClientCert": "off", "trustForwarded": "all"}

    def test_what_is_off_is_still_removed(self):
        for request in (self.of_application(_CLAIMS), self.of_member(_CLAIMS), self.of_stranger(_CLAIMS)):
            self.assert_told(request, None)

    def test_everybody_may_be_trusted_where_a_request_came_from(self):
        origin = [("x-forwarded-proto", "https"), ("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")]
        for name, value in origin:
            self.assertEqual(self.of_stranger(origin).all(name), [value])


class Distrustful(Case):
    inbound = {"trustForwarded": "none"}

    def test_nobody_may_be_trusted_where_a_request_came_from(self):
        request = self.of_application([("x-forwarded-proto", "http"), ("x-forwarded-for", "192.0.2.1")])
        self.assertEqual(request.all("x-forwarded-proto"), ["https"])
        self.assertEqual(request.all("x-forwarded-for"), ["192.0.2.1, 127.0.0.1"])
        self.assert_told(request, self.told)


if __name__ == "__main__":
    unittest.main()
