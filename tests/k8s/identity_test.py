#!/usr/bin/env python3
"""Who a pod is, asked of a real kube-apiserver (1.20): whose token gets a certificate and for what name, who is refused and
why, what a certificate needs to be renewed, and that a sidecar is told of nothing but what concerns it.
HEDDLE_BIN: where the programs are."""

import base64
import json
import os
import subprocess
import time
import unittest

from cluster import ISSUER, Cluster, Refused
from heddle_harness import pki
from heddle_harness.enroll import Enrollee
from heddle_harness.enroll import Refused as NoCertificate
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint
from heddle_harness.processes import wait_until
from heddle_harness.programs import Control

_AUDIENCE = "heddle.dev/identity"
_NOW = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def identity(namespace, account):
    return pki.spiffe_id(account, namespace)


def name_of(credential):
    """The only one that its certificate has."""
    done = subprocess.run(["openssl", "x509", "-in", credential.certificate, "-noout", "-ext", "subjectAltName"],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].strip().removeprefix("URI:")


def uid_of(pod):
    return pod["metadata"]["uid"]


class Attested(MeshTestCase):
    """A control plane whose mesh is a cluster, and what tests do with pods that nobody runs."""

    asked = 0  # of all classes

    @classmethod
    def build(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        cls.define()
        for name in ("shop", "vault", "heddle-system"):
            cls.cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        cls.control = cls.mesh.start_control("--source", "kubernetes", "--kubeconfig", cls.cluster.kubeconfig)

    @classmethod
    def define(cls):
        """Our kinds, before the control plane looks for them."""

    def pod(self, name, account="web", namespace="shop"):
        made = self.cluster.call("POST", f"/api/v1/namespaces/{namespace}/pods", {
            "metadata": {"name": name},
            "spec": {"serviceAccountName": account, "containers": [{"name": "app", "image": "app"}]}})
        self.addCleanup(self.delete, made)
        return made

    def delete(self, pod):
        """At once: no node has it."""
        meta = pod["metadata"]
        try:
            self.cluster.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", _NOW)
        except Refused as refused:
            if refused.code != 404:
                raise

    def token(self, pod, audiences=(_AUDIENCE,)):
        account, namespace = pod["spec"]["serviceAccountName"], pod["metadata"]["namespace"]
        return self.cluster.account_token(namespace, account, list(audiences), pod)

    def enrollee(self, wanted=identity("shop", "web")):
        """From an address of its own: who fails too often is not looked at."""
        Attested.asked += 1
        return Enrollee(self.mesh.path(f"enrollee-{Attested.asked}"), wanted, f"127.0.2.{Attested.asked}")

    def audit(self):
        with open(os.path.join(self.control.data, "audit.log"), encoding="utf-8") as file:
            return file.read()

    def last_line(self):
        return json.loads(self.audit().splitlines()[-1])

    def assert_refused(self, ask, *words, status=401):
        """With that answer, and with these words in the audit log; the refusal."""
        with self.assertRaises(NoCertificate) as refused:
            ask()
        self.assertEqual(refused.exception.status, status, str(refused.exception))
        line = self.last_line()
        self.assertNotEqual(line["status"], "ok")
        for word in words:
            self.assertIn(word, line["detail"])
        return str(refused.exception)

    def refuses_token(self, token, *words, status=401):
        said = self.assert_refused(lambda: self.enrollee().attest_pod(self.control, token), *words, status=status)
        for word in words:
            self.assertNotIn(word, said)  # a stranger learns nothing
        if len(token) > 20:
            self.assertNotIn(token, self.audit())

    def wait_forgotten(self, token):
        """Until the API server says no itself: what it found good it does not look at again for some seconds."""
        review = {"spec": {"token": token, "audiences": [_AUDIENCE]}}
        wait_until(lambda: not self.cluster.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
                   .get("authenticated"), "the API server to refuse the token")


class Tokens(Attested):
    def test_a_pod_is_who_its_service_account_is(self):
        pod = self.pod("good")
        token = self.token(pod)
        credential = self.enrollee().attest_pod(self.control, token)
        self.assertEqual(name_of(credential), identity("shop", "web"))
        line = self.last_line()
        self.assertEqual((line["audit"], line["status"]), ("attest", "ok"))
        self.assertEqual(line["pod"], f"shop/good ({uid_of(pod)})")
        self.assertNotIn(token, self.audit())

    def test_one_token_of_several_audiences_is_enough(self):
        token = self.token(self.pod("both"), (ISSUER, _AUDIENCE))
        self.enrollee().attest_pod(self.control, token)

    def test_the_request_cannot_name_another(self):
        pod = self.pod("liar")
        for wanted in (identity("shop", "bank"), identity("vault", "web"), "spiffe://other.example/ns/shop/sa/web"):
            with self.subTest(wanted):
                token, enrollee = self.token(pod), self.enrollee(wanted)
                self.assert_refused(lambda token=token, enrollee=enrollee: enrollee.attest_pod(self.control, token), wanted)

    def test_the_control_planes_own_name_is_for_no_pod(self):
        token = self.token(self.pod("control", "heddle-control", "heddle-system"))
        enrollee = self.enrollee(identity("heddle-system", "heddle-control"))
        self.assert_refused(lambda: enrollee.attest_pod(self.control, token), "control plane's own identity")

    def test_a_token_for_somebody_else_is_refused(self):
        pod = self.pod("audience")
        self.refuses_token(self.token(pod, [ISSUER]), "audience")
        self.refuses_token(self.token(pod, ["vault.example.org"]), "audience")

    def test_a_token_that_no_pod_bounds_is_refused(self):
        self.refuses_token(self.cluster.account_token("shop", "web", [_AUDIENCE]), "shop/web", "bound to no pod")

    def test_a_token_that_a_secret_bounds_is_refused(self):
        self.cluster.account_token("shop", "web", [_AUDIENCE])  # makes the account
        secret = self.cluster.call("POST", "/api/v1/namespaces/shop/secrets", {"metadata": {"name": "of-a-secret"}})
        bound = {"kind": "Secret", "apiVersion": "v1", "name": "of-a-secret", "uid": uid_of(secret)}
        made = self.cluster.call("POST", "/api/v1/namespaces/shop/serviceaccounts/web/token",
                                 {"spec": {"audiences": [_AUDIENCE], "expirationSeconds": 3600, "boundObjectRef": bound}})
        self.refuses_token(made["status"]["token"], "bound to no pod")

    def test_a_token_of_a_pod_that_is_gone_is_refused(self):
        pod = self.pod("gone")
        token = self.token(pod)
        self.delete(pod)
        self.wait_forgotten(token)
        self.refuses_token(token, "the API server does not know the token")

    def test_a_token_of_a_pod_that_was_made_anew_is_refused(self):
        pod = self.pod("anew")
        token = self.token(pod)
        self.delete(pod)
        self.assertNotEqual(uid_of(self.pod("anew")), uid_of(pod))
        self.wait_forgotten(token)
        self.refuses_token(token, "the API server does not know the token")

    def test_the_admins_token_is_of_no_service_account(self):
        self.refuses_token(self.cluster.token)

    def test_garbage_is_refused(self):
        good = self.token(self.pod("garbage"))
        head, payload, signature = good.split(".")
        other = self.claims(self.token(self.pod("garbage-too", "bank")))
        for text in ("x", "a.b.c", f"{head}.{self.encode(other)}.{signature}", f"{head}.{payload}.", "é" * 100):
            with self.subTest(text[:40]):
                self.refuses_token(text)
        self.enrollee().attest_pod(self.control, good)

    def test_an_expired_token_is_refused(self):
        token, now = self.token(self.pod("expired")), int(time.time())
        self.refuses_token(self.signed(token, iat=now - 7200, nbf=now - 7200, exp=now - 3600),
                           "the API server does not know the token")
        self.enrollee().attest_pod(self.control, self.signed(token, exp=now + 3600))  # time was all that was wrong

    # --- tokens by hand ---
    @staticmethod
    def encode(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    @staticmethod
    def claims(token):
        payload = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def signed(self, token, **claims):
        """The same token with other claims, by the cluster's own key."""
        text = f"{token.split('.', maxsplit=1)[0]}.{self.encode({**self.claims(token), **claims})}"
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.cluster.path("accounts.key")], input=text.encode(),
                              capture_output=True, check=True)
        return f"{text}.{base64.urlsafe_b64encode(done.stdout).decode().rstrip('=')}"

    def test_a_pod_that_asks_too_often_waits(self):
        pod, others = self.pod("often"), self.pod("patient")
        for _ in range(5):
            self.enrollee().attest_pod(self.control, self.token(pod))
        self.assert_refused(lambda: self.enrollee().attest_pod(self.control, self.token(pod)), "too often", status=429)
        self.enrollee().attest_pod(self.control, self.token(others))

    def test_without_a_cluster_that_is_said(self):
        ports = [self.mesh.ports.reserve() for _ in range(3)]
        alone = Control(self.mesh.group, self.mesh.bin, ports, ("--trust-domain", pki.TRUST_DOMAIN), name="alone").start()
        self.addCleanup(alone.process.kill)
        with self.assertRaises(NoCertificate) as refused:
            self.enrollee().attest_pod(alone, self.token(self.pod("alone")))
        self.assertEqual(refused.exception.status, 501)
        self.assertIn("--source kubernetes", str(refused.exception))

    def test_an_api_server_that_cannot_be_asked_is_no_fault_of_the_token(self):
        token = self.token(self.pod("away"))
        self.cluster.apiserver.kill()
        try:
            self.assert_refused(lambda: self.enrollee().attest_pod(self.control, token), "could not be asked", status=503)
        finally:
            self.cluster.apiserver.start()
            wait_until(self.cluster.is_ready, "the API server to be back")
        self.enrollee().attest_pod(self.control, token)


