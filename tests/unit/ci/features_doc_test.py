#!/usr/bin/env python3
"""docs/features.md and docs/guarantees.md name tests: each file is there, and each name stands in a file of its row."""

import glob
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


# What the programs of docs/guarantees.md are made of, below tests/.
PROGRAMS = {
    "unit_control": ["unit/control/**/*_test.cc", "unit/cli/**/*_test.cc", "unit/k8s/**/*_test.cc"],
    "unit_proxy": ["unit/proxy/**/*_test.cc"],
    "unit_lib": ["unit/lib/**/*_test.cc", "unit/certs/**/*_test.cc"],
    "contract": ["contract/*_test.cc"],
    "integration": ["integration/*_test.cc"],
}
PART = re.compile(r"`(\w+)`: (`[\w.]+`(?:, `[\w.]+`)*)")


def source_of(program):
    patterns = PROGRAMS.get(program, [f"e2e/{program.removeprefix('e2e_')}_test.py"])
    text = ""
    for pattern in patterns:
        for path in glob.glob(os.path.join(ROOT, "tests", pattern), recursive=True):
            with open(path, encoding="utf-8") as source:
                text += source.read()
    return text


def promises():
    with open(os.path.join(ROOT, "docs/guarantees.md"), encoding="utf-8") as page:
        for line in page:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 3 and cells[0] != "failure" and set(cells[0]) != {"-"}:
                yield cells[0], cells[2]


class GuaranteesTest(unittest.TestCase):
    def test_every_promise_names_tests_that_are_there_or_says_that_there_is_none(self):
        count = 0
        for failure, cell in promises():
            for part in cell.split("; "):
                count += 1
                if "no test" in part:
                    continue
                found = PART.fullmatch(part)
                self.assertTrue(found, f"{failure}: expected `PROGRAM`: `TEST`, ...; got {part}")
                text = source_of(found[1])
                for name in re.findall(r"`([\w.]+)`", found[2]):
                    suite, _, test = name.partition(".")
                    said = rf"TEST\w*\({suite},\s*{test}\)" if test else rf"(class|def) {suite}\b"
                    self.assertTrue(re.search(said, text), f"{failure}: no test {name} in {found[1]}")
        self.assertGreater(count, 20)


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
