#!/usr/bin/env python3
"""The double of a Kubernetes API server does as the real one does: the same questions to both.

Against the real one only where it was built (build_apiserver.sh); that it was not is said loudly.
"""

import http.client
import json
import unittest
import urllib.error
import uuid

from cluster import Cluster, cached_binary
from double import Double
from heddle_harness.processes import wait_until

MERGE = "application/merge-patch+json"


class Questions:
    """Mixed into a case whose class has `server`, with open()."""

    server = None

    def ask(self, method, path, body=None, **options):
        """(code, document)"""
        try:
            with self.server.open(method, path, body, **options) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read()
            is_json = "json" in error.headers.get("content-type", "")
            return error.code, json.loads(text) if is_json else {"kind": "text", "text": text.decode()}

    def refused(self, method, path, body=None, **options):
        """(code, reason, causes' reasons)"""
        code, status = self.ask(method, path, body, **options)
        self.assertEqual(status["kind"], "Status", status)
        causes = [cause["reason"] for cause in status.get("details", {}).get("causes", [])]
        return code, status.get("reason"), causes

    def make(self, kind, name, **fields):
        code, made = self.ask("POST", f"{self.place}/{kind}", {"metadata": {"name": name}, **fields})
        self.assertEqual(code, 201, made)
        return made

    def setUp(self):
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.assertEqual(self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})[0], 201)
        self.place = f"/api/v1/namespaces/{name}"
        self.leases = f"/apis/coordination.k8s.io/v1/namespaces/{name}/leases"

    def test_objects_have_what_the_server_gives_them(self):
        made = self.make("configmaps", "x", data={"a": "b"})

        for field in ("uid", "resourceVersion", "creationTimestamp", "namespace"):
            self.assertTrue(made["metadata"].get(field), field)
        self.assertEqual((made["apiVersion"], made["kind"]), ("v1", "ConfigMap"))
        self.assertEqual(self.ask("GET", f"{self.place}/configmaps/x")[1]["data"], {"a": "b"})

    def test_refusals_have_their_codes_and_reasons(self):
        made = self.make("configmaps", "x")
        path = f"{self.place}/configmaps"

        self.assertEqual(self.refused("GET", f"{path}/nobody"), (404, "NotFound", []))
        self.assertEqual(self.refused("POST", path, {"metadata": {"name": "x"}}), (409, "AlreadyExists", []))
        self.assertEqual(self.refused("POST", path, {"metadata": {}}), (422, "Invalid", ["FieldValueRequired"]))
        self.assertEqual(self.ask("PUT", f"{path}/x", {**made, "data": {"a": "b"}})[0], 200)
        self.assertEqual(self.refused("PUT", f"{path}/x", made), (409, "Conflict", []))
        self.assertEqual(self.ask("DELETE", f"{path}/x")[0], 200)
        self.assertEqual(self.refused("DELETE", f"{path}/x")[:2], (404, "NotFound"))

    def test_texts_hold_any_character(self):
        text = "a\u0000b\u2028\ud83d\ude00"
        self.make("configmaps", "x", data={"a": text.encode("utf-16", "surrogatepass").decode("utf-16")})

        with self.server.open("GET", f"{self.place}/configmaps/x") as answer:
            self.assertIn(b"a\\u0000b", answer.read())

    def test_a_patch_changes_what_it_names(self):
        self.make("configmaps", "x", data={"a": "1", "b": "2"})

        code, patched = self.ask("PATCH", f"{self.place}/configmaps/x", {"data": {"a": None, "c": "3"}}, content_type=MERGE)

        self.assertEqual((code, patched["data"]), (200, {"b": "2", "c": "3"}))

    def test_what_changes_nothing_keeps_its_version(self):
        made = self.make("configmaps", "x", data={"a": "1"})

        _, patched = self.ask("PATCH", f"{self.place}/configmaps/x", {"data": {"a": "1"}}, content_type=MERGE)

        self.assertEqual(patched["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"])

    def test_lists_come_in_pages(self):
        for name in "abcde":
            self.make("configmaps", name)
        names, rest, versions = [], "", set()
        while True:
            _, page = self.ask("GET", f"{self.place}/configmaps?limit=2{rest}")
            names += [item["metadata"]["name"] for item in page["items"]]
            self.assertTrue(all("kind" not in item for item in page["items"]))
            versions.add(page["metadata"]["resourceVersion"])
            if not page["metadata"].get("continue"):
                break
            rest = f"&continue={page['metadata']['continue']}"
        self.assertEqual(names, list("abcde"))
        self.assertEqual(len(versions), 1)

    def events(self, query, count):
        out = []
        with self.server.open("GET", f"{self.place}/configmaps?watch=true&timeoutSeconds=20&{query}") as answer:
            for line in answer:
                event = json.loads(line)
                out.append((event["type"], event["object"]["metadata"].get("name")))
                if len(out) == count:
                    break
        return out

    def test_a_watch_tells_what_came_after_its_version(self):
        _, before = self.ask("GET", f"{self.place}/configmaps")
        self.make("configmaps", "x", data={"a": "1"})
        self.make("configmaps", "y")
        self.ask("PATCH", f"{self.place}/configmaps/x", {"data": {"a": "2"}}, content_type=MERGE)
        self.ask("DELETE", f"{self.place}/configmaps/y")

        told = self.events(f"resourceVersion={before['metadata']['resourceVersion']}", 4)

        self.assertEqual(told, [("ADDED", "x"), ("ADDED", "y"), ("MODIFIED", "x"), ("DELETED", "y")])

    def test_what_leaves_a_selection_is_deleted_and_what_enters_is_added(self):
        _, before = self.ask("GET", f"{self.place}/configmaps")
        for name in ("in", "out"):
            self.make("configmaps", name)
        for name, app in (("in", "a"), ("out", "b"), ("in", "b"), ("out", "a")):
            change = {"metadata": {"labels": {"app": app}}}
            self.ask("PATCH", f"{self.place}/configmaps/{name}", change, content_type=MERGE)

        told = self.events(f"labelSelector=app%3Da&resourceVersion={before['metadata']['resourceVersion']}", 3)

        self.assertEqual(told, [("ADDED", "in"), ("DELETED", "in"), ("ADDED", "out")])

    def test_a_watch_ends_after_its_timeout(self):
        _, before = self.ask("GET", f"{self.place}/configmaps")
        version = before["metadata"]["resourceVersion"]
        with self.server.open("GET", f"{self.place}/configmaps?watch=true&timeoutSeconds=1&resourceVersion={version}") as answer:
            self.assertEqual(answer.read(), b"")

    def test_status_is_apart_from_the_rest(self):
        pod = self.make("pods", "p", spec={"containers": [{"name": "c", "image": "i"}]})
        status = {"status": {"phase": "Running"}, "metadata": {"labels": {"a": "b"}}}

        _, patched = self.ask("PATCH", f"{self.place}/pods/p/status", status, content_type=MERGE)
        self.assertEqual(patched["status"]["phase"], "Running")
        self.assertEqual(patched["spec"], pod["spec"])
        _, patched = self.ask("PATCH", f"{self.place}/pods/p", {"status": {"phase": "Failed"}}, content_type=MERGE)
        self.assertEqual(patched["status"]["phase"], "Running")

    def test_a_lease_is_changed_by_one_of_two(self):
        code, lease = self.ask("POST", self.leases, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})
        self.assertEqual(code, 201)

        self.assertEqual(self.ask("PUT", f"{self.leases}/l", {**lease, "spec": {"holderIdentity": "b"}})[0], 200)
        self.assertEqual(self.refused("PUT", f"{self.leases}/l", {**lease, "spec": {"holderIdentity": "c"}})[0], 409)

    def test_a_lease_is_deleted_as_it_was_seen(self):
        meta = self.ask("POST", self.leases, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})[1]["metadata"]
        for wrong in ({"uid": str(uuid.uuid4())}, {"uid": meta["uid"], "resourceVersion": "1"}):
            self.assertEqual(self.refused("DELETE", f"{self.leases}/l", {
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": wrong})[0], 409)
        right = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        self.assertEqual(self.ask("DELETE", f"{self.leases}/l", {
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": right})[0], 200)
        self.assertEqual(self.ask("GET", f"{self.leases}/l")[0], 404)

    def test_discovery_names_groups_and_resources(self):
        groups = {group["name"]: group for group in self.ask("GET", "/apis")[1]["groups"]}
        self.assertIn("coordination.k8s.io", groups)
        self.assertTrue(groups["discovery.k8s.io"]["preferredVersion"]["version"])
        resources = {item["name"]: item for item in self.ask("GET", "/api/v1")[1]["resources"]}
        self.assertEqual(resources["pods"]["kind"], "Pod")
        self.assertTrue(resources["pods"]["namespaced"])
        self.assertIn("watch", resources["services"]["verbs"])
        self.assertIn("pods/status", resources)

    def test_a_definition_makes_its_kind_served(self):
        group = f"g{uuid.uuid4().hex[:8]}.example.org"
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema},
                   "subresources": {"status": {}}}
        spec = {"group": group, "scope": "Namespaced", "versions": [version],
                "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"}}
        code, made = self.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"things.{group}"}, "spec": spec})
        self.assertEqual(code, 201, made)
        things = f"/apis/{group}/v1/namespaces/{self.place.rsplit('/', 1)[1]}/things"
        thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"a": 1}}
        wait_until(lambda: self.ask("GET", f"/apis/{group}/v1/things")[0] == 200, f"{group} to be served")

        code, made = self.ask("POST", things, thing)
        self.assertEqual((code, made["metadata"]["generation"]), (201, 1), made)
        _, changed = self.ask("PUT", f"{things}/t", {**made, "spec": {"a": 2}})
        self.assertEqual(changed["metadata"]["generation"], 2)
        _, changed = self.ask("PUT", f"{things}/t/status", {**changed, "spec": {"a": 3}, "status": {"b": 1}})
        self.assertEqual((changed["metadata"]["generation"], changed["spec"], changed["status"]), (2, {"a": 2}, {"b": 1}))

    def test_a_token_is_reviewed_for_its_audience_alone(self):
        pod = self.make("pods", "p", spec={"containers": [{"name": "c", "image": "i"}], "serviceAccountName": "api"})
        self.make("serviceaccounts", "api")
        bound = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": pod["metadata"]["uid"]}
        spec = {"audiences": ["heddle.dev/identity"], "expirationSeconds": 3600, "boundObjectRef": bound}
        code, issued = self.ask("POST", f"{self.place}/serviceaccounts/api/token", {"spec": spec})
        self.assertEqual(code, 201, issued)

        def review(audience):
            spec = {"token": issued["status"]["token"], "audiences": [audience]}
            return self.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": spec})[1]["status"]

        ours = review("heddle.dev/identity")
        self.assertIs(ours["authenticated"], True)
        self.assertEqual(ours["audiences"], ["heddle.dev/identity"])
        self.assertEqual(ours["user"]["username"], f"system:serviceaccount:{pod['metadata']['namespace']}:api")
        self.assertEqual(ours["user"]["extra"]["authentication.kubernetes.io/pod-name"], ["p"])
        self.assertFalse(review("vault").get("authenticated", False))

    def test_a_token_of_nobody_is_not_authenticated(self):
        spec = {"token": "x.y.z", "audiences": ["heddle.dev/identity"]}

        code, review = self.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": spec})

        self.assertEqual(code, 201)
        self.assertFalse(review["status"].get("authenticated", False))
        self.assertIn("invalid bearer token", review["status"]["error"])


