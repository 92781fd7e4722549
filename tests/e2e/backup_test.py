#!/usr/bin/env python3
"""A control plane whose machine is lost goes on from its backup elsewhere; the sidecars come back by themselves."""

import json
import os
import shutil
import subprocess
import unittest

from heddle_harness import http1, resources
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import PATIENCE, wait_until


class BackupCase(ControlledTestCase):
    def setUp(self):
        super().setUp()
        self.passphrase = self.secret("backup.pass", "correct horse\n")
        self.file = self.mesh.path("mesh.backup")

    def secret(self, name, text):
        path = self.mesh.write(name, text)
        os.chmod(path, 0o600)
        return path

    def control_command(self, command, where, data=None, passphrase=None):
        argv = [f"{self.mesh.bin}/heddle-control", command, "--data", data or self.control.data, "--passphrase-file",
                passphrase or self.passphrase, where, self.file]
        return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def backup(self, **how):
        return self.control_command("backup", "--to", **how)

    def restore(self, **how):
        return self.control_command("restore", "--from", **how)

    def all_live(self):
        states = {row["node"]: row["state"] for row in self.control.status()["sidecars"]}
        return states == {sidecar.name: "live" for sidecar in self.pair.sidecars}

    def everything(self):
        """What was applied; the status tells of who is connected."""
        lists = [json.loads(self.control.cli("get", kind, "-A", "-o", "json").stdout)
                 for kind in ("service", "backendset", "httproute")]
        return [{**item, "status": None} for one in lists for item in one["items"]]


class LostMachine(BackupCase):
    def test_the_mesh_goes_on_from_the_backup(self):
        only = resources.route("app", "app", [resources.rule([resources.to_backend_set("app")], path="/only")])
        self.control.wait_version(self.control.apply(resources.to_yaml([*self.pair.resources, only])))
        before = self.everything()
        with Load(self.pair.port, 100, 4, target="/only") as load:
            self.control.process.terminate()
            done = self.backup()
            self.assertEqual(done.returncode, 0, done.stderr)
            shutil.rmtree(self.control.data)
            done = self.restore()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"as version 2\.\d+")
            self.control.start()
            wait_until(self.all_live, "the sidecars to come back")
            answered = load.answered
            wait_until(lambda: load.answered > answered + 100, "requests beside it")
        self.assertEqual(load.failures, [])
        self.assertEqual(self.everything(), before)

        version = self.control.apply(resources.to_yaml([resources.route("app", "app", [
            resources.rule([resources.to_backend_set("app")], path="/other")])]))
        self.control.wait_version(version)
        self.assertTrue(version.startswith("2."), version)
        self.assertEqual(http1.get(self.pair.port, "/other").status, 200)
        self.assertEqual(http1.get(self.pair.port, "/only").status, 404)

    def test_openssl_opens_it(self):
        self.control.process.terminate()
        self.assertEqual(self.backup().returncode, 0)
        argv = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", self.file, "-pwri_password", "correct horse"]
        done = subprocess.run(argv, capture_output=True, timeout=PATIENCE, check=True)
        self.assertTrue(done.stdout.startswith(b"SQLite format 3\0"))
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        self.control.start()


class OldBackup(BackupCase):
    """Of a time before any certificate that the sidecars hold now."""
    flags = ("--svid-ttl", "20s")

    def renewed(self):
        """Both sidecars, since this audit log began."""
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        ids = {line["subject"] for line in lines if line["audit"] == "renew" and line["status"] == "ok"}
        return ids >= {sidecar.bootstrap["identity"]["id"] for sidecar in self.pair.sidecars}

    def test_the_sidecars_renew_as_ever(self):
        self.control.process.terminate()
        self.assertEqual(self.backup().returncode, 0)
        os.remove(os.path.join(self.control.data, "audit.log"))
        self.control.start()
        wait_until(self.renewed, "certificates that the backup does not know")
        self.control.process.terminate()
        shutil.rmtree(self.control.data)
        done = self.restore()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.control.start()
        wait_until(self.renewed, "both to renew at the restored control plane")
        wait_until(self.all_live, "the sidecars to come back")
        self.assertTrue(http1.is_ok(self.pair.port))


class Refusals(BackupCase):
    def test_of_a_control_plane_that_runs(self):
        done = self.backup()
        self.assertEqual(done.returncode, 1)
        self.assertIn("another process has the database open", done.stderr)
        self.assertFalse(os.path.exists(self.file))

    def test_what_does_not_fit_leaves_nothing(self):
        self.control.process.terminate()
        self.assertEqual(self.backup().returncode, 0)
        other = self.mesh.path("other")
        done = self.restore(data=other, passphrase=self.secret("wrong.pass", "Correct horse\n"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("the passphrase does not open the document", done.stderr)
        self.assertFalse(os.path.exists(other))
        done = self.restore()
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not empty", done.stderr)
        self.control.start()

    def test_of_a_directory_that_holds_no_control_plane(self):
        other = self.mesh.path("empty")
        os.mkdir(other)
        done = self.backup(data=other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is no data directory of a control plane: it has no heddle.db", done.stderr)
        self.assertEqual(os.listdir(other), [])
        self.assertFalse(os.path.exists(self.file))

    def test_a_passphrase_that_others_may_read(self):
        os.chmod(self.passphrase, 0o644)
        done = self.backup(data=self.mesh.path("other"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("its mode must be 0600", done.stderr)


if __name__ == "__main__":
    unittest.main()
