#!/usr/bin/env python3
"""sessionPersistence of HTTPRoutes and GRPCRoutes (Gateway API GEP-1619): which endpoint the requests of a session reach.

Timeouts are tested with tokens whose times are moved into the past: nobody waits.
"""

import json
import os
import re
import subprocess
import unittest
from concurrent import futures

import grpc

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until

_PATIENCE = 60  # s
_TOKEN = re.compile(r"1[0-9a-f]{48}")
_SESSIONS = 60  # one of three endpoints stays away once in 10^10
_REQUESTS = 8  # of a session, over connections of their own: any worker may have them
_ECHO = "/shop.Carts/Get"


def aged(token, begun=0, seen=0):
    """The same token, so many seconds older."""
    def hexadecimal(start, by):
        return f"{int(token[start:start + 8], 16) - by:08x}"

    return token[:33] + hexadecimal(33, begun) + hexadecimal(41, seen)


def begun_of(token):
    return int(token[33:41], 16)


def seen_of(token):
    return int(token[41:49], 16)


class SessionCase(MeshTestCase):
    """Outbound sidecars without identity in front of plaintext applications that answer with their names."""

    def start_apps(self, names):
        # reserved: nobody else's while an application is away
        self.apps = {name: hello_app(name.encode(), port=self.mesh.ports.reserve()) for name in names}
        for app in self.apps.values():
            self.addCleanup(app.close)

    def set_of(self, set_name, names):
        listed = [resources.endpoint("127.0.0.1", self.apps[name].port) for name in names]
        return resources.backend_set(set_name, listed, tls="plaintext", loadBalancer={"policy": "roundRobin"})

    def mesh_text(self, session, sets, weights=None):
        """`sets`: by name the applications in it. Each is a backend of the one rule."""
        backends = [resources.to_backend_set(name, (weights or {}).get(name, 1)) for name in sets]
        rule = resources.matched(backends, {"path": {"type": "PathPrefix", "value": "/"}}, sessionPersistence=session)
        return resources.to_yaml([resources.service("hello", backend_set=next(iter(sets))),
                                  resources.route("hello", "hello", [rule]),
                                  *(self.set_of(name, names) for name, names in sets.items())])

    def start_proxy(self, session, sets, **more):
        """One worker, if configuration changes: then all of the proxy has changed when one answer has."""
        self.file = f"{self.mesh.next_name()}.yaml"
        self.path = self.mesh.write(self.file, self.mesh_text(session, sets))
        self.port = self.another_proxy(**more)

    def another_proxy(self, **more):
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("hello")],
                                  self.mesh.file_blocks(None, self.path), **more)
        self.addCleanup(proxy.kill)
        proxy.start()
        self.proxy = proxy
        return proxy.address_of("out")[1]

    def ask(self, token=None, cookie="shop", port=None):
        headers = [] if token is None else [("cookie", f"theme=dark; {cookie}={token}")]
        answer = http1.get(port or self.port, headers=headers)
        self.assertEqual(answer.status, 200)
        return answer

    def token_of(self, answer, cookie="shop"):
        """The token that the answer carries, or None."""
        cookies = [value for value in answer.all("set-cookie") if value.startswith(f"{cookie}=")]
        self.assertLessEqual(len(cookies), 1)
        if not cookies:
            return None
        token = cookies[0].split(";")[0].partition("=")[2]
        self.assertRegex(token, _TOKEN)
        return token

    def sessions(self, count=_SESSIONS):
        """By the name of who answered first: a token."""
        found = {}
        for _ in range(count):
            answer = self.ask()
            found[answer.body.decode()] = self.token_of(answer)
        return found

    def assert_sticks(self, token, name, port=None):
        for _ in range(_REQUESTS):
            answer = self.ask(token, port=port)
            self.assertEqual(answer.body.decode(), name)
            self.assertIsNone(self.token_of(answer), "the client has its token")