class Renewal(Attested):
    def given(self, name, account="web"):
        """A pod, who asked for it, and its certificate."""
        pod = self.pod(name, account)
        enrollee = self.enrollee(identity("shop", account))
        return pod, enrollee, enrollee.attest_pod(self.control, self.token(pod))

    def test_a_certificate_renews_with_a_newer_token_of_its_pod(self):
        pod, enrollee, first = self.given("lives")
        second = enrollee.renew_pod(self.control, first, self.token(pod))
        self.assertEqual(name_of(second), identity("shop", "web"))
        line = self.last_line()
        self.assertEqual((line["audit"], line["status"], line["pod"]), ("renew", "ok", f"shop/lives ({uid_of(pod)})"))
        enrollee.renew_pod(self.control, second, self.token(pod))

    def test_a_certificate_alone_is_not_enough(self):
        _, enrollee, credential = self.given("alone")
        self.assert_refused(lambda: enrollee.renew(self.control, credential), "it renews with the pod's token")

    def test_it_dies_with_its_pod(self):
        pod, enrollee, credential = self.given("dies")
        token = self.token(pod)
        self.delete(pod)
        self.wait_forgotten(token)
        self.assert_refused(lambda: enrollee.renew_pod(self.control, credential, token), "does not know the token")

    def test_a_pod_of_the_same_name_is_another(self):
        pod, enrollee, credential = self.given("again")
        self.delete(pod)
        token = self.token(self.pod("again"))
        said = self.assert_refused(lambda: enrollee.renew_pod(self.control, credential, token), "of another pod", uid_of(pod),
                                   status=403)
        self.assertIn("another pod", said)  # its holder proved who it is
        self.enrollee().attest_pod(self.control, token)

    def test_neither_a_neighbour_nor_another_account_renews_it(self):
        _, enrollee, credential = self.given("mine")
        neighbour, stranger = self.token(self.pod("neighbour")), self.token(self.pod("stranger", "bank"))
        self.assert_refused(lambda: enrollee.renew_pod(self.control, credential, neighbour), "of another pod", status=403)
        self.assert_refused(lambda: enrollee.renew_pod(self.control, credential, stranger), identity("shop", "bank"), status=403)

    def test_a_certificate_of_a_join_token_is_no_pods(self):
        enrollee = self.enrollee()
        credential = enrollee.attest(self.control, self.control.token(identity("shop", "web")))
        token = self.token(self.pod("joined"))
        self.assert_refused(lambda: enrollee.renew_pod(self.control, credential, token), "given to no pod", status=403)
        enrollee.renew(self.control, credential)


