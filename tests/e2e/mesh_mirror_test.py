#!/usr/bin/env python3
"""RequestMirror through a sidecar, over HTTP/1.1 and HTTP/2; names as in the Gateway API's conformance suite."""

import json
import os
import subprocess
import threading
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.filters import (HOST, PROTOCOLS, Echo, extension, http_route_filter, modifier, prefix, rewrite, routes,
                                    rule)
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_SHADOWS = ("v2", "v3", "all")
_REQUESTS = 2000  # of the case of percentages: beyond _WITHIN once in 100,000 runs
_WITHIN = 0.05


class Shadow:
    """Remembers what it was sent, and answers with what nobody may see."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seen = []

    def __call__(self, request, reader, sock):
        body = bytes(reader.body(request).body)
        with self._lock:
            self._seen.append((request.target, request.headers, body))
        reply(sock, b"of the shadow", status="500 Shadow", headers=[("x-shadow", "yes")])

    def of(self, target):
        with self._lock:
            return [(headers, body) for seen, headers, body in self._seen if seen == target]

    def wait(self, target, count):
        return wait_until(lambda: len(self.of(target)) >= count and self.of(target), f"{count} copies of {target}")


def mirror(name, **share):
    to = {"group": "heddle.dev", "kind": "BackendSet", "name": name}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": to, **share}}


def values(headers, name):
    return [value for key, value in headers if key == name]


class RequestMirrors(MeshTestCase):
    rules = [
        rule("/mirror", mirror("v2")),
        rule("/mirror-and-modify-headers", mirror("v2"),
             modifier("request", set={"X-Header-Set": "set-overwrites-values"},
                      add={"X-Header-Add": "header-val-1", "X-Header-Add-Append": "header-val-2"},
                      remove=["X-Header-Remove"])),
        rule("/multi-mirror", mirror("v2"), mirror("v3")),
        rule("/multi-mirror-and-rewrite", mirror("v2"), mirror("v3"), rewrite(path=prefix("/rewritten"))),
        rule("/percent-mirror", mirror("v2", percent=20), mirror("all")),
        rule("/fraction-mirror", mirror("v2", fraction={"numerator": 1, "denominator": 2}), mirror("all")),
        rule("/percent-mirror-and-modify-headers", mirror("v2", fraction={"numerator": 35}), mirror("all"),
             modifier("request", set={"X-Header-Set": "set-overwrites-values"})),
        rule("/never", mirror("v2", percent=0), mirror("all")),
        rule("/service", {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "v3", "port": 80}}}),
        rule("/dead", mirror("dead")),
        rule("/empty", mirror("empty"), mirror("all")),
        rule("/aborted", mirror("v2"), extension("aborts")),
    ]

    @classmethod
    def build(cls):
        cls.echo = Echo()
        cls.app = HttpApp(cls.echo)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port)
        cls.shadows = {name: Shadow() for name in _SHADOWS}
        everything = [*cls.pair.resources, *[cls.shadow_set(name) for name in _SHADOWS], resources.service("v3"),
                      resources.backend_set("dead", [resources.endpoint("127.0.0.1", cls.mesh.ports.reserve())],
                                            tls="plaintext"),
                      resources.backend_set("empty", []), http_route_filter("aborts", fault={"abort": {"status": 418}}),
                      *routes([*cls.rules, rule("/plain")])]
        cls.files = cls.mesh.write("app.yaml", resources.to_yaml(everything))
        cls.pair.start()

    @classmethod
    def shadow_set(cls, name):
        app = HttpApp(cls.shadows[name])
        cls.addClassCleanup(app.close)
        return resources.backend_set(name, [resources.endpoint("127.0.0.1", app.port)], tls="plaintext")

    def ask(self, path, headers=(), method="GET"):
        """Over each protocol; the answer is the application's, whatever its mirrors say."""
        for ask in PROTOCOLS:
            answer = ask(self.pair.port, method, path, headers, HOST)
            self.assertEqual((answer.status, answer.all("x-shadow"), answer.all("x-app")), (200, [], ["app"]))

    def mirrored(self, name, outcome=None):
        labels = {"backend_set": f"default/{name}"} | ({"outcome": outcome} if outcome else {})
        return self.pair.client.metrics().total("heddle_mirrored_requests_total", **labels)

    def test_HTTPRouteRequestMirror(self):
        self.ask("/mirror?a=b", [("x-mine", "mine")])
        for headers, _ in self.shadows["v2"].wait("/mirror?a=b", len(PROTOCOLS)):
            self.assertEqual((values(headers, "host"), values(headers, "x-mine")), ([HOST], ["mine"]))

    def test_HTTPRouteRequestMirror_and_modified_headers(self):
        path = "/mirror-and-modify-headers"
        self.ask(path, [("x-header-remove", "remove-val"), ("x-header-add-append", "append-val-1"),
                        ("x-header-set", "a")])
        for headers, _ in self.shadows["v2"].wait(path, len(PROTOCOLS)):
            self.assertEqual([values(headers, f"x-header-{name}") for name in ("set", "add", "add-append", "remove")],
                             [["set-overwrites-values"], ["header-val-1"], ["append-val-1", "header-val-2"], []])

    def test_HTTPRouteRequestMultipleMirrors(self):
        self.ask("/multi-mirror")
        self.ask("/multi-mirror-and-rewrite/x")
        for name in ("v2", "v3"):
            for path in ("/multi-mirror", "/rewritten/x"):
                self.assertEqual(len(self.shadows[name].wait(path, len(PROTOCOLS))), len(PROTOCOLS))

    def share_of(self, path, share):
        """Every request goes to `all`, too, so that what is counted there has been asked."""
        before = self.mirrored("all")
        answered = self.mirrored("v2")
        with http1.Client(self.pair.port) as client:
            for _ in range(_REQUESTS):
                self.assertEqual(client.request("GET", path).status, 200)
        wait_until(lambda: self.mirrored("all") >= before + _REQUESTS, f"every copy of {path}")
        self.assertAlmostEqual((self.mirrored("v2") - answered) / _REQUESTS, share, delta=_WITHIN)
        return self.shadows["v2"].of(path)

    def test_HTTPRouteRequestPercentageMirror(self):
        self.share_of("/percent-mirror", 0.20)

    def test_HTTPRouteRequestPercentageMirror_by_fraction(self):
        self.share_of("/fraction-mirror", 0.50)

    def test_HTTPRouteRequestPercentageMirror_and_modified_headers(self):
        for headers, _ in self.share_of("/percent-mirror-and-modify-headers", 0.35):
            self.assertEqual(values(headers, "x-header-set"), ["set-overwrites-values"])

    def test_of_nothing_none_is_mirrored(self):
        self.ask("/never")
        self.shadows["all"].wait("/never", len(PROTOCOLS))
        self.assertEqual(self.shadows["v2"].of("/never"), [])

    def test_a_service_as_mirror(self):
        self.ask("/service")
        self.shadows["v3"].wait("/service", len(PROTOCOLS))

    def test_a_body_is_copied(self):
        body = os.urandom(48 * 1024)
        with http1.Client(self.pair.port) as client:
            self.assertEqual(client.request("POST", "/mirror/up", body=body).status, 200)
        self.assertEqual(self.shadows["v2"].wait("/mirror/up", 1)[0][1], body)

    def test_nobody_notices_that_a_mirror_is_dead(self):
        self.ask("/dead")
        wait_until(lambda: self.mirrored("dead", "failed") >= len(PROTOCOLS), "the copies to fail")
        self.ask("/empty")
        wait_until(lambda: self.mirrored("empty", "no-healthy-endpoint") >= len(PROTOCOLS), "copies without endpoint")

    def test_what_the_sidecar_answers_is_not_mirrored(self):
        for ask in PROTOCOLS:
            self.assertEqual(ask(self.pair.port, "GET", "/aborted", [], HOST).status, 418)
        self.ask("/mirror/after-it")
        self.shadows["v2"].wait("/mirror/after-it", len(PROTOCOLS))
        self.assertEqual(self.shadows["v2"].of("/aborted"), [])

    def test_explain_names_mirrors_and_their_shares(self):
        def explain(*words):
            done = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "explain", "http://app/percent-mirror", "-f",
                                   self.files, *words], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout

        self.assertEqual(json.loads(explain("-o", "json"))["mirrors"],
                         [{"backendSet": "default/v2", "percent": 20.0}, {"backendSet": "default/all", "percent": 100.0}])
        self.assertIn("filter: RequestMirror: 20% of requests to default/v2", explain())


if __name__ == "__main__":
    unittest.main()
