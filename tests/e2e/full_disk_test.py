#!/usr/bin/env python3
"""A control plane whose disk is full: it refuses changes with a clear error and goes on with everything else."""

import resource
import unittest

from heddle_harness import http1, resources
from heddle_harness.mesh import ControlledTestCase


class FullDisk(ControlledTestCase):
    def setUp(self):
        super().setUp()
        self.pid = self.control.process.pid
        self.limit = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        self.addCleanup(resource.prlimit, self.pid, resource.RLIMIT_FSIZE, self.limit)

    def fill(self):
        """No file of the process may grow, as on a disk that is full."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (1, self.limit[1]))

    def change(self, number):
        rule = resources.rule([resources.to_backend_set("app")], path=f"/{number}")
        return resources.to_yaml([*self.pair.resources, resources.route("app", "app", [rule])])

    def apply(self, number):
        return self.control.cli("apply", "-f", "-", text=self.change(number), check=False)

    def test_changes_are_refused_and_everything_else_goes_on(self):
        version = self.control.apply(self.change(1))
        self.control.wait_version(version)
        self.fill()

        done = self.apply(2)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("sqlite", done.stderr)
        self.assertTrue(self.control.process.is_running())
        self.assertIn("/1", self.control.cli("get", "httproute", "app", "-o", "json").stdout)
        self.assertEqual({row["runsVersion"] for row in self.control.status()["sidecars"]}, {version})
        self.assertEqual(http1.get(self.pair.port, "/1").status, 200)

        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self.limit)
        self.control.wait_version(self.control.apply(self.change(2)))
        self.assertEqual(http1.get(self.pair.port, "/2").status, 200)


if __name__ == "__main__":
    unittest.main()
