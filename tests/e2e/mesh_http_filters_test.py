#!/usr/bin/env python3
"""Filters of HTTPRoutes through two sidecars, over HTTP/1.1 and HTTP/2; names as in the Gateway API's conformance suite."""

import json
import re
import unittest

from heddle_harness import h2peer, http1, resources
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import ControlledPair, MeshTestCase, Pair
from heddle_harness.processes import wait_until

_HOST = "shop.example:1234"
_BACKEND = resources.to_backend_set("app")
_OWN = [("x-app", "app"), ("x-set-me", "app"), ("x-add-me", "app"), ("x-remove-me", "app"),
        ("access-control-allow-origin", "https://app.example")]


class Echo:
    """Answers with what it saw, as JSON, and always with the same fields."""

    def __init__(self):
        self.targets = []

    def __call__(self, request, reader, sock):
        reader.body(request)
        self.targets.append(request.target)
        seen = {"target": request.target, "headers": request.headers}
        reply(sock, json.dumps(seen).encode(), headers=_OWN)


class Answer:
    """Of either protocol."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = bytes(body)

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def one(self, name):
        values = self.all(name)
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    @property
    def reason(self):
        return re.split(r"[;, ]", self.one("heddle-reason") or "")[0]

    @property
    def seen(self):
        return json.loads(self.body)

    def seen_all(self, name):
        return [value for key, value in self.seen["headers"] if key == name]


def over_http1(port, method, path, headers, host):
    with http1.Client(port) as client:
        answer = client.request(method, path, [("host", host), *headers])
        return Answer(answer.status, answer.headers, answer.body)


def over_http2(port, method, path, headers, host):
    client = h2peer.Client(port)
    try:
        stream_id = client.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", host), (":path", path)]
        client.h2.send_headers(stream_id, fields + [(name.lower(), value) for name, value in headers], end_stream=True)
        client.streams[stream_id] = h2peer.Stream()
        client.flush()
        stream = client.finish(stream_id)
        return Answer(stream.status, stream.headers, stream.body)
    finally:
        client.close()


_PROTOCOLS = (over_http1, over_http2)


def modifier(kind, **changes):
    """set and add: dictionaries; remove: names."""
    said = {verb: [{"name": name, "value": value} for name, value in fields.items()] if verb != "remove" else fields
            for verb, fields in changes.items()}
    return {"type": f"{kind.capitalize()}HeaderModifier", f"{kind}HeaderModifier": said}


def redirect(**fields):
    return {"type": "RequestRedirect", "requestRedirect": fields}


def rewrite(**fields):
    return {"type": "URLRewrite", "urlRewrite": fields}


def cors(**fields):
    return {"type": "CORS", "cors": fields}


def prefix(value):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def full(value):
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


def extension(name):
    return {"type": "ExtensionRef", "extensionRef": {"group": "heddle.dev", "kind": "HTTPRouteFilter", "name": name}}


def rule(path, *filters, backends=(_BACKEND,), **more):
    out = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "filters": list(filters), **more}
    return out | ({"backendRefs": list(backends)} if backends else {})


def answered(path, *filters):
    """A rule that forwards nothing."""
    return rule(path, *filters, backends=())


def http_route_filter(name, **spec):
    return {"apiVersion": "heddle.dev/v1", "kind": "HTTPRouteFilter", "metadata": {"name": name}, "spec": spec}


def routes(rules):
    """As many routes as it takes: one holds 16 rules."""
    return [resources.route(f"route-{i}", "app", rules[i:i + 16]) for i in range(0, len(rules), 16)]


class FilterCase(MeshTestCase):
    rules = []
    more = []

    @classmethod
    def build(cls):
        cls.echo = Echo()
        cls.app = HttpApp(cls.echo)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port)
        everything = cls.pair.resources + cls.more + routes([*cls.rules, rule("/plain")])
        cls.mesh.write("app.yaml", resources.to_yaml(everything))
        cls.pair.start()

    def each(self, path, headers=(), method="GET", host=_HOST):
        """The answer over each protocol."""
        return [ask(self.pair.port, method, path, headers, host) for ask in _PROTOCOLS]


class HeaderModifiers(FilterCase):
    @staticmethod
    def to(value, weight=1):
        return {**_BACKEND, "weight": weight, "filters": [
            modifier("request", set={"x-backend": value}), modifier("response", set={"x-from": value})]}

    rules = [
        rule("/set", modifier("request", set={"X-Header-Set": "set-overwrites-values"})),
        rule("/add", modifier("request", add={"X-Header-Add": "add-appends-values"})),
        rule("/remove", modifier("request", remove=["X-Header-Remove"])),
        rule("/multiple", modifier("request", set={"X-Set-1": "one", "X-Set-2": "two"}, add={"X-Add-1": "one"},
                                   remove=["X-Remove-1", "x-remove-2"])),
        rule("/case", modifier("request", set={"X-Header-Set": "set"}, add={"X-Header-Add": "add"},
                               remove=["X-Header-Remove"])),
        rule("/answer", modifier("response", set={"X-Set-Me": "set"}, add={"x-add-me": "add", "x-new": "new"},
                                 remove=["X-Remove-Me"])),
        rule("/backend", backends=[to.__func__("one"), to.__func__("two"), to.__func__("three", 0)]),
        rule("/both", modifier("request", set={"x-backend": "rule", "x-rule": "rule"}),
             backends=[to.__func__("backend")]),
        rule("/nobody", modifier("response", set={"x-new": "new"}), backends=[resources.to_backend_set("nobody")]),
    ]
    more = [resources.backend_set("nobody", [])]

    def test_MeshHTTPRouteRequestHeaderModifier_set(self):
        for sent in ([], [("x-header-set", "some-other-value")], [("X-HEADER-SET", "a"), ("x-header-set", "b")]):
            for answer in self.each("/set", [*sent, ("x-other", "stays")]):
                self.assertEqual(answer.seen_all("x-header-set"), ["set-overwrites-values"])
                self.assertEqual(answer.seen_all("x-other"), ["stays"])

    def test_MeshHTTPRouteRequestHeaderModifier_add(self):
        for answer in self.each("/add", [("x-header-add", "some-other-value")]):
            self.assertEqual(answer.seen_all("x-header-add"), ["some-other-value", "add-appends-values"])
        for answer in self.each("/add"):
            self.assertEqual(answer.seen_all("x-header-add"), ["add-appends-values"])

    def test_MeshHTTPRouteRequestHeaderModifier_remove(self):
        for answer in self.each("/remove", [("x-header-remove", "val"), ("X-Header-Remove", "val")]):
            self.assertEqual(answer.seen_all("x-header-remove"), [])

    def test_MeshHTTPRouteRequestHeaderModifier_multiple(self):
        sent = [("x-set-1", "a"), ("x-remove-1", "a"), ("x-remove-2", "a"), ("another-header", "a"), ("x-add-1", "a")]
        for answer in self.each("/multiple", sent):
            self.assertEqual([answer.seen_all(name) for name in ("x-set-1", "x-set-2", "x-add-1", "another-header")],
                             [["one"], ["two"], ["a", "one"], ["a"]])
            self.assertEqual(answer.seen_all("x-remove-1") + answer.seen_all("x-remove-2"), [])

    def test_MeshHTTPRouteRequestHeaderModifier_case_insensitive(self):
        sent = [("x-hEaDeR-sEt", "a"), ("x-hEaDeR-aDd", "a"), ("x-hEaDeR-rEmOvE", "a")]
        for answer in self.each("/case", sent):
            self.assertEqual([answer.seen_all(f"x-header-{verb}") for verb in ("set", "add", "remove")],
                             [["set"], ["a", "add"], []])

    def test_HTTPRouteResponseHeaderModifier(self):
        for answer in self.each("/answer"):
            self.assertEqual([answer.all(name) for name in ("x-set-me", "x-add-me", "x-new", "x-remove-me", "x-app")],
                             [["set"], ["app", "add"], ["new"], [], ["app"]])

    def test_MeshHTTPRouteBackendRequestHeaderModifier(self):
        for ask in _PROTOCOLS:
            seen = set()
            for _ in range(60):  # one of two stays away once in 2^59
                answer = ask(self.pair.port, "GET", "/backend", [], _HOST)
                self.assertEqual(answer.seen_all("x-backend"), answer.all("x-from"))
                seen |= set(answer.all("x-from"))
            self.assertEqual(seen, {"one", "two"})

    def test_a_backends_modifiers_come_after_the_rules(self):
        for answer in self.each("/both"):
            self.assertEqual((answer.seen_all("x-backend"), answer.seen_all("x-rule")), (["backend"], ["rule"]))

    def test_an_error_of_the_sidecar_is_not_modified(self):
        for answer in self.each("/nobody"):
            self.assertEqual((answer.status, answer.reason, answer.all("x-new")), (503, "no-healthy-endpoint", []))

    def test_a_rule_without_filters_changes_nothing(self):
        for answer in self.each("/plain?a=b", [("x-header-set", "mine")]):
            self.assertEqual((answer.seen["target"], answer.seen_all("x-header-set")), ("/plain?a=b", ["mine"]))
            self.assertEqual(answer.all("x-set-me"), ["app"])


class Redirects(FilterCase):
    rules = [
        answered("/hostname-redirect", redirect(hostname="example.org")),
        answered("/host-and-status", redirect(hostname="example.org", statusCode=301)),
        answered("/scheme", redirect(scheme="https")),
        answered("/scheme-and-port", redirect(scheme="https", port=8443)),
        answered("/port", redirect(port=8083)),
        answered("/port-80", redirect(port=80, hostname="example.org")),
        answered("/original-prefix", redirect(path=prefix("/replacement-prefix"))),
        answered("/strip", redirect(path=prefix("/"))),
        answered("/full", redirect(path=full("/full-path-replacement"))),
        answered("/host-and-path", redirect(hostname="example.org", path=prefix("/new"))),
        *[answered(f"/status-{code}", redirect(hostname="example.org", statusCode=code)) for code in (303, 307, 308)],
        answered("/modified", redirect(port=8083), modifier("response", set={"x-new": "new"})),
    ]

    def assert_location(self, path, status, location, **more):
        for answer in self.each(path, **more):
            self.assertEqual((answer.status, answer.one("location"), answer.reason), (status, location, "route-redirect"))

    def test_MeshHTTPRouteRedirectHostAndStatus(self):
        self.assert_location("/hostname-redirect", 302, "http://example.org/hostname-redirect")
        self.assert_location("/host-and-status", 301, "http://example.org/host-and-status")

    def test_MeshHTTPRouteSchemeRedirect(self):
        self.assert_location("/scheme", 302, "https://shop.example/scheme")
        self.assert_location("/scheme-and-port", 302, "https://shop.example:8443/scheme-and-port")

    def test_MeshHTTPRouteRedirectPort(self):
        self.assert_location("/port", 302, "http://shop.example:8083/port")
        self.assert_location("/port-80", 302, "http://example.org/port-80")

    def test_MeshHTTPRouteRedirectPath(self):
        self.assert_location("/original-prefix/lemon", 302, "http://shop.example/replacement-prefix/lemon")
        self.assert_location("/full/path/original", 302, "http://shop.example/full-path-replacement")
        self.assert_location("/host-and-path/x?y=z", 302, "http://example.org/new/x?y=z")

    def test_MeshHTTPRoute303_307_308Redirect(self):
        for code in (303, 307, 308):
            self.assert_location(f"/status-{code}", code, f"http://example.org/status-{code}", method="POST")

    def test_a_redirect_never_leads_to_another_host(self):
        for answer in self.each("/strip//evil.example"):
            self.assertEqual((answer.status, answer.reason, answer.all("location")), (400, "bad-request", []))

    def test_the_routes_own_answers_are_modified(self):
        for answer in self.each("/modified"):
            self.assertEqual((answer.status, answer.all("x-new")), (302, ["new"]))

    def test_nothing_reaches_the_application(self):
        before = len(self.echo.targets)
        self.assert_location("/port", 302, "http://shop.example:8083/port")
        self.assertEqual(self.echo.targets[before:], [])


class Rewrites(FilterCase):
    rules = [
        rule("/prefix/one", rewrite(path=prefix("/one"))),
        rule("/strip", rewrite(path=prefix("/"))),
        rule("/full", rewrite(path=full("/one"))),
        rule("/host", rewrite(hostname="one.example.org")),
        rule("/hidden", rewrite(path=prefix("/admin"))),
        rule("/admin/shown", rewrite(path=prefix("/shown"))),
    ]
    more = [resources.authorization("no-admin", "deny",
                                    [{"to": [{"paths": [{"type": "PathPrefix", "value": "/admin"}]}]}])]

    def test_MeshHTTPRouteRewritePath(self):
        for sent, becomes in [("/prefix/one/two", "/one/two"), ("/prefix/one", "/one"), ("/prefix/one/", "/one/"),
                              ("/strip/three", "/three"), ("/strip", "/"), ("/strip/", "/"), ("/strip?a=/b", "/?a=/b"),
                              ("/full/one/two", "/one"), ("/full?x=y", "/one?x=y")]:
            for answer in self.each(sent):
                self.assertEqual(answer.seen["target"], becomes)

    def test_HTTPRouteRewriteHost(self):
        for answer in self.each("/host/x"):
            self.assertEqual((answer.seen["target"], answer.seen_all("host")), ("/host/x", ["one.example.org"]))

    def test_a_rewrite_never_makes_an_ambiguous_path(self):
        before = len(self.echo.targets)
        for path in ("/strip//evil.example", "/strip//", "/strip/a//b", "/strip/%2e%2e/x", "/strip/..;/x",
                     "/strip/%2fx", "/strip/../x"):
            for answer in self.each(path):
                self.assertEqual((answer.status, answer.reason), (400, "bad-request"), path)
        self.assertEqual(self.echo.targets[before:], [])

    def test_what_is_authorized_is_what_is_forwarded(self):
        for answer in self.each("/hidden/x"):
            self.assertEqual((answer.status, answer.reason), (403, "authz-denied"))
        for answer in self.each("/admin/shown/x"):
            self.assertEqual((answer.status, answer.seen["target"]), (200, "/shown/x"))


class CrossOrigin(FilterCase):
    rules = [
        rule("/listed", cors(allowOrigins=["https://www.foo.com", "https://*.bar.com"], allowMethods=["GET", "PUT"],
                             allowHeaders=["x-one", "X-Two"], exposeHeaders=["x-three"], maxAge=3600)),
        rule("/any", cors(allowOrigins=["*"], allowMethods=["*"], allowHeaders=["*"])),
        rule("/with-credentials", cors(allowOrigins=["*"], allowCredentials=True, allowMethods=["*"],
                                       allowHeaders=["*"])),
    ]

    def preflight(self, path, origin):
        asked = [("origin", origin), ("access-control-request-method", "PUT"),
                 ("access-control-request-headers", "x-one, x-two")]
        before = len(self.echo.targets)
        answers = self.each(path, asked, method="OPTIONS")
        self.assertEqual(self.echo.targets[before:], [])
        for answer in answers:
            self.assertEqual((answer.status, answer.reason, answer.body), (204, "cors-preflight", b""))
        return [{name.removeprefix("access-control-"): value for name, value in answer.headers
                 if name.startswith("access-control-")} for answer in answers]

    def test_HTTPRouteCORS_preflight_of_an_allowed_origin(self):
        for origin in ("https://www.foo.com", "https://a.b.bar.com"):
            for said in self.preflight("/listed", origin):
                self.assertEqual(said, {"allow-origin": origin, "allow-methods": "GET, PUT", "max-age": "3600",
                                        "allow-headers": "x-one, X-Two"})

    def test_HTTPRouteCORS_preflight_of_another_origin(self):
        for origin in ("http://www.foo.com", "https://bar.com", "https://foobar.com", "null"):
            for said in self.preflight("/listed", origin):
                self.assertEqual(said, {})

    def test_HTTPRouteCORS_wildcards(self):
        for said in self.preflight("/any", "https://x"):
            self.assertEqual(said, {"allow-origin": "*", "allow-methods": "*", "allow-headers": "*", "max-age": "5"})

    def test_HTTPRouteCORS_wildcards_with_credentials(self):
        for said in self.preflight("/with-credentials", "https://x"):
            self.assertEqual(said, {"allow-origin": "https://x", "allow-credentials": "true", "max-age": "5",
                                    "allow-methods": "PUT", "allow-headers": "x-one, x-two"})

    def test_HTTPRouteCORS_actual_requests(self):
        for answer in self.each("/listed", [("origin", "https://www.foo.com")]):
            self.assertEqual(answer.all("access-control-allow-origin"), ["https://www.foo.com"])
            self.assertEqual(answer.all("access-control-expose-headers"), ["x-three"])
            self.assertEqual(answer.all("vary"), ["origin"])
        for answer in self.each("/listed", [("origin", "https://evil.com")]):
            self.assertEqual((answer.status, answer.all("access-control-allow-origin")), (200, []))

    def test_other_options_reach_the_application(self):
        for answer in self.each("/listed", [("origin", "https://www.foo.com")], method="OPTIONS"):
            self.assertEqual((answer.status, answer.seen["target"]), (200, "/listed"))


class OwnFilters(FilterCase):
    more = [
        http_route_filter("tea", directResponse={"status": 418, "body": "short and stout\n", "contentType": "text/tea"}),
        http_route_filter("aborts", fault={"abort": {"status": 429}}),
        http_route_filter("some", fault={"abort": {"status": 503, "percent": 50}}),
        http_route_filter("marked", fault={"abort": {"status": 500}, "headers": [{"name": "X-Fault", "value": "on"}]}),
        http_route_filter("slow", fault={"delay": {"duration": "60s"}}),
        http_route_filter("late", fault={"delay": {"duration": "20ms"}}),
    ]
    rules = [
        answered("/tea", extension("tea")), rule("/aborts", extension("aborts")), rule("/some", extension("some")),
        rule("/marked", extension("marked")), rule("/late", extension("late")),
        rule("/slow", extension("slow"), timeouts={"request": "100ms"}),
    ]

    def test_a_direct_response(self):
        for answer in self.each("/tea"):
            self.assertEqual((answer.status, answer.body, answer.reason), (418, b"short and stout\n", "direct-response"))
            self.assertEqual(answer.all("content-type"), ["text/tea"])

    def test_a_direct_response_without_its_body(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("HEAD", "/tea")
            self.assertEqual((answer.status, answer.header("content-length")), (418, "16"))
            self.assertEqual(client.request("GET", "/plain").status, 200)  # the connection is in order

    def test_an_abort(self):
        before = len(self.echo.targets)
        for answer in self.each("/aborts"):
            self.assertEqual((answer.status, answer.reason), (429, "fault-abort"))
        self.assertEqual(self.echo.targets[before:], [])
        self.assertIn("FI", self.flags_of("/aborts"))

    def test_an_abort_of_a_request_with_a_body(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("POST", "/aborts", body=b"x" * 100_000)
            self.assertEqual(answer.status, 429)
            self.assertEqual(client.request("GET", "/plain").status, 200)

    def test_an_abort_of_grpc_is_one(self):
        for answer in self.each("/aborts", [("content-type", "application/grpc")], method="POST"):
            self.assertEqual((answer.status, answer.one("grpc-status"), answer.one("grpc-message")),
                             (200, "14", "fault-abort"))

    def test_a_share_of_requests(self):
        statuses = {over_http1(self.pair.port, "GET", "/some", [], _HOST).status for _ in range(60)}
        self.assertEqual(statuses, {200, 503})

    def test_only_requests_with_the_header(self):
        for answer in self.each("/marked", [("x-fault", "on")]):
            self.assertEqual(answer.status, 500)
        for answer in self.each("/marked", [("x-fault", "off")]):
            self.assertEqual(answer.status, 200)

    def test_a_delay_counts_into_the_request_timeout(self):
        for answer in self.each("/slow"):
            self.assertEqual((answer.status, answer.reason), (504, "request-timeout"))
        self.assertIn("DI,UT", self.flags_of("/slow"))

    def test_a_delayed_request_arrives_whole(self):
        with http1.Client(self.pair.port) as client:
            answer = client.request("POST", "/late", body=b"x" * 200_000)
            self.assertEqual((answer.status, json.loads(answer.body)["target"]), (200, "/late"))
        self.assertIn("DI", self.flags_of("/late"))

    def test_who_leaves_during_a_delay_leaves_nothing(self):
        with http1.Client(self.pair.port) as client:
            client.send(http1.request_bytes("GET", "/slow?gone"))
            client.sock.close()
        self.assertTrue(self.flags_of("/slow?gone"))
        self.assertTrue(http1.is_ok(self.pair.port, "/plain"))

    def flags_of(self, path):
        """Of all requests for it."""
        def found():
            return [one["response_flags"] for one in self.pair.client.log_entries() if one.get("path") == path]

        wait_until(found, f"{path} in the access log")
        return found()


class FromTheControlPlane(MeshTestCase):
    """Filters come with the routes that name them, change live, and are explained as they happen."""

    @classmethod
    def build(cls):
        cls.app = HttpApp(Echo())
        cls.addClassCleanup(cls.app.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.app)
        cls.pair.start()
        cls.apply(418)

    @classmethod
    def apply(cls, status):
        rules = [answered("/tea", extension("tea")), answered("/away", redirect(hostname="b.example", statusCode=301)),
                 rule("/old", rewrite(path=prefix("/new")), modifier("request", set={"x-a": "b"})), rule("/")]
        tea = http_route_filter("tea", directResponse={"status": status})
        cls.control.wait_version(cls.control.apply(resources.to_yaml([*routes(rules), tea])))

    def explain(self, path):
        done = self.control.cli("explain", f"http://app{path}", "-o", "json", check=False)
        return json.loads(done.stdout)

    def test_a_filter_changes_live(self):
        for status in (418, 451):
            self.apply(status)
            answer = http1.get(self.pair.port, "/tea")
            self.assertEqual((answer.status, answer.reason), (status, "direct-response"))
            self.assertEqual(self.explain("/tea")["status"], status)

    def test_explain_says_what_happens(self):
        away = self.explain("/away/x")
        location = http1.get(self.pair.port, "/away/x", headers=[("host", "app")]).header("location")
        self.assertEqual((away["reason"], away["status"]), ("route-redirect", 301))
        self.assertEqual(away["filters"], [{"kind": "RequestRedirect", "effect": f"301 to {location}"}])
        old = self.explain("/old/x?y")
        self.assertEqual(json.loads(http1.get(self.pair.port, "/old/x?y").body)["target"], "/new/x?y")
        self.assertEqual(old["filters"], [{"kind": "RequestHeaderModifier", "effect": "set x-a"},
                                          {"kind": "URLRewrite", "effect": "path becomes /new/x?y"}])

    def test_a_filter_that_a_route_names_cannot_be_deleted(self):
        done = self.control.cli("delete", "httproutefilter", "tea", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no HTTPRouteFilter", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
