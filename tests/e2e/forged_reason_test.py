#!/usr/bin/env python3
"""heddle-reason belongs to Heddle: what a backend outside the mesh writes into it goes no further."""

import unittest

import operations_test
from heddle_harness import http1
from heddle_harness.apps import HttpApp, reply


class ForgedReason(operations_test.PlainCase):
    def test_an_application_cannot_forge_a_reason(self):
        app = HttpApp(lambda request, reader, sock: reply(sock, b"", "503 Busy", [("heddle-reason", "forged")]))
        self.start_proxy(self.start_app(app))
        self.assertIsNone(http1.get(self.port).header("heddle-reason"))


if __name__ == "__main__":
    unittest.main()
