#!/usr/bin/env python3
"""Subsets of a backend set by label: routed to, relabelled while it runs, down and empty; from files and pushed."""

import collections
import json
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until

CHECK = {"kind": "tcp", "interval": "100ms", "unhealthyThreshold": 1}
V2 = [("x-version", "v2")]


class SubsetCase(MeshTestCase):
    """A sidecar without identity before plaintext applications: a and b are v1, c is v2. The header x-version chooses
    the subset v2, all else goes to v1."""

    def setUp(self):
        self.labels = {"a": "v1", "b": "v1", "c": "v2"}
        self.apps = {name: hello_app(name.encode(), port=self.mesh.ports.reserve()) for name in self.labels}
        for app in self.apps.values():
            self.addCleanup(app.close)
        self.file = f"{self.mesh.next_name()}.yaml"
        self.proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")],
                                       self.mesh.file_blocks(None, self.write()), workers=1)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]

    def documents(self):
        endpoints = [resources.endpoint("127.0.0.1", app.port, labels={"app": "hello", "version": self.labels[name]})
                     for name, app in self.apps.items()]
        rules = [resources.rule([resources.to_backend_set("hello-v2")], headers=dict(V2)),
                 resources.rule([resources.to_backend_set("hello-v1")])]
        return [resources.service("hello"),
                resources.backend_set("hello", endpoints, tls="plaintext", loadBalancer={"policy": "roundRobin"}),
                *(resources.subset(f"hello-{version}", "hello", {"version": version}) for version in ("v1", "v2")),
                resources.health_policy("hello", "hello", CHECK),
                resources.route("hello", "hello", rules)]

    def write(self, *more):
        return self.mesh.write(self.file, resources.to_yaml([*self.documents(), *more]))

    def count(self, headers=(), requests=20):
        answers = [http1.get(self.port, headers=headers) for _ in range(requests)]
        self.assertEqual({answer.status for answer in answers}, {200})
        return collections.Counter(answer.body.decode() for answer in answers)

    def backend_set(self, name):
        sets = json.loads(self.proxy.admin("/backends").body)["backendSets"]
        return next(one for one in sets if one["name"] == f"default/{name}")


class Routes(SubsetCase):
    def test_a_route_reaches_the_endpoints_with_the_labels_alone(self):
        self.assertEqual(set(self.count()), {"a", "b"})
        self.assertEqual(self.count(V2), {"c": 20})

    def test_an_endpoint_that_is_relabelled_moves_while_requests_go_on(self):
        with http1.Client(self.port) as client:
            self.assertEqual(client.request(headers=V2).body, b"c")
            self.labels["a"] = "v2"
            self.write()
            wait_until(lambda: client.request(headers=V2).body == b"a", "the relabelled one in its new subset")
        self.assertEqual(self.count(), {"b": 20})
        self.assertEqual(set(self.count(V2)), {"a", "c"})

    def test_a_subset_of_a_subset_is_refused_and_the_last_configuration_stays(self):
        mark = len(self.proxy.process.log())
        self.write(resources.subset("deep", "hello-v1", {"app": "hello"}))
        self.proxy.process.wait_log("is a subset itself", after=mark)
        self.assertEqual(self.count(V2), {"c": 20})


class Down(SubsetCase):
    def assert_nobody(self, why):
        answer = http1.get(self.port, headers=V2)
        self.assertEqual((answer.status, answer.header("heddle-reason")),
                         (503, f"no-healthy-endpoint; {why}; backend-set=default/hello-v2"))

    def test_a_subset_whose_endpoints_are_down_says_so_and_the_other_goes_on(self):
        self.apps["c"].close()
        self.proxy.wait_metric("heddle_endpoints", state="down")
        self.assert_nobody('endpoints of hello with the labels "version=v2": 0 of 1 healthy')
        self.assertEqual(set(self.count()), {"a", "b"})

    def test_a_subset_that_fits_nobody_says_which_labels(self):
        self.labels["c"] = "v3"
        self.write()
        wait_until(lambda: http1.get(self.port, headers=V2).status == 503, "the subset to be empty")
        self.assert_nobody('no endpoint of hello has the labels "version=v2"')

    def test_an_endpoint_is_checked_once_and_its_health_is_that_of_every_subset(self):
        self.proxy.wait_metric("heddle_endpoints", at_least=3, state="up")
        metrics = self.proxy.metrics()
        self.assertEqual(metrics.total("heddle_endpoints", state="up", backend_set="default/hello"), 3)
        self.assertEqual(metrics.total("heddle_endpoints"), 3)
        self.apps["c"].close()
        wait_until(lambda: self.backend_set("hello-v2")["endpoints"][0]["state"] == "DOWN", "the endpoint down")
        shown = self.backend_set("hello-v2")
        self.assertEqual(shown["subsetOf"], "default/hello: version=v2")
        self.assertIn("tcp check", shown["endpoints"][0]["why"])


class Pushed(MeshTestCase):
    """The service names the subset alone: what that needs comes with it."""

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.app).start()

    def push(self, version):
        endpoint = {**self.pair.address, "labels": {"version": version}}
        documents = [resources.service("app", backend_set="app-v1"), resources.backend_set("app", [endpoint]),
                     resources.subset("app-v1", "app", {"version": "v1"})]
        self.control.wait_version(self.control.apply(resources.to_yaml(documents)))

    def test_its_endpoints_come_with_it_and_follow_the_labels(self):
        self.push("v1")
        self.assertEqual(http1.get(self.pair.port).status, 200)
        self.push("v2")
        answer = http1.get(self.pair.port)
        self.assertEqual((answer.status, answer.reason), (503, "no-healthy-endpoint"))
        self.push("v1")
        self.assertEqual(http1.get(self.pair.port).status, 200)

    def test_explain_and_get_show_it(self):
        self.push("v1")
        self.assertIn("subset: default/app-v1 is 1 of 1 endpoints of BackendSet default/app: those with version=v1",
                      self.control.cli("explain", "http://app/").stdout)
        self.assertIn("app[version=v1]", self.control.cli("get", "backendsets").stdout)

    def test_the_parent_cannot_be_deleted_before_it(self):
        self.push("v1")
        done = self.control.cli("delete", "backendset", "app", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.subsetOf.name", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
