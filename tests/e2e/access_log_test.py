#!/usr/bin/env python3
"""What both sidecars' access logs say about one request: who asked whom, and how."""

import os
import unittest

from heddle_harness import http1, pki
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_ID = "0af7651916cd43dd8448eb211c80319c"


class AccessLog(MeshTestCase):
    @classmethod
    def build(cls):
        app = hello_app()
        cls.addClassCleanup(app.close)
        cls.pair = Pair(cls.mesh, app.port).start()
        http1.get(cls.pair.port, "/asked?secret=1", headers=[("x-request-id", _ID)])

    def entry(self, sidecar):
        def found():
            return next((one for one in sidecar.log_entries() if one.get("path") == "/asked"), None)

        wait_until(found, "the request in the access log")
        return found()

    def test_the_client_s_sidecar_says_where_it_went(self):
        entry = self.entry(self.pair.client)
        self.assertEqual(entry["direction"], "outbound")
        self.assertTrue(entry["downstream_remote_address"].startswith("127.0.0.1:"))
        self.assertEqual((entry["downstream_tls"], entry["downstream_peer"]), (False, None))
        self.assertEqual((entry["upstream_tls"], entry["upstream_protocol"]), (True, "HTTP/2"))
        self.assertEqual(entry["request_id"], _ID)
        self.assertEqual(entry["response_code"], 200)

    def test_the_server_s_sidecar_says_who_asked(self):
        entry = self.entry(self.pair.server)
        self.assertEqual(entry["direction"], "inbound")
        path = pki.spiffe_id("app-client").split("/", 3)[3]
        self.assertEqual((entry["downstream_tls"], entry["downstream_peer"]), (True, path))
        self.assertEqual(entry["protocol"], "HTTP/2")
        self.assertEqual((entry["upstream_tls"], entry["upstream_protocol"]), (False, "HTTP/1.1"))
        self.assertNotIn("secret", os.linesep.join(map(str, entry.values())))


if __name__ == "__main__":
    unittest.main()
