#!/usr/bin/env python3
"""RateLimitPolicy with the real programs: who gets how much, what refused callers are told, limits that change. Limits
are of an hour, so that nothing comes back while a test runs."""

import unittest

import grpc

from authz_test import HttpCase, calls, deny, start_weaver
from heddle_harness import http1, pki, resources
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import version_of

_TARGET = ("Service", "app")
_METRIC = "heddle_rate_limited_total"


def limit(name, requests, *by, per="1h", **more):
    entry = {"name": name, "requests": requests, "per": per, **more}
    if by:
        entry["by"] = list(by)
    return entry


def path(value, path_type="PathPrefix"):
    return [{"path": {"type": path_type, "value": value}}]


_CALLER = {"sourceIdentity": True}
_TENANT = {"header": "x-tenant"}


class LimitCase(HttpCase):
    """A policy of its own for each test: buckets that are left over from another one are not found."""

    def setUp(self):
        super().setUp()
        self.policy = self.id().rpartition(".")[2].replace("_", "-")[:60].strip("-")

    def limit(self, *limits, **more):
        """In force when it returns, and gone after the test."""
        version = self.apply(resources.rate_limits(self.policy, *limits, **{"target": _TARGET, **more}))
        self.mesh.control.wait_version(version)
        self.addCleanup(self.unlimit)
        return version

    def unlimit(self):
        done = self.mesh.control.cli("delete", "rl", self.policy, "-n", "default", check=False)
        if done.returncode == 0:
            self.mesh.control.wait_version(version_of(done.stdout))

    def passed(self, tries=12, call=None, **more):
        """How many of so many calls reach the application; the others are refused by a limit, and by nothing else."""
        statuses = [(call or self.call)(**more).status for _ in range(tries)]
        self.assertLessEqual(set(statuses), {200, 429})
        return statuses.count(200)


class Limits(LimitCase):
    def test_of_a_route(self):
        self.limit(limit("search", 5, matches=path("/search")))
        before = len(self.seen)
        self.assertEqual(self.passed(target="/search/x?q=1"), 5)
        self.assertEqual(self.passed(target="/se%61rch"), 0)
        self.assertEqual(self.passed(target="/else"), 12)
        self.assertEqual(len(self.seen) - before, 17)

    def test_by_regular_expression_and_method(self):
        numbers = {"path": {"type": "RegularExpression", "value": "/items/[0-9]+"}, "method": "PUT"}
        self.limit(limit("items", 2, matches=[numbers]))
        self.assertEqual(self.passed(4, target="/items/7"), 4)
        self.assertEqual(self.passed(4, target="/items/7", method="PUT"), 2)
        self.assertEqual(self.passed(4, target="/items/x", method="PUT"), 4)

    def test_of_all_callers_together(self):
        self.limit(limit("all", 5))
        self.assertEqual(self.passed(4), 4)
        self.assertEqual(self.passed(4, call=self.shop_call), 1)

    def test_of_each_identity(self):
        self.limit(limit("per-caller", 5, _CALLER))
        self.assertEqual(self.passed(), 5)
        self.assertEqual(self.passed(call=self.shop_call), 5)

    def test_of_each_value_of_a_header(self):
        self.limit(limit("per-tenant", 3, _TENANT))
        self.assertEqual(self.passed(headers=[("x-tenant", "red")]), 3)
        self.assertEqual(self.passed(headers=[("X-Tenant", "blue")]), 3)
        self.assertEqual(self.passed(), 3, "those without it have a bucket, too")

    def test_of_each_identity_and_header(self):
        self.limit(limit("both", 2, _CALLER, _TENANT))
        self.assertEqual(self.passed(4, headers=[("x-tenant", "red")]), 2)
        self.assertEqual(self.passed(4, headers=[("x-tenant", "blue")]), 2)
        self.assertEqual(self.passed(4, call=self.shop_call), 2)

    def test_burst(self):
        self.limit(limit("burst", 1, burst=7))
        self.assertEqual(self.passed(), 7)

    def test_who_is_refused_by_one_limit_takes_nothing_from_another(self):
        self.limit(limit("wide", 6), limit("narrow", 2, matches=path("/narrow")))
        self.assertEqual(self.passed(target="/narrow"), 2)
        self.assertEqual(self.passed(), 4)

    def test_who_is_denied_takes_nothing(self):
        self.limit(limit("all", 3))
        self.push(deny(calls(methods=["PUT"])))
        self.assertEqual({self.status(method="PUT") for _ in range(6)}, {403})
        self.assertEqual(self.passed(), 3)

    def test_made_up_values_forgive_nobody(self):
        self.limit(limit("per-tenant", 1, _TENANT))
        self.assertEqual(self.passed(2, headers=[("x-tenant", "red")]), 1)
        with http1.Client(self.pair.port) as client:
            for number in range(2000):
                client.request("GET", "/", [("host", "app"), ("x-tenant", f"made-up-{number}")])
        self.assertEqual(self.passed(2, headers=[("x-tenant", "red")]), 0)


