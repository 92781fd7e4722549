#!/usr/bin/env python3
"""Rotation of the root: no failed request, nothing forgotten by a kill, nothing done before every sidecar is ready."""

import json
import os
import shutil
import signal
import unittest

from heddle_harness import http1, pki, tlspeer
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import wait_until

_CONFLICT = 4  # exit code


class CaCase(ControlledTestCase):
    def ca(self):
        return json.loads(self.control.cli("ca", "status", "-o", "json").stdout)

    def phase(self):
        return self.ca()["phase"]

    def rotate(self, *words, check=True):
        return self.control.cli("ca", "rotate", *words, check=check, timeout=240)

    def wait_for_nobody(self, deadline=120):
        """Until no sidecar keeps the next step from being taken."""
        wait_until(lambda: not self.ca()["waitsFor"], f"the sidecars to follow: {self.ca()}", deadline, poll=0.2)

    def restart_control(self):
        self.control.process.kill()
        self.control.start()

    def bundle_of(self, sidecar):
        with open(os.path.join(sidecar.bootstrap["stateDir"], "bundle.json"), encoding="utf-8") as file:
            return json.load(file)["keys"]

    def audit(self, kind):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return [line for line in map(json.loads, file) if line["audit"] == kind]

    @staticmethod
    def svid(sidecar):
        """What it shows now."""
        folder = sidecar.bootstrap["stateDir"]
        return pki.Credential(os.path.join(folder, "svid.pem"), os.path.join(folder, "svid.key"), None)


class UnderLoad(CaCase):
    flags = ("--svid-ttl", "20s")  # renewed within 5 s when another root signs

    def test_a_rotation_with_a_kill_after_each_step_fails_no_request(self):
        first = self.ca()["roots"][0]["fingerprint"]
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            for step, phase in (("prepare", "prepared"), ("activate", "activated"), ("retire", "steady")):
                self.wait_for_nobody()
                self.rotate(step)
                self.restart_control()
                self.assertEqual(self.phase(), phase)
            wait_until(lambda: all(len(self.bundle_of(sidecar)) == 1 for sidecar in self.pair.sidecars),
                       "the sidecars to forget the old root")
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 80 and kept.answered > 300, "some more requests")
        self.assertEqual(kept.failures + fresh.failures, [])
        roots = self.ca()["roots"]
        self.assertEqual([root["state"] for root in roots], ["signs"])
        self.assertNotEqual(roots[0]["fingerprint"], first)
        for kind in ("ca-prepare", "ca-activate", "ca-retire"):
            self.assertEqual([line["status"] for line in self.audit(kind)][-1:], ["ok"], kind)

    def test_one_command_does_it_all_under_load(self):
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            done = self.rotate("--wait", "180s")
        self.assertEqual(kept.failures + fresh.failures, [])
        for line in ("prepare: done", "activate: done", "retire: done"):
            self.assertIn(line, done.stdout)
        self.assertEqual(self.phase(), "steady")


