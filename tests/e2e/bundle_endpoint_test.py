#!/usr/bin/env python3
"""Our bundle endpoint, as strangers see it: both profiles, rotation, certificates that change, places that run out."""

import json
import os
import socket
import ssl
import unittest

from heddle_harness import bundles, http1, pki, tlspeer
from heddle_harness.mesh import MeshTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until


class Endpoint(MeshTestCase):
    """Profile https_spiffe: the control plane's own certificate."""

    @classmethod
    def build(cls):
        cls.port = cls.mesh.ports.reserve()
        cls.web = pki.Authority(cls.mesh.path("web"), "web.test")
        cls.control = cls.mesh.start_control("--bundle-listen", endpoint("127.0.0.1", cls.port))

    def metric(self, name):
        return Metrics(http1.get(self.control.health_port, "/metrics").body.decode()).total(name)

    def test_it_serves_what_sidecars_must_trust(self):
        answer = bundles.fetch(self.port)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.header("content-type"), "application/json")
        bundle = json.loads(answer.body)
        self.assertEqual(pki.certificates_of(bundle),
                         [ssl.PEM_cert_to_DER_cert(block) for block in pki.chain_of(self.control.root)])
        self.assertGreaterEqual(bundle["spiffe_sequence"], 1)
        self.assertEqual(bundle["spiffe_refresh_hint"], 300)
        self.assertTrue(all(key["use"] == "x509-svid" and "kid" not in key for key in bundle["keys"]))

    def test_both_roots_are_there_during_a_rotation(self):
        before = bundles.bundle_of(self.port)
        self.control.cli("ca", "rotate", "prepare")
        try:
            during = bundles.bundle_of(self.port)
            self.assertEqual(len(during["keys"]), 2)
            self.assertGreater(during["spiffe_sequence"], before["spiffe_sequence"])
        finally:
            self.control.cli("ca", "rotate", "abort")
        after = bundles.bundle_of(self.port)
        self.assertEqual(after["keys"], before["keys"])
        self.assertGreater(after["spiffe_sequence"], during["spiffe_sequence"])

    def test_tls_1_2_and_1_3_will_do_and_no_certificate_is_asked_for(self):
        stranger = self.web.issue_web("stranger")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            answer = bundles.fetch(self.port, version=version, credential=stranger)
            self.assertEqual(answer.status, 200, version)

    def test_nothing_else_is_there(self):
        self.assertEqual(bundles.fetch(self.port, method="POST").status, 405)
        for target in ("/v1/status", "/v1/ca", "/metrics", "/readyz", "/v1/attest"):
            self.assertEqual(bundles.fetch(self.port, target=target).status, 404, target)

    def test_strangers_who_hold_every_place_keep_nobody_from_the_api(self):
        idle = []
        try:
            for _ in range(200):
                sock = socket.create_connection(("127.0.0.1", self.port), 10)
                sock.settimeout(0.2)
                idle.append(sock)
            self.assertTrue(self.control.status())
            wait_until(lambda: tlspeer.has_ended(idle[0]), "the silent ones to be sent away")
        finally:
            for sock in idle:
                sock.close()
        wait_until(lambda: bundles.fetch(self.port).status == 200, "the endpoint to answer again")

    def test_one_address_cannot_hold_every_place(self):
        held = [socket.create_connection(("127.0.0.1", self.port), 10, source_address=("127.0.0.2", 0))
                for _ in range(70)]
        try:
            wait_until(lambda: self.metric("heddle_control_bundle_crowded_total"), "the excess to be turned away")
            self.assertEqual(bundles.fetch(self.port).status, 200)
        finally:
            for sock in held:
                sock.close()

    def test_fetches_are_counted(self):
        before = self.metric("heddle_control_bundle_answers_total")
        bundles.bundle_of(self.port)
        self.assertEqual(self.metric("heddle_control_bundle_answers_total"), before + 1)


class WebEndpoint(MeshTestCase):
    """Ours, profile https_web: the certificate of files."""

    @classmethod
    def build(cls):
        cls.port = cls.mesh.ports.reserve()
        cls.web = pki.Authority(cls.mesh.path("web"), "web.test")
        cls.files = [cls.mesh.path("bundle.pem"), cls.mesh.path("bundle.key")]
        cls.put("first")
        cls.control = cls.mesh.start_control("--bundle-listen", endpoint("127.0.0.1", cls.port), "--bundle-cert-file",
                                             cls.files[0], "--bundle-key-file", cls.files[1])

    @classmethod
    def put(cls, name):
        """The files hold this certificate now; DER."""
        credential = cls.web.issue_web(name)
        for source, target in zip((credential.key, credential.certificate), reversed(cls.files)):
            with open(source, "rb") as file:
                content = file.read()
            with open(os.open(target + ".new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            os.replace(target + ".new", target)
        return ssl.PEM_cert_to_DER_cert(pki.chain_of(credential.certificate)[0])

    def shown(self):
        client = bundles.open_to(self.port)
        try:
            return client.peer_certificate()
        finally:
            client.close()

    def refused(self):
        metrics = Metrics(http1.get(self.control.health_port, "/metrics").body.decode())
        return metrics.total("heddle_control_bundle_files_refused")

    def test_new_files_are_used_without_a_restart(self):
        new = self.put("second")
        wait_until(lambda: self.shown() == new, "the new certificate to be shown", poll=0.2)
        self.assertEqual(self.refused(), 0)

    def test_files_that_do_not_fit_leave_the_old_certificate(self):
        shown = self.shown()
        with open(self.files[0], "w", encoding="ascii") as file:
            file.write("no certificate\n")
        try:
            wait_until(self.refused, "the files to be refused", poll=0.2)
            self.assertEqual(self.shown(), shown)
            self.control.process.wait_log("--bundle-cert-file")
        finally:
            new = self.put("third")
        wait_until(lambda: self.shown() == new, "files that fit to be used", poll=0.2)


if __name__ == "__main__":
    unittest.main()
