#!/usr/bin/env python3
"""Staged rollouts: a bad change is taken back by itself, a good one becomes a version, and people and restarts between."""

import contextlib
import json
import os
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.terminal import CTRL_C, Terminal

_CONFLICT = 4  # exit code
_SIDECARS = 4
_FIRST = "client-0"  # who gets the change first, where a test says who
_LONG = 4 * PATIENCE  # reports come every 5 s, and a stage wants several
_RATE = 40  # requests per second of each sidecar


class RolloutCase(MeshTestCase):
    """Four sidecars that call one service, which a route sends to one of three applications: good, other, bad."""

    @classmethod
    def build(cls):
        cls.apps = {"good": hello_app(b"good"), "other": hello_app(b"other"),
                    "bad": hello_app(b"no", status="500 Internal Server Error")}
        for app in cls.apps.values():
            cls.addClassCleanup(app.close)
        cls.control = cls.mesh.start_control()
        sets = resources.plaintext_sets(cls.apps)
        cls.control.apply(resources.to_yaml([*sets, resources.service("app", backend_set="good")]))
        cls.control.apply(cls.route_to("good"))
        cls.sidecars = {}
        for number in range(_SIDECARS):
            name = f"client-{number}"
            cls.sidecars[name] = cls.mesh.sidecar(name, [cls.mesh.outbound("app")], cls.mesh.control_blocks(name),
                                                  workers=1).start()

    def setUp(self):
        if self.rollout().get("phase") in ("pending", "watching", "paused"):
            self.step("abort")
        self.control.wait_version(self.control.apply(self.route_to("good")))
        self.wait_answers("good", self.sidecars)

    @staticmethod
    def route_to(name):
        rules = [resources.rule([resources.to_backend_set(name)], path="/")]
        return resources.to_yaml([resources.route("app", "app", rules)])

    def roll_out(self, name, *words, check=True):
        return self.control.cli("apply", "-f", "-", *words, text=self.route_to(name), check=check)

    def rollout(self):
        return json.loads(self.control.cli("rollout", "status", "-o", "json").stdout)["rollout"] or {}

    def step(self, word, check=True):
        return self.control.cli("rollout", word, check=check)

    def wait_phase(self, *phases):
        wait_until(lambda: self.rollout().get("phase") in phases, f"the rollout to be {phases}", _LONG, poll=0.2)
        return self.rollout()

    def answer(self, sidecar):
        answer = http1.get(self.sidecars[sidecar].address_of("out")[1])
        return answer.body.decode() if answer.status == 200 else str(answer.status)

    def wait_answers(self, wanted, sidecars):
        for name in sidecars:
            wait_until(lambda name=name: self.answer(name) == wanted, f"{name} to get {wanted!r}")

    def others(self):
        return [name for name in self.sidecars if name != _FIRST]

    def runs(self):
        return {row["node"]: row["runsVersion"] for row in self.control.status()["sidecars"] if row["connected"]}

    def metrics(self):
        return Metrics(http1.get(self.control.health_port, "/metrics").body.decode())

    def audit(self, kind):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return [line for line in map(json.loads, file) if line["audit"] == kind]

    @contextlib.contextmanager
    def load(self):
        """{sidecar: Load} on all of them; each has answered when the block begins."""
        with contextlib.ExitStack() as stack:
            loads = {name: stack.enter_context(Load(sidecar.address_of("out")[1], _RATE, 2))
                     for name, sidecar in self.sidecars.items()}
            for name, load in loads.items():
                wait_until(lambda load=load: load.answered, f"{name} to answer")
            yield loads


