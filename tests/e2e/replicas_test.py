#!/usr/bin/env python3
"""Three control planes on one etcd are one: what is done at one of them holds at all, and any of them may die."""

import concurrent.futures
import json
import os
import signal
import subprocess
import time
import unittest

from heddle_harness import http1, resources
from heddle_harness.enroll import Enrollee, Refused
from heddle_harness.load import Load
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import version_of
from heddle_harness.replicas import MESH, ReplicaTestCase, point

_DIFFERENCES = 1  # exit codes: docs/cli.md
_CONFLICT = 4
_NOT_LIVE = 6
_RACES = 8
_READS = 100
_REQUESTS = 400  # of which a sidecar remembers one in 16


def at_once(*tasks):
    """What each returns; an exception is what it returned."""
    def run(task):
        try:
            return task()
        except Refused as refused:
            return refused

    with concurrent.futures.ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


class ReplicasCase(ReplicaTestCase):
    def setUp(self):
        self.wait_all_live()

    @property
    def everybody(self):
        return {sidecar.name for sidecar in self.pair.sidecars}

    def apply(self, replica, yaml, *words, check=True):
        return replica.cli("apply", "-f", "-", *words, text=yaml, check=check)


class AsOne(ReplicasCase):
    def test_a_change_at_one_is_live_at_the_sidecars_of_the_others(self):
        for path, replica in (("/a", self.a), ("/b", self.replicas[1]), ("/c", self.replicas[2])):
            with self.subTest(replica=replica.name):
                version = version_of(self.apply(replica, self.only(path), "--wait").stdout)
                self.assertEqual((self.status_of(path), self.status_of("/other")), (200, 404))
                for one in self.replicas:
                    one.wait_version(version)
                    self.assertEqual({one.runs()[name] for name in self.everybody}, {version})
                    self.assertEqual(one.history()[0]["version"], version)
        self.apply(self.a, self.only("/"), "--wait")

    def test_each_shows_the_whole_mesh_and_who_the_replicas_are(self):
        for replica in self.replicas:
            status = replica.status()
            self.assertEqual(status["replica"], replica.name)
            wait_until(lambda replica=replica: {one["name"] for one in replica.status()["replicas"]}
                       >= {one.name for one in self.replicas.others(replica)}, f"{replica.name} to know the others")
            self.assertEqual([replica.place_of(sidecar) for sidecar in self.pair.sidecars], ["b", "c"])
            text = replica.cli("status").stdout
            for word in ("REPLICA", "LEADS", *self.everybody):
                self.assertIn(word, text)
        self.wait_leader()

    def test_who_hangs_at_another_one_is_named(self):
        stopped = self.pair.client
        stopped.process.signal(signal.SIGSTOP)
        self.addCleanup(stopped.process.signal, signal.SIGCONT)
        done = self.apply(self.a, self.weighted(3), "--wait", "--timeout", "5s", check=False)

        self.assertEqual(done.returncode, _NOT_LIVE, done.stdout + done.stderr)
        self.assertIn(stopped.name, done.stderr)
        self.assertNotIn(self.pair.server.name, done.stderr)
        stopped.process.signal(signal.SIGCONT)
        self.a.wait_version(version_of(done.stdout))

    def test_of_those_who_saw_the_same_version_exactly_one_changes_it(self):
        for race in range(_RACES):
            seen = self.a.status()["version"]
            for replica in self.replicas:
                replica.wait_version(seen)
            done = at_once(*(lambda replica=replica, weight=weight: self.apply(
                replica, self.weighted(10 * (race + 1) + weight), "--expect", seen, check=False)
                for weight, replica in enumerate(self.replicas)))
            codes = sorted(one.returncode for one in done)
            self.assertEqual(codes, [0, _CONFLICT, _CONFLICT], [one.stderr for one in done])
        histories = [replica.history() for replica in self.replicas]
        self.assertEqual([histories[0]] * len(histories), histories)

    def test_those_who_expect_nothing_are_all_kept(self):
        before = int(self.a.status()["version"].split(".")[1])
        tasks = [lambda replica=replica, name=f"set-{replica.name}-{number}": self.apply(
            replica, resources.to_yaml([resources.backend_set(name, [])]), "--message", name)
            for number in range(_RACES) for replica in self.replicas]
        versions = {version_of(done.stdout) for done in at_once(*tasks)}

        self.assertEqual(versions, {f"1.{before + 1 + number}" for number in range(len(tasks))})
        for replica in self.replicas:
            replica.wait_version(max(versions, key=lambda version: int(version.split(".")[1])))
            kept = json.loads(replica.cli("get", "backendset", "-o", "json").stdout)["items"]
            self.assertEqual(len([one for one in kept if one["metadata"]["name"].startswith("set-")]), len(tasks))

    def test_what_was_answered_by_one_is_seen_at_once_at_another(self):
        b, c = self.replicas[1], self.replicas[2]
        for number in range(_READS):
            name = f"seen-{number}"
            version = version_of(self.apply(self.a, resources.to_yaml([resources.backend_set(name, [])])).stdout)
            shown = b.cli("get", f"bs/{name}", "-o", "name", check=False)
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), f"write {number}")
            self.assertIn(name, shown.stdout)
            if number % 10 == 0:
                self.assertEqual(c.history()[0]["version"], version)
                c.cli("delete", f"bs/{name}")  # who did not see it would not find it
                gone = b.cli("get", f"bs/{name}", check=False)
                self.assertNotEqual(gone.returncode, 0, gone.stdout)

    def test_a_token_that_was_revoked_at_one_reads_nothing_at_another(self):
        b = self.replicas[1]
        viewer = self.a.cli("access", "create", "passer-by", "--role", "viewer", "-A").stdout.strip()
        self.assertIn("passer-by", b.cli("access", "list").stdout)
        context = b.context_with(viewer, "passer-by")
        b.cli("get", "service", context=context)
        self.a.cli("access", "revoke", "passer-by")
        self.assertNotIn("passer-by", b.cli("access", "list").stdout)
        self.assertNotEqual(b.cli("get", "service", context=context, check=False).returncode, 0)

    def plan(self, replica):
        done = replica.cli("plan", "-f", "-", "-o", "json", text=self.only("/elsewhere"), check=False)
        self.assertEqual(done.returncode, _DIFFERENCES, done.stderr)
        return json.loads(done.stdout)

    def test_a_plan_at_any_of_them_compares_and_asks_the_sidecars_of_all(self):
        self.apply(self.a, self.only("/"), "--wait")
        with http1.Client(self.pair.port) as client:
            for _ in range(_REQUESTS):
                self.assertEqual(client.request("GET", "/item").status, 200)

        for replica in self.replicas:  # none is connected to a
            wait_until(lambda replica=replica: self.plan(replica)["traffic"].get("requests"),
                       f"requests that sidecars remember, asked at {replica.name}", poll=1)  # plans are rate-limited
            wait_until(lambda replica=replica: self.saw_all(self.plan(replica)),
                       f"a plan at {replica.name} for everybody", poll=1)

    def saw_all(self, plan):
        left_out = [note for note in plan["traffic"]["notes"] if "control plane" in note]
        return plan["sidecars"]["connected"] == len(self.everybody) and plan["sidecars"]["affected"] > 0 and not left_out

    def test_a_silent_control_plane_is_named_in_a_plan(self):
        silent = self.replicas[2]  # the client's
        silent.process.signal(signal.SIGSTOP)
        self.addCleanup(silent.process.signal, signal.SIGCONT)
        notes = self.plan(self.a)["traffic"]["notes"]
        self.assertTrue([note for note in notes if f"control plane {silent.name}" in note], notes)


