"""A mesh of one test: a temporary folder, ports of its own, everything gone at the end."""

import os
import shutil
import tempfile
import unittest

from . import pki, resources
from .apps import hello_app
from .ports import PortPool, endpoint
from .processes import ProcessGroup, wait_until
from .programs import Control, Sidecar, binary_folder, missing_programs


class Mesh:
    def __init__(self, bin_folder=None, trust_domain=pki.TRUST_DOMAIN):
        self.trust_domain = trust_domain
        self.bin = binary_folder(bin_folder)
        self.folder = tempfile.mkdtemp(prefix="heddle-e2e-")
        self.ports = PortPool()
        self.group = ProcessGroup(self.folder)
        self.control = None
        self._authority = None
        self._last_ip = 0
        self._last_name = 0

    def close(self):
        self.group.kill_all()
        self.ports.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name + ".new"), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def next_name(self):
        """A short one: the path of a Unix socket below it has to fit into 107 bytes."""
        self._last_name += 1
        return f"proxy-{self._last_name}"

    @property
    def authority(self):
        if self._authority is None:
            self._authority = pki.Authority(self.path("ca"), self.trust_domain)
        return self._authority

    def spiffe_id(self, account):
        return pki.spiffe_id(account, trust_domain=self.trust_domain)

    def next_ip(self):
        self._last_ip += 1
        return f"127.0.1.{self._last_ip}"

    # --- control plane ---
    def start_control(self, *flags, env=None):
        ports = [self.ports.reserve() for _ in range(3)]
        self.control = Control(self.group, self.bin, ports, ("--trust-domain", self.trust_domain, *flags), env=env)
        return self.control.start()

    def control_blocks(self, account):
        """identity, config and control of a bootstrap whose identity is attested by a fresh token."""
        token = self.write(f"{account}.token", self.control.token(self.spiffe_id(account)))
        identity = {"source": "control", "id": self.spiffe_id(account), "joinTokenFile": token}
        control = {"addresses": [endpoint("127.0.0.1", self.control.watch_port)], "bundle": self.control.root}
        return {"identity": identity, "config": {"source": "control"}, "control": control}

    def file_blocks(self, credential, resources_path):
        return {"identity": credential.identity() if credential else {"source": "none"},
                "config": {"source": "files", "path": resources_path}}

    # --- sidecars ---
    def bootstrap(self, node, listeners, blocks, **more):
        state = self.path(f"{node}-state")
        return {
            "node": node, "trustDomain": self.trust_domain, "namespace": "default", "stateDir": state, "workers": 2,
            "listeners": listeners, **blocks, "health": {"address": self.address()},
            "admin": {"address": self.address(), "socket": os.path.join(state, "admin.sock")},
            "accessLog": {"mode": "all", "file": "-"}, "log": {"level": "info", "format": "json"},
            "drain": {"deadline": "5s", "accept": "0s"}, **more}

    def address(self, ip="127.0.0.1"):
        return endpoint(ip, self.ports.reserve(ip))

    def sidecar(self, node, listeners, blocks, **more):
        return Sidecar(self.group, self.bin, self.bootstrap(node, listeners, blocks, **more))

    def inbound(self, forward, ip=None, protocol="auto", tls="strict", **more):
        return {"name": "in", "direction": "inbound", "address": self.address(ip or self.next_ip()),
                "protocol": protocol, "tls": tls, "forward": forward, **more}

    def outbound(self, service=None, port=80, name="out", protocol="auto", ip="127.0.0.1"):
        listener = {"name": name, "direction": "outbound", "address": self.address(ip), "protocol": protocol}
        if service:
            listener |= {"service": f"{service}.default", "port": port}
        return listener


class Pair:
    """client -> outbound sidecar =mTLS=> inbound sidecar -> application, with identity and resources from files."""

    def __init__(self, mesh, app_port, protocol="http", app_ip="127.0.0.1", ip=None, **options):
        self.mesh = mesh
        name = options.pop("name", "app")
        inbound = dict(options.pop("inbound", {}))
        server = options.pop("server_credential", None) or mesh.authority.issue(name)
        client = options.pop("client_credential", None) or mesh.authority.issue(f"{name}-client")
        expected = options.pop("expected_id", pki.spiffe_id(name))
        if protocol == "tcp":
            inbound.setdefault("protocol", "tcp")
        listener = mesh.inbound(endpoint(app_ip, app_port), ip, **inbound)
        host, _, port = listener["address"].rpartition(":")
        self.resources = [
            resources.service(name, 80, protocol),
            resources.backend_set(name, [resources.endpoint(host.strip("[]"), int(port), expected)],
                                  **options.pop("backend", {}))]
        path = mesh.write(f"{name}.yaml", resources.to_yaml(self.resources))
        client_ip = options.pop("client_ip", "127.0.0.1")
        outbound = mesh.outbound(name, protocol="tcp" if protocol == "tcp" else "auto", ip=client_ip)
        self.server = mesh.sidecar(f"{name}-server", [listener], mesh.file_blocks(server, path), **options)
        self.client = mesh.sidecar(f"{name}-outbound", [outbound], mesh.file_blocks(client, path), **options)
        self.port = self.client.address_of("out")[1]

    def start(self):
        self.server.start()
        self.client.start()
        return self


class MeshTestCase(unittest.TestCase):
    """A mesh per class (`mesh`), logs shown when a test fails. Overload `build` to start what the tests share."""

    mesh = None

    @classmethod
    def setUpClass(cls):
        cls.mesh = Mesh()
        cls.addClassCleanup(cls.mesh.close)
        missing = missing_programs(cls.mesh.bin)
        if missing:
            raise AssertionError(f"{', '.join(missing)} missing in {cls.mesh.bin}; set HEDDLE_BIN")
        try:
            cls.build()
        except Exception as error:
            raise AssertionError(f"{error}\n{cls.mesh.group.tails()}") from error

    @classmethod
    def build(cls):
        pass

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        done = super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.mesh is not None:
            print(f"\n{self.id()}:\n{self.mesh.group.tails()}", flush=True)
        return done


class ControlledPair:
    """The same as Pair, with identity, resources and their changes from the mesh's control plane."""

    def __init__(self, mesh, app, name="app", listeners=(), **options):
        inbound = mesh.inbound(endpoint(app.ip, app.port))
        ip, _, port = inbound["address"].rpartition(":")
        self.mesh = mesh
        self.name = name
        self.address = resources.endpoint(ip, int(port), mesh.spiffe_id(name))
        self.resources = [resources.service(name), resources.backend_set(name, [self.address])]
        self.version = mesh.control.apply(resources.to_yaml(self.resources))
        outbound = mesh.outbound(name)
        self.server = mesh.sidecar(f"{name}-server", [inbound], mesh.control_blocks(name), **options)
        client = mesh.control_blocks(f"{name}-client")
        self.client = mesh.sidecar(f"{name}-outbound", [outbound, *listeners], client, **options)
        self.port = self.client.address_of("out")[1]

    @property
    def sidecars(self):
        return (self.server, self.client)

    def start(self):
        for sidecar in self.sidecars:
            sidecar.start()
        for sidecar in self.sidecars:
            wait_until(sidecar.has_state, f"{sidecar.name} to have everything on disk")
        return self


class ControlledTestCase(MeshTestCase):
    """A control plane started with `flags`, and a pair that has everything from it."""

    flags = ()

    @classmethod
    def environment(cls):
        """Of the control plane; None: ours."""
        return None

    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control(*cls.flags, env=cls.environment())
        cls.pair = ControlledPair(cls.mesh, cls.app).start()
