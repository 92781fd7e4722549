#!/usr/bin/env python3
"""Active checks by the gRPC health checking protocol, against python3-grpcio; and methods of HTTP checks."""

import json
import threading
import unittest
from concurrent import futures

import grpc

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp, hello_app, reply
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_CHECK = {"interval": "100ms", "timeout": "20s", "unhealthyThreshold": 1, "jitter": 0}
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"


class HealthService(grpc.GenericRpcHandler):
    """grpc.health.v1.Health for services by their names."""

    def __init__(self, **states):
        self.states = {name.encode(): state for name, state in states.items()} | {b"": _SERVING}
        self.asked = []  # (service, authority)
        self.lock = threading.Lock()

    def service(self, details):
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self.check)
        return None

    def check(self, request, context):
        name = request[2:] if request else b""  # field 1 of less than 128 bytes
        with self.lock:
            self.asked.append(name)
        if name not in self.states:
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return self.states[name]


class HealthCase(MeshTestCase):
    def serve(self, health):
        server = grpc.server(futures.ThreadPoolExecutor(4), handlers=(health,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(0).wait())
        return port

    def start(self, ports, check, **backend):
        name = self.mesh.next_name()
        endpoints = [resources.endpoint("127.0.0.1", port) for port in ports]
        policy = resources.health_policy("hello", "hello", {**_CHECK, **check})
        backend_set = resources.backend_set("hello", endpoints, tls="plaintext", **backend)
        path = self.mesh.write(f"{name}.yaml", resources.to_yaml([resources.service("hello"), backend_set, policy]))
        self.proxy = self.mesh.sidecar(name, [self.mesh.outbound("hello")], self.mesh.file_blocks(None, path))
        self.addCleanup(self.proxy.kill)
        self.proxy.start()

    def rows(self, proxy=None):
        sets = json.loads((proxy or self.proxy).admin("/backends").body)["backendSets"]
        return {int(row["address"].rpartition(":")[2]): row for row in sets[0]["endpoints"]}

    def wait_state(self, port, state, proxy=None):
        def is_so():
            row = self.rows(proxy)[port]
            return row["state"] == state and "lastCheck" in row
        wait_until(is_so, f"port {port} to be {state}")
        return self.rows(proxy)[port]


class GrpcHealth(HealthCase):
    def test_follows_what_the_service_says(self):
        health = HealthService(weaver=_SERVING)
        port = self.serve(health)
        self.start([port], {"kind": "grpc", "service": "weaver"}, protocol="http2")
        row = self.wait_state(port, "UP")
        self.assertEqual((row["lastCheck"]["kind"], row["lastCheck"]["result"]), ("grpc", "ok"))

        health.states[b"weaver"] = _NOT_SERVING
        row = self.wait_state(port, "DOWN")
        self.assertEqual(row["why"], "grpc check: unavailable: NOT_SERVING")
        answer = http1.get(self.proxy.address_of("out")[1])
        self.assertEqual((answer.status, answer.reason), (503, "no-healthy-endpoint"))

        health.states[b"weaver"] = _SERVING
        row = self.wait_state(port, "UP")
        self.assertEqual(row["lastFailure"]["why"], "grpc check: unavailable: NOT_SERVING")

    def test_without_a_service_the_server_as_a_whole_is_asked(self):
        health = HealthService()
        port = self.serve(health)
        self.start([port], {"kind": "grpc"})

        wait_until(lambda: len(health.asked) >= 2, "two checks")

        self.assertEqual(set(health.asked), {b""})
        self.assertEqual(self.wait_state(port, "UP")["state"], "UP")

    def test_a_service_nobody_knows_is_down(self):
        port = self.serve(HealthService())
        self.start([port], {"kind": "grpc", "service": "nobody"})

        self.assertEqual(self.wait_state(port, "DOWN")["why"],
                         "grpc check: unavailable: gRPC status NOT_FOUND: unknown service")

    def test_who_does_not_speak_grpc_is_down(self):
        app = hello_app()
        self.addCleanup(app.close)
        self.start([app.port], {"kind": "grpc"})

        self.wait_state(app.port, "DOWN")

    def test_nobody_there_is_down_with_the_reason(self):
        app = hello_app()
        port = app.port
        health = HealthService()
        alive = self.serve(health)
        app.close()
        self.start([port, alive], {"kind": "grpc"})

        self.assertEqual(self.wait_state(port, "DOWN")["lastCheck"]["result"], "upstream-connect-refused")
        self.assertEqual(self.wait_state(alive, "UP")["state"], "UP")

    def test_over_mutual_tls_through_the_far_sidecar(self):
        health = HealthService(weaver=_SERVING)
        port = self.serve(health)
        pair = Pair(self.mesh, port, protocol="grpc", name="woven", inbound={"forwardProtocol": "http2"},
                    backend={"protocol": "http2"})
        policy = resources.health_policy("woven", "woven", {**_CHECK, "kind": "grpc", "service": "weaver"})
        self.mesh.write("woven.yaml", resources.to_yaml([*pair.resources, policy]))
        pair.start()
        self.addCleanup(pair.client.kill)
        self.addCleanup(pair.server.kill)
        far = int(pair.resources[1]["spec"]["endpoints"][0]["port"])
        self.wait_state(far, "UP", pair.client)

        health.states[b"weaver"] = _NOT_SERVING
        row = self.wait_state(far, "DOWN", pair.client)

        self.assertEqual(row["why"], "grpc check: unavailable: NOT_SERVING")


class HttpChecks(HealthCase):
    def test_the_method_and_another_interval_while_down(self):
        seen = []
        state = {"status": "200 OK"}

        def handle(request, reader, sock):
            reader.body(request)
            seen.append(request.method)
            if request.method == "HEAD":  # a length, and no body
                sock.sendall(f"HTTP/1.1 {state['status']}\r\ncontent-length: 6\r\n\r\n".encode())
            else:
                reply(sock, b"hello\n", state["status"])

        app = HttpApp(handle)
        self.addCleanup(app.close)
        self.start([app.port], {"kind": "http", "method": "HEAD", "interval": "100ms", "unhealthyInterval": "1h"})
        wait_until(lambda: len(seen) >= 3, "three checks")
        self.assertEqual(set(seen), {"HEAD"})
        self.assertEqual(self.wait_state(app.port, "UP")["state"], "UP")

        state["status"] = "500 Internal Server Error"
        row = self.wait_state(app.port, "DOWN")
        asked = len(seen)

        self.assertEqual(row["why"], "http check: unavailable: status 500, expected 200-299")
        self.assertEqual(http1.get(self.proxy.address_of("out")[1]).status, 503)
        self.assertEqual(len(seen), asked, "asked again although the interval while it is down is an hour")


if __name__ == "__main__":
    unittest.main()