class Identities(ReplicasCase):
    def enrollee(self, name, folder=None):
        return Enrollee(self.mesh.path(folder or name), self.mesh.spiffe_id(name))

    def test_a_join_token_of_one_is_taken_by_another_and_by_one_only(self):
        newcomer = self.sidecar("newcomer", self.replicas[1], token_of=self.a).start()
        self.assertEqual(self.status_of("/", newcomer), 200)
        wait_until(lambda: self.a.place_of(newcomer) == "b", "it to be seen from a")
        for number in range(_RACES):
            name = f"twin-{number}"
            token = self.a.token(self.mesh.spiffe_id(name))
            twins = [(self.enrollee(name, f"{name}-{replica.name}"), replica) for replica in self.replicas]
            done = at_once(*(lambda twin=twin, replica=replica: twin.attest(replica, token) for twin, replica in twins))
            refused = [one for one in done if isinstance(one, Refused)]
            self.assertEqual(len(refused), len(done) - 1, done)

    def test_a_certificate_is_renewed_anywhere_and_refused_everywhere_once_it_is_superseded(self):
        a, b, c = self.replicas
        member = self.enrollee("member")
        first = member.attest(a, a.token(self.mesh.spiffe_id("member")))
        forgotten = member.renew(b, first)
        newest = member.renew(c, first)  # the answer of b may have been lost
        for replica in self.replicas:
            with self.assertRaises(Refused) as refused:
                member.renew(replica, forgotten)
            self.assertEqual(refused.exception.status, 401)
        member.renew(a, newest)

    def test_nobody_gets_the_identity_of_the_control_planes(self):
        own = f"spiffe://{self.mesh.trust_domain}/ns/heddle-system/sa/heddle-control"
        for replica in self.replicas:
            done = replica.cli("token", "create", "--id", own, check=False)
            self.assertNotEqual(done.returncode, 0, done.stdout)
            self.assertIn("the control plane's own identity", done.stderr)

    def test_they_have_one_ca_and_the_same_tokens(self):
        self.assertEqual([replica.roots() for replica in self.replicas], [self.a.roots()] * len(self.replicas))
        token = self.a.cli("access", "create", "reader", "--role", "viewer", "-A").stdout.strip()
        contexts = [replica.context_with(token, f"reader-{replica.name}") for replica in self.replicas]
        for replica, context in zip(self.replicas, contexts):
            replica.cli("get", "service", context=context)
        self.replicas[2].cli("access", "revoke", "reader")
        for replica, context in zip(self.replicas, contexts):
            wait_until(lambda replica=replica, context=context: replica.cli(
                "get", "service", context=context, check=False).returncode != 0, f"{replica.name} to refuse it")


