#!/usr/bin/env python3
"""TrafficPolicy: every limit and time of a backend set, from files and from the control plane, and what refusals say."""

import select
import signal
import socket
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import TcpApp
from heddle_harness.held import HeldApp
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.programs import version_of

_LONG = "60s"


class Application(HeldApp):
    def holds(self, target):
        return target.startswith("/held")


class Callers:
    """Connections of their own that ask and do not wait for the answer."""

    def __init__(self, test, port):
        self._test = test
        self._port = port
        self.clients = []

    def ask(self, target):
        client = http1.Client(self._port)
        self._test.addCleanup(client.close)
        client.send(http1.request_bytes("GET", target))
        self.clients.append(client)
        return client

    def hold(self, target, application):
        client = self.ask(target)
        wait_until(lambda: target in application.arrived, f"{target} at the application")
        return client


class TrafficCase(MeshTestCase):
    """One plaintext application; one proxy of one worker in front of it, with everything from a file."""

    def setUp(self):
        self.application = Application()
        self.addCleanup(self.application.close)
        self.file = self.mesh.next_name() + ".yaml"

    def mesh_of(self, *more, ports=(), protocol="http"):
        endpoints = [resources.endpoint("127.0.0.1", port) for port in ports or (self.application.app.port,)]
        backend = resources.backend_set("hello", endpoints, tls="plaintext", loadBalancer={"policy": "roundRobin"})
        return resources.to_yaml([resources.service("hello", protocol=protocol), backend, *more])

    def policy(self, limits=None, timeouts=None):
        return resources.traffic_policy("hello-traffic", "hello", limits, timeouts)

    def start(self, limits=None, timeouts=None, more=(), **mesh):
        path = self.mesh.write(self.file, self.mesh_of(self.policy(limits, timeouts), *more, **mesh))
        listener = self.mesh.outbound("hello", protocol="tcp" if mesh.get("protocol") == "tcp" else "auto")
        self.proxy = self.mesh.sidecar(self.mesh.next_name(), [listener], self.mesh.file_blocks(None, path), workers=1)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]
        self.callers = Callers(self, self.port)

    def entry(self, **wanted):
        def found():
            entries = [one for one in self.proxy.log_entries() if "response_code_details" in one]
            return next((one for one in entries if all(one.get(key) == value for key, value in wanted.items())), None)

        wait_until(found, f"{wanted} in the access log")
        return found()

    def assert_refused(self, answer, reason, limit, value, status=503):
        self.assertEqual((answer.status, answer.header("heddle-reason")),
                         (status, f"{reason}; limit={limit}; value={value}; backend-set=default/hello"))
        entry = self.entry(response_code_details=reason)
        self.assertEqual((entry["limit"], entry["limit_value"], entry["upstream_cluster"]),
                         (limit, value, "default/hello"))

    def refused(self, resource):
        return self.proxy.metrics().total("heddle_circuit_refused_total", resource=resource)


class Limits(TrafficCase):
    def test_requests_in_flight(self):
        self.start(limits={"requests": 2})
        held = [self.callers.hold(target, self.application) for target in ("/held/1", "/held/2")]

        self.assert_refused(http1.get(self.port, "/third"), "request-overflow", "requests", 2)

        self.assertEqual(self.refused("requests"), 1)
        self.application.release()
        self.assertEqual([client.response().status for client in held], [200, 200])
        wait_until(lambda: http1.get(self.port).status == 200, "room again")

    def test_requests_that_wait_for_a_connection(self):
        self.start(limits={"connections": 1, "pendingRequests": 1}, timeouts={"pending": _LONG})
        held = self.callers.hold("/held", self.application)
        waiting = self.callers.ask("/waits")
        self.proxy.wait_metric("heddle_upstream_pending_requests")

        self.assert_refused(http1.get(self.port, "/third"), "pending-overflow", "pendingRequests", 1)

        self.application.release()
        self.assertEqual([held.response().status, waiting.response().status], [200, 200])
        self.assertEqual(self.application.app.accepted, 1)

    def test_connections_that_did_not_become_free_in_time(self):
        self.start(limits={"connections": 1}, timeouts={"pending": "200ms"})
        self.callers.hold("/held", self.application)

        self.assert_refused(http1.get(self.port, "/second"), "connection-overflow", "connections", 1)

        self.assertGreaterEqual(self.refused("connections"), 1)
        self.assertEqual(self.application.app.accepted, 1)

    def test_tries_after_the_first(self):
        dead = self.mesh.ports.reserve()  # nobody listens there
        self.start(limits={"retries": 1}, ports=(dead, self.application.app.port))

        def refused():
            """Those that begin where nobody listens are tried again, the first of them is held."""
            client = self.callers.ask(f"/held/{len(self.callers.clients)}")
            wait_until(lambda: self.is_told(client) or self.has_arrived(client), "one try or the refusal")
            return self.is_told(client)

        wait_until(refused, "a request whose second try the limit refuses")
        self.assert_refused(self.callers.clients[-1].response(), "upstream-connect-refused", "retries", 1)
        self.assertEqual(self.refused("retries"), 1)

    def has_arrived(self, client):
        return f"/held/{self.callers.clients.index(client)}" in self.application.arrived

    @staticmethod
    def is_told(client):
        return bool(select.select([client.sock], [], [], 0)[0])

    def test_tcp_connections(self):
        with TcpApp(lambda sock: sock.recv(1)) as app:
            self.start(limits={"connections": 1}, ports=(app.port,), protocol="tcp")
            first = http1.Client(self.port)
            self.addCleanup(first.close)
            wait_until(lambda: app.accepted == 1, "the first connection at the application")
            self.assertEqual(self.read_of_another(), b"")

            entry = self.entry(response_code_details="connection-overflow")
            self.assertEqual((entry["limit"], entry["limit_value"]), ("connections", 1))
            self.assertEqual(app.accepted, 1)

    def read_of_another(self):
        """What one more connection gets; it may end before it is used."""
        try:
            with http1.Client(self.port) as client:
                return client.sock.recv(1)
        except ConnectionResetError:
            return b""


