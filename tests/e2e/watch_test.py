#!/usr/bin/env python3
"""Configuration from the control plane: changes under load, its death and return, and the command line."""

import os
import re
import subprocess
import time
import unittest

from heddle_harness import http1, resources
from heddle_harness.load import Load
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import wait_until

_RATE = 500
# What has to be answered while one change is applied, or the test did not test what it claims: the clients share two
# cores with 200 runs of the command line, each of which takes about as long as 15 requests at the full rate.
_BESIDE = 8
_CHANGES = 200
_FROM_DISK = 1.0  # s until a restarted sidecar serves
_RESTARTS = 5  # one that the machine did not hold up is enough
_SLOWER = 4  # a sanitizer's build


def slack(mesh):
    return _SLOWER if any(name in mesh.bin for name in ("asan", "tsan")) else 1


class WatchCase(ControlledTestCase):
    def runs(self):
        """{node: the version it runs}, of the connected sidecars."""
        return {row["node"]: row["runsVersion"] for row in self.control.status()["sidecars"]}


class Changes(WatchCase):
    def change(self, number):
        """The n-th configuration: another weight, and a route that comes and goes."""
        backend = resources.backend_set("app", [{**self.pair.address, "weight": 1 + number % 7}])
        match = resources.rule([resources.to_backend_set("app")], path=f"/change/{number}")
        everything = resources.rule([resources.to_backend_set("app")], path="/")
        return resources.to_yaml([backend, resources.route("app", "app", [match, everything])])

    def apply_beside(self, load, number):
        """The n-th configuration, and no return before the load went on meanwhile; its version."""
        before = load.answered
        version = self.control.apply(self.change(number))
        wait_until(lambda: load.failures or load.answered >= before + _BESIDE, "requests beside a change")
        return version

    def test_200_changes_under_500_requests_per_second_fail_nothing(self):
        with Load(self.pair.port, _RATE, 10) as load:
            wait_until(lambda: load.answered, "the load to run")
            versions = [self.apply_beside(load, number) for number in range(_CHANGES)]
            self.control.wait_version(versions[-1])
        self.assertEqual(load.failures, [])
        self.assertEqual(len(set(versions)), _CHANGES)
        self.assertEqual(self.runs(), {sidecar.name: versions[-1] for sidecar in self.pair.sidecars})

    def test_an_apply_that_changes_nothing_makes_no_version(self):
        first = self.control.apply(self.change(1))
        done = self.control.cli("apply", "-f", "-", text=self.change(1))
        self.assertIn("backendset.heddle.dev/app unchanged", done.stdout)
        self.assertIn(f"version {first}", done.stdout)

    def test_a_bad_apply_is_refused_whole_with_every_problem(self):
        before = self.control.apply(self.change(2))
        bad = resources.to_yaml([resources.service("fine"), resources.service("bad", port=0),
                                 resources.backend_set("worse", [resources.endpoint("nowhere", 1)], tls="plaintext")])
        done = self.control.cli("apply", "-f", "-", text=bad, check=False)
        self.assertNotEqual(done.returncode, 0)
        for problem in ("spec.ports[0].port", "spec.endpoints[0].address"):
            self.assertIn(problem, done.stdout + done.stderr)
        self.assertNotEqual(self.control.cli("get", "service", "fine", check=False).returncode, 0)
        self.assertEqual(self.control.apply(self.change(2)), before)

    def test_get_and_delete(self):
        self.control.apply(resources.to_yaml([resources.service("short"), resources.backend_set("short", [])]))
        self.assertIn("short", self.control.cli("get", "service").stdout)
        self.assertIn("kind: Service", self.control.cli("get", "service", "short", "-o", "yaml").stdout)
        self.control.cli("delete", "service", "short")
        self.assertNotEqual(self.control.cli("get", "service", "short", check=False).returncode, 0)


class ControlPlaneGone(WatchCase):
    def restart_from_disk(self, sidecar):
        sidecar.process.kill()
        began = time.monotonic()
        sidecar.launch()
        wait_until(lambda: http1.is_ok(self.pair.port), "the restarted sidecar to serve")
        return time.monotonic() - began

    def all_live(self):
        states = {row["node"]: row["state"] for row in self.control.status()["sidecars"]}
        return states == {sidecar.name: "live" for sidecar in self.pair.sidecars}

    def test_traffic_survives_its_death_and_all_resume_when_it_is_back(self):
        with Load(self.pair.port, 100, 4) as load:
            self.control.process.kill()
            answered = load.answered
            wait_until(lambda: load.answered > answered + 200, "the load to go on without control plane")
        self.assertEqual(load.failures, [])

        for sidecar in self.pair.sidecars:
            times = (self.restart_from_disk(sidecar) for _ in range(_RESTARTS))
            quick = next((took for took in times if took < _FROM_DISK * slack(self.mesh)), None)
            self.assertIsNotNone(quick, f"{sidecar.name} took longer than {_FROM_DISK} s each time")

        self.control.start()
        wait_until(self.all_live, "both to connect again")
        everything = resources.to_yaml([*self.pair.resources, resources.route("app", "app", [
            resources.rule([resources.to_backend_set("app")], path="/only")])])
        self.control.wait_version(self.control.apply(everything))
        self.assertEqual(http1.get(self.pair.port, "/only").status, 200)
        self.assertEqual(http1.get(self.pair.port, "/other").status, 404)


class CommandLine(WatchCase):
    def test_status_lists_the_sidecars(self):
        text = self.control.cli("status").stdout
        for sidecar in self.pair.sidecars:
            self.assertIn(sidecar.name, text)

    def test_wait_times_out_with_an_exit_code(self):
        done = self.control.cli("wait", "--version", "1.999999", "--timeout", "1s", check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_the_api_refuses_who_has_the_wrong_token(self):
        with open(self.control.context, encoding="utf-8") as file:
            context = file.read()
        token = re.search(r'"?token"?:\s*"?([^"\s,}]+)', context)[1]
        other = ("y" if token[0] == "x" else "x") + token[1:]
        stolen = self.mesh.write("stolen.context", context.replace(token, other))
        os.chmod(stolen, 0o600)
        argv = [f"{self.mesh.bin}/heddle", "--context", stolen, "get", "service"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("unauthenticated", done.stdout + done.stderr)

    def test_version_says_which(self):
        self.assertRegex(self.control.cli("version").stdout, r"\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
