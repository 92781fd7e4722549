#!/usr/bin/env python3
"""A control plane that is cut off from etcd, while sidecars are not cut off from it: it takes nobody back."""

import os
import unittest

from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import version_of
from heddle_harness.relay import Relay
from heddle_harness.replicas import ReplicaTestCase, point

_TURNS = 2  # it is asked on after 10 to 30 s, and comes back, because it knows nobody else


class CutOff(ReplicaTestCase):
    """The second control plane reaches etcd through a relay; all sidecars begin at the first one."""

    names = ("a", "b")

    @classmethod
    def start_replicas(cls):
        cls.relay = Relay(cls.cluster.members[0].client_port)
        cls.addClassCleanup(cls.relay.close)
        argv = cls.replicas[1].argv
        argv[argv.index("--etcd-endpoints") + 1] = f"http://127.0.0.1:{cls.relay.port}"
        super().start_replicas()

    @classmethod
    def place_sidecars(cls):
        for sidecar in cls.pair.sidecars:
            point(sidecar, cls.replicas[0])

    def serves(self, sidecar):
        return self.status_of("/after", sidecar), self.status_of("/other", sidecar)

    @staticmethod
    def is_on_disk(sidecar, version):
        with open(os.path.join(sidecar.bootstrap["stateDir"], "snapshot.json"), encoding="utf-8") as file:
            return f'"{version}"' in file.read()

    @staticmethod
    def snapshots(sidecar):
        return sidecar.metrics().total("heddle_config_batches_total", kind="snapshot")

    def test_who_comes_from_one_that_is_ahead_keeps_what_it_has_and_goes_on_with_it(self):
        a, b = self.replicas
        self.wait_all_live()
        mover = self.sidecar("mover", a).start()
        self.relay.fall_silent()
        wait_until(lambda: not b.status()["store"]["current"], "b to know that it is cut off")
        made = version_of(a.cli("apply", "-f", "-", text=self.only("/after")).stdout)
        wait_until(lambda: self.serves(mover) == (200, 404), "the change at the sidecar")
        wait_until(lambda: self.is_on_disk(mover, made), "the change on its disk")

        mover.process.terminate()
        point(mover, b).start()
        wait_until(lambda: b.metrics().total("heddle_control_streams_sent_away_total", reason="behind") >= _TURNS,
                   "it to be asked to go on", 3 * PATIENCE)
        self.assertEqual(self.serves(mover), (200, 404))
        self.assertNotEqual(b.status()["version"], made)

        self.relay.serve()
        b.wait_version(made)
        wait_until(lambda: mover.name in self.live(b), "it to be served by b")
        self.assertEqual(self.serves(mover), (200, 404))
        self.assertEqual(self.snapshots(mover), 0, "it was sent everything again")


if __name__ == "__main__":
    unittest.main()
