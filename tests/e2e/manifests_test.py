#!/usr/bin/env python3
"""The manifests of k8s/ without a cluster: `heddle install` prints what kustomize makes of the files, what runs is as the
strictest of the Pod Security Standards wants it, and names that one object says of another are there."""

import pathlib
import re
import shutil
import subprocess
import unittest

import yaml
from heddle_harness.mesh import MeshTestCase

_K8S = pathlib.Path(__file__).resolve().parents[2] / "k8s"
_FOLDERS = {"base": "base", "dev": "overlays/dev", "ha": "overlays/ha"}
_OPT_IN = "heddle.dev/inject"


def key_of(one):
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


def documents(text):
    return {key_of(one): one for one in yaml.safe_load_all(text) if one}


def knows_patches(kubectl):
    """kubectl 1.20's kustomize is of 2019: it knows neither `patches` nor folders as resources."""
    said = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"v1\.(\d+)", said) or re.search(r'Minor:"(\d+)', said)
    return bool(found) and int(found.group(1)) >= 21


class Manifests(MeshTestCase):
    def heddle(self, *words, check=True):
        done = subprocess.run([f"{self.mesh.bin}/heddle", *words], capture_output=True, text=True, check=False, timeout=60)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def install(self, *words):
        return documents(self.heddle("install", *words).stdout)

    def test_install_prints_what_the_files_say(self):
        for overlay, folder in _FOLDERS.items():
            with self.subTest(overlay=overlay):
                printed = self.install("--overlay", overlay)
                listed = yaml.safe_load((_K8S / folder / "kustomization.yaml").read_text())
                paths = [_K8S / folder / name for name in listed["resources"] if not name.startswith("..")]
                if overlay != "base":
                    base = yaml.safe_load((_K8S / "base/kustomization.yaml").read_text())["resources"]
                    paths += [_K8S / "base" / name for name in base]
                found = {}
                for path in paths:
                    found.update(documents(path.read_text()))
                self.assertEqual(set(printed), set(found))
                patched = {("StatefulSet", "heddle-system", "heddle-control")} if overlay != "base" else set()
                for key in set(found) - patched:
                    self.assertEqual(printed[key], found[key])

    def test_install_prints_what_kustomize_does(self):
        kubectl = shutil.which("kubectl")
        if not kubectl or not knows_patches(kubectl):
            self.skipTest("NOT COMPARED with kustomize: there is no kubectl 1.21 or newer")
        for overlay, folder in _FOLDERS.items():
            with self.subTest(overlay=overlay):
                made = subprocess.run([kubectl, "kustomize", _K8S / folder], capture_output=True, text=True, check=True)
                self.assertEqual(self.install("--overlay", overlay), documents(made.stdout))

    def test_names_images_and_trust_domain_are_put_in(self):
        text = self.heddle("install", "--overlay", "ha", "-n", "mesh", "--trust-domain", "example.org", "--image",
                           "heddle-control=r.example.org/c:7", "--image", "heddle-proxy=r.example.org/p:7").stdout
        self.assertNotIn("heddle-system", text)
        control = documents(text)["StatefulSet", "mesh", "heddle-control"]["spec"]["template"]["spec"]["containers"][0]
        said = {one["name"]: one.get("value") for one in control["env"]}
        self.assertEqual(control["image"], "r.example.org/c:7")
        self.assertEqual(said["HEDDLE_CONTROL_INJECT_IMAGE"], "r.example.org/p:7")
        self.assertEqual(said["HEDDLE_CONTROL_TRUST_DOMAIN"], "example.org")
        self.assertIn("heddle-control.mesh.svc", said["HEDDLE_CONTROL_ADVERTISE"])

    def test_words_that_would_be_more_than_a_name_are_refused(self):
        for words in (["--overlay", "big"], ["-n", "A b"], ["--image", "other=a"], ["--image", "heddle-control=a b"],
                      ["--image", "heddle-control=a}\nb: c"], ["--trust-domain", "a, b"]):
            with self.subTest(words=words):
                self.assertEqual(self.heddle("install", *words, check=False).returncode, 2)

    def test_uninstall_begins_with_the_webhook_and_ends_with_the_namespace(self):
        kinds = [one["kind"] for one in yaml.safe_load_all(self.heddle("uninstall", "--overlay", "ha").stdout) if one]
        self.assertEqual(kinds[0], "MutatingWebhookConfiguration")
        self.assertEqual(kinds[-1], "Namespace")
        self.assertLess(kinds.index("StatefulSet"), kinds.index("CustomResourceDefinition"))
        self.assertEqual(len(kinds), len(self.install("--overlay", "ha")))
        kept = self.heddle("uninstall", "--keep-crds").stdout
        self.assertNotIn("CustomResourceDefinition", kept)

    def pod_specs(self):
        for overlay in _FOLDERS:
            for key, one in self.install("--overlay", overlay).items():
                if one["kind"] in ("StatefulSet", "Deployment"):
                    yield (overlay, *key), one["spec"]["template"]["spec"]
        for path in sorted((_K8S / "example").glob("*.yaml")):
            for key, one in documents_of(path).items():
                if one["kind"] == "Deployment":
                    yield (path.name, *key), one["spec"]["template"]["spec"]

    def test_pods_keep_the_restricted_pod_security_standard(self):
        seen = 0
        for name, spec in self.pod_specs():
            with self.subTest(pod=name):
                seen += 1
                self.assertFalse(set(spec) & {"hostNetwork", "hostPID", "hostIPC", "initContainers"})
                self.assertTrue(spec["securityContext"]["runAsNonRoot"])
                self.assertGreater(spec["securityContext"]["runAsUser"], 0)
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                self.assertLessEqual({kind for one in spec.get("volumes", []) for kind in one if kind != "name"},
                                     {"emptyDir", "configMap", "projected", "persistentVolumeClaim", "secret"})
                for container in spec["containers"]:
                    context = container["securityContext"]
                    self.assertIs(context["allowPrivilegeEscalation"], False)
                    self.assertIs(context["readOnlyRootFilesystem"], True)
                    self.assertEqual(context["capabilities"], {"drop": ["ALL"]})
                    self.assertIn("memory", container["resources"]["limits"])
        self.assertGreaterEqual(seen, 6)

    def test_what_one_object_says_of_another_is_there(self):
        for overlay in _FOLDERS:
            with self.subTest(overlay=overlay):
                objects = self.install("--overlay", overlay)
                workload = objects["StatefulSet", "heddle-system", "heddle-control"]
                container = workload["spec"]["template"]["spec"]["containers"][0]
                ports = {port["name"] for port in container["ports"]}
                self.assertLessEqual({container[f"{probe}Probe"]["httpGet"]["port"]
                                      for probe in ("startup", "liveness", "readiness")}, ports)
                volumes = {one["name"] for one in workload["spec"]["template"]["spec"].get("volumes", [])}
                volumes |= {one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", [])}
                self.assertLessEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
                for one in objects.values():
                    if one["kind"] == "Service":
                        self.assertEqual(one["spec"]["selector"], workload["spec"]["selector"]["matchLabels"])
                        self.assertLessEqual({port["targetPort"] for port in one["spec"]["ports"]}, ports)
                for webhook in objects["MutatingWebhookConfiguration", "", "heddle-injector"]["webhooks"]:
                    service = webhook["clientConfig"]["service"]
                    self.assertIn(("Service", service["namespace"], service["name"]), objects)

    def test_a_variable_stands_above_those_that_name_it(self):
        for overlay in _FOLDERS:
            workload = self.install("--overlay", overlay)["StatefulSet", "heddle-system", "heddle-control"]
            above = set()
            for one in workload["spec"]["template"]["spec"]["containers"][0]["env"]:
                self.assertLessEqual(set(re.findall(r"\$\((\w+)\)", one.get("value", ""))), above, (overlay, one))
                above.add(one["name"])

    def test_the_webhook_asks_about_those_that_opted_in_and_no_others(self):
        webhooks = self.install()["MutatingWebhookConfiguration", "", "heddle-injector"]["webhooks"]

        def asked(namespace, labels, pod):
            labels = {"kubernetes.io/metadata.name": namespace, **labels}
            return [one["name"].split(".")[0] for one in webhooks
                    if selects(one["namespaceSelector"], labels) and selects(one["objectSelector"], pod)]

        self.assertEqual(asked("shop", {}, {}), [])
        self.assertEqual(asked("shop", {_OPT_IN: "enabled"}, {}), ["namespace"])
        self.assertEqual(asked("shop", {_OPT_IN: "enabled"}, {_OPT_IN: "enabled"}), ["namespace"])
        self.assertEqual(asked("shop", {_OPT_IN: "enabled"}, {_OPT_IN: "disabled"}), [])
        self.assertEqual(asked("shop", {}, {_OPT_IN: "enabled"}), ["pod"])
        own = self.install()["Namespace", "", "heddle-system"]["metadata"]["labels"]
        for namespace, labels in (("kube-system", {}), ("heddle-system", own), ("other-name", own)):
            self.assertEqual(asked(namespace, {**labels, _OPT_IN: "enabled"}, {_OPT_IN: "enabled"}), [], namespace)
            self.assertEqual(asked(namespace, labels, {_OPT_IN: "enabled"}), [], namespace)
        for one in webhooks:
            self.assertEqual((one["failurePolicy"], one["sideEffects"], one["reinvocationPolicy"], one["matchPolicy"]),
                             ("Fail", "None", "IfNeeded", "Equivalent"))

    def test_the_example_is_what_a_mesh_takes(self):
        ours = [one for path in sorted((_K8S / "example").glob("*.yaml")) for one in documents_of(path).values()
                if one["apiVersion"] == "heddle.dev/v1"]
        self.assertEqual(sorted(one["kind"] for one in ours),
                         ["AuthorizationPolicy", "HealthPolicy", "TrafficPolicy", "Workload"])
        listed = yaml.safe_load((_K8S / "example/kustomization.yaml").read_text())["resources"]
        self.assertEqual(sorted(listed), sorted(path.name for path in (_K8S / "example").glob("*.yaml")
                                                if path.name != "kustomization.yaml"))


def documents_of(path):
    if path.name == "kustomization.yaml":
        return {}
    return documents(path.read_text())


def selects(selector, labels):
    operators = {"In": lambda value, values: value in values, "NotIn": lambda value, values: value not in values,
                 "DoesNotExist": lambda value, _: value is None}
    return all(operators[one["operator"]](labels.get(one["key"]), one.get("values")) for one in selector["matchExpressions"])


if __name__ == "__main__":
    unittest.main()
