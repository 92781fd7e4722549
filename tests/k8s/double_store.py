"""The objects of the double of a Kubernetes API server: resourceVersions, a log of changes, selectors. No sockets."""

import base64
import copy
import itertools
import json
import threading
import time
import uuid

# (group, version, plural): kind, namespaced. All have /status, which a server of built-in kinds has where it matters.
SERVED = {
    ("", "v1", "namespaces"): ("Namespace", False),
    ("", "v1", "nodes"): ("Node", False),
    ("", "v1", "services"): ("Service", True),
    ("", "v1", "endpoints"): ("Endpoints", True),
    ("", "v1", "pods"): ("Pod", True),
    ("", "v1", "configmaps"): ("ConfigMap", True),
    ("", "v1", "secrets"): ("Secret", True),
    ("", "v1", "serviceaccounts"): ("ServiceAccount", True),
    ("", "v1", "events"): ("Event", True),
    ("apps", "v1", "deployments"): ("Deployment", True),
    ("discovery.k8s.io", "v1", "endpointslices"): ("EndpointSlice", True),
    ("discovery.k8s.io", "v1beta1", "endpointslices"): ("EndpointSlice", True),
    ("coordination.k8s.io", "v1", "leases"): ("Lease", True),
    ("gateway.networking.k8s.io", "v1", "gatewayclasses"): ("GatewayClass", False),
    ("gateway.networking.k8s.io", "v1", "gateways"): ("Gateway", True),
    ("gateway.networking.k8s.io", "v1", "httproutes"): ("HTTPRoute", True),
    ("gateway.networking.k8s.io", "v1", "grpcroutes"): ("GRPCRoute", True),
    ("gateway.networking.k8s.io", "v1alpha2", "tcproutes"): ("TCPRoute", True),
    ("gateway.networking.k8s.io", "v1beta1", "referencegrants"): ("ReferenceGrant", True),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions"): ("CustomResourceDefinition", False),
    ("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"): ("MutatingWebhookConfiguration", False),
    ("heddle.dev", "v1", "services"): ("Service", True),
    ("heddle.dev", "v1", "backendsets"): ("BackendSet", True),
    ("heddle.dev", "v1", "healthpolicies"): ("HealthPolicy", True),
    ("heddle.dev", "v1", "trafficpolicies"): ("TrafficPolicy", True),
    ("heddle.dev", "v1", "authorizationpolicies"): ("AuthorizationPolicy", True),
    ("heddle.dev", "v1", "workloads"): ("Workload", True),
}

CRDS = ("apiextensions.k8s.io", "v1", "customresourcedefinitions")


class Refusal(Exception):
    """What becomes a Status."""

    def __init__(self, code, reason, message, causes=(), retry_after=None):
        super().__init__(message)
        details = {"causes": list(causes)} if causes else {}
        if retry_after is not None:
            details["retryAfterSeconds"] = retry_after
        self.code, self.retry_after = code, retry_after
        self.status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                       "reason": reason, "details": details, "code": code}


def expired():
    return Refusal(410, "Expired", "The resourceVersion for the provided watch is too old.")


def selects(labels, selector):
    """Label selectors: a, !a, a=b, a==b, a!=b, a in (b,c), a notin (b,c)."""
    for term in _terms(selector):
        for operator in (" notin ", " in "):
            if operator in term:
                name, values = term.split(operator)
                found = labels.get(name.strip()) in [v.strip() for v in values.strip(" ()").split(",")]
                break
        else:
            operator = next((o for o in ("!=", "==", "=") if o in term), "")
            name, _, value = term.partition(operator) if operator else (term.lstrip("!"), "", "")
            found = labels.get(name.strip()) == value.strip() if operator else name.strip() in labels
        if found == (operator in (" notin ", "!=") or (not operator and term.startswith("!"))):
            return False
    return True


def _terms(selector):
    depth, term = 0, ""
    for c in selector + ",":
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "," and depth == 0:
            if term.strip():
                yield term.strip()
            term = ""
        else:
            term += c


def fields_match(obj, selector):
    """Field selectors of equality: metadata.name=a,spec.nodeName!=b."""
    for term in filter(None, selector.split(",")):
        path, _, value = term.replace("==", "=").partition("=")
        is_negated, at = path.endswith("!"), obj
        for part in path.rstrip("!").split("."):
            at = at.get(part, "") if isinstance(at, dict) else ""
        if (str(at) == value) == is_negated:
            return False
    return True


