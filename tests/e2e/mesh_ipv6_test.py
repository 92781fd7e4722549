#!/usr/bin/env python3
"""Every leg over IPv6, for what mesh_http_test.py does not send over it: TCP, HTTP/2 and gRPC."""

import socket
import unittest
from concurrent import futures

import grpc

import mesh_grpc_test
from heddle_harness import h2peer
from heddle_harness.apps import TcpApp, echo_tcp
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.ports import endpoint

_IP = "::1"
_HTTP2 = {"inbound": {"forwardProtocol": "http2"}, "backend": {"protocol": "http2"}}


class Ipv6Case(MeshTestCase):
    """Applications, sidecars and clients listen and dial on ::1, and nowhere else."""

    @classmethod
    def build_pair(cls, app_port, protocol, **options):
        cls.pair = Pair(cls.mesh, app_port, protocol, app_ip=_IP, ip=_IP, client_ip=_IP, **options).start()


class Tcp(Ipv6Case):
    @classmethod
    def build(cls):
        cls.callers = []
        cls.app = TcpApp(cls.serve, _IP)
        cls.addClassCleanup(cls.app.close)
        cls.build_pair(cls.app.port, "tcp")

    @classmethod
    def serve(cls, sock):
        cls.callers.append(sock.getpeername()[0])
        echo_tcp(sock)

    def test_bytes_go_both_ways(self):
        with socket.create_connection((_IP, self.pair.port), 30) as client:
            client.sendall(b"six")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(client.makefile("rb").read(), b"six")
        self.assertEqual(self.callers, [_IP])


class Http2(Ipv6Case):
    @classmethod
    def build(cls):
        cls.app = h2peer.App(cls.echo, ip=_IP)
        cls.addClassCleanup(cls.app.close)
        cls.build_pair(cls.app.port, "http2", **_HTTP2)

    @staticmethod
    def echo(connection, stream_id, stream):
        connection.h2.send_headers(stream_id, [(":status", "200")])
        connection.send_body(stream_id, bytes(stream.body))

    def test_a_request_is_answered_on_every_leg(self):
        client = h2peer.Client(self.pair.port, _IP)
        self.addCleanup(client.close)
        answer = client.request("POST", "/echo", body=b"six")
        self.assertEqual((answer.status, answer.body), (200, b"six"))


class Grpc(Ipv6Case):
    @classmethod
    def build(cls):
        server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(mesh_grpc_test.Weaver(),))
        port = server.add_insecure_port(endpoint(_IP, 0))
        server.start()
        cls.addClassCleanup(lambda: server.stop(0).wait())
        cls.build_pair(port, "grpc", **_HTTP2)

    def test_a_call_is_answered_on_every_leg(self):
        address = f"ipv6:{endpoint(_IP, self.pair.port)}"
        with grpc.insecure_channel(address, (("grpc.enable_http_proxy", 0),)) as channel:
            call = channel.unary_unary("/heddle.test.Weaver/Unary")
            self.assertEqual(call(b"six", timeout=60), b"hello six")


if __name__ == "__main__":
    unittest.main()
