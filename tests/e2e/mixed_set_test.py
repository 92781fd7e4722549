#!/usr/bin/env python3
"""A backend set of which one endpoint has a sidecar and one has none: mutual TLS to the first, plaintext to the other."""

import collections
import json
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until


class MixedSet(MeshTestCase):
    @classmethod
    def build(cls):
        cls.meshed, cls.bare = hello_app(b"meshed"), hello_app(b"bare")
        for app in (cls.meshed, cls.bare):
            cls.addClassCleanup(app.close)
        # One worker: each keeps a turn of its own, and which of them gets a connection is the kernel's choice.
        cls.pair = Pair(cls.mesh, cls.meshed.port, backend={"loadBalancer": {"policy": "roundRobin"}}, workers=1)
        cls.write({"tls": "plaintext"})
        cls.pair.start()

    @classmethod
    def write(cls, bare):
        """`bare`: what is said of the endpoint that has no sidecar."""
        service, backends = json.loads(json.dumps(cls.pair.resources))
        backends["spec"]["endpoints"].append(resources.endpoint("127.0.0.1", cls.bare.port, **bare))
        check = resources.health_policy("app", "app", {"kind": "tcp", "interval": "100ms"})
        cls.mesh.write("app.yaml", resources.to_yaml([service, backends, check]))

    def answers(self, count=20):
        return collections.Counter((one.status, one.body) for one in (http1.get(self.pair.port) for _ in range(count)))

    def test_each_is_spoken_to_in_its_way(self):
        self.assertEqual(self.answers(), {(200, b"meshed"): 10, (200, b"bare"): 10})

    def test_each_is_checked_in_its_way(self):
        def checked():
            rows = json.loads(self.pair.client.admin("/backends").body)["backendSets"][0]["endpoints"]
            return [row["state"] for row in rows if "lastCheck" in row] == ["UP", "UP"]
        wait_until(checked, "both to be found up by a check")

    def test_without_the_word_an_endpoint_has_to_prove_who_it_is(self):
        self.addCleanup(self.write, {"tls": "plaintext"})
        self.write({"identity": self.mesh.spiffe_id("app")})
        wait_until(lambda: self.answers() == {(200, b"meshed"): 20}, "the one that proves nothing gets nothing")


if __name__ == "__main__":
    unittest.main()
