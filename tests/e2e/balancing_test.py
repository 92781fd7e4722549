#!/usr/bin/env python3
"""Which of several endpoints a request reaches: each application answers with its name."""

import collections
import unittest

from heddle_harness import h2peer, http1, resources
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until


class BalancingCase(MeshTestCase):
    """One outbound sidecar without identity in front of plaintext applications named a, b, c ..."""

    def start_apps(self, names):
        # reserved: nobody else's while an application is away
        self.apps = {name: hello_app(name.encode(), port=self.mesh.ports.reserve()) for name in names}
        for app in self.apps.values():
            self.addCleanup(app.close)

    def resources(self, load_balancer, **endpoints):
        """`endpoints`: by name what the endpoint has besides its address."""
        listed = [resources.endpoint("127.0.0.1", app.port, **endpoints.get(name, {}))
                  for name, app in self.apps.items()]
        return [resources.service("hello"),
                resources.backend_set("hello", listed, tls="plaintext", loadBalancer=load_balancer)]

    def start_proxy(self, load_balancer, more=(), bootstrap=None, **endpoints):
        self.file = f"{self.mesh.next_name()}.yaml"
        path = self.mesh.write(self.file, resources.to_yaml([*self.resources(load_balancer, **endpoints), *more]))
        self.proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")],
                                       self.mesh.file_blocks(None, path), **(bootstrap or {}))
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]

    def ask(self, target="/", headers=()):
        """The name of who answered, over a connection of its own: any worker may have it."""
        answer = http1.get(self.port, target, headers=headers)
        self.assertEqual(answer.status, 200)
        return answer.body.decode()

    def count(self, requests, **options):
        return collections.Counter(self.ask(**options) for _ in range(requests))


class Hashing(BalancingCase):
    USERS = [f"user-{number}" for number in range(60)]

    def owners(self):
        return {user: self.ask(headers=[("x-user", user)]) for user in self.USERS}

    def assert_keys_stay(self, policy):
        self.start_apps("abcd")
        self.start_proxy({"policy": policy, "hashOn": {"header": "x-user"}})
        owners = self.owners()
        for _ in range(3):
            self.assertEqual(self.owners(), owners)
        self.assertEqual(set(owners.values()), set("abcd"), "60 keys reach every endpoint")
        return owners

    def assert_only_keys_of_the_gone_move(self, policy):
        owners = self.assert_keys_stay(policy)
        self.apps["b"].close()
        of_b = next(user for user in self.USERS if owners[user] == "b")
        wait_until(lambda: http1.get(self.port, headers=[("x-user", of_b)]).status == 200, "the next one to take over")
        after = self.owners()
        moved = {user for user in self.USERS if owners[user] != after[user]}
        self.assertEqual(moved, {user for user in self.USERS if owners[user] == "b"})
        self.assertEqual(self.owners(), after, "the next one of a key is always the same")

    def test_a_ring_keeps_a_header_on_one_endpoint_and_moves_no_other_key(self):
        self.assert_only_keys_of_the_gone_move("ringHash")

    def test_maglev_keeps_a_header_on_one_endpoint_and_moves_no_other_key(self):
        self.assert_only_keys_of_the_gone_move("maglev")

    def test_a_cookie_is_a_key_wherever_it_stands(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "maglev", "hashOn": {"cookie": "session"}})
        for user in self.USERS[:10]:
            alone = self.ask(headers=[("cookie", f"session={user}")])
            among = self.ask(headers=[("cookie", f"theme=dark; session={user}; x=1")])
            self.assertEqual(alone, among)

    def test_the_path_is_a_key_without_its_query(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "ringHash", "hashOn": {"path": True}})
        for item in range(10):
            asked = {self.ask(f"/items/{item}{query}") for query in ("", "?a=1", "?a=2")}
            self.assertEqual(len(asked), 1)
        self.assertGreater(len({self.ask(f"/items/{item}") for item in range(40)}), 1)

    def test_requests_without_the_key_are_spread(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "maglev", "hashOn": {"header": "x-user"}})
        wait_until(lambda: set(self.count(20)) == set("abcd"), "every endpoint to be reached by chance")

    def test_a_weight_gets_its_share_of_the_keys(self):
        self.start_apps("ab")
        self.start_proxy({"policy": "maglev", "hashOn": {"path": True}}, a={"weight": 9}, b={"weight": 1})
        counts = collections.Counter(self.ask(f"/{item}") for item in range(200))
        self.assertGreater(counts["a"], 140)
        self.assertGreater(counts["b"], 0)

    def test_what_would_be_ignored_is_refused(self):
        self.start_apps("ab")
        self.start_proxy({"policy": "random"})
        mark = len(self.proxy.process.log())
        bad = self.resources({"policy": "random", "hashOn": {"path": True}})
        self.mesh.write(self.file, resources.to_yaml(bad))
        self.proxy.process.wait_log("spec.loadBalancer.hashOn", after=mark)
        self.assertIn(self.ask(), "ab")


