#!/usr/bin/env python3
"""A control plane on an intermediate of the organisation's root: files checked, chain shown, renewed, replaced."""

import json
import os
import shutil
import subprocess
import unittest

from heddle_harness import http1, pki
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase, MeshTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.processes import wait_until

_CONFLICT = 4  # exit code


class GivenCase(ControlledTestCase):
    flags = ()
    lifetime = 86400

    @classmethod
    def build(cls):
        cls.org = pki.Organisation(cls.mesh.path("org"))
        cls.files = [cls.mesh.path(name) for name in ("mesh-ca.pem", "mesh-ca.key", "org-root.pem")]
        cls.put(cls.org, *cls.org.intermediate(cls.lifetime))
        cls.flags = (*cls.flags, "--ca-cert-file", cls.files[0], "--ca-key-file", cls.files[1],
                     "--ca-root-file", cls.files[2])
        super().build()

    @classmethod
    def put(cls, org, certificate, key):
        """Replaces the files one after the other, each atomically."""
        for source, target in zip((org.root, certificate, key), (cls.files[2], cls.files[0], cls.files[1])):
            shutil.copy(source, target + ".new")  # with its mode
            os.replace(target + ".new", target)

    def ca(self):
        return json.loads(self.control.cli("ca", "status", "-o", "json").stdout)

    def state_file(self, sidecar, name):
        return os.path.join(sidecar.bootstrap["stateDir"], name)

    def intermediates(self):
        """What each sidecar shows below its leaf."""
        return [pki.chain_of(self.state_file(sidecar, "svid.pem"))[1:] for sidecar in self.pair.sidecars]

    def bundle_size(self, sidecar):
        with open(self.state_file(sidecar, "bundle.json"), encoding="utf-8") as file:
            return len(json.load(file)["keys"])

    def metric(self, name):
        return Metrics(http1.get(self.control.health_port, "/metrics").body.decode()).total(name)


class Renewal(GivenCase):
    flags = ("--svid-ttl", "10s")

    def test_a_renewed_intermediate_is_taken_up_under_load(self):
        certificate, key = self.org.intermediate()
        before = self.ca()["chain"][0]["fingerprint"]
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            self.put(self.org, certificate, key)
            wait_until(lambda: self.ca()["chain"][0]["fingerprint"] != before, "the control plane to take it")
            renewed = [pki.chain_of(certificate)] * 2
            wait_until(lambda: self.intermediates() == renewed, "both sidecars to show it", 30)
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 80, "some more requests")
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(self.ca()["phase"], "steady")


class Given(GivenCase):
    lifetime = 3600
    flags = ("--svid-ttl", "24h")

    def test_sidecars_show_the_intermediate_and_trust_the_root_alone(self):
        self.assertEqual(http1.get(self.pair.port).status, 200)
        for sidecar in self.pair.sidecars:
            svid = self.state_file(sidecar, "svid.pem")
            self.assertEqual(len(pki.chain_of(svid)), 2)
            self.assertTrue(pki.is_chain_good(self.org.root, svid))
            self.assertEqual(self.bundle_size(sidecar), 1)
        self.assertEqual(pki.chain_of(self.control.root), pki.chain_of(self.org.root))

    def test_a_certificate_ends_with_the_intermediate(self):
        svid = self.state_file(self.pair.client, "svid.pem")
        self.assertLessEqual(pki.end_of(svid), pki.end_of(self.files[0]))

    def test_the_control_planes_own_certificate_is_of_the_chain(self):
        shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.control.api_port}", "-showcerts",
                                "-CAfile", self.org.root, "-verify_return_error"],
                               input="", capture_output=True, text=True, timeout=20, check=False).stdout
        self.assertEqual(shown.count("-----BEGIN CERTIFICATE-----"), 2, shown)
        self.assertIn("Verify return code: 0 (ok)", shown)

    def test_status_shows_the_chain_and_rotate_says_whose_the_root_is(self):
        status = self.control.cli("ca", "status").stdout
        self.assertIn("SIGNS BELOW THE ROOT", status)
        self.assertIn("somebody else's", status)
        for words in ((), ("prepare",), ("abort",)):
            done = self.control.cli("ca", "rotate", *words, check=False)
            self.assertEqual(done.returncode, _CONFLICT, done.stdout + done.stderr)
            self.assertIn("the root is not ours", done.stderr)

    def test_files_that_do_not_fit_are_refused_and_the_old_ones_go_on(self):
        kept = [self.mesh.path("kept.pem"), self.mesh.path("kept.key")]
        for source, target in zip(self.files, kept):
            shutil.copy(source, target)
        before = self.ca()["chain"]
        self.put(self.org, *self.org.intermediate(constraints="critical,CA:FALSE"))
        wait_until(lambda: self.metric("heddle_control_ca_files_refused") == 1, "the metric")
        self.assertIn("CA:TRUE", self.ca()["automatic"]["problem"])
        self.assertEqual(self.ca()["chain"], before)
        newcomer = self.mesh.sidecar("late", [self.mesh.outbound("app")], self.mesh.control_blocks("late")).start()
        self.assertEqual(http1.get(newcomer.address_of("out")[1]).status, 200)
        self.put(self.org, *kept)
        wait_until(lambda: self.metric("heddle_control_ca_files_refused") == 0, "the metric to be zero")

    def test_a_restart_with_the_files_goes_on(self):
        before = self.ca()["chain"]
        self.control.process.kill()
        self.control.start()
        self.assertEqual(self.ca()["chain"], before)
        wait_until(lambda: all(s["connected"] for s in self.ca()["sidecars"]), "the sidecars to be back")


