#!/usr/bin/env python3
"""Matches of HTTPRoutes: the cases of the Gateway API's conformance suite, by their names, and regular expressions.

Each case is a service of its name with routes to three applications. What a sidecar does and what `heddle explain` says
of it must both be what the case expects.
"""

import json
import os
import subprocess
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.resources import matched, regex

_V1, _V2, _V3 = ("v1", "v2", "v3")
_NONE = 404


def to(name):
    return [resources.to_backend_set(name)]


def path(value, kind="PathPrefix"):
    return {"path": {"type": kind, "value": value}}


def headers(**pairs):
    return {"headers": [{"name": name, "value": value} for name, value in pairs.items()]}


def query(**pairs):
    return {"queryParams": [{"name": name, "value": value} for name, value in pairs.items()]}


# name -> (routes: each a list of rules, requests: (method, target, headers, backend or status))
_CASES = {
    "MeshHTTPRouteMatching": ([[
        matched(to(_V1), path("/"), headers(version="one")),
        matched(to(_V2), path("/v2"), headers(version="two"))]], [
            ("GET", "/", {}, _V1), ("GET", "/example", {}, _V1), ("GET", "/", {"Version": "one"}, _V1),
            ("GET", "/v2", {}, _V2), ("GET", "/v2example", {}, _V1), ("GET", "/foo/v2/example", {}, _V1),
            ("GET", "/v2/example", {}, _V2), ("GET", "/v2/", {}, _V2), ("GET", "/", {"Version": "two"}, _V2)]),
    "HTTPRouteHeaderMatching": ([[
        matched(to(_V1), headers(version="one")), matched(to(_V2), headers(version="two")),
        matched(to(_V1), headers(version="two", color="orange")),
        matched(to(_V1), headers(color="blue"), headers(color="green")),
        matched(to(_V2), headers(color="red"), headers(color="yellow"))]], [
            ("GET", "/", {"Version": "one"}, _V1), ("GET", "/", {"Version": "two"}, _V2),
            ("GET", "/", {"Version": "two", "Color": "orange"}, _V1), ("GET", "/", {"Version": "two", "Color": "blue"}, _V2),
            ("GET", "/", {"Color": "orange"}, _NONE), ("GET", "/", {"Some-Other-Header": "one"}, _NONE),
            ("GET", "/", {"Color": "blue"}, _V1), ("GET", "/", {"Color": "green"}, _V1), ("GET", "/", {"Color": "red"}, _V2),
            ("GET", "/", {"Color": "yellow"}, _V2), ("GET", "/", {"Color": "purple"}, _NONE)]),
    "HTTPRoutePathMatchOrder": ([[
        matched(to(_V3), path("/match/exact/one", "Exact")), matched(to(_V2), path("/match/exact", "Exact")),
        matched(to(_V1), path("/match", "Exact")), matched(to(_V2), path("/match/prefix/one")),
        matched(to(_V1), path("/match/prefix")), matched(to(_V3), path("/match"))]], [
            ("GET", "/match/exact/one", {}, _V3), ("GET", "/match/exact", {}, _V2), ("GET", "/match", {}, _V1),
            ("GET", "/match/prefix/one/any", {}, _V2), ("GET", "/match/prefix/any", {}, _V1), ("GET", "/match/any", {}, _V3)]),
    "HTTPRouteMethodMatching": ([[
        matched(to(_V1), {"method": "POST"}), matched(to(_V2), {"method": "GET"}),
        matched(to(_V1), {**path("/path1"), "method": "GET"}), matched(to(_V2), {**headers(version="one"), "method": "PUT"}),
        matched(to(_V3), {**path("/path2"), **headers(version="two"), "method": "POST"}),
        matched(to(_V1), {**path("/path3"), "method": "PATCH"},
                {**path("/path4"), **headers(version="three"), "method": "DELETE"}),
        matched(to(_V1), {**path("/path5"), "method": "PATCH"}),
        matched(to(_V2), {"method": "PATCH"}), matched(to(_V3), headers(version="four"))]], [
            ("POST", "/", {}, _V1), ("GET", "/", {}, _V2), ("HEAD", "/", {}, _NONE), ("GET", "/path1", {}, _V1),
            ("PUT", "/", {"version": "one"}, _V2), ("POST", "/path2", {"version": "two"}, _V3), ("PATCH", "/path3", {}, _V1),
            ("DELETE", "/path4", {"version": "three"}, _V1), ("PUT", "/", {}, _NONE), ("DELETE", "/path4", {}, _NONE),
            ("PATCH", "/path5", {}, _V1), ("PATCH", "/", {"version": "four"}, _V2)]),
    "HTTPRouteQueryParamMatching": ([[
        matched(to(_V1), query(animal="whale")), matched(to(_V2), query(animal="dolphin")),
        matched(to(_V3), query(animal="dolphin", color="blue"), query(ANIMAL="Whale")),
        matched(to(_V1), {**path("/path1"), **query(animal="whale")}),
        matched(to(_V2), {**headers(version="one"), **query(animal="whale")}),
        matched(to(_V3), {**path("/path2"), **headers(version="two"), **query(animal="whale")}),
        matched(to(_V1), {**path("/path3"), **query(animal="shark")},
                {**path("/path4"), **headers(version="three"), **query(animal="kraken")}),
        matched(to(_V1), {**path("/path5"), **query(animal="hydra")}), matched(to(_V2), query(animal="hydra")),
        matched(to(_V3), {**headers(version="four"), **query(animal="hydra")})]], [
            ("GET", "/?animal=whale", {}, _V1), ("GET", "/?animal=dolphin", {}, _V2),
            ("GET", "/?animal=dolphin&color=blue", {}, _V3), ("GET", "/?ANIMAL=Whale", {}, _V3),
            ("GET", "/?animal=whale&otherparam=irrelevant", {}, _V1), ("GET", "/?animal=dolphin&color=yellow", {}, _V2),
            ("GET", "/?color=blue", {}, _NONE), ("GET", "/?animal=dog", {}, _NONE), ("GET", "/?animal=whaledolphin", {}, _NONE),
            ("GET", "/", {}, _NONE), ("GET", "/path1?animal=whale", {}, _V1),
            ("GET", "/?animal=whale", {"version": "one"}, _V2), ("GET", "/path2?animal=whale", {"version": "two"}, _V3),
            ("GET", "/path3?animal=shark", {}, _V1), ("GET", "/path4?animal=kraken", {"version": "three"}, _V1),
            ("GET", "/?animal=shark", {}, _NONE), ("GET", "/path4?animal=kraken", {}, _NONE),
            ("GET", "/path5?animal=hydra", {}, _V1), ("GET", "/?animal=hydra", {"version": "four"}, _V3)]),
    # Without the hostnames, from which nothing is inferred where the parent is a Service.
    "HTTPRouteMatchingAcrossRoutes": ([
        [matched(to(_V1), path("/"), headers(version="one"))], [matched(to(_V2), path("/v2"), headers(version="two"))]], [
            ("GET", "/", {}, _V1), ("GET", "/example", {}, _V1), ("GET", "/example", {"Version": "one"}, _V1),
            ("GET", "/v2", {}, _V2), ("GET", "/v2/example", {}, _V2), ("GET", "/", {"Version": "two"}, _V2)]),
    "MeshHTTPRouteNamedRule": ([[
        matched(to(_V1), path("/named"), name="named-rule"), matched(to(_V2), path("/unnamed"))]], [
            ("GET", "/named", {}, _V1), ("GET", "/unnamed", {}, _V2), ("GET", "/other", {}, _NONE)]),
    # The Gateway API leaves these to implementations: docs/resources/http-route.md says what is tried here.
    "RegularExpression": ([[
        matched(to(_V1), path("/users/[0-9]+", "RegularExpression")), matched(to(_V2), path("/users")),
        matched(to(_V3), path("/users/7", "Exact")), matched(to(_V3), path("/users/[0-9]+/carts", "RegularExpression")),
        matched(to(_V1), {**path("/fields"), "headers": [regex("cookie", ".*user=ad[am].*")]}),
        matched(to(_V2), {**path("/fields"), "queryParams": [regex("q", "a b|[0-9]{2,3}")]}),
        matched(to(_V3), {**path("/fields"), "headers": [regex("x-version", "v[12]"), {"name": "x-mode", "value": "v.*"}]})]], [
            ("GET", "/users/12", {}, _V1), ("GET", "/users/12/", {}, _V2), ("GET", "/users/x", {}, _V2),
            ("GET", "/users/7", {}, _V3), ("GET", "/users/12/carts", {}, _V3), ("GET", "/users/12?x=/users/12/", {}, _V1),
            ("GET", "/x/users/12", {}, _NONE), ("GET", "/fields", {"cookie": "a=b; user=ada; c=d"}, _V1),
            ("GET", "/fields", {"cookie": "a=b; user=eve"}, _NONE), ("GET", "/fields?q=a+b", {}, _V2),
            ("GET", "/fields?q=a%20b", {}, _V2), ("GET", "/fields?q=1234", {}, _NONE), ("GET", "/fields?q=%31%32", {}, _V2),
            ("GET", "/fields", {"x-version": "v1", "x-mode": "v.*"}, _V3),
            ("GET", "/fields", {"x-version": "v1", "x-mode": "v1"}, _NONE),
            ("GET", "/fields", {"x-version": "v12", "x-mode": "v.*"}, _NONE)]),
}


