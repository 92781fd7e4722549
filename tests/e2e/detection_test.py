#!/usr/bin/env python3
"""Ports whose protocol is detected, and servers that speak first: the first clients wait, later ones do not, and who is
carried because it said nothing is judged like any other TCP. What was learned is asked of the proxy, never of a clock."""

import json
import socket
import threading
import unittest

from heddle_harness import http1, mariadb, pki, resources
from heddle_harness.apps import TcpApp
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until

_DETECTIONS = "heddle_detections_total"
_WARNING = "could not be detected in time"


def learned(sidecar, name):
    """What the admin says of a listener."""
    rows = json.loads(sidecar.admin("/listeners").body)["listeners"]
    return next(row for row in rows if row["name"] == name)


def warnings(sidecar):
    return [entry for entry in sidecar.log_entries() if _WARNING in str(entry.get("msg"))]


def together(*calls):
    """Each in a thread of its own; their results in order."""
    results = [None] * len(calls)

    def run(index, call):
        results[index] = call()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class ServerSpeaksFirst(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pair = Pair(cls.mesh, mariadb.start(cls.mesh), protocol="auto", inbound={"protocol": "tcp"}).start()

    def query(self):
        return mariadb.sql(self.pair.port, "SELECT 6 * 7;")

    def count(self, result):
        return self.pair.client.metrics().total(_DETECTIONS, listener="out", result=result)

    def test_the_first_clients_wait_and_later_ones_do_not(self):
        self.assertEqual(learned(self.pair.client, "out")["known"], "nothing")

        self.assertEqual(together(self.query, self.query), ["42\n", "42\n"])

        self.assertEqual(self.count("timeout"), 2)
        row = learned(self.pair.client, "out")
        self.assertEqual((row["known"], row["destination"]), ("server-first", "app.default:80"))

        self.assertEqual(self.query(), "42\n")

        self.assertEqual((self.count("timeout"), self.count("server-first")), (2, 1))
        (warning,) = wait_until(lambda: warnings(self.pair.client), "the line of the log")
        self.assertEqual((warning["destination"], warning["served_as"]), ("app.default:80", "tcp"))
        self.assertIn('listener "out": protocol: tcp', warning["setting"])

        self.assert_http_is_still_seen()

    def assert_http_is_still_seen(self):
        """Also where silence is expected, a client that speaks HTTP at once is served as such, and the proxy unlearns."""
        try:
            http1.get(self.pair.port)
        except (OSError, ValueError, http1.ConnectionEnded):
            pass  # whatever MariaDB makes of a request
        wait_until(lambda: self.count("http1") == 1, "the request to be seen as HTTP")
        self.assertEqual(learned(self.pair.client, "out")["known"], "http")


class SilenceAndAuthorization(MeshTestCase):
    """An inbound port without TLS, whose application greets whoever it sees."""

    @classmethod
    def build(cls):
        cls.app = TcpApp(lambda sock: sock.sendall(b"greetings"))
        cls.addClassCleanup(cls.app.close)
        listener = cls.mesh.inbound(endpoint("127.0.0.1", cls.app.port), tls="off")
        policy = resources.authorization(
            "only-get", "allow", [{"to": [{"methods": ["GET"]}]}], target=("Workload", "app"))
        path = cls.mesh.write("policies.yaml", resources.to_yaml(
            [resources.workload("app", pki.spiffe_id("app"), ["app"]), resources.service("app"),
             resources.backend_set("app", [resources.endpoint("127.0.0.1", cls.app.port, pki.spiffe_id("app"))]), policy]))
        cls.sidecar = cls.mesh.sidecar("app", [listener], cls.mesh.file_blocks(cls.mesh.authority.issue("app"), path))
        cls.sidecar.start()

    def say_nothing(self):
        """What a silent client is told until the end."""
        ip, port = self.sidecar.address_of("in")
        with socket.create_connection((ip, port), 60) as sock:
            try:
                return sock.recv(100)
            except ConnectionResetError:
                return b""

    def denied(self):
        return self.sidecar.metrics().total("heddle_authz_total", action="deny", policy="default/only-get")

    def test_a_policy_with_rules_for_requests_denies_who_says_nothing(self):
        self.assertEqual(together(self.say_nothing, self.say_nothing), [b"", b""])
        self.assertEqual(self.sidecar.metrics().total(_DETECTIONS, listener="in", result="timeout"), 2)
        self.assertEqual(self.denied(), 2)

        self.assertEqual(self.say_nothing(), b"")

        self.assertEqual(self.sidecar.metrics().total(_DETECTIONS, listener="in", result="server-first"), 1)
        self.assertEqual(self.denied(), 3)
        self.assertEqual(self.app.accepted, 0)


if __name__ == "__main__":
    unittest.main()
