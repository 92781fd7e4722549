#!/usr/bin/env python3
"""The end of a sidecar: it goes when the others have let go of it, not before, and nobody loses a request."""

import os
import signal
import subprocess
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.relay import Relay

_RATE = 200


class ReleaseCase(MeshTestCase):
    """Three clients of the service `app`, the last of which reaches the control plane through a relay."""

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.relay = Relay(cls.control.watch_port)
        cls.addClassCleanup(cls.relay.close)
        cls.made = 0
        cls.servers = {}
        cls.start_server()
        cls.clients = [cls.client(f"client-{n}", n == 2) for n in range(3)]

    @classmethod
    def client(cls, name, through_relay):
        blocks = cls.mesh.control_blocks(name)
        if through_relay:
            blocks["control"]["addresses"] = [endpoint("127.0.0.1", cls.relay.port)]
        return cls.mesh.sidecar(name, [cls.mesh.outbound("app")], blocks).start()

    @classmethod
    def start_server(cls):
        cls.made += 1
        name = f"app-{cls.made}"
        listeners = [cls.mesh.inbound(endpoint(cls.app.ip, cls.app.port)), cls.mesh.outbound("app")]
        server = cls.mesh.sidecar(name, listeners, cls.mesh.control_blocks(name))
        server.start()
        cls.servers[name] = (server, cls.mesh.spiffe_id(name))
        cls.apply()
        return server

    @classmethod
    def apply(cls, without=None):
        """The endpoints are the servers that were started, but for one."""
        cls.servers.pop(without, None)
        ends = []
        for server, identity in cls.servers.values():
            ip, port = server.address_of("in")
            ends.append(resources.endpoint(ip, port, identity))
        return cls.control.apply(resources.to_yaml([resources.service("app"), resources.backend_set("app", ends)]))

    def setUp(self):
        self.relay.may_pass.set()
        self.leaver = self.start_server()
        self.control.wait_version(self.apply())

    def socket_of(self, sidecar):
        return os.path.join(self.mesh.path(f"{sidecar.name}-state"), "admin.sock")

    def drain(self, sidecar, within):
        words = [os.path.join(self.mesh.bin, "heddle-proxy"), "drain", "--wait", "--timeout", within, "--socket",
                 self.socket_of(sidecar)]
        done = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(done.wait)
        self.addCleanup(done.kill)
        return done

    def readyz(self, sidecar):
        return sidecar.get("health", "/readyz").body.decode()

    def finish(self, drain):
        out, err = drain.communicate(timeout=2 * PATIENCE)
        self.assertEqual((drain.returncode, err), (0, ""))
        return out


class Release(ReleaseCase):
    def test_it_waits_for_the_last_acknowledgement_and_for_nothing_else(self):
        self.relay.fall_silent()
        drain = self.drain(self.leaver, "60s")
        wait_until(lambda: "waits for" in self.readyz(self.leaver), "readiness to go off")
        self.assertEqual(self.leaver.get("health", "/readyz").status, 503)
        self.apply(without=self.leaver.name)
        wait_until(lambda: "waits for 1 sidecar" in self.readyz(self.leaver), "the others to have let go")
        self.assertIsNone(drain.poll())
        self.assertEqual(http1.get(self.clients[2].address_of("out")[1]).status, 200)

        self.relay.may_pass.set()

        self.assertIn("released by ", self.finish(drain))
        self.assertEqual(self.leaver.process.terminate(), 0)

    def test_at_the_deadline_it_says_who_is_missing_and_succeeds(self):
        self.relay.fall_silent()
        self.apply(without=self.leaver.name)

        out = self.finish(self.drain(self.leaver, "3s"))

        self.relay.may_pass.set()
        self.assertIn("deadline: 1 sidecar of", out)
        self.assertEqual(self.leaver.process.terminate(), 0)

    def test_outbound_works_until_the_application_is_gone(self):
        self.apply(without=self.leaver.name)
        self.finish(self.drain(self.leaver, "30s"))
        port = self.leaver.address_of("out")[1]
        with http1.Client(port) as application:
            self.assertEqual(application.request().status, 200)
            self.leaver.process.signal(signal.SIGTERM)
            self.leaver.process.wait_log("draining")
            self.assertEqual(application.request().status, 200)
            self.assertEqual(http1.get(port).status, 200)
        self.assertEqual(self.leaver.process.wait(), 0)

    def test_without_a_sidecar_it_fails(self):
        self.leaver.process.terminate()
        drain = self.drain(self.leaver, "1s")
        self.assertIn("no sidecar at", drain.communicate(timeout=PATIENCE)[1])
        self.assertEqual(drain.returncode, 1)
        self.apply(without=self.leaver.name)


class Replacement(ReleaseCase):
    def test_servers_are_replaced_one_after_the_other_and_no_request_fails(self):
        with Load(self.clients[0].address_of("out")[1], _RATE, 8) as load:
            wait_until(lambda: load.answered, "the load to run")
            for name in list(self.servers):
                old = self.servers[name][0]
                self.start_server()
                answered = load.answered
                self.apply(without=name)
                # "by 1 sidecar", or "nobody used it": the client may have acknowledged it before it was asked.
                self.assertIn("released", self.finish(self.drain(old, "60s")))
                self.assertEqual(old.process.terminate(), 0)
                wait_until(lambda: load.failures or load.answered > answered + _RATE, "requests to go on")
        self.assertEqual(load.failures, [])


if __name__ == "__main__":
    unittest.main()
