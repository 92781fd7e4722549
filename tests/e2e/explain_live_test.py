#!/usr/bin/env python3
"""`heddle explain --live`: a running sidecar says where a request would go now, and why; nothing is sent by asking."""

import json
import os
import subprocess
import unittest

from heddle_harness import http1, pki, resources
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint
from heddle_harness.processes import PATIENCE, wait_until

_CHECK = {"kind": "tcp", "interval": "100ms", "unhealthyThreshold": 1}
_CLIENT = pki.spiffe_id("app-client")


def socket_of(sidecar):
    return "unix:" + sidecar.bootstrap["admin"]["socket"]


def token_of(sidecar):
    return os.path.join(sidecar.bootstrap["stateDir"], "admin.token")


class LiveCase(MeshTestCase):
    def cli(self, *words):
        argv = [os.path.join(self.mesh.bin, "heddle"), "--context", "/nonexistent", "explain", *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def explain(self, sidecar, *words):
        done = self.cli("--live", socket_of(sidecar), *words, "-o", "json")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        explanation = json.loads(done.stdout)
        self.assertEqual(done.returncode == 0, explanation["routed"])
        return explanation


class Outbound(LiveCase):
    @classmethod
    def build(cls):
        cls.apps = [hello_app(f"{n}\n".encode()) for n in range(3)]
        for app in cls.apps:
            cls.addClassCleanup(app.close)
        cls.silent = cls.mesh.ports.reserve()  # nobody listens there
        cls.away = [resources.endpoint("127.0.0.1", cls.silent), resources.endpoint("127.0.0.1", cls.apps[1].port, weight=0)]
        cls.path = cls.mesh.write("resources.yaml", resources.to_yaml(cls.resources()))
        cls.proxy = cls.mesh.sidecar("live", [cls.mesh.outbound()], cls.mesh.file_blocks(None, cls.path), workers=1)
        cls.proxy.start()
        cls.port = cls.proxy.address_of("out")[1]

    @classmethod
    def resources(cls):
        here = [resources.endpoint("127.0.0.1", app.port) for app in cls.apps]
        rules = [resources.rule([resources.to_backend_set("hello")], path="/a"),
                 resources.rule([resources.to_backend_set("dead")], path="/dead")]
        return [resources.service("hello"), resources.service("keyed"),
                resources.backend_set("hello", [here[0], *cls.away], tls="plaintext"),
                resources.backend_set("dead", [cls.away[0]], tls="plaintext"),
                resources.backend_set("keyed", here, tls="plaintext",
                                      loadBalancer={"policy": "maglev", "hashOn": {"path": True}}),
                resources.health_policy("hello", "hello", _CHECK), resources.health_policy("dead", "dead", _CHECK),
                resources.traffic_policy("hello", "hello", limits={"requests": 7}),
                resources.route("hello", "hello", rules)]

    def endpoints(self, url, *words):
        rows = self.explain(self.proxy, url, *words)["backends"][0]["endpoints"]
        return {int(row["address"].rpartition(":")[2]): row for row in rows}

    def wait_down(self):
        wait_until(lambda: self.endpoints("http://hello/a")[self.silent]["health"] == "DOWN", "the check to fail")

    def test_each_endpoint_says_whether_it_may_be_chosen_and_why_not(self):
        self.wait_down()
        rows = self.endpoints("http://hello/a")
        good, bad, unloved = (rows[port] for port in (self.apps[0].port, self.silent, self.apps[1].port))
        self.assertEqual((good["eligible"], good["health"], good["inFlight"]), (True, "UP", 0))
        self.assertFalse(bad["eligible"])
        self.assertIn("its check failed: tcp check", bad["why"])
        self.assertEqual((unloved["eligible"], unloved["why"]), (False, "weight 0"))

    def test_a_set_with_nobody_is_the_refusal_that_traffic_gets(self):
        wait_until(lambda: not self.explain(self.proxy, "http://hello/dead")["routed"], "the check to fail")
        explanation = self.explain(self.proxy, "http://hello/dead")
        answer = http1.get(self.port, "/dead", headers=[("host", "hello")])
        self.assertEqual((explanation["status"], explanation["reason"]), (answer.status, answer.reason))
        self.assertEqual(explanation["reason"], "no-healthy-endpoint")

    def test_limits_are_shown_with_their_use(self):
        limits = self.explain(self.proxy, "http://hello/a")["backends"][0]["limits"]
        self.assertIn({"name": "requests", "used": 0, "limit": 7}, limits)

    def test_the_endpoint_of_a_key_is_the_one_that_gets_the_request(self):
        seen = set()
        for n in range(12):
            rows = self.endpoints(f"http://keyed/{n}")
            chosen = [port for port, row in rows.items() if row.get("chosen")]
            body = http1.get(self.port, f"/{n}", headers=[("host", "keyed")]).body.decode().strip()
            self.assertEqual(chosen, [self.apps[int(body)].port])
            seen.add(body)
        self.assertGreater(len(seen), 1)

    def test_it_says_which_listener_protocol_and_configuration_decide(self):
        explanation = self.explain(self.proxy, "http://hello/a")
        sidecar = explanation["sidecar"]
        self.assertEqual((sidecar["node"], sidecar["listener"], sidecar["direction"]), ("live", "out", "outbound"))
        self.assertEqual((sidecar["protocol"], sidecar["configSource"]), ("auto", "files"))
        steps = {step["what"]: step["result"] for step in explanation["steps"]}
        self.assertIn("by Host", steps["listener"])
        self.assertIn("from files", steps["config"])
        self.assertEqual((explanation["route"], explanation["rule"]), ("default/hello", 0))

    def test_the_route_is_that_of_the_files(self):
        for url in ("http://hello/a", "http://hello/b", "http://nobody/", "http://keyed/"):
            done = self.cli("-f", self.path, url, "-o", "json")
            of_files = json.loads(done.stdout)
            live = self.explain(self.proxy, url)
            for field in ("routed", "reason", "service", "port", "route", "rule", "match"):
                self.assertEqual(live.get(field), of_files.get(field), f"{url}: {field}")

    def test_a_tcp_client_needs_the_token(self):
        address = endpoint(*self.proxy.address_of("admin"))
        refused = self.cli("http://hello/a", "--live", address)
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn("unauthenticated", refused.stderr)
        done = self.cli("http://hello/a", "--live", address, "--admin-token", token_of(self.proxy))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("routed by HTTPRoute default/hello rule 0", done.stdout)

    def test_a_question_that_no_listener_takes_is_refused(self):
        done = self.cli("http://hello/a", "--live", socket_of(self.proxy), "--inbound")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no inbound one is here", done.stderr)
        gone = self.cli("http://hello/a", "--live", "unix:/nonexistent/admin.sock")
        self.assertEqual(gone.returncode, 3)


class Inbound(LiveCase):
    @classmethod
    def build(cls):
        cls.served = 0
        cls.app = HttpApp(cls.answer)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port)
        deny = resources.authorization("closed", "deny", [{"from": [{"identities": [_CLIENT]}],
                                                           "to": [{"paths": [{"type": "PathPrefix", "value": "/admin"}]}]}])
        cls.mesh.write("app.yaml", resources.to_yaml([*cls.pair.resources, deny]))
        cls.pair.start()

    @classmethod
    def answer(cls, request, reader, sock):
        reader.body(request)
        cls.served += 1
        reply(sock, b"hello\n")

    def ask(self, path, *words):
        return self.explain(self.pair.server, f"http://app{path}", "--inbound", *words)

    def test_the_verdict_is_that_of_the_policies_in_force(self):
        denied = self.ask("/admin/x", "--from", _CLIENT)
        self.assertEqual((denied["reason"], denied["status"]), ("authz-denied", 403))
        self.assertEqual(denied["authorization"][0]["policy"], "default/closed")
        self.assertTrue(self.ask("/open", "--from", _CLIENT)["routed"])
        self.assertTrue(self.ask("/admin/x", "--from", pki.spiffe_id("other"))["routed"])
        self.assertEqual(http1.get(self.pair.port, "/admin/x", headers=[("host", "app")]).status, 403)
        self.assertEqual(http1.get(self.pair.port, "/open", headers=[("host", "app")]).status, 200)

    def test_what_comes_after_authorization_is_said(self):
        steps = {step["what"]: step["result"] for step in self.ask("/open", "--from", _CLIENT)["steps"]}
        self.assertIn("no policy counts", steps["rate limits"])
        self.assertIn("spec.overload", steps["priority"])
        denied = {step["what"] for step in self.ask("/admin/x", "--from", _CLIENT)["steps"]}
        self.assertNotIn("rate limits", denied)

    def test_opaque_tcp_is_no_question(self):
        done = self.cli("tcp://app:80", "--live", socket_of(self.pair.client))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ask without --live", done.stderr)

    def test_who_has_no_identity_does_not_get_in(self):
        self.assertEqual(self.ask("/open")["reason"], "peer-certificate-missing")

    def test_asking_sends_nothing(self):
        before = self.served
        self.ask("/open", "--from", _CLIENT)
        self.explain(self.pair.client, "http://app/open", "--from", _CLIENT)
        self.assertEqual(self.ask("/open", "--from", _CLIENT)["backends"][0]["endpoints"][0]["inFlight"], 0)
        with http1.Client(self.pair.port) as client:  # what was sent before this would be counted before it
            self.assertEqual(client.request("GET", "/open").status, 200)
        self.assertEqual(self.served, before + 1)

    def test_a_sidecar_answers_for_its_own_application_only(self):
        done = self.cli("http://app/open", "--live", socket_of(self.pair.client), "--from", pki.spiffe_id("other"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("this is the sidecar of", done.stderr)


if __name__ == "__main__":
    unittest.main()
