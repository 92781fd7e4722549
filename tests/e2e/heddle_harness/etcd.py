"""A real etcd cluster of one test, of Debian's etcd-server: members that are killed, stopped, cut off and come back."""

import base64
import json
import os
import signal
import ssl
import urllib.request

from . import pki
from .processes import Process, wait_until

_TIMEOUT = 10.0  # s of one request of ours
_AFTER_SLASH = "0"  # the character behind '/': where keys with that prefix end


def _coded(text):
    return base64.b64encode(text.encode()).decode()


def _plain(text):
    return base64.b64decode(text).decode("utf-8", "replace")


class Member:
    """One process. `wrapper` goes before its command line, as that of another machine does."""

    def __init__(self, name, ip, ports, wrapper=()):
        self.name = name
        self.ip = ip
        self.client_port, self.peer_port = ports
        self.wrapper = list(wrapper)
        self.process = None

    @property
    def peer_url(self):
        return f"http://{self.ip}:{self.peer_port}"

    def kill(self):
        """Its data stay."""
        self.process.kill()

    def restart(self):
        self.process.start()

    def fall_silent(self):
        """Its connections stay open, and nothing comes of them."""
        self.process.signal(signal.SIGSTOP)

    def go_on(self):
        self.process.signal(signal.SIGCONT)


class EtcdCluster:
    """With `tls` clients show a certificate, too; with `password` they are the user `heddle`, who may read and write
    below /heddle/ and nowhere else. `members`: a number of them on loopback, or what they are."""

    user = "heddle"

    def __init__(self, mesh, members=3, tls=False, password=None):
        self._mesh = mesh
        self.members = members if isinstance(members, list) else [
            Member(f"etcd-{number}", "127.0.0.1", (mesh.ports.reserve(), mesh.ports.reserve()))
            for number in range(members)]
        self._password = password
        self._admin_token = None
        self._ssl = self._server = self._client = None
        if tls:
            authority = pki.Authority(mesh.path("etcd-ca"))
            self._server, self._client = authority.issue_web("etcd-server"), authority.issue_web("etcd-client")
            self._ssl = ssl.create_default_context(cafile=authority.root)
            self._ssl.load_cert_chain(self._client.certificate, self._client.key)
        for member in self.members:
            member.process = mesh.group.add(Process(member.name, self._arguments(member), mesh.folder))

    # --- its life ---
    def start(self):
        for member in self.members:
            member.restart()
        self.wait_healthy()
        if self._password:
            self._ask_for_passwords()
        return self

    def close(self):
        for member in self.members:
            member.kill()

    def majority(self):
        """Enough members that without them nothing can be written."""
        return self.members[:len(self.members) // 2 + 1]

    def wait_healthy(self, members=None):
        for member in members or self.members:
            wait_until(lambda member=member: self.is_healthy(member), f"{member.name}: {member.process.tail()}")

    def is_healthy(self, member):
        """Whether it can write, with the others."""
        try:
            with urllib.request.urlopen(f"{self.url(member)}/health", timeout=_TIMEOUT, context=self._ssl) as answer:
                return json.load(answer).get("health") == "true"
        except (OSError, ValueError):
            return False

    # --- what is in it ---
    def call(self, path, request, member=None):
        """A call of its gateway, as the user root where there are users."""
        headers = {"Authorization": self._admin_token} if self._admin_token else {}
        url = self.url(member or self.members[0]) + path
        asked = urllib.request.Request(url, json.dumps(request).encode(), headers)
        with urllib.request.urlopen(asked, timeout=_TIMEOUT, context=self._ssl) as answer:
            return json.load(answer)

    def dump(self, prefix="/heddle/"):
        """{key: value as text} of all keys below it."""
        end = prefix.rstrip("/") + _AFTER_SLASH
        found = self.call("/v3/kv/range", {"key": _coded(prefix), "range_end": _coded(end)})
        return {_plain(pair["key"]): _plain(pair.get("value", "")) for pair in found.get("kvs", [])}

    def put_if_unmodified(self, guard, values):
        """All of {key: text}, if nobody writes the key `guard` meanwhile (None: in any case); whether nobody did."""
        compare = []
        if guard:
            seen = self.call("/v3/kv/range", {"key": _coded(guard)})["kvs"][0]["mod_revision"]
            compare = [{"key": _coded(guard), "target": "MOD", "result": "EQUAL", "modRevision": seen}]
        puts = [{"requestPut": {"key": _coded(key), "value": _coded(value)}} for key, value in values.items()]
        return self.call("/v3/kv/txn", {"compare": compare, "success": puts}).get("succeeded", False)

    # --- what a control plane is told ---
    def url(self, member):
        return f"{'https' if self._ssl else 'http'}://{member.ip}:{member.client_port}"

    def flags(self):
        """Of heddle-control."""
        flags = ["--store", "etcd", "--etcd-endpoints", ",".join(self.url(member) for member in self.members)]
        if self._client:
            flags += ["--etcd-ca-file", self._client.bundle, "--etcd-cert-file", self._client.certificate,
                      "--etcd-key-file", self._client.key]
        if self._password:
            file = self._mesh.write("etcd.password", self._password + "\n")
            os.chmod(file, 0o600)
            flags += ["--etcd-user", self.user, "--etcd-password-file", file]
        return flags

    def _arguments(self, member):
        client = self.url(member)
        options = {
            "name": member.name, "data-dir": self._mesh.path(f"{member.name}-data"),
            "listen-client-urls": client, "advertise-client-urls": client,
            "listen-peer-urls": member.peer_url, "initial-advertise-peer-urls": member.peer_url,
            "initial-cluster": ",".join(f"{one.name}={one.peer_url}" for one in self.members),
            "initial-cluster-token": self._mesh.folder, "heartbeat-interval": "100", "election-timeout": "1000"}
        if self._server:
            options |= {"cert-file": self._server.certificate, "key-file": self._server.key,
                        "trusted-ca-file": self._server.bundle}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [*member.wrapper, "etcd", *words, *(["--client-cert-auth"] if self._server else [])]

    def _ask_for_passwords(self):
        everything_of_ours = {"permType": 2, "key": _coded("/heddle/"), "range_end": _coded("/heddle" + _AFTER_SLASH)}
        for path, request in (
                ("user/add", {"name": "root", "password": self._password}),
                ("role/add", {"name": "root"}),
                ("user/grant", {"user": "root", "role": "root"}),
                ("user/add", {"name": self.user, "password": self._password}),
                ("role/add", {"name": self.user}),
                ("role/grant", {"name": self.user, "perm": everything_of_ours}),
                ("user/grant", {"user": self.user, "role": self.user}),
                ("enable", {})):
            self.call(f"/v3/auth/{path}", request)
        answer = self.call("/v3/auth/authenticate", {"name": "root", "password": self._password})
        self._admin_token = answer["token"]
