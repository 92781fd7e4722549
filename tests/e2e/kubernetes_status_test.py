#!/usr/bin/env python3
"""What a control plane writes into the status of a cluster's objects (a double of its API server: tests/k8s): whether they
are accepted, whether what they name is there, and on how many sidecars they are live; beside what others write there."""

import json
import unittest

from heddle_harness import http1
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from kubernetes_source_test import _CORE, _ROUTES, Double, service, endpoints, route

_OURS = "heddle.dev/controller"
_OTHER = {"controllerName": "example.com/other", "parentRef": {"name": "gate"}, "conditions": []}
_MERGE = "application/merge-patch+json"


class Status(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Double())
        cls.create(f"{_CORE}/services", service("hello", "10.96.0.10"))
        for one in endpoints("hello", [9]):
            cls.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", one)
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kube-api-url", cls.cluster.server)
        cls.sidecar = cls.mesh.sidecar("caller", [cls.mesh.outbound("hello")], cls.mesh.control_blocks("caller"))
        cls.sidecar.start()

    @classmethod
    def create(cls, path, item):
        cls.cluster.open("POST", path, item).close()

    def get(self, path):
        with self.cluster.open("GET", path) as answer:
            return json.load(answer)

    def make_route(self, name, to="hello"):
        self.create(_ROUTES, route(name, to, f"/{name}"))
        self.addCleanup(lambda: self.cluster.open("DELETE", f"{_ROUTES}/{name}").close())
        return f"{_ROUTES}/{name}"

    def conditions(self, path):
        """{type: condition} of our entry."""
        parents = self.get(path).get("status", {}).get("parents", [])
        ours = [one for one in parents if one["controllerName"] == _OURS]
        return {one["type"]: one for one in ours[0]["conditions"]} if ours else {}

    def wait_condition(self, path, kind, status, reason):
        def holds():
            one = self.conditions(path).get(kind, {})
            return (one.get("status"), one.get("reason")) == (status, reason)
        wait_until(holds, f"{kind} of {path} to be {status} ({reason})")
        return self.conditions(path)[kind]

    def writes(self, path):
        """Of anybody: the double does not know who asks."""
        requests = self.cluster.order("GET", "/requests")
        return [one for one in requests if one["path"] == f"{path}/status" and one["verb"] == "patch"]

    def test_a_route_that_is_live_says_so(self):
        path = self.make_route("good")
        one = self.wait_condition(path, "Programmed", "True", "Programmed")
        self.assertRegex(one["message"], "live on 1 of 1 sidecars")
        self.assertEqual(one["observedGeneration"], self.get(path)["metadata"]["generation"])
        self.assertEqual(self.conditions(path)["Accepted"]["status"], "True")
        self.assertEqual(self.conditions(path)["ResolvedRefs"]["status"], "True")

    def test_a_backend_that_is_not_there_is_named_and_its_route_is_live(self):
        path = self.make_route("lost", "nowhere")
        one = self.wait_condition(path, "ResolvedRefs", "False", "BackendNotFound")
        self.assertIn("nowhere", one["message"])
        self.assertEqual(self.conditions(path)["Accepted"]["status"], "True")
        self.wait_condition(path, "Programmed", "True", "Programmed")
        answer = http1.get(self.sidecar.address_of("out")[1], "/lost/x")
        self.assertEqual((answer.status, answer.header("heddle-reason")), (500, "backend-set-missing"))

    def test_a_backend_of_an_unknown_kind_is_named(self):
        item = route("odd", "hello", "/odd")
        item["spec"]["rules"][0]["backendRefs"].append({"group": "multicluster.x-k8s.io", "kind": "ServiceImport", "name": "x"})
        self.create(_ROUTES, item)
        self.addCleanup(lambda: self.cluster.open("DELETE", f"{_ROUTES}/odd").close())
        one = self.wait_condition(f"{_ROUTES}/odd", "ResolvedRefs", "False", "InvalidKind")
        self.assertIn("backendRefs[1]", one["message"])
        self.wait_condition(f"{_ROUTES}/odd", "Programmed", "True", "Programmed")

    def test_what_another_controller_wrote_stays_and_is_no_reason_to_write(self):
        path = self.make_route("shared")
        self.wait_condition(path, "Programmed", "True", "Programmed")
        ours = self.get(path)["status"]["parents"]
        before = len(self.writes(path))
        for turn in range(20):
            other = dict(_OTHER, turn=turn)
            self.cluster.open("PATCH", f"{path}/status", {"status": {"parents": [*ours, other]}}, _MERGE).close()
        # A change of ours, after all of these.
        self.cluster.open("PATCH", path, {"spec": route("shared", "nowhere", "/shared")["spec"]}, _MERGE).close()
        self.wait_condition(path, "ResolvedRefs", "False", "BackendNotFound")
        parents = self.get(path)["status"]["parents"]
        self.assertIn(dict(_OTHER, turn=19), parents)
        self.assertLessEqual(len(self.writes(path)) - before - 20, 3)

    def test_a_service_that_is_wrong_has_an_event(self):
        self.create(f"{_CORE}/services", service("odd", "10.96.0.12", {"heddle.dev/timeout": "soon"}))
        self.addCleanup(lambda: self.cluster.open("DELETE", f"{_CORE}/services/odd").close())

        def events():
            found = self.get(f"{_CORE}/events")["items"]
            return [one for one in found if one["involvedObject"]["name"] == "odd"]
        wait_until(events, "an Event of the Service")
        self.assertIn("heddle.dev/timeout", events()[0]["message"])


class MayNotWrite(MeshTestCase):
    """Without the right to write a status: said once, and the mesh is served."""

    def test_a_refusal_is_logged_once_and_stops_nothing(self):
        cluster = self.enterContext(Double())
        cluster.order("POST", "/fault", {"do": "status", "code": 403, "path": f"{_ROUTES}/", "verb": "patch", "times": 10_000})
        cluster.open("POST", f"{_CORE}/services", service("hello", "10.96.0.10")).close()
        for name in ("one", "two", "three"):
            cluster.open("POST", _ROUTES, route(name, "hello", f"/{name}")).close()
        control = self.mesh.start_control("--source", "kubernetes", "--kube-api-url", cluster.server)
        control.process.wait_log("the right to patch httproutes/status is missing")
        self.assertIn("three", control.cli("get", "httproutes").stdout)
        self.assertEqual(control.process.log().count("the right to patch httproutes/status is missing"), 1)


if __name__ == "__main__":
    unittest.main()
