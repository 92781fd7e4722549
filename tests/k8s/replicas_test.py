#!/usr/bin/env python3
"""Two control planes of one cluster on a real kube-apiserver, with the rights of the installed Role alone: each has a Lease by
which the other one knows it. HEDDLE_BIN: where the programs are."""

import json
import os
import unittest

from cluster import FOLDER, Cluster
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.replicas import MESH, Replicas

_SYSTEM = "heddle-system"
_LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{_SYSTEM}/leases"
_GONE = 40.0  # s: a lease of 15 s and a look, on a busy machine


class ControlPlanes(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.cluster.kubectl("apply", "-k", os.path.join(FOLDER, "..", "..", "k8s", "base"))
        cls.allow_mesh()
        token = cls.cluster.account_token(_SYSTEM, "heddle-control", ["https://kubernetes.default.svc"])
        with open(cls.cluster.kubeconfig_of("heddle-control", token), encoding="utf-8") as file:
            config = json.load(file)
        config["contexts"][0]["context"]["namespace"] = _SYSTEM
        cls.kubeconfig = cls.mesh.write("kubeconfig", json.dumps(config))
        os.chmod(cls.kubeconfig, 0o600)
        cls.replicas = Replicas(cls.mesh, cls, ("a", "b")).start()
        cls.a, cls.b = cls.replicas

    @classmethod
    def allow_mesh(cls):
        """The Role names the objects of the mesh `default`; those of the Leases of control planes have no names in it."""
        def rename(text):
            return text.replace("heddle-default", f"heddle-{MESH}")
        path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{_SYSTEM}/roles/heddle-control"
        role = cls.cluster.call("GET", path)
        cls.cluster.call("PUT", path, json.loads(rename(json.dumps(role))))

    @classmethod
    def flags(cls):
        """What Replicas asks of the store."""
        return ("--source", "kubernetes", "--kubeconfig", cls.kubeconfig, "--store", "kubernetes")

    def leases(self):
        """{the name of a control plane: its Lease}"""
        found = self.cluster.call("GET", f"{_LEASES}?labelSelector=heddle.dev%2Fmesh%3D{MESH}")["items"]
        return {json.loads(one["metadata"]["annotations"]["heddle.dev/replica"])["name"]: one for one in found}

    @staticmethod
    def known(replica):
        return {one["name"]: one["heard"] for one in replica.status()["replicas"]}

    def setUp(self):
        for one, other in ((self.a, self.b), (self.b, self.a)):
            wait_until(lambda one=one, other=other: self.known(one) == {other.name: True}, f"{one.name} to hear {other.name}", _GONE)

    def test_each_renews_a_lease_of_its_own(self):
        before = self.leases()
        self.assertEqual(set(before), {"a", "b"})
        for name, lease in before.items():
            self.assertEqual(lease["spec"]["holderIdentity"], lease["metadata"]["name"])
            self.assertEqual(lease["spec"]["leaseDurationSeconds"], 15)
        wait_until(lambda: all(now["spec"]["renewTime"] != before[name]["spec"]["renewTime"]
                               and now["spec"]["acquireTime"] == before[name]["spec"]["acquireTime"]
                               for name, now in self.leases().items()), "both to be renewed")

    def test_one_that_was_deleted_is_made_again(self):
        old = self.leases()["b"]["metadata"]
        self.cluster.call("DELETE", f"{_LEASES}/{old['name']}")
        wait_until(lambda: self.leases().get("b", {"metadata": old})["metadata"]["uid"] != old["uid"], "it to be made again")

    def test_who_ends_in_order_gives_it_back_and_who_is_killed_is_gone_after_it(self):
        self.b.process.terminate()
        self.assertEqual(set(self.leases()), {"a"})
        wait_until(lambda: not self.known(self.a), "b to be gone")
        self.b.start()
        wait_until(lambda: self.known(self.a) == {"b": True}, "b to be heard")
        self.b.process.kill()
        self.assertEqual(set(self.leases()), {"a", "b"})
        wait_until(lambda: self.known(self.a) == {"b": False}, "its silence")
        wait_until(lambda: not self.known(self.a), "b to be gone", _GONE)
        self.b.start()


if __name__ == "__main__":
    unittest.main()
