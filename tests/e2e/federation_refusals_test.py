#!/usr/bin/env python3
"""Bundle endpoints that are wrong, or not who they should be: refused with a message, the last good one stays."""

import unittest

from heddle_harness import bundles, pki, resources
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until


class Refusals(MeshTestCase):
    """Each test has a trust domain of its own."""

    @classmethod
    def build(cls):
        cls.web = pki.Authority(cls.mesh.path("web"), "web.test")
        cls.control = cls.mesh.start_control("--federation-ca-file", cls.web.root)
        cls.credential = cls.web.issue_web("server")

    def setUp(self):
        self.domain = self._testMethodName.replace("_", "-").removeprefix("test-")[:50].strip("-") + ".example"
        self.name = self.domain.partition(".")[0]
        self.authority = pki.Authority(self.mesh.path(self.name), self.domain)

    def server(self, credential=None):
        server = bundles.BundleServer(credential or self.credential)
        self.addCleanup(server.close)
        return server

    def federate(self, url, **more):
        self.control.apply(resources.to_yaml([resources.federated(self.name, self.domain, url, **more)]))

    def row(self):
        return bundles.row_of(self.control, self.domain)

    def wait_problem(self, *parts):
        def is_said():
            return all(part in self.row().get("problem", "") for part in parts)

        wait_until(is_said, f"status to say {parts}", poll=0.2)
        self.control.process.wait_log(parts[0])

    def assert_nothing_believed(self):
        row = self.row()
        self.assertEqual(row["source"], "none")
        self.assertNotIn("bundle", row)

    def held(self, sequence=5):
        """A server that gave a good bundle, which counts."""
        server = self.server().say(pki.jwks([self.authority.root], sequence))
        self.federate(server.url())
        wait_until(lambda: self.row().get("source") == "endpoint", "the good bundle")
        return server

    def assert_refused(self, server, bundle, *parts):
        roots = self.row()["bundle"]["roots"]
        server.say(bundle)
        self.federate(server.url("/again"))  # another address is asked at once
        self.wait_problem(*parts)
        self.assertEqual(self.row()["bundle"]["roots"], roots)
        self.assertEqual(self.row()["bundle"]["sequence"], 5)

    def other_root(self):
        return pki.Authority(self.mesh.path(f"{self.name}-other"), self.domain).root

    def test_a_lower_sequence(self):
        self.assert_refused(self.held(), pki.jwks([self.other_root()], 4), "sequence 4, ours is 5")

    def test_no_sequence_after_one(self):
        self.assert_refused(self.held(), pki.jwks([self.other_root()]), "no spiffe_sequence, ours is 5")

    def test_other_roots_of_the_same_sequence(self):
        self.assert_refused(self.held(), pki.jwks([self.other_root()], 5), "of the same sequence, 5")

    def test_an_answer_that_is_no_bundle(self):
        self.assert_refused(self.held(), b"<html>", f"bundle of {self.domain}")

    def test_a_leaf_instead_of_a_root(self):
        leaf = self.authority.issue("leaf").certificate
        self.assert_refused(self.held(), pki.jwks([leaf], 6), "is not a CA")

    def test_too_large(self):
        self.assert_refused(self.held(), b" " * (2 * 1024 * 1024), "exceeds its limit")

    def test_a_higher_sequence_is_followed(self):
        server = self.held()
        server.say(pki.jwks([self.authority.root, self.other_root()], 6))
        self.federate(server.url("/again"))
        wait_until(lambda: self.row()["bundle"]["sequence"] == 6, "the newer bundle")
        self.assertEqual(len(self.row()["bundle"]["roots"]), 2)

    def test_the_bundle_of_another_domain(self):
        stranger = pki.Authority(self.mesh.path("stranger"), "stranger.example")
        self.federate(self.server().say(pki.jwks([stranger.root], 1)).url())
        self.wait_problem("stranger.example")
        self.assert_nothing_believed()

    def test_a_redirect(self):
        elsewhere = self.server().say(pki.jwks([self.authority.root], 1))
        server = self.server().say(b"", "302 Found", [("location", elsewhere.url())])
        self.federate(server.url())
        self.wait_problem("answered 302; redirects are not followed")
        self.assert_nothing_believed()
        self.assertEqual(elsewhere.asked, 0)

    def test_an_error(self):
        self.federate(self.server().say(b"", "503 Service Unavailable").url())
        self.wait_problem("answered 503")
        self.assert_nothing_believed()

    def refused_by_tls(self, credential, *parts, **more):
        server = self.server(credential).say(pki.jwks([self.authority.root], 9))
        self.federate(server.url(), **more)
        self.wait_problem(*parts)
        self.assertEqual(server.asked, 0)

    def test_another_hosts_certificate(self):
        self.refused_by_tls(self.web.issue_web("elsewhere", "DNS:elsewhere.example"), "certificate of", "127.0.0.1")
        self.assert_nothing_believed()

    def test_a_certificate_of_an_unknown_authority(self):
        unknown = pki.Authority(self.mesh.path("unknown"), "unknown.test")
        self.refused_by_tls(unknown.issue_web("server"), "certificate of", "local issuer")
        self.assert_nothing_believed()

    def test_another_id_of_the_domain(self):
        wanted = bundles.control_id(self.domain)
        shown = pki.spiffe_id("somebody", trust_domain=self.domain)
        self.refused_by_tls(self.authority.issue("somebody"), wanted, shown, spiffe_id=wanted,
                            bundle=pki.jwks([self.authority.root], 1))
        self.assertEqual((self.row()["source"], self.row()["bundle"]["sequence"]), ("given", 1))

    def test_the_right_id_of_somebody_elses_root(self):
        wanted = bundles.control_id(self.domain)
        forger = pki.Authority(self.mesh.path("forger"), self.domain)
        self.refused_by_tls(forger.issue("control", wanted), "127.0.0.1", spiffe_id=wanted,
                            bundle=pki.jwks([self.authority.root], 1))
        self.assertEqual((self.row()["source"], self.row()["bundle"]["sequence"]), ("given", 1))

    def apply_refused(self, resource, *parts):
        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml(resource), check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        for part in parts:
            self.assertIn(part, done.stdout + done.stderr)

    def test_resources_that_are_wrong(self):
        root = pki.jwks([self.authority.root], 1)
        ours = pki.jwks([pki.Authority(self.mesh.path("ours"), pki.TRUST_DOMAIN).root], 1)
        wrong = [
            (resources.federated("own", pki.TRUST_DOMAIN, bundle=ours), "spec.trustDomain"),
            (resources.federated("plain", self.domain, "http://localhost/"), "spec.bundleEndpoint.url"),
            (resources.federated("user", self.domain, "https://a@localhost/"), "spec.bundleEndpoint.url"),
            (resources.federated("nothing", self.domain), "spec.bundle"),
            (resources.federated("unproved", self.domain, "https://localhost/", bundles.control_id(self.domain)),
             "spec.bundle"),
        ]
        for resource, field in wrong:
            with self.subTest(resource["metadata"]["name"]):
                self.apply_refused([resource], field)
        twice = [resources.federated(name, self.domain, bundle=root) for name in ("one", "two")]
        self.apply_refused(twice, "spec.trustDomain", "already")


if __name__ == "__main__":
    unittest.main()