class Cookies(SessionCase):
    THREE = {"all": "abc"}
    SESSION = {"sessionName": "shop"}

    def test_a_session_stays_on_each_of_three_endpoints(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, self.THREE)
        sessions = self.sessions()
        self.assertEqual(set(sessions), set("abc"), "new sessions are balanced")
        for name, token in sessions.items():
            self.assert_sticks(token, name)

    def test_every_sidecar_understands_the_token(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, self.THREE)
        other = self.another_proxy()
        for name, token in self.sessions().items():
            self.assert_sticks(token, name, other)

    def test_the_cookie_shows_no_address_and_is_for_the_browser_alone(self):
        self.start_apps("a")
        self.start_proxy(self.SESSION, {"all": "a"})
        answer = self.ask()
        self.assertEqual(answer.header("set-cookie"), f"shop={self.token_of(answer)}; Path=/; HttpOnly; SameSite=Lax")

    def test_without_a_name_each_rule_has_its_own(self):
        self.start_apps("a")
        self.start_proxy({}, {"all": "a"})
        self.assertRegex(self.ask().header("set-cookie"), r"^heddle-session-[0-9a-f]{8}=1[0-9a-f]{48}; Path=/;")

    def test_an_endpoint_that_left_ends_its_sessions(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, self.THREE, workers=1)
        sessions = self.sessions()
        self.mesh.write(self.file, self.mesh_text(self.SESSION, {"all": "bc"}))
        wait_until(lambda: self.ask(sessions["a"]).body != b"a", "the endpoint to leave")
        answer = self.ask(sessions["a"])
        token = self.token_of(answer)
        self.assertIsNotNone(token, "another session begins")
        self.assert_sticks(token, answer.body.decode())
        self.assert_sticks(sessions["b"], "b")

    def test_a_try_that_failed_goes_elsewhere_and_the_session_with_it(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, self.THREE)
        token = self.sessions()["a"]
        self.apps["a"].close()
        # until its connections are known to be gone
        wait_until(lambda: http1.get(self.port, headers=[("cookie", f"shop={token}")]).status == 200, "another endpoint")
        answer = self.ask(token)
        self.assertIn(answer.body, (b"b", b"c"))
        moved = self.token_of(answer)
        self.assertIsNotNone(moved)
        self.assert_sticks(moved, answer.body.decode())

    def test_a_session_outlives_a_restart_of_its_endpoint(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, self.THREE)
        token = self.sessions()["a"]
        self.apps["a"].close()
        again = hello_app(b"a", port=self.apps["a"].port)
        self.addCleanup(again.close)
        self.assert_sticks(token, "a")

    def test_what_is_no_token_begins_a_session(self):
        self.start_apps("ab")
        self.start_proxy(self.SESSION, {"all": "ab"})
        good = self.token_of(self.ask())
        for bad in ("", "127.0.0.1:80", "x" * 4000, good[:-1], "2" + good[1:], "1" + "f" * 32 + good[33:], good.upper()):
            self.assertIsNotNone(self.token_of(self.ask(bad)), bad)

    def test_what_cannot_be_is_refused(self):
        self.start_apps("a")
        self.start_proxy(self.SESSION, {"all": "a"})
        bad = {"sessionName": "heddle-a", "type": "Header", "idleTimeout": "1ms"}
        done = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "validate", "-f",
                               self.mesh.write("bad.yaml", self.mesh_text(bad, {"all": "a"}))],
                              capture_output=True, text=True, timeout=_PATIENCE, check=False)
        self.assertNotEqual(done.returncode, 0)
        for field in ("sessionName", "idleTimeout"):
            self.assertIn(f"spec.rules[0].sessionPersistence.{field}: ", done.stdout + done.stderr)

    def test_explain_says_where_a_token_goes(self):
        self.start_apps("abc")
        self.start_proxy({**self.SESSION, "absoluteTimeout": "1h"}, self.THREE)
        name, token = self.sessions(1).popitem()
        words = [os.path.join(self.mesh.bin, "heddle"), "explain", "http://hello/", "-f", self.path]
        for form in (["-o", "json"], []):
            done = subprocess.run([*words, *form, "-H", f"cookie: shop={token}"], capture_output=True, text=True,
                                  timeout=_PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            address = f"127.0.0.1:{self.apps[name].port}"
            if form:
                said = json.loads(done.stdout)["sessionPersistence"]
                self.assertEqual((said["sessionName"], said["absoluteTimeout"]), ("shop", "1h"))
                self.assertEqual((said["token"]["verdict"], said["token"]["endpoint"]), ("valid", address))
            else:
                self.assertIn(f"session: the token names {address} of default/all", done.stdout)

    def test_a_live_sidecar_judges_the_token(self):
        self.start_apps("abc")
        self.start_proxy({**self.SESSION, "absoluteTimeout": "1h"}, self.THREE)
        name, token = self.sessions(1).popitem()
        for text, verdict, chosen in ((token, "valid", [f"127.0.0.1:{self.apps[name].port}"]),
                                      (aged(token, begun=7200, seen=7200), "expired", [])):
            done = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "--context", "/nonexistent", "explain",
                                   "http://hello/", "--live", "unix:" + self.proxy.bootstrap["admin"]["socket"],
                                   "-H", f"cookie: shop={text}", "-o", "json"],
                                  capture_output=True, text=True, timeout=_PATIENCE, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = json.loads(done.stdout)
            self.assertEqual(said["sessionPersistence"]["token"]["verdict"], verdict)
            self.assertEqual([row["address"] for row in said["backends"][0]["endpoints"] if row.get("chosen")], chosen)


