"""The control plane under measurement: one process, its API, and what it costs."""

import http.client
import json
import os
import ssl

from harness import PortPool, ProcessGroup, resources
from heddle_harness.programs import Control
from sampling import cpu_seconds, own_memory_of, pss_of, settled

TIMEOUT = 120.0  # s, of one call


class Api:
    """POST /v1/apply with the admin's token; one connection, kept."""

    def __init__(self, context_file):
        with open(context_file, encoding="utf-8") as file:
            context = json.load(file)
        self._headers = {"Authorization": f"Bearer {context['token']}", "Content-Type": "application/json"}
        host, _, port = context["address"].rpartition(":")
        trust = ssl.create_default_context(cadata=context["ca"])
        self._connection = http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=TIMEOUT, context=trust)

    def _post(self, body):
        self._connection.request("POST", "/v1/apply", body, self._headers)
        return self._connection.getresponse()

    def apply(self, items):
        """The version. Applying again changes nothing, so a connection that was idle for too long is no failure."""
        body = json.dumps({"kind": "List", "items": items})
        try:
            answer = self._post(body)
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
            answer = self._post(body)
        text = answer.read().decode()
        if answer.status != 200:
            raise OSError(f"apply: {answer.status} {text[:2000]}")
        return json.loads(text)["version"]

    def close(self):
        self._connection.close()


def service_name(number):
    return f"svc-{number}"


def backend_set(number, endpoints, generation=0):
    """`generation` is in the first endpoint's weight, so that every one of a row differs from the one before."""
    identity = f"spiffe://cluster.local/ns/default/sa/app-{number}"
    made = [resources.endpoint(f"10.{number // 250}.{number % 250}.{1 + i}", 15006, identity, weight=1)
            for i in range(endpoints)]
    made[0]["weight"] = 1 + generation % 100
    return resources.backend_set(service_name(number), made)


def size_of(resource):
    """Bytes of the object as its author wrote it, without white space."""
    return len(json.dumps(resource, separators=(",", ":")))


class Plane:
    def __init__(self, programs, folder, core):
        self._ports = PortPool()
        self._group = ProcessGroup(folder)
        ports = [self._ports.reserve() for _ in range(3)]
        self._control = Control(self._group, programs, ports, ("--log-level", "warn"))
        self._core = core
        self._generations = {}
        self.api = None

    @property
    def address(self):
        return f"127.0.0.1:{self._control.watch_port}"

    @property
    def pid(self):
        return self._control.process.pid

    def start(self):
        self._control.start()
        for task in os.listdir(f"/proc/{self.pid}/task"):
            os.sched_setaffinity(int(task), {self._core})
        self.api = Api(self._control.context)

    def stop(self):
        if self.api:
            self.api.close()
            self.api = None
        if self._control.process:
            self._control.process.kill()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.stop()
        self._group.kill_all()
        self._ports.close()

    def fill(self, services, endpoints_each):
        """All services in one transaction."""
        items = [resources.service(service_name(i)) for i in range(services)]
        items += [backend_set(i, endpoints_each) for i in range(services)]
        self.api.apply(items)

    def next_generation(self, service):
        """Another content than the store has."""
        self._generations[service] = self._generations.get(service, 0) + 1
        return self._generations[service]

    def cut_ca(self, folder):
        """(certificates, key) of its CA as files: the simulator signs with it."""
        with open(os.path.join(self._control.data, "ca.pem"), encoding="ascii") as file:
            text = file.read()
        begin = "-----BEGIN PRIVATE KEY-----"
        end = "-----END PRIVATE KEY-----"
        start, stop = text.index(begin), text.index(end) + len(end)
        paths = []
        for name, part in (("ca-cert.pem", text[:start] + text[stop:].lstrip()), ("ca-key.pem", text[start:stop] + "\n")):
            paths.append(os.path.join(folder, name))
            with open(os.open(paths[-1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(part)
        return paths

    def cpu(self):
        return cpu_seconds(self.pid)

    def memory(self):
        """(heap and stacks, all of it), in bytes."""
        return own_memory_of([self.pid]), pss_of([self.pid])

    def settle(self, quiet):
        settled(lambda: own_memory_of([self.pid]), quiet)

    def log(self):
        return self._control.process.tail()
