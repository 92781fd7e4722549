#!/usr/bin/env python3
"""A control plane whose disk does not answer, and one whose wall clock jumps: sidecars and traffic go on."""

import fcntl
import json
import os
import struct
import subprocess
import unittest

from heddle_harness import http1, resources
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import PATIENCE, wait_until


class OddWorld(ControlledTestCase):
    """The control plane runs with odd_world.cc: `set_clock` and `hold_disk` change what it sees of the world."""

    @classmethod
    def environment(cls):
        cls.world = cls.mesh.path("world")
        with open(cls.world, "wb") as file:
            file.write(struct.pack("=q", 0))
        return {**os.environ, "LD_PRELOAD": os.path.join(cls.mesh.bin, "libheddle_odd_world.so"),
                "HEDDLE_ODD_WORLD": cls.world,
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def set_clock(self, seconds):
        """By how much the control plane's wall clock is ahead."""
        with open(self.world, "r+b") as file:
            file.write(struct.pack("=q", seconds))

    def change(self, number):
        rule = resources.rule([resources.to_backend_set("app")], path=f"/{number}")
        return resources.to_yaml([*self.pair.resources, resources.route("app", "app", [rule])])

    def begin_apply(self, number):
        argv = [os.path.join(self.mesh.bin, "heddle"), "--context", self.control.context, "apply", "-f", "-"]
        apply = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(apply.kill)
        apply.stdin.write(self.change(number))
        apply.stdin.close()
        return apply


class SlowDisk(OddWorld):
    def test_a_change_is_answered_when_it_is_durable_and_traffic_does_not_wait(self):
        self.control.wait_version(self.control.apply(self.change(1)))
        self.pair.client.wait_metric("heddle_control_connected")
        with open(self.world, "rb") as disk:
            fcntl.flock(disk, fcntl.LOCK_EX)
            apply = self.begin_apply(2)
            for _ in range(200):
                self.assertEqual(http1.get(self.pair.port, "/1").status, 200)
            # Three heartbeats that do not come: the sidecars take the control plane for dead, and serve on.
            wait_until(lambda: self.pair.client.metrics().total("heddle_control_connected") == 0,
                       "the client's sidecar to miss the heartbeats")
            self.assertEqual(http1.get(self.pair.port, "/1").status, 200)
            self.assertIsNone(apply.poll(), "it was answered before it was durable")
        self.assertEqual(apply.wait(PATIENCE), 0)
        apply.stdout.close()
        wait_until(lambda: http1.get(self.pair.port, "/2").status == 200, "the change to be live")


class ClockJumps(OddWorld):
    def findings(self):
        checks = json.loads(self.control.cli("check", "-o", "json", check=False).stdout)["checks"]
        return [check["finding"] for check in checks if check["check"] == "sidecars" and check["result"] != "ok"]

    def connected(self):
        return {row["node"]: row["connected"] for row in self.control.status()["sidecars"]}

    def test_streams_changes_and_traffic_go_on_and_the_check_says_whose_clock_is_off(self):
        before = {row["node"]: row["instance"] for row in self.control.status()["sidecars"]}
        for number, jump in enumerate((7200, -7200), 1):
            self.set_clock(jump)
            self.control.wait_version(self.control.apply(self.change(number)))
            self.assertEqual(http1.get(self.pair.port, f"/{number}").status, 200)
            word = "behind" if jump > 0 else "ahead of"
            wait_until(lambda: sum("has a clock" in text and word in text for text in self.findings()) == len(before),
                       f"the check to name the sidecars whose clock is {word} the control plane's")
            self.assertEqual(self.connected(), dict.fromkeys(before, True))
        self.set_clock(0)
        wait_until(lambda: not self.findings(), "the check to be content again")
        self.assertEqual({row["node"]: row["instance"] for row in self.control.status()["sidecars"]}, before)


if __name__ == "__main__":
    unittest.main()
