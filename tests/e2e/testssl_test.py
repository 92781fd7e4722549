#!/usr/bin/env python3
"""What testssl.sh finds at the inbound listener of a sidecar: nothing above LOW.

Debian's testssl.sh has no client certificate to show. A strict listener does not mind while it is only looked at: in
TLS 1.3 the server shows its side first. That it then lets nobody in is told by identity_test.py.
"""

import json
import os
import subprocess
import unittest

from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase, Pair

# Rules for certificates of web sites. An SVID names a workload and no host, lives for a day, and is not revoked but
# not renewed.
_WEB_ONLY = {"cert_trust", "cert_expirationStatus", "cert_notAfter", "cert_revocation"}
# What it tries with OpenSSL's s_client ends with the alert that asks for a certificate; most of it goes over sockets of its own.
_NO_CERTIFICATE = {"optimal_proto"}
_HARMLESS = {"OK", "INFO", "LOW", "DEBUG"}
_SECTIONS = ("--protocols", "--std", "--pfs", "--server-preference", "--server-defaults", "--vulnerable")


class Testssl(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port)
        cls.pair.server.start()

    def findings(self):
        """{id: (severity, text)}"""
        ip, port = self.pair.server.address_of("in")
        out = self.mesh.path("testssl.json")
        subprocess.run(["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca",
                        self.mesh.authority.root, "--jsonfile", out, *_SECTIONS, f"{ip}:{port}"],
                       check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=550,
                       env={**os.environ, "TERM": "dumb"})
        with open(out, encoding="utf-8") as file:
            return {one["id"]: (one["severity"], one["finding"]) for one in json.load(file)
                    if not one["id"].startswith(("engine_problem", "scanTime"))}

    def test_finds_nothing_above_low(self):
        found = self.findings()
        for protocol in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2"):
            self.assertIn("not offered", found[protocol][1], protocol)
        self.assertIn("offered", found["TLS1_3"][1])
        for attack in ("heartbleed", "CCS", "ROBOT", "secure_renego", "CRIME_TLS", "POODLE_SSL", "FREAK",
                       "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4"):
            self.assertIn(found[attack][0], ("OK", "INFO"), f"{attack}: {found[attack]}")
        bad = {name: finding for name, finding in found.items() if finding[0] not in _HARMLESS}
        self.assertEqual({name: finding for name, finding in bad.items() if name not in _WEB_ONLY | _NO_CERTIFICATE}, {})


if __name__ == "__main__":
    unittest.main()
