#!/usr/bin/env python3
"""The command line as people use it beside a mesh: selectors, contexts, checks, schemas, completion, manual pages."""

import json
import os
import subprocess
import unittest

from heddle_harness import resources
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import PATIENCE, wait_until
from heddle_harness.terminal import Terminal

_GREEN = "\x1b[32m"


def labelled(name, **labels):
    resource = resources.service(name)
    resource["metadata"]["labels"] = labels
    return resource


def mistakes(schema, value, path=""):
    """What of `value` the schema refuses: of the words that `heddle schema` uses, those about structure."""
    if "anyOf" in schema:
        found = [mistakes(one, value, path) for one in schema["anyOf"]]
        return [] if [] in found else found[0]
    out = []
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{path}: {schema['type']} expected"]
    if "enum" in schema and value not in schema["enum"]:
        out.append(f"{path}: {value} is none of {schema['enum']}")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties", {})
        out += [f"{path}.{name}: missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            below = properties.get(name, more)
            out += [f"{path}.{name}: unknown"] if below is False else mistakes(below, member, f"{path}.{name}")
    if isinstance(value, list):
        for index, element in enumerate(value):
            out += mistakes(schema.get("items", {}), element, f"{path}[{index}]")
    return out


class CommandLine(ControlledTestCase):
    @classmethod
    def build(cls):
        super().build()
        shop = [labelled("web", app="web", tier="front"), labelled("cart", app="cart", tier="back"),
                resources.backend_set("web", [resources.endpoint("127.0.0.1", 9, cls.mesh.spiffe_id("web"))]),
                resources.backend_set("cart", [resources.endpoint("127.0.0.1", 9, cls.mesh.spiffe_id("cart"))])]
        cls.control.apply(resources.to_yaml(shop))
        cls.heddle = os.path.join(cls.mesh.bin, "heddle")

    def names(self, selector):
        return sorted(self.control.cli("get", "svc", "-l", selector, "-o", "name").stdout.split())

    def run_with(self, *words, **environment):
        env = {**os.environ, **environment}
        return subprocess.run([self.heddle, *words], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def test_get_selects_by_labels(self):
        self.assertEqual(self.names("app=web"), ["service.heddle.dev/web"])
        self.assertEqual(self.names("tier in (front,back),app!=web"), ["service.heddle.dev/cart"])
        self.assertEqual(self.names("!tier"), ["service.heddle.dev/app"])
        wide = self.control.cli("get", "svc", "-l", "app", "-o", "wide").stdout
        self.assertIn("LABELS", wide)
        self.assertIn("app=cart,tier=back", wide)
        refused = self.control.cli("get", "svc", "-l", "app>1", check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--selector", refused.stderr)

    def test_several_contexts_are_one_file(self):
        home = self.mesh.path("home")
        os.mkdir(home, 0o700)
        env = {"HOME": home, "HEDDLE_CONTEXT": ""}
        self.assertEqual(self.run_with("context", "list", **env).returncode, 1)
        for name in ("prod", "staging"):
            done = self.run_with("context", "add", name, self.control.context, **env)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_with("context", "current", **env).stdout, "prod\n")
        self.assertEqual(self.run_with("context", "use", "staging", **env).returncode, 0)
        self.assertEqual(self.run_with("context", "current", **env).stdout, "staging\n")
        listed = self.run_with("context", "list", **env).stdout
        self.assertIn("*        staging", listed)
        self.assertNotIn("token", listed)
        for words in (("status",), ("--context", "prod", "status")):
            done = self.run_with(*words, **env)
            self.assertEqual(done.returncode, 0, done.stderr)
        unknown = self.run_with("--context", "nowhere", "status", **env)
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("known: prod, staging", unknown.stderr)

    def checks(self):
        done = self.control.cli("check", "-o", "json", check=False)
        return done.returncode, json.loads(done.stdout)

    def test_check_of_a_mesh_that_is_well(self):
        wait_until(lambda: self.checks()[0] == 0, "no check to fail")
        code, document = self.checks()
        self.assertTrue(document["success"], document)
        self.assertEqual(code, 0)
        names = {check["check"] for check in document["checks"]}
        self.assertEqual(names, {"control plane", "clock", "store", "roots", "sidecars", "backends", "federation"})
        by_name = {check["check"]: check for check in document["checks"]}
        for name in ("control plane", "clock", "store", "roots", "backends", "federation"):
            self.assertEqual(by_name[name]["result"], "ok", by_name[name])

    def test_check_sees_a_sidecar_that_went_away(self):
        self.pair.client.process.kill()
        self.addCleanup(self.pair.client.start)

        def is_seen():
            return "is not connected" in self.control.cli("check", check=False).stdout
        wait_until(is_seen, "the check to see it")

    def test_check_sees_backends_that_no_sidecar_can_use(self):
        check = {"kind": "http", "path": "/", "expectedStatuses": [418], "interval": "100ms", "unhealthyThreshold": 1}
        self.control.apply(resources.to_yaml([resources.health_policy("app", "app", check)]))
        self.addCleanup(self.control.cli, "delete", "healthpolicy", "app")

        def is_seen():
            return "default/app: 1 of 1 endpoints are down for" in self.control.cli("check", check=False).stdout
        wait_until(is_seen, "the check to see it")

    def test_colours_are_for_terminals(self):
        self.assertNotIn("\x1b", self.control.cli("check", check=False).stdout)
        argv = [self.heddle, "--context", self.control.context, "check"]
        plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        plain["TERM"] = "xterm"
        for env, coloured in ((plain, True), ({**plain, "NO_COLOR": "1"}, False), ({**plain, "TERM": "dumb"}, False)):
            with Terminal(argv, env=env) as terminal:
                terminal.wait(PATIENCE)
                self.assertIn("control plane", terminal.text())
                self.assertEqual(_GREEN in terminal.text(), coloured, terminal.text())

    def test_the_schema_takes_what_the_mesh_holds(self):
        whole = json.loads(self.run_with("schema").stdout)
        self.assertEqual(whole["$schema"], "https://json-schema.org/draft/2020-12/schema")
        by_kind = {branch["then"]["title"]: branch["then"] for branch in whole["allOf"]}
        seen = 0
        for kind in ("services", "backendsets"):
            for resource in json.loads(self.control.cli("get", kind, "-o", "json").stdout)["items"]:
                self.assertEqual(mistakes(by_kind[resource["kind"]], resource), [])
                resource["spec"]["noSuchField"] = 1
                self.assertEqual(mistakes(by_kind[resource["kind"]], resource), [".spec.noSuchField: unknown"])
                seen += 1
        self.assertGreater(seen, 3)
        one = json.loads(self.run_with("schema", "HTTPRoute", "-o", "json").stdout)
        self.assertEqual(one["title"], "HTTPRoute")

    def test_fields_are_explained(self):
        done = self.run_with("explain-field", "HTTPRoute.spec.rules.matches")
        self.assertEqual(done.returncode, 0, done.stderr)
        for word in ("list of object", "0-64 elements", "queryParams"):
            self.assertIn(word, done.stdout)
        wrong = self.run_with("explain-field", "HTTPRoute.spec.rulse")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn('did you mean "rules"?', wrong.stderr)

    def test_completion_scripts_and_pages(self):
        script = self.mesh.write("heddle.bash", self.run_with("completion", "bash").stdout)
        line = f"source {script}; COMP_WORDS=(heddle get http); COMP_CWORD=2; _heddle; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE, check=True)
        self.assertEqual(done.stdout.split(), ["httproutes", "httproutefilters"])
        for shell in ("zsh", "fish"):
            self.assertIn("heddle", self.run_with("completion", shell).stdout)
        folder = self.mesh.path("man1")
        os.mkdir(folder)
        self.assertEqual(self.run_with("man", "--dir", folder).returncode, 0)
        pages = os.listdir(folder)
        for page in ("heddle.1", "heddle-get.1", "heddle-token-create.1", "heddle-check.1"):
            self.assertIn(page, pages)


class ControlPlaneAway(ControlledTestCase):
    def test_check_tells_it_from_a_failed_check(self):
        self.control.process.kill()
        self.addCleanup(self.control.start)
        done = self.control.cli("check", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("FAIL", done.stdout)


if __name__ == "__main__":
    unittest.main()
