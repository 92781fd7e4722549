#!/usr/bin/env python3
"""A control plane whose store is etcd: it does all that it does with SQLite, and says how old its copy is without etcd."""

import json
import os
import shutil
import signal
import unittest

from heddle_harness.enroll import Enrollee, Refused
from heddle_harness.etcd import EtcdCluster
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import version_of
from heddle_harness.replicas import MESH, Replicas, ReplicaTestCase

_DIFFERENCES = 1  # exit codes: docs/cli.md
_CANNOT_ANSWER = 3
_CONFLICT = 4
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
_SLOW_START = 2 * PATIENCE  # a control plane asks for a minute before it gives up


def contents(replica):
    """Every resource as it was applied."""
    lists = [json.loads(replica.cli("get", kind, "-A", "-o", "json").stdout) for kind in ("service", "backendset", "httproute")]
    return [{**item, "status": None} for one in lists for item in one["items"]]


class OneCase(ReplicaTestCase):
    names = ("a",)

    def setUp(self):
        self.wait_all_live()

    def apply(self, yaml, *words, check=True):
        return self.a.cli("apply", "-f", "-", *words, text=yaml, check=check)

    def snapshots(self):
        return [sidecar.metrics().total("heddle_config_batches_total", kind="snapshot") for sidecar in self.pair.sidecars]


class One(OneCase):
    def test_changes_are_made_told_and_undone_as_ever(self):
        first = version_of(self.apply(self.weighted(2), "--message", "ticket 1", "--wait").stdout)
        second = version_of(self.apply(self.only("/only"), "--expect", first, "--wait").stdout)
        self.assertEqual((self.status_of("/only"), self.status_of("/other")), (200, 404))
        late = self.apply(self.weighted(3), "--expect", first, check=False)
        self.assertEqual(late.returncode, _CONFLICT, late.stderr)
        planned = self.a.cli("plan", "-f", "-", text=self.weighted(3), check=False)
        self.assertEqual(planned.returncode, _DIFFERENCES, planned.stderr)

        self.assertIn("weight: 2", self.a.cli("get", "bs/app", "-o", "yaml").stdout)
        messages = {item["version"]: item["message"] for item in self.a.history()}
        self.assertEqual((messages[first], messages[second]), ("ticket 1", ""))
        undone = version_of(self.a.cli("rollback", first, "--wait").stdout)
        self.assertEqual(self.a.status()["version"], undone)
        self.assertEqual(self.status_of("/other"), 200)

    def test_status_says_which_store_it_is_and_that_it_is_current(self):
        status = self.a.status()
        self.assertEqual((status["replica"], status["store"]["kind"], status["store"]["current"]), ("a", "etcd", True))
        wait_until(lambda: self.a.status()["leaders"] == {"ca": "a", "rollout": "a"}, "it to lead, alone as it is")
        self.assertEqual((status["store"]["since"], status["store"]["problem"]), (None, ""))
        self.assertEqual(self.a.readiness(), (200, "ready\n"))

    def test_a_kill_forgets_nothing_and_nobody_is_sent_everything_again(self):
        self.apply(self.weighted(4), "--message", "before the kill", "--wait")
        viewer = self.a.cli("access", "create", "reader", "--role", "viewer", "-A").stdout.strip()
        token = self.a.token(self.mesh.spiffe_id("late"))
        had = (self.a.status()["version"], self.a.history(), contents(self.a), self.a.roots(), self.snapshots())
        self.a.process.kill()
        self.a.start()
        self.wait_all_live()

        self.assertEqual((self.a.status()["version"], self.a.history(), contents(self.a), self.a.roots(),
                          self.snapshots()), had)
        self.a.cli("get", "service", context=self.a.context_with(viewer, "reader"))
        late = Enrollee(self.mesh.path("late"), self.mesh.spiffe_id("late"))
        late.renew(self.a, late.attest(self.a, token))
        with self.assertRaises(Refused):
            late.attest(self.a, token)

    def test_who_loses_its_data_directory_has_all_of_it_from_etcd(self):
        version = version_of(self.apply(self.weighted(5), "--wait").stdout)
        had = (contents(self.a), self.a.roots())
        self.a.process.kill()
        shutil.rmtree(self.a.data)
        self.a.start()
        self.wait_all_live()

        self.assertEqual((contents(self.a), self.a.roots()), had)
        made = version_of(self.apply(self.weighted(6), "--wait").stdout)
        self.assertEqual([part.split(".")[0] for part in (made, version)], ["1", "1"])

    def test_nothing_secret_lies_in_etcd_as_it_is(self):
        token = self.a.token(self.mesh.spiffe_id("secret"))
        kept = self.cluster.dump(f"/heddle/{MESH}/")
        self.assertTrue([key for key in kept if "/ledger/" in key], "where tokens and the CA are")
        whole = "\n".join(kept.values())
        for secret in ("BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY", token, self.a.secret["token"], "correct horse"):
            self.assertNotIn(secret, whole)


