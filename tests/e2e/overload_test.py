#!/usr/bin/env python3
"""A sidecar at its memory limit sheds, says so, answers its health checks, and is as before when it is over."""

import math
import socket
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until

_BODY = bytes(4 << 20)
_MIB = 1 << 20
_MOST_CLIENTS = 400


def _handle(request, _reader, sock):
    reply(sock, _BODY if request.target == "/big" else b"hi")


class Overload(MeshTestCase):
    def setUp(self):
        self.app = HttpApp(_handle)
        self.addCleanup(self.app.close)
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", self.app.port)], tls="plaintext")
        self.file = self.mesh.write("resources.yaml", resources.to_yaml([resources.service("hello"), backend]))
        self.hogs = []
        self.addCleanup(self.close_hogs)

    def start(self, **more):
        blocks = self.mesh.file_blocks(None, self.file)
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")], blocks, workers=1, **more)
        self.addCleanup(proxy.kill)
        return proxy.start()

    def needed(self):
        """Bytes an idle sidecar has in memory."""
        proxy = self.start()
        http1.get(proxy.address_of("out")[1])
        bytes_used = proxy.metrics().total("process_resident_memory_bytes")
        proxy.kill()
        self.assertGreater(bytes_used, 0)
        return bytes_used

    def hog(self, port):
        """Asks for much and reads nothing of it."""
        hog = socket.socket()
        hog.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hog.connect(("127.0.0.1", port))
        hog.sendall(http1.request_bytes(target="/big"))
        self.hogs.append(hog)

    def close_hogs(self):
        while self.hogs:
            self.hogs.pop().close()

    def test_sheds_at_the_limit_and_recovers(self):
        limit = max(16, math.ceil(self.needed() / 0.8 / _MIB))
        proxy = self.start(memoryLimitMiB=limit)
        port = proxy.address_of("out")[1]
        with http1.Client(port) as kept:
            self.assertEqual(kept.request().status, 200)

            def full():
                if len(self.hogs) < _MOST_CLIENTS:
                    self.hog(port)
                return proxy.metrics().total("heddle_memory_pressure") == 2

            wait_until(full, f"{limit} MiB to be used up", 120)
            self.assertTrue(http1.is_ok(proxy.address_of("health")[1], "/livez"))
            self.assertEqual(proxy.metrics().total("heddle_memory_limit_bytes"), limit * _MIB)
            with http1.Client(port) as waiting:  # in the kernel's queue until it is over
                waiting.send(http1.request_bytes())
                accepted = proxy.metrics().total("heddle_downstream_accepted_total")
                self.close_hogs()
                wait_until(lambda: proxy.metrics().total("heddle_memory_pressure") == 0, "the end of it", 120)
                self.assertEqual(waiting.response().status, 200)
                self.assertGreater(proxy.metrics().total("heddle_downstream_accepted_total"), accepted)
        proxy.process.wait_log("memory pressure is over")


if __name__ == "__main__":
    unittest.main()
