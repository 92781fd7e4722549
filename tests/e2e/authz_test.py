#!/usr/bin/env python3
"""AuthorizationPolicy with the real programs: who may call what, how a denial explains itself, policies that change."""

import socket
import unittest
from concurrent import futures

import grpc

from heddle_harness import http1, pki, resources
from heddle_harness.apps import HttpApp, TcpApp, echo_tcp, reply
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledPair, MeshTestCase, Pair
from heddle_harness.processes import wait_until
from heddle_harness.programs import version_of

_CLIENT = pki.spiffe_id("app-client")
_TARGET = ("Workload", "app")


def allow(*rules, name="p", **more):
    return resources.authorization(name, "allow", rules, **more)


def deny(*rules, name="d", **more):
    return resources.authorization(name, "deny", rules, **more)


def calls(**operation):
    return {"to": [operation]}


def callers(**source):
    return {"from": [source]}


def prefix(path):
    return {"type": "PathPrefix", "value": path}


class HttpCase(MeshTestCase):
    """app-client (namespace default) and shopper (namespace shop) call app; policies come from the control plane."""

    @classmethod
    def build(cls):
        cls.seen = []
        cls.app = HttpApp(cls.answer)
        cls.addClassCleanup(cls.app.close)
        cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.app)
        cls.apply(resources.workload("app", pki.spiffe_id("app"), ["app"]))
        cls.pair.start()
        cls.shopper = cls.dialler("shopper", "shop")

    @classmethod
    def answer(cls, request, reader, sock):
        cls.seen.append(request)
        reply(sock, b"hello\n")

    @classmethod
    def dialler(cls, account, namespace):
        """Another client's sidecar, with an identity of that namespace."""
        identity = pki.spiffe_id(account, namespace)
        blocks = cls.mesh.control_blocks(account)
        blocks["identity"] |= {"id": identity,
                               "joinTokenFile": cls.mesh.write(f"{account}.token", cls.mesh.control.token(identity))}
        return cls.mesh.sidecar(account, [cls.mesh.outbound("app")], blocks, namespace=namespace).start()

    @classmethod
    def apply(cls, *what):
        return cls.mesh.control.apply(resources.to_yaml(what))

    def setUp(self):
        self.pushed = {}
        self.addCleanup(self.settle)

    def push(self, *policies):
        """In force at every sidecar when it returns, and gone after the test."""
        self.pushed |= {(p["metadata"]["name"], p["metadata"]["namespace"]): True for p in policies}
        version = self.apply(*policies)
        self.mesh.control.wait_version(version)
        return version

    def settle(self):
        """Every policy is deleted, and every sidecar knows."""
        for name, namespace in self.pushed:
            done = self.mesh.control.cli("delete", "ap", name, "-n", namespace)
            version = version_of(done.stdout)
        if self.pushed:
            self.mesh.control.wait_version(version)
        self.pushed = {}

    def call(self, target="/", method="GET", headers=(), port=None):
        with http1.Client(port or self.pair.port) as client:
            return client.request(method, target, [("host", "app"), *headers])

    def status(self, *args, **more):
        return self.call(*args, **more).status

    def shop_call(self):
        return self.call(port=self.shopper.address_of("out")[1])


