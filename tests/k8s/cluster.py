#!/usr/bin/env python3
"""A real kube-apiserver with etcd on loopback: TLS, tokens, RBAC, service account keys. No nodes, no controllers.

  cluster.py [--binary FILE] -- COMMAND...   runs the command with KUBECONFIG and HEDDLE_KUBE_CONFIG set; its exit code
  cluster.py                                 prints the kubeconfig and runs until it is interrupted

The binary is what build_apiserver.sh built (1.20). What needs a controller does not happen here: tests make their service
accounts themselves, and endpoints, too. The admission plugin ServiceAccount is off, so that pods need no secrets.
"""

import argparse
import base64
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "e2e"))

from heddle_harness import pki  # noqa: E402
from heddle_harness.ports import PortPool  # noqa: E402
from heddle_harness.processes import ProcessGroup  # noqa: E402

ISSUER = "https://kubernetes.default.svc"
VERSION = "1.20.2-2"
_START = 120.0  # s: it makes its roles and its first objects
_TIMEOUT = 30.0


def cached_binary():
    """Of build_apiserver.sh; None: not built yet."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(cache, "heddle", "kube-apiserver", VERSION, "kube-apiserver")
    return path if os.access(path, os.X_OK) else None


class Refused(Exception):
    def __init__(self, code, status):
        super().__init__(f"{code} {status.get('reason')}: {status.get('message')}")
        self.code, self.status = code, status


class Cluster:
    def __init__(self, binary=None):
        self._binary = binary or cached_binary()
        if not self._binary:
            raise FileNotFoundError("there is no kube-apiserver: run tests/k8s/build_apiserver.sh")
        self._temporary = tempfile.TemporaryDirectory(prefix="heddle-k8s-")
        self.folder = self._temporary.name
        self._ports = PortPool()
        self._group = ProcessGroup(self.folder)
        self._etcd_port, self._peer_port, self.port = (self._ports.reserve() for _ in range(3))
        self.token = secrets.token_hex(16)
        self._authority = pki.Authority(self.path("pki"))
        self._server = self._authority.issue_web("apiserver", "IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc")
        self.ca = self._authority.root
        self._ssl = ssl.create_default_context(cafile=self.ca)
        self.server = f"https://127.0.0.1:{self.port}"

    def path(self, name):
        return os.path.join(self.folder, name)

    def _write(self, name, text):
        with open(self.path(name), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(text)
        return self.path(name)

    # --- its life ---
    def start(self):
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._peer_port))
        self._group.start("etcd", [
            "etcd", "--data-dir", self.path("etcd-data"), "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"])
        self.apiserver = self._group.start("kube-apiserver", [self._binary, *self._arguments(client)])
        self.apiserver.wait_ready(self.is_ready, _START)
        self.kubeconfig = self._write("kubeconfig", json.dumps(self._config(self.token)))
        return self

    def close(self):
        self._group.kill_all()
        self._ports.close()
        self._temporary.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def _arguments(self, etcd):
        key = self.path("accounts.key")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens = self._write("tokens.csv", f'{self.token},admin,admin,"system:masters"\n')
        options = {
            "etcd-servers": etcd, "bind-address": "127.0.0.1", "advertise-address": "127.0.0.1",
            "endpoint-reconciler-type": "none", "secure-port": self.port, "cert-dir": self.path("certs"),
            "tls-cert-file": self._server.certificate, "tls-private-key-file": self._server.key,
            "token-auth-file": tokens, "authorization-mode": "RBAC", "anonymous-auth": "false",
            "service-account-issuer": ISSUER, "api-audiences": ISSUER, "service-account-key-file": key,
            "service-account-signing-key-file": key, "service-cluster-ip-range": "10.96.0.0/16",
            "disable-admission-plugins": "ServiceAccount", "allow-privileged": "true", "profiling": "false"}
        return [f"--{name}={value}" for name, value in options.items()]

    def is_ready(self):
        try:
            return self.raw("GET", "/readyz") == b"ok" and self.call("GET", "/api/v1/namespaces/default")
        except (OSError, Refused):
            return False

    def _config(self, token):
        with open(self.ca, "rb") as file:
            ca = base64.b64encode(file.read()).decode()
        return {"apiVersion": "v1", "kind": "Config", "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": self.server, "certificate-authority-data": ca}}],
                "users": [{"name": "test", "user": {"token": token}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}]}

    # --- what tests do with it ---
    def open(self, method, path, body=None, token=None, content_type="application/json"):
        """As urlopen(): an answer to be read, or urllib.error.HTTPError. A body that is text is sent as it is."""
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type}
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        data = None if text is None else text.encode()
        request = urllib.request.Request(self.server + path, data, headers, method=method)
        return urllib.request.urlopen(request, timeout=_TIMEOUT, context=self._ssl)

    def raw(self, method, path, body=None, **options):
        try:
            with self.open(method, path, body, **options) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                status = json.loads(text)
            except ValueError:
                status = {"message": text.decode("utf-8", "replace")}
            raise Refused(error.code, status) from None

    def call(self, method, path, body=None, **options):
        return json.loads(self.raw(method, path, body, **options) or b"null")

    def kubeconfig_of(self, name, token):
        """A kubeconfig of somebody else."""
        return self._write(f"kubeconfig-{name}", json.dumps(self._config(token)))

    def account_token(self, namespace, account, audiences, bound_to=None):
        """A token as the kubelet would have it projected; the account is made where there is none."""
        accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        try:
            self.call("POST", accounts, {"metadata": {"name": account}})
        except Refused as refused:
            if refused.code != 409:
                raise
        spec = {"audiences": audiences, "expirationSeconds": 3600}
        if bound_to:
            spec["boundObjectRef"] = {"kind": "Pod", "apiVersion": "v1", "name": bound_to["metadata"]["name"],
                                      "uid": bound_to["metadata"]["uid"]}
        answer = self.call("POST", f"{accounts}/{account}/token", {"spec": spec})
        return answer["status"]["token"]

    def environment(self):
        return dict(os.environ, KUBECONFIG=self.kubeconfig, HEDDLE_KUBE_CONFIG=self.kubeconfig)

    def kubectl(self, *words, text=None, check=True):
        done = subprocess.run(["kubectl", *words], input=text, capture_output=True, text=True, check=False,
                              env=self.environment())
        if check and done.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(words)}: {done.stderr}")
        return done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary")
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()
    with Cluster(args.binary) as cluster:
        if args.command:
            return subprocess.run(args.command, env=cluster.environment(), check=False).returncode
        print(f"export KUBECONFIG={cluster.kubeconfig}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
