#!/usr/bin/env python3
"""What the control plane writes into the status of objects of a real kube-apiserver (1.20): of routes beside the entries of
other controllers, of Heddle's own kinds as their definitions have it, Events of Services; and that it writes nothing when
nothing changed. HEDDLE_BIN: where the programs are."""

import json
import os
import subprocess
import threading
import time
import unittest

from cluster import Cluster, Refused
from heddle_harness import http1, pki
from heddle_harness.enroll import Enrollee
from heddle_harness.mesh import MeshTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.replicas import Replicas
from heddle_harness.watcher import Watcher

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CORE = "/api/v1/namespaces/default"
_SLICES = "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices"
_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes"
_OURS = "/apis/heddle.dev/v1/namespaces/default"
_MERGE = {"content_type": "application/merge-patch+json"}
_CONTROLLER = "heddle.dev/controller"
_WRITES = "heddle_control_cluster_status_writes_total"
_QUIET = 12.0  # s: what only moves is held back for 10 s at the longest
_TAKEOVER = 40.0  # s: a Lease of 15 s, then a candidate's next look, on a busy machine
_OTHER = {"controllerName": "example.com/other", "parentRef": {"name": "gate"},
          "conditions": [{"type": "Accepted", "status": "False", "reason": "Theirs", "message": "theirs", "observedGeneration": 0,
                          "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
# As the Gateway API has it: the status is a subresource of its own.
_HTTP_ROUTE = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "httproutes.gateway.networking.k8s.io",
                 "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api"}},
    "spec": {"group": "gateway.networking.k8s.io", "scope": "Namespaced",
             "names": {"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
             "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {
                 "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]}}


def route(name, to="hello", parent=None):
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": name},
            "spec": {"parentRefs": [parent or {"group": "", "kind": "Service", "name": "hello"}],
                     "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": f"/{name}"}}],
                                "backendRefs": [{"name": to, "port": 80}]}]}}


def ours_of(item):
    """Our entry of a route's status, or the status of a kind of ours: {type: condition}."""
    status = item.get("status", {})
    if item["kind"] != "HTTPRoute":
        return {one["type"]: one for one in status.get("conditions", [])}
    mine = [one for one in status.get("parents", []) if one["controllerName"] == _CONTROLLER]
    return {one["type"]: one for one in mine[0]["conditions"]} if mine else {}


def others_of(item):
    return [one for one in item.get("status", {}).get("parents", []) if one["controllerName"] != _CONTROLLER]


