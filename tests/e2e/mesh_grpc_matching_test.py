#!/usr/bin/env python3
"""GRPCRoutes, from the control plane to real gRPC servers: the cases of the Gateway API's conformance suite, by their
names, regular expressions, and what happens beside an HTTPRoute."""

import collections
import json
import os
import subprocess
import unittest
from concurrent import futures

import grpc

from heddle_harness import http1, resources
from heddle_harness.mesh import MeshTestCase
from heddle_harness.processes import wait_until
from heddle_harness.resources import matched, regex

_PATIENCE = 60  # s
_V1, _V2, _V3 = ("v1", "v2", "v3")
_ECHO = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"
_UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED
_CALLS = 2000  # of the weighted case: beyond _WITHIN once in a million runs
_WITHIN = 0.05  # of them, as the conformance suite has it


class Echo(grpc.GenericRpcHandler):
    """Answers every unary call with its name."""

    def __init__(self, name):
        self.name = name

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.name.encode())


def to(name, weight=1):
    return resources.to_backend_set(name, weight)


def method(service=None, name=None, **more):
    return {"method": {key: value for key, value in (("service", service), ("method", name)) if value} | more}


def headers(**pairs):
    return {"headers": [{"name": name, "value": value} for name, value in pairs.items()]}


# name -> (rules, calls: (path, metadata, backend or status))
_CASES = {
    "GRPCExactMethodMatching": ([
        matched([to(_V1)], method(_ECHO, "Echo")), matched([to(_V2)], method(_ECHO, "EchoTwo"))], [
            (f"/{_ECHO}/Echo", {}, _V1), (f"/{_ECHO}/EchoTwo", {}, _V2), (f"/{_ECHO}/EchoThree", {}, _UNIMPLEMENTED),
            ("/other.Echo/Echo", {}, _UNIMPLEMENTED)]),
    "GRPCRouteHeaderMatching": ([
        matched([to(_V1)], headers(version="one")), matched([to(_V2)], headers(version="two")),
        matched([to(_V1)], headers(version="two", color="orange")),
        matched([to(_V1)], headers(color="blue"), headers(color="green")),
        matched([to(_V2)], headers(color="red"), headers(color="yellow"))], [
            (f"/{_ECHO}/Echo", {"version": "one"}, _V1), (f"/{_ECHO}/Echo", {"version": "two"}, _V2),
            (f"/{_ECHO}/Echo", {"version": "two", "color": "orange"}, _V1),
            (f"/{_ECHO}/Echo", {"version": "two", "color": "blue"}, _V2), (f"/{_ECHO}/Echo", {"color": "orange"}, _UNIMPLEMENTED),
            (f"/{_ECHO}/Echo", {"some-other-header": "one"}, _UNIMPLEMENTED), (f"/{_ECHO}/Echo", {"color": "blue"}, _V1),
            (f"/{_ECHO}/Echo", {"color": "green"}, _V1), (f"/{_ECHO}/Echo", {"color": "red"}, _V2),
            (f"/{_ECHO}/Echo", {"color": "yellow"}, _V2), (f"/{_ECHO}/Echo", {"color": "purple"}, _UNIMPLEMENTED)]),
    "GRPCRouteNamedRule": ([
        matched([to(_V1)], method(_ECHO, "Echo"), name="named-rule"), matched([to(_V2)], method(_ECHO, "EchoTwo"))], [
            (f"/{_ECHO}/Echo", {}, _V1), (f"/{_ECHO}/EchoTwo", {}, _V2)]),
    # Longest service, then longest method, then most headers.
    "Precedence": ([
        matched([to(_V1)]), matched([to(_V2)], method(None, "Get")), matched([to(_V3)], method("shop.Carts")),
        matched([to(_V1)], method("shop.Carts", "Get")), matched([to(_V2)], {**method("shop.Carts", "Get"), **headers(beta="1")})], [
            ("/any.Thing/Put", {}, _V1), ("/any.Thing/Get", {}, _V2), ("/shop.Carts/Put", {}, _V3),
            ("/shop.CartsAndMore/Put", {}, _V1), ("/shop.Carts/Get", {}, _V1), ("/shop.Carts/Get", {"beta": "1"}, _V2)]),
    "RegularExpression": ([
        matched([to(_V1)], method("shop[.]v[0-9]+[.]Carts", "Get.*", type="RegularExpression")),
        matched([to(_V2)], {"headers": [regex("version", "v[12]")]}),
        matched([to(_V3)], method(None, "(List|Watch)", type="RegularExpression"))], [
            ("/shop.v12.Carts/GetAll", {}, _V1), ("/shop.v12.Carts/PutAll", {}, _UNIMPLEMENTED),
            ("/shop.v.Carts/Get", {}, _UNIMPLEMENTED), ("/any.Thing/List", {}, _V3), ("/any.Thing/ListAll", {}, _UNIMPLEMENTED),
            ("/any.Thing/Get", {"version": "v2"}, _V2), ("/any.Thing/Get", {"version": "v3"}, _UNIMPLEMENTED)]),
    "MeshGRPCRouteWeight": ([matched([to(_V1, 70), to(_V2, 30), to(_V3, 0)])], []),
    "GRPCRouteAllBackendsWeightZero": ([matched([to(_V1, 0)])], [
        (f"/{_ECHO}/Echo", {}, grpc.StatusCode.UNAVAILABLE)]),
}


