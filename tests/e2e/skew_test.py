#!/usr/bin/env python3
"""The previous release and this one in one mesh: sidecars, control plane and command line, in every mixture; and each put
in the place of the other under load, forth and back. Which release that is: tests/skew/previous_release."""

import json
import os
import re
import sys
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import REPOSITORY, binary_folder, missing_programs, version_of

_TTL = "10s"


def previous_folder():
    """Where its programs are, or should be."""
    with open(os.path.join(REPOSITORY, "tests/skew/previous_release"), encoding="ascii") as file:
        commit = re.search(r"(?m)^commit: (\w+)$", file.read())[1]
    built = os.path.join(os.path.dirname(binary_folder()), "previous", commit, "bin")
    return os.path.abspath(os.environ.get("HEDDLE_PREVIOUS_BIN") or built)


class SkewCase(MeshTestCase):
    """A control plane and a pair of sidecars, each `old` or `new`."""

    control_is, server_is, client_is = "new", "new", "new"
    flags = ("--svid-ttl", _TTL)

    @classmethod
    def build(cls):
        cls.folders = {"old": previous_folder(), "new": cls.mesh.bin}
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.mesh.bin = cls.folders[cls.control_is]
        cls.control = cls.mesh.start_control(*cls.flags)
        cls.pair = ControlledPair(cls.mesh, cls.app)
        cls.pair.server.use(cls.folders[cls.server_is])
        cls.pair.client.use(cls.folders[cls.client_is])
        cls.pair.start()

    def setUp(self):
        self.wait_all_live()

    def wait_all_live(self):
        wanted = {sidecar.name: "live" for sidecar in self.pair.sidecars}
        wait_until(lambda: {row["node"]: row["state"] for row in self.control.status()["sidecars"]
                            if row["connected"]} == wanted, "both sidecars to be live")

    @staticmethod
    def only(path):
        rule = resources.rule([resources.to_backend_set("app")], path=path)
        return resources.to_yaml([resources.route("app", "app", [rule])])

    def change(self, path):
        """The service answers to that path and what is below it, at once everywhere."""
        done = self.control.cli("apply", "-f", "-", "--wait", "--timeout", "60s", text=self.only(path), timeout=2 * PATIENCE)
        self.assertEqual((self.status_of(path), self.status_of("/other")), (200, 200 if path == "/" else 404))
        return version_of(done.stdout)

    def status_of(self, target):
        return http1.get(self.pair.port, target).status

    def snapshots(self):
        return [sidecar.metrics().total("heddle_config_batches_total", kind="snapshot") for sidecar in self.pair.sidecars]

    def certificates(self):
        return [self.state_of(sidecar, "svid.pem") for sidecar in self.pair.sidecars]

    @staticmethod
    def state_of(sidecar, name):
        with open(os.path.join(sidecar.bootstrap["stateDir"], name), encoding="utf-8") as file:
            return file.read()

    def wait_renewed(self):
        before = self.certificates()
        wait_until(lambda: all(old != new for old, new in zip(before, self.certificates())), "both to renew")


