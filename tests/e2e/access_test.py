#!/usr/bin/env python3
"""Roles on the configuration API with the real programs: each role does what it may, and is told what it may not."""

import glob
import json
import os
import pathlib
import re
import shlex
import unittest

from heddle_harness import http1, resources
from heddle_harness.apps import hello_app
from heddle_harness.mesh import ControlledPair, MeshTestCase
from heddle_harness.processes import wait_until

_DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
_FAILED = 1  # exit codes
_CONFLICT = 4


def backends(name, ns):
    return resources.backend_set(name, [resources.endpoint("127.0.0.1", 1)], ns=ns, tls="plaintext")


def traffic(name, ns):
    """One of many kinds that an editor may change."""
    return [resources.service(name, ns=ns), backends(name, ns), resources.outlier_policy(name, name, ns=ns, consecutiveErrors=5)]


def policy(name, ns):
    return resources.authorization(name, "deny", [{"from": [{"namespaces": ["jobs"]}]}], ns=ns)


class AccessCase(MeshTestCase):
    @classmethod
    def build(cls):
        cls.control = cls.mesh.start_control()

    def create(self, name, *words):
        """The context file of a new token."""
        token = self.control.cli("access", "create", name, *words).stdout.strip()
        self.assertRegex(token, r"^heddle_[A-Za-z0-9_-]{43}$")
        return self.control.context_with(token, name)

    def run_as(self, context, *words, text=None):
        return self.control.cli(*words, text=text, context=context, check=False)

    def apply_as(self, context, *items):
        return self.run_as(context, "apply", "-f", "-", text=resources.to_yaml(items))

    def assert_done(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)

    def assert_refused(self, done, *parts):
        self.assertEqual(done.returncode, _FAILED, done.stdout)
        for part in ("forbidden", *parts):
            self.assertIn(part, done.stderr)

    def audit(self):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def audited(self, caller, kind, **fields):
        return [line for line in self.audit() if line["audit"] == kind and line["caller_id"] == caller
                and all(value in line[name] for name, value in fields.items())]


