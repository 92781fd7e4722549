#!/usr/bin/env python3
"""What a TrafficPolicy says of balancing; sets that are left with too few healthy endpoints; the caller's address."""

import collections
import json
import socket
import unittest

import balancing_test
from heddle_harness import http1, resources
from heddle_harness.apps import TcpApp, hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until

CHECK = {"kind": "tcp", "interval": "100ms", "unhealthyThreshold": 1}
HALF = {"policy": "roundRobin", "minHealthyPercent": 50}


class MinimumShare(balancing_test.BalancingCase):
    def close_apps(self, names):
        for name in names:
            self.apps[name].close()
        self.proxy.wait_metric("heddle_endpoints", at_least=len(names), state="down")

    def start_again(self, name):
        app = hello_app(name.encode(), port=self.apps[name].port)
        self.addCleanup(app.close)

    def test_a_rule_gives_everything_to_its_other_set_and_comes_back(self):
        self.start_apps("abcd")
        other = hello_app(b"other")
        self.addCleanup(other.close)
        rule = resources.rule([resources.to_backend_set("hello", 90), resources.to_backend_set("other", 10)])
        self.start_proxy(HALF, [resources.health_policy("hello", "hello", CHECK),
                                resources.backend_set("other", [resources.endpoint("127.0.0.1", other.port)],
                                                      tls="plaintext"),
                                resources.route("hello", "hello", [rule])])
        self.assertGreater(len(self.count(40)), 1)

        self.close_apps("abc")
        self.assertEqual(self.count(20), {"other": 20})
        self.proxy.wait_metric("heddle_upstream_left_total", backend_set="default/hello")

        self.start_again("a")
        wait_until(lambda: {"a", "d"} <= set(self.count(40)), "half of its endpoints to be enough")

    def test_without_another_set_requests_fail_at_once_and_say_why(self):
        self.start_apps("abcd")
        self.start_proxy(HALF, [resources.health_policy("hello", "hello", CHECK)])
        self.close_apps("abc")
        answer = http1.get(self.port)
        self.assertEqual((answer.status, answer.header("heddle-reason")),
                         (503, "no-healthy-endpoint; minimum healthy share: 1 of 4 healthy, 50 % wanted; "
                               "backend-set=default/hello"))
        self.start_again("b")
        wait_until(lambda: http1.get(self.port).status == 200, "half of its endpoints to be enough")
        self.assertEqual(set(self.count(20)), {"b", "d"})

    def test_a_level_that_is_mostly_down_is_left_altogether(self):
        self.start_apps("abcz")
        self.start_proxy({**HALF, "minHealthyPercent": 60}, [resources.health_policy("hello", "hello", CHECK)],
                         z={"priority": 1})
        self.assertEqual(set(self.count(20)), {"a", "b", "c"})
        self.close_apps("ab")
        self.assertEqual(self.count(20), {"z": 20})

    def test_both_a_minimum_and_panic_are_refused(self):
        self.start_apps("ab")
        self.start_proxy({"policy": "random"})
        mark = len(self.proxy.process.log())
        bad = self.resources({"minHealthyPercent": 50, "panicThreshold": 50})
        self.mesh.write(self.file, resources.to_yaml(bad))
        self.proxy.process.wait_log("spec.loadBalancer.minHealthyPercent", after=mark)
        self.assertIn(self.ask(), "ab")


class Policies(balancing_test.BalancingCase):
    KEYS = {"policy": "maglev", "hashOn": {"header": "x-user"}}

    def answers(self, user="ann", requests=20):
        return {self.ask(headers=[("x-user", user)]) for _ in range(requests)}

    def shown(self):
        sets = json.loads(self.proxy.admin("/backends").body)["backendSets"]
        return sets[0]["balancer"], sets[0].get("balancedBy")

    def test_a_policy_wins_over_the_set_and_its_end_gives_it_back(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "random"}, [resources.balancing_policy("affinity", "hello", self.KEYS)])
        for user in ("ann", "bob", "eve"):
            self.assertEqual(len(self.answers(user)), 1)
        self.assertEqual(self.shown(), ("maglev", "TrafficPolicy default/affinity"))

        self.mesh.write(self.file, resources.to_yaml(self.resources({"policy": "random"})))
        wait_until(lambda: self.shown() == ("random", None), "the policy to be gone")
        wait_until(lambda: len(self.answers()) > 1, "the requests of one user to be spread")

    def test_what_does_not_go_together_is_refused_with_the_sets_name(self):
        self.start_apps("ab")
        self.start_proxy({"policy": "random"})
        mark = len(self.proxy.process.log())
        bad = [*self.resources({"policy": "random"}),
               resources.balancing_policy("affinity", "hello", {"hashOn": {"path": True}})]
        self.mesh.write(self.file, resources.to_yaml(bad))
        self.proxy.process.wait_log("random would ignore it", after=mark)
        self.assertIn(self.ask(), "ab")