class Mixed:
    """What must work in every mixture."""

    def test_changes_arrive_under_load(self):
        self.change("/")
        with Load(self.pair.port, 100, 4) as load:
            for number in range(5):
                weight = [{**self.pair.address, "weight": 2 + number}]
                self.control.wait_version(self.control.apply(resources.to_yaml([resources.backend_set("app", weight)])))
            wait_until(lambda: load.answered > 100, "requests beside them")
        self.assertEqual(load.failures, [])
        self.change("/only")

    def test_a_bad_change_is_refused_with_its_field(self):
        bad = resources.to_yaml([resources.service("bad", port=0)])
        done = self.control.cli("apply", "-f", "-", text=bad, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.ports[0].port", done.stderr)

    def test_certificates_are_renewed_and_the_root_is_rotated_under_load(self):
        self.change("/")
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            self.wait_renewed()
            self.control.cli("ca", "rotate", "--wait", "180s", timeout=240)
        self.assertEqual(kept.failures + fresh.failures, [])
        for sidecar in self.pair.sidecars:
            wait_until(lambda sidecar=sidecar: len(json.loads(self.state_of(sidecar, "bundle.json"))["keys"]) == 1,
                       f"{sidecar.name} to forget the old root")

    def test_after_a_restart_nobody_is_sent_what_it_has(self):
        self.change("/")
        before = self.snapshots()
        with Load(self.pair.port, 100, 4) as load:
            self.control.process.kill()
            self.control.start()
            self.wait_all_live()
            self.change("/")
        self.assertEqual(load.failures, [])
        self.assertEqual(self.snapshots(), before)

    def test_plan_asks_the_sidecars(self):
        self.change("/")
        with http1.Client(self.pair.port) as client:
            for _ in range(400):  # of which a sidecar remembers one in 16
                self.assertEqual(client.request("GET", "/item").status, 200)

        def asked():
            done = self.control.cli("plan", "-f", "-", "-o", "json", text=self.only("/elsewhere"), check=False)
            self.assertEqual(done.returncode, 1, done.stderr)
            return json.loads(done.stdout)["traffic"]["requests"]

        wait_until(asked, "requests that sidecars remember", poll=1)  # plans are rate-limited


class OldSidecars(Mixed, SkewCase):
    server_is = client_is = "old"


class OldControlPlane(Mixed, SkewCase):
    control_is = "old"


class OldServer(Mixed, SkewCase):
    server_is = "old"


class OldClient(Mixed, SkewCase):
    client_is = "old"


class CommandLine(SkewCase):
    """Of one release, with the control plane of the other."""

    def commands(self):
        version = self.change("/")
        self.assertIn("app", self.control.cli("get", "service").stdout)
        self.assertIn(self.pair.client.name, self.control.cli("status").stdout)
        self.assertEqual(self.control.cli("diff", "-f", "-", text=self.only("/")).stdout, "")
        self.assertIn(version, self.control.cli("history").stdout)
        self.control.cli("check")
        self.control.cli("ca", "status")
        self.control.cli("rollback", version, "--wait")
        self.assertTrue(self.control.token(self.mesh.spiffe_id("newcomer")))

    def test_it_understands_the_other_one(self):
        for control, command_line in (("new", "old"), ("old", "new")):
            with self.subTest(control=control, command_line=command_line):
                self.control.process.terminate()
                self.control.use(self.folders[control])
                self.control.start()
                self.wait_all_live()
                self.control.use(self.folders[command_line])
                self.commands()


class Exchanged(SkewCase):
    """One is stopped and the other is started with what it left behind."""

    control_is = server_is = client_is = "old"

    def exchange_control(self, release):
        self.assertEqual(self.control.process.terminate(), 0)
        self.control.use(self.folders[release])
        self.control.start()
        self.wait_all_live()

    def test_the_control_plane_is_upgraded_and_taken_back_under_load(self):
        kept_version = self.change("/")
        before = self.snapshots()
        with Load(self.pair.port, 100, 4) as kept, Load(self.pair.port, 40, 2, fresh=True) as fresh:
            weight = 1
            for release in ("new", "old", "new"):
                self.exchange_control(release)
                weight += 1
                changed = resources.backend_set("app", [{**self.pair.address, "weight": weight}])
                self.control.wait_version(self.control.apply(resources.to_yaml([changed])))
                self.wait_renewed()
        self.assertEqual(kept.failures + fresh.failures, [])
        self.assertEqual(self.snapshots(), before, "somebody was sent everything again")
        versions = [item["version"] for item in json.loads(self.control.cli("history", "-o", "json").stdout)["items"]]
        self.assertIn(kept_version, versions)

    def test_sidecars_go_on_from_what_the_other_release_left_on_disk(self):
        self.change("/")
        self.control.process.kill()
        for release in ("new", "old"):
            for sidecar in self.pair.sidecars:
                sidecar.process.terminate()
                sidecar.use(self.folders[release])
                sidecar.start()  # without control plane
            wait_until(lambda: self.status_of("/") == 200, f"the {release} sidecars to serve")
        self.control.start()
        self.wait_all_live()
        self.change("/only")


if __name__ == "__main__":
    lacking = missing_programs(previous_folder())
    if lacking:
        sys.exit(f"{previous_folder()} has no {', '.join(lacking)}: `./dev test skew` builds the release before this one")
    unittest.main()
