#!/usr/bin/env python3
"""Who is refused between sidecars, and that the reason stands in the answer, the log and a metric."""

import socket
import unittest

from heddle_harness import http1, pki, resources, tlspeer
from heddle_harness.apps import TcpApp, hello_app
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until

_OTHER = "other.test"


def bad_credentials(mesh):
    """{name: a server's credential that must be refused}"""
    good = pki.spiffe_id("app")
    strangers = pki.Authority(mesh.path("strangers"))  # another root that claims our trust domain
    others = pki.Authority(mesh.path("others"), _OTHER)
    return {
        "wrong-id": mesh.authority.issue("intruder"),
        "other-domain": others.issue("app"),
        "stranger": strangers.issue("app", good),
        "expired": mesh.authority.issue_expired("late", good),
        "self-signed": mesh.authority.issue_self_signed("selfmade", good),
    }


class RefusedServers(MeshTestCase):
    """The client's sidecar meets a server with the wrong certificate, or with none: in HTTP and in raw TCP."""

    ip = "127.0.0.1"

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        credentials = bad_credentials(cls.mesh)
        cls.servers = {name: tlspeer.TlsServer(credential, cls.ip) for name, credential in credentials.items()}
        answer = b"HTTP/1.1 200 OK\r\n\r\n"
        cls.servers["no-certificate"] = TcpApp(lambda sock: sock.recv(1) and sock.sendall(answer), cls.ip)
        for server in cls.servers.values():
            cls.addClassCleanup(server.close)
        cls.good = Pair(cls.mesh, cls.app.port)
        cls.good.server.start()
        everything = list(cls.good.resources)
        listeners = [cls.mesh.outbound("app", name="app")]
        for name, server in cls.servers.items():
            to = resources.endpoint(cls.ip, server.port, pki.spiffe_id("app"))
            everything += [resources.service(name), resources.backend_set(name, [to])]
            everything += [resources.service(f"tcp-{name}", protocol="tcp"), resources.backend_set(f"tcp-{name}", [to])]
            listeners += [cls.mesh.outbound(name, name=name, ip=cls.ip),
                          cls.mesh.outbound(f"tcp-{name}", name=f"tcp-{name}", protocol="tcp", ip=cls.ip)]
        path = cls.mesh.write("bad.yaml", resources.to_yaml(everything))
        blocks = cls.mesh.file_blocks(cls.mesh.authority.issue("client"), path)
        cls.client = cls.mesh.sidecar("client", listeners, blocks).start()

    def assert_refused(self, name, *reasons):
        self.assert_http_refused(name, *reasons)
        self.assert_tcp_refused(name, *reasons)
        if isinstance(self.servers[name], tlspeer.TlsServer):
            self.assertEqual(self.servers[name].received, [])

    def assert_http_refused(self, name, *reasons):
        mark = len(self.client.process.log())
        answer = http1.get(self.client.address_of(name)[1], ip=self.ip)
        reason = answer.reason
        self.assertEqual(answer.status, 503)
        self.assertIn(reason, reasons)
        wait_until(lambda: f'"{reason}' in self.client.process.log()[mark:], f"{reason} in the log")
        self.client.wait_metric("heddle_requests_total", service=f"default/{name}", reason=reason)

    def assert_tcp_refused(self, name, *reasons):
        """A TCP client is told nothing but the end; who operates the mesh reads why."""
        self.assertEqual(self.ask(self.client.address_of(f"tcp-{name}")), b"")
        service = f"default/tcp-{name}"
        entry = wait_until(lambda: next((one for one in self.client.log_entries()
                                         if one.get("service_name") == service), None), f"{service} in the log")
        self.assertIn(entry["response_code_details"], reasons)
        closed = self.client.metrics().total("heddle_tcp_closed_total", service=service,
                                             reason=entry["response_code_details"])
        self.assertEqual(closed, 1)

    @staticmethod
    def ask(address):
        """What comes back; the connection may be reset before we have seen it open."""
        try:
            with socket.create_connection(address, http1.TIMEOUT) as client:
                client.sendall(b"secret")
                return client.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            return b""

    def test_the_right_server_is_served(self):
        self.assertEqual(http1.get(self.client.address_of("app")[1]).body, b"hello\n")

    def test_another_id_of_our_trust_domain(self):
        self.assert_refused("wrong-id", "upstream-identity-unexpected")

    def test_an_id_of_another_trust_domain(self):
        self.assert_refused("other-domain", "upstream-tls-failed", "upstream-identity-unexpected")

    def test_the_right_id_signed_by_a_stranger(self):
        self.assert_refused("stranger", "upstream-tls-failed")

    def test_an_expired_certificate(self):
        self.assert_refused("expired", "upstream-tls-failed")

    def test_a_self_signed_certificate(self):
        self.assert_refused("self-signed", "upstream-tls-failed")

    def test_no_certificate(self):
        self.assert_refused("no-certificate", "upstream-tls-failed")


