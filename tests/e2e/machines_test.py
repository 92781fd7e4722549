#!/usr/bin/env python3
"""docs/machines.md, page and unit files, done as written: a machine of its own comes into the mesh, stays, and leaves."""

import configparser
import json
import os
import pathlib
import re
import shutil
import unittest

from heddle_harness import http1, netns
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.programs import version_of

_DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
_HERE, _THERE = "10.20.0.1", "10.20.0.7"
_BLOCK = re.compile(r"(?ms)^```yaml\n(.*?)^```$")
_WEB = """
node: web-1
namespace: shop
stateDir: {state}
identity: {{source: control, id: "spiffe://cluster.local/ns/shop/sa/web", joinTokenFile: {token}}}
config: {{source: control}}
control: {{addresses: ["10.20.0.1:15010"], bundle: {root}}}
listeners:
  - {{name: out, direction: outbound, address: "127.0.0.1:15001"}}
health: {{address: "127.0.0.1:15020"}}
"""


class Machines(MeshTestCase):
    """Our end of the cable is the control plane's machine; paths of the page lie below the test's folder."""

    @classmethod
    def build(cls):
        cls.machine = netns.Machine("billing", f"{_HERE}/24", f"{_THERE}/24")
        cls.addClassCleanup(cls.machine.close)
        page = (_DOCS / "machines.md").read_text(encoding="utf-8")
        cls.files = _BLOCK.findall(page)
        for folder in ("control", "web", "billing", "etc"):
            os.mkdir(cls.mesh.path(folder))
        cls.data = cls.mesh.path("control/data")
        paths = {"/var/lib/heddle-control": cls.mesh.path("control")}
        cls.control = cls.start("heddle-control.service", paths)
        cls.context = cls.here(re.search(r"(?m)^# export HEDDLE_CONTEXT=(\S+)$", page)[1], paths)
        wait_until(lambda: os.path.exists(cls.context), "the context file")

    @classmethod
    def start(cls, unit, paths, wrapper=()):
        """The command line of a unit file."""
        units = configparser.ConfigParser(strict=False, interpolation=None)
        units.optionxform = str
        units.read(_DOCS / "systemd" / unit)
        line = cls.here(units["Service"]["ExecStart"], {"/usr/local/bin": cls.mesh.bin, **paths})
        return cls.mesh.group.start(unit, [*wrapper, *line.split()])

    @staticmethod
    def here(text, paths):
        for path, replacement in paths.items():
            text = text.replace(path, replacement)
        return text

    @classmethod
    def cli(cls, *words):
        return netns.run("env", f"HEDDLE_CONTEXT={cls.context}", f"{cls.mesh.bin}/heddle", *words)

    @classmethod
    def apply(cls, text):
        version = version_of(cls.cli("apply", "-f", cls.mesh.write("applied.yaml", text)))
        cls.cli("wait", "--version", version)
        return version

    @classmethod
    def token(cls, account, path):
        words = ("token", "create", "--id", f"spiffe://cluster.local/ns/shop/sa/{account}", "--ttl", "600s")
        file = cls.mesh.write(path, cls.cli(*words))
        os.chmod(file, 0o600)
        return file

    def start_web(self):
        token = self.token("web", "web.token")
        text = _WEB.format(state=self.mesh.path("web/state"), token=token, root=f"{self.data}/root.pem")
        config = self.mesh.write("web.yaml", text)
        self.mesh.group.start("web", [f"{self.mesh.bin}/heddle-proxy", "--config", config])
        wait_until(lambda: http1.is_ok(15020, "/readyz"), "the sidecar beside us")

    def start_billing(self):
        """The machine, with what was brought to it."""
        shutil.copy(f"{self.data}/root.pem", self.mesh.path("etc/root.pem"))
        paths = {"/etc/heddle": self.mesh.path("etc"), "/var/lib/heddle": self.mesh.path("billing")}
        self.mesh.write("etc/sidecar.yaml", self.here(self.files[1], paths))
        process = self.start("heddle-proxy.service", paths, self.machine.wrapper)
        wait_until(self.billing_is_ready, "the machine's sidecar")
        return process

    def billing_is_ready(self):
        with self.machine.inside():
            return http1.is_ok(15020, "/readyz")

    def call(self):
        with http1.Client(15001) as client:
            return client.request("GET", "/", [("host", "billing.shop")])

    def states(self):
        return {row["node"]: row["state"] for row in json.loads(self.cli("status", "-o", "json"))["sidecars"]}

    def test_a_machine_comes_stays_and_leaves(self):
        self.apply(self.files[0])
        self.token("billing", "etc/join.token")
        with self.machine.inside():
            app = hello_app(b"bill\n", port=8080)
        self.addCleanup(app.close)
        self.start_web()
        process = self.start_billing()
        os.remove(self.mesh.path("etc/join.token"))
        wait_until(lambda: self.states() == {"web-1": "live", "billing-1": "live"}, "both to be live")
        answer = self.call()
        self.assertEqual((answer.status, answer.body), (200, b"bill\n"))

        with self.subTest("nobody else gets in"):
            with self.assertRaises((OSError, http1.ConnectionEnded)):
                http1.get(15006, "/", _THERE, 10)

        with self.subTest("the control plane goes, and the machine's sidecar is started again"):
            snapshot = self.mesh.path("billing/state/snapshot.json")
            wait_until(lambda: os.path.exists(snapshot), "the snapshot on disk, which follows readiness")
            self.control.kill()
            process.kill()
            process.start()
            wait_until(self.billing_is_ready, "the sidecar from its state directory")
            wait_until(lambda: self.call().status == 200, "the way to it")
            self.control.start()
            wait_until(lambda: http1.is_ok(15014, "/readyz"), "the control plane")
            wait_until(lambda: self.states() == {"web-1": "live", "billing-1": "live"}, "both to come back")

        with self.subTest("the cable is pulled and put back"):
            self.machine.unplug()
            self.machine.plug()
            wait_until(lambda: self.call().status == 200, "the way to it")

        with self.subTest("it is taken out"):
            endpoint = re.search(r"(?m)^  endpoints:\n.*\n", self.files[0])
            left = self.mesh.write("left.yaml", self.files[0].replace(endpoint[0], "  endpoints: []\n"))
            self.cli("apply", "-f", left, "--wait")
            self.assertEqual(self.call().status, 503)
            process.terminate()
            self.assertEqual(process.exit_code(), 0)


if __name__ == "__main__":
    netns.in_a_namespace_of_its_own()
    unittest.main()