def resources_of(case):
    name = case.lower()
    return [resources.service(name, protocol="grpc", backend_set=_V1), resources.grpc_route(name, name, _CASES[case][0])]


class GrpcCase(MeshTestCase):
    """A control plane with `everything`, three gRPC servers, and a sidecar that routes by authority."""

    everything = ()

    @classmethod
    def build(cls):
        cls.control = cls.mesh.start_control()
        sets = [resources.backend_set(name, [resources.endpoint("127.0.0.1", cls.serve(name))], tls="plaintext",
                                      protocol="http2") for name in (_V1, _V2, _V3)]
        cls.files = cls.mesh.write("mesh.yaml", resources.to_yaml([*sets, *cls.everything]))
        with open(cls.files, encoding="utf-8") as file:
            version = cls.control.apply(file.read())
        cls.proxy = cls.mesh.sidecar("client", [cls.mesh.outbound()], cls.mesh.control_blocks("client")).start()
        cls.control.wait_version(version)
        cls.port = cls.proxy.address_of("out")[1]

    @classmethod
    def handler(cls, name):
        return Echo(name)

    @classmethod
    def serve(cls, name):
        server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(cls.handler(name),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        return port

    def channel(self, service):
        options = (("grpc.enable_http_proxy", 0), ("grpc.default_authority", service.lower()))
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}", options)
        self.addCleanup(channel.close)
        return channel

    @staticmethod
    def outcome(channel, path, metadata=()):
        try:
            return channel.unary_unary(path)(b"", timeout=_PATIENCE, metadata=tuple(dict(metadata).items())).decode()
        except grpc.RpcError as error:
            return error.code()


