#!/usr/bin/env python3
"""Every link of the documents leads somewhere: files that are there, headings that they have."""

import pathlib
import re
import unittest

import support

_ROOT = pathlib.Path(support.ROOT)

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"(?m)^#{1,6} (.*)$")
_FENCED = re.compile(r"(?ms)^```.*?^```$")


def prose(page):
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def slug(heading):
    """As GitHub makes anchors of headings."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


class Links(unittest.TestCase):
    def test_they_lead_somewhere(self):
        pages = [page for page in _ROOT.glob("**/*.md") if "build" not in page.relative_to(_ROOT).parts]
        self.assertGreater(len(pages), 20)
        for page in pages:
            for target in _LINK.findall(re.sub(r"`[^`]*`", "", prose(page))):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path) if path else page
                with self.subTest(page=str(page.relative_to(_ROOT)), target=target):
                    self.assertTrue(file.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, [slug(heading) for heading in _HEADING.findall(prose(pathlib.Path(file)))])


if __name__ == "__main__":
    unittest.main()
