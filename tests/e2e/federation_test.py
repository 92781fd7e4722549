#!/usr/bin/env python3
"""SPIFFE federation: two meshes that trust each other: who comes in, a rotation, a revocation, an endpoint away."""

import json
import os
import unittest

from heddle_harness import bundles, http1, pki, resources, tlspeer
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledPair, Mesh, MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until

_PARTNER = "partner.example"


def restart(control):
    """It asks every endpoint when it begins."""
    control.process.kill()
    control.start()


class TwoMeshes(MeshTestCase):
    """web-client of `mesh` calls shop of `partner`; both federate the other, profile https_spiffe."""

    flags = ("--svid-ttl", "20s")  # renewed within 5 s when another root signs

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.partner = Mesh(trust_domain=_PARTNER)
        cls.addClassCleanup(cls.partner.close)
        cls.meshes = (cls.mesh, cls.partner)
        for mesh in cls.meshes:
            mesh.bundle_port = mesh.ports.reserve()
            mesh.start_control("--bundle-listen", endpoint("127.0.0.1", mesh.bundle_port), *cls.flags)
        cls.shop = ControlledPair(cls.partner, cls.app, "shop").start()
        cls.mesh.control.apply(resources.to_yaml(
            [resources.service("shop"), resources.backend_set("shop", [cls.shop.address])]))
        cls.web = ControlledPair(cls.mesh, cls.app, "web", [cls.mesh.outbound("shop", name="to-shop")]).start()
        cls.port = cls.web.client.address_of("to-shop")[1]
        cls.federate(cls.mesh, cls.partner)
        cls.federate(cls.partner, cls.mesh)

    @classmethod
    def federate(cls, mesh, other):
        resource = resources.federated("other", other.trust_domain, f"https://127.0.0.1:{other.bundle_port}/",
                                       bundles.control_id(other.trust_domain), bundles.bundle_of(other.bundle_port))
        mesh.control.apply(resources.to_yaml([resource]))
        cls.wait_followed(mesh, other)

    @classmethod
    def wait_followed(cls, mesh, other):
        """Until the endpoint's newest bundle is that of both sidecars."""
        wanted = bundles.bundle_of(other.bundle_port)["spiffe_sequence"]

        def is_followed():
            state = bundles.federation(mesh.control)
            row = bundles.row_of(mesh.control, other.trust_domain)
            is_newest = row.get("source") == "endpoint" and row["bundle"].get("sequence") == wanted
            return is_newest and state["sidecars"] == {"connected": 2, "newest": 2}

        wait_until(is_followed, f"{mesh.trust_domain} to follow {other.trust_domain}", poll=0.2)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        done = super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            print(self.partner.group.tails(), flush=True)
        return done

    def policies(self, *wanted):
        """Exactly these protect the partner's workloads, everywhere."""
        control = self.partner.control
        control.cli("delete", "authorizationpolicy", "partners", "everybody", "--ignore-not-found")
        # One that has no effect brings a version to wait for.
        marker = resources.workload("marker", self.partner.spiffe_id("nobody"))
        control.wait_version(control.apply(resources.to_yaml([*wanted, marker])))

    def allow(self, *identities):
        rule = {"from": [{"identities": list(identities)}]}
        self.policies(resources.authorization("partners", "allow", [rule]))

    def allow_web(self):
        self.allow(self.mesh.spiffe_id("web-client"), self.partner.spiffe_id("shop-client"))
        wait_until(lambda: http1.is_ok(self.port), "web-client to be let in")

    def open_connection(self):
        """With web-client's certificate; kept alive by the sidecar for an hour, if it is left alone."""
        ip, port = self.shop.server.address_of("in")
        client = tlspeer.TlsClient(port, ip, tlspeer.client_context(self.svid(), ("http/1.1",)))
        self.addCleanup(client.close)
        self.assertEqual(client.request("GET", "/").status, 200)
        client.sock.settimeout(0.2)
        return client

    def svid(self):
        folder = self.web.client.bootstrap["stateDir"]
        return pki.Credential(os.path.join(folder, "svid.pem"), os.path.join(folder, "svid.key"), None)


class Callers(TwoMeshes):
    def wait_denied(self):
        wait_until(lambda: (answer := http1.try_get(self.port)) and answer.status == 403, "the caller to be denied")

    def test_without_a_rule_nobody_of_another_domain_comes_in(self):
        mark = len(self.shop.server.process.log())
        self.policies()
        self.wait_denied()
        self.assertEqual(http1.get(self.shop.port).status, 200)
        wait_until(lambda: any(entry.get("authz_cause") == "foreign" for entry in self.shop.server.log_entries(mark)),
                   "the access log to say why")

    def test_the_default_allow_all_does_not_mean_other_domains(self):
        self.policies(resources.authorization_default("everybody", "allow-all"))
        self.wait_denied()
        self.assertEqual(http1.get(self.shop.port).status, 200)

    def test_a_rule_that_names_the_identity_lets_it_in(self):
        self.allow_web()
        self.assertEqual(http1.get(self.port).status, 200)

    def test_a_rule_that_names_another_identity_does_not(self):
        self.allow_web()
        self.allow(self.mesh.spiffe_id("somebody-else"))
        self.wait_denied()

    def test_the_same_path_in_the_partners_domain_is_somebody_else(self):
        self.allow_web()
        self.allow(self.partner.spiffe_id("web-client"))
        self.wait_denied()

    def test_status_says_what_is_trusted_and_by_how_many(self):
        row = bundles.row_of(self.mesh.control, _PARTNER)
        self.assertEqual(row["endpoint"]["profile"], "https_spiffe")
        self.assertEqual(row["endpoint"]["spiffeId"], bundles.control_id(_PARTNER))
        self.assertEqual((row["source"], row["failures"], row["problem"]), ("endpoint", 0, ""))
        self.assertEqual(len(row["bundle"]["roots"]), 1)
        self.assertIn(_PARTNER, self.mesh.control.cli("federation", "status").stdout)


