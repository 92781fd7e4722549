#!/usr/bin/env python3
"""Identity from a SPIFFE Workload API: python3-grpcio plays the agent, later another sidecar does."""

import os
import time
import unittest

import grpc

from heddle_harness import http1, pki, tlspeer, workload
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until


class SpireCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pb2 = workload.messages(cls.mesh.folder)
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)

    @classmethod
    def agent(cls, name, *credentials, **more):
        agent = workload.Agent(cls.pb2, cls.mesh.path(f"{name}.agent")).start()
        cls.addClassCleanup(agent.stop)
        if credentials:
            agent.give(*credentials, **more)
        return agent

    @classmethod
    def issue(cls, account, as_name=None):
        """(id, certificate) for Agent.give()."""
        spiffe_id = pki.spiffe_id(account)
        return spiffe_id, cls.mesh.authority.issue(as_name or account, spiffe_id)

    def alone(self, agent, **identity):
        """A sidecar with one inbound listener."""
        name = self.mesh.next_name()
        blocks = {"identity": agent.identity() | identity,
                  "config": {"source": "files", "path": self.mesh.write("empty.yaml", "")}}
        sidecar = self.mesh.sidecar(name, [self.mesh.inbound(endpoint(self.app.ip, self.app.port))], blocks)
        self.addCleanup(sidecar.kill)
        return sidecar

    def shown(self, sidecar):
        """The certificate a caller is shown, DER."""
        ip, port = sidecar.address_of("in")
        context = tlspeer.client_context(self.mesh.authority.issue("caller"))
        client = tlspeer.TlsClient(port, ip, context)
        try:
            return client.peer_certificate()
        finally:
            client.close()

    @staticmethod
    def why_not_ready(sidecar):
        return sidecar.get("health", "/readyz?verbose").body.decode()

    @staticmethod
    def rotations(sidecar, outcome="ok"):
        return sidecar.metrics().total("heddle_identity_rotations_total", outcome=outcome)


class Mesh(SpireCase):
    @classmethod
    def build(cls):
        super().build()
        cls.server_agent = cls.agent("server", cls.issue("app"))
        cls.client_agent = cls.agent("client", cls.issue("app-client"))
        cls.pair = Pair(cls.mesh, cls.app.port, app_ip=cls.app.ip, server_credential=cls.server_agent,
                        client_credential=cls.client_agent).start()

    def rotate(self, number):
        """Both sidecars get another certificate; returns the server's."""
        name, credential = self.issue("app", f"app-{number}")
        self.server_agent.give((name, credential))
        self.client_agent.give(self.issue("app-client", f"app-client-{number}"))
        leaf = workload.der_of(credential.certificate)
        wait_until(lambda: self.shown(self.pair.server) == leaf, "the new certificate to be shown")
        return leaf

    def rotate_under(self, kept, fresh, number):
        """With requests of both kinds between two rotations."""
        leaf, had = self.rotate(number), (kept.answered, fresh.answered)
        wait_until(lambda: (kept.answered > had[0] + 4 and fresh.answered > had[1] + 4)
                   or kept.failures or fresh.failures, "requests under the new certificate")
        return leaf

    def test_traffic_flows_over_mutual_tls(self):
        self.assertEqual(http1.get(self.pair.port).body, b"hello\n")
        self.assertEqual(self.server_agent.without_header + self.client_agent.without_header, 0)

    def test_rotations_under_load_fail_nothing(self):
        before = self.rotations(self.pair.server)
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            seen = {self.rotate_under(kept, fresh, number) for number in range(5)}
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(len(seen), 5)
        self.pair.server.wait_metric("heddle_identity_rotations_total", before + 5, outcome="ok")
        self.assertEqual(self.rotations(self.pair.server), before + 5)

    def test_the_mesh_outlives_its_agents_and_follows_them_when_they_are_back(self):
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            for agent in (self.server_agent, self.client_agent):
                agent.stop()
            for sidecar in (self.pair.server, self.pair.client):
                sidecar.process.wait_log("no news of the identity, the old one stays")
                self.assertTrue(sidecar.is_ready())
            for agent in (self.server_agent, self.client_agent):
                agent.start()
            self.rotate("back")
        self.assertEqual(kept.failures + fresh.failures, [])

    def test_a_bad_message_is_refused_and_the_old_identity_stays(self):
        held = self.shown(self.pair.server)
        name, good = self.issue("app", "app-good")
        other = self.mesh.authority.issue("app-other", name)
        stranger = pki.Authority(self.mesh.path("stranger")).issue("app", name)
        stranger.bundle = good.bundle
        expired = self.mesh.authority.issue_expired("app-expired", name)
        for what, give, said in (
                ("another key", lambda: self.server_agent.give((name, good), key=other.key), "the private key is not"),
                ("another id", lambda: self.server_agent.give((pki.spiffe_id("evil"), good)), "spiffe_id is"),
                ("unknown authority", lambda: self.server_agent.give((name, stranger)), "chain to the roots"),
                ("expired", lambda: self.server_agent.give((name, expired)), "expired"),
                ("nothing", lambda: self.server_agent.give(), "holds no SVID"),
                ("a bad federated bundle",
                 lambda: self.server_agent.give((name, good), federated={"spiffe://other.test": b"\x30"}), "DER"),
                ("a bad domain", lambda: self.server_agent.give((name, good), federated={"other.test": b""}),
                 "no trust domain id"),
                ("no protobuf", lambda: self.server_agent.say(b"\xff\xff"), "not an X509SVIDResponse")):
            with self.subTest(what):
                mark = len(self.pair.server.process.log())
                give()
                self.pair.server.process.wait_log(said, after=mark)
                self.assertEqual(self.shown(self.pair.server), held)
                self.assertTrue(self.pair.server.is_ready())
        self.assertEqual(self.rotate("mended"), self.shown(self.pair.server))


