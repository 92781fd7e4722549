#!/usr/bin/env python3
"""The commands of a pod: wait until the sidecar is ready, and ask it to end."""

import subprocess
import unittest

from heddle_harness import resources
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE


class Await(MeshTestCase):
    @classmethod
    def build(cls):
        path = cls.mesh.write("resources.yaml", resources.to_yaml([resources.service("a"), resources.backend_set("a", [])]))
        cls.blocks = cls.mesh.file_blocks(None, path)

    def sidecar(self, name):
        made = self.mesh.sidecar(name, [self.mesh.outbound("a")], self.blocks)
        self.addCleanup(lambda: made.process and made.kill())
        return made

    def command(self, *words):
        argv = [f"{self.mesh.bin}/heddle-proxy", *words]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def test_it_waits_for_a_sidecar_that_starts_later(self):
        sidecar = self.sidecar("later")
        waiting = self.command("await", "--config", sidecar.path)
        self.assertIn("waiting for the sidecar", waiting.stdout.readline())
        sidecar.start()
        code, out, err = self.finish(waiting)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("ready after", out)

    def test_the_time_is_limited(self):
        address = self.mesh.address()
        code, _, err = self.finish(self.command("await", "--health", address, "--timeout", "500ms"))
        self.assertEqual(code, 1)
        self.assertIn("not ready after 500ms", err)

    def test_quit_ends_the_sidecar(self):
        sidecar = self.sidecar("quitting").start()
        socket = sidecar.bootstrap["admin"]["socket"]
        code, out, _ = self.finish(self.command("quit", "--socket", socket))
        self.assertEqual((code, out), (0, "the sidecar ends\n"))
        self.assertEqual(sidecar.process.wait(), 0)
        self.assertEqual(self.finish(self.command("quit", "--socket", socket))[0], 1)


if __name__ == "__main__":
    unittest.main()
