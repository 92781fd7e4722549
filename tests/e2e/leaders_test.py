#!/usr/bin/env python3
"""What only one of several control planes may do goes on at another one when that one is killed in the middle of it."""

import contextlib
import json
import os
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.replicas import ReplicaTestCase, point

_CONFLICT = 4  # exit code
_FIRST = "client-0"  # who gets a change first
_LONG = 4 * PATIENCE  # reports come every 5 s, and a lease lasts 10 s


class CaRotation(ReplicaTestCase):
    """Each step is taken at another replica; sidecars have all three addresses."""

    flags = ("--svid-ttl", "20s")  # renewed within 5 s when another root signs

    @classmethod
    def place_sidecars(cls):
        a, b, c = cls.replicas
        point(cls.pair.server, b, c, a)
        point(cls.pair.client, c, a, b)

    def rotate(self, replica, step):
        wait_until(lambda: not replica.ca()["waitsFor"], f"the sidecars to follow: {replica.ca()}", 2 * PATIENCE, poll=0.2)
        replica.cli("ca", "rotate", step, timeout=4 * PATIENCE)

    def wait_phase(self, phase, replicas):
        for replica in replicas:
            wait_until(lambda replica=replica: replica.ca()["phase"] == phase, f"{replica.name} to be {phase}")

    @staticmethod
    def bundle_of(sidecar):
        with open(os.path.join(sidecar.bootstrap["stateDir"], "bundle.json"), encoding="utf-8") as file:
            return json.load(file)["keys"]

    def test_a_rotation_that_one_began_is_ended_by_others_though_the_leader_is_killed(self):
        self.wait_all_live()
        old = self.a.roots()
        a, b, c = self.replicas
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            self.rotate(a, "prepare")
            self.wait_phase("prepared", (b, c))
            self.rotate(b, "activate")
            self.wait_phase("activated", (a, c))

            leader = self.wait_leader("ca")
            leader.process.kill()
            others = self.replicas.others(leader)
            self.wait_all_live(asked=others)
            self.rotate(others[0], "retire")
            self.wait_phase("steady", others)
            wait_until(lambda: all(len(self.bundle_of(one)) == 1 for one in self.pair.sidecars),
                       "the sidecars to forget the old root")
            leader.start()
            answered = fresh.answered
            wait_until(lambda: fresh.answered > answered + 80 and kept.answered > 300, "some more requests")
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(len(leader.roots()), 1)
        self.assertNotEqual(leader.roots(), old)
        self.assertEqual([replica.roots() for replica in self.replicas], [leader.roots()] * len(self.replicas))
        late = self.sidecar("late", leader, token_of=others[0]).start()
        self.assertEqual(self.status_of("/", late), 200)

    def test_of_two_who_take_the_same_step_one_is_refused(self):
        self.wait_all_live()
        a, b, _ = self.replicas
        self.rotate(a, "prepare")
        refused = b.cli("ca", "rotate", "prepare", check=False)
        self.assertEqual(refused.returncode, _CONFLICT, refused.stderr)
        self.wait_phase("prepared", self.replicas)
        b.cli("ca", "rotate", "abort")
        self.wait_phase("steady", self.replicas)


