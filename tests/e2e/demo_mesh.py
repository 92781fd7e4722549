"""The demo's mesh: which ports it uses, how it is started and stopped, what its stats say."""

import os
import shutil
import string
import sys
import tempfile

from heddle_harness import http1, stats
from heddle_harness.pki import spiffe_id
from heddle_harness.ports import endpoint, is_taken
from heddle_harness.processes import ProcessGroup, wait_until
from heddle_harness.programs import Control, Sidecar, binary_folder

HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS = 6
LOCAL = "127.0.0.1"
# name, default port, offset with --port-base
PORTS = (
    ("the service hello (client's sidecar)", 7000, 0),
    ("stats page and CSV (client's sidecar)", 7001, 1),
    ("admin of a sidecar, read-only", 15000, 2),
    ("health and metrics of a sidecar", 15020, 3),
    ("inbound, mutual TLS (workers' sidecars)", 15006, 4),
    ("control plane: watch and identity", 15010, 10),
    ("control plane: API", 15080, 11),
    ("control plane: health and metrics", 15014, 12),
    ("workers 1 to 6", 8080, 20),
)


def port_table():
    lines = [f"  {'what':<42}{'default':>8}   --port-base N"]
    lines += [f"  {name:<42}{port:>8}   N + {offset}" for name, port, offset in PORTS]
    lines.append("  The client's sidecar is on 127.0.0.1, the sidecar of worker n on 127.0.1.n.")
    return "\n".join(lines)


class Layout:
    def __init__(self, base=None):
        chosen = [port if base is None else base + offset for _, port, offset in PORTS]
        (self.hello, self.stats, self.admin, self.health, self.inbound, self.watch, self.api, self.control_health,
         self.first_worker) = chosen

    def worker(self, number):
        return self.first_worker + number - 1

    @staticmethod
    def sidecar_ip(number):
        return f"127.0.1.{number}"

    def all(self):
        """(what, ip, port) of everything that will listen."""
        out = [("the service hello", LOCAL, self.hello), ("the stats page", LOCAL, self.stats),
               ("the client's sidecar: admin", LOCAL, self.admin), ("the client's sidecar: health", LOCAL, self.health),
               ("heddle-control: watch", LOCAL, self.watch), ("heddle-control: API", LOCAL, self.api),
               ("heddle-control: health", LOCAL, self.control_health)]
        for number in range(1, WORKERS + 1):
            ip = self.sidecar_ip(number)
            out.append((f"worker {number}", LOCAL, self.worker(number)))
            out += [(f"the sidecar of worker {number}: {what}", ip, port)
                    for what, port in (("inbound", self.inbound), ("admin", self.admin), ("health", self.health))]
        return out

    def taken(self):
        return [(what, ip, port) for what, ip, port in self.all() if is_taken(ip, port)]


class DemoSidecar(Sidecar):
    """A sidecar whose bootstrap is a template filled in."""

    def __init__(self, group, bin_folder, template, values):
        self._text = string.Template(template).substitute(values)
        where = {"address": values["health"]}
        super().__init__(group, bin_folder, {"node": values["node"], "health": where})

    def write(self):
        self.path = os.path.join(self._group.folder, f"{self.name}.yaml")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(self._text)


def read_template(name):
    with open(os.path.join(HERE, "demo", name), encoding="utf-8") as file:
        return file.read()