class Rotation(TwoMeshes):
    def ca(self):
        return json.loads(self.partner.control.cli("ca", "status", "-o", "json").stdout)

    def rotate(self, step):
        wait_until(lambda: not self.ca()["waitsFor"], f"the partner's sidecars to follow before {step}", 120, poll=0.2)
        self.partner.control.cli("ca", "rotate", step, timeout=240)

    def follow(self, roots):
        restart(self.mesh.control)
        self.wait_followed(self.mesh, self.partner)
        self.assertEqual(len(bundles.row_of(self.mesh.control, _PARTNER)["bundle"]["roots"]), roots)

    def test_the_partner_rotates_its_root_and_no_request_fails(self):
        self.allow_web()
        before = bundles.row_of(self.mesh.control, _PARTNER)["bundle"]["roots"]
        with Load(self.port, 100, 4) as kept, Load(self.port, 40, 2, fresh=True) as fresh:
            self.rotate("prepare")
            self.follow(roots=2)
            self.rotate("activate")
            self.rotate("retire")
            self.follow(roots=1)
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 80 and kept.answered > 300, "some more requests")
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertNotEqual(bundles.row_of(self.mesh.control, _PARTNER)["bundle"]["roots"], before)


class Revocation(TwoMeshes):
    def test_without_the_resource_nobody_of_that_domain_is_believed(self):
        self.allow_web()
        connection = self.open_connection()
        ip, port = self.shop.server.address_of("in")

        self.partner.control.cli("delete", "federatedtrustdomain", "other")

        wait_until(lambda: tlspeer.has_ended(connection.sock), "the open connection to end", 120)
        wait_until(lambda: not tlspeer.is_admitted(port, ip, tlspeer.client_context(self.svid())), "it to be refused")
        wait_until(lambda: (answer := http1.try_get(self.port)) and answer.status != 200, "requests to fail")
        self.assertEqual(http1.get(self.shop.port).status, 200, "members go on")

        self.federate(self.partner, self.mesh)
        wait_until(lambda: http1.is_ok(self.port), "it to be believed again")

    def test_the_last_good_bundle_counts_while_the_endpoint_is_away(self):
        self.allow_web()
        self.partner.control.process.kill()
        self.mesh.control.process.kill()
        self.web.client.process.kill()
        try:
            self.web.client.start()  # from its disk alone
            wait_until(lambda: http1.is_ok(self.port), "the sidecar to know the partner's roots")
            self.mesh.control.start()  # from its own
            wait_until(lambda: bundles.row_of(self.mesh.control, _PARTNER)["failures"], "it to have asked in vain")
            row = bundles.row_of(self.mesh.control, _PARTNER)
            self.assertEqual((row["source"], len(row["bundle"]["roots"])), ("endpoint", 1))
            self.assertIn(f"127.0.0.1:{self.partner.bundle_port}", row["problem"])
            self.assertEqual(http1.get(self.port).status, 200)
        finally:
            self.partner.control.start()
        restart(self.mesh.control)
        self.wait_followed(self.mesh, self.partner)
        self.assertEqual(bundles.row_of(self.mesh.control, _PARTNER)["problem"], "")


class WebProfile(MeshTestCase):
    """The partner's endpoint shows a certificate of files; its name is what counts."""

    @classmethod
    def build(cls):
        cls.port = cls.mesh.ports.reserve()
        cls.web = pki.Authority(cls.mesh.path("web"), "web.test")
        credential = cls.web.issue_web("server")
        cls.partner = Mesh(trust_domain=_PARTNER)
        cls.addClassCleanup(cls.partner.close)
        cls.partner.start_control("--bundle-listen", endpoint("127.0.0.1", cls.port), "--bundle-cert-file",
                                  credential.certificate, "--bundle-key-file", credential.key)
        cls.control = cls.mesh.start_control("--federation-ca-file", cls.web.root)

    def test_it_is_followed_by_the_servers_name(self):
        url = f"https://localhost:{self.port}/"
        self.control.apply(resources.to_yaml([resources.federated("partner", _PARTNER, url)]))
        wait_until(lambda: bundles.row_of(self.control, _PARTNER).get("source") == "endpoint", "the bundle to come")
        row = bundles.row_of(self.control, _PARTNER)
        self.assertEqual(row["endpoint"], {"url": url, "profile": "https_web"})
        self.assertEqual(row["bundle"]["sequence"], bundles.bundle_of(self.port)["spiffe_sequence"])


if __name__ == "__main__":
    unittest.main()
