"""The three programs under test: the control plane with its command line, and the sidecar."""

import json
import os
import re
import shutil
import subprocess

from . import http1
from .metrics import Metrics
from .ports import endpoint
from .processes import PATIENCE, wait_until

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def binary_folder(given=None):
    return os.path.abspath(given or os.environ.get("HEDDLE_BIN") or os.path.join(REPOSITORY, "build/release/bin"))


def missing_programs(folder):
    return [name for name in ("heddle-proxy", "heddle-control", "heddle")
            if shutil.which(os.path.join(folder, name)) is None]


class Control:
    """heddle-control with its data folder; survives kill() and start() with the same ports and data.

    `wrapper` goes before its command lines, and `ip` is where it listens: on another machine, if need be."""

    def __init__(self, group, bin_folder, ports, flags=(), name="control", ip="127.0.0.1", wrapper=(),
                 env=None):
        self.watch_port, self.api_port, self.health_port = ports
        self.ip = ip
        self.data = os.path.join(group.folder, f"{name}-data")
        self.root = os.path.join(self.data, "root.pem")
        self.context = os.path.join(self.data, "admin.context")
        self._cli = [*wrapper, os.path.join(bin_folder, "heddle")]
        self._group = group
        self._name = name
        self._env = env
        self.argv = [*wrapper, os.path.join(bin_folder, "heddle-control"), "--data", self.data, "--watch",
                     endpoint(ip, self.watch_port), "--api", endpoint(ip, self.api_port),
                     "--health", endpoint(ip, self.health_port), *flags]
        self.process = None

    def start(self, deadline=PATIENCE):
        self.launch()
        self.process.wait_ready(self.is_ready, deadline)
        return self

    def launch(self):
        """Without waiting for readiness."""
        if self.process is None:
            self.process = self._group.start(self._name, self.argv, self._env)
        else:
            self.process.start()
        return self

    def use(self, bin_folder):
        """Programs of another release, from the next start on."""
        self._cli[-1] = os.path.join(bin_folder, "heddle")
        at = next(at for at, word in enumerate(self.argv) if os.path.basename(word) == "heddle-control")
        self.argv[at] = os.path.join(bin_folder, "heddle-control")
        if self.process is not None:
            self.process.argv[at] = self.argv[at]

    def is_ready(self):
        return http1.is_ok(self.health_port, "/readyz", self.ip) and os.path.exists(self.context)

    def cli(self, *words, text=None, check=True, timeout=PATIENCE, context=None):
        argv = [*self._cli, "--context", context or self.context, *words]
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"heddle {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def apply(self, yaml):
        """The version this apply made (or found unchanged)."""
        out = self.cli("apply", "-f", "-", text=yaml).stdout
        return version_of(out)

    def wait_version(self, version, timeout="60s"):
        self.cli("wait", "--version", version, "--timeout", timeout, timeout=2 * PATIENCE)

    def token(self, spiffe_id, ttl=None):
        words = ["token", "create", "--id", spiffe_id]
        if ttl:
            words += ["--ttl", ttl]
        return self.cli(*words).stdout.strip()

    def context_with(self, token, name):
        """A copy of the admin's context file with another token."""
        with open(self.context, encoding="utf-8") as file:
            context = json.load(file) | {"token": token}
        path = os.path.join(self._group.folder, f"{name}.context")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(context, file)
        return path

    def status(self):
        return json.loads(self.cli("status", "-o", "json").stdout)


def version_of(text):
    found = re.findall(r"^version (\d+\.\d+)$", text, re.MULTILINE)
    if not found:
        raise AssertionError(f"no version line in what apply printed: {text!r}")
    return found[-1]


class Sidecar:
    """heddle-proxy with one bootstrap file (JSON is YAML)."""

    def __init__(self, group, bin_folder, bootstrap):
        self.name = bootstrap["node"]
        self.bootstrap = bootstrap
        self._group = group
        self._binary = os.path.join(bin_folder, "heddle-proxy")
        self.path = os.path.join(group.folder, f"{self.name}.json")
        self.process = None
        self.write()

    def write(self):
        temporary = self.path + ".new"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(self.bootstrap, file, indent=2)
        os.replace(temporary, self.path)

    def start(self, deadline=PATIENCE):
        self.launch()
        self.process.wait_ready(self.is_ready, deadline)
        return self

    def launch(self, *wrapper):
        """Without waiting for readiness; `wrapper` as `taskset -c 0`."""
        argv = [*wrapper, self._binary, "--config", self.path]
        if self.process is None:
            self.process = self._group.start(self.name, argv)
        else:
            self.process.start()
        return self

    def use(self, bin_folder):
        """The program of another release, from the next start on."""
        self._binary = os.path.join(bin_folder, "heddle-proxy")
        if self.process is not None:
            self.process.argv[-3] = self._binary

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def validate(self):
        return subprocess.run([self._binary, "--validate", "--config", self.path], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def address_of(self, section):
        """(ip, port) of a part of the bootstrap: health, admin, stats, or a listener by its name."""
        part = self.bootstrap.get(section)
        if part is None:
            part = next(one for one in self.bootstrap["listeners"] if one["name"] == section)
        ip, _, port = part["address"].rpartition(":")
        return ip.strip("[]"), int(port)

    def get(self, section, target, headers=(), timeout=http1.TIMEOUT):
        ip, port = self.address_of(section)
        return http1.get(port, target, ip, timeout, headers)

    def is_ready(self):
        ip, port = self.address_of("health")
        return http1.is_ok(port, "/readyz", ip)

    def has_state(self):
        """Whether all that a restart without control plane needs is on disk: the snapshot follows readiness."""
        folder = self.bootstrap["stateDir"]
        return all(os.path.exists(os.path.join(folder, name))
                   for name in ("svid.pem", "svid.key", "bundle.json", "snapshot.json"))

    def metrics(self):
        return Metrics(self.get("health", "/metrics").body.decode())

    def admin(self, target, headers=()):
        return self.get("admin", target, headers)

    def wait_metric(self, name, at_least=1, deadline=PATIENCE, **labels):
        wait_until(lambda: self.metrics().total(name, **labels) >= at_least, f"{name}{labels} >= {at_least}", deadline)

    def log_entries(self, after=0):
        """The process log and the access log: one JSON object a line; what is not JSON is left out."""
        entries = []
        for line in self.process.log()[after:].splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries
