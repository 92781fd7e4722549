#!/usr/bin/env python3
"""A SVID that has expired: a new token is needed, and log, readiness and status say so."""

import json
import os
import unittest

from heddle_harness import http1, pki
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import wait_until


def is_expired(sidecar):
    return pki.is_expired(os.path.join(sidecar.bootstrap["stateDir"], "svid.pem"))


class Expiry(ControlledTestCase):
    flags = ("--svid-ttl", "10s")

    def test_an_expired_svid_needs_a_new_token_and_says_so(self):
        server = self.pair.server
        self.control.process.kill()
        server.process.kill()
        wait_until(lambda: all(map(is_expired, self.pair.sidecars)), "the SVIDs to expire", poll=0.2)
        self.control.start()
        mark = len(server.process.log())
        server.launch()
        server.process.wait_log("token", after=mark)
        wait_until(lambda: self.readiness(server), "the health port to answer")
        answer = self.readiness(server)
        self.assertEqual(answer.status, 503)
        self.assertIn(b"expired", answer.body)
        wait_until(lambda: "expired" in json.dumps(self.control.status()), "status to say so")

        # Both are told by their files, while they run; the client's certificate expired, too.
        for sidecar in self.pair.sidecars:
            identity = sidecar.bootstrap["identity"]
            with open(identity["joinTokenFile"], "w", encoding="ascii") as file:
                file.write(self.control.token(identity["id"]))
        wait_until(lambda: http1.is_ok(self.pair.port), "traffic to flow again")
        wait_until(lambda: "expired" not in json.dumps(self.control.status()), "status to show both as live")

    @staticmethod
    def readiness(sidecar):
        ip, port = sidecar.address_of("health")
        return http1.try_get(port, "/readyz?verbose", ip)


if __name__ == "__main__":
    unittest.main()
