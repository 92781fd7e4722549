#!/usr/bin/env python3
"""Traces: what two sidecars send to a collector, and what the application reads of it."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from heddle_harness import http1, resources
from heddle_harness.apps import HttpApp
from heddle_harness.filters import Echo
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_CALLER = "00f067aa0ba902b7"


class Collector:
    """Takes OTLP/HTTP in JSON; refuses as often as it is told to, then keeps the spans."""

    def __init__(self, refuse=0):
        outer = self
        self.refusals = refuse
        self.spans = []
        self.lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["content-length"]))
                status = outer.take(self.path, self.headers, json.loads(body))
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self, path, headers, body):
        with self.lock:
            if path != "/v1/traces" or headers["content-type"] != "application/json":
                return 400
            if self.refusals > 0:
                self.refusals -= 1
                return 503
            for resource in body["resourceSpans"]:
                who = attributes(resource["resource"])["service.name"]
                for scope in resource["scopeSpans"]:
                    self.spans += [{**span, "service": who} for span in scope["spans"]]
            return 200

    def of(self, trace):
        with self.lock:
            return [span for span in self.spans if span["traceId"] == trace]

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def attributes(of):
    return {one["key"]: next(iter(one["value"].values())) for one in of["attributes"]}


class Tracing(MeshTestCase):
    @classmethod
    def build(cls):
        cls.collector = Collector(refuse=1)
        cls.addClassCleanup(cls.collector.close)
        cls.app = HttpApp(Echo())
        cls.addClassCleanup(cls.app.close)
        tracing = {"endpoint": cls.collector.endpoint, "samplePercent": 0}
        cls.pair = Pair(cls.mesh, cls.app.port, tracing=tracing).start()

    def ask(self, trace=_TRACE, flags="01", path="/cart?secret=1"):
        with http1.Client(self.pair.port) as client:
            answer = client.request("GET", path, [("traceparent", f"00-{trace}-{_CALLER}-{flags}"), ("tracestate", "a=1")])
        self.assertEqual(answer.status, 200)
        return dict(json.loads(answer.body)["headers"])

    def test_both_sidecars_send_a_span_and_the_application_reads_the_last(self):
        seen = self.ask()
        wait_until(lambda: len(self.collector.of(_TRACE)) == 2, "both spans, after a refusal of the collector")
        spans = {span["kind"]: span for span in self.collector.of(_TRACE)}
        client, server = spans[3], spans[2]
        self.assertEqual((client["parentSpanId"], server["parentSpanId"]), (_CALLER, client["spanId"]))
        self.assertEqual(seen["traceparent"], f"00-{_TRACE}-{server['spanId']}-01")
        self.assertEqual(seen["tracestate"], "a=1")
        self.assertEqual((client["service"], server["service"]), ("app-outbound", "app-server"))
        said = attributes(client)
        self.assertEqual((said["url.path"], said["http.response.status_code"]), ("/cart", "200"))
        self.assertEqual((said["heddle.service"], said["heddle.backend_set"]), ("default/app", "default/app"))
        self.assertNotIn("secret", json.dumps(spans))
        wait_until(lambda: self.pair.client.metrics().total("heddle_spans_total", result="exported") >= 1,
                   "the spans to be counted")

    def test_what_the_caller_did_not_sample_is_passed_on_and_not_sent(self):
        quiet, loud = "1" * 32, "2" * 32
        seen = self.ask(trace=quiet, flags="00")
        self.assertEqual((seen["traceparent"][3:35], seen["traceparent"][-2:]), (quiet, "00"))
        self.ask(trace=loud)
        wait_until(lambda: len(self.collector.of(loud)) == 2, "the spans of the later request")
        self.assertEqual(self.collector.of(quiet), [])


class Reasons(MeshTestCase):
    @classmethod
    def build(cls):
        cls.collector = Collector()
        cls.addClassCleanup(cls.collector.close)
        nobody = [resources.service("nobody"), resources.backend_set("nobody", [], tls="plaintext")]
        blocks = cls.mesh.file_blocks(None, cls.mesh.write("mesh.yaml", resources.to_yaml(nobody)))
        tracing = {"endpoint": cls.collector.endpoint, "samplePercent": 100, "serviceName": "shop"}
        cls.client = cls.mesh.sidecar("client", [cls.mesh.outbound()], blocks, tracing=tracing).start()

    def test_an_answer_of_the_sidecar_says_its_reason(self):
        with http1.Client(self.client.address_of("out")[1]) as connection:
            self.assertEqual(connection.request("GET", "/", [("host", "nobody")]).status, 503)
        wait_until(lambda: self.collector.spans, "the span of a trace that begins here")
        span, = self.collector.spans
        self.assertNotIn("parentSpanId", span)
        self.assertEqual((span["service"], span["status"]["code"]), ("shop", 2))
        self.assertEqual(attributes(span)["heddle.reason"], "no-healthy-endpoint")


if __name__ == "__main__":
    unittest.main()