class Told(LimitCase):
    def test_the_answer(self):
        version = self.limit(limit("per-caller", 1, _CALLER))
        self.assertEqual(self.passed(1), 1)
        answer = self.call()
        self.assertEqual(answer.status, 429)
        self.assertEqual(answer.header("heddle-reason"), f"rate-limited; policy=default/{self.policy}; limit=per-caller; "
                                                         f"version={version.partition('.')[2]}")
        self.assertIn(int(answer.header("retry-after")), range(1, 3601))

    def test_other_namespaces_are_not_told_which_limit_it_was(self):
        self.limit(limit("per-caller", 1, _CALLER))
        self.assertEqual(self.passed(1, call=self.shop_call), 1)
        answer = self.shop_call()
        self.assertEqual((answer.status, answer.header("heddle-reason")), (429, "rate-limited"))
        self.assertTrue(answer.header("retry-after"))

    def test_access_log_and_metrics_say_the_same(self):
        self.policy = "logged"  # which the log does not cut
        self.limit(limit("a", 1))
        self.assertEqual(self.passed(1), 1)
        size = len(self.pair.server.process.log())
        self.call("/logged")

        def entries():
            return [e for e in self.pair.server.log_entries(size) if e.get("path") == "/logged"]

        wait_until(entries, "the line")  # written after it was counted
        entry = entries()[0]
        self.assertEqual((entry["response_code"], entry["response_flags"], entry["response_code_details"]),
                         (429, "RL", "rate-limited"))
        self.assertEqual(entry["rate_limit"], "default/logged/a")
        self.assertEqual(self.pair.server.metrics().total(_METRIC, policy=f"default/{self.policy}", limit="a"), 1)

    def test_explain(self):
        self.limit(limit("search", 5, _CALLER, matches=path("/search")))
        counted = self.mesh.control.cli("explain", "http://app/search")
        self.assertIn("limit search at spiffe://", counted.stdout)
        self.assertIn("counts, 5 per 1h, burst 5, by sourceIdentity", counted.stdout)
        other = self.mesh.control.cli("explain", "http://app/")
        self.assertIn(f"RateLimitPolicy default/{self.policy} limit search", other.stdout)
        self.assertNotIn("counts, ", other.stdout)

    def test_get_and_describe(self):
        self.limit(limit("a", 5))
        listed = self.mesh.control.cli("get", "rl", "-n", "default").stdout
        self.assertIn("a=5/1h", listed)
        self.assertIn("enforce", listed)

    def test_only_the_sidecars_that_enforce_it_get_the_policy(self):
        self.limit(limit("a", 5))
        self.assertIn('"RateLimitPolicy"', self.pair.server.admin("/config").body.decode())
        for other in (self.pair.client, self.shopper):
            self.assertNotIn('"RateLimitPolicy"', other.admin("/config").body.decode())


class Modes(LimitCase):
    def test_a_report_lets_in_and_counts(self):
        self.limit(limit("a", 3), mode="report")
        self.assertEqual(self.passed(10), 10)
        self.pair.server.wait_metric(_METRIC, 7, policy=f"default/{self.policy}", limit="a", mode="report")

    def test_enforced_at_last(self):
        self.limit(limit("a", 3), mode="report")
        self.assertEqual(self.passed(10), 10)
        self.limit(limit("a", 3))
        self.assertEqual(self.passed(5), 0, "the bucket is the same")


class Changes(LimitCase):
    def test_a_limit_that_stays_keeps_its_buckets(self):
        self.limit(limit("a", 5, _CALLER))
        self.assertEqual(self.passed(), 5)
        self.limit(limit("other", 1, matches=path("/other")), limit("a", 5, _CALLER))
        self.assertEqual(self.passed(), 0)

    def test_a_limit_that_changes_starts_full(self):
        self.limit(limit("a", 5, _CALLER))
        self.assertEqual(self.passed(), 5)
        self.limit(limit("a", 7, _CALLER))
        self.assertEqual(self.passed(), 7)

    def test_the_next_request_of_a_connection_obeys_the_newest_limits(self):
        with http1.Client(self.pair.port) as client:
            def status():
                return client.request("GET", "/", [("host", "app")]).status

            self.limit(limit("a", 1))
            self.assertEqual([status(), status()], [200, 429])
            self.unlimit()
            self.assertEqual(status(), 200)

    def test_a_policy_that_nobody_would_enforce_is_refused(self):
        policy = resources.rate_limits(self.policy, limit("a", 1), target=("Service", "missing"))
        done = self.mesh.control.cli("apply", "-f", "-", text=resources.to_yaml([policy]), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('no Service "missing"', done.stdout + done.stderr)


class Grpc(MeshTestCase):
    """From files: the sidecars run without a control plane."""

    @classmethod
    def build(cls):
        port = start_weaver(cls)
        cls.pair = Pair(cls.mesh, port, protocol="grpc", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"})
        limits = resources.rate_limits("p", limit("get", 3, _CALLER, matches=path("/test.Weaver/Get", "Exact")))
        cls.mesh.write("app.yaml", resources.to_yaml(
            [*cls.pair.resources, resources.workload("app", pki.spiffe_id("app"), ["app"]), limits]))
        cls.pair.start()

    def test_refused_calls_are_resource_exhausted(self):
        with grpc.insecure_channel(f"127.0.0.1:{self.pair.port}", (("grpc.enable_http_proxy", 0),
                                                                   ("grpc.enable_retries", 0))) as channel:
            get = channel.unary_unary("/test.Weaver/Get")
            for _ in range(3):
                self.assertEqual(get(b"mesh", timeout=PATIENCE), b"hello mesh")
            with self.assertRaises(grpc.RpcError) as caught:
                get(b"mesh", timeout=PATIENCE)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
            metadata = dict(caught.exception.initial_metadata() or ()) | dict(caught.exception.trailing_metadata() or ())
            self.assertIn(int(metadata["grpc-retry-pushback-ms"]), range(1, 3_600_001))
            self.assertIn("limit=get", metadata["heddle-reason"])
            self.assertEqual(channel.unary_unary("/test.Weaver/Put")(b"mesh", timeout=PATIENCE), b"hello mesh")


if __name__ == "__main__":
    unittest.main()
