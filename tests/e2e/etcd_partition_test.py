#!/usr/bin/env python3
"""Three machines, each with a member of etcd, a control plane and a sidecar. One is cut off: the majority goes on, the
minority serves what it has and says how old that is, and afterwards nothing that was acknowledged is missing anywhere."""

import contextlib
import random
import threading
import unittest

from heddle_harness import http1, netns, resources
from heddle_harness.apps import hello_app
from heddle_harness.etcd import EtcdCluster, Member
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.programs import version_of
from heddle_harness.replicas import Replicas, point

_CANNOT_ANSWER, _CONFLICT = 3, 4  # exit codes: docs/cli.md
_SEED = 20260715
_ROUNDS = 3
_WRITES = 8  # of the majority while one is cut off, and of all after that
_APP = 8080  # on each machine
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


class Writer:
    """Changes a set of its own at one replica, again and again, and remembers what it was told about each try."""

    def __init__(self, replica):
        self.name = f"writer-{replica.name}"
        self.replica = replica
        self.acknowledged = {}  # message: version
        self.refused = set()  # messages of changes that were certainly not made
        self.unknown = set()
        self.tries = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(2 * PATIENCE)

    def backend_set(self, number):
        endpoint = resources.endpoint("127.0.0.1", _APP, weight=1 + number)
        return resources.backend_set(self.name, [endpoint], tls="plaintext")

    def _run(self):
        while not self._stop.is_set():
            self.tries += 1
            message = f"{self.name} {self.tries}"
            done = self.replica.cli("apply", "-f", "-", "--message", message, check=False, timeout=2 * PATIENCE,
                                    text=resources.to_yaml([self.backend_set(self.tries)]))
            if done.returncode == 0:
                self.acknowledged[message] = version_of(done.stdout)
            elif done.returncode == _CONFLICT:
                self.refused.add(message)
            else:
                self.unknown.add(message)


class Sight:
    """Looks at one sidecar all the time: which versions it runs, one after the other."""

    def __init__(self, machine, sidecar):
        self._machine = machine
        self._sidecar = sidecar
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.versions = []
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(PATIENCE)

    def _run(self):
        with self._machine.inside():
            while not self._stop.wait(0.05):
                seen = self._sidecar.metrics().total("heddle_config_version")
                if not self.versions or self.versions[-1] != seen:
                    self.versions.append(seen)


class PartitionCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.machines = netns.routed_machines(cls.__name__.lower(), 3)  # the kernel takes its time with old ones
        for machine in cls.machines:
            cls.addClassCleanup(machine.close)
        cls.cluster = EtcdCluster(cls.mesh, [Member(f"etcd-{number}", machine.ip, (2379, 2380), machine.wrapper)
                                             for number, machine in enumerate(cls.machines)]).start()
        cls.replicas = Replicas(cls.mesh, cls.cluster, ())
        for name, machine in zip("abc", cls.machines):
            cls.replicas.add(name, ip=machine.ip, ports=(15010, 15080, 15014), wrapper=machine.wrapper)
        cls.replicas.start()
        backend = resources.backend_set("app", [resources.endpoint("127.0.0.1", _APP)], tls="plaintext")
        cls.replicas[0].apply(resources.to_yaml([resources.service("app"), backend]))
        cls.sidecars = [cls.start_sidecar(*where) for where in zip(cls.machines, cls.replicas)]

    @classmethod
    def start_sidecar(cls, machine, replica):
        """It knows the replica of its machine only, and calls an application beside it."""
        name = f"sidecar-{replica.name}"
        sidecar = cls.mesh.sidecar(name, [cls.mesh.outbound("app")], cls.mesh.control_blocks(name), workers=1)
        point(sidecar, replica)
        with machine.inside():
            app = hello_app(port=_APP)
            cls.addClassCleanup(app.close)
            sidecar.launch(*machine.wrapper)
            sidecar.process.wait_ready(sidecar.is_ready)
        return sidecar

    def setUp(self):
        self.heal()

    # --- the network ---
    @contextlib.contextmanager
    def cut_off(self, number):
        self.machines[number].unplug()
        try:
            yield
        finally:
            self.machines[number].plug()

    def heal(self):
        """Waits until everybody is one again."""
        for machine in self.machines:
            machine.plug()
        self.cluster.wait_healthy()
        for replica in self.replicas:
            wait_until(lambda replica=replica: replica.status()["store"]["current"], f"{replica.name} to be current")
        everybody = {sidecar.name for sidecar in self.sidecars}
        for replica in self.replicas:
            wait_until(lambda replica=replica: self.live(replica) >= everybody, f"{replica.name} to see all sidecars")

    @staticmethod
    def live(replica):
        return {node for node, state in replica.states().items() if state == "live"}

    # --- what is seen where ---
    def status_of(self, number, target):
        with self.machines[number].inside():
            return http1.get(self.sidecars[number].address_of("out")[1], target).status

    def wait_route(self, number, path):
        wait_until(lambda: (self.status_of(number, path), self.status_of(number, "/other")) == (200, 404),
                   f"{path} to be served on machine {number}")

    def apply(self, replica, yaml, check=True):
        return replica.cli("apply", "-f", "-", text=yaml, check=check, timeout=2 * PATIENCE)

    @staticmethod
    def only(path):
        return resources.to_yaml([resources.route("app", "app", [
            resources.rule([resources.to_backend_set("app")], path=path)])])

    def metric(self, number, name, **labels):
        with self.machines[number].inside():
            return self.sidecars[number].metrics().total(name, **labels)

    def snapshots(self):
        return [self.metric(number, "heddle_config_batches_total", kind="snapshot") for number in range(3)]


