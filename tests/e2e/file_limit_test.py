#!/usr/bin/env python3
"""Both programs raise their limit of open files to what they are allowed, and say it."""

import resource
import unittest

from heddle_harness.apps import hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase

_SOFT = 256


def limits_of(pid):
    """(soft, hard) as /proc shows them."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("Max open files"))
    return tuple(line.split()[3:5])


class FileLimit(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (_SOFT, before[1]))  # children inherit it
        try:
            cls.control = cls.mesh.start_control()
            cls.pair = ControlledPair(cls.mesh, cls.app).start()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    def expect_raised(self, process):
        soft, hard = limits_of(process.pid)
        self.assertEqual(soft, hard)
        self.assertNotEqual(soft, str(_SOFT))
        process.wait_log("file limit")

    def test_the_control_plane_does(self):
        self.expect_raised(self.control.process)

    def test_a_sidecar_does(self):
        self.expect_raised(self.pair.client.process)


if __name__ == "__main__":
    unittest.main()