class InACluster(MeshTestCase):
    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        crds = subprocess.run([os.path.join(cls.mesh.bin, "heddle"), "schema", "--crds"], capture_output=True, text=True,
                              check=True).stdout.split("---\n")[1:]
        for text in [*crds, json.dumps(_HTTP_ROUTE)]:
            cls.cluster.open("POST", _CRDS, text, content_type="application/yaml").close()
        wait_until(lambda: all(cls.is_served(path) for path in (_ROUTES, f"{_OURS}/trafficpolicies", f"{_OURS}/healthpolicies",
                                                               f"{_OURS}/authorizationpolicies")), "the kinds to be served")
        cls.cluster.call("POST", f"{_CORE}/services", {
            "metadata": {"name": "hello"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
        cls.cluster.call("POST", _SLICES, {
            "metadata": {"name": "hello-1", "labels": {"kubernetes.io/service-name": "hello"}}, "addressType": "IPv4",
            "ports": [{"name": "http", "port": 9, "protocol": "TCP"}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]})
        cls.begin()

    @classmethod
    def begin(cls):
        """Whoever writes."""

    @classmethod
    def is_served(cls, path):
        try:
            return cls.cluster.call("GET", path)
        except Refused:
            return False

    # --- objects ---
    def get(self, path):
        return self.cluster.call("GET", path)

    def make(self, folder, item):
        """Its path."""
        self.cluster.call("POST", folder, item)
        path = f"{folder}/{item['metadata']['name']}"
        self.addCleanup(self.cluster.call, "DELETE", path)
        return path

    def make_route(self, name, *more):
        return self.make(_ROUTES, route(name, *more))

    def patch(self, path, change):
        return self.cluster.call("PATCH", path, change, **_MERGE)

    def wait_condition(self, path, kind, status, reason, words="", deadline=PATIENCE):
        """The whole object, as it was then."""
        def holds():
            item = self.get(path)
            one = ours_of(item).get(kind, {})
            is_it = (one.get("status"), one.get("reason")) == (status, reason) and words in one["message"]
            return item if is_it else None
        try:
            return wait_until(holds, f"{kind} of {path} to be {status} ({reason}) {words}", deadline, 0.1)
        except AssertionError as late:
            raise AssertionError(f"{late}; it is {json.dumps(self.get(path).get('status'))}") from None

    def wait_live(self, path, sidecars=2):
        return self.wait_condition(path, "Programmed", "True", "Programmed", f"is live on {sidecars} of {sidecars} sidecars")

    def watched(self, path):
        """All that becomes of one object from now on: a list of objects, which grows."""
        folder, _, name = path.rpartition("/")
        seen = []
        version = self.get(path)["metadata"]["resourceVersion"]
        answer = self.cluster.open(
            "GET", f"{folder}?watch=1&fieldSelector=metadata.name%3D{name}&resourceVersion={version}&timeoutSeconds=25")

        def read():
            with answer:
                for line in answer:
                    seen.append(json.loads(line)["object"])
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return seen


class Status(InACluster):
    @classmethod
    def begin(cls):
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kubeconfig", cls.cluster.kubeconfig)
        for name in ("one", "two"):
            cls.mesh.sidecar(name, [cls.mesh.outbound("hello")], cls.mesh.control_blocks(name)).start()

    def writes(self, result):
        metrics = Metrics(http1.get(self.control.health_port, "/metrics").body.decode())
        return metrics.total(_WRITES, result=result)

    # --- what is said ---
    def test_a_route_is_accepted_resolved_and_live(self):
        path = self.make_route("good")
        item = self.wait_live(path)
        conditions = ours_of(item)
        self.assertEqual({kind: one["status"] for kind, one in conditions.items()},
                         {"Accepted": "True", "ResolvedRefs": "True", "Programmed": "True"})
        self.assertEqual({one["observedGeneration"] for one in conditions.values()}, {1})
        (entry,) = item["status"]["parents"]
        self.assertEqual(entry["parentRef"], route("good")["spec"]["parentRefs"][0])

    def test_each_generation_is_judged(self):
        path = self.make_route("again")
        before = ours_of(self.wait_live(path))
        self.patch(path, {"spec": {"rules": [{"backendRefs": [{"name": "hello", "port": 80, "weight": 7}]}]}})

        def is_judged():
            found = ours_of(self.get(path))
            return found if {one["observedGeneration"] for one in found.values()} == {2} else None
        wait_until(is_judged, "the second generation to be told of", poll=0.1)
        after = ours_of(self.wait_live(path))
        for kind in ("Accepted", "ResolvedRefs"):  # nothing became of these: they are as old as they were
            self.assertEqual(after[kind]["lastTransitionTime"], before[kind]["lastTransitionTime"])

    def test_a_backend_that_is_not_there_is_named(self):
        item = self.wait_condition(self.make_route("lost", "nowhere"), "ResolvedRefs", "False", "BackendNotFound", "nowhere")
        self.assertEqual(ours_of(item)["Accepted"]["status"], "True")

    def test_a_parent_that_is_not_there_is_named(self):
        path = self.make_route("orphan", "hello", {"group": "", "kind": "Service", "name": "hello", "port": 81})
        item = self.wait_condition(path, "Accepted", "False", "NoMatchingParent", "parentRefs[0]")
        self.assertEqual(ours_of(item)["Programmed"]["reason"], "Invalid")

    def test_kinds_of_ours_have_conditions_that_their_definitions_take(self):
        target = [{"kind": "BackendSet", "name": "hello.80"}]
        made = {
            "trafficpolicies": {"kind": "TrafficPolicy", "spec": {"targetRefs": target, "timeouts": {"request": "15s"}}},
            "healthpolicies": {"kind": "HealthPolicy",
                               "spec": {"targetRefs": target, "active": [{"kind": "tcp", "interval": "5s"}]}}}
        for plural, item in made.items():
            with self.subTest(plural):
                path = self.make(f"{_OURS}/{plural}", {"apiVersion": "heddle.dev/v1", "metadata": {"name": "p"}, **item})
                conditions = ours_of(self.wait_live(path))
                self.assertEqual({kind: one["status"] for kind, one in conditions.items()},
                                 {"Accepted": "True", "ResolvedRefs": "True", "Programmed": "True"})
                self.assertEqual({one["observedGeneration"] for one in conditions.values()}, {1})
        self.assertEqual(self.writes("refused"), 0)
        self.assertNotIn("is not written into the cluster", self.control.process.log())

    def test_a_policy_whose_target_is_not_there_says_so(self):
        path = self.make(f"{_OURS}/authorizationpolicies", {
            "apiVersion": "heddle.dev/v1", "kind": "AuthorizationPolicy", "metadata": {"name": "a"},
            "spec": {"targetRef": {"kind": "Workload", "name": "nobody"}, "action": "allow", "rules": [{}]}})
        self.wait_condition(path, "Accepted", "False", "TargetNotFound", "targetRef")

    def test_what_a_sidecar_refuses_is_told_in_its_words(self):
        path = self.make_route("refused")
        self.wait_live(path)
        enrollee = Enrollee(self.mesh.path("refusing"), pki.spiffe_id("refusing"))
        credential = enrollee.attest(self.control, self.control.token(pki.spiffe_id("refusing")))
        watcher = Watcher(self.control, credential, "refusing", ["Service/default/hello"])
        self.addCleanup(watcher.close)
        version, keys = watcher.batch()
        self.assertIn("HTTPRoute/default/refused", keys)
        watcher.nack(version, "HTTPRoute/default/refused", "spec.rules[0]", "not with me")
        item = self.wait_condition(path, "Programmed", "False", "Refused", "spec.rules[0]: not with me")
        said = ours_of(item)["Programmed"]["message"]
        self.assertIn("is live on 2 of 3 sidecars", said)
        self.assertIn(pki.spiffe_id("refusing"), said)
        watcher.close()
        self.wait_live(path)

    # --- beside others ---
    def put_other(self, path, turn):
        """As a controller that looks before it writes; how often somebody else was faster."""
        late = 0
        while True:
            item = self.get(path)
            mine = json.loads(json.dumps(_OTHER))
            mine["conditions"][0]["observedGeneration"] = turn
            kept = [one for one in item.get("status", {}).get("parents", []) if one["controllerName"] == _CONTROLLER]
            item["status"] = {"parents": [mine, *kept]}
            try:
                self.cluster.call("PUT", f"{path}/status", item)
                return late
            except Refused as refused:
                if refused.code != 409:
                    raise
                late += 1

    @staticmethod
    def turn_of(item):
        found = others_of(item)
        return found[0]["conditions"][0]["observedGeneration"] if len(found) == 1 else None

    def test_another_controller_that_writes_all_the_time_loses_nothing(self):
        path = self.make_route("shared")
        self.wait_live(path)
        self.put_other(path, 0)
        seen, stop, turns = self.watched(path), threading.Event(), [0]

        def write():
            while not stop.is_set():
                turns[0] += 1
                self.put_other(path, turns[0])
        thread = threading.Thread(target=write, daemon=True)
        thread.start()
        try:
            for to, status in (("nowhere", "False"), ("hello", "True"), ("nowhere", "False")):
                self.patch(path, {"spec": route("shared", to)["spec"]})
                self.wait_condition(path, "ResolvedRefs", status, "ResolvedRefs" if status == "True" else "BackendNotFound")
        finally:
            stop.set()
            thread.join()
        last = wait_until(lambda: seen and self.turn_of(seen[-1]) == turns[0] and seen[-1], "the watch to tell of the last")
        told = [self.turn_of(item) for item in seen]
        self.assertNotIn(None, told, "its entry was gone, or there twice")
        self.assertEqual(told, sorted(told), "an older entry of it came back")
        self.assertGreater(turns[0], 5)
        self.assertEqual(ours_of(last)["ResolvedRefs"]["status"], "False")

    def test_whose_entry_was_taken_away_writes_it_again(self):
        path = self.make_route("taken")
        self.wait_live(path)
        self.patch(f"{path}/status", {"status": {"parents": [_OTHER]}})
        self.assertEqual(others_of(self.wait_live(path)), [_OTHER])

    def test_the_entry_goes_when_the_route_is_no_longer_for_us(self):
        path = self.make_route("leaves")
        self.wait_live(path)
        self.put_other(path, 1)
        gateway = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gate"}
        self.patch(path, {"spec": {"parentRefs": [gateway]}})
        item = wait_until(lambda: (found := self.get(path)) and not ours_of(found) and found, "our entry to go", poll=0.1)
        self.assertEqual(self.turn_of(item), 1)
        self.patch(path, {"spec": route("leaves")["spec"]})
        self.assertEqual(self.turn_of(self.wait_live(path)), 1)

    def test_a_route_of_gateways_alone_is_never_written(self):
        path = self.make_route("theirs", "hello", {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "gate"})
        self.wait_live(self.make_route("zz-later"))  # which was judged after it
        self.assertNotIn("status", self.get(path))

    # --- not too much ---
    def test_nothing_is_written_when_nothing_changed(self):
        path = self.make_route("quiet")
        policy = self.make(f"{_OURS}/trafficpolicies", {
            "apiVersion": "heddle.dev/v1", "kind": "TrafficPolicy", "metadata": {"name": "quiet"},
            "spec": {"targetRefs": [{"kind": "BackendSet", "name": "hello.80"}], "timeouts": {"request": "15s"}}})
        for each in (path, policy):
            self.wait_live(each)
        before = [self.get(each)["metadata"]["resourceVersion"] for each in (path, policy)]
        done, began, turn = self.writes("done"), time.monotonic(), 0
        other = self.make(f"{_CORE}/services", {
            "metadata": {"name": "beside"}, "spec": {"ports": [{"name": "http", "port": 80}]}})
        while time.monotonic() < began + _QUIET:
            turn += 1
            self.patch(other, {"spec": {"ports": [{"name": "http", "port": 1000 + turn}]}})
            wait_until(lambda port=1000 + turn: str(port) in self.control.cli(
                "get", "service", "beside", "-o", "json", check=False).stdout, "the control plane to see it", poll=0.2)
        self.assertGreater(turn, 3)
        self.assertEqual([self.get(each)["metadata"]["resourceVersion"] for each in (path, policy)], before)
        self.assertEqual(self.writes("done"), done)

    def test_a_restart_takes_nothing_back(self):
        """Who is connected is counted anew; whether an object is good is known before anything is written."""
        path = self.make_route("restart")
        self.wait_live(path)
        seen = self.watched(path)
        self.control.process.kill()
        self.control.start()
        self.wait_live(self.make_route("zz-restart"))  # judged after it
        for item in seen:
            conditions = ours_of(item)
            self.assertEqual((conditions["Accepted"]["status"], conditions["ResolvedRefs"]["status"]), ("True", "True"))
        self.wait_live(path)

    # --- Events ---
    def events(self, name):
        return [one for one in self.get(f"{_CORE}/events")["items"] if one["involvedObject"]["name"] == name]

    def test_a_service_that_is_wrong_has_an_event_once(self):
        def odd(name):
            made = {"metadata": {"name": name, "annotations": {"heddle.dev/timeout": "soon"}},
                    "spec": {"ports": [{"name": "http", "port": 80}]}}
            self.make(f"{_CORE}/services", made)
            return wait_until(lambda: self.events(name), f"an Event of {name}", poll=0.1)
        (event,) = odd("odd")
        self.assertIn("heddle.dev/timeout", event["message"])
        self.assertEqual((event["type"], event["reason"]), ("Warning", "HeddleInvalid"))
        self.assertEqual(event["involvedObject"]["kind"], "Service")
        self.assertEqual(event["involvedObject"]["uid"], self.get(f"{_CORE}/services/odd")["metadata"]["uid"])
        self.control.process.kill()
        self.control.start()
        odd("zz-odd")  # it told of this one after the first
        self.assertEqual(len(self.events("odd")), 1)


class TwoControlPlanes(InACluster):
    @classmethod
    def begin(cls):
        cls.replicas = Replicas(cls.mesh, cls, ("status-a", "status-b")).start()

    @classmethod
    def flags(cls):
        """What Replicas asks of the store."""
        return ("--source", "kubernetes", "--kubeconfig", cls.cluster.kubeconfig, "--store", "kubernetes")

    def leader(self):
        spec = self.get("/apis/coordination.k8s.io/v1/namespaces/default/leases/heddle-e2e")["spec"]
        holder = spec.get("holderIdentity", "").split("_")[0]
        return next((one for one in self.replicas if one.name == holder), None)

    @staticmethod
    def attempts(replica):
        return replica.metrics().total(_WRITES)

    def test_the_leader_alone_writes_and_its_heir_after_it(self):
        path = self.make_route("led")
        self.wait_condition(path, "Accepted", "True", "Accepted")
        leader = wait_until(self.leader, "a leader", _TAKEOVER)
        (follower,) = self.replicas.others(leader)
        self.patch(path, {"spec": route("led", "nowhere")["spec"]})
        self.wait_condition(path, "ResolvedRefs", "False", "BackendNotFound")
        self.assertGreater(self.attempts(leader), 0)
        self.assertEqual(self.attempts(follower), 0)

        leader.process.kill()
        self.patch(path, {"spec": route("led")["spec"]})
        self.wait_condition(path, "ResolvedRefs", "True", "ResolvedRefs", deadline=_TAKEOVER + PATIENCE)
        self.assertIs(self.leader(), follower)
        self.assertGreater(self.attempts(follower), 0)


if __name__ == "__main__":
    unittest.main()