class AtOnce(ReplicaTestCase):
    """All three are started together on an etcd that is empty."""

    @classmethod
    def start_replicas(cls):
        cls.replicas.start_at_once()

    def test_they_agree_on_one_ca_and_one_admin(self):
        self.wait_all_live()
        self.assertEqual([replica.roots() for replica in self.replicas], [self.a.roots()] * len(self.replicas))
        self.assertEqual(len(json.loads(self.a.cli("access", "list", "-o", "json").stdout)["tokens"]), 1)
        self.assertEqual(self.status_of("/"), 200)

    def test_what_was_in_etcd_is_not_begun_anew_with_sqlite(self):
        last = self.replicas[-1]
        last.process.terminate()
        done = subprocess.run([os.path.join(self.mesh.bin, "heddle-control"), "--data", last.data], check=False,
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"etcd /heddle/{MESH}/", done.stdout + done.stderr)
        last.start()
        self.wait_all_live()


class Refusal(ReplicasCase):
    """A sidecar refuses only what a control plane took on trust: the word of a newer one, so it is written by hand."""

    def write_as_newer(self, key, change):
        prefix = f"/heddle/{MESH}/"
        kept = self.cluster.dump(prefix)
        head = json.loads(kept[prefix + "head"])
        epoch, sequence = head["version"].split(".")
        version = f"{epoch}.{int(sequence) + 1}"
        logs = [text for name, text in sorted(kept.items()) if name.startswith(prefix + "log/")]
        line, resource = next(found for found in map(lambda text: _change_of(text, key), reversed(logs)) if found)
        change(resource)
        text = json.dumps(resource, separators=(",", ":"), sort_keys=True)
        line |= {"generation": line["generation"] + 1, "version": version, "bytes": len(text)}
        body = f"{json.dumps(line)}\n{text}\n"
        record = {"format": 1, "version": version, "writer": "newer", "author": "newer", "message": "",
                  "time": time.time_ns(), "bytes": len(body)}
        self.assertTrue(self.cluster.put_if_unmodified(prefix + "head", {
            f"{prefix}log/{int(sequence) + 1:020}": f"{json.dumps(record)}\n{body}",
            prefix + "head": json.dumps(head | {"version": version, "writer": "newer"})}))
        return version

    def test_it_ends_a_wait_at_another_one_and_stands_in_the_resource(self):
        newer = self.write_as_newer("BackendSet/default/app", lambda one: one["spec"].update({"warmup": "10s"}))
        done = self.a.cli("wait", "--version", newer, "--timeout", "10m", check=False)

        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"refused {newer}", done.stderr)
        self.assertIn(self.pair.client.name, done.stderr)
        for replica in self.replicas:
            wait_until(lambda replica=replica: replica.rows()[self.pair.client.name].get("nack"),
                       f"{replica.name} to show it")
        service = json.loads(self.a.cli("get", "svc/app", "-o", "json").stdout)
        self.assertEqual(service["status"]["conditions"][0]["reason"], "Refused")
        self.assertEqual(self.status_of("/"), 200)
        self.apply(self.replicas[1], resources.to_yaml(self.pair.resources), "--wait")
        wait_until(lambda: not self.a.rows()[self.pair.client.name].get("nack"), "a to see that it is mended")