class NoQuorum(OneCase):
    """Two of three members are killed, and come back."""

    def wait_store(self, current):
        wait_until(lambda: self.a.status()["store"]["current"] == current, f"the store to be current: {current}")

    def assert_says_how_old(self):
        store = self.a.status()["store"]
        self.assertRegex(store["since"], _STAMP)
        self.assertTrue(store["problem"])
        status, text = self.a.readiness()
        self.assertEqual(status, 200, text)
        self.assertRegex(text, rf"store: not current since {_STAMP}")
        self.assertIn("The store is not current", self.a.cli("status").stdout)
        self.assertIn("is not current", self.a.cli("check", check=False).stdout)

    def assert_refuses_writes(self):
        done = self.apply(self.weighted(9), check=False)
        self.assertEqual(done.returncode, _CANNOT_ANSWER, done.stdout + done.stderr)
        self.assertIn("etcd", done.stderr)
        late = Enrollee(self.mesh.path("newcomer"), self.mesh.spiffe_id("newcomer"))
        with self.assertRaises(Refused) as refused:
            late.attest(self.a, self.token)
        self.assertGreaterEqual(refused.exception.status, 500)

    def assert_serves_reads_and_watches(self):
        self.assertIn("weight: 8", self.a.cli("get", "bs/app", "-o", "yaml").stdout)
        self.assertEqual(self.a.cli("diff", "-f", "-", text=self.weighted(8)).returncode, 0)
        client = self.pair.client
        client.kill()
        os.remove(os.path.join(client.bootstrap["stateDir"], "snapshot.json"))  # it needs everything anew
        client.start()
        wait_until(lambda: client.name in self.live(self.a), "the restarted sidecar to be live")

    def test_the_last_state_is_served_and_says_how_old_it_is_until_a_majority_is_back(self):
        self.token = self.a.token(self.mesh.spiffe_id("newcomer"))
        self.apply(self.weighted(8), "--wait")
        lost = self.cluster.majority()
        with Load(self.pair.port, 100, 4) as load:
            for member in lost:
                member.kill()
            self.wait_store(False)
            self.assert_says_how_old()
            self.assert_refuses_writes()
            answered = load.answered
            wait_until(lambda: load.answered > answered + 100, "requests without a store")
        self.assertEqual(load.failures, [])
        self.assert_serves_reads_and_watches()

        for member in lost:
            member.restart()
        self.wait_store(True)
        self.assertEqual(self.a.readiness()[0], 200)
        # Whether what was not confirmed was kept is unknown; what comes now is.
        version = version_of(wait_until(self.applied, "a change to be made").stdout)
        self.a.wait_version(version)
        self.assertIn("weight: 10", self.a.cli("get", "bs/app", "-o", "yaml").stdout)
        another = self.sidecar("another", self.a).start()
        self.assertEqual(self.status_of("/", another), 200)

    def test_a_read_without_a_majority_is_of_the_last_state_and_says_how_old(self):
        self.apply(self.weighted(7), "--wait")
        self.assertEqual(self.a.cli("get", "bs/app").stderr, "")
        for member in self.cluster.majority():
            member.fall_silent()
            self.addCleanup(member.go_on)

        for words in (("get", "bs/app", "-o", "yaml"), ("history", "-o", "json"), ("status", "-o", "json")):
            with self.subTest(command=words[0]):
                old = self.a.cli(*words)
                self.assertRegex(old.stderr, rf"^warning: .* ago \({_STAMP}.*\); see `heddle status`\n$")
                self.assertNotIn("warning", old.stdout)
        self.assertIn("weight: 7", self.a.cli("get", "bs/app", "-o", "yaml").stdout)

        for member in self.cluster.majority():
            member.go_on()
        self.cluster.wait_healthy()
        wait_until(lambda: not self.a.cli("get", "bs/app").stderr, "reads of the newest state")
        self.wait_store(True)

    def applied(self):
        done = self.apply(self.weighted(10), check=False)
        return done if done.returncode == 0 else None

    def test_a_member_that_falls_silent_is_left_for_another(self):
        for member in self.cluster.members:
            with self.subTest(member=member.name):
                member.fall_silent()
                try:
                    wait_until(self.applied, "a change to be made by the others")
                    self.wait_store(True)
                finally:
                    member.go_on()
                self.cluster.wait_healthy()