class Turns(BalancingCase):
    def test_round_robin_is_weighted(self):
        self.start_apps("abc")
        self.start_proxy({"policy": "roundRobin"}, a={"weight": 2}, b={"weight": 1}, c={"weight": 1})
        with http1.Client(self.port) as client:  # one connection, so one worker and its turns
            counts = collections.Counter(client.request().body.decode() for _ in range(80))
        self.assertEqual(counts, {"a": 40, "b": 20, "c": 20})


class SlowStart(BalancingCase):
    def test_an_endpoint_that_is_added_begins_with_a_tenth(self):
        self.start_apps("ab")
        balancer = {"policy": "roundRobin", "slowStart": {"window": "1h"}}
        self.start_proxy(balancer)
        with http1.Client(self.port) as client:  # one connection, so one worker and what it saw
            before = collections.Counter(client.request().body.decode() for _ in range(20))
            self.assertEqual(before, {"a": 10, "b": 10}, "all are new: nobody warms up")
            self.apps["c"] = hello_app(b"c")
            self.addCleanup(self.apps["c"].close)
            self.mesh.write(self.file, resources.to_yaml(self.resources(balancer)))
            wait_until(lambda: client.request().body == b"c", "the new endpoint")
            after = collections.Counter(client.request().body.decode() for _ in range(210))
        self.assertGreater(after["c"], 0)
        self.assertLess(after["c"], 35, "70 would be an equal share, 10 is that of a tenth of its weight")


CHECK = {"kind": "tcp", "interval": "100ms", "unhealthyThreshold": 1}


class Priority(BalancingCase):
    def test_the_next_level_takes_over_while_the_first_is_down(self):
        self.start_apps("abc")
        self.start_proxy({"policy": "roundRobin"}, [resources.health_policy("hello", "hello", CHECK)],
                         b={"priority": 1}, c={"priority": 2})
        self.assertEqual(self.count(20), {"a": 20})
        port = self.apps["a"].port
        self.apps["a"].close()
        wait_until(lambda: http1.get(self.port).body == b"b", "the second level")
        self.assertEqual(self.count(20), {"b": 20})
        again = hello_app(b"a", port=port)
        self.addCleanup(again.close)
        wait_until(lambda: self.count(20) == {"a": 20}, "the first level again")

    def test_a_level_that_is_half_down_gives_a_part_away(self):
        self.start_apps("abc")
        self.start_proxy({"policy": "roundRobin"}, [resources.health_policy("hello", "hello", CHECK)],
                         c={"priority": 1})
        self.assertEqual(set(self.count(20)), {"a", "b"})
        self.apps["b"].close()
        self.proxy.wait_metric("heddle_endpoints", state="down")
        with http1.Client(self.port) as client:  # one connection, so one worker and its turns
            counts = collections.Counter(client.request().body.decode() for _ in range(100))
        self.assertEqual(set(counts), {"a", "c"})
        self.assertAlmostEqual(counts["a"], 70, delta=3)


class Zones(BalancingCase):
    ZONES = {"a": {"zone": "east"}, "b": {"zone": "east"}, "c": {"zone": "west"}, "d": {}}

    def test_requests_stay_in_the_zone_of_the_sidecar_while_it_can_take_them(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "roundRobin", "zoneAware": True},
                         [resources.health_policy("hello", "hello", CHECK)], {"zone": "east"}, **self.ZONES)
        self.assertEqual(set(self.count(40)), {"a", "b"})
        self.apps["a"].close()
        self.apps["b"].close()
        wait_until(lambda: set(self.count(20)) == {"c", "d"}, "the other zones")

    def test_a_sidecar_without_a_zone_uses_all(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "roundRobin", "zoneAware": True}, **self.ZONES)
        wait_until(lambda: set(self.count(20)) == set("abcd"), "every endpoint")

    def test_without_zone_awareness_all_are_used(self):
        self.start_apps("abcd")
        self.start_proxy({"policy": "roundRobin"}, bootstrap={"zone": "east"}, **self.ZONES)
        wait_until(lambda: set(self.count(20)) == set("abcd"), "every endpoint")


