"""Starts the double of a Kubernetes API server (kube_double.py) for tests in Python."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

FOLDER = os.path.dirname(os.path.abspath(__file__))
_TIMEOUT = 30.0


class Double:
    def __init__(self, *words):
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", os.path.join(FOLDER, "kube_double.py"), *words],
            stdout=subprocess.PIPE, text=True)
        ports = json.loads(self._child.stdout.readline())
        self.server = f"http://127.0.0.1:{ports['api']}"
        self._script = f"http://127.0.0.1:{ports['script']}"

    def close(self):
        self._child.kill()
        self._child.wait()
        self._child.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def open(self, method, path, body=None, content_type="application/json"):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.server + path, data, {"Content-Type": content_type}, method=method)
        return urllib.request.urlopen(request, timeout=_TIMEOUT)

    def order(self, method, path, body=None):
        request = urllib.request.Request(self._script + path, json.dumps(body or {}).encode(), method=method)
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return json.load(answer)