class Refusals(CaCase):
    flags = ("--svid-ttl", "60s")  # renewed within 15 s when another root signs

    def tearDown(self):
        if self.phase() == "prepared":
            self.rotate("abort")

    @staticmethod
    def block(path):
        """A folder instead of the file: nothing can be renamed to it. False: the file was written in between."""
        try:
            os.remove(path)
            os.mkdir(path)
        except FileExistsError:
            return False
        return True

    def assert_refused(self, done, name):
        self.assertEqual(done.returncode, _CONFLICT, done.stdout + done.stderr)
        self.assertIn(name, done.stderr)
        self.assertIn("conflict", done.stderr)

    def test_a_stopped_sidecar_is_named_and_keeps_the_new_root_from_signing(self):
        self.wait_for_nobody()
        stopped = self.pair.client
        stopped.process.signal(signal.SIGSTOP)
        try:
            self.rotate("prepare")
            done = self.rotate("activate", check=False)
            self.assert_refused(done, stopped.name)
            self.assertEqual(self.phase(), "prepared")
            self.assertEqual(self.audit("ca-activate")[-1]["status"], "conflict")
        finally:
            stopped.process.signal(signal.SIGCONT)
        self.wait_for_nobody()

    def test_a_sidecar_that_is_away_counts_while_its_certificate_is_valid(self):
        away = self.pair.client
        away.process.kill()
        try:
            self.rotate("prepare")
            wait_until(lambda: "not connected" in self.rotate("activate", check=False).stderr, "the refusal to say why")
            self.assert_refused(self.rotate("activate", check=False), away.name)
            self.assertIn(away.name, self.control.cli("ca", "status").stdout)
        finally:
            self.pair.client.start()
        self.wait_for_nobody()

    def test_a_twin_of_one_name_is_named_and_waited_for(self):
        """Two sidecars with one identity and one node name, as two machines made from one image."""
        name = self.pair.client.name
        blocks = self.mesh.control_blocks(f"{self.pair.name}-client")
        twin = self.mesh.sidecar("twin", [self.mesh.outbound("app")], blocks)
        twin.bootstrap["node"] = name
        twin.write()
        twin.start()
        self.addCleanup(twin.process.kill)
        named = lambda: [s["instance"] for s in self.ca()["sidecars"] if s["node"] == name and s["connected"]]
        wait_until(lambda: len(set(named())) == 2, "both to be shown")
        self.wait_for_nobody()
        twin.process.signal(signal.SIGSTOP)
        try:
            self.rotate("prepare")
            wait_until(lambda: len(self.ca()["waitsFor"]) == 1, "all but the twin to follow")
            self.assert_refused(self.rotate("activate", check=False), name)
        finally:
            twin.process.signal(signal.SIGCONT)
        self.wait_for_nobody()
        twin.process.kill()
        wait_until(lambda: len(named()) == 1, "it to be gone")

    def test_a_sidecar_that_would_forget_the_new_root_keeps_it_from_signing(self):
        full = self.pair.client
        bundle = os.path.join(full.bootstrap["stateDir"], "bundle.json")
        mark = len(full.process.log())
        wait_until(lambda: self.block(bundle), "the file to stay away")
        try:
            self.rotate("prepare")
            full.process.wait_log("cannot store the identity", after=mark)
            wait_until(lambda: all(s["node"] == full.name for s in self.ca()["waitsFor"]), "the others to follow")
            self.assert_refused(self.rotate("activate", check=False), full.name)
        finally:
            os.rmdir(bundle)
        self.wait_for_nobody()

    def test_who_missed_it_all_is_refused_until_it_joins_again(self):
        away = self.pair.client
        away.process.kill()
        wait_until(lambda: any(s["node"] == away.name and not s["connected"] for s in self.ca()["sidecars"]),
                   "the control plane to see it go")
        self.rotate("prepare")
        for step, phase in (("activate", "activated"), ("retire", "steady")):
            wait_until(lambda: all(s["node"] == away.name for s in self.ca()["waitsFor"]), "the others to follow", 120)
            self.rotate(step, "--except", away.name)
            self.assertEqual(self.phase(), phase)
            self.assertIn(away.name, self.audit(f"ca-{step}")[-1]["detail"])
        away.launch()
        wait_until(lambda: http1.try_get(self.pair.port), "it to be there")
        self.assertFalse(http1.is_ok(self.pair.port), "its certificate is of nobody's root")
        self.assertFalse(any(s["connected"] for s in self.ca()["sidecars"] if s["node"] == away.name))

        away.process.kill()
        shutil.rmtree(away.bootstrap["stateDir"])
        identity = away.bootstrap["identity"]
        with open(identity["joinTokenFile"], "w", encoding="ascii") as file:
            file.write(self.control.token(identity["id"]))
        away.start()
        wait_until(lambda: http1.is_ok(self.pair.port), "traffic to flow again")

    def test_steps_out_of_order_are_refused(self):
        for step in ("activate", "retire", "abort"):
            self.assert_refused(self.rotate(step, check=False), step)
        self.rotate("prepare")
        self.assert_refused(self.rotate("prepare", check=False), "prepare")
        self.assert_refused(self.rotate("retire", check=False), "retire")
        self.rotate("abort")
        self.assertEqual(len(self.ca()["roots"]), 1)
        wait_until(lambda: len(self.bundle_of(self.pair.server)) == 1, "the bundle to be as before")

    def test_a_retired_roots_certificates_are_refused(self):
        signer = pki.Authority(self.mesh.path("signer"), existing=os.path.join(self.control.data, "ca.pem"))
        old = signer.issue("kept")  # for a day: what refuses it is not its age
        ip, port = self.pair.server.address_of("in")
        watch = self.control.watch_port
        self.assertTrue(tlspeer.is_admitted(port, ip, tlspeer.client_context(old)))
        self.rotate("--wait", "180s")
        wait_until(lambda: not tlspeer.is_admitted(port, ip, tlspeer.client_context(old)), "the sidecar to refuse it")
        self.assertFalse(tlspeer.is_admitted(watch, "127.0.0.1", tlspeer.client_context(old)))
        self.assertTrue(tlspeer.is_admitted(port, ip, tlspeer.client_context(self.svid(self.pair.client))))
        self.assertEqual(http1.get(self.pair.port).status, 200)

    def open_connection(self):
        """Kept alive by the sidecar for an hour, if it is left alone."""
        ip, port = self.pair.server.address_of("in")
        credential = self.svid(self.pair.client)
        client = tlspeer.TlsClient(port, ip, tlspeer.client_context(credential, ("http/1.1",)))
        self.addCleanup(client.close)
        self.assertEqual(client.request("GET", "/").status, 200)
        client.sock.settimeout(0.2)
        return client

    def test_open_connections_of_a_retired_root_end_within_a_minute(self):
        old = self.open_connection()
        self.rotate("--wait", "60s")
        new = self.open_connection()
        wait_until(lambda: tlspeer.has_ended(old.sock), "the sidecar to end it", 60)
        self.assertFalse(tlspeer.has_ended(new.sock))
        self.assertEqual(http1.get(self.pair.port).status, 200)

    def test_a_newcomer_joins_in_every_phase(self):
        for step in ("prepare", "activate", "retire"):
            self.wait_for_nobody()
            self.rotate(step)
            name = f"late-{step}"
            newcomer = self.mesh.sidecar(name, [self.mesh.outbound("app")], self.mesh.control_blocks(name)).start()
            self.assertEqual(http1.get(newcomer.address_of("out")[1]).status, 200)


if __name__ == "__main__":
    unittest.main()
