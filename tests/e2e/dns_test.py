#!/usr/bin/env python3
"""Backend sets whose endpoints are found in DNS: TTLs, failures, negative answers, SRV, and what operators see."""

import json
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.dns import A, SERVFAIL, DnsServer
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until

_ONE, _TWO, _DEAD = "127.0.2.1", "127.0.2.2", "127.0.2.3"


class Dns(MeshTestCase):
    """Two applications on one port of two addresses, a name server, and a proxy alone that asks it."""

    def setUp(self):
        self.app_port = self.mesh.ports.reserve(_ONE)
        self.mesh.ports.reserve(_TWO, self.app_port)
        self.one = self.closed_later(hello_app(b"one", _ONE, self.app_port))
        self.two = self.closed_later(hello_app(b"two", _TWO, self.app_port))
        self.dns = self.closed_later(DnsServer())
        self.servers = [self.dns]
        self.dns.set("db.test", "A", [_ONE])

    def closed_later(self, what):
        self.addCleanup(what.close)
        return what

    def start(self, *more, dns=None, **settings):
        source = dns or {"name": "db.test", "port": self.app_port}
        bounds = {"minTtl": "1s", "maxTtl": "10s"}
        backend = {"apiVersion": "heddle.dev/v1", "kind": "BackendSet", "metadata": {"name": "hello"},
                   "spec": {"tls": "plaintext", "loadBalancer": {"policy": "roundRobin"}, "dns": {**bounds, **source}}}
        name = self.mesh.next_name()
        self.path = self.mesh.write(f"{name}.yaml", resources.to_yaml([resources.service("hello"), backend, *more]))
        own = {"servers": [endpoint("127.0.0.1", server.port) for server in self.servers], "timeout": "500ms"}
        self.proxy = self.mesh.sidecar(name, [self.mesh.outbound("hello")], self.mesh.file_blocks(None, self.path),
                                       dns=own, **settings)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        self.port = self.proxy.address_of("out")[1]

    def body(self):
        return http1.get(self.port).body

    def status(self):
        return http1.get(self.port).status

    def table(self):
        return json.loads(self.proxy.admin("/backends").body)["backendSets"][0]

    def addresses(self):
        return [one["address"] for one in self.table()["endpoints"]]

    def is_failing(self):
        return self.proxy.metrics().total("heddle_dns_failing", backend_set="default/hello")

    def failures(self):
        return sum(self.proxy.metrics().total("heddle_dns_lookups_total", result=why) for why in ("timeout", "no-server"))

    def count(self, words):
        return self.proxy.process.log().count(words)

    def test_ready_means_that_names_were_looked_up(self):
        self.start()
        self.assertEqual(self.body(), b"one")

    def test_traffic_moves_when_the_records_change(self):
        self.start()
        self.assertEqual(self.body(), b"one")
        self.dns.set("db.test", "A", [_TWO])
        wait_until(lambda: self.body() == b"two", "the new address")
        self.dns.set("db.test", "A", [_ONE, _TWO])
        wait_until(lambda: len(self.addresses()) == 2, "both addresses")
        wait_until(lambda: {self.body(), self.body()} == {b"one", b"two"}, "both to be used")

    def test_the_last_answer_stays_while_the_server_is_dead(self):
        self.start()
        self.dns.stop()
        wait_until(self.is_failing, "lookups to fail")
        wait_until(lambda: self.failures() >= 5, "many lookups to fail")
        self.assertEqual(self.body(), b"one")
        self.assertEqual(self.count("DNS lookup fails"), 2, "once for A and once for AAAA")
        self.dns.set("db.test", "A", [_TWO])
        self.dns.start()
        wait_until(lambda: self.body() == b"two", "the answer of the server that lives again")
        self.proxy.process.wait_log("DNS lookup works again")
        wait_until(lambda: not self.is_failing(), "the metric to say so")

    def test_an_error_is_no_answer(self):
        self.start()
        self.dns.rcode = SERVFAIL
        self.proxy.wait_metric("heddle_dns_lookups_total", 2, result="servfail")
        self.assertEqual(self.body(), b"one")

    def test_another_server_answers_for_one_that_errs(self):
        broken = self.closed_later(DnsServer())
        broken.rcode = SERVFAIL
        self.servers.insert(0, broken)
        self.start()
        self.assertEqual(self.body(), b"one")
        self.assertGreater(broken.asked("db.test"), 0)
        self.dns.rcode = SERVFAIL
        self.proxy.wait_metric("heddle_dns_lookups_total", 2, result="no-server")
        self.assertEqual(self.body(), b"one")

    def test_no_data_empties_at_once(self):
        self.start()
        self.dns.set("db.test", "SRV", [(0, 0, 1, "db.test")])  # the name exists
        self.dns.remove("db.test", "A")
        wait_until(lambda: self.status() == 503, "the set to be empty")
        self.assertEqual(self.proxy.metrics().total("heddle_dns_lookups_total", result="no-name"), 0)
        self.dns.set("db.test", "A", [_TWO])
        wait_until(lambda: self.body() == b"two", "the set to be filled again")

    def test_a_name_that_is_gone_is_believed_the_second_time(self):
        self.start()
        said = []

        def once(_, kind):
            if kind == A:
                self.dns.silent = len(said) > 0
                said.append(kind)
                self.dns.remove("db.test")

        self.dns.on_question = once
        self.proxy.process.wait_log("DNS name does not exist")
        wait_until(self.is_failing, "the second question to have no answer")
        self.assertEqual(self.body(), b"one")
        self.dns.on_question = None
        self.dns.silent = False
        wait_until(lambda: self.status() == 503, "the second NXDOMAIN to be believed")

    def test_service_records_have_ports_and_weights(self):
        other = self.closed_later(hello_app(b"other"))
        spare = self.closed_later(hello_app(b"spare"))
        self.dns.set("_web._tcp.test", "SRV", [(10, 30, self.app_port, "t1.test"), (10, 10, other.port, "t2.test"),
                                               (20, 100, spare.port, "t2.test")])
        self.dns.set("t1.test", "A", [_ONE])
        self.dns.set("t2.test", "A", ["127.0.0.1"])
        self.start(dns={"name": "_web._tcp.test", "type": "srv"})
        rows = {one["address"]: one["weight"] for one in self.table()["endpoints"]}
        self.assertEqual(rows, {endpoint(_ONE, self.app_port): 30, endpoint("127.0.0.1", other.port): 10})
        wait_until(lambda: {self.body() for _ in range(8)} == {b"one", b"other"}, "both targets")
        self.dns.set("_web._tcp.test", "SRV", [(20, 100, spare.port, "t2.test")])
        wait_until(lambda: self.body() == b"spare", "the next priority, now the lowest")

    def test_follows_aliases_and_asks_by_tcp_what_was_cut(self):
        self.dns.truncate = True
        self.dns.remove("db.test")
        self.dns.set("db.test", "CNAME", ["a.test"])
        self.dns.set("a.test", "CNAME", ["b.test"])
        self.dns.set("b.test", "A", [_TWO])
        self.start()
        self.assertEqual(self.body(), b"two")
        self.assertGreater(self.dns.tcp_questions, 0)

    def test_a_long_answer_is_cut_at_the_limit(self):
        self.dns.set("db.test", "A", [f"127.1.{i // 250}.{i % 250 + 1}" for i in range(1005)])
        self.start()
        self.assertEqual(len(self.addresses()), 1000)
        self.assertEqual(self.table()["dns"]["leftOut"], 5)

    def test_an_answer_with_a_wrong_id_counts_for_nothing(self):
        self.dns.forged = _DEAD
        self.start()
        self.assertEqual(self.addresses(), [endpoint(_ONE, self.app_port)])
        self.assertEqual(self.body(), b"one")

    def test_takes_both_families_and_leaves_out_what_cannot_be_dialled(self):
        self.dns.set("db.test", "A", [_ONE, "0.0.0.0"])
        self.dns.set("db.test", "AAAA", ["::1", "fe80::1", "ff02::1"])
        self.start()
        self.assertEqual(self.addresses(), [endpoint(_ONE, self.app_port), endpoint("::1", self.app_port)])
        self.assertEqual(self.table()["dns"]["unusable"], 3)

    def test_times_to_live_are_kept_within_bounds(self):
        self.dns.set("db.test", "A", [_ONE], ttl=0xffffffff)  # RFC 2181 §8: zero, so the least
        self.start()
        wait_until(lambda: self.dns.asked("db.test") >= 6, "to be asked again each second")

    def test_health_checks_see_what_was_found(self):
        policy = resources.health_policy("hello", "hello", {"kind": "http", "path": "/", "interval": "100ms"})
        self.start(policy)

        def states():
            return {one["address"]: one["state"] for one in self.table()["endpoints"]}

        wait_until(lambda: states() == {endpoint(_ONE, self.app_port): "UP"}, "the check of the address")
        self.dns.set("db.test", "A", [_ONE, _DEAD])
        expected = {endpoint(_ONE, self.app_port): "UP", endpoint(_DEAD, self.app_port): "DOWN"}
        wait_until(lambda: states() == expected, "the dead address to be found out")
        self.assertEqual({self.body() for _ in range(10)}, {b"one"})

    def test_operators_see_the_lookups(self):
        self.start(stats={"address": self.mesh.address()})
        dns = self.table()["dns"]
        self.assertEqual((dns["name"], dns["type"], dns["endpoints"]), ("db.test", "address", 1))
        rows = {row["type"]: row for row in dns["questions"]}
        self.assertEqual((rows["A"]["result"], rows["A"]["ttlSeconds"], rows["A"]["failures"]), ("found", 1, 0))
        self.assertEqual(rows["AAAA"]["result"], "no-data")
        self.assertIn(b"DNS db.test A: found", self.proxy.get("stats", "/stats").body)
        self.assertEqual(self.proxy.metrics().total("heddle_dns_endpoints", backend_set="default/hello"), 1)
        self.proxy.wait_metric("heddle_dns_lookups_total", 2, result="found")

    def test_a_set_that_goes_is_not_asked_for_any_more(self):
        self.start()
        listed = resources.backend_set("hello", [resources.endpoint(_TWO, self.app_port)], tls="plaintext")
        self.mesh.write(self.path.rsplit("/", 1)[1], resources.to_yaml([resources.service("hello"), listed]))
        wait_until(lambda: self.body() == b"two", "the listed endpoint")
        self.assertNotIn("dns", self.table())
        self.assertEqual(self.proxy.metrics().matching("heddle_dns_answer_age_seconds"), [])


