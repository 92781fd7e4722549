"""Heddle itself: one worker, identity and resources from files."""

import json
import os
import subprocess

from harness import ROOT, http1, resources
from peers import Peer
from place import HOST

_PROTOCOL = {"h1": "http", "h2": "http2", "tcp": "tcp"}
_FORWARD = {"h1": "http1", "h2": "http2", "tcp": "tcp"}


class Heddle(Peer):
    """Another column with `preload`, a library loaded before all others, or `programs`, the folder of another build."""

    name = "heddle"

    def __init__(self, preload=None, programs=None):
        self._wrapper = ["env", f"LD_PRELOAD={preload}"] if preload else []
        self._programs = programs
        if preload:
            self.name = f"heddle+{os.path.basename(preload).partition('.')[0]}"
        elif programs:
            self.name = f"heddle@{os.path.relpath(programs, ROOT)}"

    def start(self, place, leg, **more):
        return self.start_with(place, leg, resources.to_yaml(_resources(place, leg)), **more)

    def start_with(self, place, leg, resource_text, **more):
        """`more` goes into the bootstrap file."""
        health = place.port()
        files = place.write(f"heddle-{leg.listen}.resources.yaml", resource_text)
        bootstrap = {
            "node": f"bench-{leg.role}", "workers": 1, "config": {"source": "files", "path": files},
            "identity": _identity(place, leg), "listeners": [_listener(leg)],
            "health": {"address": f"{HOST}:{health}"}, "log": {"level": "warn", "format": "text"},
            "accessLog": {"mode": "all", "file": f"{place.folder}/heddle-{leg.listen}.access"}
                         if leg.access_log else {"mode": "off"}, **more}
        config = place.write(f"heddle-{leg.listen}.json", json.dumps(bootstrap, indent=1))
        program = os.path.join(self._programs or place.programs, "heddle-proxy")
        process = place.start_proxy("heddle", [*self._wrapper, program, "--config", config], health)
        process.health_port = health
        return process.wait_ready(lambda: is_ready(health))

    def version(self):
        words = ["git", "-c", "safe.directory=*", "-C", ROOT, "describe", "--always", "--dirty"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def is_ready(port):

    return http1.is_ok(port, "/readyz", HOST)


def _identity(place, leg):
    if leg.role == "hop":
        return {"source": "none"}
    mine = place.server if leg.takes_tls else place.client
    return {"source": "files", "certificate": mine.certificate, "key": mine.key, "bundle": mine.root}


def _listener(leg):
    if leg.takes_tls:
        return {"name": "in", "direction": "inbound", "address": f"{HOST}:{leg.listen}", "tls": "strict",
                "protocol": "tcp" if leg.is_tcp else "http", "forward": f"{HOST}:{leg.target}",
                "forwardProtocol": _FORWARD[leg.back]}
    # As a mesh has it: the client's protocol is found out from its first bytes.
    return {"name": "out", "direction": "outbound", "address": f"{HOST}:{leg.listen}", "service": "bench.default",
            "port": 80, "protocol": "tcp" if leg.is_tcp else "auto"}


def _resources(place, leg):
    identity = place.spiffe_id("server") if leg.gives_tls else None
    protocol = _PROTOCOL[leg.back]
    return [resources.service("bench", 80, protocol),
            resources.backend_set("bench", [resources.endpoint(HOST, leg.target, identity)],
                                  tls="mtls" if leg.gives_tls else "plaintext", protocol=protocol)]
