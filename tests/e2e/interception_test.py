#!/usr/bin/env python3
"""Two pods, IPv4 and IPv6, whose connections the kernel redirects to their sidecars: by the address of a service, to a
pod's own address, out of the mesh, and into a strict pod. The rules are nftables; without root nothing is tested."""

import json
import os
import shutil
import subprocess
import unittest

from heddle_harness import http1, netns, pki, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until

_CABLES = (("10.40.0.1/24", "10.40.0.2/24"), ("fd00:40::1/64", "fd00:40::2/64"))
_PODS = ("10.40.0.2", "fd00:40::2")
_SERVICE = ("10.96.0.10", "fd00:96::10")
_APP, _OUTSIDE = 8080, 9090  # the second port is of nobody in the mesh
_ALLOWED, _DENIED = 65534, 65533  # users whose connections go to the one and to the other outbound sidecar
_OUTBOUND = """
table inet mesh {
  chain output {
    type nat hook output priority -100; policy accept;
    oifname "lo" return
    meta skuid 65534 meta l4proto tcp redirect to :15001
    meta skuid 65533 meta l4proto tcp redirect to :15101
  }
}
"""
_INBOUND = """
table inet mesh {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "lo" return
    tcp dport 9090 return
    meta l4proto tcp redirect to :15006
  }
}
"""


def _url(ip, port, path="/"):
    return f"http://[{ip}]:{port}{path}" if ":" in ip else f"http://{ip}:{port}{path}"


def _outbound(port, external):
    return [{"name": f"out{family}", "direction": "outbound", "address": address, "intercept": True,
             "external": external} for family, address in ((4, f"127.0.0.1:{port}"), (6, f"[::1]:{port}"))]


def _echo(text):
    def handle(request, _reader, sock):
        reply(sock, f"{text} {request.header('host')}\n".encode())

    return handle


def _curl(user, url, *more):
    """What an application of that user gets: exit code of curl, status, body."""
    words = ["setpriv", f"--reuid={user}", "--clear-groups", "curl", "-s", "--noproxy", "*", "--max-time", str(PATIENCE),
             "-w", "\n%{http_code}", *more, url]
    done = subprocess.run(words, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)
    body, _, status = done.stdout.rpartition("\n")
    return done.returncode, int(status or 0), body.strip()


class Interception(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pod = netns.Machine("pod", *_CABLES[0])
        cls.addClassCleanup(cls.pod.close)
        netns.run("ip", "address", "add", _CABLES[1][0], "dev", "pod", "nodad")
        cls.pod.run("ip", "address", "add", _CABLES[1][1], "dev", "eth0", "nodad")
        netns.run("ip", "route", "add", "default", "via", _PODS[0])
        netns.run("ip", "-6", "route", "add", "default", "via", _PODS[1])
        netns.run("nft", "-f", cls.mesh.write("outbound.nft", _OUTBOUND))
        cls.pod.run("nft", "-f", cls.mesh.write("inbound.nft", _INBOUND))
        with cls.pod.inside():
            for ip in _PODS:
                cls.addClassCleanup(HttpApp(_echo("web"), ip, _APP).close)
                cls.addClassCleanup(HttpApp(_echo("outside"), ip, _OUTSIDE).close)
        cls.resources = cls.mesh.write("resources.yaml", resources.to_yaml(cls.mesh_resources()))
        cls.start_web()
        cls.allowed = cls.start("allowed", _outbound(15001, "allow"), 15020)
        cls.denied = cls.start("denied", _outbound(15101, "deny"), 15120)

    @staticmethod
    def mesh_resources():
        endpoints = [resources.endpoint(ip, _APP, pki.spiffe_id("web")) for ip in _PODS]
        answer = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": "x-route", "value": "web"}]}}
        rule = {"filters": [answer], "backendRefs": [resources.to_backend_set("web")]}
        return [resources.service("web", 80, "http", addresses=list(_SERVICE)), resources.backend_set("web", endpoints),
                resources.route("web", "web", [rule])]

    @classmethod
    def start(cls, name, listeners, health, wrapper=()):
        credential = cls.mesh.authority.issue(name)
        text = {"node": name, "namespace": "default", "workers": 1, "stateDir": cls.mesh.path(f"{name}-state"),
                **cls.mesh.file_blocks(credential, cls.resources), "listeners": listeners,
                "health": {"address": f"127.0.0.1:{health}"}, "accessLog": {"mode": "all", "file": "-"}}
        path = cls.mesh.write(f"{name}.json", json.dumps(text))
        process = cls.mesh.group.start(name, [*wrapper, f"{cls.mesh.bin}/heddle-proxy", "--config", path])
        if not wrapper:
            wait_until(lambda: http1.is_ok(health, "/readyz"), name)
        return process

    @classmethod
    def start_web(cls):
        inbound = [{"name": f"in{family}", "direction": "inbound", "address": address, "intercept": True}
                   for family, address in ((4, "0.0.0.0:15006"), (6, "[::]:15006"))]
        cls.web = cls.start("web", inbound, 15020, cls.pod.wrapper)

        def is_ready():
            with cls.pod.inside():
                return http1.is_ok(15020, "/readyz")

        wait_until(is_ready, "web")

    def test_the_address_of_a_service_is_the_service(self):
        for ip in _SERVICE:
            with self.subTest(ip):
                code, status, body = _curl(_ALLOWED, _url(ip, 80), "-i")
                self.assertEqual((code, status), (0, 200), body)
                self.assertIn("x-route: web", body.lower())

    def test_mesh_frontend_hostname(self):
        """The destination decides; the Host of somebody else reaches the application as it came."""
        for ip in _SERVICE:
            with self.subTest(ip):
                code, status, body = _curl(_ALLOWED, _url(ip, 80), "-H", "Host: other.example")
                self.assertEqual((code, status, body), (0, 200, "web other.example"))

    def test_a_pod_that_is_called_by_its_own_address_gets_no_routes(self):
        for ip in _PODS:
            with self.subTest(ip):
                code, status, body = _curl(_ALLOWED, _url(ip, _APP), "-i")
                self.assertEqual((code, status), (0, 200), body)
                self.assertNotIn("x-route", body.lower())

    def test_what_is_external_is_allowed_or_denied(self):
        for ip in _PODS:
            with self.subTest(ip):
                code, status, body = _curl(_ALLOWED, _url(ip, _OUTSIDE))
                self.assertEqual((code, status), (0, 200))
                self.assertTrue(body.startswith("outside "), body)
                self.assertNotEqual(_curl(_DENIED, _url(ip, _OUTSIDE))[0], 0)
        self.denied.wait_log("external-denied")
        self.assertEqual(_curl(_DENIED, _url(_SERVICE[0], 80))[1], 200)

    def test_a_strict_pod_takes_nobody_without_an_identity(self):
        """We are root here, whom no rule redirects: plaintext arrives at the pod's sidecar."""
        for ip in _PODS:
            with self.subTest(ip):
                self.assertNotEqual(_curl(0, _url(ip, _APP))[0], 0)
        self.web.wait_log("plaintext-refused")

    def test_who_calls_the_sidecar_itself_is_refused(self):
        for url in (_url("127.0.0.1", 15001), _url("::1", 15001)):
            with self.subTest(url):
                self.assertNotEqual(_curl(0, url)[0], 0)
        self.assertEqual(_curl(_ALLOWED, _url(_SERVICE[0], 80))[1], 200)


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