class Store:
    def __init__(self):
        self.changed = threading.Condition()
        self.served = dict(SERVED)
        self.objects = {}  # (resource, namespace, name): object
        self.log = []  # (version, resource, before or None, after or None)
        self.version = 1000
        self.oldest = 0  # changes up to this one are compacted
        self.pages = {}  # continue token: (version, objects that are left)
        self.tokens = itertools.count()
        for name in ("default", "kube-system"):
            self.create(("", "v1", "namespaces"), "", {"metadata": {"name": name}})

    def _commit(self, resource, key, after):
        """Under the lock; `after` without its resourceVersion."""
        before = self.objects.pop(key, None)
        self.version += 1
        if after is not None:
            after["metadata"]["resourceVersion"] = str(self.version)
            self.objects[key] = after
        else:  # the last state, at the version of its end
            before = copy.deepcopy(before)
            before["metadata"]["resourceVersion"] = str(self.version)
        self.log.append((self.version, resource, before, after))
        self.changed.notify_all()
        return copy.deepcopy(after or before)

    def _find(self, resource, namespace, name):
        found = self.objects.get((resource, namespace, name))
        if found is None:
            raise Refusal(404, "NotFound", f'{resource[2]} "{name}" not found')
        return found

    def get(self, resource, namespace, name):
        with self.changed:
            return copy.deepcopy(self._find(resource, namespace, name))

    def create(self, resource, namespace, obj):
        obj = copy.deepcopy(obj)
        meta = obj.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
        if not meta.get("name"):
            raise Refusal(422, "Invalid", "metadata.name: Required value",
                          [{"reason": "FieldValueRequired", "message": "Required value", "field": "metadata.name"}])
        if namespace:
            meta["namespace"] = namespace
        obj["apiVersion"] = "/".join(filter(None, resource[:2]))
        obj["kind"] = self.served[resource][0]
        meta.update(uid=str(uuid.uuid4()), generation=1)
        meta.setdefault("creationTimestamp", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        meta.setdefault("managedFields", [{"manager": "double", "operation": "Update", "fieldsV1": {"f:spec": {}}}])
        key = (resource, namespace, meta["name"])
        with self.changed:
            if resource == CRDS:
                self._serve(obj)
            if key in self.objects:
                raise Refusal(409, "AlreadyExists", f'{resource[2]} "{meta["name"]}" already exists')
            return self._commit(resource, key, obj)

    def _serve(self, definition):
        spec = definition["spec"]
        for version in spec["versions"]:
            self.served[(spec["group"], version["name"], spec["names"]["plural"])] = (
                spec["names"]["kind"], spec["scope"] == "Namespaced")
        definition["status"] = {"conditions": [{"type": "Established", "status": "True"}], "acceptedNames": spec["names"]}

    def replace(self, resource, namespace, name, change, only_status=False):
        """`change`: old object -> new object."""
        with self.changed:
            old = self._find(resource, namespace, name)
            new = change(copy.deepcopy(old))
            asked = new.get("metadata", {}).get("resourceVersion", "")
            if asked and asked != old["metadata"]["resourceVersion"]:
                raise Refusal(409, "Conflict", f'Operation cannot be fulfilled on {resource[2]} "{name}": the object has '
                              "been modified; please apply your changes to the latest version and try again")
            merged = copy.deepcopy(old if only_status else new)
            if only_status:
                merged["status"] = new.get("status", {})
            else:
                self._keep_what_is_the_servers(old, merged)
            if merged == old:
                return copy.deepcopy(old)
            return self._commit(resource, (resource, namespace, name), merged)

    @staticmethod
    def _keep_what_is_the_servers(old, new):
        if "status" in old:
            new["status"] = old["status"]
        else:
            new.pop("status", None)
        for field in ("uid", "creationTimestamp", "generation", "name", "namespace", "resourceVersion", "managedFields"):
            if field in old["metadata"]:
                new["metadata"][field] = old["metadata"][field]

        def wanted(o):
            return {k: v for k, v in o.items() if k not in ("metadata", "status")}

        if wanted(old) != wanted(new):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1

    def delete(self, resource, namespace, name, preconditions=()):
        """`preconditions`: uid and resourceVersion that it must have."""
        with self.changed:
            meta = self._find(resource, namespace, name)["metadata"]
            if any(meta[field] != preconditions[field] for field in preconditions):
                raise Refusal(409, "Conflict", f'Operation cannot be fulfilled on {resource[2]} "{name}": a precondition failed')
            return self._commit(resource, (resource, namespace, name), None)

    def compact(self):
        with self.changed:
            self.oldest = self.version
            self.pages.clear()

    def list(self, resource, namespace, query):
        with self.changed:
            if "continue" in query:
                if query["continue"] not in self.pages:
                    raise expired()
                version, found = self.pages.pop(query["continue"])
            else:
                version, found = self.version, self._matching(resource, namespace, query)
            asked = query.get("resourceVersion", "")
            if asked.isdigit() and int(asked) > self.version:
                raise Refusal(504, "Timeout", f"Too large resource version: {asked}, current: {self.version}",
                              [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], 1)
            limit, meta = int(query.get("limit", 0)), {"resourceVersion": str(version)}
            if limit and len(found) > limit:
                token = base64.b64encode(json.dumps([version, next(self.tokens)]).encode()).decode()
                self.pages[token] = (version, found[limit:])
                meta.update({"continue": token, "remainingItemCount": len(found) - limit})
                found = found[:limit]
        return {"kind": self.served[resource][0] + "List", "apiVersion": "/".join(filter(None, resource[:2])),
                "metadata": meta, "items": [{k: v for k, v in o.items() if k not in ("kind", "apiVersion")} for o in found]}

    def _matching(self, resource, namespace, query):
        keys = sorted(k for k in self.objects if k[0] == resource and namespace in ("", k[1]))
        return [copy.deepcopy(self.objects[k]) for k in keys if matches(self.objects[k], "", query)]

    def event(self, change, resource, namespace, query):
        """What a watch is told of one change of the log, if anything."""
        _, of, before, after = change
        if of != resource:
            return None
        was, is_there = matches(before, namespace, query), matches(after, namespace, query)
        if is_there:
            return {"type": "MODIFIED" if was else "ADDED", "object": after}
        if not was:
            return None
        gone = copy.deepcopy(before)
        gone["metadata"]["resourceVersion"] = str(change[0])
        return {"type": "DELETED", "object": gone}


def matches(obj, namespace, query):
    if obj is None or (namespace and obj["metadata"].get("namespace") != namespace):
        return False
    labels = obj["metadata"].get("labels") or {}
    return selects(labels, query.get("labelSelector", "")) and fields_match(obj, query.get("fieldSelector", ""))