class Told(Attested):
    """What a sidecar of a pod is sent."""

    @classmethod
    def define(cls):
        crds = subprocess.run([os.path.join(cls.mesh.bin, "heddle"), "schema", "--crds"], capture_output=True, text=True,
                              check=True).stdout.split("---\n")[1:]
        for text in crds:
            cls.cluster.open("POST", _CRDS, text, content_type="application/yaml").close()

    def service(self, namespace, name, annotations=None):
        self.cluster.call("POST", f"/api/v1/namespaces/{namespace}/services", {
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"ports": [{"name": "http", "port": 80}]}})

    def guard(self, namespace):
        """Nobody but these may call the workloads of the namespace."""
        self.cluster.call("POST", f"/apis/heddle.dev/v1/namespaces/{namespace}/authorizationpolicies", {
            "apiVersion": "heddle.dev/v1", "kind": "AuthorizationPolicy", "metadata": {"name": f"guard-of-{namespace}"},
            "spec": {"action": "allow", "rules": [{"from": [{"namespaces": [namespace]}]}]}})

    def sidecar(self, namespace, account, service):
        pod = self.pod(f"{account}-pod", account, namespace)
        token = self.mesh.write(f"{namespace}-{account}.token", self.token(pod))
        blocks = {
            "identity": {"source": "control", "id": identity(namespace, account), "tokenKind": "kubernetes", "tokenFile": token},
            "config": {"source": "control"},
            "control": {"addresses": [endpoint("127.0.0.1", self.control.watch_port)], "bundle": self.control.root}}
        listener = self.mesh.outbound() | {"service": service, "port": 80}
        started = self.mesh.sidecar(f"{account}-{namespace}", [listener], blocks)
        self.addCleanup(started.kill)
        return started.start()

    def snapshot(self, sidecar):
        with open(os.path.join(sidecar.bootstrap["stateDir"], "snapshot.json"), encoding="utf-8") as file:
            return file.read()

    def test_a_sidecar_is_told_what_concerns_it_and_nothing_else(self):
        for namespace in ("shop", "vault"):
            self.service(namespace, "front")
            self.service(namespace, "cellar")
            self.guard(namespace)
        self.service("vault", "hidden", {"heddle.dev/visibility": "namespace"})
        wait_until(lambda: "guard-of-vault" in (text := self.control.cli("get", "authorizationpolicies", "-A").stdout)
                   and "guard-of-shop" in text, "the policies to be read")
        mine = {"shop": self.sidecar("shop", "web", "front.vault"), "vault": self.sidecar("vault", "keeper", "hidden.vault")}
        for sidecar in mine.values():
            wait_until(sidecar.has_state, "its configuration to be kept")
        shop, vault = self.snapshot(mine["shop"]), self.snapshot(mine["vault"])
        for text, own, other in ((shop, "shop", "vault"), (vault, "vault", "shop")):
            with self.subTest(own):
                self.assertIn(f"guard-of-{own}", text)
                self.assertNotIn(f"guard-of-{other}", text)
                self.assertNotIn("cellar", text)
        self.assertIn("hidden", vault)
        self.assertIn("front", shop)
        self.assertNotIn("hidden", shop)

    def test_what_is_not_visible_is_as_what_is_not_there(self):
        """It asks for it by name, and is not told of it."""
        self.service("vault", "secret", {"heddle.dev/visibility": "namespace"})
        wait_until(lambda: "secret" in self.control.cli("get", "services", "-A").stdout, "the Service to be read")
        sidecar = self.sidecar("shop", "spy", "secret.vault")
        wait_until(sidecar.has_state, "its configuration to be kept")
        self.assertNotIn('"secret"', self.snapshot(sidecar))
        self.assertEqual(sidecar.get("out", "/").status, 404)


if __name__ == "__main__":
    unittest.main()
