#!/usr/bin/env python3
"""Filters of GRPCRoutes, from the control plane to real gRPC servers; names as in the Gateway API's conformance suite."""

import json
import threading
import unittest

import grpc

from heddle_harness import resources
from heddle_harness.filters import extension, http_route_filter, modifier
from heddle_harness.processes import wait_until
from heddle_harness.resources import matched
from mesh_grpc_matching_test import GrpcCase, method, to
from mesh_mirror_test import mirror

_PATIENCE = 60  # s
_V1, _V2 = ("v1", "v2")
_ECHO = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"


class MetadataEcho(grpc.GenericRpcHandler):
    """Answers every unary call with its name and the metadata it saw, and remembers that."""

    def __init__(self, name):
        self.name = name
        self._lock = threading.Lock()
        self._calls = []

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._answer(details.method, request, context))

    def _answer(self, path, request, context):
        seen = [(key, value) for key, value in context.invocation_metadata() if isinstance(value, str)]
        with self._lock:
            self._calls.append((path, seen, request))
        context.send_initial_metadata((("x-set-me", self.name), ("x-remove-me", self.name)))
        return json.dumps({"name": self.name, "metadata": seen}).encode()

    def calls(self, path):
        with self._lock:
            return [(seen, request) for called, seen, request in self._calls if called == path]


def rule_of(name, *filters, backends=(to(_V1),)):
    return {**matched(list(backends), method(_ECHO, name)), "filters": list(filters)}


def values(metadata, name):
    return [value for key, value in metadata if key == name]


class GrpcFilters(GrpcCase):
    more = [http_route_filter("refuses", fault={"abort": {"grpcStatus": 8}})]
    rules = [
        rule_of("Set", modifier("request", set={"X-Header-Set": "set-overwrites-values"})),
        rule_of("Add", modifier("request", add={"X-Header-Add": "add-appends-values"})),
        rule_of("Remove", modifier("request", remove=["X-Header-Remove"])),
        rule_of("Multi", modifier("request", set={"X-Header-Set-1": "header-set-1", "X-Header-Set-2": "header-set-2"},
                                  add={"X-Header-Add-1": "header-add-1", "X-Header-Add-2": "header-add-2"},
                                  remove=["X-Header-Remove-1", "X-Header-Remove-2"])),
        rule_of("Answer", modifier("response", set={"X-Set-Me": "set"}, add={"x-new": "new"}, remove=["X-Remove-Me"])),
        rule_of("Backend", backends=[{**to(_V2), "filters": [modifier("request", set={"x-backend": "v2"}),
                                                             modifier("response", set={"x-from": "v2"})]}]),
        rule_of("Mirror", mirror(_V2)),
        rule_of("MirrorAndModify", mirror(_V2),
                modifier("request", set={"X-Header-Set": "set-overwrites-values"},
                         add={"X-Header-Add": "header-val-1", "X-Header-Add-Append": "header-val-2"},
                         remove=["X-Header-Remove"])),
        rule_of("Refused", extension("refuses")),
    ]
    servers = {}

    @classmethod
    def build(cls):
        cls.everything = [resources.service("echo", protocol="grpc", backend_set=_V1), *cls.more,
                          resources.grpc_route("echo", "echo", cls.rules)]
        super().build()

    @classmethod
    def handler(cls, name):
        return cls.servers.setdefault(name, MetadataEcho(name))

    def call(self, name, metadata=(), request=b""):
        """(what the server saw, the initial metadata of its answer)"""
        method_of = self.channel("echo").unary_unary(f"/{_ECHO}/{name}")
        answer, call = method_of.with_call(request, timeout=_PATIENCE, metadata=tuple(metadata))
        return json.loads(answer), list(call.initial_metadata())

    def test_MeshGRPCRouteRequestHeaderModifier_set(self):
        seen, _ = self.call("Set", [("some-other-header", "stays"), ("x-header-set", "overwritten")])
        self.assertEqual(values(seen["metadata"], "x-header-set"), ["set-overwrites-values"])
        self.assertEqual(values(seen["metadata"], "some-other-header"), ["stays"])

    def test_MeshGRPCRouteRequestHeaderModifier_add(self):
        seen, _ = self.call("Add", [("x-header-add", "appended")])
        self.assertEqual(", ".join(values(seen["metadata"], "x-header-add")), "appended, add-appends-values")

    def test_MeshGRPCRouteRequestHeaderModifier_remove(self):
        seen, _ = self.call("Remove", [("x-header-remove", "removed")])
        self.assertEqual(values(seen["metadata"], "x-header-remove"), [])

    def test_MeshGRPCRouteRequestHeaderModifier_multiple(self):
        seen, _ = self.call("Multi", [("x-header-set-2", "a"), ("x-header-add-2", "add"), ("x-header-remove-2", "a")])
        self.assertEqual([", ".join(values(seen["metadata"], f"x-header-{name}"))
                          for name in ("set-1", "set-2", "add-1", "add-2", "remove-2")],
                         ["header-set-1", "header-set-2", "header-add-1", "add, header-add-2", ""])

    def test_response_headers_are_modified(self):
        _, answer = self.call("Answer")
        self.assertEqual([values(answer, name) for name in ("x-set-me", "x-new", "x-remove-me")], [["set"], ["new"], []])

    def test_the_filters_of_a_backend(self):
        seen, answer = self.call("Backend")
        self.assertEqual((seen["name"], values(seen["metadata"], "x-backend"), values(answer, "x-from")),
                         (_V2, ["v2"], ["v2"]))

    def copies(self, name):
        path = f"/{_ECHO}/{name}"
        return wait_until(lambda: self.handler(_V2).calls(path), f"a copy of {path}")

    def test_MeshGRPCRouteRequestMirror(self):
        seen, _ = self.call("Mirror", [("x-mirror-only", "true")], request=b"what is asked")
        self.assertEqual(seen["name"], _V1)
        [(metadata, request)] = self.copies("Mirror")
        self.assertEqual((values(metadata, "x-mirror-only"), request), (["true"], b"what is asked"))

    def test_MeshGRPCRouteRequestMirror_and_modified_headers(self):
        seen, _ = self.call("MirrorAndModify", [("x-header-remove", "a"), ("x-header-add-append", "append-val-1")])
        [(mirrored, _)] = self.copies("MirrorAndModify")
        for metadata in (seen["metadata"], mirrored):
            self.assertEqual([", ".join(values(metadata, f"x-header-{name}"))
                              for name in ("set", "add", "add-append", "remove")],
                             ["set-overwrites-values", "header-val-1", "append-val-1, header-val-2", ""])

    def test_an_injected_fault_is_a_grpc_status(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("Refused")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertEqual(self.handler(_V1).calls(f"/{_ECHO}/Refused"), [])

    def test_explain_names_the_mirror(self):
        told = self.control.cli("explain", f"http://echo/{_ECHO}/Mirror", "--method", "POST").stdout
        self.assertIn("filter: RequestMirror: every request to default/v2", told)

    def test_what_grpc_has_no_use_for_is_refused(self):
        wrong = resources.grpc_route("wrong", "echo", [
            {**matched([to(_V1)]), "filters": [{"type": "URLRewrite", "urlRewrite": {"hostname": "a"}}]}])
        done = self.control.cli("apply", "-f", "-", text=resources.to_yaml([wrong]), check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("spec.rules[0].filters[0].type: expected one of RequestHeaderModifier", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
