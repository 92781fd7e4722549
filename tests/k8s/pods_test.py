#!/usr/bin/env python3
"""Pods of a real kube-apiserver, injected by the webhook and run as a node would: who is let in, who is not, and what
Kubelet sees. HEDDLE_BIN: where the programs are; only root can run it."""

import unittest

import cluster
from heddle_harness import netns

if __name__ == "__main__":
    netns.in_a_namespace_of_its_own()

from heddle_harness import http1  # noqa: E402
from heddle_harness.mesh import MeshTestCase  # noqa: E402
from heddle_harness.processes import wait_until  # noqa: E402
from mesh_cluster import NAMESPACE, MeshCluster, app_pod  # noqa: E402

_STRICT = {"heddle.dev/inbound-tls": "strict"}


class Pods(MeshTestCase):
    @classmethod
    def build(cls):
        cls.place = cls.enterClassContext(MeshCluster(cls.mesh))
        cls.node = cls.place.node
        cls.service = cls.place.service("web", 80, 8080)

    def start(self, name, account, words=(), annotations=None):
        pod = self.node.wait_ready(self.node.run(app_pod(name, account, list(words), annotations=annotations)))
        self.addCleanup(pod.stop)
        return pod

    def ask(self, pod, ip, port=80):
        """As the application of that pod; None: it got no answer."""
        with pod.machine.inside():
            try:
                return http1.get(port, "/", ip)
            except (OSError, http1.ConnectionEnded):
                return None

    def test_a_strict_pod_is_reached_by_the_mesh_alone_and_kubelet_sees_it_ready(self):
        web = self.start("strict", "web", ["strict"], _STRICT)
        probe = web["app"].spec["readinessProbe"]["httpGet"]
        self.assertEqual((probe["port"], probe["path"]), (15020, "/app-health/app/readyz"))
        caller = self.start("caller", "caller")
        answer = wait_until(lambda: self.ask(caller, self.service["spec"]["clusterIP"]), "the service by its address")
        self.assertEqual((answer.status, answer.body), (200, b"strict\n"))
        with self.assertRaises((OSError, http1.ConnectionEnded)):
            http1.get(8080, "/", web.ip)  # from the node, without a certificate

    def test_who_a_pod_is_its_service_account_says(self):
        self.start("who", "somebody")
        said = wait_until(lambda: "who.shop" in (text := self.place.control.cli("status", "-o", "json").stdout) and text,
                          "the sidecar to be connected")
        self.assertIn("ns/shop/sa/somebody", said)

    def test_a_pod_that_cannot_be_injected_is_refused_with_the_reason(self):
        with self.assertRaises(cluster.Refused) as refused:
            self.node.run(app_pod("wrong", "web", [], annotations={"heddle.dev/mode": "magic"}))
        self.assertIn("heddle.dev/mode", str(refused.exception))
        self.assertIn("intercept or explicit", str(refused.exception))

    def test_without_the_control_plane_only_those_wait_that_asked(self):
        control = self.place.control
        control.process.kill()
        self.addCleanup(control.start)
        pod = app_pod("none", "web", [])
        with self.assertRaises(cluster.Refused):
            self.place.cluster.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
        pod["metadata"]["namespace"] = "default"
        made = self.place.cluster.call("POST", "/api/v1/namespaces/default/pods", pod)
        self.assertEqual([one["name"] for one in made["spec"]["containers"]], ["app"])


if __name__ == "__main__":
    unittest.main()
