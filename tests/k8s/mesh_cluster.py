"""A mesh in a cluster that is there for one test: a real kube-apiserver with our definitions, a control plane with its
webhook, a namespace that asked for sidecars, and a node that runs pods (kubelet.py)."""

import os
import subprocess
import tempfile

from cluster import Cluster, Refused
from heddle_harness import netns
from heddle_harness.processes import wait_until
from heddle_harness.programs import Control
from kubelet import Node

NAMESPACE = "shop"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_CONTROL_IP = "10.62.0.1"
_APP = """
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = " ".join(sys.argv[1:]).encode() + b"\\n"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server.serve_forever()
"""


def app_pod(name, account, words, port=8080, annotations=None):
    """A pod of one container, which serves HTTP/1.1 and answers its words."""
    container = {"name": "app", "image": "app", "command": ["/usr/bin/python3", "-c", _APP, *words],
                 "ports": [{"containerPort": port}],
                 "readinessProbe": {"httpGet": {"path": "/", "port": port}, "periodSeconds": 1}}
    return {"metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": account},
                         "annotations": annotations or {}},
            "spec": {"serviceAccountName": account, "containers": [container]}}


class MeshCluster:
    def __init__(self, mesh):
        self.mesh = mesh
        self.cluster = Cluster()
        self._folder = tempfile.TemporaryDirectory(prefix="heddle-node-")

    def __enter__(self):
        netns.run("ip", "link", "add", "services", "type", "veth", "peer", "name", "nobody")
        netns.run("ip", "address", "add", f"{_CONTROL_IP}/32", "dev", "services")
        netns.run("ip", "link", "set", "services", "up")
        os.chmod(self._folder.name, 0o755)
        self.cluster.start()
        self._define()
        self._start_control()
        self.node = Node(self.cluster, self.mesh.group, self.mesh.bin, self._folder.name)
        return self

    def __exit__(self, *_):
        self.node.close()
        self.cluster.close()
        self._folder.cleanup()
        netns.run("ip", "link", "delete", "services")

    def _define(self):
        crds = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "schema", "--crds"], capture_output=True, text=True,
                              check=True).stdout.split("---\n")[1:]
        for text in crds:
            self.cluster.open("POST", _CRDS, text, content_type="application/yaml").close()
        self.cluster.call("POST", "/api/v1/namespaces",
                          {"metadata": {"name": NAMESPACE, "labels": {"heddle.dev/inject": "enabled"}}})

    def _start_control(self):
        ports = [self.mesh.ports.reserve() for _ in range(3)]
        self.webhook_port = self.mesh.ports.reserve()
        flags = ("--source", "kubernetes", "--kubeconfig", self.cluster.kubeconfig, "--trust-domain", "cluster.local",
                 "--advertise", _CONTROL_IP, "--webhook", f"{_CONTROL_IP}:{self.webhook_port}", "--inject-image",
                 "heddle", "--inject-control", f"{_CONTROL_IP}:{ports[0]}", "--svid-ttl", "1h")
        self.control = Control(self.mesh.group, self.mesh.bin, ports, flags, ip=_CONTROL_IP)
        self.control.start()
        self._register()

    def _register(self):
        """The webhook by an address instead of a Service: there is no network of Services here."""
        rules = [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]
        self.cluster.call("POST", _WEBHOOKS, {
            "metadata": {"name": "heddle-injector"},
            "webhooks": [{"name": "namespace.heddle.dev", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                          "failurePolicy": "Fail", "timeoutSeconds": 10, "rules": rules,
                          "namespaceSelector": {"matchLabels": {"heddle.dev/inject": "enabled"}},
                          "clientConfig": {"url": f"https://{_CONTROL_IP}:{self.webhook_port}/inject"}}]})
        wait_until(lambda: self._is_injecting(), "the webhook to be believed")

    def _is_injecting(self):
        """A dry run of a pod comes back with a sidecar."""
        try:
            made = self.cluster.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", app_pod("dry", "dry", []))
        except Refused:
            return False
        return any(one["name"] == "heddle-proxy" for one in made["spec"]["containers"])

    def service(self, name, port, target, **spec):
        made = self.cluster.call("POST", f"/api/v1/namespaces/{NAMESPACE}/services", {
            "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": target}], **spec}})
        self.node.serve(made)
        return made
