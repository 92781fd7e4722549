#!/usr/bin/env python3
"""Passive outlier ejection: who fails too often is left alone, proves itself with one request, and never all are out."""

import json
import threading
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until

_LONG = "1h"  # nobody comes back by itself within a test


class Moody:
    """An application that fails, or keeps its answers back, when it is told to."""

    def __init__(self):
        self.status = "200 OK"
        self.served = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.app = HttpApp(self._handle)

    def _handle(self, request, reader, sock):
        reader.body(request)
        self.served += 1
        status = self.status
        self.may_answer.wait(PATIENCE)
        reply(sock, b"moody\n", status)

    def fail(self, status="500 Internal Server Error"):
        self.status = status

    def close(self):
        self.may_answer.set()
        self.app.close()


class Outliers(MeshTestCase):
    def start(self, workers=2, **outlier):
        self.apps = [Moody() for _ in range(3)]
        for app in self.apps:
            self.addCleanup(app.close)
        name = self.mesh.next_name()
        endpoints = [resources.endpoint("127.0.0.1", app.app.port) for app in self.apps]
        backend = resources.backend_set("hello", endpoints, tls="plaintext", loadBalancer={"policy": "roundRobin"})
        policy = resources.outlier_policy("hello", "hello", **outlier)
        path = self.mesh.write(f"{name}.yaml", resources.to_yaml([resources.service("hello"), backend, policy]))
        self.proxy = self.mesh.sidecar(name, [self.mesh.outbound("hello")], self.mesh.file_blocks(None, path),
                                       workers=workers)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]

    def ask(self, times):
        return [http1.get(self.port).status for _ in range(times)]

    def rows(self):
        sets = json.loads(self.proxy.admin("/backends").body)["backendSets"]
        return {int(row["address"].rpartition(":")[2]): row for row in sets[0]["endpoints"]}

    def row(self, app):
        return self.rows()[app.app.port]

    def ejections(self, **labels):
        return self.proxy.metrics().total("heddle_outlier_ejections_total", **labels)

    def ejected_lines(self):
        return [line for line in self.proxy.process.log().splitlines() if "endpoint is ejected" in line]

    def test_five_errors_in_a_row_and_it_is_left_alone(self):
        self.start(baseEjectionTime=_LONG)
        bad = self.apps[1]
        bad.fail()

        statuses = self.ask(60)

        self.assertEqual(statuses.count(500), 5)
        self.assertEqual(bad.served, 5)
        self.proxy.wait_metric("heddle_outlier_ejections_total", 1, backend_set="default/hello", cause="consecutive-errors")
        self.proxy.wait_metric("heddle_outlier_ejected", 1, backend_set="default/hello")
        row = self.row(bad)
        self.assertEqual((row["state"], row["why"]), ("DOWN", "ejected: 5 errors in a row"))
        self.assertEqual((row["outlier"]["state"], row["outlier"]["ejections"]), ("ejected", 1))
        self.assertGreater(row["outlier"]["leftSeconds"], 0)
        self.assertEqual(self.row(self.apps[0])["outlier"]["state"], "in")
        self.proxy.process.wait_log("endpoint is ejected")
        self.assertEqual(self.ask(30), [200] * 30)
        self.assertEqual(len(self.ejected_lines()), 1)
        self.assertIn("consecutive-errors", self.ejected_lines()[0])

    def test_an_error_now_and_then_is_no_reason(self):
        self.start(workers=1, baseEjectionTime=_LONG)  # one of three to each, by turns
        bad = self.apps[0]
        for _ in range(4):
            bad.fail()
            self.assertEqual(self.ask(12).count(500), 4)
            bad.status = "200 OK"
            self.ask(6)

        self.assertEqual(self.row(bad)["outlier"], {"state": "in", "ejections": 0})

    def test_it_comes_back_by_one_request(self):
        self.start(baseEjectionTime="1s", jitter=0)
        bad = self.apps[2]
        bad.fail("503 Service Unavailable")
        self.ask(30)
        self.assertEqual(bad.served, 5)

        bad.status = "200 OK"
        bad.may_answer.clear()
        clients = []

        def is_proving():
            client = threading.Thread(target=http1.try_get, args=(self.port,), daemon=True)
            client.start()
            client.join(0.05)  # poll: until one of them is held
            clients.append(client)
            return bad.served == 6

        wait_until(is_proving, "the one request to come")
        self.assertEqual(self.row(bad)["outlier"]["state"], "proving")
        self.assertEqual(self.ask(60), [200] * 60)
        self.assertEqual(bad.served, 6, "more than one request before it proved itself")
        bad.may_answer.set()
        for client in clients:
            client.join(PATIENCE)
        wait_until(lambda: self.row(bad)["outlier"]["state"] == "in", "its return")
        self.assertEqual(self.ask(30), [200] * 30)
        self.assertGreaterEqual(bad.served, 14)
        self.proxy.process.wait_log("endpoint is back")
        wait_until(lambda: self.proxy.metrics().total("heddle_outlier_ejected") == 0, "nobody is out")

    def test_who_fails_to_prove_itself_is_out_again(self):
        self.start(baseEjectionTime="1s", jitter=0)
        bad = self.apps[0]
        bad.fail()
        self.ask(30)

        wait_until(lambda: self.ask(1) and self.row(bad)["outlier"]["ejections"] >= 3, "two proofs that failed")
        wait_until(lambda: self.ejections(cause="probe") >= 2, "that they are counted")

        self.assertEqual(bad.served, 5 + self.row(bad)["outlier"]["ejections"] - 1)
        self.assertEqual(self.row(bad)["outlier"]["cause"], "probe")

    def test_the_share_is_bounded_when_everybody_fails(self):
        self.start(baseEjectionTime=_LONG)
        for app in self.apps:
            app.fail()

        statuses = self.ask(90)

        self.assertEqual(statuses, [500] * 90)
        states = [row["outlier"]["state"] for row in self.rows().values()]
        self.assertEqual(sorted(states), ["ejected", "in", "in"])
        self.proxy.wait_metric("heddle_outlier_refused_total", 1, backend_set="default/hello")

    def test_the_last_one_is_never_ejected(self):
        self.start(baseEjectionTime=_LONG, maxEjectedPercent=100)
        for app in self.apps:
            app.fail()

        statuses = self.ask(90)

        self.assertEqual(statuses, [500] * 90, "503 would be: nobody is left")
        states = [row["outlier"]["state"] for row in self.rows().values()]
        self.assertEqual(sorted(states), ["ejected", "ejected", "in"])

    def test_gateway_errors_have_a_row_of_their_own(self):
        self.start(baseEjectionTime=_LONG, consecutiveErrors=0, consecutiveGatewayErrors=3)
        self.apps[0].fail("500 Internal Server Error")
        self.apps[1].fail("502 Bad Gateway")

        statuses = self.ask(60)

        self.assertEqual(statuses.count(502), 3)
        self.assertGreater(statuses.count(500), 20)

    def test_a_dead_endpoint_is_ejected_and_nobody_notices(self):
        self.start(baseEjectionTime=_LONG)
        dead = self.apps[1]
        self.assertEqual(self.ask(6), [200] * 6)
        dead.close()

        wait_until(lambda: self.ask(10) == [200] * 10 and self.row(dead)["outlier"]["state"] == "ejected", "its ejection")

        self.assertEqual(self.row(dead)["why"], "ejected: 5 errors in a row")

    def test_success_rate_is_judged_at_the_end_of_an_interval(self):
        self.start(baseEjectionTime=_LONG, consecutiveErrors=0, interval="1s", maxEjectedPercent=50,
                   successRate={"minimumRequests": 10, "minimumEndpoints": 3, "stdevFactor": 1})
        bad = self.apps[2]
        bad.fail()

        wait_until(lambda: self.ask(30) and self.row(bad)["outlier"]["state"] == "ejected", "its ejection")

        self.assertEqual(self.row(bad)["outlier"]["cause"], "success-rate")
        self.assertEqual(self.ask(30), [200] * 30)


if __name__ == "__main__":
    unittest.main()