class Minority(PartitionCase):
    def test_it_serves_the_last_state_and_refuses_changes_while_the_others_go_on(self):
        for cut in (2, 0):  # the second time it is who was first, so one of both led
            with self.subTest(machine=cut):
                self.cut_and_heal(cut)

    def cut_and_heal(self, cut):
        alone, others = self.replicas[cut], self.replicas.others(self.replicas[cut])
        self.apply(others[0], self.only("/before"))
        for number in range(3):
            self.wait_route(number, "/before")
        had, before = alone.status()["version"], self.snapshots()
        with self.cut_off(cut):
            made = version_of(self.apply(others[0], self.only("/after")).stdout)
            for number in range(3):
                if number != cut:
                    self.wait_route(number, "/after")
            self.assert_serves_its_last_state(cut, had)
            refused = self.apply(alone, self.only("/never"), check=False)
            self.assertEqual(refused.returncode, _CANNOT_ANSWER, refused.stdout + refused.stderr)
            self.assertIn("etcd", refused.stderr)

        self.heal()
        self.wait_route(cut, "/after")
        self.assertEqual(self.snapshots(), before, "somebody was sent everything again")
        for replica in self.replicas:
            replica.wait_version(made)
        self.assertEqual([replica.history() for replica in self.replicas], [alone.history()] * 3)

    def assert_serves_its_last_state(self, cut, version):
        alone = self.replicas[cut]
        wait_until(lambda: not alone.status()["store"]["current"], "it to know that it is cut off")
        status = alone.status()
        self.assertEqual(status["version"], version)
        self.assertRegex(status["store"]["since"], _STAMP)
        with self.machines[cut].inside():
            code, text = alone.readiness()
        self.assertEqual(code, 200)
        self.assertRegex(text, _STAMP)
        self.assertIn("/before", alone.cli("get", "httproute", "app", "-o", "yaml").stdout)
        self.wait_route(cut, "/before")


class Rounds(PartitionCase):
    """Writers at all replicas while machines are cut off, one after the other, as drawn from a seed."""

    @classmethod
    def build(cls):
        super().build()
        cls.writers = [Writer(replica) for replica in cls.replicas]
        # Every sidecar wants what they write.
        rules = [resources.rule([resources.to_backend_set(writer.name)], path=f"/{writer.name}") for writer in cls.writers]
        cls.replicas[0].apply(resources.to_yaml([
            *(writer.backend_set(0) for writer in cls.writers), resources.route("app", "app", rules)]))

    def test_nothing_acknowledged_is_lost_and_nothing_is_seen_twice_or_out_of_order(self):
        draw = random.Random(_SEED)
        before = self.snapshots()
        writers = self.writers
        sights = [Sight(*where) for where in zip(self.machines, self.sidecars)]
        for writer in writers:
            writer.start()
        for _ in range(_ROUNDS):
            cut = draw.randrange(3)
            with self.cut_off(cut):
                self.wait_writes([writer for number, writer in enumerate(writers) if number != cut])
            self.cluster.wait_healthy()
            self.wait_writes(writers)
        for writer in writers:
            writer.stop()
        self.heal()
        self.wait_all_run(self.replicas[0].status()["version"])
        for sight in sights:
            sight.stop()

        self.check_history(writers)
        for sight in sights:
            self.assertGreater(len(sight.versions), 1)
            self.assertEqual(sight.versions, sorted(set(sight.versions)))
        self.assertEqual(self.snapshots(), before, "somebody was sent everything again")

    def wait_writes(self, writers):
        """Until each of them was told of so many more changes that they were made."""
        wanted = {writer: len(writer.acknowledged) + _WRITES for writer in writers}
        wait_until(lambda: all(len(writer.acknowledged) >= count for writer, count in wanted.items()),
                   "changes to be made", 2 * PATIENCE)

    def wait_all_run(self, version):
        for replica in self.replicas:
            replica.wait_version(version)

    def check_history(self, writers):
        histories = [replica.history() for replica in self.replicas]
        self.assertEqual(histories, [histories[0]] * 3)
        sequences = [int(item["version"].split(".")[1]) for item in histories[0]]
        self.assertEqual(sequences, list(range(sequences[0], sequences[0] - len(sequences), -1)))  # no gap, none twice
        versions = {}
        for item in histories[0]:
            if item["message"]:
                self.assertNotIn(item["message"], versions, "a change was made twice")
                versions[item["message"]] = item["version"]
        for writer in writers:
            kept = {message: version for message, version in versions.items() if message.startswith(writer.name)}
            self.assertEqual({message: kept.get(message) for message in writer.acknowledged}, writer.acknowledged)
            self.assertEqual(set(kept) & writer.refused, set(), "a change was refused and made")
            self.assertLessEqual(set(kept), set(writer.acknowledged) | writer.unknown)
            self.check_content(writer, max(kept, key=lambda message: int(kept[message].split(".")[1])))

    def check_content(self, writer, message):
        """The set is as the change of that message made it, wherever one asks."""
        weight = 1 + int(message.split()[-1])
        for replica in self.replicas:
            self.assertIn(f"weight: {weight}\n", replica.cli("get", "backendset", writer.name, "-o", "yaml").stdout)


if __name__ == "__main__":
    netns.in_a_namespace_of_its_own()
    unittest.main()
