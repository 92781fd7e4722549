#!/usr/bin/env python3
"""Filters of HTTPRoutes through two sidecars, over HTTP/1.1 and HTTP/2; names as in the Gateway API's conformance suite."""

import unittest

from heddle_harness import resources
from heddle_harness.filters import (BACKEND, HOST, PROTOCOLS, FilterCase, answered, cors, full, modifier, prefix, redirect,
                                    rewrite, rule)


class HeaderModifiers(FilterCase):
    @staticmethod
    def to(value, weight=1):
        return {**BACKEND, "weight": weight, "filters": [
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
        for ask in PROTOCOLS:
            seen = set()
            for _ in range(60):  # one of two stays away once in 2^59
                answer = ask(self.pair.port, "GET", "/backend", [], HOST)
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

if __name__ == "__main__":
    unittest.main()