class GrpcMatching(GrpcCase):
    everything = [resource for case in _CASES for resource in resources_of(case)]

    def explanation(self, case, path, metadata):
        words = [os.path.join(self.mesh.bin, "heddle"), "explain", f"http://{case.lower()}{path}", "--method", "POST",
                 "-o", "json", "-f", self.files]
        for name, value in metadata.items():
            words += ["-H", f"{name}: {value}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return json.loads(done.stdout)

    def check(self, case):
        channel = self.channel(case)
        for path, metadata, expected in _CASES[case][1]:
            with self.subTest(path=path, metadata=metadata):
                self.assertEqual(self.outcome(channel, path, metadata), expected, "traffic")
                explanation = self.explanation(case, path, metadata)
                self.assertEqual(explanation["routed"], isinstance(expected, str), "explain")
                if explanation["routed"]:
                    self.assertEqual(explanation["backends"][0]["backendSet"], f"default/{expected}", "explain")
                    self.assertEqual(explanation["routeKind"], "GRPCRoute")

    def test_grpc_exact_method_matching(self):
        self.check("GRPCExactMethodMatching")

    def test_grpc_route_header_matching(self):
        self.check("GRPCRouteHeaderMatching")

    def test_grpc_route_named_rule(self):
        self.check("GRPCRouteNamedRule")

    def test_precedence(self):
        self.check("Precedence")

    def test_regular_expressions(self):
        self.check("RegularExpression")

    def test_all_backends_without_weight_are_unavailable(self):
        self.check("GRPCRouteAllBackendsWeightZero")

    def test_mesh_grpc_route_weight(self):
        channel = self.channel("MeshGRPCRouteWeight")
        calls = [channel.unary_unary(f"/{_ECHO}/Echo").future(b"", timeout=_PATIENCE) for _ in range(_CALLS)]
        seen = collections.Counter(call.result().decode() for call in calls)
        self.assertAlmostEqual(seen[_V1] / _CALLS, 0.7, delta=_WITHIN)
        self.assertAlmostEqual(seen[_V2] / _CALLS, 0.3, delta=_WITHIN)
        self.assertEqual(seen[_V3], 0)

    def test_what_no_rule_takes_has_a_reason_in_grpc_and_in_http(self):
        channel = self.channel("GRPCExactMethodMatching")
        with self.assertRaises(grpc.RpcError) as caught:
            channel.unary_unary("/other.Echo/Echo")(b"", timeout=_PATIENCE)
        everything = dict(caught.exception.initial_metadata()) | dict(caught.exception.trailing_metadata())
        self.assertTrue(everything["heddle-reason"].startswith("route-not-found"), everything)
        answer = http1.get(self.port, "/other", headers=[("host", "grpcexactmethodmatching")])
        self.assertEqual((answer.status, answer.reason), (404, "route-not-found"))


class BesideAnHttpRoute(GrpcCase):
    """GEP-1294: of the routes of one port those of one kind count, and GRPCRoutes before HTTPRoutes."""

    everything = [resources.service("both", protocol="grpc", backend_set=_V1),
                  resources.route("web", "both", [matched([to(_V2)])])]
    calls = resources.to_yaml([resources.grpc_route("calls", "both", [matched([to(_V3)], method("shop.Carts"))])])

    def test_the_http_route_gives_way_while_the_grpc_route_is_there(self):
        channel = self.channel("both")
        self.assertEqual(self.outcome(channel, "/shop.Carts/Get"), _V2)
        self.control.wait_version(self.control.apply(self.calls))
        self.assertEqual(self.outcome(channel, "/shop.Carts/Get"), _V3)
        self.assertEqual(self.outcome(channel, "/other.Thing/Get"), _UNIMPLEMENTED)
        told = self.control.cli("explain", "http://both/shop.Carts/Get", "--method", "POST").stdout
        self.assertIn("HTTPRoute default/web: is not accepted for port 80 of Service default/both: GRPCRoute default/calls",
                      told)
        self.assertIn("routed by GRPCRoute default/calls rule 0", told)
        self.assertIn("calls", self.control.cli("get", "grpcroutes").stdout)
        self.control.cli("delete", "grpcroute", "calls")
        wait_until(lambda: self.outcome(channel, "/shop.Carts/Get") == _V2, "the HTTPRoute to count again")

    def test_validate_warns_of_it(self):
        with open(self.files, encoding="utf-8") as file:
            both = self.mesh.write("both.yaml", file.read() + self.calls)
        done = subprocess.run([os.path.join(self.mesh.bin, "heddle"), "validate", "-f", both], capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: HTTPRoute default/web: spec.parentRefs[0]: is not accepted for port 80", done.stderr)


if __name__ == "__main__":
    unittest.main()
