#!/usr/bin/env python3
"""A sidecar that asks the control plane whose an address is: the kernel redirects connections to services that it does
not hold, to pods of a service without an address, out of the mesh, and to what it may not see. The rules are nftables;
without root nothing is tested."""

import os
import shutil
import subprocess
import time
import unittest

from heddle_harness import netns, resources
from heddle_harness.apps import HttpApp, TcpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import PATIENCE, wait_until

_ALLOWED, _DENIED = 65534, 65533  # users whose connections go to the one and to the other sidecar
_RULES = """
table inet mesh {
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr 127.0.0.1 return
    meta skuid 65534 meta l4proto tcp redirect to :%d
    meta skuid 65533 meta l4proto tcp redirect to :%d
  }
}
"""
_SERVICES = "10.96.255.1/16"
_WEB, _HIDDEN, _GREETER, _LATE = "10.96.0.10", "10.96.0.11", "10.96.0.12", "10.96.0.13"


def _show_caller(name):
    """Tells who called, as its sidecar proved it: nobody where there was no mutual TLS."""
    def handle(request, _reader, sock):
        reply(sock, f"{name} {request.header('x-forwarded-client-cert') or 'nobody'}\n".encode())

    return handle


def _greet(sock):
    """A server that speaks first, and never reads."""
    sock.sendall(b"220 welcome\r\n")


def _as_user(user, *words):
    return subprocess.run(["setpriv", f"--reuid={user}", "--clear-groups", *words], capture_output=True, text=True,
                          timeout=2 * PATIENCE, check=False)


def _curl(user, url):
    """What an application of that user gets: exit code of curl, body."""
    done = _as_user(user, "curl", "-s", "--noproxy", "*", "--max-time", str(PATIENCE), url)
    return done.returncode, done.stdout.strip()


class InterceptedWants(MeshTestCase):
    @classmethod
    def build(cls):
        netns.run("ip", "link", "add", "services", "type", "veth", "peer", "name", "nobody")
        netns.run("ip", "address", "add", _SERVICES, "dev", "services")
        netns.run("ip", "link", "set", "services", "up")
        cls.control = cls.mesh.start_control()
        cls.outside = cls.app(HttpApp(_show_caller("outside"), "127.77.0.1"))
        cls.web = cls.app(HttpApp(_show_caller("web")))
        cls.greeter = cls.app(TcpApp(_greet))
        inbound = [cls.serve("web", cls.web.port), cls.serve("greeter", cls.greeter.port, "tcp")]
        cls.web_at, cls.greeter_at = inbound
        cls.control.apply(resources.to_yaml([
            resources.service("web", 80, "http", addresses=[_WEB]), cls.backend("web", cls.web_at),
            resources.service("hidden", 80, "http", "web", addresses=[_HIDDEN],
                              visibility=["spiffe://cluster.local/ns/elsewhere/sa/x"]),
            resources.service("greeter", 25, "tcp", addresses=[_GREETER]), cls.backend("greeter", cls.greeter_at)]))
        cls.allowed, first = cls.dialler("allowed", "allow")
        cls.denied, second = cls.dialler("denied", "deny")
        netns.run("nft", "-f", cls.mesh.write("rules.nft", _RULES % (first, second)))

    @classmethod
    def app(cls, server):
        cls.addClassCleanup(server.close)
        return server

    @classmethod
    def serve(cls, name, port, protocol="auto"):
        """A sidecar before that application; where it is reached."""
        inbound = cls.mesh.inbound(endpoint("127.0.0.1", port), protocol=protocol)
        cls.mesh.sidecar(name, [inbound], cls.mesh.control_blocks(name)).start()
        ip, _, number = inbound["address"].rpartition(":")
        return ip, int(number)

    @classmethod
    def backend(cls, name, where):
        return resources.backend_set(name, [resources.endpoint(*where, cls.mesh.spiffe_id(name))])

    @classmethod
    def dialler(cls, name, external):
        address = cls.mesh.address()
        listener = {"name": "out", "direction": "outbound", "address": address, "intercept": True, "external": external}
        sidecar = cls.mesh.sidecar(name, [listener], cls.mesh.control_blocks(name)).start()
        return sidecar, int(address.rpartition(":")[2])

    def caller(self, name):
        return self.mesh.spiffe_id(name)

    def test_the_address_of_a_service_that_is_not_held_is_that_service(self):
        for user, name in ((_ALLOWED, "allowed"), (_DENIED, "denied")):
            with self.subTest(name):
                code, body = _curl(user, f"http://{_WEB}/")
                self.assertEqual(code, 0)
                self.assertTrue(body.startswith("web "), body)
                self.assertIn(self.caller(name), body)

    def test_the_address_of_an_endpoint_is_called_with_its_identity(self):
        code, body = _curl(_DENIED, "http://{}:{}/".format(*self.web_at))
        self.assertEqual(code, 0)
        self.assertIn(self.caller("denied"), body)

    def test_a_server_that_speaks_first_is_heard(self):
        said = _as_user(_ALLOWED, "curl", "-s", "--max-time", str(PATIENCE), f"telnet://{_GREETER}:25").stdout
        self.assertEqual(said.strip(), "220 welcome")

    def test_what_is_of_nobody_is_external(self):
        url = f"http://{self.outside.ip}:{self.outside.port}/"
        self.assertEqual(_curl(_ALLOWED, url), (0, "outside nobody"))
        self.assertNotEqual(_curl(_DENIED, url)[0], 0)
        self.denied.process.wait_log("external-denied")

    def test_what_may_not_be_seen_is_as_what_is_not_there(self):
        """Nobody listens at that address: it is called as it is, or denied."""
        self.assertNotEqual(_curl(_ALLOWED, f"http://{_HIDDEN}/")[0], 0)
        mark = len(self.denied.process.log())
        self.assertNotEqual(_curl(_DENIED, f"http://{_HIDDEN}/")[0], 0)
        self.denied.process.wait_log("external-denied", after=mark)

    def test_a_service_that_comes_later_is_not_external_for_long(self):
        url = f"http://{_LATE}/"
        self.assertNotEqual(_curl(_DENIED, url)[0], 0)
        self.control.apply(resources.to_yaml([resources.service("late", 80, "http", "web", addresses=[_LATE])]))
        began = time.monotonic()
        wait_until(lambda: _curl(_DENIED, url)[0] == 0, "the service")
        self.assertLess(time.monotonic() - began, PATIENCE)


def setUpModule():
    missing = [name for name in ("nft", "setpriv", "curl") if shutil.which(name) is None]
    if os.geteuid() != 0:
        raise unittest.SkipTest("NOT TESTED: interception needs root: rules of the kernel by user id")
    if missing:
        raise unittest.SkipTest(f"NOT TESTED: {', '.join(missing)} missing: ./dev setup")


if __name__ == "__main__":
    if os.geteuid() == 0:
        netns.in_a_namespace_of_its_own()
    unittest.main()
