#!/usr/bin/env python3
"""Deadlines of gRPC and hedges through whole sidecars, with Debian's python3-grpcio as client and server."""

import threading
import unittest
from concurrent import futures

import grpc

from heddle_harness import h2peer, resources
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_METHOD = "/heddle.test.Loom/Weave"
_PATIENCE = 60  # s
_CANCEL = 8  # RFC 9113 §7


class Loom(grpc.GenericRpcHandler):
    """Answers at once, or, held, not before the call is over."""

    def __init__(self, is_held):
        self.is_held = is_held
        self.calls = []  # (seconds that were left at first, whether it was over before it was answered)

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self.weave)

    def weave(self, request, context):
        left = context.time_remaining()
        over = threading.Event()
        context.add_callback(over.set)
        self.calls.append((left, over.wait(_PATIENCE) if self.is_held else False))
        return b"woven " + request


def start_loom(test, is_held):
    """The loom and its port."""
    loom = Loom(is_held)
    server = grpc.server(futures.ThreadPoolExecutor(16), handlers=(loom,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    test.addClassCleanup(lambda: server.stop(0).wait())
    return loom, port


class Case(MeshTestCase):
    def call(self, port, timeout=_PATIENCE):
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", (("grpc.enable_http_proxy", 0),))
        with channel:
            return channel.unary_unary(_METHOD)(b"wool", timeout=timeout)

    def error(self, port, timeout):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call(port, timeout)
        return caught.exception


class OverTwoSidecars(Case):
    """A policy lets nobody wait longer than 3 s: the client would wait for a minute."""

    @classmethod
    def build(cls):
        cls.loom, port = start_loom(cls, is_held=True)
        cls.pair = Pair(cls.mesh, port, protocol="grpc", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"})
        policy = resources.traffic_policy("app-traffic", "app", timeouts={"maxGrpcTimeout": "3s"})
        cls.mesh.write("app.yaml", resources.to_yaml([*cls.pair.resources, policy]))
        cls.pair.start()

    def last_call(self, count):
        wait_until(lambda: len(self.loom.calls) == count, "the server to see the end of the call")
        return self.loom.calls[-1]

    def test_the_policys_end_is_known_to_the_server(self):
        calls = len(self.loom.calls)
        error = self.error(self.pair.port, _PATIENCE)

        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        left, was_over = self.last_call(calls + 1)
        self.assertTrue(was_over)
        self.assertLessEqual(left, 3)

    def test_the_callers_own_is_the_shorter_one(self):
        calls = len(self.loom.calls)
        error = self.error(self.pair.port, 1)

        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        left, was_over = self.last_call(calls + 1)
        self.assertTrue(was_over)
        self.assertLess(left, 1.5)


class Backend(Case):
    """One sidecar from a file, without identity, in front of applications that speak HTTP/2."""

    def start(self, ports, **policy):
        path = self.mesh.write(f"{self.mesh.next_name()}.yaml", resources.to_yaml([
            resources.service("loom", protocol="grpc"),
            resources.backend_set("loom", [resources.endpoint("127.0.0.1", port) for port in ports], tls="plaintext",
                                  protocol="http2", loadBalancer={"policy": "roundRobin"}),
            resources.traffic_policy("loom-traffic", "loom", **policy)]))
        listener = self.mesh.outbound("loom")
        self.proxy = self.mesh.sidecar(self.mesh.next_name(), [listener], self.mesh.file_blocks(None, path), workers=1)
        self.addCleanup(self.proxy.kill)
        self.proxy.start()
        return self.proxy.address_of("out")[1]

    def entries(self, **wanted):
        return [entry for entry in self.proxy.log_entries()
                if all(entry.get(key) == value for key, value in wanted.items())]


class Resets(Backend):
    def test_the_stream_upstream_is_cancelled(self):
        app = h2peer.App(lambda *_: None)  # never answers
        self.addCleanup(app.close)
        port = self.start([app.port], timeouts={"maxGrpcTimeout": "500ms"})

        error = self.error(port, _PATIENCE)
        self.assertEqual(error.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        metadata = dict(error.initial_metadata() or ()) | dict(error.trailing_metadata() or ())
        self.assertEqual(metadata["heddle-reason"], "request-timeout; limit=grpc-timeout")
        wait_until(lambda: app.resets, "the end of the stream")
        self.assertEqual(app.resets, [(_METHOD, _CANCEL)])

    def test_a_malformed_one_does_not_reach_the_application(self):
        app = h2peer.App(lambda *_: None)
        self.addCleanup(app.close)
        client = h2peer.Client(self.start([app.port]))
        self.addCleanup(client.close)

        answer = client.request("POST", _METHOD, [("content-type", "application/grpc"), ("grpc-timeout", "1s")], b"")

        self.assertEqual((answer.status, answer.header("grpc-status")), (200, "13"))
        self.assertEqual(app.accepted, 0)


class Hedges(Backend):
    @classmethod
    def build(cls):
        cls.held, cls.held_port = start_loom(cls, is_held=True)
        cls.quick, cls.quick_port = start_loom(cls, is_held=False)

    def test_an_endpoint_that_never_answers_holds_nobody_up(self):
        port = self.start([self.held_port, self.quick_port], hedge={"after": "50ms", "nonIdempotent": True})

        def has_won():
            self.assertEqual(self.call(port), b"woven wool")
            return self.proxy.metrics().total("heddle_hedges_total", result="won") >= 1

        wait_until(has_won, "a call that went to the other one first")
        wait_until(lambda: self.held.calls, "a call to be given up at the other one")
        self.assertTrue(all(was_over for _, was_over in self.held.calls))
        wait_until(lambda: self.entries(path=_METHOD, tries=2), "a request of two tries in the access log")
        self.assertEqual([entry["response_code"] for entry in self.entries(path=_METHOD, tries=2)][0], 200)


if __name__ == "__main__":
    unittest.main()
