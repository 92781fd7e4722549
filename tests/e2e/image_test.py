#!/usr/bin/env python3
"""What k8s/Dockerfile copies into its images, without a registry: the root file systems are made by the same script, and
the programs run inside them, as the image's user and with nothing else in sight."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

from heddle_harness.mesh import MeshTestCase

_K8S = pathlib.Path(__file__).resolve().parents[2] / "k8s"
_COLLECT = re.compile(r"k8s/image_root\.sh /roots/(\w+) (\d+) ((?:\S*build/release/bin/\S+ ?)+)")
_USER = re.compile(r"(?ms)^FROM scratch AS (\w+)$.*?^USER (\d+):(\d+)$")
_NET_ADMIN, _NET_RAW = 1 << 12, 1 << 13


class Image(MeshTestCase):
    @classmethod
    def build(cls):
        cls.text = (_K8S / "Dockerfile").read_text(encoding="utf-8")
        cls.images = {}
        for name, user, words in _COLLECT.findall(cls.text):
            programs = [os.path.basename(word) for word in words.split()]
            root = cls.mesh.path(f"image-{name}")
            cls.collect(root, user, *[os.path.join(cls.mesh.bin, program) for program in programs])
            cls.images[name] = (root, int(user), programs)

    @staticmethod
    def collect(root, *words):
        os.mkdir(root, 0o755)
        subprocess.run([_K8S / "image_root.sh", root, *words], check=True, timeout=60)

    def inside(self, root, user, *command):
        words = ["/usr/sbin/chroot", f"--userspec={user}:{user}", root, *command]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env={}, cwd="/")

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("NOT RUN: changing the root file system needs root")

    def test_every_program_starts_in_its_image_as_its_user(self):
        self.assertEqual(set(self.images), {"proxy", "control", "cli", "init"})
        for name, (root, user, programs) in self.images.items():
            for program in programs:
                with self.subTest(image=name, program=program):
                    done = self.inside(root, user, f"/usr/bin/{program}", "--version" if program != "heddle" else "schema")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertTrue(done.stdout.strip())

    def test_the_control_plane_serves_from_its_image(self):
        root, user, _ = self.images["control"]
        data = os.path.join(root, "var/lib/heddle")
        os.chown(data, user, user)
        log = self.mesh.path("control.log")
        flags = ["--data", "/var/lib/heddle/data", *(f"--{what}=127.0.0.1:0" for what in ("watch", "api", "health"))]
        with open(log, "w", encoding="utf-8") as out:
            process = subprocess.Popen(["/usr/sbin/chroot", f"--userspec={user}:{user}", root, "/usr/bin/heddle-control", *flags],
                                       stdout=out, stderr=out, env={})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        context = f"{data}/data/admin.context"
        while not os.path.exists(context):  # poll: for the context file
            self.assertIsNone(process.poll(), pathlib.Path(log).read_text(encoding="utf-8"))
        done = self.inside(root, user, "/usr/bin/heddle", "--context", "/var/lib/heddle/data/admin.context", "status")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_there_is_no_shell_and_nothing_more_than_is_needed(self):
        for name, (root, _, programs) in self.images.items():
            with self.subTest(image=name):
                self.assertEqual(sorted(os.listdir(os.path.join(root, "usr/bin"))), sorted(programs))
                files = [path for path in pathlib.Path(root).rglob("*") if path.is_file()
                         and "var/lib/heddle/data" not in str(path)]  # what another test's control plane wrote
                others = [path.name for path in files if ".so" not in path.name and path.name not in programs]
                self.assertEqual(sorted(others), ["ca-certificates.crt", "group", "nsswitch.conf", "passwd"])
                self.assertFalse([path for path in files if path.stat().st_mode & 0o6000])

    def test_users_are_numbers_and_those_of_the_collected_files(self):
        users = {name: (int(user), int(group)) for name, user, group in _USER.findall(self.text)}
        self.assertEqual(users, {name: (user, user) for name, (_, user, _) in self.images.items()})
        self.assertNotIn(0, [user for user, _ in users.values()])

    def test_the_init_step_has_its_rights_as_nobody(self):
        """As a container runtime runs it: a user that is not root, the two capabilities in the bounding set."""
        if not (shutil.which("setcap") and shutil.which("setpriv")):
            self.skipTest("NOT RUN: there is no setcap or setpriv")
        self.assertIn("setcap cap_net_admin,cap_net_raw+ep /roots/proxy/usr/bin/heddle-init", self.text)
        probe = self.mesh.path("capabilities")
        shutil.copy("/bin/cat", probe)
        subprocess.run(["setcap", "cap_net_admin,cap_net_raw+ep", probe], check=True)
        os.chmod(os.path.dirname(probe), 0o755)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all,+net_admin,+net_raw",
                               probe, "/proc/self/status"], capture_output=True, text=True, check=True)
        effective = int(re.search(r"CapEff:\s*(\w+)", done.stdout).group(1), 16)
        self.assertEqual(effective, _NET_ADMIN | _NET_RAW)


if __name__ == "__main__":
    unittest.main()
