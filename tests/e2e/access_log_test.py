#!/usr/bin/env python3
"""What both sidecars' access logs say: who asked whom, and how; what broke off; and which requests a mode logs."""

import os
import socket
import struct
import unittest

from heddle_harness import h2peer, http1, pki
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_ID = "0af7651916cd43dd8448eb211c80319c"
_CANCEL = 8


def entries(sidecar, path):
    return [one for one in sidecar.log_entries() if one.get("path") == path]


class Application:
    """/held is never answered, /cut breaks off within its body, /500 fails; the rest is fine."""

    def __init__(self):
        self.arrived = []

    def __call__(self, request, reader, sock):
        reader.body(request)
        self.arrived.append(request.target)
        if request.target.startswith("/held"):
            return reader.rest() and False  # until the sidecar gives up
        if request.target == "/cut":
            sock.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.")
            return False
        return reply(sock, b"x", "500 Broken" if request.target == "/500" else "200 OK")


class ModeCase(MeshTestCase):
    """A pair whose sidecars have this `accessLog`, or none."""

    access_log = None

    @classmethod
    def build(cls):
        cls.handler = Application()
        cls.app = HttpApp(cls.handler)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, workers=1)
        for sidecar in (cls.pair.client, cls.pair.server):
            del sidecar.bootstrap["accessLog"]
            sidecar.bootstrap |= {"accessLog": cls.access_log} if cls.access_log else {}
            sidecar.write()
        cls.pair.start()

    def wait_arrived(self, path):
        wait_until(lambda: path in self.handler.arrived, f"{path} at the application")

    def one_entry(self, sidecar, path):
        wait_until(lambda: entries(sidecar, path), f"{path} in the access log of {sidecar.name}")
        found = entries(sidecar, path)
        self.assertEqual(len(found), 1)
        return found[0]


class ByDefault(ModeCase):
    """Without `accessLog`: errors, and whatever broke off."""

    def assert_logged(self, path, outbound, inbound):
        for sidecar, expected in ((self.pair.client, outbound), (self.pair.server, inbound)):
            entry = self.one_entry(sidecar, path)
            got = (entry["response_code"], entry["response_code_details"], entry["response_flags"])
            self.assertEqual(got, expected, sidecar.name)

    def test_what_went_well_is_not_logged_and_what_failed_is(self):
        for path in ("/fine", "/500"):
            http1.get(self.pair.port, path)
        self.assert_logged("/500", (500, "via_upstream", "-"), (500, "via_upstream", "-"))
        self.assertEqual(entries(self.pair.client, "/fine") + entries(self.pair.server, "/fine"), [])

    def test_a_stream_that_its_client_cancels(self):
        client = h2peer.Client(self.pair.port)
        self.addCleanup(client.close)
        stream = client.open("GET", "/held-h2")
        self.wait_arrived("/held-h2")
        client.h2.reset_stream(stream, _CANCEL)
        client.flush()
        reset = (None, "downstream-reset", "DR")  # no status: nobody is there to read one
        self.assert_logged("/held-h2", reset, reset)

    def test_a_connection_that_its_client_aborts(self):
        """With a reset: an end alone is a half-close, whose sender still reads the answer."""
        with http1.Client(self.pair.port) as client:
            client.send(http1.request_bytes("GET", "/held-h1"))
            self.wait_arrived("/held-h1")
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assert_logged("/held-h1", (None, "downstream-closed", "DC"), (None, "downstream-reset", "DR"))

    def test_a_body_that_the_application_cuts(self):
        with http1.Client(self.pair.port) as client, self.assertRaises((http1.ConnectionEnded, OSError)):
            client.request("GET", "/cut")
        self.assert_logged("/cut", (200, "upstream-reset", "UR"), (200, "upstream-closed", "UC"))
        self.assertEqual(self.one_entry(self.pair.server, "/cut")["bytes_sent"], 10)


class Sample(ModeCase):
    access_log = {"mode": "sample", "sample": 5, "file": "-"}

    def test_one_of_five_and_every_error_is_logged(self):
        with http1.Client(self.pair.port) as client:
            for _ in range(20):
                client.request("GET", "/fine")
            for _ in range(3):
                client.request("GET", "/500")
        for sidecar in (self.pair.client, self.pair.server):
            wait_until(lambda sidecar=sidecar: len(entries(sidecar, "/500")) == 3, "every error")  # after the others
            self.assertEqual(len(entries(sidecar, "/fine")), 4, sidecar.name)


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
