#!/usr/bin/env python3
"""HTTPRouteFilters: direct responses and faults, from files and from the control plane, beside `heddle explain`."""

import json
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp
from heddle_harness.filters import (HOST, Echo, FilterCase, answered, extension, http_route_filter, modifier, over_http1,
                                    prefix, redirect, rewrite, routes, rule)
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until


class OwnFilters(FilterCase):
    more = [
        http_route_filter("tea", directResponse={"status": 418, "body": "short and stout\n", "contentType": "text/tea"}),
        http_route_filter("aborts", fault={"abort": {"status": 429}}),
        http_route_filter("some", fault={"abort": {"status": 503, "percent": 50}}),
        http_route_filter("marked", fault={"abort": {"status": 500}, "headers": [{"name": "X-Fault", "value": "on"}]}),
        http_route_filter("slow", fault={"delay": {"duration": "60s"}}),
        http_route_filter("late", fault={"delay": {"duration": "20ms"}}),
    ]
    rules = [
        answered("/tea", extension("tea")), rule("/aborts", extension("aborts")), rule("/some", extension("some")),
        rule("/marked", extension("marked")), rule("/late", extension("late")),
        rule("/slow", extension("slow"), timeouts={"request": "100ms"}),
    ]

    def test_a_direct_response(self):
        for answer in self.each("/tea"):
            self.assertEqual((answer.status, answer.body, answer.reason), (418, b"short and stout\n", "direct-response"))
            self.assertEqual(answer.all("content-type"), ["text/tea"])

    def test_a_direct_response_without_its_body(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("HEAD", "/tea")
            self.assertEqual((answer.status, answer.header("content-length")), (418, "16"))
            self.assertEqual(client.request("GET", "/plain").status, 200)  # the connection is in order

    def test_an_abort(self):
        before = len(self.echo.targets)
        for answer in self.each("/aborts"):
            self.assertEqual((answer.status, answer.reason), (429, "fault-abort"))
        self.assertEqual(self.echo.targets[before:], [])
        self.assertIn("FI", self.flags_of("/aborts"))

    def test_an_abort_of_a_request_with_a_body(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("POST", "/aborts", body=b"x" * 100_000)
            self.assertEqual((answer.status, answer.body), (429, b"fault-abort"))
        self.assertTrue(http1.is_ok(self.pair.port, "/plain"))

    def test_an_abort_of_grpc_is_one(self):
        for answer in self.each("/aborts", [("content-type", "application/grpc")], method="POST"):
            self.assertEqual((answer.status, answer.one("grpc-status"), answer.one("grpc-message")),
                             (200, "14", "fault-abort"))

    def test_a_share_of_requests(self):
        statuses = {over_http1(self.pair.port, "GET", "/some", [], HOST).status for _ in range(60)}
        self.assertEqual(statuses, {200, 503})

    def test_only_requests_with_the_header(self):
        for answer in self.each("/marked", [("x-fault", "on")]):
            self.assertEqual(answer.status, 500)
        for answer in self.each("/marked", [("x-fault", "off")]):
            self.assertEqual(answer.status, 200)

    def test_a_delay_counts_into_the_request_timeout(self):
        for answer in self.each("/slow"):
            self.assertEqual((answer.status, answer.reason), (504, "request-timeout"))
        self.assertIn("DI,UT", self.flags_of("/slow"))

    def test_a_delayed_request_arrives_whole(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("POST", "/late", body=b"x" * 200_000)
            self.assertEqual((answer.status, json.loads(answer.body)["target"]), (200, "/late"))
        self.assertIn("DI", self.flags_of("/late"))

    def test_who_leaves_during_a_delay_leaves_nothing(self):
        with http1.Client(self.pair.port) as client:
            client.send(http1.request_bytes("GET", "/slow/gone"))
            client.sock.close()
        self.assertTrue(self.flags_of("/slow/gone"))
        self.assertTrue(http1.is_ok(self.pair.port, "/plain"))

    def flags_of(self, path):
        """Of all requests for it."""
        def found():
            return [one["response_flags"] for one in self.pair.client.log_entries() if one.get("path") == path]

        wait_until(found, f"{path} in the access log")
        return found()


class FromTheControlPlane(MeshTestCase):
    """Filters come with the routes that name them, change live, and are explained as they happen."""

    @classmethod
    def build(cls):
        cls.app = HttpApp(Echo())
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.app)
        cls.pair.start()
        cls.apply(418)

    @classmethod
    def apply(cls, status):
        rules = [answered("/tea", extension("tea")), answered("/away", redirect(hostname="b.example", statusCode=301)),
                 rule("/old", rewrite(path=prefix("/new")), modifier("request", set={"x-a": "b"})), rule("/")]
        tea = http_route_filter("tea", directResponse={"status": status})
        cls.control.wait_version(cls.control.apply(resources.to_yaml([*routes(rules), tea])))

    def explain(self, path):
        done = self.control.cli("explain", f"http://app{path}", "-o", "json", check=False)
        return json.loads(done.stdout)

    def test_a_filter_changes_live(self):
        for status in (418, 451):
            self.apply(status)
            answer = http1.get(self.pair.port, "/tea")
            self.assertEqual((answer.status, answer.reason), (status, "direct-response"))
            self.assertEqual(self.explain("/tea")["status"], status)

    def test_explain_says_what_happens(self):
        away = self.explain("/away/x")
        location = http1.get(self.pair.port, "/away/x", headers=[("host", "app")]).header("location")
        self.assertEqual((away["reason"], away["status"]), ("route-redirect", 301))
        self.assertEqual(away["filters"], [{"kind": "RequestRedirect", "effect": f"301 to {location}"}])
        old = self.explain("/old/x?y")
        self.assertEqual(json.loads(http1.get(self.pair.port, "/old/x?y").body)["target"], "/new/x?y")
        self.assertEqual(old["filters"], [{"kind": "RequestHeaderModifier", "effect": "set x-a"},
                                          {"kind": "URLRewrite", "effect": "path becomes /new/x?y"}])

    def test_a_filter_that_a_route_names_cannot_be_deleted(self):
        done = self.control.cli("delete", "httproutefilter", "tea", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no HTTPRouteFilter", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