class Timeouts(TrafficCase):
    def assert_reason(self, answer, status, reason):
        self.assertEqual((answer.status, answer.header("heddle-reason")), (status, reason))

    def test_a_request_whose_rule_names_no_time(self):
        self.start(timeouts={"request": "200ms"})
        self.assert_reason(http1.get(self.port, "/held"), 504, "request-timeout")

    def test_a_rule_that_switches_it_off(self):
        rule = resources.rule([resources.to_backend_set("hello")], path="/held/off")
        rule["timeouts"] = {"request": "0s"}
        other = resources.rule([resources.to_backend_set("hello")], path="/")
        self.start(timeouts={"request": "200ms"}, more=[resources.route("hello", "hello", [rule, other])])
        unlimited = self.callers.hold("/held/off", self.application)

        self.assert_reason(http1.get(self.port, "/held/on"), 504, "request-timeout")  # begun later, over before

        self.application.release()
        self.assertEqual(unlimited.response().status, 200)

    def test_a_stream_on_which_nothing_moves(self):
        self.start(timeouts={"streamIdle": "200ms"})
        self.assert_reason(http1.get(self.port, "/held"), 408, "stream-idle-timeout")

    def test_waiting_for_an_endpoint_that_does_not_take_connections(self):
        """By default a connect that takes longer than a second is given up."""
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # those that find no room are never answered
            client = socket.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        self.start(timeouts={"connect": _LONG, "pending": "1500ms"}, ports=(full.getsockname()[1],))

        self.assert_reason(http1.get(self.port), 503, "pending-timeout")


class Files(TrafficCase):
    def test_a_change_of_the_file_cuts_nothing(self):
        self.start(limits={"requests": 1})
        held = self.callers.hold("/held", self.application)
        self.assert_refused(http1.get(self.port), "request-overflow", "requests", 1)

        self.mesh.write(self.file, self.mesh_of(self.policy({"requests": 2})))
        self.proxy.process.signal(signal.SIGHUP)
        wait_until(lambda: http1.get(self.port).status == 200, "the new limit")
        self.mesh.write(self.file, self.mesh_of())
        self.proxy.process.signal(signal.SIGHUP)
        more = self.wait_all_pass()

        self.application.release()
        self.assertEqual([client.response().status for client in (held, *more)], [200] * 4)

    def wait_all_pass(self):
        """Three more may be in flight where there is no policy."""
        wait_until(lambda: b"TrafficPolicy" not in self.proxy.admin("/config").body, "the policy to be gone")
        return [self.callers.hold(f"/held/{number}", self.application) for number in range(3)]


class Pushed(MeshTestCase):
    """The same from the control plane, between two sidecars."""

    @classmethod
    def build(cls):
        cls.application = Application()
        cls.addClassCleanup(cls.application.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.application.app, workers=1).start()

    def setUp(self):
        self.application.begin()
        self.addCleanup(self.application.release)
        if self.control.cli("get", "trafficpolicy", "app-traffic", check=False).returncode == 0:
            self.drop()
        self.callers = Callers(self, self.pair.port)

    def push(self, limits=None, timeouts=None):
        policy = resources.traffic_policy("app-traffic", "app", limits, timeouts)
        version = self.control.apply(resources.to_yaml([*self.pair.resources, policy]))
        self.control.wait_version(version)

    def drop(self):
        self.control.wait_version(version_of(self.control.cli("delete", "trafficpolicy", "app-traffic").stdout))

    def test_a_limit_comes_changes_and_goes_while_a_request_is_held(self):
        held = self.callers.hold("/held/1", self.application)
        self.push(limits={"requests": 1})
        answer = http1.get(self.pair.port)
        self.assertEqual((answer.status, answer.header("heddle-reason")),
                         (503, "request-overflow; limit=requests; value=1; backend-set=default/app"))

        self.push(limits={"requests": 2})
        self.assertEqual(http1.get(self.pair.port).status, 200)
        self.drop()
        more = [self.callers.hold(f"/held/{number}", self.application) for number in (2, 3)]

        self.application.release()
        self.assertEqual([client.response().status for client in (held, *more)], [200] * 3)

    def test_an_idle_connection_between_sidecars_goes_by_the_policy(self):
        """It would stay for an hour."""
        client = self.pair.client

        def connections():
            return client.metrics().total("heddle_upstream_connections", backend_set="default/app")

        self.assertEqual(http1.get(self.pair.port).status, 200)
        self.assertEqual(connections(), 1)
        self.push(timeouts={"connectionIdle": "200ms"})
        wait_until(lambda: connections() == 0, "the idle connection to be closed")

    def test_explain_and_get_show_it(self):
        self.push(limits={"requests": 7}, timeouts={"request": "5s"})
        self.assertIn("traffic policy: TrafficPolicy default/app-traffic for default/app: requests 7, request 5s",
                      self.control.cli("explain", "http://app/").stdout)
        self.assertIn("app-traffic", self.control.cli("get", "tp").stdout)

    def test_a_second_policy_for_a_set_is_refused(self):
        self.push(limits={"requests": 7})
        second = resources.traffic_policy("another", "app", {"requests": 8})
        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml([second]), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("BackendSet \"app\" has the TrafficPolicy \"another\" already", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
