#!/usr/bin/env python3
"""A sidecar that may open no file more: who is connected is served, who comes waits, and is served when there is one."""

import itertools
import os
import resource
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.metrics import Metrics

_REQUESTS = 20
_NEWCOMERS = 12  # more than the connections of the start that may still be closing


class Descriptors(MeshTestCase):
    def setUp(self):
        app = HttpApp(lambda request, _reader, sock: reply(sock, b"hi"))
        self.addCleanup(app.close)
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", app.port)], tls="plaintext")
        file = self.mesh.write("resources.yaml", resources.to_yaml([resources.service("hello"), backend]))
        blocks = self.mesh.file_blocks(None, file)
        self.proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")], blocks, workers=1)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.limits = resource.prlimit(self.proxy.process.pid, resource.RLIMIT_NOFILE)

    def allow(self, files):
        """Numbers of open files stay below it."""
        resource.prlimit(self.proxy.process.pid, resource.RLIMIT_NOFILE, (files, self.limits[1]))

    def allow_no_more(self):
        used = {int(name) for name in os.listdir(f"/proc/{self.proxy.process.pid}/fd")}
        self.allow(next(number for number in itertools.count() if number not in used))

    def client(self, section):
        client = http1.Client(self.proxy.address_of(section)[1])
        self.addCleanup(client.close)
        return client

    @staticmethod
    def accepted(health):
        answer = health.request(target="/metrics")
        return Metrics(answer.body.decode()).total("heddle_downstream_accepted_total")

    def test_serves_who_is_there_and_later_who_waited(self):
        kept, health = self.client("out"), self.client("health")
        self.assertEqual(kept.request().status, 200)  # opens the connection to the application, too
        before = self.accepted(health)

        self.allow_no_more()
        newcomers = [self.client("out") for _ in range(_NEWCOMERS)]
        for newcomer in newcomers:
            newcomer.send(http1.request_bytes())
        for _ in range(_REQUESTS):
            self.assertEqual(kept.request().status, 200)
            self.assertEqual(health.request(target="/livez").status, 200)
            self.assertEqual(health.request(target="/readyz").status, 200)
        self.assertLess(self.accepted(health), before + _NEWCOMERS)

        self.allow(self.limits[0])
        self.assertEqual([newcomer.response().status for newcomer in newcomers], [200] * _NEWCOMERS)
        self.assertEqual(self.accepted(health), before + _NEWCOMERS)


if __name__ == "__main__":
    unittest.main()