class Rules(HttpCase):
    def test_only_the_identities_of_an_allow_rule_may_call(self):
        self.push(allow(callers(identities=[_CLIENT]), target=_TARGET))
        self.assertEqual(self.status(), 200)
        self.assertEqual(self.shop_call().status, 403)

    def test_a_policy_of_a_service_protects_the_workloads_that_serve_it(self):
        self.push(allow(callers(namespaces=["shop"]), target=("Service", "app")))
        self.assertEqual(self.status(), 403)
        self.assertEqual(self.shop_call().status, 200)

    def test_deny_wins(self):
        self.push(allow({}), deny(callers(identities=["spiffe://cluster.local/ns/default/*"])))
        self.assertEqual(self.status(), 403)
        self.assertEqual(self.shop_call().status, 200)

    def test_methods_paths_and_headers(self):
        operation = {"methods": ["GET", "PUT"], "paths": [prefix("/open")],
                     "headers": [{"name": "x-team", "value": "red"}]}
        self.push(allow(calls(**operation)))
        red = [("x-team", "red")]
        self.assertEqual(self.status("/open/x?q=1", headers=red), 200)
        self.assertEqual(self.status("/op%65n", headers=red), 200)
        self.assertEqual(self.status("/opened", headers=red), 403)
        self.assertEqual(self.status("/open", method="DELETE", headers=red), 403)
        self.assertEqual(self.status("/open"), 403)
        self.assertEqual(self.status("/open", headers=[("x-team", "blue")]), 403)
        self.assertEqual(self.status("/open", headers=[*red, ("x-team", "blue")]), 403)

    def test_a_denied_path_is_denied_in_every_spelling(self):
        self.push(deny(calls(paths=[prefix("/admin")])))
        for path in ("/admin", "/admin/x", "/%61dmin", "//admin", "/admin;v=1/x", "/;x/admin", "/admin//"):
            self.assertEqual(self.status(path), 403, path)
        for path in ("/", "/administer", "/x/admin", "/b;v=1//c/"):
            self.assertEqual(self.status(path), 200, path)

    def test_path_templates(self):
        template = {"type": "PathTemplate", "value": "/users/{id}/items/{**}"}
        self.push(deny(calls(paths=[template])))
        for path in ("/users/7/items", "/users/7/items/", "/users/7/items/8/9?x=1", "/users/%37/items", "/users//7/items",
                     "/users/7;v=1/items"):
            self.assertEqual(self.status(path), 403, path)
        for path in ("/users/7", "/users/items", "/users/7/8/items", "/users/7/itemsx", "/x/users/7/items"):
            self.assertEqual(self.status(path), 200, path)
        done = self.mesh.control.cli("explain", "http://app/users/7/items", "--from", _CLIENT, check=False)
        self.assertIn("refused: 403 authz-denied", done.stdout)

    def test_ports_are_those_of_the_application(self):
        self.push(deny(calls(ports=[self.app.port + 1])))
        self.assertEqual(self.status(), 200)
        self.push(deny(calls(ports=[self.app.port])))
        self.assertEqual(self.status(), 403)

    def test_an_allow_policy_without_rules_denies_all(self):
        self.push(allow())
        self.assertEqual(self.status(), 403)

    def test_the_body_of_a_denied_request_never_reaches_the_application(self):
        self.push(deny({}))
        before = len(self.seen)
        with http1.Client(self.pair.port) as client:
            answer = client.request("POST", "/", [("host", "app")], body=b"x" * 100_000)
        self.assertEqual(answer.status, 403)
        self.assertEqual(len(self.seen), before)


class Defaults(HttpCase):
    def test_deny_all_of_the_namespace(self):
        self.push(resources.authorization_default("otherwise", "deny-all"))
        self.assertIn("policy=default/otherwise; rule=default;", self.call().header("heddle-reason"))

    def test_mesh_only_takes_every_identity(self):
        self.push(resources.authorization_default("otherwise", "mesh-only"))
        self.assertEqual(self.status(), 200)
        self.assertEqual(self.shop_call().status, 200)

    def test_the_default_of_the_mesh_and_of_the_namespace(self):
        self.push(resources.authorization_default("mesh", "deny-all", ns="heddle-system"))
        self.assertEqual(self.status(), 403)
        self.push(resources.authorization_default("otherwise", "allow-all"))
        self.assertEqual(self.status(), 200)

    def test_an_allow_policy_replaces_the_default(self):
        self.push(resources.authorization_default("otherwise", "deny-all"), allow(calls(methods=["GET"])))
        self.assertEqual(self.status(), 200)
        self.assertEqual(self.status(method="PUT"), 403)


