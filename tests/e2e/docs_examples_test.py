#!/usr/bin/env python3
"""The examples of each page about resources make a whole configuration: a control plane takes them in one transaction."""

import pathlib
import re
import subprocess
import unittest

from heddle_harness.mesh import MeshTestCase

_DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"(?ms)^```yaml\n(.*?)^```$")


def examples_of(page):
    return [block for block in _BLOCK.findall(page.read_text(encoding="utf-8")) if "apiVersion:" in block]


class Examples(MeshTestCase):
    @classmethod
    def build(cls):
        cls.control = cls.mesh.start_control()

    def apply(self, page):
        file = self.mesh.write(f"{page.stem}.yaml", "---\n".join(examples_of(page)))
        words = [f"{self.mesh.bin}/heddle", "apply", "--dry-run", "--context", self.control.context, "-f", file]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    def test_each_page_is_taken_as_a_whole(self):
        pages = [_DOCS / "authorization.md", _DOCS / "rate-limits.md", *sorted(_DOCS.glob("resources/*.md"))]
        self.assertGreater(len(pages), 9)
        for page in pages:
            with self.subTest(page=page.name):
                self.assertTrue(examples_of(page), "a page has an example")
                done = self.apply(page)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("created", done.stdout)


if __name__ == "__main__":
    unittest.main()
