#!/usr/bin/env python3
"""What the control plane pushes beside paths: header and method rules, weights, TCP checks; and who lags behind."""

import json
import signal
import unittest

import watch_test
from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.processes import wait_until

_REQUESTS = 2000


class PushedCase(watch_test.WatchCase):
    """Two sets for the service app: `app` over mutual TLS, `two` in plaintext beside the client's sidecar."""

    @classmethod
    def build(cls):
        super().build()
        cls.two = hello_app(b"two\n", port=cls.mesh.ports.reserve())  # nobody else's while it does not listen
        cls.addClassCleanup(cls.two.close)

    def push(self, *more, rules=()):
        """The set `two` with `more`, and these rules for the service; the version that is in force everywhere."""
        sets = [resources.backend_set("two", [resources.endpoint("127.0.0.1", self.two.port)], tls="plaintext")]
        routes = [resources.route("app", "app", list(rules))] if rules else []
        version = self.control.apply(resources.to_yaml([*self.pair.resources, *sets, *routes, *more]))
        self.control.wait_version(version)
        return version


class Routes(PushedCase):
    def rule(self, name, **match):
        return resources.rule([resources.to_backend_set(name)], **match)

    def body(self, method="GET", headers=()):
        with http1.Client(self.pair.port) as client:
            return client.request(method, "/", headers, body=b"" if method == "POST" else None).body

    def test_headers_and_methods_are_matched(self):
        self.push(rules=[self.rule("app", path="/"), self.rule("two", headers={"x-to": "two"}),
                         self.rule("two", path="/", method="POST")])
        self.assertEqual(self.body(), b"hello\n")
        self.assertEqual(self.body(headers=[("x-to", "one")]), b"hello\n")
        self.assertEqual(self.body(headers=[("x-to", "two")]), b"two\n")
        self.assertEqual(self.body("POST"), b"two\n")

    def test_weights_split_the_traffic(self):
        self.push(rules=[resources.rule([resources.to_backend_set("app", 3), resources.to_backend_set("two", 1)])])
        with http1.Client(self.pair.port) as client:
            bodies = [client.request().body for _ in range(_REQUESTS)]
        self.assertEqual(set(bodies), {b"hello\n", b"two\n"})
        self.assertAlmostEqual(bodies.count(b"hello\n") / _REQUESTS, 0.75, delta=0.06)  # six standard deviations


class TcpChecks(PushedCase):
    def states(self):
        """{name of the set: the state of its one endpoint}, as the client's sidecar sees them."""
        rows = json.loads(self.pair.client.admin("/backends").body)["backendSets"]
        return {row["name"]: row["endpoints"][0]["state"] for row in rows if row["endpoints"]}

    def wait_states(self, app, two):
        wanted = {"default/app": app, "default/two": two}
        wait_until(lambda: self.states() == wanted, f"{wanted}")

    def test_who_stops_listening_is_down_and_who_listens_again_is_up(self):
        check = {"kind": "tcp", "interval": "200ms", "timeout": "1s"}
        policies = [resources.health_policy(f"check-{name}", name, check) for name in ("app", "two")]
        rule = resources.rule([resources.to_backend_set("app"), resources.to_backend_set("two")])
        self.push(*policies, rules=[rule])
        self.wait_states("UP", "UP")

        self.two.close()
        self.wait_states("UP", "DOWN")
        self.pair.server.kill()
        self.wait_states("DOWN", "DOWN")
        answer = http1.get(self.pair.port)
        self.assertEqual((answer.status, answer.reason), (503, "no-healthy-endpoint"))

        again = hello_app(b"two\n", port=self.two.port)
        self.addCleanup(again.close)
        self.pair.server.start()
        self.wait_states("UP", "UP")


class Lag(PushedCase):
    def row(self, sidecar):
        return next(row for row in self.control.status()["sidecars"] if row["node"] == sidecar.name)

    def apply_weight(self, weight):
        changed = resources.backend_set("app", [{**self.pair.address, "weight": weight}])
        return self.control.apply(resources.to_yaml([changed]))

    def test_status_shows_who_lags_behind_and_by_how_much(self):
        slow = self.pair.client
        had = self.control.apply(resources.to_yaml(self.pair.resources))
        self.control.wait_version(had)
        row = self.row(slow)
        self.assertEqual((row["state"], row["runsVersion"], row["lag_versions"]), ("live", had, 0))

        slow.process.signal(signal.SIGSTOP)
        self.addCleanup(slow.process.signal, signal.SIGCONT)
        newest = [self.apply_weight(weight) for weight in (2, 3, 4)][-1]
        wait_until(lambda: self.row(slow)["state"] == "behind", "status to show who is stopped as behind")
        row = self.row(slow)
        self.assertEqual((row["runsVersion"], row["lag_versions"]), (had, 3))
        wait_until(lambda: self.row(slow)["lag_seconds"] > 0, "the lag to have an age")
        done = self.control.cli("wait", "--version", newest, "--timeout", "1s", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(slow.name, done.stdout + done.stderr)

        slow.process.signal(signal.SIGCONT)
        self.control.wait_version(newest)
        row = self.row(slow)
        self.assertEqual((row["state"], row["runsVersion"], row["lag_versions"]), ("live", newest, 0))


if __name__ == "__main__":
    unittest.main()
