#!/usr/bin/env python3
"""A proxy alone: identity and resources from files, reload by SIGHUP and by change, bad files, --validate."""

import json
import math
import os
import re
import signal
import socket
import ssl
import threading
import unittest

from heddle_harness import http1, pki, resources, tlspeer
from heddle_harness.apps import TcpApp, hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until


class AloneCase(MeshTestCase):
    """Two plaintext applications; one proxy in front, without identity."""

    def setUp(self):
        self.one = hello_app(b"one\n")
        self.two = hello_app(b"two\n")
        self.addCleanup(self.one.close)
        self.addCleanup(self.two.close)
        self.path = self.mesh.write("resources.yaml", self.to(self.one))

    def to(self, app, *more):
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", app.port)], tls="plaintext")
        return resources.to_yaml([resources.service("hello"), backend, *more])

    def start(self, path=None, **more):
        name = self.mesh.next_name()
        blocks = self.mesh.file_blocks(None, path or self.path)
        listener = self.mesh.outbound(more.pop("service", "hello"), protocol=more.pop("protocol", "auto"))
        self.proxy = self.mesh.sidecar(name, [listener], blocks, **more)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]
        return self.proxy

    def body(self, target="/", headers=()):
        return http1.get(self.port, target, headers=headers).body

    def logs_requests(self):
        self.body("/after")
        return '"/after"' in self.proxy.process.log()

    def reload(self):
        mark = len(self.proxy.process.log())
        self.proxy.process.signal(signal.SIGHUP)
        return mark


class Standalone(AloneCase):
    def test_serves_without_a_control_plane(self):
        self.start()
        self.assertEqual(self.body(), b"one\n")

    def test_sighup_reloads_the_resources(self):
        self.start()
        with http1.Client(self.port) as kept:
            self.assertEqual(kept.request().body, b"one\n")
            self.mesh.write("resources.yaml", self.to(self.two))
            self.reload()
            wait_until(lambda: self.body() == b"two\n", "the new resources")
            wait_until(lambda: kept.request().body == b"two\n", "the same on the connection that lives on")

    def test_a_change_of_the_file_is_seen_without_a_signal(self):
        self.start()
        self.mesh.write("resources.yaml", self.to(self.two))
        wait_until(lambda: self.body() == b"two\n", "the new resources")

    def test_reads_a_directory(self):
        folder = self.mesh.path("several")
        os.makedirs(folder, exist_ok=True)
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", self.one.port)], tls="plaintext")
        self.mesh.write("several/a.yaml", resources.to_yaml([resources.service("hello")]))
        self.mesh.write("several/b.json", json.dumps(backend))
        self.start(folder)
        self.assertEqual(self.body(), b"one\n")

    def test_a_bad_file_is_refused_with_every_problem_and_the_old_stays(self):
        self.start()
        bad = self.to(self.two).replace('"port": 80', '"port": 99999').replace('"plaintext"', '"wool"')
        self.mesh.write("resources.yaml", bad)
        mark = self.reload()
        for problem in ("spec.ports[0].port", "spec.tls"):
            self.proxy.process.wait_log(problem, after=mark)
        self.assertEqual(self.body(), b"one\n")
        self.assertTrue(self.proxy.is_ready())
        self.proxy.wait_metric("heddle_config_updates_total", 1, outcome="nack")

    def test_a_reference_to_nothing_is_refused(self):
        self.start()
        rule = resources.rule([resources.to_backend_set("nobody")])
        self.mesh.write("resources.yaml", self.to(self.two, resources.route("r", "hello", [rule])))
        mark = self.reload()
        self.proxy.process.wait_log("nobody", after=mark)
        self.assertEqual(self.body(), b"one\n")

    def test_a_changed_key_that_needs_a_restart_is_refused_by_name(self):
        self.start()
        self.proxy.bootstrap["workers"] = 3
        self.proxy.write()
        mark = self.reload()
        self.proxy.process.wait_log("workers", after=mark)
        self.assertEqual(self.body(), b"one\n")

    def test_a_reloadable_key_of_the_bootstrap_is_applied(self):
        self.start(accessLog={"mode": "errors", "file": "-"})
        self.body("/before")
        self.proxy.bootstrap["accessLog"]["mode"] = "all"
        self.proxy.write()
        self.reload()
        wait_until(self.logs_requests, "the access log to be on")
        self.assertNotIn('"/before"', self.proxy.process.log())

    def test_a_change_of_the_bootstrap_is_seen_without_a_signal(self):
        self.start(accessLog={"mode": "errors", "file": "-"})
        self.proxy.bootstrap["accessLog"]["mode"] = "all"
        self.proxy.write()
        wait_until(self.logs_requests, "the access log to be on")

    def test_a_bad_bootstrap_is_refused_without_a_signal(self):
        self.start()
        self.proxy.bootstrap["workers"] = 3
        self.proxy.write()
        self.proxy.process.wait_log('"key":"workers"')
        self.proxy.bootstrap["colour"] = "blue"
        self.proxy.write()
        self.proxy.process.wait_log("colour")
        self.assertEqual(self.body(), b"one\n")

    def assert_only_resources_are_taken(self, key, value, said):
        self.start(accessLog={"mode": "errors", "file": "-"})
        self.proxy.bootstrap["accessLog"]["mode"] = "all"
        self.proxy.bootstrap[key] = value
        self.proxy.write()
        self.mesh.write("resources.yaml", self.to(self.two))
        self.reload()
        self.proxy.process.wait_log(said)
        wait_until(lambda: self.body() == b"two\n", "the new resources")
        self.assertFalse(self.logs_requests(), "accessLog.mode of a refused file")

    def test_a_bad_bootstrap_is_refused_whole_and_holds_no_resources_back(self):
        self.assert_only_resources_are_taken("colour", "red", "colour: ")

    def test_a_key_that_needs_a_restart_refuses_the_others(self):
        self.assert_only_resources_are_taken("namespace", "other", '"key":"namespace"')

    def test_routes_by_host_without_a_service(self):
        self.start(service=None)
        for host in ("hello", "hello.default", "hello.default.svc.cluster.local"):
            self.assertEqual(self.body(headers=[("host", host)]), b"one\n", host)
        answer = http1.get(self.port, headers=[("host", "nobody.test")])
        self.assertEqual((answer.status, answer.reason), (404, "service-unknown"))