class DnsOfMesh(MeshTestCase):
    def test_sidecars_are_found_by_name_and_known_by_identity(self):
        with hello_app(b"mesh") as app, DnsServer() as dns:
            inbound = self.mesh.inbound(endpoint("127.0.0.1", app.port))
            ip, _, port = inbound["address"].rpartition(":")
            dns.set("hello.test", "A", [ip])
            backend = {"apiVersion": "heddle.dev/v1", "kind": "BackendSet", "metadata": {"name": "hello"},
                       "spec": {"identity": self.mesh.spiffe_id("hello"),
                                "dns": {"name": "hello.test", "port": int(port), "minTtl": "1s"}}}
            path = self.mesh.write("mesh.yaml", resources.to_yaml([resources.service("hello"), backend]))
            issue = self.mesh.authority.issue
            server = self.mesh.sidecar("hello", [inbound], self.mesh.file_blocks(issue("hello"), path),
                                       dns={"servers": [endpoint("127.0.0.1", dns.port)]})
            client = self.mesh.sidecar("client", [self.mesh.outbound("hello")],
                                       self.mesh.file_blocks(issue("client"), path),
                                       dns={"servers": [endpoint("127.0.0.1", dns.port)]})
            for sidecar in (server, client):
                self.addCleanup(sidecar.kill)
                sidecar.start()
            self.assertEqual(http1.get(client.address_of("out")[1]).body, b"mesh")


if __name__ == "__main__":
    unittest.main()