class RefusedServersOverIpv6(RefusedServers):
    ip = "::1"


class RefusedClients(MeshTestCase):
    """The inbound sidecar meets clients with the wrong certificate, or with none."""

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        listener = cls.mesh.inbound(endpoint("127.0.0.1", cls.app.port))
        empty = cls.mesh.write("empty.yaml", "")
        blocks = cls.mesh.file_blocks(cls.mesh.authority.issue("app"), empty)
        cls.server = cls.mesh.sidecar("app", [listener], blocks).start()
        cls.credentials = bad_credentials(cls.mesh)

    def admitted(self, context):
        ip, port = self.server.address_of("in")
        return tlspeer.is_admitted(port, ip, context)

    def assert_refused(self, credential, reason):
        self.assert_context_refused(tlspeer.client_context(credential), reason)

    def assert_context_refused(self, context, reason):
        mark = len(self.server.process.log())
        served = self.app.accepted
        self.assertFalse(self.admitted(context))
        wait_until(lambda: f'"{reason}' in self.server.process.log()[mark:], f"{reason} in the log")
        wait_until(lambda: self.server.metrics().with_label_value(reason) > 0, f"{reason} in a metric")
        self.assertEqual(self.app.accepted, served)

    def test_a_member_of_the_mesh_is_admitted(self):
        friend = tlspeer.client_context(self.mesh.authority.issue("friend"))
        self.assertTrue(self.admitted(friend))

    def test_an_id_of_another_trust_domain(self):
        self.assert_refused(self.credentials["other-domain"], "peer-trust-domain-unknown")

    def test_our_trust_domain_signed_by_a_stranger(self):
        self.assert_refused(self.credentials["stranger"], "peer-certificate-invalid")

    def test_an_expired_certificate(self):
        self.assert_refused(self.credentials["expired"], "peer-certificate-invalid")

    def test_a_self_signed_certificate(self):
        self.assert_refused(self.credentials["self-signed"], "peer-certificate-invalid")

    def test_no_certificate(self):
        self.assert_refused(None, "peer-certificate-missing")

    def test_plaintext_is_refused_with_a_reason(self):
        mark = len(self.server.process.log())
        ip, port = self.server.address_of("in")
        answer = http1.try_get(port, "/", ip)
        if answer is not None:  # it may be told, it must not be served
            self.assertEqual(answer.status, 400)
        wait_until(lambda: "plaintext-refused" in self.server.process.log()[mark:], "plaintext-refused in the log")
        wait_until(lambda: self.server.metrics().with_label_value("plaintext-refused") > 0, "it in a metric")

    def test_tls_1_2_is_refused(self):
        context = tlspeer.client_context(self.mesh.authority.issue("old"))
        context.minimum_version = context.maximum_version = tlspeer.ssl.TLSVersion.TLSv1_2
        self.assert_context_refused(context, "tls-handshake-failed")


class PermissiveInbound(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        listener = cls.mesh.inbound(endpoint("127.0.0.1", cls.app.port), tls="permissive")
        empty = cls.mesh.write("empty.yaml", "")
        blocks = cls.mesh.file_blocks(cls.mesh.authority.issue("app"), empty)
        cls.server = cls.mesh.sidecar("app", [listener], blocks).start()

    def test_takes_plaintext_and_mutual_tls_on_one_port(self):
        ip, port = self.server.address_of("in")
        self.assertEqual(http1.get(port, "/", ip).body, b"hello\n")
        friend = tlspeer.client_context(self.mesh.authority.issue("friend"))
        self.assertTrue(tlspeer.is_admitted(port, ip, friend))

    def test_still_refuses_a_bad_certificate(self):
        ip, port = self.server.address_of("in")
        expired = tlspeer.client_context(self.mesh.authority.issue_expired("late"))
        self.assertFalse(tlspeer.is_admitted(port, ip, expired))


if __name__ == "__main__":
    unittest.main()