class Weights(SessionCase):
    SESSION = {"sessionName": "shop"}
    SPLIT = {"old": "ab", "new": "cd"}

    def test_a_session_stays_with_its_backend_set(self):
        self.start_apps("abcd")
        self.start_proxy(self.SESSION, self.SPLIT)
        sessions = self.sessions()
        self.assertEqual(set(sessions), set("abcd"))
        for name, token in sessions.items():
            self.assert_sticks(token, name)

    def test_a_weight_of_0_gets_no_new_sessions_and_keeps_the_old_ones(self):
        self.start_apps("abcd")
        self.start_proxy(self.SESSION, self.SPLIT, workers=1)
        sessions = self.sessions()
        self.mesh.write(self.file, self.mesh_text(self.SESSION, self.SPLIT, {"old": 0}))
        wait_until(lambda: set(self.sessions(20)) <= set("cd"), "the weights")
        for name, token in sessions.items():
            self.assert_sticks(token, name)

    def test_a_backend_set_that_the_rule_names_no_more_ends_its_sessions(self):
        self.start_apps("abcd")
        self.start_proxy(self.SESSION, self.SPLIT, workers=1)
        sessions = self.sessions()
        self.mesh.write(self.file, self.mesh_text(self.SESSION, {"new": "cd"}))
        wait_until(lambda: set(self.sessions(20)) <= set("cd"), "the rule")
        answer = self.ask(sessions["a"])
        self.assertIn(answer.body, (b"c", b"d"))
        self.assertIsNotNone(self.token_of(answer))


class Timeouts(SessionCase):
    def start(self, **session):
        self.start_apps("abc")
        self.start_proxy({"sessionName": "shop", **session}, {"all": "abc"})
        self.name, self.token = self.sessions(1).popitem()

    def test_a_session_ends_at_its_absolute_timeout(self):
        self.start(absoluteTimeout="1h")
        self.assert_sticks(aged(self.token, 1800, 1800), self.name)
        expired = aged(self.token, 3700, 0)
        begun = self.token_of(self.ask(expired))
        self.assertIsNotNone(begun)
        self.assertGreaterEqual(begun_of(begun), begun_of(self.token))

    def test_a_session_ends_when_it_was_not_used(self):
        self.start(idleTimeout="1h")
        idle = aged(self.token, 7200, 3700)
        self.assertGreaterEqual(begun_of(self.token_of(self.ask(idle))), begun_of(self.token))

    def test_an_answer_puts_the_idle_timeout_off(self):
        self.start(idleTimeout="1h")
        used = aged(self.token, 7200, 1800)
        answer = self.ask(used)
        self.assertEqual(answer.body.decode(), self.name)
        token = self.token_of(answer)
        self.assertEqual(begun_of(token), begun_of(used))
        self.assertGreaterEqual(seen_of(token), seen_of(self.token))

    def test_nobody_comes_from_the_future(self):
        self.start()
        self.assert_sticks(aged(self.token, 10 ** 8, 10 ** 8), self.name)
        self.assertIsNotNone(self.token_of(self.ask(aged(self.token, 0, -7200))))

    def test_a_permanent_cookie_lasts_as_long_as_its_session(self):
        self.start(absoluteTimeout="1h", idleTimeout="1h", cookieConfig={"lifetimeType": "Permanent"})
        self.assertTrue(self.ask().header("set-cookie").endswith("; Max-Age=3600"))
        older = self.ask(aged(self.token, 1800, 1800)).header("set-cookie")
        left = int(older.rpartition("; Max-Age=")[2])
        self.assertTrue(0 < left <= 1800, older)


