#!/usr/bin/env python3
"""Three control planes whose mesh is what one Kubernetes cluster says (a double of its API server: tests/k8s): one leads
and translates, the others serve the same versions, each knows the sidecars of all, and any of them may die."""

import json
import os
import signal
import sys
import unittest

from heddle_harness import http1
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.replicas import Replicas, point
from kubernetes_source_test import _ROUTES, endpoints, route, service

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "k8s"))
from double import Double  # noqa: E402 pylint: disable=wrong-import-position

_CORE = "/api/v1/namespaces/default"
_SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
_LEASE = f"{_LEASES}/heddle-e2e"
_TAKEOVER = 40.0  # s: a lease of 15 s, then a candidate's next look, on a busy machine
_CONFLICT = 4  # exit codes: docs/cli.md
_LATE = 1


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


class WholeMeshCase(MeshTestCase):
    """Three control planes; a sidecar is connected to the second, and one to the third of them."""

    flags = ()

    @classmethod
    def build(cls):
        cls.app = hello_app(b"one")
        cls.addClassCleanup(cls.app.close)
        cls.cluster = cls.enterClassContext(Double())
        cls.create(f"{_CORE}/services", service("hello", "10.96.0.10"))
        for one in endpoints("hello", [cls.app.port]):
            cls.create(_SLICES, one)
        cls.create(_ROUTES, route("everything", "hello", "/"))
        cls.replicas = Replicas(cls.mesh, Shared(cls.cluster), ("a", "b", "c"), cls.flags).start()
        cls.a, cls.b, cls.c = cls.replicas
        cls.sidecars = [cls.sidecar("at-b", *cls.order(cls.b, cls.a)), cls.sidecar("at-c", *cls.order(cls.c, cls.a))]

    @classmethod
    def order(cls, *replicas):
        """The addresses of a sidecar."""
        return replicas[:1]

    @classmethod
    def create(cls, path, item):
        cls.cluster.open("POST", path, item).close()

    @classmethod
    def sidecar(cls, name, *replicas):
        sidecar = cls.mesh.sidecar(name, [cls.mesh.outbound("hello")], cls.mesh.control_blocks(name), workers=1)
        point(sidecar, *replicas).start()
        return sidecar

    @property
    def everybody(self):
        return {sidecar.name for sidecar in self.sidecars}

    def setUp(self):
        self.wait_all_live(self.replicas)

    def wait_all_live(self, asked):
        """Each of the asked ones has heard all of them, and their sidecars."""
        for one in asked:
            others = {other.name for other in asked if other is not one}
            wait_until(lambda one=one, others=others: self.heard(one) == others, f"{one.name} to hear {others}", _TAKEOVER)
            wait_until(lambda one=one: {node for node, state in one.states().items() if state == "live"} >= self.everybody,
                       f"everybody to be live at {one.name}", _TAKEOVER)

    @staticmethod
    def known(replica):
        return {one["name"]: one for one in replica.status()["replicas"]}

    def heard(self, replica):
        return {name for name, one in self.known(replica).items() if one["heard"]}

    def get(self, path):
        with self.cluster.open("GET", path) as answer:
            return json.load(answer)

    def leases(self):
        """{the name of a control plane: its Lease}"""
        found = [one for one in self.get(_LEASES)["items"] if one["metadata"].get("labels", {}).get("heddle.dev/mesh") == "e2e"]
        return {json.loads(one["metadata"]["annotations"]["heddle.dev/replica"])["name"]: one for one in found}

    def stop(self, sidecar):
        """It hangs, until resume()."""
        sidecar.process.signal(signal.SIGSTOP)
        self.addCleanup(sidecar.process.signal, signal.SIGCONT)

    @staticmethod
    def resume(sidecar):
        sidecar.process.signal(signal.SIGCONT)

    _changes = 0

    def change(self):
        """Another path for everybody; the version that says so, as the first one knows it."""
        WholeMeshCase._changes += 1
        before = self.a.status()["version"]
        path = f"/{WholeMeshCase._changes}"
        self.cluster.open("PATCH", f"{_ROUTES}/everything", {"spec": route("everything", "hello", path)["spec"]},
                          "application/merge-patch+json").close()
        return wait_until(lambda: (now := self.a.status()["version"]) != before and now, "another version")