class Roles(AccessCase):
    def test_a_viewer_reads_its_namespace_and_changes_nothing(self):
        self.control.apply(resources.to_yaml([*traffic("read", "shop"), *traffic("read", "web")]))
        viewer = self.create("viewer", "--role", "viewer", "-n", "shop")
        names = self.run_as(viewer, "get", "services", "-A", "-o", "json").stdout
        self.assertEqual({one["metadata"]["namespace"] for one in json.loads(names)["items"]}, {"shop"})
        self.assert_done(self.run_as(viewer, "status"))
        self.assert_done(self.run_as(viewer, "version"))
        self.assert_done(self.run_as(viewer, "explain", "http://read/", "-n", "shop"))
        self.assert_refused(self.run_as(viewer, "get", "service", "read", "-n", "web"), "role viewer there")
        self.assert_refused(self.run_as(viewer, "get", "services", "-n", "web"), "namespace web")
        self.assert_refused(self.run_as(viewer, "explain", "http://read.web/", "-n", "shop"), "namespace web")
        self.assert_refused(self.apply_as(viewer, *traffic("x", "shop")), "Service/shop/x", "role editor there")
        self.assert_refused(self.run_as(viewer, "delete", "service", "read", "-n", "shop"), "may not delete Service")

    def test_a_viewer_reads_security_kinds_so_that_explain_can_tell(self):
        self.control.apply(resources.to_yaml([policy("seen", "shop-seen")]))
        viewer = self.create("viewer-of-policies", "--role", "viewer", "-n", "shop-seen")
        done = self.run_as(viewer, "get", "authorizationpolicies", "-n", "shop-seen", "-o", "name")
        self.assertIn("/seen", done.stdout)

    def test_an_editor_changes_traffic_and_no_security(self):
        editor = self.create("editor", "--role", "editor", "-n", "shop")
        self.assert_done(self.apply_as(editor, *traffic("mine", "shop")))
        self.assert_refused(self.apply_as(editor, *traffic("mine", "web")), "in namespace web")
        self.assert_refused(self.apply_as(editor, policy("p", "shop")),
                            "may not apply AuthorizationPolicy in namespace shop: it needs the role security there")
        self.assert_refused(self.run_as(editor, "token", "create", "--id", "spiffe://cluster.local/ns/shop/sa/a"),
                            "join token")
        self.assert_refused(self.run_as(editor, "ca", "status"), "for all namespaces")

    def test_one_refused_item_refuses_the_whole_and_is_named(self):
        editor = self.create("whole", "--role", "editor", "-n", "shop")
        done = self.apply_as(editor, *traffic("half", "shop"), policy("half", "shop"))
        self.assert_refused(done, "AuthorizationPolicy/shop/half")
        self.assertNotIn("Service/shop/half", done.stderr)
        got = self.control.cli("get", "service", "half", "-n", "shop", check=False)
        self.assertEqual(got.returncode, _FAILED)

    def test_an_editor_prunes_no_security_and_nothing_beside_it(self):
        editor = self.create("pruner", "--role", "editor", "-n", "tidy")
        everything = [*traffic("web", "tidy"), *traffic("old", "tidy")]
        self.control.apply(resources.to_yaml([*everything, policy("keep", "tidy")]))
        prune = ("apply", "-f", "-", "-n", "tidy", "--prune")
        done = self.run_as(editor, *prune, text=resources.to_yaml(traffic("web", "tidy")))
        self.assert_refused(done, "AuthorizationPolicy/tidy/keep")
        self.assertIn("service.heddle.dev/old", self.control.cli("get", "services", "-n", "tidy", "-o", "name").stdout)
        self.control.cli("delete", "authorizationpolicy", "keep", "-n", "tidy")
        self.assert_done(self.run_as(editor, *prune, text=resources.to_yaml(traffic("web", "tidy"))))

    def test_security_changes_policies_and_lets_workloads_in_of_its_namespace(self):
        security = self.create("security", "--role", "security", "-n", "shop")
        own = resources.workload("w", "spiffe://cluster.local/ns/shop/sa/w", ns="shop")
        foreign = resources.workload("v", "spiffe://cluster.local/ns/web/sa/v", ns="shop")
        self.assert_done(self.apply_as(security, policy("s", "shop"), own))
        self.assert_refused(self.apply_as(security, foreign), "in namespace web")
        self.assert_refused(self.apply_as(security, *traffic("t", "shop")), "role editor there")
        self.assert_done(self.run_as(security, "token", "create", "--id", "spiffe://cluster.local/ns/shop/sa/w"))
        self.assert_refused(self.run_as(security, "token", "create", "--id", "spiffe://cluster.local/ns/web/sa/w"),
                            "in namespace web: it needs the role security there")
        partner = resources.federated("p", "partner.example", "https://partner.example/bundle", ns="shop")
        self.assert_refused(self.apply_as(security, partner), "role security for all namespaces")

    def test_an_operator_turns_the_ca_and_manages_tokens_but_no_resources(self):
        operator = self.create("operator", "--role", "operator", "-A")
        self.assert_done(self.run_as(operator, "ca", "rotate", "prepare"))
        self.assert_done(self.run_as(operator, "ca", "rotate", "abort"))
        self.assert_done(self.run_as(operator, "federation", "status"))
        self.assert_done(self.run_as(operator, "access", "create", "helper", "--role", "viewer", "-A"))
        self.assert_done(self.run_as(operator, "access", "revoke", "helper"))
        self.assert_refused(self.run_as(operator, "access", "create", "me-too", "--role", "admin", "-A"),
                            "may not give the role admin")
        self.assert_refused(self.run_as(operator, "access", "revoke", "admin"), "role admin")
        self.assert_refused(self.apply_as(operator, *traffic("o", "shop")), "role editor there")

    def test_an_admin_of_a_namespace_does_everything_there_and_nothing_of_the_mesh(self):
        lead = self.create("lead", "--role", "admin", "-n", "shop")
        self.assert_done(self.apply_as(lead, *traffic("led", "shop"), policy("led", "shop")))
        self.assert_refused(self.run_as(lead, "access", "list"), "role operator for all namespaces")
        self.assert_refused(self.run_as(lead, "ca", "rotate", "prepare"), "role operator for all namespaces")

    def test_roles_add_up(self):
        both = self.create("both", "--role", "editor:shop", "--role", "security:web", "--role", "viewer:*")
        self.assert_done(self.apply_as(both, *traffic("sum", "shop"), policy("sum", "web")))
        self.assert_refused(self.apply_as(both, policy("sum", "shop")), "role security there")
        self.assert_done(self.run_as(both, "ca", "status"))
        who = json.loads(self.run_as(both, "access", "whoami", "-o", "json").stdout)
        self.assertEqual(who["name"], "both")
        self.assertEqual(who["grants"][2], {"role": "viewer", "namespaces": ["*"]})