class AnotherRoot(GivenCase):
    # A quarter of the lead is how long a new bundle is out before it is used.
    flags = ("--svid-ttl", "10s", "--ca-rotate-before", "4s")

    def test_files_of_another_root_rotate_by_themselves_under_load(self):
        other = pki.Organisation(self.mesh.path("other-org"), "Other Organisation")
        certificate, key = other.intermediate()
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            self.put(other, certificate, key)
            wait_until(lambda: pki.chain_of(self.control.root) == pki.chain_of(other.root), "the old root to be gone", 90)
            wait_until(lambda: all(self.bundle_size(sidecar) == 1 for sidecar in self.pair.sidecars),
                       "the sidecars to forget it", 30)
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 80, "some more requests")
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(self.intermediates(), [pki.chain_of(certificate)] * 2)
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            steps = [line["audit"] for line in map(json.loads, file) if line["caller_id"] == "schedule"]
        self.assertEqual(steps, ["ca-prepare", "ca-activate", "ca-retire"])


class FromOurRoot(ControlledTestCase):
    """A mesh that has a root of its own moves below the organisation's, with a restart and nothing else."""

    flags = ("--svid-ttl", "10s", "--ca-rotate-before", "4s")

    def test_the_organisations_root_takes_over_without_a_failed_request(self):
        org = pki.Organisation(self.mesh.path("org"))
        certificate, key = org.intermediate()
        with Load(self.pair.port, 100, 4) as kept:
            self.control.process.kill()
            self.control.process.argv += ["--ca-cert-file", certificate, "--ca-key-file", key, "--ca-root-file", org.root]
            self.control.start()
            wait_until(lambda: pki.chain_of(self.control.root) == pki.chain_of(org.root), "our root to be gone", 90)
        self.assertEqual(kept.failures, [])
        self.assertEqual(http1.get(self.pair.port).status, 200)


class Refusals(MeshTestCase):
    @classmethod
    def build(cls):
        cls.org = pki.Organisation(cls.mesh.path("org"))

    def refusal(self, certificate, key, root=None):
        done = subprocess.run([os.path.join(self.mesh.bin, "heddle-control"), "--data", self.mesh.path("data"),
                               "--watch", "127.0.0.1:0", "--api", "127.0.0.1:0", "--health", "127.0.0.1:0",
                               "--ca-cert-file", certificate, "--ca-key-file", key,
                               "--ca-root-file", root or self.org.root],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_each_names_file_and_rule(self):
        rows = [({"constraints": "critical,CA:FALSE"}, "CA:TRUE"),
                ({"usage": "critical,cRLSign"}, "keyCertSign"),
                ({"extra": "subjectAltName=URI:spiffe://other.example"}, "spiffe://other.example"),
                ({"extra": "nameConstraints=critical,permitted;URI:other.example"}, "permitted subtree"),
                ({"extra": "extendedKeyUsage=serverAuth"}, "extendedKeyUsage"),
                ({"lifetime": -30}, "ended at")]
        for wrong, rule in rows:
            with self.subTest(rule=rule):
                certificate, key = self.org.intermediate(**wrong)
                said = self.refusal(certificate, key)
                self.assertIn(f"--ca-cert-file {certificate}", said)
                self.assertIn(rule, said)

    def test_a_key_that_others_may_read(self):
        certificate, key = self.org.intermediate()
        os.chmod(key, 0o640)
        said = self.refusal(certificate, key)
        self.assertIn(f"--ca-key-file {key}", said)
        self.assertIn("0600", said)

    def test_a_root_that_did_not_issue_it(self):
        other = pki.Organisation(self.mesh.path("other"), "Other")
        said = self.refusal(*self.org.intermediate(), other.root)
        self.assertIn("not issued by any of the roots", said)

    def test_nothing_is_left_in_the_data_directory(self):
        certificate, key = self.org.intermediate(constraints="critical,CA:FALSE")
        self.refusal(certificate, key)
        self.assertFalse(os.path.exists(os.path.join(self.mesh.path("data"), "ca.pem")))


if __name__ == "__main__":
    unittest.main()