class WholeMesh(WholeMeshCase):
    def test_each_shows_all_sidecars_and_all_control_planes(self):
        for one in self.replicas:
            with self.subTest(one.name):
                self.assertEqual([one.place_of(sidecar) for sidecar in self.sidecars], ["b", "c"])
                self.assertEqual(set(self.known(one)), {other.name for other in self.replicas.others(one)})
                text = one.cli("status").stdout
                for word in ("REPLICA", *self.everybody):
                    self.assertIn(word, text)
                self.assertEqual(one.metrics().total("heddle_control_replicas"), 2)

    def test_each_owns_a_lease_that_it_renews(self):
        before = self.leases()
        self.assertEqual(set(before), {"a", "b", "c"})
        for one in self.replicas:
            lease = before[one.name]
            self.assertRegex(lease["metadata"]["name"], f"^heddle-e2e-{one.name}-[0-9a-f]{{12}}$")
            self.assertEqual(json.loads(lease["metadata"]["annotations"]["heddle.dev/replica"])["address"], one.address)
        wait_until(lambda: all(now["spec"]["renewTime"] != before[name]["spec"]["renewTime"]
                               for name, now in self.leases().items()), "all to be renewed")
        self.assertEqual({name: one["metadata"]["uid"] for name, one in self.leases().items()},
                         {name: one["metadata"]["uid"] for name, one in before.items()})

    def test_a_lease_that_somebody_deleted_is_made_again_and_nobody_is_lost(self):
        mark = len(self.a.process.log())
        old = self.leases()["b"]["metadata"]
        self.cluster.open("DELETE", f"{_LEASES}/{old['name']}").close()
        wait_until(lambda: "b" in self.leases(), "it to be made again")
        self.assertNotEqual(self.leases()["b"]["metadata"]["uid"], old["uid"])
        self.wait_all_live(self.replicas)
        self.assertNotIn("is no more", self.a.process.log()[mark:])

    def test_a_wait_waits_for_a_sidecar_of_another_one(self):
        hangs = self.sidecars[1]
        self.stop(hangs)
        version = self.change()
        for one in self.replicas.others(self.c):
            done = one.cli("wait", "--version", version, "--timeout", "5s", check=False)
            self.assertEqual(done.returncode, _LATE, done.stdout + done.stderr)
            self.assertIn(hangs.name, done.stderr)
            self.assertNotIn(self.sidecars[0].name, done.stderr)
        self.resume(hangs)
        self.a.cli("wait", "--version", version, "--timeout", "60s", timeout=2 * PATIENCE)
        self.assertEqual({self.a.runs()[name] for name in self.everybody}, {version})

    def programmed(self):
        parents = self.get(f"{_ROUTES}/everything").get("status", {}).get("parents", [])
        return next((one for parent in parents for one in parent["conditions"] if one["type"] == "Programmed"), {})

    def wait_programmed(self, status, text):
        def holds():
            one = self.programmed()
            return one.get("status") == status and text in one["message"]
        try:
            wait_until(holds, f"Programmed to be {status}: {text}")
        except Exception as error:
            raise AssertionError(f"{error}: {self.programmed()}") from error

    def test_a_status_counts_the_sidecars_of_the_whole_mesh(self):
        self.wait_programmed("True", "is live on 2 of 2 sidecars that hold it")
        hangs = self.sidecars[1]
        self.stop(hangs)
        self.change()
        self.wait_programmed("False", "is live on 1 of 2 sidecars that hold it")
        self.resume(hangs)
        self.wait_programmed("True", "is live on 2 of 2 sidecars that hold it")

    def test_an_api_server_that_does_not_list_changes_nothing(self):
        self.cluster.order("POST", "/fault", {"do": "status", "code": 500, "path": "/leases", "verb": "list", "times": 1_000_000})
        self.addCleanup(self.cluster.order, "DELETE", "/fault")
        mark = len(self.a.process.log())
        for one in self.replicas:
            one.process.wait_log("it is not known who the other control planes are", after=mark if one is self.a else 0)
        self.cluster.order("DELETE", "/fault")
        self.assertNotIn("is no more", self.a.process.log()[mark:])
        self.wait_all_live(self.replicas)


class Gone(WholeMeshCase):
    """Both sidecars know where else to go."""

    @classmethod
    def order(cls, *replicas):
        return replicas

    def test_one_that_is_killed_is_known_until_its_lease_is_over_and_its_sidecar_comes_back_elsewhere(self):
        self.b.process.kill()
        left = [self.a, self.c]
        wait_until(lambda: self.a.place_of(self.sidecars[0]) == "a", "its sidecar to be elsewhere")
        wait_until(lambda: not self.known(self.c).get("b", {"heard": False})["heard"], "its silence to be noticed")
        self.assertIn("b", self.leases(), "nobody gave it back")
        for one in left:
            self.assertIn("b", self.known(one), "its sidecars may be anywhere until its lease is over")
        for one in left:
            wait_until(lambda one=one: "b" not in self.known(one), f"it to be gone at {one.name}", _TAKEOVER)
        self.wait_all_live(left)
        self.a.cli("wait", "--version", self.change(), "--timeout", "60s", timeout=2 * PATIENCE)
        self.b.start()
        self.wait_all_live(self.replicas)

    def test_one_that_ends_in_order_is_gone_at_once(self):
        self.c.process.terminate()
        self.assertNotIn("c", self.leases())
        for one in (self.a, self.b):
            wait_until(lambda one=one: "c" not in self.known(one), f"it to be gone at {one.name}", 10)  # a look takes 3 s
        self.c.start()
        self.wait_all_live(self.replicas)


class Rotation(WholeMeshCase):
    """Of the CA: the sidecars of all of them are asked for, whoever takes the step."""

    flags = ("--svid-ttl", "20s")  # renewed within 5 s when another root signs

    def rotate(self, replica, step):
        wait_until(lambda: not replica.ca()["waitsFor"], f"the sidecars to follow: {replica.ca()}", 2 * PATIENCE, poll=0.2)
        replica.cli("ca", "rotate", step, timeout=4 * PATIENCE)
        for one in self.replicas:
            wait_until(lambda one=one: one.ca()["phase"] == replica.ca()["phase"], f"{one.name} to follow")

    def test_its_steps_wait_for_sidecars_of_others(self):
        old = self.a.roots()
        hangs = self.sidecars[1]
        self.stop(hangs)
        self.a.cli("ca", "rotate", "prepare")
        for one in (self.a, self.b):
            done = one.cli("ca", "rotate", "activate", check=False)
            self.assertEqual(done.returncode, _CONFLICT, done.stdout + done.stderr)
            self.assertIn(hangs.name, done.stderr)
        self.resume(hangs)
        self.rotate(self.b, "activate")
        self.rotate(self.c, "retire")
        wait_until(lambda: self.a.ca()["phase"] == "steady", "the end of it")
        for one in self.replicas:
            self.assertNotEqual(one.roots(), old)
            self.assertEqual(one.roots(), self.a.roots())
        for sidecar in self.sidecars:
            self.assertEqual(http1.get(sidecar.address_of("out")[1], "/").status, 200)
        self.wait_all_live(self.replicas)


if __name__ == "__main__":
    unittest.main()
