#!/usr/bin/env python3
"""`heddle explain` beside real traffic: for a table of requests both say the same, from the control plane and from files."""

import json
import os
import subprocess
import unittest

from heddle_harness import http1, pki, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until

_DRAWS = 40  # requests of each row: a set with half of the weight stays away once in 2^40
_PLAIN = ("one", "two", "three")  # backend sets of one plaintext application each, which answers with its name
_HOLLOW = (503, "no-healthy-endpoint")
_NOT_FOUND = (404, "route-not-found")
_UNKNOWN = (404, "service-unknown")

# (client, host, method, target, headers) -> what can become of it: names of backend sets, or (status, reason)
_TABLE = [
    ("default", "app", "GET", "/exact", {}, {"one"}),
    ("default", "app", "GET", "/exact/more", {}, _NOT_FOUND),
    ("default", "app.default", "GET", "/prefix", {}, {"two"}),
    ("default", "app:80", "GET", "/prefix/more?q=1", {}, {"two"}),
    ("default", "app", "GET", "/prefixed", {}, _NOT_FOUND),
    ("default", "app", "GET", "/any", {"x-to": "two"}, {"two"}),
    ("default", "app", "GET", "/any", {"X-To": "two"}, {"two"}),
    ("default", "app", "GET", "/any", {"x-to": "one"}, _NOT_FOUND),
    ("default", "app", "PUT", "/any", {}, {"app"}),
    ("default", "app", "GET", "/split", {}, {"one", "two"}),
    ("default", "app", "GET", "/half", {}, {"one", _HOLLOW}),
    ("default", "app", "GET", "/off", {}, (500, "backend-set-missing")),
    ("default", "app", "GET", "/hollow", {}, _HOLLOW),
    ("default", "app", "GET", "/lame", {}, _HOLLOW),
    ("default", "one", "GET", "/any", {}, {"one"}),
    ("default", "one.default.svc.cluster.local", "GET", "/", {}, {"one"}),
    ("default", "one:81", "GET", "/", {}, _UNKNOWN),
    ("default", "nobody", "GET", "/", {}, _UNKNOWN),
    ("default", "private", "GET", "/", {}, {"two"}),
    ("shop", "app.default", "GET", "/shop", {}, {"three"}),
    ("shop", "app.default", "GET", "/exact", {}, _NOT_FOUND),
    ("shop", "app", "GET", "/shop", {}, _UNKNOWN),
    ("shop", "one.default", "GET", "/", {}, {"one"}),
    ("shop", "private.default", "GET", "/", {}, _UNKNOWN),
]


def outcomes(expected):
    return {expected} if isinstance(expected, tuple) else expected


def to_sets(*names, weight=1, **match):
    return resources.rule([resources.to_backend_set(name, weight) for name in names], **match)


def in_default(backend):
    return {**backend, "namespace": "default"}


class ExplainCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.apps = {name: hello_app(f"{name}\n".encode()) for name in ("app", *_PLAIN)}
        for app in cls.apps.values():
            cls.addClassCleanup(app.close)
        cls.control = cls.mesh.start_control()
        cls.pair = ControlledPair(cls.mesh, cls.apps["app"])
        cls.resources = cls.pair.resources + cls.sets() + cls.services() + [cls.rules(), cls.consumer_rules()]
        cls.files = cls.mesh.write("mesh.yaml", resources.to_yaml(cls.resources))
        version = cls.control.apply(resources.to_yaml(cls.resources))
        cls.pair.start()
        cls.clients = {ns: cls.dialler(ns) for ns in ("default", "shop")}
        cls.control.wait_version(version)

    @classmethod
    def sets(cls):
        plain = [resources.backend_set(name, [resources.endpoint("127.0.0.1", cls.apps[name].port)], tls="plaintext")
                 for name in _PLAIN]
        nobody = resources.endpoint("127.0.0.1", cls.apps["one"].port, weight=0)
        return [*plain, resources.backend_set("hollow", []), resources.backend_set("lame", [nobody], tls="plaintext")]

    @classmethod
    def services(cls):
        return [resources.service("one"), resources.service("private", backend_set="two", visibility="namespace")]

    @classmethod
    def rules(cls):
        return resources.route("app", "app", [
            to_sets("one", path="/exact", path_type="Exact"), to_sets("two", path="/prefix"),
            to_sets("two", headers={"x-to": "two"}), to_sets("app", method="PUT"),
            resources.rule([resources.to_backend_set("one"), resources.to_backend_set("two"),
                            resources.to_backend_set("three", 0)], path="/split"),
            to_sets("one", "hollow", path="/half"), to_sets("one", path="/off", weight=0),
            to_sets("hollow", path="/hollow"), to_sets("lame", path="/lame")])

    @classmethod
    def consumer_rules(cls):
        """A route of the namespace `shop` for a service of another one: for the clients in `shop` only."""
        rule = resources.rule([in_default(resources.to_backend_set("three"))], path="/shop")
        route = resources.route("consumer", "app", [rule], ns="shop")
        route["spec"]["parentRefs"] = [in_default(parent) for parent in route["spec"]["parentRefs"]]
        return route

    @classmethod
    def dialler(cls, namespace):
        """A client's sidecar that routes by Host, with an identity of that namespace."""
        blocks = cls.mesh.control_blocks("dialler")
        blocks["identity"]["id"] = cls.identity(namespace)
        blocks["identity"]["joinTokenFile"] = cls.mesh.write(f"{namespace}.token",
                                                             cls.control.token(cls.identity(namespace)))
        sidecar = cls.mesh.sidecar(f"dialler-{namespace}", [cls.mesh.outbound()], blocks, namespace=namespace)
        return sidecar.start()

    @staticmethod
    def identity(namespace):
        return pki.spiffe_id("dialler", namespace)

    # --- what happens ---
    def happens(self, client, host, method, target, headers):
        fields = [("host", host), *headers.items()]
        seen = set()
        with http1.Client(self.clients[client].address_of("out")[1]) as connection:
            for _ in range(_DRAWS):
                answer = connection.request(method, target, fields, body=b"" if method == "PUT" else None)
                routed = answer.status == 200
                seen.add(answer.body.decode().strip() if routed else (answer.status, answer.reason))
        return seen

    # --- what is explained ---
    def explain(self, client, host, method, target, headers, *more):
        words = ["explain", f"http://{host}{target}", "--method", method, "--from", self.identity(client)]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        done = self.control.cli(*words, "-o", "json", *more, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        explanation = json.loads(done.stdout)
        self.assertEqual(done.returncode == 0, explanation["routed"])
        return explanation

    @staticmethod
    def explained(explanation):
        """The same as happens(): one set or refusal for each that may be drawn."""
        if not explanation["routed"]:
            return {(explanation["status"], explanation["reason"])}
        drawn = [backends for backends in explanation["backends"] if backends["percent"] > 0]
        return {(503, backends["reason"]) if "reason" in backends else backends["backendSet"].removeprefix("default/")
                for backends in drawn}


class Agreement(ExplainCase):
    def test_traffic_and_explain_agree_on_every_row(self):
        for client, host, method, target, headers, expected in _TABLE:
            request = (client, host, method, target, headers)
            with self.subTest(request=request):
                self.assertEqual(self.happens(*request), outcomes(expected), "traffic")
                self.assertEqual(self.explained(self.explain(*request)), outcomes(expected), "the control plane")
                self.assertEqual(self.explained(self.explain(*request, "-f", self.files)), outcomes(expected), "files")

    def test_the_route_it_names_is_the_one_of_the_access_log(self):
        explanation = self.explain("default", "app", "GET", "/prefix", {})
        self.assertEqual((explanation["service"], explanation["port"]), ("default/app", 80))
        self.assertEqual((explanation["route"], explanation["rule"]), ("default/app", 1))
        self.assertEqual(explanation["match"], "PathPrefix /prefix")
        self.happens("default", "app", "GET", "/prefix", {})
        client = self.clients["default"]

        def routed():
            entries = [one for one in client.log_entries() if one.get("path") == "/prefix"]
            return {(one["service_name"], one["route_name"], one["upstream_cluster"]) for one in entries}

        wait_until(routed, "the access log to have them")
        self.assertEqual(routed(), {("default/app", "default/app", "default/two")})

    def test_shares_are_those_of_the_weights(self):
        explanation = self.explain("default", "app", "GET", "/split", {})
        shares = {backends["backendSet"]: backends["percent"] for backends in explanation["backends"]}
        self.assertEqual(shares, {"default/one": 50, "default/two": 50, "default/three": 0})

    def test_the_endpoint_of_a_sidecar_has_its_identity(self):
        explanation = self.explain("default", "app", "PUT", "/", {})
        ip, port = self.pair.address["address"], self.pair.address["port"]
        self.assertEqual(explanation["backends"][0]["endpoints"],
                         [{"address": f"{ip}:{port}", "identity": self.pair.address["identity"], "weight": 1,
                           "priority": 0, "eligible": True, "health": "unknown: not live"}])


class CommandLine(ExplainCase):
    def test_files_need_no_control_plane(self):
        argv = [os.path.join(self.mesh.bin, "heddle"), "--context", "/nonexistent", "explain", "http://one/"]
        done = subprocess.run([*argv, "-f", self.files], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"127.0.0.1:{self.apps['one'].port}", done.stdout)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, "")

    def test_the_text_names_every_step_and_the_verdict(self):
        done = self.control.cli("explain", "http://app/any", "-H", "x-to: one", check=False)
        self.assertEqual(done.returncode, 1)
        for line in ("service: Service default/app port 80", 'HTTPRoute default/app rule 2 PathPrefix /: header "x-to" differs',
                     "HTTPRoute default/app rule 3 PathPrefix /: method differs: PUT is asked for", "refused: 404 route-not-found"):
            self.assertIn(line, done.stdout)

    def test_a_wrong_question_is_a_wrong_command_line(self):
        done = self.control.cli("explain", "https://app/", "-n", "No", check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("https", done.stderr)
        self.assertIn("namespace", done.stderr)


class Versions(ExplainCase):
    def test_a_new_route_is_explained_at_the_version_that_apply_printed(self):
        request = ("default", "one", "GET", "/any", {})
        before = self.explain(*request)
        self.assertNotIn("route", before)
        for name in ("two", "three"):
            route = resources.route("moved", "one", [to_sets(name, path="/")])
            version = self.control.apply(resources.to_yaml([route]))
            after = self.explain(*request)
            self.assertEqual((after["version"], after["route"]), (version, "default/moved"))
            self.assertEqual(self.explained(after), {name})
            self.control.wait_version(version)
            self.assertEqual(self.happens(*request), {name})
        self.control.cli("delete", "httproute", "moved")
        self.assertEqual(self.explained(self.explain(*request)), {"one"})


if __name__ == "__main__":
    unittest.main()
