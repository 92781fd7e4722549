#!/usr/bin/env python3
"""Operating a sidecar: drain, probes, metrics, admin, access log, reasons, several workers."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import unittest

from heddle_harness import h2peer, http1, pki, resources
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.load import Load
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until


_HELD = 300  # s that an application waits for the word of the test: longer than the test waits for anything


class PlainCase(MeshTestCase):
    """One outbound sidecar in front of plaintext applications, from files, no identity."""

    def start_proxy(self, app_port, **more):
        name = self.mesh.next_name()
        backend = resources.backend_set("hello", [resources.endpoint("127.0.0.1", app_port)], tls="plaintext")
        path = self.mesh.write(f"{name}.yaml", resources.to_yaml([resources.service("hello"), backend]))
        blocks = self.mesh.file_blocks(None, path)
        proxy = self.mesh.sidecar(name, [self.mesh.outbound("hello")], blocks, **more)
        self.addCleanup(proxy.kill)
        proxy.start()
        self.port = proxy.address_of("out")[1]
        return proxy

    def start_app(self, app):
        self.addCleanup(app.close)
        return app.port


class Drain(PlainCase):
    """An application that answers a request when the test says so."""

    def setUp(self):
        self.arrived, self.release = [], []

        def handle(request, reader, sock):
            reader.body(request)
            if request.target == "/slow":
                self.arrived.append(sock)
                wait_until(lambda: self.release, "the test", _HELD)
            reply(sock, b"done")

        self.app = HttpApp(handle)
        self.addCleanup(self.app.close)

    def not_ready(self, proxy):
        ip, port = proxy.address_of("health")
        answer = http1.try_get(port, "/readyz", ip)
        return answer is not None and answer.status == 503

    def test_sigterm_lets_the_running_request_finish_and_exits_0(self):
        proxy = self.start_proxy(self.app.port, drain={"deadline": "120s", "accept": "0s"})
        with http1.Client(self.port) as slow:
            slow.send(http1.request_bytes("GET", "/slow"))
            wait_until(lambda: self.arrived, "the request at the application")
            proxy.process.signal(signal.SIGTERM)
            wait_until(lambda: self.not_ready(proxy), "readiness to go off")
            self.release.append(True)
            answer = slow.response()
        self.assertEqual((answer.status, answer.body), (200, b"done"))
        self.assertTrue(answer.has_token("connection", "close"))
        self.assertEqual(proxy.process.wait(), 0)

    def test_an_http2_connection_gets_goaway_and_its_stream_finishes(self):
        proxy = self.start_proxy(self.app.port, drain={"deadline": "120s", "accept": "0s"})
        client = h2peer.Client(self.port)
        self.addCleanup(client.close)
        stream = client.open("GET", "/slow")
        wait_until(lambda: self.arrived, "the request at the application")
        proxy.process.signal(signal.SIGTERM)
        client.pump(lambda: client.goaway is not None)
        self.release.append(True)
        self.assertEqual(bytes(client.finish(stream).body), b"done")
        self.assertEqual(proxy.process.wait(), 0)

    def test_new_connections_are_served_while_endpoints_propagate(self):
        proxy = self.start_proxy(self.app.port, drain={"deadline": "120s", "accept": "60s"})
        proxy.process.signal(signal.SIGTERM)
        wait_until(lambda: self.not_ready(proxy), "readiness to go off")
        self.release.append(True)
        self.assertEqual(http1.get(self.port).status, 200)
        proxy.process.signal(signal.SIGTERM)  # the second ends at once
        self.assertEqual(proxy.process.wait(), 0)

    def test_the_deadline_bounds_the_drain(self):
        proxy = self.start_proxy(self.app.port, drain={"deadline": "1s", "accept": "0s"})
        with http1.Client(self.port) as slow:
            slow.send(http1.request_bytes("GET", "/slow"))
            wait_until(lambda: self.arrived, "the request at the application")
            self.assertEqual(proxy.process.terminate(20), 0)  # the request would be held for minutes
        self.release.append(True)

    def test_an_idle_proxy_ends_at_once(self):
        proxy = self.start_proxy(self.app.port, drain={"deadline": "120s", "accept": "0s"})
        with http1.Client(self.port) as idle:
            self.assertEqual(idle.request().status, 200)
            self.assertEqual(proxy.process.terminate(), 0)


class Endpoints(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port).start()
        cls.proxy = cls.pair.client
        http1.get(cls.pair.port)

    def test_probes(self):
        self.assertEqual(self.proxy.get("health", "/livez").status, 200)
        self.assertEqual(self.proxy.get("health", "/readyz").status, 200)

    def test_metrics_are_accepted_by_promtool(self):
        for sidecar in (self.pair.client, self.pair.server):
            done = subprocess.run(["promtool", "check", "metrics"], input=sidecar.metrics().text, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
            sidecar.wait_metric("heddle_requests_total")

    def test_a_sidecar_shows_what_every_process_shows(self):
        # CPU time is counted in steps of 10 ms, which a sidecar that just started may not have used.
        wait_until(lambda: self.pair.client.metrics().total("process_cpu_seconds_total") > 0, "the first tick")
        metrics = self.pair.client.metrics()
        for name in ("cpu_seconds_total", "virtual_memory_bytes", "resident_memory_bytes", "threads", "open_fds",
                     "max_fds", "start_time_seconds"):
            self.assertGreater(metrics.total(f"process_{name}"), 0, name)
        self.assertEqual(metrics.total("heddle_build_info"), 1)
        self.assertEqual(len(metrics.matching("heddle_bugs_total")), 1)

    def test_admin_shows_its_pages_and_no_secret(self):
        for page in ("/config", "/backends", "/connections", "/listeners", "/certs"):
            answer = self.proxy.admin(page)
            self.assertEqual(answer.status, 200, page)
            json.loads(answer.body)
            self.assertNotIn(b"PRIVATE KEY", answer.body)
        self.assertIn(b"spiffe://cluster.local/ns/default/sa/app-client", self.proxy.admin("/certs").body)
        backend = self.pair.server.bootstrap["listeners"][0]["address"]
        self.assertIn(backend.encode(), self.proxy.admin("/backends").body)

    def test_admin_answers_only_to_names_of_loopback(self):
        for host in ("rebound.test", "192.0.2.1"):
            self.assertGreaterEqual(self.proxy.admin("/config", [("host", host)]).status, 400, host)

    def test_the_socket_of_admin_is_private(self):
        path = self.proxy.bootstrap["admin"]["socket"]
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)

    def post(self, target, headers=(), over_socket=False):
        if not over_socket:
            ip, port = self.proxy.address_of("admin")
            with http1.Client(port, ip) as client:
                return client.request("POST", target, headers, b"")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(http1.TIMEOUT)
            sock.connect(self.proxy.bootstrap["admin"]["socket"])
            sock.sendall(http1.request_bytes("POST", target, [("host", "localhost"), *headers], b""))
            return http1.Reader(sock).response("POST")

    def admin_token(self):
        with open(os.path.join(self.proxy.bootstrap["stateDir"], "admin.token"), encoding="ascii") as file:
            return file.read().strip()

    def test_the_log_level_changes_by_post_with_the_token_only(self):
        self.assertEqual(self.post("/log?level=debug").status, 401)
        self.assertEqual(self.post("/log?level=debug", [("authorization", "Bearer wrong")]).status, 401)
        bearer = ("authorization", f"Bearer {self.admin_token()}")
        self.assertEqual(self.post("/log?level=debug", [bearer]).status, 200)
        self.assertEqual(self.post("/log?level=wool", [bearer]).status, 400)
        self.assertEqual(self.post("/log?level=info", over_socket=True).status, 200)

    def test_a_get_changes_nothing(self):
        before = self.proxy.admin("/log").body
        self.proxy.admin("/log?level=error")
        self.assertEqual(self.proxy.admin("/log").body, before)


class Connections(MeshTestCase):
    """/connections while a request is open: who is connected, how, and with how many streams."""

    @classmethod
    def build(cls):
        cls.arrived, cls.release = [], []

        def hold(request, reader, sock):
            cls.arrived.append(sock)
            wait_until(lambda: cls.release, "the test", _HELD)
            reply(sock, b"done")

        cls.app = HttpApp(hold)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port).start()

    def rows(self, sidecar):
        answer = json.loads(sidecar.admin("/connections").body)
        self.assertEqual(answer["count"], len(answer["connections"]))
        return answer["connections"]

    def test_an_open_request_is_seen_on_both_sides(self):
        with http1.Client(self.pair.port) as client:
            client.send(http1.request_bytes())
            wait_until(lambda: self.arrived, "the request at the application")
            outbound, inbound = self.rows(self.pair.client), self.rows(self.pair.server)
            self.release.append(True)
            self.assertEqual(client.response().body, b"done")
            caller = endpoint(*client.sock.getsockname())
        wait_until(lambda: self.rows(self.pair.client) == [], "the closed connection to leave the list")

        self.assertEqual([(row["protocol"], row["streams"], row["peer"], row["identity"]) for row in outbound],
                         [("http/1.1", 1, caller, "")])
        self.assertEqual([(row["protocol"], row["streams"], row["identity"]) for row in inbound],
                         [("h2", 1, pki.spiffe_id("app-client"))])
        self.assertEqual(inbound[0]["local"], self.pair.server.bootstrap["listeners"][0]["address"])


class AccessLogs(PlainCase):
    def entries(self, proxy):
        return {entry["path"]: entry for entry in proxy.log_entries() if "response_code" in entry}

    def status_app(self):
        def handle(request, reader, sock):
            reader.body(request)
            status = re.search(r"\d{3}", request.target)
            reply(sock, b"x", f"{status[0] if status else 200} Status")

        return self.start_app(HttpApp(handle))

    def logged(self, proxy, paths):
        """What is logged of requests for these, when the writer is done with all there was."""
        for path in paths:
            http1.get(self.port, path)
        self.assertEqual(proxy.process.terminate(), 0)
        return self.entries(proxy)

    def test_errors_are_logged_by_default_and_the_rest_is_not(self):
        proxy = self.start_proxy(self.status_app(), accessLog={"mode": "errors", "file": "-"})
        entries = self.logged(proxy, ["/fine", "/404", "/500?secret=1"])
        self.assertEqual(set(entries), {"/500"})
        self.assertEqual(entries["/500"]["response_code"], 500)
        self.assertEqual(entries["/500"]["response_code_details"], "via_upstream")

    def test_all_means_all(self):
        proxy = self.start_proxy(self.status_app(), accessLog={"mode": "all", "file": "-"})
        self.assertEqual(set(self.logged(proxy, ["/fine", "/404", "/last"])), {"/fine", "/404", "/last"})

    def test_off_means_none(self):
        proxy = self.start_proxy(self.status_app(), accessLog={"mode": "off", "file": "-"})
        self.assertEqual(self.logged(proxy, ["/fine", "/500"]), {})

    def test_answers_of_the_proxy_have_a_reason_everywhere(self):
        proxy = self.start_proxy(self.mesh.ports.reserve())
        answer = http1.get(self.port, "/gone")
        reason = answer.reason
        self.assertEqual((answer.status, reason), (503, "upstream-connect-refused"))
        wait_until(lambda: "/gone" in self.entries(proxy), "the entry")
        self.assertEqual(self.entries(proxy)["/gone"]["response_code_details"], reason)
        proxy.wait_metric("heddle_requests_total", reason=reason)

    def refusals(self, proxy, reason):
        return [entry for entry in proxy.log_entries() if entry.get("response_code_details") == reason]

    def assert_refused_once(self, proxy, reason, want):
        wait_until(lambda: self.refusals(proxy, reason), f"{reason} in the access log")  # written after it was counted
        self.assertEqual(proxy.metrics().total("heddle_downstream_refused_total", listener="out", reason=reason), 1)
        self.assertEqual(proxy.process.terminate(), 0)  # the writer is done with all there was
        entries = self.refusals(proxy, reason)
        self.assertEqual(len(entries), 1)
        self.assertEqual({key: entries[0][key] for key in want}, want)

    def test_a_request_that_http1_refuses_is_logged_and_counted_once(self):
        proxy = self.start_proxy(self.status_app(), accessLog={"mode": "errors", "file": "-"})
        with http1.Client(self.port) as client:
            answer = client.request("POST", "/two?secret=1", [("content-length", "5"), ("transfer-encoding", "chunked")])
        self.assertEqual((answer.status, answer.reason), (400, "bad-request"))
        self.assert_refused_once(proxy, "bad-request", {
            "response_code": 400, "method": "POST", "path": "/two", "protocol": "HTTP/1.1", "direction": "outbound"})

    def test_a_stream_that_http2_refuses_is_logged_and_counted_once(self):
        proxy = self.start_proxy(self.status_app(), accessLog={"mode": "errors", "file": "-"})
        client = h2peer.Client(self.port)
        self.addCleanup(client.close)
        stream = client.request("GET", "/many?secret=1", [(f"x-{number}", "y") for number in range(101)])
        reason = "request-head-too-large"
        self.assertEqual((stream.status, stream.header("heddle-reason")), (431, reason))
        self.assertEqual(client.request("GET", "/fine").status, 200)  # the connection goes on
        self.assert_refused_once(proxy, reason, {
            "response_code": 431, "method": "GET", "path": "/many", "protocol": "HTTP/2", "direction": "outbound"})


class Workers(PlainCase):
    def test_several_workers_share_the_connections(self):
        proxy = self.start_proxy(self.start_app(hello_app()), workers=3, accessLog={"mode": "all", "file": "-"})
        with Load(self.port, 200, 8, fresh=True) as load:
            wait_until(lambda: load.answered > 100, "some requests")
        self.assertEqual(load.failures, [])
        self.assertEqual(proxy.process.terminate(), 0)
        self.assertEqual(len({entry["worker"] for entry in proxy.log_entries() if "worker" in entry}), 3)


if __name__ == "__main__":
    unittest.main()
