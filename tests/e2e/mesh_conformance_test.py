#!/usr/bin/env python3
"""The cases of the Gateway API's mesh conformance suite that no other file has, by their names.

mesh_http_matching_test.py, mesh_http_filters_test.py, mesh_grpc_matching_test.py, mesh_mirror_test.py and
mesh_grpc_filters_test.py have the others.
"""

import collections
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.resources import matched

_REQUESTS = 2000  # of the weighted case: beyond _WITHIN once in a million runs
_WITHIN = 0.05  # of them, as the conformance suite has it
_FIELD = "x-header-set"


def says(value):
    """A filter that sets a field of the answer: how the suite sees which route a request took."""
    return [{"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": _FIELD, "value": value}]}}]


def path(value, kind="PathPrefix"):
    return {"path": {"type": kind, "value": value}}


def to(name, weight=1):
    return [resources.to_backend_set(name, weight)]


class ConformanceCase(MeshTestCase):
    """Two applications, v1 and v2; a sidecar in the services' namespace and one in another; all is said in one file."""

    resources = ()

    @classmethod
    def build(cls):
        everything = list(cls.resources)
        for name in ("v1", "v2"):
            app = hello_app(name.encode())
            cls.addClassCleanup(app.close)
            everything.append(resources.backend_set(name, [resources.endpoint(app.ip, app.port)], tls="plaintext"))
        blocks = cls.mesh.file_blocks(None, cls.mesh.write("mesh.yaml", resources.to_yaml(everything)))
        cls.client = cls.mesh.sidecar("client", cls.listeners(), blocks).start()
        cls.stranger = cls.mesh.sidecar("stranger", [cls.mesh.outbound()], blocks, namespace="elsewhere").start()

    @classmethod
    def listeners(cls):
        return [cls.mesh.outbound()]

    def ask(self, host, target="/", sidecar=None, listener="out"):
        with http1.Client((sidecar or self.client).address_of(listener)[1]) as connection:
            return connection.request("GET", target, [("host", host)])

    def backend(self, *args, **more):
        answer = self.ask(*args, **more)
        return answer.body.decode() if answer.status == 200 else answer.status

    def field(self, *args, **more):
        answer = self.ask(*args, **more)
        self.assertEqual(answer.status, 200)
        return dict(answer.headers).get(_FIELD)


class OneBackend(ConformanceCase):
    resources = (
        resources.service("plain", backend_set="v1"),
        resources.service("routed", backend_set="v1"), resources.route("routed", "routed", [matched(to("v2"))]),
    )

    def test_mesh_basic(self):
        self.assertEqual(self.backend("plain"), "v1")
        self.assertEqual(self.backend("plain.default", sidecar=self.stranger), "v1")

    def test_mesh_http_route_simple_same_namespace(self):
        self.assertEqual(self.backend("routed"), "v2")


class Splits(ConformanceCase):
    resources = (
        resources.service("split", backend_set="v1"),
        resources.route("split", "split", [
            matched(to("v1"), path("/v1", "Exact")), matched(to("v2"), path("/v2", "Exact"))]),
        resources.service("weighted", backend_set="v1"),
        resources.route("weighted", "weighted", [matched([*to("v1", 70), *to("v2", 30)])]),
    )

    def test_mesh_traffic_split(self):
        self.assertEqual(self.backend("split", "/v1"), "v1")
        self.assertEqual(self.backend("split", "/v2"), "v2")
        self.assertEqual(self.backend("split", "/v3"), 404)
        self.assertEqual(self.backend("split", "/v1/below"), 404)

    def test_mesh_http_route_weight(self):
        with http1.Client(self.client.address_of("out")[1]) as connection:
            seen = collections.Counter(
                connection.request("GET", "/", [("host", "weighted")]).body.decode() for _ in range(_REQUESTS))
        self.assertEqual(set(seen), {"v1", "v2"})
        self.assertAlmostEqual(seen["v1"] / _REQUESTS, 0.7, delta=_WITHIN)


class Frontends(ConformanceCase):
    """A route belongs to the service that was dialled, and to no other service with the same backends."""

    resources = (
        resources.service("echo", backend_set="v1"), resources.service("echo-v2", backend_set="v2"),
        resources.route("to-v2", "echo-v2", [matched(to("v2"), filters=says("v2"))]),
    )

    @classmethod
    def listeners(cls):
        return [cls.mesh.outbound(), cls.mesh.outbound("echo-v2", name="v2"), cls.mesh.outbound("echo", name="echo")]

    def test_mesh_frontend(self):
        self.assertEqual(self.field("echo-v2"), "v2")
        self.assertIsNone(self.field("echo"))

    def test_mesh_frontend_hostname(self):
        for host in ("echo-v2", "echo", "other.example"):
            with self.subTest(host=host):
                self.assertEqual(self.field(host, listener="v2"), "v2")
                self.assertIsNone(self.field(host, listener="echo"))


class Consumers(ConformanceCase):
    """A route in the client's namespace is for the clients there, and replaces the others for them."""

    resources = (
        resources.service("echo", backend_set="v1"), resources.service("produced", backend_set="v1"),
        resources.route("own", "echo", [matched([{**to("v1")[0], "namespace": "default"}], filters=says("consumer"))],
                           ns="elsewhere"),
        resources.route("producer", "produced", [matched(to("v1"), filters=says("producer"))]),
        resources.route("instead", "produced", [matched([{**to("v2")[0], "namespace": "default"}], path("/only"))],
                           ns="elsewhere"),
    )
    for made in resources:
        for parent in made["spec"].get("parentRefs", ()):
            parent["namespace"] = "default"

    def test_mesh_consumer_route(self):
        self.assertEqual(self.field("echo.default", sidecar=self.stranger), "consumer")
        self.assertIsNone(self.field("echo.default"))

    def test_it_replaces_those_of_the_services_namespace(self):
        self.assertEqual(self.field("produced.default"), "producer")
        self.assertEqual(self.backend("produced.default", "/only", sidecar=self.stranger), "v2")
        self.assertEqual(self.backend("produced.default", "/other", sidecar=self.stranger), 404)


class Ports(ConformanceCase):
    """A route with a port in its parentRef is for that port, one without for all."""

    resources = tuple({**resources.service(name, backend_set="v1"), "spec": {"ports": [
        {"port": 80, "protocol": "http", "backendSet": "v1"}, {"port": 8080, "protocol": "http", "backendSet": "v1"}]}}
        for name in ("every", "one")) + (
        resources.route("every", "every", [matched(to("v2"), filters=says("set"))]),
        resources.route("one", "one", [matched(to("v2"), filters=says("set"))]),
    )
    resources[-1]["spec"]["parentRefs"][0]["port"] = 80

    def test_mesh_ports(self):
        self.assertEqual(self.field("every:80"), "set")
        self.assertEqual(self.field("every:8080"), "set")
        self.assertEqual(self.field("one:80"), "set")
        self.assertEqual(self.field("one"), "set")
        self.assertIsNone(self.field("one:8080"))
        self.assertEqual(self.backend("one:8080"), "v1")


if __name__ == "__main__":
    unittest.main()
