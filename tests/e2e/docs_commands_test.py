#!/usr/bin/env python3
"""Every command has an example in docs/cli.md, and each of them does what it says against a mesh: the page is run, line by
line, with docs/plan.md and docs/rollouts.md. What stands for something else there (versions, names, folders of the
system) is put in its place."""

import os
import pathlib
import re
import subprocess
import unittest

from heddle_harness import resources
from heddle_harness.mesh import ControlledTestCase
from heddle_harness.processes import PATIENCE

_DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"(?ms)^```\n(.*?)^```$")
_TENANTS = """
apiVersion: heddle.dev/v1
kind: Service
metadata: {name: tenants, namespace: shop}
spec: {ports: [{port: 443, protocol: tcp}]}
---
apiVersion: heddle.dev/v1
kind: BackendSet
metadata: {name: tenants-a, namespace: shop}
spec: {identity: spiffe://cluster.local/ns/shop/sa/a, endpoints: [{address: 192.0.2.1, port: 15006}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: tenants, namespace: shop}
spec:
  parentRefs: [{group: heddle.dev, kind: Service, name: tenants}]
  hostnames: ["*.b.tenants.example"]
  rules: [{backendRefs: [{group: heddle.dev, kind: BackendSet, name: tenants-a}]}]
---
"""


def examples():
    """(section, command) in the order of the pages; the section of a page without commands as headings is the page."""
    for page in ("cli.md", "plan.md", "rollouts.md"):
        for part in re.split(r"(?m)^## ", (_DOCS / page).read_text(encoding="utf-8")):
            section = part.split("\n", 1)[0] if page == "cli.md" else page
            for block in _BLOCK.findall(part):
                for line in re.findall(r"(?m)^\$ (heddle .*)$", block):
                    yield section, line


def routed(*paths):
    rules = [resources.rule([resources.to_backend_set("hello")], path=path) for path in paths]
    return resources.route("hello", "hello", rules)


class Commands(ControlledTestCase):
    # Where another code than 0 is what the page says: differences, a refusal of the request, a rollout that is paused
    # because none of the two sidecars belongs to its first stage, a step that is not allowed in the state that the
    # commands before it left.
    _CODES = (("heddle diff", (0, 1)), ("heddle plan", (0, 1)), ("heddle explain http://hello/nowhere", (1,)),
              ("heddle apply -f routes.yaml --stages 10%,100% --wait", (6,)), ("heddle rollout status --wait", (6,)),
              ("heddle rollout", (0, 4)), ("heddle ca rotate abort", (0, 4)))

    @classmethod
    def build(cls):
        super().build()
        cls.folder = pathlib.Path(cls.mesh.path("work"))
        (cls.folder / "mesh").mkdir(parents=True)
        for home in ("completions", "man", ".zsh/completions", ".config/fish/completions", ".heddle"):
            (cls.folder / home).mkdir(parents=True)
        here = resources.endpoint("127.0.0.1", 9, cls.mesh.spiffe_id("hello"))
        whole = [resources.service("hello"), resources.backend_set("hello", [here]), routed("/cart", "/shop")]
        cls.hello = [*whole, resources.workload("hello", cls.mesh.spiffe_id("hello"))]
        shop = resources.service("web", ns="shop")
        shop["metadata"]["labels"] = {"app": "web", "tier": "front"}
        shop_set = resources.backend_set("web", [resources.endpoint("127.0.0.1", 9, cls.mesh.spiffe_id("web"))], ns="shop")
        to_web = [resources.to_backend_set("web")]
        in_shop = [shop, shop_set, resources.service("hello", ns="shop", backend_set="web"),
                   resources.route("hello", "hello", [resources.rule(to_web)], ns="shop")]
        changed = resources.route("hello", "hello", [resources.rule(to_web, path="/cart")], ns="shop")
        cls.base = _TENANTS + resources.to_yaml([*cls.pair.resources, *in_shop])
        cls.write("hello.yaml", resources.to_yaml(cls.hello))
        cls.write("mesh/services.yaml", resources.to_yaml(cls.hello))
        cls.write("pod.yaml", "kind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: app}]}\n")
        cls.write("routes.yaml", resources.to_yaml([routed("/cart", "/shop", "/new")]))
        cls.first = cls.control.apply(cls.base)
        cls.middle = cls.control.apply(resources.to_yaml([*whole[:2], routed("/cart"), changed]))
        cls.newest = cls.control.apply(resources.to_yaml(cls.hello))
        cls.environment_of_shell = {
            **os.environ, "PATH": f"{cls.mesh.bin}:{os.environ['PATH']}", "HOME": str(cls.folder),
            "HEDDLE_CONTEXT": str(cls.folder / ".heddle/context.json")}
        cls.add_contexts()

    @classmethod
    def add_contexts(cls):
        """Anew after the root was rotated: the context holds it."""
        for name in ("staging", "prod"):
            cls.shell(f"heddle context add {name} {cls.control.context}")

    @classmethod
    def write(cls, name, text):
        (cls.folder / name).write_text(text, encoding="utf-8")

    @classmethod
    def shell(cls, line):
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=cls.folder, env=cls.environment_of_shell,
                              capture_output=True, text=True, timeout=2 * PATIENCE, check=False)

    def in_its_place(self, line):
        for said, meant in (("/etc/bash_completion.d", "completions"), ("/usr/local/share/man/man1", "man"),
                            ("/var/lib/heddle/admin.context", self.control.context), ("node=web-1", "node=app-server"),
                            ("--except web-7", "--except app-server"), ("spiffe://cluster.local", self.trust_id())):
            line = line.replace(said, meant)
        for said, meant in (("1.40", self.first), ("1.42", self.middle), (r"1.4[34]", self.newest)):
            line = re.sub(rf"(?<![\w.-]){said}\b(?!\.yaml)", meant, line)
        return line

    def trust_id(self):
        return self.mesh.spiffe_id("x").split("/ns/")[0]

    def restore(self, section):
        """Nothing is rolled out, and the mesh is what the first examples leave."""
        self.shell("heddle rollout abort")
        done = self.control.cli("apply", "-f", "-", text=self.base + "---\n" + resources.to_yaml(self.hello), check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        if section == "rollout":
            done = self.shell("heddle apply -f routes.yaml --stages 1%,100% --watch 10m")
            self.assertEqual(done.returncode, 0, done.stderr)

    def codes(self, line):
        return next((codes for start, codes in self._CODES if line.startswith(start)), (0,))

    def test_every_example_of_the_pages_works(self):
        last = None
        for section, line in examples():
            self.add_contexts()
            if section != last or "--stages" in line or "delete" in line:
                self.restore(section)
            last = section
            with self.subTest(section=section, command=line):
                done = self.shell(self.in_its_place(line))
                self.assertIn(done.returncode, self.codes(line), done.stdout + done.stderr)

    def test_every_command_has_an_example(self):
        self.assertEqual(self.shell("mkdir -p pages && heddle man --dir pages").returncode, 0)
        pages = [path.stem for path in (self.folder / "pages").glob("heddle-*.1")]
        self.assertGreater(len(pages), 20)
        shown = [re.sub(r"[ ]+", "-", line) + "-" for _, line in examples()]
        missing = [page for page in pages if not any(line.startswith(f"{page}-") or f"-{page}-" in line for line in shown)]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
