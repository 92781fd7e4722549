#!/usr/bin/env python3
"""What sidecars remember of requests: fields that rules name, never secrets; one in sixteen; nothing with `facts: off`."""

import json
import socket
import unittest

import watch_test
from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase, Pair

_MANY = 2000  # of which about 125 are remembered
_SECRETS = ("Bearer e2e-secret-token", "session=e2e-secret-cookie")


def admin_socket(sidecar, target):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(http1.TIMEOUT)
        sock.connect(sidecar.bootstrap["admin"]["socket"])
        sock.sendall(http1.request_bytes("GET", target, [("host", "localhost")]))
        return http1.Reader(sock).response("GET")


def facts_of(sidecar):
    answer = admin_socket(sidecar, "/facts")
    return json.loads(answer.body)


def values(fact, name):
    return [field.get("value") for field in fact.get("headers", []) if field["name"] == name]


class Remembered(watch_test.WatchCase):
    @classmethod
    def build(cls):
        super().build()
        rules = [resources.rule([resources.to_backend_set("app")], headers={"x-named": "yes"}),
                 resources.rule([resources.to_backend_set("app")], headers={"authorization": "Bearer asked"}),
                 resources.rule([resources.to_backend_set("app")], path="/")]
        denied = resources.authorization("no", "deny", [{"to": [{"paths": [{"type": "Exact", "value": "/no"}]}]}])
        everything = [*cls.pair.resources, resources.route("app", "app", rules), denied]
        cls.control.wait_version(cls.control.apply(resources.to_yaml(everything)))
        with http1.Client(cls.pair.port) as client:
            for number in range(_MANY):
                client.request("GET", "/no?secret=e2e-secret-query" if number % 2 else "/yes?secret=e2e-secret-query",
                               [("x-named", "yes"), ("x-unnamed", "e2e-secret-header"),
                                ("authorization", _SECRETS[0]), ("cookie", _SECRETS[1])])

    def test_what_a_rule_names_is_there_and_nothing_else(self):
        facts = facts_of(self.pair.client)["facts"]
        self.assertTrue(facts)
        for fact in facts:
            self.assertEqual((fact["direction"], fact["method"]), ("outbound", "GET"))
            self.assertIn(fact["path"], ("/yes", "/no"))
            self.assertEqual(values(fact, "x-named"), ["yes"])
            self.assertEqual([field["name"] for field in fact["headers"]], ["x-named"])
            self.assertEqual(fact["route"], "HTTPRoute/default/app#0")
            self.assertEqual(fact["backendSet"], "BackendSet/default/app")
            self.assertEqual(fact["service"], "Service/default/app")
            self.assertEqual(fact["peer"], self.mesh.spiffe_id("app-client"))
            self.assertEqual(fact["namespace"], "default")

    def test_of_a_secret_only_what_it_matched_is_there(self):
        for fact in facts_of(self.pair.client)["facts"]:
            self.assertEqual(fact["secrets"], [
                {"name": "authorization", "match": "Exact Bearer asked", "matched": False},
                {"name": "authorization", "match": "present", "matched": True}])

    def test_no_secret_is_anywhere(self):
        for sidecar in self.pair.sidecars:
            text = admin_socket(sidecar, "/facts").body.decode()
            self.assertIn('"facts":[{', text)
            self.assertNotIn("e2e-secret", text)

    def test_inbound_facts_say_who_called_and_who_denied(self):
        facts = facts_of(self.pair.server)["facts"]
        for fact in facts:
            self.assertEqual(fact["direction"], "inbound")
            self.assertEqual(fact["peer"], self.mesh.spiffe_id("app-client"))
            self.assertEqual(fact["port"], self.app.port)
        denied = [fact for fact in facts if fact["path"] == "/no"]
        self.assertTrue(denied)
        for fact in denied:
            self.assertEqual((fact["reason"], fact["policy"]), ("authz-denied", "AuthorizationPolicy/default/no#0"))
        self.assertEqual({fact["reason"] for fact in facts if fact["path"] == "/yes"}, {"none"})

    def test_about_one_in_sixteen_is_remembered(self):
        found = facts_of(self.pair.client)
        self.assertAlmostEqual(len(found["facts"]), _MANY / 16, delta=45)  # seven standard deviations
        self.assertLessEqual(found["seen"], _MANY)
        self.assertGreater(found["seen"], _MANY - 2 * 31)  # of each worker less than the longest gap is left

    def test_a_fact_names_the_version_that_decided(self):
        version = facts_of(self.pair.client)["facts"][-1]["version"]
        self.assertEqual(version, self.runs()[self.pair.client.name])

    def test_over_tcp_nothing_is_shown(self):
        self.assertEqual(self.pair.client.admin("/facts").status, 403)


class Off(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, facts="off").start()

    def test_nothing_is_remembered_and_the_answer_says_why(self):
        for _ in range(64):
            self.assertEqual(http1.get(self.pair.port).status, 200)
        answer = admin_socket(self.pair.client, "/facts")
        self.assertEqual(answer.status, 404)
        self.assertIn(b"facts: off", answer.body)


if __name__ == "__main__":
    unittest.main()
