#!/usr/bin/env python3
"""`heddle plan`: what a change would do to resources, routes and sidecars, before it is made; and nothing is made of it."""

import json
import os
import unittest

import watch_test
from heddle_harness import resources
from heddle_harness.apps import hello_app

_NOTHING, _CHANGES, _REFUSED = 0, 1, 5  # exit codes: docs/cli.md


class PlanCase(watch_test.WatchCase):
    """The service app leads to the set `app` behind a sidecar; `two` is a set of one plaintext application."""

    @classmethod
    def build(cls):
        super().build()
        cls.two = hello_app(b"two\n")
        cls.addClassCleanup(cls.two.close)
        second = resources.backend_set("two", [resources.endpoint("127.0.0.1", cls.two.port)], tls="plaintext")
        cls.common = [*cls.pair.resources, second]
        cls.version = cls.control.apply(resources.to_yaml([*cls.common, cls.split(app=1)]))
        cls.control.wait_version(cls.version)

    @staticmethod
    def split(name="app", path="/", **weights):
        backends = [resources.to_backend_set(to, weight) for to, weight in weights.items()]
        return resources.route(name, "app", [resources.rule(backends, path=path)])

    def plan(self, *planned, words=()):
        """(exit code, the answer)"""
        done = self.control.cli("plan", "-f", "-", "-o", "json", *words, text=resources.to_yaml(list(planned)),
                                check=False)
        self.assertIn(done.returncode, (_NOTHING, _CHANGES), done.stderr)
        return done.returncode, json.loads(done.stdout)

    def audit(self):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return [line for line in map(json.loads, file) if line["audit"] == "plan-facts"]


class Plans(PlanCase):
    def test_a_weight_that_moves_is_told_with_the_sidecars_that_would_get_it(self):
        code, plan = self.plan(self.split(app=9, two=1))

        self.assertEqual((code, plan["version"], plan["wouldChange"]), (_CHANGES, self.version, True))
        changed = plan["changes"]["resources"]
        self.assertEqual([(one["key"], one["result"]) for one in changed], [("HTTPRoute/default/app", "configured")])
        self.assertIn("spec.rules[0].backendRefs[1]", [field["path"] for field in changed[0]["fields"]])
        row, = plan["routes"]["rows"]
        self.assertEqual((row["change"], row["service"], row["match"]), ("changed", "default/app", "PathPrefix /"))
        self.assertEqual((row["before"], row["now"]), ("default/app", "default/app 90%, default/two 10%"))
        self.assertEqual(plan["sidecars"]["connected"], 2)
        self.assertTrue(any(self.pair.client.name in name for name in plan["sidecars"]["names"]), plan["sidecars"])

    def test_a_policy_is_for_those_whom_it_protects(self):
        denied = [{"from": [{"identities": [self.mesh.spiffe_id("app-client")]}]}]
        code, plan = self.plan(resources.authorization("no-client", "deny", denied))

        self.assertEqual(code, _CHANGES)
        self.assertEqual((plan["changes"]["created"], plan["routes"]["count"]), (1, 0))
        self.assertTrue(any(self.pair.server.name in name for name in plan["sidecars"]["names"]), plan["sidecars"])

    def test_a_route_that_can_never_be_reached_is_told(self):
        _, plan = self.plan(self.split(name="later", two=1))

        row, = plan["routes"]["rows"]
        self.assertEqual((row["change"], row["rule"]), ("shadowed", "HTTPRoute default/later rule 0"))
        self.assertEqual(row["by"], "HTTPRoute default/app rule 0")

    def test_what_is_there_already_changes_nothing(self):
        code, plan = self.plan(*self.common, self.split(app=1))

        self.assertEqual((code, plan["wouldChange"]), (_NOTHING, False))

    def test_what_apply_would_refuse_is_refused_with_every_problem(self):
        done = self.control.cli("plan", "-f", "-", text=resources.to_yaml([self.split(nobody=1)]), check=False)

        self.assertEqual(done.returncode, _REFUSED, done.stdout)
        self.assertIn("backendRefs[0]", done.stderr)

    def test_people_read_it_in_sections(self):
        done = self.control.cli("plan", "-f", "-", text=resources.to_yaml([self.split(two=1)]), check=False)

        self.assertEqual(done.returncode, _CHANGES, done.stderr)
        titles = [line for line in done.stdout.splitlines() if line in ("Changes", "Routes", "Sidecars", "Traffic")]
        self.assertEqual(titles, ["Changes", "Routes", "Sidecars", "Traffic"])
        self.assertIn("nothing was changed", done.stdout)

    def test_nothing_of_it_is_made_and_each_question_to_sidecars_is_audited(self):
        before = len(self.audit())
        self.plan(self.split(two=1), words=["--no-replay"])
        self.assertEqual(len(self.audit()), before)
        self.plan(self.split(two=1))

        self.assertEqual([line["subject"] for line in self.audit()[before:]], ["namespace default"])
        self.assertEqual(self.control.status()["version"], self.version)
        kept = json.loads(self.control.cli("get", "httproute", "app", "-o", "json").stdout)
        self.assertEqual([one["name"] for one in kept["spec"]["rules"][0]["backendRefs"]], ["app"])


if __name__ == "__main__":
    unittest.main()
