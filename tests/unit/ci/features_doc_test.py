#!/usr/bin/env python3
"""docs/features.md names tests: each file is there, and each name stands in a file of its row."""

import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
FILE = re.compile(r"(?:(?:unit|contract|integration|e2e)/)?[\w/]+_test\.(?:cc|py)")
NAME = re.compile(r"`(\w+)`")


def rows():
    with open(os.path.join(ROOT, "docs/features.md"), encoding="utf-8") as page:
        for line in page:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 3 and FILE.search(cells[2]):
                yield cells[0], cells[2]


def files_of(cell):
    """A name without a folder is in the folder of the one before it."""
    folder = ""
    for name in FILE.findall(cell):
        if "/" in name:
            folder = os.path.dirname(name)
        yield os.path.join(ROOT, "tests", folder, os.path.basename(name))


class FeaturesTest(unittest.TestCase):
    def test_every_row_names_tests_that_are_there(self):
        count = 0
        for feature, cell in rows():
            count += 1
            text = ""
            for path in files_of(cell):
                self.assertTrue(os.path.isfile(path), f"{feature}: no file {path}")
                with open(path, encoding="utf-8") as source:
                    text += source.read()
            for name in NAME.findall(cell):
                self.assertIn(name, text, f"{feature}: no test {name}")
        self.assertGreater(count, 30)


if __name__ == "__main__":
    unittest.main()