class Pushed(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.app).start()

    def test_a_policy_reaches_the_sidecar_and_is_named_by_explain_and_get(self):
        policy = resources.balancing_policy("affinity", "app", {"policy": "ringHash", "hashOn": {"sourceAddress": True}})
        version = self.control.apply(resources.to_yaml([*self.pair.resources, policy]))
        self.control.wait_version(version)
        self.assertEqual(http1.get(self.pair.port).status, 200)
        sets = json.loads(self.pair.client.admin("/backends").body)["backendSets"]
        self.assertIn(("ringHash", "TrafficPolicy default/affinity"),
                      [(one["balancer"], one.get("balancedBy")) for one in sets])
        self.assertIn("balancing: default/app: ringHash by the caller's address, says TrafficPolicy default/affinity",
                      self.control.cli("explain", "http://app/").stdout)
        self.assertIn("ringHash", self.control.cli("get", "trafficpolicies").stdout)

    def test_one_that_does_not_fit_its_set_is_refused(self):
        policy = resources.balancing_policy("affinity", "app", {"policy": "ringHash"})
        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml([policy]), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.loadBalancer.hashOn", done.stdout + done.stderr)


class SourceAddress(balancing_test.BalancingCase):
    """Callers of many addresses: those of 127.0.0.0/8 but 127.0.0.1, which tells nobody."""

    CALLERS = [f"127.0.0.{number}" for number in range(2, 32)]
    AFFINITY = {"policy": "maglev", "hashOn": {"sourceAddress": True}}

    def connect_from(self, caller):
        return socket.create_connection(("127.0.0.1", self.port), timeout=http1.TIMEOUT, source_address=(caller, 0))

    def asked_from(self, caller):
        with self.connect_from(caller) as sock:
            sock.sendall(http1.request_bytes("GET", "/"))
            return http1.Reader(sock).response().body

    def told_to(self, caller):
        """What the opaque application says first."""
        with self.connect_from(caller) as sock:
            return sock.recv(1)

    def assert_callers_stay(self, ask):
        owners = {caller: ask(caller) for caller in self.CALLERS}
        self.assertGreater(len(set(owners.values())), 1, "30 callers have more than one endpoint")
        for _ in range(3):
            self.assertEqual({caller: ask(caller) for caller in self.CALLERS}, owners)

    def test_requests_of_one_address_stay_on_one_endpoint(self):
        self.start_apps("abcd")
        self.start_proxy({}, [resources.balancing_policy("affinity", "hello", self.AFFINITY)])
        self.assert_callers_stay(self.asked_from)
        wait_until(lambda: len(collections.Counter(self.asked_from("127.0.0.1") for _ in range(20))) > 1,
                   "the loopback address itself to be no key")

    def test_connections_of_opaque_tcp_stay_on_one_endpoint(self):
        apps = [TcpApp(lambda sock, name=name: sock.sendall(name)) for name in (b"a", b"b", b"c")]
        for app in apps:
            self.addCleanup(app.close)
        listed = [resources.endpoint("127.0.0.1", app.port) for app in apps]
        path = self.mesh.write(f"{self.mesh.next_name()}.yaml", resources.to_yaml([
            resources.service("hello", protocol="tcp"),
            resources.backend_set("hello", listed, tls="plaintext", protocol="tcp"),
            resources.balancing_policy("affinity", "hello", self.AFFINITY)]))
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello", protocol="tcp")],
                                  self.mesh.file_blocks(None, path))
        self.addCleanup(proxy.kill)
        proxy.start()
        self.port = proxy.address_of("out")[1]
        self.assert_callers_stay(self.told_to)


if __name__ == "__main__":
    unittest.main()