def resources_of(case):
    name = case.lower()
    routes, _ = _CASES[case]
    made = [resources.route(f"{name}-{number}", name, rules) for number, rules in enumerate(routes)]
    return [resources.service(name, backend_set=_V1), *made]


class HttpMatching(MeshTestCase):
    @classmethod
    def build(cls):
        apps = {name: hello_app(name.encode()) for name in (_V1, _V2, _V3)}
        for app in apps.values():
            cls.addClassCleanup(app.close)
        everything = [resources.backend_set(name, [resources.endpoint(app.ip, app.port)], tls="plaintext")
                      for name, app in apps.items()]
        for case in _CASES:
            everything += resources_of(case)
        cls.files = cls.mesh.write("mesh.yaml", resources.to_yaml(everything))
        cls.proxy = cls.mesh.sidecar("client", [cls.mesh.outbound()], cls.mesh.file_blocks(None, cls.files)).start()
        cls.port = cls.proxy.address_of("out")[1]

    def happens(self, case, method, target, fields):
        with http1.Client(self.port) as connection:
            answer = connection.request(method, target, [("host", case.lower()), *fields.items()],
                                        body=b"x" if method in ("POST", "PUT", "PATCH") else None)
        return answer.body.decode() if answer.status == 200 else answer.status

    def explained(self, case, method, target, fields):
        words = [os.path.join(self.mesh.bin, "heddle"), "explain", f"http://{case.lower()}{target}", "--method", method,
                 "-o", "json", "-f", self.files]
        for name, value in fields.items():
            words += ["-H", f"{name}: {value}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        explanation = json.loads(done.stdout)
        if explanation["routed"]:
            return explanation["backends"][0]["backendSet"].removeprefix("default/")
        return explanation["status"]

    def check(self, case):
        for method, target, fields, expected in _CASES[case][1]:
            request = (case, method, target, fields)
            with self.subTest(request=request):
                self.assertEqual(self.happens(*request), expected, "traffic")
                self.assertEqual(self.explained(*request), expected, "explain")

    def test_mesh_http_route_matching(self):
        self.check("MeshHTTPRouteMatching")

    def test_http_route_header_matching(self):
        self.check("HTTPRouteHeaderMatching")

    def test_http_route_path_match_order(self):
        self.check("HTTPRoutePathMatchOrder")

    def test_http_route_method_matching(self):
        self.check("HTTPRouteMethodMatching")

    def test_http_route_query_param_matching(self):
        self.check("HTTPRouteQueryParamMatching")

    def test_http_route_matching_across_routes(self):
        self.check("HTTPRouteMatchingAcrossRoutes")

    def test_mesh_http_route_named_rule(self):
        self.check("MeshHTTPRouteNamedRule")

    def test_regular_expressions(self):
        self.check("RegularExpression")

    def test_a_longer_value_than_the_limit_matches_no_expression(self):
        longest = 8 * 1024
        self.assertEqual(self.happens("RegularExpression", "GET", "/users/" + "7" * (longest - 7), {}), _V1)
        self.assertEqual(self.happens("RegularExpression", "GET", "/users/" + "7" * (longest - 6), {}), _V2)


class Refusals(MeshTestCase):
    def test_a_bad_expression_is_refused_with_its_place(self):
        bad = resources.route("r", "s", [matched(to(_V1), path("/a(b", "RegularExpression"))])
        file = self.mesh.write("bad.yaml", resources.to_yaml([resources.service("s", backend_set=_V1), bad]))
        done = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "validate", "-f", file], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("spec.rules[0].matches[0].path.value: is no regular expression", done.stderr)


if __name__ == "__main__":
    unittest.main()
