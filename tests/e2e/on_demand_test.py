#!/usr/bin/env python3
"""A listener without a service: the sidecar asks the control plane for what its application dials."""

import unittest

import watch_test
from heddle_harness import http1, pki, resources
from heddle_harness.apps import hello_app
from heddle_harness.ports import endpoint


class OnDemand(watch_test.WatchCase):
    def test_a_service_is_fetched_when_it_is_dialled(self):
        other = hello_app(b"other\n")
        self.addCleanup(other.close)
        inbound = self.mesh.inbound(endpoint("127.0.0.1", other.port))
        ip, _, port = inbound["address"].rpartition(":")
        to = resources.endpoint(ip, int(port), pki.spiffe_id("other"))
        self.control.apply(resources.to_yaml([resources.service("other"), resources.backend_set("other", [to])]))
        self.mesh.sidecar("other", [inbound], self.mesh.control_blocks("other")).start()
        dialler = self.mesh.sidecar("dialler", [self.mesh.outbound()], self.mesh.control_blocks("dialler")).start()
        out = dialler.address_of("out")[1]
        self.assertEqual(http1.get(out, headers=[("host", "other.default")]).body, b"other\n")
        answer = http1.get(out, headers=[("host", "unknown.default")])
        self.assertEqual((answer.status, answer.reason), (404, "service-unknown"))


if __name__ == "__main__":
    unittest.main()