class Workers(AloneCase):
    """Without the key: as many as the CPUs this process may use, at most four."""

    def workers(self, *wrapper):
        blocks = self.mesh.file_blocks(None, self.path)
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")], blocks)
        del proxy.bootstrap["workers"]
        proxy.write()
        self.addCleanup(proxy.kill)
        proxy.launch(*wrapper).process.wait_ready(proxy.is_ready)
        said = self.said(proxy)["workers"]
        self.assertEqual(self.threads(proxy.process.pid), said)
        return said

    @staticmethod
    def said(proxy):
        """What it logged about its listener."""
        return wait_until(lambda: next((one for one in proxy.log_entries() if one.get("msg") == "listening"), None),
                          "the line in its log")

    @staticmethod
    def threads(pid):
        names = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as comm:
                names.append(comm.read().strip())
        return sum(re.fullmatch(r"heddle-w\d+", name) is not None for name in names)

    @staticmethod
    def quota():
        """Of the cgroup of this process, rounded up; 64 without one."""
        with open("/proc/self/cgroup", encoding="ascii") as file:
            paths = [line[3:].strip() for line in file if line.startswith("0::/")]
        for path in (*paths, ""):
            try:
                with open(f"/sys/fs/cgroup{path}/cpu.max", encoding="ascii") as file:
                    quota, period = file.read().split()
            except FileNotFoundError:
                continue
            if quota != "max":
                return math.ceil(int(quota) / int(period))
        return 64

    def test_one_where_only_one_cpu_may_be_used(self):
        self.assertEqual(self.workers("taskset", "-c", str(min(os.sched_getaffinity(0)))), 1)

    def test_as_many_as_the_quota_allows(self):
        self.assertEqual(self.workers(), min(4, len(os.sched_getaffinity(0)), self.quota()))

    def test_all_listen_on_the_port_that_port_0_became(self):
        listener = self.mesh.outbound("hello") | {"address": "127.0.0.1:0"}
        proxy = self.mesh.sidecar(self.mesh.next_name(), [listener], self.mesh.file_blocks(None, self.path))
        self.addCleanup(proxy.kill)
        proxy.start()
        port = int(self.said(proxy)["address"].rpartition(":")[2])
        self.assertEqual(http1.get(port).body, b"one\n")
        with open(f"/proc/{proxy.process.pid}/net/tcp", encoding="ascii") as file:
            listening = [line for line in file if f":{port:04X} 00000000:0000 0A" in line]
        self.assertEqual(len(listening), 2)


