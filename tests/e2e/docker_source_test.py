#!/usr/bin/env python3
"""A control plane whose mesh is what the labels of containers say (a double of the Docker Engine's API): containers become
traffic and follow events, what is wrong takes only itself out, a broken stream loses nothing, nothing is applied beside it,
and the engine is only read."""

import collections
import unittest

from heddle_harness import http1
from heddle_harness.apps import hello_app
from heddle_harness.docker_engine import DockerEngine
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.programs import Control


class DockerCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.engine = DockerEngine(cls.mesh.path("docker.sock"))
        cls.addClassCleanup(cls.engine.close)
        cls.apps = {name: hello_app(name.encode(), ip=cls.mesh.next_ip()) for name in ("one", "two", "three")}
        for app in cls.apps.values():
            cls.addClassCleanup(app.close)
        cls.run_container("one")
        cls.control = cls.mesh.start_control("--source", "docker", "--docker-host", cls.engine.url)
        cls.sidecar = cls.mesh.sidecar("caller", [cls.mesh.outbound("hello")], cls.mesh.control_blocks("caller"))
        cls.sidecar.start()
        cls.port = cls.sidecar.address_of("out")[1]

    @classmethod
    def run_container(cls, name, service="hello", tell=True, health=None, **labels):
        """Labels as keywords: `timeout` is heddle.dev/timeout."""
        app = cls.apps[name]
        said = {"heddle.dev/service": service, "heddle.dev/ports": f"80={app.port}", "heddle.dev/identity": "plaintext"}
        said.update({f"heddle.dev/{key.replace('_', '-')}": value for key, value in labels.items()})
        cls.engine.run(name, app.ip, said, health=health, tell=tell)

    def begin(self, name, **more):
        self.run_container(name, **more)
        self.addCleanup(self.forget, name)

    def forget(self, name):
        self.engine.remove(name)
        self.wait_answers(["one"])

    def answers(self, count=12):
        found = (http1.get(self.port) for _ in range(count))
        return collections.Counter((one.status, one.body.decode()) for one in found)

    def wait_answers(self, names):
        want = {(200, name) for name in names}
        wait_until(lambda: set(self.answers()) == want, f"answers of {names}")


class Source(DockerCase):
    def test_containers_are_reached_and_come_and_go_with_events(self):
        self.wait_answers(["one"])
        self.begin("two")
        self.wait_answers(["one", "two"])
        self.engine.die("two")
        self.wait_answers(["one"])
        self.engine.start_again("two")
        self.wait_answers(["one", "two"])
        self.engine.change("two", "pause", Paused=True, Status="paused")
        self.wait_answers(["one"])
        self.engine.change("two", "unpause", Paused=False, Status="running")
        self.wait_answers(["one", "two"])

    def test_only_a_healthy_one_gets_requests(self):
        self.begin("two", health="starting")
        self.begin("three")
        self.wait_answers(["one", "three"])  # two was told before it
        self.engine.set_health("two", "healthy")
        self.wait_answers(["one", "two", "three"])
        self.engine.set_health("two", "unhealthy")
        self.wait_answers(["one", "three"])

    def test_what_stops_is_out_though_the_engine_does_not_answer(self):
        self.begin("two")
        self.wait_answers(["one", "two"])
        path = f"/containers/{self.engine.id_of('two')}/json"
        self.engine.set_fault(path, 500)
        self.addCleanup(self.engine.set_fault, path, None)
        self.engine.die("two")
        self.wait_answers(["one"])

    def test_a_weight_is_obeyed(self):
        self.begin("two", weight="0")
        self.begin("three")
        self.wait_answers(["one", "three"])

    def test_a_wrong_label_takes_only_its_container_out(self):
        mark = len(self.control.process.log())
        self.begin("two", weight="much")
        self.begin("three")
        self.control.process.wait_log("label heddle.dev/weight", after=mark)
        self.wait_answers(["one", "three"])

    def test_labels_on_which_containers_disagree_are_refused_and_both_named(self):
        self.begin("two", service="other", timeout="1s")
        mark = len(self.control.process.log())
        self.begin("three", service="other", timeout="2s")
        self.control.process.wait_log("containers three, two", after=mark)
        text = self.control.process.log()[mark:]
        self.assertIn("they disagree for Service default/other", text)
        wait_until(lambda: "annotations" not in self.control.cli("get", "trafficpolicies").stdout, "no policy to be left")

    def test_labels_become_policies(self):
        self.begin("two", service="other", timeout="7s")
        wait_until(lambda: "7s" in self.control.cli("get", "trafficpolicies", "-o", "yaml").stdout, "the policy")

    def test_nothing_is_applied_beside_the_labels(self):
        done = self.control.cli("delete", "service", "hello", check=False)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("labels of its Docker containers", done.stderr)
        self.assertIn("docker", self.control.cli("history").stdout)

    def test_a_stream_that_ends_loses_nothing(self):
        self.wait_answers(["one"])
        self.run_container("two", tell=False)
        self.addCleanup(self.forget, "two")
        self.assertEqual(self.engine.end_streams(), 1)
        self.wait_answers(["one", "two"])
        self.engine.remove("two", tell=False)
        self.assertEqual(self.engine.end_streams(), 1)
        self.wait_answers(["one"])
        self.run_container("two")

    def test_an_engine_that_is_away_changes_nothing(self):
        self.wait_answers(["one"])
        mark = len(self.control.process.log())
        self.engine.stop()
        self.control.process.wait_log("the engine is away", after=mark)
        self.assertEqual(set(self.answers()), {(200, "one")})
        self.assertTrue(self.control.is_ready())
        self.run_container("two", tell=False)
        self.addCleanup(self.forget, "two")
        self.engine.start()
        self.wait_answers(["one", "two"])

    def test_the_engine_is_only_read_and_in_the_oldest_common_version(self):
        self.wait_answers(["one"])
        self.assertEqual({method for method, _, _ in self.engine.requests}, {"GET"})
        prefixes = {path.split("/")[1] for _, path, _ in self.engine.requests}
        self.assertEqual(prefixes, {"version", "v1.41"})


class NotSynced(MeshTestCase):
    """An engine that does not answer yet: not ready, and nothing is told."""

    def test_nothing_is_told_before_everything_was_listed(self):
        engine = DockerEngine(self.mesh.path("docker.sock"))
        self.addCleanup(engine.close)
        engine.set_fault("/containers/json", 503)
        ports = [self.mesh.ports.reserve() for _ in range(3)]
        control = Control(self.mesh.group, self.mesh.bin, ports, ("--source", "docker", "--docker-host", engine.url)).launch()
        control.process.wait_log('"msg":"running"')

        def waits():
            ready = http1.get(control.health_port, "/readyz")
            return ready.status == 503 and b"docker: waits for the engine: the engine answers 503" in ready.body
        wait_until(waits, "/readyz to say what it waits for")
        engine.set_fault("/containers/json", None)
        wait_until(control.is_ready, "the control plane to be ready")


if __name__ == "__main__":
    unittest.main()
