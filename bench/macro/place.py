"""Where a run happens: its folder, certificates, ports, children. Everything it started is gone when it closes."""

import os
import resource
import shutil
import socket
import tempfile

from harness import PortPool, ProcessGroup, pki
from sampling import cores, pinned

HOST = "127.0.0.1"
NAME = "bench.test"  # a DNS name beside the SPIFFE id: peers that know nothing of SPIFFE check this one
FILES = 65536


def raise_file_limit():
    """The soft limit becomes the hard one; children inherit it. Returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


class Certificate:
    """Certificate and key as files of their own, and both in one file for the programs that want it so."""

    def __init__(self, credential, folder, name):
        self.certificate = credential.certificate
        self.key = credential.key
        self.root = credential.bundle
        self.both = os.path.join(folder, f"{name}.both.pem")
        with open(self.both, "w", encoding="ascii") as file:
            for path in (self.certificate, self.key):
                with open(path, encoding="ascii") as part:
                    file.write(part.read())
        os.chmod(self.both, 0o600)


class Place:
    def __init__(self, programs, tools):
        self.programs = programs  # folder of heddle-proxy
        self.tools = tools        # folder of heddle-bench-*
        self.files = raise_file_limit()
        self.folder = tempfile.mkdtemp(prefix="heddle-bench-")
        self.proxy_core, self.load_core = cores()
        self._ports = PortPool()
        self._group = ProcessGroup(self.folder)
        self._started = 0
        authority = pki.Authority(os.path.join(self.folder, "ca"))
        self.client = self._issue(authority, "client")
        self.server = self._issue(authority, "server")
        other = pki.Authority(os.path.join(self.folder, "other-ca"))  # the same names, signed by somebody else
        self.stranger = self._issue(other, "client")
        self.stranger_server = self._issue(other, "server")
        # A stranger trusts us, and itself: it is us who must not trust it.
        self.stranger.root = self.stranger_server.root = self._joined("both-roots.pem", self.client.root, other.root)

    def close(self):
        self._group.kill_all()
        self._ports.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _issue(authority, name):
        return Certificate(authority.issue(name, f"{pki.spiffe_id(name)},DNS:{NAME}"), authority.folder, name)

    def _joined(self, name, *paths):
        text = ""
        for path in paths:
            with open(path, encoding="ascii") as file:
                text += file.read()
        return self.write(name, text)

    @staticmethod
    def spiffe_id(name):
        return pki.spiffe_id(name)

    def port(self):
        return self._ports.reserve()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def tool(self, name):
        return os.path.join(self.tools, name)

    def start_proxy(self, name, argv, port):
        return self._start(name, pinned(self.proxy_core, argv), port)

    def start_load(self, name, argv, port):
        """An origin: on the core of the load."""
        return self._start(name, pinned(self.load_core, argv), port)

    def _start(self, name, argv, port):
        self._started += 1
        process = self._group.start(f"{name}-{self._started}", argv)
        return process.wait_ready(lambda: can_connect(port))

    def on_load_core(self, argv):
        return pinned(self.load_core, argv)

    def tails(self):
        return self._group.tails(12)


def can_connect(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
