#!/usr/bin/env python3
"""After the control plane was away: who has everything is sent nothing, who missed something only that."""

import signal
import unittest

import watch_test
from heddle_harness import resources
from heddle_harness.processes import wait_until

_KINDS = ("snapshot", "delta", "resume")


class Resync(watch_test.WatchCase):
    def connected(self):
        return all(sidecar.metrics().total("heddle_control_connected") == 1 for sidecar in self.pair.sidecars)

    def batches(self):
        """Of each sidecar, what it was sent so far. A full resync counts even when it brings nothing new."""
        totals = [sidecar.metrics() for sidecar in self.pair.sidecars]
        return [{kind: one.total("heddle_config_batches_total", kind=kind) for kind in _KINDS} for one in totals]

    def setUp(self):
        wait_until(self.connected, "both watch streams")
        self.before = self.batches()
        for counts in self.before:
            self.assertGreater(counts["snapshot"], 0)

    def test_nothing_is_sent_again_when_nothing_changed(self):
        version = self.control.status()["version"]
        self.control.process.kill()
        wait_until(lambda: not self.connected(), "the streams to end")
        self.control.start()
        wait_until(self.connected, "both to connect again")
        self.control.wait_version(version)
        self.assertEqual(self.batches(), self.before, "somebody was sent what it had already")

    def test_only_what_was_missed_is_sent(self):
        for sidecar in self.pair.sidecars:
            sidecar.process.signal(signal.SIGSTOP)
            self.addCleanup(sidecar.process.signal, signal.SIGCONT)
        self.control.process.kill()
        self.control.start()
        heavier = resources.backend_set("app", [{**self.pair.address, "weight": 2}])
        version = self.control.apply(resources.to_yaml([heavier]))
        for sidecar in self.pair.sidecars:
            sidecar.process.signal(signal.SIGCONT)
        everybody = {sidecar.name: version for sidecar in self.pair.sidecars}
        wait_until(lambda: self.runs() == everybody, "both to connect again and to run it")
        for was, now in zip(self.before, self.batches()):
            self.assertEqual(now["snapshot"], was["snapshot"], "somebody was sent everything again")
        resumed = [now["resume"] - was["resume"] for was, now in zip(self.before, self.batches())]
        self.assertEqual(resumed, [0, 1])  # the server's sidecar is not interested


if __name__ == "__main__":
    unittest.main()