class Panic(BalancingCase):
    """Applications that answer, but whose checks go to a path that three of four deny: the checks are wrong."""

    WRONG = {"kind": "http", "path": "/healthz", "interval": "100ms", "unhealthyThreshold": 1}

    def start_apps(self, names):
        def app(name):
            def handle(request, reader, sock):
                reader.body(request)
                is_denied = request.target == "/healthz" and name != "a"
                reply(sock, name.encode(), "404 Not Found" if is_denied else "200 OK")

            return HttpApp(handle)

        self.apps = {name: app(name) for name in names}
        for each in self.apps.values():
            self.addCleanup(each.close)

    def start_with_down_endpoints(self, load_balancer):
        self.start_apps("abcd")
        self.start_proxy(load_balancer, [resources.health_policy("hello", "hello", self.WRONG)])
        self.proxy.wait_metric("heddle_endpoints", at_least=3, state="down")

    def test_below_the_threshold_all_endpoints_are_used(self):
        self.start_with_down_endpoints({"policy": "roundRobin", "panicThreshold": 50})
        wait_until(lambda: set(self.count(20)) == set("abcd"), "every endpoint to be used")
        self.proxy.wait_metric("heddle_upstream_panics_total", at_least=4)

    def test_without_a_threshold_only_the_healthy_one_is(self):
        self.start_with_down_endpoints({"policy": "roundRobin"})
        self.assertEqual(self.count(20), {"a": 20})
        self.assertEqual(self.proxy.metrics().total("heddle_upstream_panics_total"), 0)


class Refusals(MeshTestCase):
    """A backend that refuses for load answers at once: peak EWMA must not take that for speed."""

    def start_proxy(self, apps, **more):
        listed = [resources.endpoint("127.0.0.1", app.port) for app in apps]
        backend = resources.backend_set("hello", listed, tls="plaintext", **more)
        path = self.mesh.write(f"{self.mesh.next_name()}.yaml", resources.to_yaml([resources.service("hello"), backend]))
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")],
                                  self.mesh.file_blocks(None, path))
        self.addCleanup(proxy.kill)
        proxy.start()
        return proxy.address_of("out")[1]

    def test_an_endpoint_that_answers_429_gets_few_requests(self):
        def refuse(request, reader, sock):
            reader.body(request)
            reply(sock, b"", "429 Too Many Requests")

        apps = [hello_app(b"a"), HttpApp(refuse)]
        for app in apps:
            self.addCleanup(app.close)
        with http1.Client(self.start_proxy(apps)) as client:  # one connection, so one worker and what it learns
            statuses = collections.Counter(client.request().status for _ in range(100))
        self.assertEqual(set(statuses), {200, 429}, "each was asked once at least")
        self.assertLess(statuses[429], 25, "half of them would be an equal share")

    def test_an_endpoint_that_answers_resource_exhausted_gets_few_requests(self):
        def answer(status):
            def handle(connection, stream_id, _):
                fields = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", status)]
                connection.h2.send_headers(stream_id, fields, end_stream=True)

            return handle

        apps = [h2peer.App(answer("0")), h2peer.App(answer("8"))]
        for app in apps:
            self.addCleanup(app.close)
        client = h2peer.Client(self.start_proxy(apps, protocol="http2"))
        self.addCleanup(client.close)
        fields = [("content-type", "application/grpc"), ("te", "trailers")]
        statuses = collections.Counter(
            client.request("POST", "/a.B/C", fields, body=b"").header("grpc-status") for _ in range(100))
        self.assertEqual(set(statuses), {"0", "8"}, "each was asked once at least")
        self.assertLess(statuses["8"], 25, "half of them would be an equal share")


if __name__ == "__main__":
    unittest.main()
