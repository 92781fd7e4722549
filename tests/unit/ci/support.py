"""Makes the checkers importable and lays out small trees for them."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, ".ci"))

LAYERS = """
# what the tests need
lib/base:   <json/> <spdlog/>
lib/event:  lib/base <uv.h>
lib/net:    lib/base lib/event <uv.h>
lib/metrics: lib/base <prometheus/>
certs:      lib/base <openssl/>
proxy/lb:   lib/base
proxy/app:  lib/* certs proxy/* <CLI/>
control/app: lib/* certs control/*
cli:        lib/* certs <CLI/>
"""


class TreeTest(unittest.TestCase):
    """A test with a temporary repository; write(path, text) puts a file there."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = self._folder.name

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