class DrainDeadline(AloneCase):
    """What is open when SIGTERM comes obeys the deadline that was reloaded, not the one the proxy started with.

    The application ends its answer when the proxy accepts nothing more: that is a second after the old deadline.
    """

    def setUp(self):
        super().setUp()
        self.ending = threading.Event()

    def serve(self, sock):
        if not sock.recv(65536):
            return
        sock.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbegin")
        self.ending.wait()
        sock.sendall(b"end")

    def accepts_nothing(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), http1.TIMEOUT).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # closed while it waited in the queue
            pass
        return False

    def answer_over_a_drain(self, protocol):
        app = TcpApp(self.serve)
        self.addCleanup(app.close)
        self.mesh.write("resources.yaml", self.to(app).replace('"protocol": "http"', f'"protocol": "{protocol}"'))
        self.start(protocol=protocol, drain={"deadline": "1s", "accept": "0s"})
        self.proxy.bootstrap["drain"] = {"deadline": "120s", "accept": "2s"}
        self.proxy.write()
        self.reload()
        self.proxy.process.wait_log('"msg":"reloaded"')
        with http1.Client(self.port) as client:
            client.send(http1.request_bytes())
            received = client.sock.recv(65536)
            self.proxy.process.signal(signal.SIGTERM)
            wait_until(self.accepts_nothing, "the listener to be closed")
            self.ending.set()
            while data := client.sock.recv(65536):
                received += data
        self.assertEqual(self.proxy.process.wait(), 0)
        return received

    def test_a_request_ends_in_peace(self):
        self.assertIn(b"end", self.answer_over_a_drain("http"))

    def test_a_tunnel_ends_in_peace(self):
        self.assertIn(b"end", self.answer_over_a_drain("tcp"))


class Routes(AloneCase):
    def start_with(self, rules):
        sets = [resources.backend_set(name, [resources.endpoint("127.0.0.1", app.port)], tls="plaintext")
                for name, app in (("one", self.one), ("two", self.two))]
        self.mesh.write("resources.yaml", self.to(self.one, *sets, resources.route("r", "hello", rules)))
        self.start()

    def rule(self, name, **match):
        return resources.rule([resources.to_backend_set(name)], **match)

    def test_matches_paths_headers_and_methods(self):
        self.start_with([self.rule("one", path="/"), self.rule("two", path="/deep"),
                         self.rule("two", path="/exact", path_type="Exact"),
                         self.rule("two", headers={"x-to": "two"}), self.rule("two", path="/", method="POST")])
        for target, headers, expected in (
                ("/", (), b"one\n"), ("/deep", (), b"two\n"), ("/deep/er", (), b"two\n"), ("/deeper", (), b"one\n"),
                ("/exact", (), b"two\n"), ("/exact/", (), b"one\n"), ("/", [("x-to", "two")], b"two\n"),
                ("/", [("x-to", "one")], b"one\n")):
            self.assertEqual(self.body(target, headers), expected, (target, headers))
        with http1.Client(self.port) as client:
            self.assertEqual(client.request("POST", "/x", body=b"").body, b"two\n")

    def test_no_matching_rule_is_404_with_a_reason(self):
        self.start_with([self.rule("one", path="/only")])
        answer = http1.get(self.port, "/other")
        self.assertEqual((answer.status, answer.reason), (404, "route-not-found"))

    def test_weights_split_the_traffic(self):
        split = resources.rule([resources.to_backend_set("one", 3), resources.to_backend_set("two", 1)])
        self.start_with([split])
        with http1.Client(self.port) as client:
            bodies = [client.request().body for _ in range(2000)]
        self.assertAlmostEqual(bodies.count(b"one\n") / 2000, 0.75, delta=0.06)  # six standard deviations

    def test_a_weight_of_zero_gets_nothing(self):
        self.start_with([resources.rule([resources.to_backend_set("one", 0), resources.to_backend_set("two", 1)])])
        self.assertEqual({self.body() for _ in range(50)}, {b"two\n"})


