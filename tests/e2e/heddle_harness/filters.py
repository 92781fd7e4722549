"""Filters of HTTPRoutes for tests: an application that says what it saw, both protocols, and how filters are written."""

import json
import re

from . import h2peer, http1, resources
from .apps import HttpApp, reply
from .mesh import MeshTestCase, Pair

HOST = "shop.example:1234"
BACKEND = resources.to_backend_set("app")
_OWN = [("x-app", "app"), ("x-set-me", "app"), ("x-add-me", "app"), ("x-remove-me", "app"),
        ("access-control-allow-origin", "https://app.example")]


class Echo:
    """Answers with what it saw, as JSON, and always with the same fields."""

    def __init__(self):
        self.targets = []

    def __call__(self, request, reader, sock):
        reader.body(request)
        self.targets.append(request.target)
        seen = {"target": request.target, "headers": request.headers}
        reply(sock, json.dumps(seen).encode(), headers=_OWN)


class Answer:
    """Of either protocol."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = bytes(body)

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    def one(self, name):
        values = self.all(name)
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    @property
    def reason(self):
        return re.split(r"[;, ]", self.one("heddle-reason") or "")[0]

    @property
    def seen(self):
        return json.loads(self.body)

    def seen_all(self, name):
        return [value for key, value in self.seen["headers"] if key == name]


def over_http1(port, method, path, headers, host):
    with http1.Client(port) as client:
        answer = client.request(method, path, [("host", host), *headers])
        return Answer(answer.status, answer.headers, answer.body)


def over_http2(port, method, path, headers, host):
    client = h2peer.Client(port)
    try:
        stream_id = client.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", host), (":path", path)]
        client.h2.send_headers(stream_id, fields + [(name.lower(), value) for name, value in headers], end_stream=True)
        client.streams[stream_id] = h2peer.Stream()
        client.flush()
        stream = client.finish(stream_id)
        return Answer(stream.status, stream.headers, stream.body)
    finally:
        client.close()


PROTOCOLS = (over_http1, over_http2)


def modifier(kind, **changes):
    """set and add: dictionaries; remove: names."""
    said = {verb: [{"name": name, "value": value} for name, value in fields.items()] if verb != "remove" else fields
            for verb, fields in changes.items()}
    return {"type": f"{kind.capitalize()}HeaderModifier", f"{kind}HeaderModifier": said}


def redirect(**fields):
    return {"type": "RequestRedirect", "requestRedirect": fields}


def rewrite(**fields):
    return {"type": "URLRewrite", "urlRewrite": fields}


def cors(**fields):
    return {"type": "CORS", "cors": fields}


def prefix(value):
    return {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}


def full(value):
    return {"type": "ReplaceFullPath", "replaceFullPath": value}


def extension(name):
    return {"type": "ExtensionRef", "extensionRef": {"group": "heddle.dev", "kind": "HTTPRouteFilter", "name": name}}


def rule(path, *filters, backends=(BACKEND,), **more):
    out = {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "filters": list(filters), **more}
    return out | ({"backendRefs": list(backends)} if backends else {})


def answered(path, *filters):
    """A rule that forwards nothing."""
    return rule(path, *filters, backends=())


def http_route_filter(name, **spec):
    return {"apiVersion": "heddle.dev/v1", "kind": "HTTPRouteFilter", "metadata": {"name": name}, "spec": spec}


def routes(rules):
    """As many routes as it takes: one holds 16 rules."""
    return [resources.route(f"route-{i}", "app", rules[i:i + 16]) for i in range(0, len(rules), 16)]


class FilterCase(MeshTestCase):
    rules = []
    more = []

    @classmethod
    def build(cls):
        cls.echo = Echo()
        cls.app = HttpApp(cls.echo)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port)
        everything = cls.pair.resources + cls.more + routes([*cls.rules, rule("/plain")])
        cls.mesh.write("app.yaml", resources.to_yaml(everything))
        cls.pair.start()

    def each(self, path, headers=(), method="GET", host=HOST):
        """The answer over each protocol."""
        return [ask(self.pair.port, method, path, headers, host) for ask in PROTOCOLS]
