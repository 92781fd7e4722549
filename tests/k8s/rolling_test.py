#!/usr/bin/env python3
"""Ten pods of a real kube-apiserver are replaced one after the other under 500 requests a second: injected by the
webhook, redirected by heddle-init, attested by their service account tokens. No request fails, and nobody waits for a
time that was guessed. HEDDLE_BIN: where the programs are; only root can run it."""

import statistics
import time
import unittest

import cluster  # noqa: F401  (finds the harness)
from heddle_harness import netns

if __name__ == "__main__":
    netns.in_a_namespace_of_its_own()

from heddle_harness.load import Load  # noqa: E402
from heddle_harness.mesh import MeshTestCase  # noqa: E402
from mesh_cluster import MeshCluster, app_pod  # noqa: E402

_PODS, _RATE, _GUESS = 10, 500, 15.0


class PodLoad(Load):
    """From inside a pod, as its application."""

    def __init__(self, machine, *more, **options):
        super().__init__(*more, **options)
        self._machine = machine

    def _run(self, offset):
        with self._machine.inside():
            super()._run(offset)


class RollingUpdate(MeshTestCase):
    @classmethod
    def build(cls):
        cls.place = cls.enterClassContext(MeshCluster(cls.mesh))
        cls.service = cls.place.service("web", 80, 8080)

    def test_a_rolling_update_under_load_fails_no_request_and_waits_for_nothing_else(self):
        node = self.place.node
        caller = node.wait_ready(node.run(app_pod("caller", "caller", [])))
        pods = [node.wait_ready(node.run(app_pod(f"web-{number}", "web", ["v1"]))) for number in range(_PODS)]
        waits, told = [], []
        with PodLoad(caller.machine, 80, rate=_RATE, ip=self.service["spec"]["clusterIP"]) as load:
            began = time.monotonic()
            for number, old in enumerate(pods):
                node.wait_ready(node.run(app_pod(f"web-new-{number}", "web", ["v2"])))
                old.stop()
                seconds, said = old.hooks["heddle-proxy"]
                waits.append(seconds)
                told.append(said)
            took = time.monotonic() - began
        print(f"\n{load.answered} requests, {len(load.failures)} failed; an update of {_PODS} pods in {took:.1f} s; "
              f"preStop waited {statistics.median(waits):.2f} s (at most {max(waits):.2f}), where `sleep 15` would have "
              f"waited {_PODS * _GUESS:.0f} s in all and this {sum(waits):.1f} s", flush=True)
        self.assertEqual(load.failures, [])
        self.assertGreater(load.answered, 100 * _PODS)
        for said in told:
            self.assertIn("exit 0", said)
            self.assertNotIn("deadline", said)


if __name__ == "__main__":
    unittest.main()
