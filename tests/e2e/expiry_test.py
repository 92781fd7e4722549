#!/usr/bin/env python3
"""A SVID that has expired: a new token is needed, and log, readiness and status say so."""

import json
import os
import subprocess
import unittest

import rotation_test
from heddle_harness import http1
from heddle_harness.processes import wait_until


def is_expired(sidecar):
    path = os.path.join(sidecar.bootstrap["stateDir"], "svid.pem")
    return subprocess.run(["openssl", "x509", "-in", path, "-noout", "-checkend", "0"], capture_output=True,
                          check=False).returncode != 0


class Expiry(rotation_test.ControlledCase):
    flags = ("--svid-ttl", "5s")

    def test_an_expired_svid_needs_a_new_token_and_says_so(self):
        server = self.pair.server
        self.control.process.kill()
        server.process.kill()
        wait_until(lambda: is_expired(server), "the SVID to expire", 15)
        self.control.start()
        mark = len(server.process.log())
        server.launch()
        server.process.wait_log("token", after=mark)
        wait_until(lambda: self.readiness(server), "the health port to answer")
        answer = self.readiness(server)
        self.assertEqual(answer.status, 503)
        self.assertIn(b"expired", answer.body)
        self.assertIn("expired", json.dumps(self.control.status()))

        # Both are told by their files, while they run; the client's certificate expired, too.
        for sidecar in self.pair.sidecars:
            identity = sidecar.bootstrap["identity"]
            with open(identity["joinTokenFile"], "w", encoding="ascii") as file:
                file.write(self.control.token(identity["id"]))
        wait_until(lambda: http1.is_ok(self.pair.port), "traffic to flow again", 30)
        wait_until(lambda: "expired" not in json.dumps(self.control.status()), "status to show both as live")

    @staticmethod
    def readiness(sidecar):
        ip, port = sidecar.address_of("health")
        return http1.try_get(port, "/readyz?verbose", ip)


if __name__ == "__main__":
    unittest.main()