class Headers(SessionCase):
    SESSION = {"type": "Header", "sessionName": "X-Shop-Session"}

    def test_a_session_may_be_kept_by_a_header(self):
        self.start_apps("abc")
        self.start_proxy(self.SESSION, {"all": "abc"})
        for _ in range(_REQUESTS):
            first = http1.get(self.port)
            token = first.header("x-shop-session")
            self.assertRegex(token, _TOKEN)
            self.assertIsNone(first.header("set-cookie"))
            again = http1.get(self.port, headers=[("x-shop-session", token)])
            self.assertEqual(again.body, first.body)
            self.assertIsNone(again.header("x-shop-session"))

    def test_the_application_sees_the_token(self):
        seen = []

        def handle(request, reader, sock):
            reader.body(request)
            seen.append((request.header("x-shop-session"), request.header("cookie")))
            reply(sock, b"a", headers=[("x-shop-session", "the application's own")])

        app = HttpApp(handle)
        self.addCleanup(app.close)
        self.apps = {"a": app}
        self.start_proxy(self.SESSION, {"all": "a"})
        first = http1.get(self.port)
        self.assertEqual(len(first.all("x-shop-session")), 1, "in the place of the application's")
        token = first.header("x-shop-session")
        http1.get(self.port, headers=[("x-shop-session", token), ("cookie", "theme=dark")])
        self.assertEqual(seen, [(None, None), (token, "theme=dark")])


class Who(grpc.GenericRpcHandler):
    """Answers every unary call with its name."""

    def __init__(self, name):
        self.name = name

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.name.encode())


class Grpc(MeshTestCase):
    def serve(self, name):
        server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(Who(name),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(0).wait())
        return port

    def start(self, session):
        listed = [resources.endpoint("127.0.0.1", self.serve(name)) for name in "abc"]
        rule = resources.matched([resources.to_backend_set("all")], {"method": {"service": "shop.Carts"}},
                                 sessionPersistence=session)
        path = self.mesh.write(f"{self.mesh.next_name()}.yaml", resources.to_yaml([
            resources.service("carts", protocol="grpc", backend_set="all"),
            resources.backend_set("all", listed, tls="plaintext", protocol="http2"),
            resources.grpc_route("carts", "carts", [rule])]))
        proxy = self.mesh.sidecar(self.mesh.next_name(), [self.mesh.outbound("carts")], self.mesh.file_blocks(None, path))
        self.addCleanup(proxy.kill)
        proxy.start()
        self.target = f"127.0.0.1:{proxy.address_of('out')[1]}"

    def call(self, *metadata):
        """(who answered, the metadata in front of the answer); over a connection of its own."""
        options = (("grpc.enable_http_proxy", 0), ("grpc.default_authority", "carts"),
                   ("grpc.use_local_subchannel_pool", 1))
        with grpc.insecure_channel(self.target, options) as channel:
            answer, call = channel.unary_unary(_ECHO).with_call(b"", timeout=_PATIENCE, metadata=metadata)
            return answer.decode(), dict(call.initial_metadata())

    def assert_sticks(self, name, *metadata):
        for _ in range(_REQUESTS):
            answer, told = self.call(*metadata)
            self.assertEqual(answer, name)
            self.assertFalse({"set-cookie", "x-session"} & set(told))

    def test_a_session_is_kept_by_metadata(self):
        self.start({"type": "Header", "sessionName": "x-session"})
        name, told = self.call()
        self.assertRegex(told["x-session"], _TOKEN)
        self.assert_sticks(name, ("x-session", told["x-session"]))

    def test_a_session_is_kept_by_a_cookie(self):
        self.start({"sessionName": "carts"})
        name, told = self.call()
        self.assertRegex(told["set-cookie"], r"^carts=1[0-9a-f]{48}; Path=/shop.Carts; HttpOnly; SameSite=Lax$")
        self.assert_sticks(name, ("cookie", told["set-cookie"].partition(";")[0]))


if __name__ == "__main__":
    unittest.main()