class TlsAndPassword(OneCase):
    etcd = {"tls": True, "password": "open sesame"}

    def test_all_of_it_works_and_goes_on_after_a_restart(self):
        self.apply(self.weighted(2), "--wait")
        self.a.process.kill()
        self.a.start()
        self.wait_all_live()
        self.apply(self.only("/only"), "--wait")
        self.assertEqual((self.status_of("/only"), self.status_of("/other")), (200, 404))

    def test_it_stays_below_its_prefix(self):
        self.assertEqual([key for key in self.cluster.dump("/") if not key.startswith(f"/heddle/{MESH}/")], [])

    def test_a_wrong_password_is_named_at_the_start(self):
        stranger = Replicas(self.mesh, self.cluster, ("stranger",))[0]
        at = stranger.argv.index("--etcd-password-file")
        stranger.argv[at + 1] = self.mesh.write("wrong.password", "open barley\n")
        os.chmod(stranger.argv[at + 1], 0o600)
        stranger.launch()
        self.assertNotIn(stranger.process.wait(_SLOW_START), (0, None))
        self.assertRegex(stranger.process.log(), r"(?i)etcd.*(password|authenticat)")
        self.assertNotIn("open barley", stranger.process.log())


class Starts(MeshTestCase):
    """Of a control plane that cannot."""

    @classmethod
    def build(cls):
        cls.cluster = EtcdCluster(cls.mesh)  # which does not run
        cls.gone = Replicas(cls.mesh, cls.cluster, ("gone",))[0].launch()

    def test_without_etcd_it_names_the_members_it_asked(self):
        self.assertNotIn(self.gone.process.wait(_SLOW_START), (0, None))
        self.assertIn("no etcd member", self.gone.process.log())
        for member in self.cluster.members:
            self.assertIn(f"127.0.0.1:{member.client_port}", self.gone.process.log())

    def test_who_is_asked_to_end_while_it_waits_for_etcd_ends_then(self):
        replica = Replicas(self.mesh, self.cluster, ("asked",))[0].launch()
        replica.process.wait_log("waiting for the store")
        self.assertIsNone(replica.process.exit_code(), replica.process.log())
        replica.process.signal(signal.SIGTERM)
        self.assertEqual(replica.process.wait(_SLOW_START), 0, replica.process.log())
        # Not because its time was over: that is said in other words.
        self.assertIn("stopped while it started", replica.process.log())
        self.assertNotIn("did not give", replica.process.log())

    def test_the_keys_of_the_ca_are_not_kept_in_etcd_without_a_passphrase(self):
        replica = Replicas(self.mesh, self.cluster, ("open",))[0]
        at = replica.argv.index("--ca-passphrase-file")
        replica.argv[at:at + 2] = []
        replica.launch()
        self.assertNotIn(replica.process.wait(), (0, None))
        self.assertIn("--ca-passphrase-file", replica.process.log())


if __name__ == "__main__":
    unittest.main()