class Life(AccessCase):
    def test_a_revoked_token_is_refused_at_once(self):
        context = self.create("gone", "--role", "viewer", "-A")
        self.assert_done(self.run_as(context, "status"))
        self.control.cli("access", "revoke", "gone")
        done = self.run_as(context, "status")
        self.assertEqual(done.returncode, _FAILED)
        self.assertIn("unauthenticated", done.stderr)

    def test_an_expired_token_is_refused_told_so_and_replaced(self):
        context = self.create("short", "--role", "viewer", "-A", "--ttl", "1s")

        def has_expired():
            return "the token short expired at" in self.run_as(context, "access", "whoami").stderr

        wait_until(has_expired, "the token to expire")
        self.assertRegex(self.control.cli("access", "list").stdout, r"short +viewer:\* .*expired")
        self.assert_done(self.run_as(self.create("short", "--role", "viewer", "-A"), "status"))

    def test_the_last_admin_cannot_be_revoked(self):
        done = self.control.cli("access", "revoke", "admin", check=False)
        self.assertEqual(done.returncode, _CONFLICT, done.stderr)
        self.assertIn("last token", done.stderr)

    def test_a_name_is_taken_once(self):
        self.create("once", "--role", "viewer", "-A")
        again = self.control.cli("access", "create", "once", "--role", "viewer", "-A", check=False)
        self.assertEqual(again.returncode, _CONFLICT, again.stderr)

    def test_roles_survive_a_restart_and_no_token_is_on_disk(self):
        editor = self.create("kept", "--role", "editor", "-n", "shop")
        with open(editor, encoding="utf-8") as file:
            token = json.load(file)["token"].encode()
        self.control.process.kill()
        for path in glob.glob(os.path.join(self.control.data, "*")):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    self.assertNotIn(token, file.read(), path)
        self.control.start()
        self.assert_done(self.apply_as(editor, *traffic("kept", "shop")))
        self.assert_refused(self.apply_as(editor, policy("kept", "shop")), "role security there")

    def test_writes_and_denials_are_in_the_audit_log_by_name(self):
        editor = self.create("audited", "--role", "editor", "-n", "shop")
        self.assert_done(self.apply_as(editor, *traffic("logged", "shop")))
        self.assert_refused(self.apply_as(editor, policy("logged", "shop")))
        self.assert_refused(self.run_as(editor, "access", "list"))
        self.control.cli("access", "revoke", "audited")
        self.assertTrue(self.audited("audited", "apply", subject="Service/shop/logged", status="ok"))
        self.assertTrue(self.audited("audited", "deny", subject="AuthorizationPolicy/shop/logged",
                                     status="forbidden", detail="role security"))
        self.assertTrue(self.audited("audited", "deny", subject="GET /v1/access"))
        self.assertTrue(self.audited("admin", "access-create", subject="audited", detail="editor:shop"))
        self.assertTrue(self.audited("admin", "access-revoke", subject="audited"))


class Documented(AccessCase):
    def test_the_examples_of_the_pages_do_what_they_say(self):
        for page in ("access.md", "cli.md"):
            text = (_DOCS / page).read_text(encoding="utf-8")
            lines = re.findall(r"(?m)^\$ heddle (access .*)$", text)
            self.assertGreater(len(lines), 4, page)
            for line in lines:
                with self.subTest(page=page, line=line):
                    self.control.cli(*shlex.split(line.partition(" > ")[0]))
            for token in json.loads(self.control.cli("access", "list", "-o", "json").stdout)["tokens"]:
                if token["name"] != "admin":
                    self.control.cli("access", "revoke", token["name"])


class WholeMesh(AccessCase):
    """What an editor applied serves requests; a token for joining was made by security."""

    @classmethod
    def build(cls):
        super().build()
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)

    def test_a_mesh_is_built_without_the_admins_token(self):
        context = self.create("team", "--role", "editor", "--role", "security", "-n", "default")
        admin, self.control.context = self.control.context, context
        try:
            pair = ControlledPair(self.mesh, self.app).start()
        finally:
            self.control.context = admin
        self.assertEqual(http1.get(pair.port).status, 200)
        seen = self.run_as(context, "status", "-o", "json").stdout
        self.assertEqual(len(json.loads(seen)["sidecars"]), 2)
        other = self.create("other", "--role", "viewer", "-n", "shop")
        self.assertEqual(json.loads(self.run_as(other, "status", "-o", "json").stdout)["sidecars"], [])


if __name__ == "__main__":
    unittest.main()