class Alone(SpireCase):
    def test_the_first_svid_is_ours_unless_an_id_is_named(self):
        offered = [self.issue("first"), self.issue("second")]
        agent = self.agent("both", *offered)
        for identity, (_, expected) in (({}, offered[0]), ({"id": pki.spiffe_id("second")}, offered[1])):
            sidecar = self.alone(agent, **identity).start()
            self.assertEqual(self.shown(sidecar), workload.der_of(expected.certificate))
        sidecar = self.alone(agent, id=pki.spiffe_id("third")).launch()
        sidecar.process.wait_log("no SVID of spiffe://cluster.local/ns/default/sa/third")
        self.assertFalse(sidecar.is_ready())

    def test_another_trust_domain_is_refused_by_name(self):
        name = pki.spiffe_id("app", trust_domain="other.test")
        agent = self.agent("foreign", (name, pki.Authority(self.mesh.path("other"), "other.test").issue("app")))
        sidecar = self.alone(agent).launch()
        sidecar.process.wait_log("trustDomain is cluster.local")

    def test_federated_bundles_are_believed_while_they_are_sent(self):
        other = pki.Authority(self.mesh.path("friends"), "friends.test")
        given = self.issue("federated")
        agent = self.agent("federated", given, federated={"spiffe://friends.test": workload.der_of(other.root)})
        sidecar = self.alone(agent).start()
        self.assertIn("friends.test", sidecar.admin("/certs").body.decode())
        agent.give(given)
        wait_until(lambda: "friends.test" not in sidecar.admin("/certs").body.decode(), "the bundle to be gone")

    def test_the_same_state_in_other_bytes_is_no_rotation(self):
        agent, roots = self.agent("same"), workload.der_of(self.mesh.authority.root)
        first = agent.message(self.issue("same"))
        entries = [self.pb2.X509SVIDResponse(federated_bundles={f"spiffe://{domain}": roots}).SerializeToString()
                   for domain in ("a.test", "b.test")]
        agent.say(first + entries[0] + entries[1])
        sidecar = self.alone(agent).start()
        agent.say(first + entries[1] + entries[0])
        name, credential = self.issue("same", "same-new")
        agent.give((name, credential))
        wait_until(lambda: self.shown(sidecar) == workload.der_of(credential.certificate), "the new certificate")
        sidecar.wait_metric("heddle_identity_rotations_total", outcome="ok")
        self.assertEqual(self.rotations(sidecar), 1)

    def test_who_has_no_identity_is_not_ready_and_says_why(self):
        agent = self.agent("nobody")
        agent.say(grpc.StatusCode.PERMISSION_DENIED)
        sidecar = self.alone(agent).launch()
        sidecar.process.wait_log("PERMISSION_DENIED as the test wants it")
        self.assertFalse(sidecar.is_ready())
        self.assertIn("PERMISSION_DENIED", self.why_not_ready(sidecar))
        sidecar.wait_metric("heddle_identity_rotations_total", 1, outcome="forbidden")
        agent.give(self.issue("granted"))
        sidecar.process.wait_ready(sidecar.is_ready)

    def test_an_agent_whose_first_message_is_refused_is_asked_again(self):
        agent = self.agent("confused")
        agent.say(b"\xff\xff")
        sidecar = self.alone(agent).launch()
        sidecar.process.wait_log("a message of the Workload API is refused")
        wait_until(lambda: agent.calls >= 3, "to be asked twice more")
        self.assertFalse(sidecar.is_ready())
        self.assertIn("not an X509SVIDResponse", self.why_not_ready(sidecar))
        sidecar.wait_metric("heddle_identity_rotations_total", 2)
        agent.give_later(self.issue("mended"))
        sidecar.process.wait_ready(sidecar.is_ready)
        calls = agent.calls
        agent.say(b"\xff\xff")
        sidecar.process.wait_log("no news of the identity, the old one stays")
        agent.give(self.issue("mended", "mended-again"))
        sidecar.wait_metric("heddle_identity_rotations_total", outcome="ok")
        self.assertEqual(agent.calls, calls, "a stream that was good once stays open")

    def test_a_sidecar_starts_before_its_agent(self):
        agent = workload.Agent(self.pb2, self.mesh.path("later.agent"))
        sidecar = self.alone(agent).launch()
        sidecar.process.wait_log("no identity yet")
        agent.give(self.issue("later"))
        agent.start()
        self.addCleanup(agent.stop)
        sidecar.process.wait_ready(sidecar.is_ready)

    def test_an_invalid_argument_is_not_asked_again(self):
        """While an agent that is only starting is asked three times: after 1 s and 2 s more."""
        refusing, starting = self.agent("refusing"), self.agent("starting")
        refusing.say(grpc.StatusCode.INVALID_ARGUMENT)
        refused = self.alone(refusing).launch()
        refused.process.wait_log("INVALID_ARGUMENT")
        self.alone(starting).launch()
        wait_until(lambda: starting.calls >= 3, "three tries")
        self.assertEqual(refusing.calls, 1)
        refusing.give(self.issue("hurry"))
        refused.process.signal(1)  # SIGHUP: ask now
        refused.process.wait_ready(refused.is_ready)

    def test_the_environment_names_the_socket(self):
        agent = self.agent("environment", self.issue("environment"))
        sidecar = self.alone(agent)
        del sidecar.bootstrap["identity"]["socket"]
        sidecar.write()
        done = sidecar.validate()
        self.assertIn("identity.socket: is required", done.stderr)
        sidecar.launch("env", f"SPIFFE_ENDPOINT_SOCKET=unix://{self.mesh.path('environment.agent')}")
        sidecar.process.wait_ready(sidecar.is_ready)

    def test_a_bad_socket_is_refused_by_name(self):
        agent = workload.Agent(self.pb2, self.mesh.path("none.agent"))
        for uri in ("", "\t", "blah", "/run/agent.sock", "unix:", "unix://", "unix:relative", "unix://foo",
                    "unix://host/path", "unix://john:doe@foo/path", "unix:///a?x", "unix:///a#x", "unix:///" + "x" * 200,
                    "tcp:opaque", "tcp://", "tcp://foo", "tcp://127.0.0.1", "tcp://127.0.0.1:8081",
                    "tcp://127.0.0.1:8081?x", "tcp://127.0.0.1:8081#x", "tcp://127.0.0.1:8081/path",
                    "tcp://john:doe@127.0.0.1:8081/path"):
            with self.subTest(uri):
                done = self.alone(agent, socket=uri).validate()
                self.assertEqual(done.returncode, 1)
                self.assertIn("identity.socket: ", done.stderr)


