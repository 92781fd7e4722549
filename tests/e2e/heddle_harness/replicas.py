"""Several control planes on one etcd: processes, command lines, and which of them a sidecar is connected to."""

import json
import os
import threading

from . import http1, resources
from .apps import hello_app
from .etcd import EtcdCluster
from .mesh import ControlledPair, MeshTestCase
from .metrics import Metrics
from .ports import endpoint
from .processes import wait_until
from .programs import Control

MESH = "e2e"


class Replica(Control):
    """Takes the command line with the token that the first replica made, and with the roots that it knows itself."""

    def __init__(self, mesh, name, flags, ip="127.0.0.1", ports=None, wrapper=()):
        ports = ports or [mesh.ports.reserve() for _ in range(3)]
        own = ["--mesh", MESH, "--replica", name, "--replica-address", endpoint(ip, ports[0])]
        if ip != "127.0.0.1":
            own += ["--advertise", ip]
        super().__init__(mesh.group, mesh.bin, ports, (*own, *flags), f"control-{name}", ip, wrapper)
        self.name = name
        self.made_context = self.context  # where the product writes one, if this replica makes the first token
        self.context = mesh.path(f"{name}.context")
        self.secret = {}  # {"id", "token"}: who it is, and who we are

    @property
    def address(self):
        return endpoint(self.ip, self.watch_port)

    def is_ready(self):
        return http1.is_ok(self.health_port, "/readyz", self.ip) and os.path.exists(self.root)

    def readiness(self):
        """(status, text)"""
        answer = http1.get(self.health_port, "/readyz", self.ip)
        return answer.status, answer.body.decode()

    def metrics(self):
        return Metrics(http1.get(self.health_port, "/metrics", self.ip).body.decode())

    def cli(self, *words, context=None, **more):
        return super().cli(*words, context=context or self._write_context(), **more)

    def _write_context(self):
        with open(self.root, encoding="ascii") as file:
            context = {"address": endpoint(self.ip, self.api_port), "ca": file.read(), **self.secret}
        new = f"{self.context}.{threading.get_ident()}"  # several ask at once
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(context, file)
        os.replace(new, self.context)
        return self.context

    # --- what it says ---
    def rows(self):
        """{node: its row} of everybody who is connected, wherever."""
        return {row["node"]: row for row in self.status()["sidecars"] if row["connected"]}

    def runs(self):
        """{node: the version it runs}"""
        return {node: row["runsVersion"] for node, row in self.rows().items()}

    def states(self):
        return {row["node"]: row["state"] for row in self.status()["sidecars"]}

    def place_of(self, sidecar):
        """The name of the replica it is connected to; None where it is to none."""
        row = self.rows().get(sidecar.name)
        return row and (row.get("replica") or self.name)

    def history(self):
        """Newest first."""
        return json.loads(self.cli("history", "--limit", "1000", "-o", "json").stdout)["items"]

    def ca(self):
        return json.loads(self.cli("ca", "status", "-o", "json").stdout)

    def roots(self):
        return [root["fingerprint"] for root in self.ca()["roots"]]

    def rollout(self):
        return json.loads(self.cli("rollout", "status", "-o", "json").stdout)["rollout"] or {}

    def audit(self, kind):
        with open(os.path.join(self.data, "audit.log"), encoding="utf-8") as file:
            return [line for line in map(json.loads, file) if line["audit"] == kind]


class Replicas(list):
    """Started one after the other: the first one makes the CA and the admin's token."""

    def __init__(self, mesh, cluster, names=("a", "b", "c"), flags=()):
        super().__init__()
        self.mesh = mesh
        passphrase = mesh.write("ca.passphrase", "correct horse\n")
        os.chmod(passphrase, 0o600)
        self.flags = (*cluster.flags(), "--ca-passphrase-file", passphrase, "--trust-domain", mesh.trust_domain, *flags)
        for name in names:
            self.add(name)

    def add(self, name, **where):
        self.append(Replica(self.mesh, name, self.flags, **where))
        return self[-1]

    def start(self):
        for replica in self:
            replica.start()
            self.find_secret()
        self.mesh.control = self[0]
        return self

    def start_at_once(self):
        for replica in self:
            replica.launch()
        for replica in self:
            replica.process.wait_ready(replica.is_ready)
        self.find_secret()
        self.mesh.control = self[0]
        return self

    def find_secret(self):
        """Whoever wrote a context file made the token, which is everybody's."""
        made = wait_until(lambda: [one for one in self if os.path.exists(one.made_context)], "a context file")
        with open(made[0].made_context, encoding="utf-8") as file:
            context = json.load(file)
        for replica in self:
            replica.secret = {name: context[name] for name in ("id", "token")}

    def named(self, name):
        return next(replica for replica in self if replica.name == name)

    def others(self, *but):
        return [replica for replica in self if replica not in but]


def point(sidecar, *replicas):
    """Before it starts: it asks these, and begins where its name says."""
    sidecar.bootstrap["control"]["addresses"] = [replica.address for replica in replicas]
    sidecar.write()
    return sidecar


class ReplicaTestCase(MeshTestCase):
    """Three control planes, and a pair of sidecars that is connected to the second and the third of them only."""

    flags = ()
    names = ("a", "b", "c")
    etcd = {}  # of EtcdCluster

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.cluster = EtcdCluster(cls.mesh, **cls.etcd).start()
        cls.replicas = Replicas(cls.mesh, cls.cluster, cls.names, cls.flags)
        cls.start_replicas()
        cls.a = cls.replicas[0]
        cls.pair = ControlledPair(cls.mesh, cls.app)
        cls.place_sidecars()
        cls.pair.start()

    @classmethod
    def start_replicas(cls):
        cls.replicas.start()

    @classmethod
    def place_sidecars(cls):
        point(cls.pair.server, cls.replicas[1 % len(cls.replicas)])
        point(cls.pair.client, cls.replicas[-1])

    @classmethod
    def sidecar(cls, name, *replicas, token_of=None):
        """One more, which calls the service app; not started."""
        cls.mesh.control = token_of or cls.a
        blocks = cls.mesh.control_blocks(name)
        return point(cls.mesh.sidecar(name, [cls.mesh.outbound("app")], blocks, workers=1), *replicas)

    def wait_all_live(self, sidecars=None, asked=None):
        wanted = {sidecar.name for sidecar in sidecars or self.pair.sidecars}
        for replica in asked or self.replicas:
            wait_until(lambda replica=replica: self.live(replica) >= wanted, f"{wanted} to be live at {replica.name}")

    def wait_leader(self, what="rollout", asked=None, but=None):
        """The replica that leads, as all of the asked ones say; another one than `but`."""
        def said():
            names = {replica.status()["leaders"][what] for replica in asked or self.replicas}
            name = names.pop() if len(names) == 1 else None
            return self.replicas.named(name) if name and (but is None or name != but.name) else None

        return wait_until(said, f"one of them to lead ({what})", poll=0.1)

    @staticmethod
    def live(replica):
        return {node for node, state in replica.states().items() if state == "live"}

    def weighted(self, weight):
        return resources.to_yaml([resources.backend_set("app", [{**self.pair.address, "weight": weight}])])

    @staticmethod
    def only(path):
        """The service answers to this path, and to no other."""
        rule = resources.rule([resources.to_backend_set("app")], path=path)
        return resources.to_yaml([resources.route("app", "app", [rule])])

    def status_of(self, target, sidecar=None):
        return http1.get((sidecar or self.pair.client).address_of("out")[1], target).status