class DemoMesh:
    def __init__(self, layout, bin_folder=None, loops=2):
        self.layout = layout
        self.loops = loops
        self.bin = binary_folder(bin_folder)
        self.folder = tempfile.mkdtemp(prefix="heddle-demo-")
        self.group = ProcessGroup(self.folder)
        self.workers = {}
        self.sidecars = []
        self.control = None
        self.version = ""

    # --- start and stop ---
    def start(self):
        ports = (self.layout.watch, self.layout.api, self.layout.control_health)
        for number in range(1, WORKERS + 1):
            self._start_worker(number)
        self.control = Control(self.group, self.bin, ports, name="heddle-control")
        self.control.start()
        self.version = self.control.apply(self._resources())
        for number in range(1, WORKERS + 1):
            self.sidecars.append(self._inbound(number).launch())
        self.sidecars.append(self._client().launch())
        for sidecar in self.sidecars:
            sidecar.process.wait_ready(sidecar.is_ready)
        wait_until(lambda: http1.is_ok(self.layout.stats, "/stats"), "the stats page")
        wait_until(lambda: len(self.up()) == WORKERS, f"all {WORKERS} backends to be UP")

    def stop(self):
        """Everything ends; returns {name: exit code} of Heddle's own programs."""
        try:
            codes = self.group.stop_all(10)
        finally:
            self.group.kill_all()
            shutil.rmtree(self.folder, ignore_errors=True)
        return {name: code for name, code in codes.items() if not name.startswith("worker-")}

    def _start_worker(self, number):
        argv = [sys.executable, os.path.join(HERE, "worker.py"), "--port", self.layout.worker(number), "--id", number]
        self.workers[number] = self.group.start(f"worker-{number}", argv)

    def restart_worker(self, number):
        self.workers[number].wait()
        self.workers[number].start()

    def _resources(self):
        line = '    - {{address: {ip}, port: {port}, identity: "{identity}"}}'
        endpoints = [line.format(ip=self.layout.sidecar_ip(number), port=self.layout.inbound,
                                 identity=spiffe_id(f"hello-{number}")) for number in range(1, WORKERS + 1)]
        return string.Template(read_template("hello.yaml")).substitute(endpoints="\n".join(endpoints))

    def _values(self, node, account, ip):
        token = os.path.join(self.folder, f"{node}.token")
        with open(os.open(token, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(self.control.token(spiffe_id(account)))
        return {"node": node, "state": os.path.join(self.folder, f"{node}-state"), "token": token,
                "root": self.control.root, "watch": endpoint(LOCAL, self.layout.watch),
                "admin": endpoint(ip, self.layout.admin), "health": endpoint(ip, self.layout.health)}

    def _inbound(self, number):
        ip = self.layout.sidecar_ip(number)
        values = self._values(f"hello-{number}", f"hello-{number}", ip)
        values |= {"listener": endpoint(ip, self.layout.inbound), "worker": endpoint(LOCAL, self.layout.worker(number))}
        return DemoSidecar(self.group, self.bin, read_template("inbound.yaml"), values)

    def _client(self):
        values = self._values("client", "client", LOCAL)
        values |= {"listener": endpoint(LOCAL, self.layout.hello), "stats": endpoint(LOCAL, self.layout.stats),
                   "loops": self.loops}
        return DemoSidecar(self.group, self.bin, read_template("client.yaml"), values)

    # --- what it says ---
    def page(self):
        return http1.get(self.layout.stats, "/stats")

    def csv(self):
        return http1.get(self.layout.stats, "/stats;csv")

    def rows(self):
        """{number of the worker: its row}, by the address of its sidecar."""
        _, rows = stats.parse(self.csv().body.decode())
        found = {}
        for number in range(1, WORKERS + 1):
            where = endpoint(self.layout.sidecar_ip(number), self.layout.inbound)
            for row in stats.servers(rows):
                if where in (row["svname"], row.get("addr")):
                    found[number] = row
        return found

    def up(self):
        return [number for number, row in self.rows().items() if row["status"].startswith("UP")]

    def status_line(self):
        rows = self.rows()
        up = sum(row["status"].startswith("UP") for row in rows.values())
        requests = sum(int(row["req_tot"] or 0) for row in rows.values())
        errors = sum(int(row[key] or 0) for row in rows.values() for key in ("econ", "eresp"))
        down = " ".join(str(number) for number, row in rows.items() if not row["status"].startswith("UP"))
        who_is_down = f" (DOWN: {down})" if down else ""
        return (f"backends UP {up}/{WORKERS}{who_is_down}  requests {requests}  errors {errors}  "
                f"config {self.version}  Ctrl-C stops")
