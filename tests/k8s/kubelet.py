"""Pods of a test as a node would run them: an object of the API server becomes processes in a network namespace, with the
containers' order, hooks, probes, users, read-only root and volumes (tokens really come from the TokenRequest API); and
their readiness becomes EndpointSlices, as the controllers of a cluster would write them. Only root can do that.

Programs of Heddle run in a root filesystem that has nothing writable but their volumes; those of the application run on
the machine's own, as a user without rights.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from cluster import Refused
from heddle_harness import http1, netns
from heddle_harness.processes import PATIENCE, wait_until

_NOBODY = 65534
_OURS = ("heddle-proxy", "heddle-init")
_ROOT = """set -e
root=$1 lower=$2; shift 2
mount -t tmpfs tmpfs "$root"
mkdir -p "$root/usr" "$root/etc" "$root/proc" "$root/dev" "$root/tmp" "$root/var/run"
for each in bin sbin lib lib64; do ln -s "usr/$each" "$root/$each"; done
mount -t overlay overlay -o "lowerdir=$lower/usr:/usr" "$root/usr"
mount -t overlay overlay -o "lowerdir=$lower/etc:/etc" "$root/etc"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  [ -d "$root$2" ] || mkdir -p "$root$2"
  mount --bind "$1" "$root$2"
  [ "$3" != ro ] || mount -o remount,bind,ro "$root$2"
  shift 3
