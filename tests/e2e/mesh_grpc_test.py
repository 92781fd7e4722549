#!/usr/bin/env python3
"""gRPC through two sidecars, with Debian's python3-grpcio as client and server. Messages are plain bytes."""

import threading
import unittest
from concurrent import futures

import grpc

from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_SERVICE = "heddle.test.Weaver"
_PATIENCE = 60  # s


class Weaver(grpc.GenericRpcHandler):
    """The server's side of each kind of call."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.slow_calls = []  # (seconds that were left at first, whether it ended before it was answered)

    def service(self, details):
        name = details.method.rpartition("/")[2]
        kinds = {"Unary": grpc.unary_unary_rpc_method_handler, "Fail": grpc.unary_unary_rpc_method_handler,
                 "Slow": grpc.unary_unary_rpc_method_handler, "Collect": grpc.stream_unary_rpc_method_handler,
                 "Count": grpc.unary_stream_rpc_method_handler, "Endless": grpc.unary_stream_rpc_method_handler,
                 "FailLate": grpc.unary_stream_rpc_method_handler, "Chat": grpc.stream_stream_rpc_method_handler}
        return kinds[name](getattr(self, name)) if name in kinds else None

    def Unary(self, request, context):
        context.set_trailing_metadata((("x-trailing", "kept"),))
        context.send_initial_metadata((("x-initial", dict(context.invocation_metadata()).get("x-mine", "")),))
        return b"hello " + request

    def Fail(self, request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not woven: 100 % wool")

    def Slow(self, request, context):
        left = context.time_remaining()
        gone = threading.Event()
        context.add_callback(gone.set)
        self.slow_calls.append((left, gone.wait(_PATIENCE)))
        return b""

    def Collect(self, requests, context):
        return b"+".join(requests)

    def Count(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number

    def FailLate(self, request, context):
        yield b"first"
        context.abort(grpc.StatusCode.DATA_LOSS, "thread broke")

    def Endless(self, request, context):
        context.add_callback(self.cancelled.set)
        while context.is_active():
            yield b"x" * 1024
            self.cancelled.wait(0.01)

    def Chat(self, requests, context):
        for request in requests:
            yield b"you said " + request


class GrpcOverTheMesh(MeshTestCase):
    @classmethod
    def build(cls):
        cls.weaver = Weaver()
        server = grpc.server(futures.ThreadPoolExecutor(16), handlers=(cls.weaver,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        cls.pair = Pair(cls.mesh, port, protocol="grpc", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"}).start()

    def setUp(self):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.pair.port}", (("grpc.enable_http_proxy", 0),))
        self.addCleanup(self.channel.close)

    def call(self, kind, name):
        return getattr(self.channel, kind)(f"/{_SERVICE}/{name}")

    def test_unary_calls_with_metadata_both_ways(self):
        answer, call = self.call("unary_unary", "Unary").with_call(b"mesh", timeout=_PATIENCE, metadata=(("x-mine", "seen"),))
        self.assertEqual(answer, b"hello mesh")
        self.assertEqual(dict(call.initial_metadata())["x-initial"], "seen")
        self.assertEqual(dict(call.trailing_metadata())["x-trailing"], "kept")

    def test_many_calls_on_one_channel(self):
        unary = self.call("unary_unary", "Unary")
        calls = [unary.future(b"%d" % number, timeout=_PATIENCE) for number in range(200)]
        self.assertEqual([call.result() for call in calls], [b"hello %d" % number for number in range(200)])

    def test_client_streaming(self):
        answer = self.call("stream_unary", "Collect")((b"%d" % n for n in range(100)), timeout=_PATIENCE)
        self.assertEqual(answer, b"+".join(b"%d" % n for n in range(100)))

    def test_server_streaming(self):
        answers = list(self.call("unary_stream", "Count")(b"500", timeout=_PATIENCE))
        self.assertEqual(answers, [b"%d" % n for n in range(500)])

    def test_bidirectional_streaming_is_not_buffered(self):
        said = []
        turn = threading.Semaphore(1)

        def speak():
            for number in range(20):
                turn.acquire()
                yield b"%d" % number

        for answer in self.call("stream_stream", "Chat")(speak(), timeout=_PATIENCE):
            said.append(answer)
            turn.release()
        self.assertEqual(said, [b"you said %d" % n for n in range(20)])

    def test_large_messages(self):
        body = b"w" * (3 << 20)
        answer = self.call("unary_unary", "Unary")(body, timeout=_PATIENCE)
        self.assertEqual(len(answer), len(body) + 6)

    def test_an_error_status_arrives_in_trailers(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("unary_unary", "Fail")(b"", timeout=_PATIENCE)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(caught.exception.details(), "not woven: 100 % wool")

    def test_an_error_after_messages_arrives_too(self):
        answers = self.call("unary_stream", "FailLate")(b"", timeout=_PATIENCE)
        self.assertEqual(next(answers), b"first")
        with self.assertRaises(grpc.RpcError) as caught:
            next(answers)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DATA_LOSS)

    def test_an_unknown_method_is_unimplemented(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("unary_unary", "Nothing")(b"", timeout=_PATIENCE)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_deadline_reaches_the_server_and_ends_the_call(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.call("unary_unary", "Slow")(b"", timeout=4)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        wait_until(lambda: self.weaver.slow_calls, "the server to see the end")
        left, has_ended = self.weaver.slow_calls[-1]
        self.assertTrue(has_ended)
        self.assertLessEqual(left, 4.5)

    def test_a_cancellation_reaches_the_server(self):
        answers = self.call("unary_stream", "Endless")(b"")
        self.assertEqual(len(next(answers)), 1024)
        answers.cancel()
        wait_until(self.weaver.cancelled.is_set, "the server to see the cancellation")


class GrpcWithoutServer(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pair = Pair(cls.mesh, cls.mesh.ports.reserve(), protocol="grpc", inbound={"forwardProtocol": "http2"},
                        backend={"protocol": "http2"}).start()

    def test_the_proxys_own_answer_is_a_grpc_status_with_a_reason(self):
        channel = grpc.insecure_channel(f"127.0.0.1:{self.pair.port}", (("grpc.enable_http_proxy", 0),))
        with channel, self.assertRaises(grpc.RpcError) as caught:
            channel.unary_unary(f"/{_SERVICE}/Unary")(b"", timeout=_PATIENCE)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        everything = dict(caught.exception.initial_metadata()) | dict(caught.exception.trailing_metadata())
        self.assertIn("heddle-reason", everything)


if __name__ == "__main__":
    unittest.main()