class Explained(HttpCase):
    def test_the_callers_namespace_decides_how_much_it_is_told(self):
        version = self.push(deny(calls(methods=["PUT"]), {}, target=_TARGET))
        text = self.call().header("heddle-reason")
        self.assertEqual(text, f"authz-denied; policy=default/d; rule=1; version={version.partition('.')[2]}")
        self.assertEqual(self.shop_call().header("heddle-reason"), "authz-denied")

    def test_what_no_allow_rule_matches_names_the_first_policy(self):
        self.push(allow(calls(methods=["PUT"])))
        self.assertIn("; policy=default/p; rule=none; ", self.call().header("heddle-reason"))

    def test_access_log_and_metrics_say_the_same(self):
        self.push(deny({}))
        before = self.pair.server.metrics().total("heddle_authz_total", action="deny", policy="default/d")
        size = len(self.pair.server.process.log())
        self.call("/logged")

        def entries():
            return [e for e in self.pair.server.log_entries(size) if e.get("path") == "/logged"]

        wait_until(entries, "the line")  # written after it was counted
        entry = entries()[0]
        self.assertEqual((entry["authz_action"], entry["authz_policy"], entry["authz_rule"]), ("deny", "default/d", 0))
        self.assertEqual((entry["response_code"], entry["response_code_details"]), (403, "authz-denied"))
        self.assertEqual(self.pair.server.metrics().total("heddle_authz_total", action="deny", policy="default/d"),
                         before + 1)

    def test_audit_lets_pass_counts_and_logs(self):
        self.push(resources.authorization("a", "audit", [calls(methods=["GET"])]))
        size = len(self.pair.server.process.log())
        self.assertEqual(self.status("/audited"), 200)
        self.assertEqual(self.status("/other", method="PUT"), 200)
        self.assertEqual(self.pair.server.metrics().total("heddle_authz_total", action="audit", policy="default/a"), 1)
        wait_until(lambda: any(e.get("path") == "/other" for e in self.pair.server.log_entries(size)), "the lines")
        audited = [e for e in self.pair.server.log_entries(size) if e.get("authz_action") == "audit"]
        self.assertEqual([(e["path"], e["authz_policy"], e["authz_rule"]) for e in audited],
                         [("/audited", "default/a", 0)])

    def test_explain_says_what_happens_and_why(self):
        self.push(allow(callers(namespaces=["shop"]), calls(methods=["PUT"]), target=_TARGET))
        done = self.mesh.control.cli("explain", "http://app/", "--from", _CLIENT, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("rule 0 (allow)", done.stdout)
        self.assertIn("the caller's namespace is not among those", done.stdout)
        self.assertIn("method differs", done.stdout)
        self.assertIn("refused: 403 authz-denied", done.stdout)
        self.assertEqual(self.status(), 403)
        allowed = self.mesh.control.cli("explain", "http://app/", "--method", "PUT", "--from", _CLIENT)
        self.assertIn("by default/p rule 1", allowed.stdout)
        self.assertEqual(self.status(method="PUT"), 200)

    def test_only_the_protected_sidecar_gets_the_policy(self):
        self.push(deny(calls(methods=["PUT"]), target=_TARGET))
        self.assertIn('"AuthorizationPolicy"', self.pair.server.admin("/config").body.decode())
        for other in (self.pair.client, self.shopper):
            self.assertNotIn('"AuthorizationPolicy"', other.admin("/config").body.decode())


class Forged(HttpCase):
    def test_headers_that_claim_an_identity_make_no_difference(self):
        self.push(allow(callers(identities=[pki.spiffe_id("boss")])))
        claims = [("x-forwarded-client-cert", f"URI={pki.spiffe_id('boss')}"), ("x-spiffe-id", pki.spiffe_id("boss")),
                  ("heddle-reason", "none"), ("forwarded", f"for={pki.spiffe_id('boss')}")]
        for name, value in claims:
            self.assertEqual(self.status(headers=[(name, value)]), 403, name)
            self.assertIn(self.status(headers=[(name, value), ("connection", name)]), (400, 403), name)


class Changes(HttpCase):
    def test_a_change_under_load_closes_nothing_that_is_still_allowed(self):
        self.push(allow(callers(identities=[_CLIENT]), name="first"))
        server = self.pair.server
        self.status()
        accepted = server.metrics().total("heddle_downstream_accepted_total", listener="in")
        with Load(self.pair.port, rate=300) as load:
            for turn in range(6):
                self.push(deny(calls(paths=[prefix(f"/closed-{turn}")])),
                          allow(callers(namespaces=["default"]), name=f"turn-{turn % 2}"))
                seen = load.answered
                wait_until(lambda: load.failures or load.answered > seen + 2 * load.connections, "requests under it")
        self.assertEqual(load.failures, [])
        now = server.metrics().total("heddle_downstream_accepted_total", listener="in")
        self.assertLessEqual(now - accepted, 8)  # what the load itself opened: no more than one of each connection

    def test_the_next_request_of_a_connection_obeys_the_newest_policy(self):
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request("GET", "/", [("host", "app")]).status, 200)
            self.push(deny({}))
            self.assertEqual(client.request("GET", "/", [("host", "app")]).status, 403)
            self.settle()
            self.assertEqual(client.request("GET", "/", [("host", "app")]).status, 200)


