#!/usr/bin/env python3
"""A sidecar with two addresses of its control plane: one is cut off or falls silent, and it goes on by the other one."""

import unittest

from heddle_harness.apps import hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.metrics import Metrics
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until
from heddle_harness.relay import Relay


class Failover(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.relays = [Relay(cls.control.watch_port) for _ in range(2)]
        for relay in cls.relays:
            cls.addClassCleanup(relay.close)
        pair = ControlledPair(cls.mesh, cls.app)
        for sidecar in pair.sidecars:
            sidecar.bootstrap["control"]["addresses"] = [endpoint("127.0.0.1", relay.port) for relay in cls.relays]
            sidecar.write()
        cls.pair = pair.start()

    def setUp(self):
        wait_until(self.all_live, "both sidecars to be live")
        wait_until(lambda: self.used() is not None, "the client's watch to go by one of the relays")

    def all_live(self):
        states = {row["node"]: row["state"] for row in self.control.status()["sidecars"]}
        return states == {sidecar.name: "live" for sidecar in self.pair.sidecars}

    def used(self):
        """The relay that carries the client's watch; None while it moves."""
        address = self.watch_of_client()
        return next((relay for relay in self.relays if address in relay.upstream_ports()), None)

    def watch_of_client(self):
        """The port at which the control plane sees the client's stream."""
        rows = [row for row in self.control.status()["sidecars"] if row["node"] == self.pair.client.name]
        address = rows[0].get("address", "") if rows else ""
        return int(address.rpartition(":")[2] or 0)

    def snapshots(self):
        text = self.pair.client.get("health", "/metrics").body.decode()
        return Metrics(text).total("heddle_config_batches_total", kind="snapshot")

    def moves_from(self, relay, cut):
        """Cuts the relay off; returns once the watch goes by the other one, without a snapshot."""
        before = self.snapshots()
        other = next(one for one in self.relays if one is not relay)
        cut(relay)
        wait_until(lambda: self.used() is other, "the watch to go by the other relay")
        wait_until(self.all_live, "both to be live again")
        self.assertEqual(self.snapshots(), before)

    def tearDown(self):
        for relay in self.relays:
            relay.serve()

    def test_a_closed_connection_moves_it_to_the_other_address(self):
        self.moves_from(self.used(), Relay.refuse)

    def test_a_reset_connection_moves_it_to_the_other_address(self):
        self.moves_from(self.used(), lambda relay: relay.refuse(reset=True))

    def test_a_silent_connection_moves_it_to_the_other_address(self):
        self.moves_from(self.used(), Relay.fall_silent)


if __name__ == "__main__":
    unittest.main()
