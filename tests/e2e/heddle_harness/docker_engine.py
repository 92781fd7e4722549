"""A double of the Docker Engine's API (v1.41 to v1.47, the fields of the documented answers) on a Unix socket: containers
that a test starts and stops, their events, and faults. Only what is read there: GET /version, /containers/json,
/containers/{id}/json and /events; any other method is refused and counted."""

import hashlib
import json
import os
import queue
import socketserver
import threading
import time
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):  # clients come and go
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine = None

    def log_message(self, *_):
        pass

    def address_string(self):
        return "socket"

    def answer(self, code, document):
        text = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_any(self):
        url = urlsplit(self.path)
        self.engine.requests.append((self.command, unquote(url.path), parse_qs(url.query)))
        if self.command != "GET":
            return self.answer(403, {"message": "this double is read only"})
        path = url.path
        if path.startswith("/v1."):
            path = path[path.index("/", 1):]
        fault = self.engine.fault_of(path)
        if fault == "stall":
            self.engine.released.wait()
        if isinstance(fault, int):
            return self.answer(fault, {"message": f"a fault of {path}"})
        if path == "/events":
            return self.stream()
        return self.answer(*self.engine.read(path, parse_qs(url.query)))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_any

    def stream(self):
        told = self.engine.follow()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        while (event := told.get()) is not None:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.close_connection = True


class DockerEngine:
    """`requests` are (method, path, query) so far. Silent changes (`tell=False`) are those whose event was lost."""

    def __init__(self, path, version="1.47", oldest="1.24"):
        self.path = path
        self.version, self.oldest = version, oldest
        self.requests = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._containers = {}
        self._followers = []
        self._faults = {}
        self._server = None
        self.start()

    def start(self):
        handler = type("Handler", (_Handler,), {"engine": self})
        self._server = _Server(self.path, handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """As a daemon that goes: its socket is gone, streams end."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        os.unlink(self.path)
        self.end_streams()

    close = stop

    @property
    def url(self):
        return f"unix://{self.path}"

    # --- faults ---
    def set_fault(self, path, fault):
        """`fault` for every request of the path, without the version: a status, or "stall" until `released` is set;
        None: no fault any more."""
        with self._lock:
            self._faults[path] = fault

    def fault_of(self, path):
        with self._lock:
            return self._faults.get(path)

    def end_streams(self):
        with self._lock:
            followers, self._followers = self._followers, []
        for follower in followers:
            follower.put(None)
        return len(followers)

    # --- what happens to containers ---
    @staticmethod
    def id_of(name):
        return hashlib.sha256(name.encode()).hexdigest()

    def run(self, name, address, labels, health=None, exposed=(), tell=True, network="bridge"):
        """Networks are `network: address`, or `address` as a dictionary of several."""
        identity = self.id_of(name)
        state = {"Status": "running", "Running": True, "Paused": False, "Restarting": False}
        if health:
            state["Health"] = {"Status": health, "FailingStreak": 0, "Log": []}
        networks = address if isinstance(address, dict) else {network: address}
        container = {"Id": identity, "Name": f"/{name}", "State": state,
                     "Config": {"Labels": labels, "ExposedPorts": {f"{port}/tcp": {} for port in exposed}},
                     "NetworkSettings": {"Networks": {key: {"IPAddress": ip, "GlobalIPv6Address": ""}
                                                      for key, ip in networks.items()}}}
        with self._lock:
            self._containers[identity] = container
        if tell:
            self._tell(container, "create")
            self._tell(container, "start")

    def change(self, name, action, tell=True, **state):
        """`state` into State, then the event."""
        with self._lock:
            container = next(one for one in self._containers.values() if one["Name"] == f"/{name}")
            container["State"].update(state)
            if action == "destroy":
                del self._containers[container["Id"]]
        if tell:
            self._tell(container, action)

    def die(self, name, **more):
        self.change(name, "die", Running=False, Status="exited", **more)

    def start_again(self, name):
        self.change(name, "start", Running=True, Status="running")

    def set_health(self, name, status):
        self.change(name, f"health_status: {status}", Health={"Status": status, "FailingStreak": 0, "Log": []})

    def remove(self, name, **more):
        self.change(name, "destroy", **more)

    def _tell(self, container, action):
        attributes = dict(container["Config"]["Labels"], name=container["Name"][1:], image="app")
        now = time.time_ns()
        event = {"Type": "container", "Action": action, "Actor": {"ID": container["Id"], "Attributes": attributes},
                 "scope": "local", "time": now // 10**9, "timeNano": now}
        with self._lock:
            for follower in self._followers:
                follower.put(event)

    def follow(self):
        told = queue.Queue()
        with self._lock:
            self._followers.append(told)
        return told

    # --- answers ---
    def read(self, path, query):
        with self._lock:
            if path == "/version":
                return 200, {"Version": "27.0.0", "ApiVersion": self.version, "MinAPIVersion": self.oldest}
            if path == "/containers/json":
                every = query.get("all") == ["true"]
                return 200, [{"Id": one["Id"], "Names": [one["Name"]], "Labels": one["Config"]["Labels"],
                              "State": one["State"]["Status"]}
                             for one in self._containers.values() if every or one["State"]["Running"]]
            parts = path.split("/")
            found = self._containers.get(parts[2]) if len(parts) == 4 and parts[1] == "containers" else None
            if found is None:
                return 404, {"message": f"No such container: {path}"}
            return 200, json.loads(json.dumps(found))
