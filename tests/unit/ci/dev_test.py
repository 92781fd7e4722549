#!/usr/bin/env python3
"""Tests of ./dev: who asks how a command is used hears it without a build."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]


class DevTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.called = self.folder / "called"
        for name in ("cmake", "apt-get", "sudo"):
            stub = self.folder / name
            stub.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self.called}"\nexit 9\n', encoding="utf-8")
            stub.chmod(0o755)

    def dev(self, *words):
        path = f"{self.folder}:{os.environ['PATH']}"
        return subprocess.run([str(ROOT / "dev"), *words], env=dict(os.environ, PATH=path), timeout=60, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def test_help_and_lists_build_nothing(self):
        for words in (["bench", "--help"], ["bench", "-h"], ["bench", "--quick", "--help"], ["demo", "--help"],
                      ["--help"]):
            done = self.dev(*words)
            self.assertEqual((done.returncode, done.stdout.split(":")[0]), (0, "usage"), words)
        done = self.dev("bench", "--list")
        self.assertEqual(done.returncode, 0)
        self.assertIn("h1-hop", done.stdout)
        self.assertFalse(self.called.exists(), "something was installed or built")

    def test_everything_else_builds_first(self):
        done = self.dev("demo", "--check")
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(self.called.exists(), done.stdout)


if __name__ == "__main__":
    unittest.main()