class OfTheDouble(Questions, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Double())

    def tearDown(self):
        self.server.order("DELETE", "/fault")

    def test_a_fault_is_of_one_request(self):
        for code, reason in ((401, "Unauthorized"), (410, "Expired"), (429, "TooManyRequests"), (500, "InternalError")):
            self.server.order("POST", "/fault", {"do": "status", "code": code, "retry_after": 1, "verb": "list"})
            self.assertEqual(self.refused("GET", f"{self.place}/configmaps")[:2], (code, reason))
            self.assertEqual(self.ask("GET", f"{self.place}/configmaps")[0], 200)

    def test_a_connection_breaks_with_and_without_a_word(self):
        self.server.order("POST", "/fault", {"do": "reset"})
        with self.assertRaises(ConnectionResetError):
            self.ask("GET", f"{self.place}/configmaps")
        self.server.order("POST", "/fault", {"do": "close"})
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask("GET", f"{self.place}/configmaps")

    def test_events_are_split_and_doubled_as_ordered(self):
        _, before = self.ask("GET", f"{self.place}/configmaps")
        self.make("configmaps", "x")
        since = f"resourceVersion={before['metadata']['resourceVersion']}"
        for kind, told in (("split", ["x"]), ("duplicate", ["x", "x"])):
            self.server.order("POST", "/fault", {"do": kind})
            self.assertEqual([name for _, name in self.events(since, len(told))], told)
        for kind, told in (("error", "ERROR"), ("unknown", "REPLACED")):
            self.server.order("POST", "/fault", {"do": kind})
            self.assertEqual([event for event, _ in self.events(since, 1)], [told])

    def test_what_is_compacted_is_expired(self):
        for name in "abc":
            self.make("configmaps", name)
        _, page = self.ask("GET", f"{self.place}/configmaps?limit=1")
        self.server.order("POST", "/compact")
        self.make("configmaps", "d")
        self.assertEqual(self.refused("GET", f"{self.place}/configmaps?limit=1&continue={page['metadata']['continue']}")[0], 410)
        self.assertEqual(self.events("resourceVersion=5", 1), [("ERROR", None)])


@unittest.skipUnless(cached_binary(), "NO kube-apiserver: tests/k8s/build_apiserver.sh builds it; the double proves less")
class OfTheRealOne(Questions, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Cluster())


if __name__ == "__main__":
    unittest.main()