class FilesCase(MeshTestCase):
    """A pair whose resources are one file; the server's sidecar reads it again when it changes."""

    def set_policies(self, *policies):
        server = self.pair.server
        before = server.metrics().total("heddle_config_updates_total", outcome="ack")
        own = resources.workload("app", pki.spiffe_id("app"), ["app"])
        self.mesh.write("app.yaml", resources.to_yaml([*self.pair.resources, own, *policies]))
        server.wait_metric("heddle_config_updates_total", before + 1, outcome="ack")
        server.admin("/connections")  # each worker answers it after it took what the main loop took before


class Tcp(FilesCase):
    @classmethod
    def build(cls):
        app = TcpApp(echo_tcp)
        cls.addClassCleanup(app.close)
        cls.port = app.port
        cls.pair = Pair(cls.mesh, app.port, protocol="tcp").start()

    def tearDown(self):
        self.set_policies()

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.pair.port), http1.TIMEOUT)
        self.addCleanup(sock.close)
        return sock

    @staticmethod
    def echoes(sock):
        try:
            sock.sendall(b"ping")
            return sock.recv(4) == b"ping"
        except OSError:
            return False

    def admits(self):
        """A tunnel that is refused may be reset before connect() has returned."""
        try:
            return self.echoes(self.connect())
        except ConnectionError:
            return False

    def wait_admitted(self):
        wait_until(self.admits, "a tunnel to be let in")

    def wait_denied(self):
        wait_until(lambda: not self.admits(), "a tunnel to be denied")

    def test_rules_about_callers_and_ports(self):
        self.set_policies(allow(callers(namespaces=["shop"])))
        self.wait_denied()
        self.set_policies(allow(callers(identities=[_CLIENT]) | calls(ports=[self.port])))
        self.wait_admitted()

    def test_rules_that_need_http_never_help_a_tunnel(self):
        self.set_policies(allow(calls(methods=["GET"])))
        self.wait_denied()
        self.set_policies()
        self.wait_admitted()
        self.set_policies(deny(calls(paths=[prefix("/x")])))
        self.wait_denied()

    def test_a_denied_tunnel_is_counted_with_its_reason(self):
        self.set_policies(deny({}))
        self.wait_denied()
        self.pair.server.wait_metric("heddle_tcp_closed_total", direction="inbound", reason="authz-denied")
        self.pair.server.wait_metric("heddle_authz_total", action="deny", policy="default/d")

    def test_a_live_tunnel_ends_when_its_verdict_turns_to_deny_and_not_before(self):
        sock = self.connect()
        self.assertTrue(self.echoes(sock))
        self.set_policies(allow(callers(identities=[_CLIENT])))
        self.assertTrue(self.echoes(sock))
        self.set_policies(allow(callers(identities=[_CLIENT]), name="renamed"), deny(calls(ports=[self.port + 1])))
        self.assertTrue(self.echoes(sock))
        self.set_policies(deny(callers(identities=[_CLIENT])))
        wait_until(lambda: not self.echoes(sock), "the tunnel to be closed")