class FileIdentity(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        listener = cls.mesh.inbound(endpoint("127.0.0.1", cls.app.port))
        cls.credential = cls.mesh.authority.issue("app")
        blocks = cls.mesh.file_blocks(cls.credential, cls.mesh.write("empty.yaml", ""))
        cls.server = cls.mesh.sidecar("app", [listener], blocks).start()

    def shown_certificate(self):
        ip, port = self.server.address_of("in")
        client = tlspeer.TlsClient(port, ip, tlspeer.client_context(self.mesh.authority.issue("friend")))
        self.addCleanup(client.close)
        return client.peer_certificate()

    def test_replaced_files_are_used_for_new_connections(self):
        before = self.shown_certificate()
        fresh = self.mesh.authority.issue("fresh", pki.spiffe_id("app"))
        os.replace(fresh.key, self.credential.key)
        os.replace(fresh.certificate, self.credential.certificate)
        with open(self.credential.certificate, encoding="ascii") as file:
            expected = ssl.PEM_cert_to_DER_cert(file.read())
        self.assertNotEqual(before, expected)
        wait_until(lambda: self.shown_certificate() == expected, "the new certificate")


class Validate(MeshTestCase):
    def proxy(self, text, **more):
        path = self.mesh.write("validated.yaml", text)
        name = self.mesh.next_name()
        return self.mesh.sidecar(name, [self.mesh.outbound("hello")], self.mesh.file_blocks(None, path), **more)

    def good(self):
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", 9)], tls="plaintext")
        return resources.to_yaml([resources.service("hello"), backend])

    def test_exit_0_for_good_files(self):
        done = self.proxy(self.good()).validate()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_exit_1_and_every_problem_of_the_bootstrap(self):
        done = self.proxy(self.good(), workers=-1, colour="blue", drain={"deadline": "soon"}).validate()
        self.assertEqual(done.returncode, 1)
        for problem in ("workers", "colour", "drain.deadline"):
            self.assertIn(problem, done.stdout + done.stderr)

    def test_exit_1_and_every_problem_of_the_resources(self):
        bad = self.good().replace('"port": 80', '"port": 99999').replace('"plaintext"', '"wool"')
        done = self.proxy(bad).validate()
        self.assertEqual(done.returncode, 1)
        for problem in ("spec.ports[0].port", "spec.tls", "validated.yaml"):
            self.assertIn(problem, done.stdout + done.stderr)

    def test_exit_1_for_whatever_the_start_would_refuse(self):
        taken = self.mesh.address()
        for field, more in (
                ("stateDir", {"stateDir": "", "admin": {"address": self.mesh.address()}}),
                ("stateDir", {"stateDir": self.mesh.path("none/state"), "admin": {}}),
                ("stateDir", {"stateDir": "/", "admin": {}}),
                ("log.level", {"log": {"level": "loud"}}),
                ("log.file", {"log": {"file": self.mesh.path("none/proxy.log")}}),
                ("accessLog.file", {"accessLog": {"file": self.mesh.folder}}),
                ("admin.socket", {"admin": {"socket": self.mesh.path("none/admin.sock")}}),
                ("health.address", {"health": {"address": taken}, "stats": {"address": taken}}),
                ("listeners[0].address", {"listeners": [self.mesh.outbound("hello") | {"address": "unix:/tmp/x"}]})):
            with self.subTest(field):
                proxy = self.proxy(self.good())
                proxy.bootstrap |= more
                proxy.write()
                done = proxy.validate()
                self.assertEqual(done.returncode, 1)
                self.assertIn(field, done.stderr)
                self.assertEqual(proxy.launch().process.wait(), 1)
                self.assertIn(field, proxy.process.log())

    def test_a_proxy_with_a_bad_bootstrap_does_not_start(self):
        proxy = self.proxy(self.good(), workers=-1).launch()
        self.assertEqual(proxy.process.wait(), 1)
        self.assertIn("workers", proxy.process.log())


if __name__ == "__main__":
    unittest.main()
