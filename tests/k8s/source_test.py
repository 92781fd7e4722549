#!/usr/bin/env python3
"""A control plane whose source is a real kube-apiserver (1.20): its CRDs are taken, what does not fit their schemas is
refused there, and Services, slices, routes and policies become traffic. HEDDLE_BIN: where the programs are."""

import os
import subprocess
import unittest

from cluster import Cluster, Refused
from heddle_harness import http1
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CORE = "/api/v1/namespaces/default"
_SLICES = "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices"
_POLICIES = "/apis/heddle.dev/v1/namespaces/default/trafficpolicies"
_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"
# The Gateway API is not part of Kubernetes; of its own definition only the names matter here.
_HTTP_ROUTE = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "httproutes.gateway.networking.k8s.io",
                 "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"}},
    "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced",
             "names": {"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def policy(timeout):
    return {"apiVersion": "heddle.dev/v1", "kind": "TrafficPolicy", "metadata": {"name": "hello", "namespace": "default"},
            "spec": {"targetRefs": [{"kind": "BackendSet", "name": "hello.80"}], "timeouts": {"request": timeout}}}


class Source(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.crds = subprocess.run([os.path.join(cls.mesh.bin, "heddle"), "schema", "--crds"], capture_output=True, text=True,
                                  check=True).stdout.split("---\n")[1:]
        for text in cls.crds:
            cls.post_yaml(_CRDS, text)
        cls.cluster.call("POST", _CRDS, _HTTP_ROUTE)
        cls.app = hello_app(b"hello")
        cls.addClassCleanup(cls.app.close)
        cls.cluster.call("POST", f"{_CORE}/services", {
            "metadata": {"name": "hello"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
        cls.cluster.call("POST", _SLICES, {
            "metadata": {"name": "hello-1", "labels": {"kubernetes.io/service-name": "hello"}}, "addressType": "IPv4",
            "ports": [{"name": "http", "port": cls.app.port, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]})
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kubeconfig", cls.cluster.kubeconfig)
        cls.sidecar = cls.mesh.sidecar("caller", [cls.mesh.outbound("hello")], cls.mesh.control_blocks("caller"))
        cls.sidecar.start()
        cls.port = cls.sidecar.address_of("out")[1]

    @classmethod
    def post_yaml(cls, path, text):
        """The API server reads YAML as well."""
        cls.cluster.open("POST", path, text, content_type="application/yaml").close()

    def get(self, path="/"):
        return http1.get(self.port, path)

    def test_services_and_routes_of_a_real_cluster_are_obeyed(self):
        wait_until(lambda: self.get().body == b"hello", "the Service to be reached")
        rule = {"matches": [{"path": {"type": "Exact", "value": "/only"}}], "backendRefs": [{"name": "hello", "port": 80}]}
        self.cluster.call("POST", _ROUTES, {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "only"},
            "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": "hello"}], "rules": [rule]}})
        self.addCleanup(self.cluster.call, "DELETE", f"{_ROUTES}/only")
        wait_until(lambda: self.get("/other").status == 404, "the route to be in force")
        self.assertEqual(self.get("/only").body, b"hello")

    def test_policies_are_checked_by_their_definitions_and_obeyed(self):
        with self.assertRaises(Refused) as refused:
            self.cluster.call("POST", _POLICIES, policy(15))
        self.assertEqual(refused.exception.code, 422)
        self.assertIn("spec.timeouts.request", str(refused.exception))
        self.cluster.call("POST", _POLICIES, policy("15s"))
        self.addCleanup(self.cluster.call, "DELETE", f"{_POLICIES}/hello")
        wait_until(lambda: "hello" in self.control.cli("get", "trafficpolicies", check=False).stdout, "the policy to be there")

    def test_every_kind_of_ours_is_defined(self):
        found = self.cluster.call("GET", _CRDS)["items"]
        ours = [one for one in found if one["spec"]["group"] == "heddle.dev"]
        self.assertEqual(len(ours), len(self.crds))
        for one in ours:
            conditions = {each["type"]: each["status"] for each in one["status"]["conditions"]}
            self.assertEqual(conditions.get("Established"), "True", one["metadata"]["name"])
            self.assertNotIn("NonStructuralSchema", conditions, conditions)


if __name__ == "__main__":
    unittest.main()
