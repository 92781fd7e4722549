#!/usr/bin/env python3
"""A control plane whose mesh is what a Kubernetes cluster says (a double of its API server: tests/k8s): Services and
EndpointSlices become traffic, routes are obeyed, what is wrong takes nothing else down, and nothing is applied beside it."""

import collections
import json
import os
import sys
import unittest
import urllib.error

from heddle_harness import http1
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.programs import Control

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "k8s"))
from double import Double  # noqa: E402 pylint: disable=wrong-import-position

_CORE = "/api/v1/namespaces/default"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"


def service(name, cluster_ip, annotations=None):
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": {"clusterIP": cluster_ip, "ports": [{"name": "http", "port": 80}]}}


def endpoints(service_name, ports):
    """One slice for each port: every application here has an address of its own on loopback by its port alone."""
    return [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": f"{service_name}-{port}", "namespace": "default",
                          "labels": {"kubernetes.io/service-name": service_name}},
             "ports": [{"name": "http", "port": port}], "endpoints": [{"addresses": ["127.0.0.1"]}]} for port in ports]


def route(name, to, path):
    backend = {"name": to, "port": 80}
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": "hello"}],
                     "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": [backend]}]}}


class Source(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Double())
        cls.apps = {name: hello_app(name.encode()) for name in ("one", "two", "other")}
        for app in cls.apps.values():
            cls.addClassCleanup(app.close)
        cls.create(f"{_CORE}/services", service("hello", "10.96.0.10"))
        for one in endpoints("hello", [cls.apps["one"].port]):
            cls.create(_SLICES, one)
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kube-api-url", cls.cluster.server)
        cls.sidecar = cls.mesh.sidecar("caller", [cls.mesh.outbound("hello")], cls.mesh.control_blocks("caller"))
        cls.sidecar.start()
        cls.port = cls.sidecar.address_of("out")[1]

    @classmethod
    def create(cls, path, item):
        cls.cluster.open("POST", path, item).close()

    def delete(self, path):
        self.cluster.open("DELETE", path).close()

    def published(self, namespace):
        try:
            with self.cluster.open("GET", f"/api/v1/namespaces/{namespace}/configmaps/heddle-root") as answer:
                return json.load(answer)["data"].get("root.pem")
        except urllib.error.HTTPError:
            return None

    def test_namespaces_that_asked_have_the_roots(self):
        with open(os.path.join(os.path.dirname(self.control.context), "root.pem"), encoding="ascii") as file:
            root = file.read()
        self.create("/api/v1/namespaces", {"metadata": {"name": "meshed", "labels": {"heddle.dev/inject": "enabled"}}})
        wait_until(lambda: self.published("meshed") == root, "the roots to be published")
        self.delete("/api/v1/namespaces/meshed/configmaps/heddle-root")
        wait_until(lambda: self.published("meshed") == root, "the roots to be published again")
        self.assertIsNone(self.published("default"))

    def answers(self, path="/", count=12):
        found = (http1.get(self.port, path) for _ in range(count))
        return collections.Counter((one.status, one.body.decode()) for one in found)

    def wait_answers(self, names, path="/"):
        want = {(200, name) for name in names}
        wait_until(lambda: set(self.answers(path)) == want, f"answers of {names} at {path}")

    def test_a_service_is_reached_and_follows_its_slices(self):
        self.wait_answers(["one"])
        second = endpoints("hello", [self.apps["two"].port])[0]
        self.create(_SLICES, second)
        self.wait_answers(["one", "two"])
        self.delete(f"{_SLICES}/{second['metadata']['name']}")
        self.wait_answers(["one"])

    def test_a_route_is_obeyed_and_one_that_is_wrong_takes_only_itself_out(self):
        self.create(f"{_CORE}/services", service("other", "10.96.0.11"))
        self.addCleanup(self.delete, f"{_CORE}/services/other")
        for one in endpoints("other", [self.apps["other"].port]):
            self.create(_SLICES, one)
        lost = route("lost", "other", "/lost")
        lost["spec"]["parentRefs"][0]["port"] = 81
        self.create(_ROUTES, lost)
        self.addCleanup(self.delete, f"{_ROUTES}/lost")
        self.control.process.wait_log("HTTPRoute default/lost")
        self.create(_ROUTES, route("good", "other", "/other"))
        self.addCleanup(self.delete, f"{_ROUTES}/good")
        self.wait_answers(["other"], "/other")
        # A route takes the place of the implicit one.
        wait_until(lambda: http1.get(self.port, "/elsewhere").status == 404, "what no rule matches to be told so")

    def test_the_share_of_a_backend_that_is_not_there_is_500_and_the_others_keep_theirs(self):
        for one in endpoints("late", [self.apps["other"].port]):
            self.create(_SLICES, one)
            self.addCleanup(self.delete, f"{_SLICES}/{one['metadata']['name']}")
        half = route("half", "hello", "/half")
        half["spec"]["rules"][0]["backendRefs"].append({"name": "late", "port": 80})
        self.create(_ROUTES, half)
        self.addCleanup(self.delete, f"{_ROUTES}/half")

        def statuses():
            return collections.Counter(http1.get(self.port, "/half").status for _ in range(40))
        wait_until(lambda: set(statuses()) == {200, 500}, "half of it to be refused")
        counts = sum((statuses() for _ in range(10)), collections.Counter())
        self.assertAlmostEqual(counts[500] / 400, 0.5, delta=0.15)
        refused = next(one for one in iter(lambda: http1.get(self.port, "/half"), None) if one.status == 500)
        self.assertEqual(refused.header("heddle-reason"), "backend-set-missing")
        shown = self.control.cli("explain", "http://hello.default/half").stdout
        self.assertIn('leads nowhere: BackendNotFound: no Service "late"', shown)
        self.create(f"{_CORE}/services", service("late", "10.96.0.13"))
        wait_until(lambda: set(self.answers("/half", 40)) == {(200, "one"), (200, "other")}, "both to get their half")
        self.delete(f"{_CORE}/services/late")
        wait_until(lambda: set(statuses()) == {200, 500}, "half of it to be refused again")

    def test_nothing_is_applied_beside_the_cluster(self):
        done = self.control.cli("delete", "service", "hello", check=False)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("change the objects there (kubectl apply)", done.stderr)
        self.assertIn("hello", self.control.cli("get", "services").stdout)
        self.assertIn("kubernetes", self.control.cli("history").stdout)

    def test_a_wrong_annotation_is_said_and_the_service_stays(self):
        mark = len(self.control.process.log())
        self.create(f"{_CORE}/services", service("odd", "10.96.0.12", {"heddle.dev/timeout": "soon"}))
        self.addCleanup(self.delete, f"{_CORE}/services/odd")
        self.control.process.wait_log("metadata.annotations[heddle.dev/timeout]", after=mark)
        wait_until(lambda: "odd" in self.control.cli("get", "services").stdout, "the Service to be there")

    def test_watches_that_break_lose_nothing(self):
        self.wait_answers(["one"])
        self.cluster.order("POST", "/watches", {"do": "reset"})
        second = endpoints("hello", [self.apps["two"].port])[0]
        self.create(_SLICES, second)
        self.wait_answers(["one", "two"])
        self.cluster.order("POST", "/compact")
        self.cluster.order("POST", "/watches", {"do": "close"})
        self.delete(f"{_SLICES}/{second['metadata']['name']}")
        self.wait_answers(["one"])


class NotSynced(MeshTestCase):
    """A cluster that does not answer yet: not ready, and nothing is told."""

    def test_nothing_is_told_before_all_was_read(self):
        cluster = self.enterContext(Double())
        cluster.order("POST", "/fault", {"do": "status", "code": 503, "path": "/api/v1/pods", "times": 10_000})
        ports = [self.mesh.ports.reserve() for _ in range(3)]
        control = Control(self.mesh.group, self.mesh.bin, ports,
                          ("--source", "kubernetes", "--kube-api-url", cluster.server)).launch()
        control.process.wait_log('"msg":"running"')

        def waits():
            ready = http1.get(control.health_port, "/readyz")
            return ready.status == 503 and b"cluster: waits for the first list of pods" in ready.body
        wait_until(waits, "/readyz to say what it waits for")
        cluster.order("DELETE", "/fault")
        wait_until(control.is_ready, "the control plane to be ready")


if __name__ == "__main__":
    unittest.main()
