#!/usr/bin/env python3
"""After the control plane was away: nobody is sent what it has already. Seen in the sidecars' metrics."""

import unittest

import watch_test
from heddle_harness.processes import wait_until


class Resync(watch_test.WatchCase):
    def connected(self):
        return all(sidecar.metrics().total("heddle_control_connected") == 1 for sidecar in self.pair.sidecars)

    def updates(self):
        return [sidecar.metrics().total("heddle_config_updates_total") for sidecar in self.pair.sidecars]

    def test_nothing_is_sent_again_when_nothing_changed(self):
        wait_until(self.connected, "both watch streams")
        before = self.updates()
        self.assertGreater(min(before), 0)
        self.control.process.kill()
        wait_until(lambda: not self.connected(), "the streams to end", 30)
        self.control.start()
        wait_until(self.connected, "both to connect again", 60)
        self.control.wait_version(self.pair.version)
        self.assertEqual(self.updates(), before, "somebody was sent what it had already")


if __name__ == "__main__":
    unittest.main()