class Plaintext(FilesCase):
    @classmethod
    def build(cls):
        app = HttpApp(lambda request, reader, sock: reply(sock, b"hello\n"))
        cls.addClassCleanup(app.close)
        cls.pair = Pair(cls.mesh, app.port, inbound={"tls": "permissive"}).start()
        cls.ip, cls.inbound_port = cls.pair.server.address_of("in")

    def tearDown(self):
        self.set_policies()

    def stranger(self, headers=()):
        with http1.Client(self.inbound_port, self.ip) as client:
            return client.request("GET", "/", [("host", "app"), *headers])

    def member(self):
        return http1.get(self.pair.port).status

    def test_mesh_only_refuses_who_has_no_identity_and_tells_it_nothing(self):
        self.assertEqual(self.stranger().status, 200)
        self.set_policies(resources.authorization_default("otherwise", "mesh-only"))
        wait_until(lambda: self.stranger().status == 403, "strangers to be refused")
        answer = self.stranger([("x-forwarded-client-cert", f"URI={_CLIENT}")])
        self.assertEqual((answer.status, answer.header("heddle-reason")), (403, None))
        self.assertNotIn(b"authz", answer.body)
        self.assertEqual(self.member(), 200)

    def test_authenticated_means_mutual_tls(self):
        self.set_policies(allow(callers(authenticated=True)))
        wait_until(lambda: self.stranger().status == 403, "strangers to be refused")
        self.assertEqual(self.member(), 200)


class Weaver(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"hello " + request)


def start_weaver(case):
    """A gRPC server for that class of tests; its port."""
    server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(Weaver(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    case.addClassCleanup(lambda: server.stop(0).wait())
    return port


class Grpc(FilesCase):
    @classmethod
    def build(cls):
        port = start_weaver(cls)
        cls.pair = Pair(cls.mesh, port, protocol="grpc", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"}).start()

    def call(self, method):
        """(code, metadata) of a refused call; None when it was answered."""
        with grpc.insecure_channel(f"127.0.0.1:{self.pair.port}", (("grpc.enable_http_proxy", 0),)) as channel:
            try:
                self.assertEqual(channel.unary_unary(f"/heddle.test.Weaver/{method}")(b"you", timeout=60), b"hello you")
            except grpc.RpcError as error:
                return error.code(), dict(error.initial_metadata()) | dict(error.trailing_metadata())
        return None

    def test_a_denied_method_is_permission_denied(self):
        self.set_policies(deny(calls(paths=[{"type": "Exact", "value": "/heddle.test.Weaver/Cut"}])))
        wait_until(lambda: self.call("Cut"), "the method to be denied")
        code, metadata = self.call("Cut")
        self.assertEqual(code, grpc.StatusCode.PERMISSION_DENIED)
        self.assertIn("policy=default/d; rule=0;", metadata["heddle-reason"])
        self.assertIsNone(self.call("Weave"))


class Refused(HttpCase):
    def test_a_bad_policy_is_refused_with_the_field(self):
        yaml = resources.to_yaml([deny({"from": [{"principals": ["a"]}]})])
        done = self.mesh.control.cli("apply", "-f", "-", text=yaml, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.rules[0].from[0].principals", done.stdout + done.stderr)

    def test_a_template_of_half_segments_is_refused_with_the_field(self):
        yaml = resources.to_yaml([deny(calls(paths=[{"type": "PathTemplate", "value": "/{*}.txt"}]))])
        done = self.mesh.control.cli("apply", "-f", "-", text=yaml, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.rules[0].to[0].paths[0].value: ", done.stdout + done.stderr)

    def test_a_target_nobody_serves_is_refused(self):
        yaml = resources.to_yaml([resources.service("lonely", backend_set="app"), deny({}, target=("Service", "lonely"))])
        done = self.mesh.control.cli("apply", "-f", "-", text=yaml, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no Workload serves Service", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
