"""The API of the double of a Kubernetes API server: discovery, objects, lists, watches, reviews, faults."""

import copy
import json
import secrets
import socket
import struct
import time

from double_faults import OF_REQUESTS, REASONS
from double_store import Refusal, expired

VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.0-double"}
BOOKMARKS = 60  # seconds between them
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def verb_of(method, path, query):
    if query.get("watch") in ("true", "1"):
        return "watch"
    if method != "GET":
        return VERBS.get(method, method)
    parts = path.strip("/").split("/")
    rest = parts[3:] if parts[0] == "apis" else parts[2:]
    if len(rest) > 2 and rest[0] == "namespaces":
        rest = rest[2:]
    return "get" if len(rest) > 1 else "list"


def reset(handler):
    """The peer sees RST, not an end."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    getattr(handler.connection, "_real_close", handler.connection.close)()


def wait_for_end(handler):
    """Says nothing more, until the client goes."""
    try:
        while handler.rfile.read(1):
            pass
    except OSError:
        pass
    handler.close_connection = True


def stop(handler, fault):
    """Whether this request ends in a fault of the kind that leaves nothing to serve."""
    kind = fault.get("do")
    if kind not in OF_REQUESTS:
        return False
    if kind == "status":
        code = fault["code"]
        handler.refuse(Refusal(code, REASONS.get(code, "Unknown"), "as ordered", retry_after=fault.get("retry_after")))
    elif kind == "reset":
        reset(handler)
    elif kind == "stall":
        wait_for_end(handler)
    else:
        handler.close_connection = True
    return True


def groups(served):
    out = {}
    for group, version, _ in served:
        versions = out.setdefault(group, [])
        if version not in versions:
            versions.append(version)
    return out


def discovery(served, path):
    if path == "/version":
        return VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*item) for item in groups(served).items() if item[0]]}
    parts = path.strip("/").split("/")
    wanted = ("", parts[1]) if parts[0] == "api" else tuple(parts[1:3])
    found = [(key, kind) for key, kind in served.items() if key[:2] == wanted]
    if not found:
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    resources = [{"name": key[2], "singularName": "", "namespaced": kind[1], "kind": kind[0], "verbs": verbs} for key, kind in found]
    resources += [dict(r, name=r["name"] + "/status", verbs=["get", "patch", "update"]) for r in resources]
    return {"kind": "APIResourceList", "groupVersion": "/".join(filter(None, wanted)), "resources": resources}


def _group(name, versions):
    each = [{"groupVersion": f"{name}/{v}", "version": v} for v in versions]
    return {"name": name, "versions": each, "preferredVersion": each[0]}


def serve(handler, verb, path, query, content, fault):
    world, parts = handler.world, path.strip("/").split("/")
    depth = {"api": 2, "apis": 3}.get(parts[0], 0)
    if path in ("/healthz", "/readyz", "/livez"):
        return handler.answer(200, "ok")
    if path in ("/version", "/api", "/apis") or len(parts) == depth:
        return handler.answer(200, discovery(world.store.served, path))
    if not depth or len(parts) < depth:
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    if parts[-1] in ("tokenreviews", "subjectaccessreviews"):
        return handler.answer(201, review(world, parts[-1], content))
    group_version = ("", parts[1]) if depth == 2 else tuple(parts[1:3])
    rest, namespace = parts[depth:], ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource, name, sub = (*group_version, rest[0]), "".join(rest[1:2]), "".join(rest[2:3])
    if (rest[0], sub, verb) == ("serviceaccounts", "token", "create"):
        return handler.answer(201, request_token(world, namespace, world.store.get(resource, namespace, name), content))
    if resource not in world.store.served or sub not in ("", "status"):
        raise Refusal(404, "NotFound", "the server could not find the requested resource")
    if verb == "watch":
        return Watch(handler, resource, namespace, query, fault).run()
    if verb == "list":
        return handler.answer(200, world.store.list(resource, namespace, query))
    return handler.answer(*change(handler, verb, (resource, namespace, name), sub == "status", content))


def change(handler, verb, key, is_status, content):
    store, kind = handler.world.store, handler.headers.get("content-type", "")
    if verb == "get":
        return 200, store.get(*key)
    if verb == "create":
        return 201, store.create(*key[:2], content)
    if verb == "delete":
        return 200, store.delete(*key, (content or {}).get("preconditions") or {})
    if verb == "update":
        return 200, store.replace(*key, lambda _: content, is_status)
    if "apply-patch" in kind and key not in store.objects and not is_status:
        content.setdefault("metadata", {})["name"] = key[2]
        return 201, store.create(*key[:2], content)
    patched = _json_patched if "json-patch" in kind else merged
    return 200, store.replace(*key, lambda old: patched(old, content), is_status)


def merged(old, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    out = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out


def _json_patched(old, patch):
    """RFC 6902: add, replace and remove."""
    out = copy.deepcopy(old)
    for step in patch:
        path = [p.replace("~1", "/").replace("~0", "~") for p in step["path"].split("/")[1:]]
        at = out
        for part in path[:-1]:
            at = at[int(part)] if isinstance(at, list) else at.setdefault(part, {})
        last = path[-1] if isinstance(at, dict) else len(at) if path[-1] == "-" else int(path[-1])
        if step["op"] == "remove" or (step["op"] == "replace" and isinstance(at, list)):
            at.pop(last)
        if step["op"] != "remove":
            at.insert(last, step["value"]) if isinstance(at, list) else at.update({last: step["value"]})
    return out


def request_token(world, namespace, account, content):
    """TokenRequest: a token that a TokenReview then knows."""
    spec, token = content["spec"], secrets.token_urlsafe(24)
    name, bound = account["metadata"]["name"], spec.get("boundObjectRef")
    user = {"username": f"system:serviceaccount:{namespace}:{name}", "uid": account["metadata"]["uid"],
            "groups": ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]}
    if bound:
        user["extra"] = {"authentication.kubernetes.io/pod-name": [bound["name"]],
                         "authentication.kubernetes.io/pod-uid": [bound["uid"]]}
    world.identities[token] = {"authenticated": True, "user": user, "audiences": spec["audiences"]}
    return dict(content, kind="TokenRequest", status={"token": token})


def review(world, plural, content):
    if plural == "subjectaccessreviews":
        return dict(content, status={"allowed": world.access})
    spec = content.get("spec", {})
    status = copy.deepcopy(world.identities.get(spec.get("token"), {"error": "[invalid bearer token]"}))
    asked = spec.get("audiences") or []
    if "audiences" in status:  # those of the token that were asked for; none: not for us
        status["audiences"] = [a for a in status["audiences"] if a in asked]
        if not status["audiences"]:
            status = {"error": "token audiences are not the ones asked for"}
    return dict(content, status=status)


class Watch:
    def __init__(self, handler, resource, namespace, query, fault):
        self.handler, self.store = handler, handler.world.store
        self.what = (resource, namespace, query)
        self.orders = []
        self.kind, self.code = fault.get("do", ""), fault.get("code", 410)
        start = query.get("resourceVersion", "")
        self.is_from_now = start in ("", "0")
        self.version = self.store.version if self.is_from_now else int(start)
        self.ends = time.monotonic() + float(query.get("timeoutSeconds", 1800))
        self.bookmark_at = time.monotonic() + BOOKMARKS

    def run(self):
        self.handler.send_response(200)
        self.handler.send_header("content-type", "application/json")
        self.handler.send_header("transfer-encoding", "chunked")
        self.handler.end_headers()
        self.handler.world.watches.add(self)
        try:
            self.work()
        finally:
            self.handler.world.watches.discard(self)

    def work(self):
        if self.kind == "mute":
            return wait_for_end(self.handler)
        with self.store.changed:
            is_gone = self.version < self.store.oldest
            present = [] if not self.is_from_now else self.store._matching(*self.what)
        if is_gone:
            self.send({"type": "ERROR", "object": expired().status})
            return self.finish()
        for obj in present:
            self.send({"type": "ADDED", "object": obj})
        while time.monotonic() < self.ends:
            events, orders = self.wait()
            for event in events:
                self.send(event)
            for order in orders:
                if not self.obey(order):
                    return None
        return self.finish()

    def wait(self):
        with self.store.changed:
            ready = lambda: self.orders or (self.store.log and self.store.log[-1][0] > self.version)
            self.store.changed.wait_for(ready, timeout=max(0, min(self.ends, self.bookmark_at) - time.monotonic()))
            fresh = [change for change in self.store.log if change[0] > self.version]
            events = [e for e in (self.store.event(change, *self.what) for change in fresh) if e]
            orders, self.orders = self.orders, []
            self.version = max([self.version] + [change[0] for change in fresh])
        if time.monotonic() >= self.bookmark_at:
            self.bookmark_at = time.monotonic() + BOOKMARKS
            orders.append("bookmark")
        return copy.deepcopy(events), orders

    def obey(self, order):
        """False: the watch is over."""
        if order == "bookmark":
            if self.what[2].get("allowWatchBookmarks") == "true":
                kind = self.store.served[self.what[0]][0]
                self.send({"type": "BOOKMARK", "object": {"kind": kind, "metadata": {"resourceVersion": str(self.version)}}})
            return True
        if order == "error":
            self.send({"type": "ERROR", "object": expired().status})
        if order == "reset":
            reset(self.handler)
        elif order == "stall":
            wait_for_end(self.handler)
        else:
            self.finish()
        return False

    def send(self, event):
        if self.kind == "error":
            event = {"type": "ERROR", "object": Refusal(self.code, REASONS.get(self.code, "Unknown"), "as ordered").status}
        elif self.kind == "unknown":
            event = dict(event, type="REPLACED")
        text = "{not JSON\n" if self.kind == "garbage" else json.dumps(event) + "\n"
        for _ in range(2 if self.kind == "duplicate" else 1):
            parts = [text[i:i + 1] for i in range(len(text))] if self.kind == "split" else [text]
            for part in parts:
                self.chunk(part.encode())

    def chunk(self, data):
        self.handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.handler.wfile.flush()

    def finish(self):
        self.handler.wfile.write(b"0\r\n\r\n")
