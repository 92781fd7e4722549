#!/usr/bin/env python3
"""`heddle plan` replays what sidecars remember: real requests, judged by what is proposed, and asked through the CLI only."""

import unittest

import plan_test
from heddle_harness import http1, resources
from heddle_harness.processes import wait_until

_REQUESTS = 1600  # of which a sidecar keeps one in 16


class Replay(plan_test.PlanCase):
    @classmethod
    def build(cls):
        super().build()
        with http1.Client(cls.pair.port) as client:
            for number in range(_REQUESTS):
                answer = client.request("GET", f"/item/{number % 4}", [("authorization", "Bearer hidden")])
                assert answer.status == 200, answer.status

    def traffic(self, *planned):
        """What the plan says of requests, as soon as sidecars remember some."""
        found = {}

        def is_there():
            found.update(self.plan(*planned)[1]["traffic"])
            return found.get("requests", 0) > 0

        wait_until(is_there, "requests that sidecars remember", poll=1)  # plans are rate-limited
        return found

    def group(self, traffic, effect):
        groups = [group for group in traffic["groups"] if group["effect"] == effect]
        self.assertEqual(len(groups), 1, traffic)
        return groups[0]

    def test_a_split_moves_a_part_of_the_requests(self):
        traffic = self.traffic(self.split(app=1, two=1))

        group = self.group(traffic, "backend")
        self.assertEqual(group["subject"], "default/app")
        self.assertEqual((group["before"], group["now"]), ("BackendSet default/app", "BackendSet default/two"))
        self.assertTrue(0 < group["count"] < group["of"], group)
        self.assertEqual(traffic["stale"] + traffic["otherwise"], 0, traffic)
        self.assertTrue(all(one["path"].startswith("/item/") for one in group["examples"]), group)

    def test_a_route_that_leaves_paths_out_refuses_their_requests(self):
        group = self.group(self.traffic(self.split(path="/item/0", app=1)), "refused")

        self.assertEqual(group["now"], "404 route-not-found")
        self.assertTrue(0 < group["count"] < group["of"], group)
        self.assertNotIn("/item/0", [one["path"] for one in group["examples"]])

    def test_a_policy_denies_those_it_names(self):
        caller = self.mesh.spiffe_id("app-client")
        policy = resources.authorization("no-client", "deny", [{"from": [{"identities": [caller]}]}])
        group = self.group(self.traffic(policy), "denied")

        self.assertEqual((group["peer"], group["count"]), (caller, group["of"]))
        self.assertEqual(group["now"], "AuthorizationPolicy default/no-client rule 0")

    def test_a_header_that_no_rule_named_is_not_decidable(self):
        by_header = resources.rule([resources.to_backend_set("two")], headers={"x-user": "ada"})
        everything = resources.rule([resources.to_backend_set("app")], path="/")
        traffic = self.traffic(resources.route("app", "app", [by_header, everything]))

        self.assertGreater(traffic["undecidable"], 0)
        self.assertEqual([one["what"] for one in traffic["notKept"]], ["header x-user"])
        self.assertEqual(traffic["groups"], [])

    def test_the_value_of_a_secret_is_nowhere(self):
        by_token = resources.rule([resources.to_backend_set("two")], headers={"authorization": "Bearer other"})
        everything = resources.rule([resources.to_backend_set("app")], path="/")
        planned = [resources.route("app", "app", [by_token, everything])]
        self.traffic(*planned)

        done = self.control.cli("plan", "-f", "-", "-o", "json", text=resources.to_yaml(planned), check=False)
        self.assertNotIn("hidden", done.stdout + done.stderr)
        self.assertIn("header authorization", done.stdout)


if __name__ == "__main__":
    unittest.main()