class ByItself(RolloutCase):
    def test_a_bad_change_is_rolled_back(self):
        before = self.control.status()["version"]
        with self.load() as loads:
            done = self.roll_out("bad", "--stages", f"node={_FIRST},100%", "--watch", "60s", "--min-requests", "20")
            self.assertIn(f"[node={_FIRST}] 100%", done.stdout)
            wait_until(lambda: loads[_FIRST].failures, "requests of the first one to fail")
            ended = self.wait_phase("rolled-back")
            self.wait_answers("good", self.sidecars)
            self.assertEqual([load.failures for name, load in loads.items() if name != _FIRST], [[]] * (_SIDECARS - 1))
        self.assertIn("outbound error rate", ended["reason"])
        self.assertIn("rolled-back", self.control.cli("rollout", "status").stdout)
        self.assertEqual(self.control.status()["version"], before)
        self.assertEqual(set(self.runs().values()), {before})
        self.assertIn("outbound error rate", self.audit("rollout-rollback")[-1]["detail"])

    def test_who_waits_is_told_how_it_ends(self):
        words = ("--stages", f"node={_FIRST},100%", "--watch", "5s", "--min-requests", "20", "--wait")
        with self.load():
            good = self.control.cli("apply", "-f", "-", *words, text=self.route_to("other"), timeout=_LONG)
            self.assertIn("promoted", good.stdout)
            self.assertIn("stage 1 of 2", good.stderr)
            self.control.wait_version(self.control.apply(self.route_to("good")))
            bad = self.control.cli("apply", "-f", "-", *words, text=self.route_to("bad"), timeout=_LONG, check=False)
            self.assertEqual(bad.returncode, 1, bad.stderr)
            self.assertIn("outbound error rate", bad.stdout)
        self.assertEqual(self.control.cli("rollout", "status", "--wait", check=False).returncode, 1)

    def test_a_good_change_is_promoted_and_becomes_a_version(self):
        before = self.control.status()["version"]
        with self.load() as loads:
            self.roll_out("other", "--stages", f"node={_FIRST},100%", "--watch", "5s", "--min-requests", "20")
            ended = self.wait_phase("promoted", "rolled-back", "paused")
            self.assertEqual(ended["phase"], "promoted", ended)
            self.control.wait_version(ended["version"])
            self.wait_answers("other", self.sidecars)
            self.assertEqual([load.failures for load in loads.values()], [[]] * _SIDECARS)
        epoch, sequence = before.split(".")
        self.assertEqual(ended["version"], f"{epoch}.{int(sequence) + 1}")
        self.assertEqual(set(self.runs().values()), {ended["version"]})
        self.assertIn("kind: HTTPRoute", self.control.cli("get", "httproute", "app", "-o", "yaml").stdout)
        for kind in ("rollout-start", "rollout-promote", "rollout-promoted"):
            self.assertTrue(self.audit(kind), kind)