done
shift
mount -o remount,ro "$root"
cd /
exec chroot "$root" "$@"
"""


def _user(security, capabilities):
    """What a container runtime leaves to a process that is not root. File capabilities are shown as ambient ones."""
    user = security.get("runAsUser", _NOBODY)
    names = ",".join(f"+{name.lower()}" for name in capabilities)
    kept = f"-all,{names}" if names else "-all"
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", f"--inh-caps={kept}",
            f"--ambient-caps={kept}", f"--bounding-set={kept}", "--no-new-privs", "--pdeathsig", "KILL"]


class Container:
    def __init__(self, pod, spec):
        self.pod, self.spec, self.name = pod, spec, spec["name"]
        self.is_ours = self.name in _OURS
        self.process = None

    def _command(self, words):
        pod, security = self.pod, self.spec.get("securityContext", {})
        user = _user(security, security.get("capabilities", {}).get("add", []))
        if not self.is_ours:
            return [*pod.machine.wrapper, *user, *words]
        mounts = []
        for one in self.spec.get("volumeMounts", []):
            mounts += [pod.volume(one["name"]), one["mountPath"], "ro" if one.get("readOnly") else "rw"]
        root = tempfile.mkdtemp(dir=pod.folder)
        return [*pod.machine.wrapper, "unshare", "--mount", "--propagation", "private", "sh", "-c", _ROOT, "sh", root,
                pod.node.lower, *mounts, "--", *user, *words]

    def _environment(self):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        for one in self.spec.get("env", []):
            env[one["name"]] = one.get("value", "") if "valueFrom" not in one else self._from(one["valueFrom"])
        return env

    def _from(self, source):
        if "resourceFieldRef" in source:
            return self.spec["resources"]["limits"]["cpu"].rstrip("m")
        return self.pod.field(source["fieldRef"]["fieldPath"])

    def start(self):
        words = [*self.spec.get("command", [f"/usr/bin/{self.name}"]), *self.spec.get("args", [])]
        self.process = self.pod.node.group.start(f"{self.pod.name}-{self.name}", self._command(words), self._environment())
        return self

    def run_to_its_end(self):
        code = self.start().process.wait()
        if code != 0:
            raise AssertionError(f"{self.pod.name}: {self.name} ended with {code}\n{self.process.tail()}")

    def hook(self, name):
        """The output of a hook of its life; None: it has none. As the kubelet, goes on when it fails."""
        hook = self.spec.get("lifecycle", {}).get(name)
        if hook is None:
            return None
        if "httpGet" in hook:
            get = hook["httpGet"]
            try:
                return http1.get(get["port"], get.get("path", "/"), self.pod.ip, timeout=PATIENCE).body.decode()
            except (OSError, http1.ConnectionEnded) as error:
                return f"{type(error).__name__}: {error}"
        done = subprocess.run(self._command(hook["exec"]["command"]), capture_output=True, text=True, check=False,
                              timeout=2 * PATIENCE, env=self._environment())
        return f"exit {done.returncode}: {done.stdout}{done.stderr}"

    def passes(self, kind):
        probe = self.spec.get(kind)
        if probe is None:
            return True
        if "httpGet" not in probe:
            raise AssertionError(f"{self.name}: only probes by httpGet are run here: {probe}")
        get = probe["httpGet"]
        try:
            return 200 <= http1.get(get["port"], get.get("path", "/"), self.pod.ip).status < 400
        except (OSError, http1.ConnectionEnded):
            return False

    def wait_started(self):
        self.process.wait_ready(lambda: self.passes("startupProbe"))

    def signal(self, number):
        if self.process is not None:
            self.process.signal(number)

    def is_running(self):
        return self.process is not None and self.process.is_running()


class Pod:
    """Made by Node.run()."""

    def __init__(self, node, pod, machine):
        self.node, self.machine, self.ip = node, machine, machine.ip
        self.object = pod
        self.name, self.namespace = pod["metadata"]["name"], pod["metadata"].get("namespace", "default")
        self.folder = tempfile.mkdtemp(prefix=f"{self.name}-", dir=node.folder)
        os.chmod(self.folder, 0o755)
        self._volumes = {}
        spec = pod["spec"]
        inits = [Container(self, one) for one in spec.get("initContainers", [])]
        self._steps = inits
        self.sidecars = [one for one in inits if one.spec.get("restartPolicy") == "Always"]
        self.containers = [Container(self, one) for one in spec["containers"]]
        self.is_ending = False
        self.hooks = {}  # of its end: container -> (seconds, what it said)

    def __getitem__(self, container):
        return next(one for one in [*self._steps, *self.containers] if one.name == container)

    def field(self, path):
        metadata, spec = self.object["metadata"], self.object["spec"]
        known = {"metadata.name": self.name, "metadata.namespace": self.namespace, "metadata.uid": metadata.get("uid", ""),
                 "status.podIP": self.ip, "status.podIPs": self.ip, "status.hostIP": self.node.ip,
                 "spec.nodeName": spec.get("nodeName", ""), "spec.serviceAccountName": self.account}
        return known[path]

    @property
    def account(self):
        return self.object["spec"].get("serviceAccountName", "default")

    # --- volumes ---
    def volume(self, name):
        """The folder of one of its volumes."""
        if name not in self._volumes:
            spec = next(one for one in self.object["spec"]["volumes"] if one["name"] == name)
            self._volumes[name] = os.path.join(self.folder, "volumes", name)
            os.makedirs(self._volumes[name])
            os.chmod(self._volumes[name], 0o777)
            self._fill(spec, self._volumes[name])
        return self._volumes[name]

    def _fill(self, spec, folder):
        if "configMap" in spec:
            path = f"/api/v1/namespaces/{self.namespace}/configmaps/{spec['configMap']['name']}"
            for key, text in wait_until(lambda: self.node.get(path), path)["data"].items():
                self._put(folder, key, text)
        for one in spec.get("projected", {}).get("sources", []):
            self._put_token(folder, one["serviceAccountToken"])

    def _put_token(self, folder, wanted):
        token = self.node.cluster.account_token(self.namespace, self.account, [wanted["audience"]], self.object)
        self._put(folder, wanted["path"], token)

    @staticmethod
    def _put(folder, name, text):
        path = os.path.join(folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", 0o644)
        os.replace(path + ".new", path)

    # --- its life ---
    def start(self):
        self.node.patch_status(self, {"podIP": self.ip, "podIPs": [{"ip": self.ip}], "phase": "Pending"})
        for step in self._steps:
            if step in self.sidecars:
                step.start().wait_started()
            else:
                step.run_to_its_end()
        for one in self.containers:
            said = one.start().hook("postStart")
            if said is not None and not said.startswith("exit 0"):
                raise AssertionError(f"{self.name}: postStart of {one.name}: {said}\n{one.process.tail()}")
        return self

    def is_ready(self):
        all_of_them = [*self.sidecars, *self.containers]
        return not self.is_ending and all(one.is_running() and one.passes("readinessProbe") for one in all_of_them)

    def stop(self):
        """As the kubelet when the pod is deleted; returns when it is gone. `hooks` says how long each took."""
        grace = self.object["spec"].get("terminationGracePeriodSeconds", 30)
        ends_at = time.monotonic() + grace
        self.is_ending = True
        self.node.delete(self, grace)
        self.node.publish()
        sidecars_hooks = [self._end_later(one, ends_at, signals=False) for one in self.sidecars]
        apps = [self._end_later(one, ends_at) for one in self.containers]
        for thread in [*apps, *sidecars_hooks]:
            thread.join()
        for one in reversed(self.sidecars):  # Kubernetes: in reverse, when all others are gone
            self._end(one, ends_at)
        self.node.gone(self)

    def _end_later(self, container, ends_at, signals=True):
        thread = threading.Thread(target=self._hook_and_end, args=(container, ends_at, signals), daemon=True)
        thread.start()
        return thread

    def _hook_and_end(self, container, ends_at, signals):
        began = time.monotonic()
        said = container.hook("preStop")
        if said is not None:
            self.hooks[container.name] = (time.monotonic() - began, said)
        if signals:
            self._end(container, ends_at)

    @staticmethod
    def _end(container, ends_at):
        if not container.is_running():
            return
        container.signal(signal.SIGTERM)
        try:
            container.process.wait(max(0.0, ends_at - time.monotonic()))
        except AssertionError:
            container.process.kill()


class Node:
    """Runs pods, each in a network of its own, joined through ours; writes the slices of the Services it is told of."""

    def __init__(self, cluster, group, binaries, folder, net="10.61"):
        self.cluster, self.group, self.folder = cluster, group, folder
        self.ip = f"{net}.0.1"
        self.pods, self._net, self._made, self._services = [], net, 0, []
        self._slices, self._lock = {}, threading.RLock()
        self.lower = os.path.join(folder, "image")
        for each in ("usr/bin", "etc/heddle"):
            os.makedirs(os.path.join(self.lower, each))
        for program in _OURS:
            target = os.path.join(self.lower, "usr/bin", program)
            subprocess.run(["strip", "-o", target, os.path.join(binaries, program)], check=True)
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
            file.write("1")

    def close(self):
        for pod in list(self.pods):
            self._unplug(pod)

    def get(self, path):
        try:
            return self.cluster.call("GET", path)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    def _machine(self):
        with self._lock:
            self._made += 1
            number = self._made
            machine = netns.Machine(f"pod{number}", f"{self._net}.{number}.1/24", f"{self._net}.{number}.2/24")
        machine.run("ip", "route", "add", "default", "via", f"{self._net}.{number}.1")
        return machine

    def run(self, pod):
        """Creates the pod through the API server, and runs what came of it."""
        namespace = pod["metadata"].get("namespace", "default")
        pod["spec"]["nodeName"] = "node"
        made = self.cluster.call("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
        return self.run_object(made)

    def run_object(self, made):
        pod = Pod(self, made, self._machine())
        with self._lock:
            self.pods.append(pod)
        pod.start()
        return pod

    # --- the API server's view ---
    def _path(self, pod):
        return f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"

    def patch_status(self, pod, status):
        self.cluster.call("PATCH", f"{self._path(pod)}/status", {"status": status},
                          content_type="application/merge-patch+json")

    def delete(self, pod, grace):
        self.cluster.call("DELETE", self._path(pod), {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace})

    def gone(self, pod):
        self.cluster.call("DELETE", self._path(pod), {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
        self._unplug(pod)

    def _unplug(self, pod):
        for one in [*pod.containers, *pod.sidecars]:
            if one.process is not None:
                one.process.kill()
        with self._lock:
            self.pods.remove(pod)
        pod.machine.close()
        shutil.rmtree(pod.folder, ignore_errors=True)

    # --- endpoints ---
    def serve(self, service):
        """A Service of the cluster whose slices are kept from now on."""
        self._services.append(service)
        self.publish()

    def publish(self):
        """Readiness as it is now -> conditions of the pods and slices. What the controllers of a cluster do."""
        with self._lock:
            ready = {pod.name: pod.is_ready() for pod in self.pods}
            for service in self._services:
                self._publish(service, ready)

    def _publish(self, service, ready):
        selector, namespace = service["spec"]["selector"].items(), service["metadata"]["namespace"]
        mine = [pod for pod in self.pods
                if pod.namespace == namespace and selector <= pod.object["metadata"].get("labels", {}).items()]
        endpoints = [{"addresses": [pod.ip], "conditions": {"ready": ready[pod.name]}, "topology": {},
                      "targetRef": {"kind": "Pod", "name": pod.name, "namespace": namespace,
                                    "uid": pod.object["metadata"]["uid"]}} for pod in mine]
        ports = [{"name": one.get("name", ""), "port": one["targetPort"], "protocol": "TCP"} for one in service["spec"]["ports"]]
        self._write(service["metadata"]["name"], namespace, {
            "metadata": {"name": f"{service['metadata']['name']}-1",
                         "labels": {"kubernetes.io/service-name": service["metadata"]["name"]}},
            "addressType": "IPv4", "ports": ports, "endpoints": endpoints})

    def _write(self, name, namespace, wanted):
        text = json.dumps(wanted, sort_keys=True)
        if self._slices.get((namespace, name)) == text:
            return
        path = f"/apis/discovery.k8s.io/v1beta1/namespaces/{namespace}/endpointslices"
        if (namespace, name) in self._slices:
            self.cluster.call("PUT", f"{path}/{name}-1", wanted)
        else:
            self.cluster.call("POST", path, wanted)
        self._slices[(namespace, name)] = text

    def wait_ready(self, pod):
        wait_until(pod.is_ready, f"{pod.name} to be ready\n" + "\n".join(
            one.process.tail() for one in [*pod.sidecars, *pod.containers]))
        self.publish()
        return pod
