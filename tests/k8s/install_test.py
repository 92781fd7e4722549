#!/usr/bin/env python3
"""The installation on a real kube-apiserver (1.20): the manifests are taken by it, the control plane does its work with the
rights of its own service account under RBAC, and may do nothing else. Without policy/v1, which is of Kubernetes 1.21,
the overlay ha is taken but for its PodDisruptionBudget: that is what `heddle check --pre` says there.
HEDDLE_BIN: where the programs are."""

import json
import os
import subprocess
import unittest

from cluster import FOLDER, Cluster, Refused
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until

_K8S = os.path.join(FOLDER, "..", "..", "k8s")
_SYSTEM = "heddle-system"
_ROUTE_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "httproutes.gateway.networking.k8s.io",
                 "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"}},
    "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced",
             "names": {"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
             "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {
                 "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


class Install(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-f", "-", text=json.dumps(_ROUTE_DEFINITION))
        cls.before = cls.pre_check()
        done = cls.cluster.kubectl("apply", "-k", f"{_K8S}/base", check=False)
        cls.applied = done
        cls.token = cls.cluster.account_token(_SYSTEM, "heddle-control", ["https://kubernetes.default.svc"])
        cls.own = cls.cluster.kubeconfig_of("heddle-control", cls.token)
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kubeconfig", cls.own)

    @classmethod
    def pre_check(cls):
        return subprocess.run([f"{cls.mesh.bin}/heddle", "check", "--pre", "--kubeconfig", cls.cluster.kubeconfig, "-o", "json"],
                              capture_output=True, text=True, timeout=60, check=False)

    def allowed(self, verb, path, body=None, **options):
        """As the control plane's service account."""
        try:
            self.cluster.call(verb, path, body, token=self.token, **options)
            return True
        except Refused as refused:
            if refused.code == 403:
                return False
            raise

    def test_base_is_taken(self):
        self.assertEqual(self.applied.returncode, 0, self.applied.stderr)
        self.assertIn("mutatingwebhookconfiguration.admissionregistration.k8s.io/heddle-injector created", self.applied.stdout)

    def forget_workload(self):
        """Its volume claims cannot be changed: who goes from one overlay to another deletes it first."""
        self.cluster.kubectl("delete", "statefulset", "heddle-control", "-n", _SYSTEM, "--ignore-not-found", "--wait=false")

    def test_overlays_and_the_example_are_taken(self):
        self.forget_workload()
        done = self.take_overlay("dev")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.cluster.kubectl("create", "namespace", "heddle-example", check=False)
        done = self.cluster.kubectl("apply", "--dry-run=server", "-k", f"{_K8S}/example", check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def take_overlay(self, name):
        """As `heddle install` prints it: that this is what kustomize makes is tests/e2e/manifests_test.py."""
        return self.cluster.kubectl("apply", "--dry-run=server", "-f", "-", text=self.heddle("install", "--overlay", name),
                                    check=False)

    def test_the_overlay_ha_is_taken_but_for_an_object_that_this_server_does_not_know(self):
        self.forget_workload()
        done = self.take_overlay("ha")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("statefulset.apps/heddle-control created (server dry run)", done.stdout)
        self.assertNotIn("Error from server", done.stderr)
        self.assertIn('no matches for kind "PodDisruptionBudget" in version "policy/v1"', done.stderr)

    def test_what_the_command_prints_is_taken_and_taken_away(self):
        self.forget_workload()
        done = self.cluster.kubectl("apply", "--dry-run=server", "-f", "-", text=self.heddle("install"), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.cluster.kubectl("delete", "--ignore-not-found", "--dry-run=server", "-f", "-",
                                    text=self.heddle("uninstall"), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith('mutatingwebhookconfiguration.admissionregistration.k8s.io "heddle-injector"'),
                        done.stdout)

    def heddle(self, *words):
        return subprocess.run([f"{self.mesh.bin}/heddle", *words], capture_output=True, text=True, timeout=60, check=True).stdout

    def test_the_webhook_is_not_asked_about_pods_that_did_not_opt_in(self):
        """Nobody serves it here, and it fails closed: whoever is asked about cannot be made."""
        pod = {"metadata": {"generateName": "a-"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        self.cluster.call("POST", "/api/v1/namespaces/default/pods", pod)
        self.cluster.call("POST", "/api/v1/namespaces/kube-system/pods", pod)
        self.cluster.call("POST", f"/api/v1/namespaces/{_SYSTEM}/pods", pod)
        self.cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": "meshed", "labels": {"heddle.dev/inject": "enabled"}}})
        pod["metadata"]["labels"] = {"heddle.dev/inject": "enabled"}
        for namespace in ("meshed", "default"):
            with self.assertRaises(Refused) as refused:
                self.cluster.call("POST", f"/api/v1/namespaces/{namespace}/pods?timeout=15s", pod)
            self.assertIn("injector.heddle.dev", str(refused.exception))

    def test_the_control_plane_reads_the_cluster_with_its_own_rights(self):
        self.cluster.call("POST", "/api/v1/namespaces/default/services", {
            "metadata": {"name": "seen"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
        wait_until(lambda: "seen" in self.control.cli("get", "services", check=False).stdout, "the Service to be read")

    def test_it_may_do_what_it_does(self):
        core, system = "/api/v1", f"/api/v1/namespaces/{_SYSTEM}"
        reads = [f"{core}/services", f"{core}/pods", f"{core}/namespaces", f"{core}/endpoints", "/apis/heddle.dev/v1/workloads",
                 "/apis/discovery.k8s.io/v1beta1/endpointslices", "/apis/gateway.networking.k8s.io/v1/httproutes",
                 "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?fieldSelector=metadata.name%3Dheddle-injector",
                 f"{core}/configmaps?fieldSelector=metadata.name%3Dheddle-root"]
        for path in reads:
            with self.subTest(path=path):
                self.assertTrue(self.allowed("GET", path))
        self.assertTrue(self.allowed("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}}))
        self.assertTrue(self.allowed("POST", f"{core}/namespaces/default/events", {
            "metadata": {"generateName": "a-"}, "involvedObject": {"namespace": "default"}, "reason": "Injected"}))
        self.assertTrue(self.allowed("POST", f"{system}/secrets", {"metadata": {"name": "heddle-default-ledger"}}))
        self.assertTrue(self.allowed("GET", f"{system}/secrets/heddle-default-ledger"))
        leases = f"/apis/coordination.k8s.io/v1/namespaces/{_SYSTEM}/leases"
        self.assertTrue(self.allowed("POST", leases, {"metadata": {"name": "heddle-default"}}))
        self.assertTrue(self.allowed("GET", f"{leases}/heddle-default"))
        self.assertTrue(self.allowed("GET", f"{leases}?labelSelector=heddle.dev%2Fmesh%3Ddefault"))
        self.assertTrue(self.allowed("POST", leases, {"metadata": {"name": "heddle-default-a-1"}}))
        self.assertTrue(self.allowed("PATCH", f"{leases}/heddle-default-a-1", {"spec": {"leaseDurationSeconds": 15}},
                                     content_type="application/merge-patch+json"))
        self.assertTrue(self.allowed("DELETE", f"{leases}/heddle-default-a-1"))

    def test_it_publishes_what_to_trust_and_no_other_config_map(self):
        self.cluster.kubectl("create", "namespace", "trusting")

        def publish(name):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"root.pem": "x"}}
            return self.allowed("PATCH", f"/api/v1/namespaces/trusting/configmaps/{name}?fieldManager=heddle&force=true", body,
                                content_type="application/apply-patch+yaml")

        self.assertTrue(publish("heddle-root"))
        self.assertTrue(publish("heddle-root"))
        self.assertFalse(publish("other"))

    def test_it_tells_namespaces_with_sidecars_whom_to_trust(self):
        with open(os.path.join(os.path.dirname(self.control.context), "root.pem"), encoding="ascii") as file:
            root = file.read()
        self.cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": "told", "labels": {"heddle.dev/inject": "enabled"}}})
        path = "/api/v1/namespaces/told/configmaps/heddle-root"

        def said():
            try:
                return self.cluster.call("GET", path)["data"].get("root.pem")
            except Refused:
                return None

        wait_until(lambda: said() == root, "the roots to be published")
        self.cluster.call("PATCH", path, {"data": {"root.pem": "somebody else's"}}, content_type="application/merge-patch+json")
        wait_until(lambda: said() == root, "the roots to be set right again")
        self.cluster.call("DELETE", path)
        wait_until(lambda: said() == root, "the roots to be made again")
        with self.assertRaises(Refused):
            self.cluster.call("GET", "/api/v1/namespaces/default/configmaps/heddle-root")

    def test_it_writes_statuses_and_nothing_else_of_an_object(self):
        path = "/apis/heddle.dev/v1/namespaces/default/workloads"
        self.cluster.call("POST", path, {
            "apiVersion": "heddle.dev/v1", "kind": "Workload", "metadata": {"name": "hello"},
            "spec": {"identity": "spiffe://cluster.local/ns/default/sa/hello"}})
        merge = {"content_type": "application/merge-patch+json"}
        self.assertTrue(self.allowed("PATCH", f"{path}/hello/status", {"status": {}}, **merge))
        self.assertFalse(self.allowed("PATCH", f"{path}/hello", {"spec": {}}, **merge))
        self.assertFalse(self.allowed("DELETE", f"{path}/hello"))

    def test_it_may_do_nothing_more(self):
        core, system = "/api/v1", f"/api/v1/namespaces/{_SYSTEM}"
        self.cluster.call("POST", f"{system}/secrets", {"metadata": {"name": "somebody-elses"}})
        pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        webhooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
        refused = [
            ("GET", f"{system}/secrets/somebody-elses", None), ("GET", f"{system}/secrets", None), ("GET", f"{core}/secrets", None),
            ("GET", f"{core}/namespaces/default/secrets/heddle-default-ledger", None),
            ("POST", f"{core}/namespaces/default/secrets", {"metadata": {"name": "a"}}),
            ("POST", f"{core}/namespaces/default/pods", pod), ("DELETE", f"{core}/namespaces/default/pods/a", None),
            ("POST", f"{core}/namespaces/default/configmaps", {"metadata": {"name": "a"}}),
            ("GET", "/apis/coordination.k8s.io/v1/leases", None),
            ("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", None),
            ("GET", f"{core}/configmaps", None), ("GET", f"{core}/nodes", None),
            ("GET", "/apis/apps/v1/deployments", None), ("GET", webhooks, None), ("GET", f"{webhooks}/other", None),
            ("GET", f"{webhooks}/heddle-injector", None),
            ("POST", f"{core}/namespaces/default/serviceaccounts/default/token", {"spec": {"audiences": ["a"]}}),
            ("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
                "metadata": {"name": "a"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                                                       "name": "cluster-admin"}})]
        for verb, path, body in refused:
            with self.subTest(verb=verb, path=path):
                self.assertFalse(self.allowed(verb, path, body))

    def test_check_pre_says_what_is_missing(self):
        self.assertEqual(self.before.returncode, 0, self.before.stderr + self.before.stdout)
        before = {(one["check"], one["result"]): one["finding"] for one in json.loads(self.before.stdout)["checks"]}
        self.assertIn("1.20", before["api server", "ok"])
        self.assertIn("PodDisruptionBudget", before["api server", "warn"])
        self.assertIn("grpcroutes", before["gateway api", "warn"])
        self.assertNotIn("httproutes", before["gateway api", "warn"])
        self.assertIn("none of ours", before["definitions", "ok"])
        self.assertIn("is not there yet", before["namespace", "ok"])
        self.assertIn("1.29", before["sidecars", "warn"])
        self.assertIn("default StorageClass", before["storage", "warn"])
        after = {one["check"]: one["finding"] for one in json.loads(self.pre_check().stdout)["checks"]}
        self.assertIn("are there", after["definitions"])
        self.assertIn("pod security: restricted", after["namespace"])

    def test_check_pre_says_which_rights_are_missing(self):
        done = subprocess.run([f"{self.mesh.bin}/heddle", "check", "--pre", "--kubeconfig", self.own], capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("you may not create namespaces", done.stdout)


if __name__ == "__main__":
    unittest.main()