def _change_of(record, key):
    """(its line, the resource) of that key in a record of etcd's log; None when it is not of that key."""
    rest = record.partition("\n")[2]
    while rest:
        line, _, rest = rest.partition("\n")
        line = json.loads(line)
        size = line.get("bytes", 0)
        text, rest = rest[:size], rest[size + 1 if "bytes" in line else 0:]
        if line["key"] == key and text:
            return line, json.loads(text)
    return None


class Killed(ReplicasCase):
    """Both sidecars know all three."""

    @classmethod
    def place_sidecars(cls):
        a, b, c = cls.replicas
        point(cls.pair.server, b, c, a)
        point(cls.pair.client, c, a, b)

    def snapshots(self):
        return [sidecar.metrics().total("heddle_config_batches_total", kind="snapshot")
                for sidecar in self.pair.sidecars]

    def fail(self, replica, how):
        """How: kills it, or makes it silent. The others go on with its sidecars."""
        before = self.snapshots()
        others = self.replicas.others(replica)
        how(replica)
        wait_until(lambda: {others[0].place_of(sidecar) for sidecar in self.pair.sidecars}
                   <= {one.name for one in others}, f"the sidecars of {replica.name} to be elsewhere")
        self.wait_all_live(asked=others)
        # Until its lease is over, it is one that is not heard, and no change is known to be live everywhere.
        done = others[1].cli("apply", "-f", "-", "--wait", "--timeout", "60s", text=self.weighted(self.next_weight()),
                             timeout=2 * PATIENCE)
        version = version_of(done.stdout)
        self.assertEqual(self.snapshots(), before, "somebody was sent everything again")
        return version

    _weight = 1

    @classmethod
    def next_weight(cls):
        cls._weight += 1
        return cls._weight

    def test_whoever_is_killed_its_sidecars_go_on_at_another_one_without_an_error(self):
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            for replica in self.replicas:
                version = self.fail(replica, lambda one: one.process.kill())
                replica.start()
                self.wait_all_live()
                self.assertEqual(replica.status()["version"], version)
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertGreater(kept.answered + fresh.answered, 100)

    def test_one_that_fell_silent_is_left_and_believes_nothing_of_its_own_when_it_wakes(self):
        leader = self.wait_leader()
        self.addCleanup(leader.process.signal, signal.SIGCONT)
        others = self.replicas.others(leader)
        with Load(self.pair.port, 100, 4) as load:
            version = self.fail(leader, lambda one: one.process.signal(signal.SIGSTOP))
            self.assertIsNot(self.wait_leader(asked=others, but=leader), leader)
            leader.process.signal(signal.SIGCONT)
            leader.wait_version(version)
            self.wait_leader(but=leader)
        self.assertEqual(load.failures, [])
        self.assertEqual(leader.history(), others[0].history())


if __name__ == "__main__":
    unittest.main()