class Rollout(ReplicaTestCase):
    """Three sidecars call one service, which a route sends to one of three applications: good, other, bad."""

    @classmethod
    def build(cls):
        super().build()
        cls.apps = {"good": hello_app(b"good"), "other": hello_app(b"other"),
                    "bad": hello_app(b"no", status="500 Internal Server Error")}
        for app in cls.apps.values():
            cls.addClassCleanup(app.close)
        sets = resources.plaintext_sets(cls.apps)
        cls.a.apply(resources.to_yaml(sets))
        cls.a.wait_version(cls.a.apply(cls.route_to("good")))
        a, b, c = cls.replicas
        cls.clients = {f"client-{number}": cls.sidecar(f"client-{number}", *order).start()
                       for number, order in enumerate(((b, c, a), (c, a, b), (a, b, c)))}

    def setUp(self):
        for replica in self.replicas:
            if not replica.process.is_running():
                replica.start()
        self.wait_all_live(self.clients.values())
        if self.a.rollout().get("phase") in ("pending", "watching", "paused"):
            self.a.cli("rollout", "abort")
        self.a.wait_version(self.a.apply(self.route_to("good")))
        self.wait_answers("good", self.clients)

    @staticmethod
    def route_to(name):
        return resources.to_yaml([resources.route("app", "app", [
            resources.rule([resources.to_backend_set(name)], path="/")])])

    def roll_out(self, replica, name, *words):
        return replica.cli("apply", "-f", "-", "--stages", f"node={_FIRST},100%", *words, text=self.route_to(name))

    def answer(self, client):
        answer = http1.get(self.clients[client].address_of("out")[1])
        return answer.body.decode() if answer.status == 200 else str(answer.status)

    def wait_answers(self, wanted, clients):
        for name in clients:
            wait_until(lambda name=name: self.answer(name) == wanted, f"{name} to get {wanted!r}")

    def wait_phase(self, phase, replicas):
        for replica in replicas:
            wait_until(lambda replica=replica: replica.rollout().get("phase") == phase,
                       f"the rollout to be {phase} at {replica.name}", _LONG, poll=0.2)
        return replicas[0].rollout()

    def kill_leader(self):
        """The others."""
        leader = self.wait_leader()
        leader.process.kill()
        others = self.replicas.others(leader)
        self.wait_all_live(self.clients.values(), others)
        return others

    @contextlib.contextmanager
    def load(self):
        """{client: Load}; each has answered when the block begins."""
        with contextlib.ExitStack() as stack:
            loads = {name: stack.enter_context(Load(one.address_of("out")[1], 40, 2))
                     for name, one in self.clients.items()}
            for name, load in loads.items():
                wait_until(lambda load=load: load.answered, f"{name} to answer")
            yield loads

    def test_a_bad_change_is_rolled_back_by_who_leads_next(self):
        before = self.a.status()["version"]
        self.roll_out(self.a, "bad", "--watch", "60s", "--min-requests", "20")
        self.wait_answers("500", [_FIRST])
        others = self.kill_leader()  # nobody has called often enough for a verdict
        self.assertEqual(self.answer(_FIRST), "500")
        with self.load() as loads:
            ended = self.wait_phase("rolled-back", others)
            self.wait_answers("good", self.clients)
            self.assertEqual([load.failures for name, load in loads.items() if name != _FIRST], [[], []])
        self.assertIn("outbound error rate", ended["reason"])
        self.assertEqual(others[0].status()["version"], before)

    def test_a_good_change_is_promoted_by_who_leads_next(self):
        self.roll_out(self.a, "other", "--watch", "5s", "--min-requests", "20")
        self.wait_answers("other", [_FIRST])
        others = self.kill_leader()
        with self.load() as loads:
            ended = self.wait_phase("promoted", others)
            others[1].wait_version(ended["version"])
            self.wait_answers("other", self.clients)
            self.assertEqual([load.failures for load in loads.values()], [[]] * len(self.clients))

    def test_a_step_is_taken_at_any_replica_and_shown_at_all(self):
        a, b, c = self.replicas
        self.roll_out(a, "other", "--watch", "10m")
        self.wait_answers("other", [_FIRST])
        self.wait_phase("watching", self.replicas)
        b.cli("rollout", "pause")
        self.wait_phase("paused", self.replicas)
        refused = c.cli("apply", "-f", "-", text=self.route_to("bad"), check=False)
        self.assertEqual(refused.returncode, _CONFLICT, refused.stderr)
        c.cli("rollout", "resume")
        self.wait_phase("watching", self.replicas)
        c.cli("rollout", "promote")
        ended = self.wait_phase("promoted", self.replicas)
        a.wait_version(ended["version"])
        self.wait_answers("other", self.clients)


if __name__ == "__main__":
    unittest.main()