class ByHand(RolloutCase):
    def begin(self):
        self.roll_out("other", "--stages", f"node={_FIRST},100%", "--watch", "10m")
        self.wait_answers("other", [_FIRST])

    def test_it_is_paused_and_aborted(self):
        self.begin()
        self.step("pause")
        self.assertEqual(self.rollout()["phase"], "paused")
        self.assertEqual(self.answer(_FIRST), "other")
        for name in self.others():
            self.assertEqual(self.answer(name), "good")

        self.step("abort")
        self.wait_answers("good", [_FIRST])
        self.assertEqual(self.rollout()["phase"], "aborted")
        self.assertEqual(self.step("promote", check=False).returncode, _CONFLICT)

    def test_who_waits_may_leave_and_it_goes_on(self):
        self.begin()
        argv = [os.path.join(self.mesh.bin, "heddle"), "--context", self.control.context, "rollout", "status", "--wait"]
        with Terminal(argv) as terminal:
            wait_until(lambda: "stage 1 of 2" in terminal.text(), "what it waits for to be told")
            terminal.type(CTRL_C)
            self.assertNotEqual(terminal.wait(PATIENCE), 0)
            self.assertIn("heddle rollout status", terminal.text())
        self.assertIn(self.rollout()["phase"], ("pending", "watching"))
        self.step("pause")
        paused = self.control.cli("rollout", "status", "--wait", check=False)
        self.assertEqual(paused.returncode, 6, paused.stderr)

    def test_metrics_tell_phase_and_stage(self):
        self.begin()
        metrics = self.metrics()
        self.assertEqual(metrics.total("heddle_control_rollout_stage"), 1)
        self.assertEqual(sum(metrics.total("heddle_control_rollout_phase", phase=phase)
                             for phase in ("pending", "watching")), 1)
        self.assertEqual(metrics.total("heddle_control_rollout_step_failing"), 0)
        self.step("abort")
        self.assertEqual(self.metrics().total("heddle_control_rollout_phase", phase="aborted"), 1)

    def editor_of(self, ns):
        token = self.control.cli("access", "create", f"editor-{ns}", "--role", "editor", "-n", ns).stdout.strip()
        return self.control.context_with(token, f"editor-{ns}")

    def test_who_may_apply_it_steps_it_and_says_why(self):
        editor, other = self.editor_of("default"), self.editor_of("web")
        self.control.cli("apply", "-f", "-", "--stages", f"node={_FIRST},100%", "--watch", "10m", "--expect",
                         self.control.status()["version"], "--message", "ticket 7", text=self.route_to("other"),
                         context=editor)
        self.wait_answers("other", [_FIRST])
        for words in (("status",), ("abort",)):
            refused = self.control.cli("rollout", *words, context=other, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("for all namespaces, or the roles to apply all that is rolled out", refused.stderr)
            self.assertNotIn("HTTPRoute", refused.stderr)
        self.assertIn("HTTPRoute/default/app", self.control.cli("rollout", "status", context=editor).stdout)
        self.control.cli("rollout", "promote", context=editor)
        ended = self.wait_phase("promoted")
        self.control.wait_version(ended["version"])
        row = json.loads(self.control.cli("history", "-o", "json").stdout)["items"][0]
        self.assertEqual((row["version"], row["author"], row["message"]),
                         (ended["version"], "editor-default", "ticket 7"))

    def test_what_it_changes_waits_and_all_else_goes_on(self):
        self.begin()
        refused = self.control.cli("apply", "-f", "-", text=self.route_to("bad"), check=False)
        self.assertEqual(refused.returncode, _CONFLICT)
        self.assertIn("heddle rollout promote or abort", refused.stderr)
        second = self.roll_out("bad", "--stages", "1%,100%", check=False)
        self.assertEqual(second.returncode, _CONFLICT)

        moved = resources.backend_set("good", [resources.endpoint("127.0.0.1", self.apps["good"].port, weight=3)],
                                      tls="plaintext")
        self.control.wait_version(self.control.apply(resources.to_yaml([moved])))
        self.assertEqual(self.answer(_FIRST), "other")
        self.step("promote")
        ended = self.wait_phase("promoted")
        self.control.wait_version(ended["version"])
        self.wait_answers("other", self.sidecars)

    def test_endpoints_are_never_staged(self):
        moved = resources.backend_set("good", [resources.endpoint("127.0.0.1", self.apps["other"].port)],
                                      tls="plaintext")
        refused = self.control.cli("apply", "-f", "-", "--stages", "1%,100%", text=resources.to_yaml([moved]),
                                   check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("BackendSet/default/good: endpoints, health and identity are never staged", refused.stderr)

    def test_a_share_of_a_small_mesh_is_one_of_it(self):
        self.roll_out("other", "--stages", "0.01%,100%", "--watch", "10m")
        wait_until(lambda: sum(self.answer(name) == "other" for name in self.sidecars) == 1, "one to have the change")
        self.step("abort")
        self.wait_answers("good", self.sidecars)


class Restarted(RolloutCase):
    def test_it_goes_on_and_nobody_loses_the_change_meanwhile(self):
        self.roll_out("other", "--stages", f"node={_FIRST},100%", "--watch", "10m")
        self.wait_answers("other", [_FIRST])
        before = self.sidecars[_FIRST].metrics().total("heddle_config_batches_total", kind="snapshot")
        self.control.process.kill()
        self.assertEqual(self.answer(_FIRST), "other")
        self.control.start()

        wait_until(lambda: len(self.runs()) == _SIDECARS, "the sidecars to be back")
        self.wait_phase("watching")
        self.assertEqual(self.answer(_FIRST), "other")
        for name in self.others():
            self.assertEqual(self.answer(name), "good")
        after = self.sidecars[_FIRST].metrics().total("heddle_config_batches_total", kind="snapshot")
        self.assertEqual(after, before, "it needed a resync")

        self.step("promote")
        ended = self.wait_phase("promoted")
        self.control.wait_version(ended["version"])
        self.wait_answers("other", self.sidecars)


if __name__ == "__main__":
    unittest.main()
