#!/usr/bin/env python3
"""Three control planes whose mesh is what one Kubernetes cluster says (a double of its API server: tests/k8s): one leads
and translates, the others serve the same versions, and any of them may die."""

import json
import os
import sys
import unittest

from heddle_harness import http1
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.replicas import Replicas, point
from kubernetes_source_test import endpoints, service

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "k8s"))
from double import Double  # noqa: E402 pylint: disable=wrong-import-position

_CORE = "/api/v1/namespaces/default"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
_LEASE = "/apis/coordination.k8s.io/v1/namespaces/default/leases/heddle-e2e"
_TAKEOVER = 40.0  # s: a lease of 15 s, then a candidate's next look, on a busy machine


class Shared:
    """What Replicas needs to know of the store."""

    def __init__(self, cluster):
        self._cluster = cluster

    def flags(self):
        return ("--source", "kubernetes", "--kube-api-url", self._cluster.server, "--store", "kubernetes")


def sequence(version):
    return tuple(int(part) for part in version.split("."))


class KubernetesReplicas(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app(b"one")
        cls.addClassCleanup(cls.app.close)

    def setUp(self):
        self.cluster = self.enterContext(Double())
        self.create(f"{_CORE}/services", service("hello", "10.96.0.10"))
        for one in endpoints("hello", [self.app.port]):
            self.create(_SLICES, one)
        self.replicas = Replicas(self.mesh, Shared(self.cluster), self.names()).start()
        for one in self.replicas:
            self.addCleanup(one.process.kill)

    def names(self):
        return [f"{self._testMethodName.replace('_', '-')[5:12]}{letter}" for letter in "abc"]

    def create(self, path, item):
        self.cluster.open("POST", path, item).close()

    def lease(self):
        with self.cluster.open("GET", _LEASE) as answer:
            return json.load(answer)["spec"]

    def leader(self):
        holder = self.lease()["holderIdentity"].split("_")[0]
        return next((one for one in self.replicas if one.name == holder), None)

    def wait_leader(self, *but):
        return wait_until(lambda: (found := self.leader()) and found not in but and found, "another leader", _TAKEOVER)

    def has(self, replica, name):
        return name in replica.cli("get", "services").stdout

    @staticmethod
    def version(replica):
        return json.loads(replica.cli("status", "-o", "json").stdout)["version"]

    def sidecar(self, name, *replicas):
        sidecar = self.mesh.sidecar(name, [self.mesh.outbound("hello")], self.mesh.control_blocks(name))
        point(sidecar, *replicas).start()
        return sidecar

    def test_all_serve_the_same_versions_and_who_dies_is_followed_by_another(self):
        leader = self.wait_leader()
        followers = self.replicas.others(leader)
        sidecar = self.sidecar("of-a-follower", *followers)
        port = sidecar.address_of("out")[1]
        wait_until(lambda: http1.get(port, "/").status == 200, "the sidecar of a follower to be served")
        before = [self.version(one) for one in self.replicas]
        self.assertEqual(len(set(before)), 1, before)

        with Load(port, rate=50, connections=2) as load:
            leader.process.kill()
            self.create(f"{_CORE}/services", service("while-away", "10.96.0.20"))  # churn
            heir = self.wait_leader(leader)
            for one in followers:
                wait_until(lambda one=one: self.has(one, "while-away"), f"{one.name} to have what changed", _TAKEOVER)
        self.assertEqual(load.failures, [])
        after = {self.version(one) for one in followers}
        self.assertEqual(len(after), 1, "the same versions")
        self.assertGreater(sequence(after.pop())[0], sequence(before[0])[0], f"{heir.name} began another epoch")
        leader.process.start()
        wait_until(lambda: leader.is_ready() and self.has(leader, "while-away"), "who came back to follow")
        self.assertIs(self.leader(), heir)

    def test_join_tokens_and_roots_are_of_all(self):
        roots = {tuple(one.roots()) for one in self.replicas}
        self.assertEqual(len(roots), 1)
        self.wait_leader()
        for number, one in enumerate(self.replicas):
            with self.subTest(one.name):
                self.sidecar(f"joins-{number}", one)  # its token is of the first of them

    def test_who_cannot_reach_the_api_server_leads_no_more(self):
        leader = self.wait_leader()
        mark = len(leader.process.log())
        # Renewals are refused; the Lease of the double then runs out for the others as well, who may not write it either.
        self.cluster.order("POST", "/fault", {"do": "status", "code": 503, "path": "/leases/", "verb": "update",
                                              "times": 1_000_000})
        leader.process.wait_log("this control plane leads no more", after=mark)
        self.assertEqual(self.lease()["holderIdentity"].split("_")[0], leader.name, "before another one could take it")
        self.assertTrue(self.has(leader, "hello"), "it serves what it has")
        self.cluster.order("DELETE", "/fault")
        wait_until(lambda: self.has(self.wait_leader(), "hello"), "somebody to lead", _TAKEOVER)


if __name__ == "__main__":
    unittest.main()
