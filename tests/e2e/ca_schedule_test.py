#!/usr/bin/env python3
"""A root of ours that comes near its end is replaced by itself: never forced, and what keeps it from that is said."""

import json
import os
import signal
import unittest

from heddle_harness import http1
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.processes import wait_until


class ScheduledCase(ControlledTestCase):
    def ca(self):
        return json.loads(self.control.cli("ca", "status", "-o", "json").stdout)

    def waits_for(self):
        metrics = Metrics(http1.get(self.control.health_port, "/metrics").body.decode())
        return metrics.total("heddle_control_ca_rotation_waits_for")

    def steps(self):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return [line["audit"] for line in map(json.loads, file) if line["caller_id"] == "schedule"]


class ByItself(ScheduledCase):
    # The first root is prepared 25 s before its end, so 50 s from now; a bundle is out for 5 s before it is used.
    flags = ("--svid-ttl", "10s", "--ca-root-ttl", "75s", "--ca-rotate-before", "25s")

    def test_a_root_is_replaced_before_its_end_under_load(self):
        first = self.ca()["roots"][0]
        self.assertEqual(self.ca()["automatic"]["step"], "prepare")
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            wait_until(lambda: "ca-retire" in self.steps(), "the old root to be gone", 150, poll=0.2)
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(self.steps()[:3], ["ca-prepare", "ca-activate", "ca-retire"])
        self.assertNotIn(first["fingerprint"], [root["fingerprint"] for root in self.ca()["roots"]])


class Blocked(ScheduledCase):
    # Prepared 50 s from now, activated from 15 s later on: the stopped sidecar's certificate lives longer than that.
    flags = ("--svid-ttl", "110s", "--ca-root-ttl", "120s", "--ca-rotate-before", "70s")

    def test_a_stopped_sidecar_is_waited_for_and_named_and_nothing_is_forced(self):
        stopped = self.pair.client
        stopped.process.signal(signal.SIGSTOP)
        try:
            self.assertEqual(self.steps(), [], "too late to begin: is the machine overloaded?")
            wait_until(lambda: self.waits_for() == 1, "the due step to wait", 150, poll=0.2)
            self.assertEqual(self.ca()["phase"], "prepared")
            status = self.control.cli("ca", "status").stdout
            self.assertIn("attention: waits to activate for " + stopped.name, status)
            self.assertIn("the CA needs attention", self.control.process.log())
            self.assertEqual(self.steps(), ["ca-prepare"], "a step that waits is no line each time")
        finally:
            stopped.process.signal(signal.SIGCONT)
        wait_until(lambda: "ca-retire" in self.steps(), "the rotation to go on", 150, poll=0.2)
        wait_until(lambda: self.waits_for() == 0, "nobody to be waited for")
        self.assertEqual(http1.get(self.pair.port).status, 200)


if __name__ == "__main__":
    unittest.main()