class Chained(SpireCase):
    def test_one_sidecar_is_the_agent_of_another(self):
        name = "upper"
        credential = self.mesh.authority.issue("app")
        blocks = {"identity": credential.identity(), "workloadApi": {"socket": self.mesh.path("upper.sock")},
                  "config": {"source": "files", "path": self.mesh.write("empty.yaml", "")}}
        self.mesh.sidecar(name, [], blocks).start()
        agent = workload.Agent(self.pb2, self.mesh.path("upper.sock"))  # only its name is used
        pair = Pair(self.mesh, self.app.port, app_ip=self.app.ip, server_credential=agent).start()
        self.assertEqual(http1.get(pair.port).body, b"hello\n")
        fresh = self.mesh.authority.issue("fresh", pki.spiffe_id("app"))
        leaf = workload.der_of(fresh.certificate)
        with Load(pair.port, 50, 2, fresh=True) as load:
            os.replace(fresh.key, credential.key)
            os.replace(fresh.certificate, credential.certificate)
            wait_until(lambda: self.shown(pair.server) == leaf, "the new certificate to arrive")
        self.assertEqual(load.failures, [])


class UnderControl(SpireCase):
    def test_a_sidecar_watches_with_the_identity_another_one_hands_out(self):
        self.mesh.start_control("--svid-ttl", "10s")
        blocks = self.mesh.control_blocks("app")
        upper = self.mesh.sidecar("upper", [], blocks | {"workloadApi": {"socket": self.mesh.path("upper.sock")}}).start()
        agent = workload.Agent(self.pb2, self.mesh.path("upper.sock"))  # only its name is used
        lower = self.mesh.sidecar("lower", [], blocks | {"identity": agent.identity()}).start()
        lower.wait_metric("heddle_control_connected")
        lower.wait_metric("heddle_identity_rotations_total", 2, outcome="ok")
        self.assertTrue(lower.is_ready())
        self.assertFalse(os.path.exists(os.path.join(lower.bootstrap["stateDir"], "svid.key")))
        self.assertTrue(os.path.exists(os.path.join(upper.bootstrap["stateDir"], "svid.key")))


class Expiry(SpireCase):
    def test_an_identity_that_expires_without_its_agent_makes_the_sidecar_unready(self):
        name = pki.spiffe_id("short")
        agent = workload.Agent(self.pb2, self.mesh.path("short.agent")).start()
        agent.give(self.issue("short", "first"))
        sidecar = self.alone(agent).start()
        now = int(time.time())
        times = tuple(time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now + offset)) for offset in (-60, 12))
        agent.give((name, self.mesh.authority.issue("short", name, times)))
        sidecar.wait_metric("heddle_identity_rotations_total", outcome="ok")
        agent.stop()
        wait_until(lambda: not sidecar.is_ready(), "the SVID to expire", poll=0.2)
        self.assertIn("has expired and the Workload API at", self.why_not_ready(sidecar))
        agent.give(self.issue("short", "long"))
        agent.start()
        self.addCleanup(agent.stop)
        sidecar.process.wait_ready(sidecar.is_ready)


if __name__ == "__main__":
    unittest.main()
