#!/usr/bin/env python3
"""A double of a Kubernetes API server, for what the real one of Debian (1.20) lacks and for faults. Standard library.

  kube_double.py [--cert PEM --key PEM] [--token TOKEN]

Listens on free ports of loopback and then prints {"api": port, "script": port}. HTTP/1.1, with TLS where a certificate
is given; without --token anybody may do everything. The scripting port (plain HTTP, JSON in and out):

  POST /fault     a fault for requests to come (double_faults.py)      DELETE /fault    forget all of them
  GET  /requests  [{verb, path, query, token}] so far                  DELETE /requests
  POST /watches   {"do": close|reset|error|bookmark|stall} to every watch that is open
  POST /compact   resourceVersions up to now are too old
  POST /token     {"token": ...}: from now on this one alone is taken
  POST /identity  {"token": ..., "status": {...}}: the answer of TokenReviews of it
  POST /access    {"allowed": bool}: the answer of SubjectAccessReviews
  POST /serve     {"group", "version", "plural", "kind", "namespaced"}; DELETE /serve {"group", "version", "plural"}
"""

import argparse
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import double_api
from double_faults import Faults
from double_store import Refusal, Store


class World:
    """What both ports share."""

    def __init__(self, token):
        self.store, self.faults = Store(), Faults()
        self.token = token
        self.identities, self.access = {}, True
        self.requests = []
        self.watches = set()  # of open ones


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    world = None

    def log_message(self, *_):
        pass

    def body(self):
        text = self.rfile.read(int(self.headers.get("content-length") or 0))
        return json.loads(text) if text else {}

    def answer(self, code, document, headers=()):
        text = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, refusal):
        headers = [] if refusal.retry_after is None else [("retry-after", str(refusal.retry_after))]
        self.answer(refusal.code, refusal.status, headers)


class ApiHandler(Quiet):
    def handle_any(self):
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        content = self.body()
        verb = double_api.verb_of(self.command, url.path, query)
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        self.world.requests.append({"verb": verb, "path": unquote(url.path), "query": query, "token": token})
        fault = self.world.faults.take(verb, unquote(url.path), url.query)
        try:
            if double_api.stop(self, fault):
                return
            if self.world.token and token != self.world.token:
                raise Refusal(401, "Unauthorized", "Unauthorized")
            double_api.serve(self, verb, unquote(url.path), query, content, fault)
        except Refusal as refusal:
            self.refuse(refusal)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class ScriptHandler(Quiet):
    def do_GET(self):
        known = {"/requests": list(self.world.requests), "/fault": self.world.faults.left()}
        self.answer(200 if self.path in known else 404, known.get(self.path))

    def do_DELETE(self):
        content = self.body()
        if self.path == "/fault":
            self.world.faults.clear()
        elif self.path == "/requests":
            self.world.requests.clear()
        elif self.path == "/serve":
            self.world.store.served.pop((content["group"], content["version"], content["plural"]), None)
        self.answer(200, {})

    def do_POST(self):
        content = self.body()
        try:
            self.answer(200, self.order(content) or {})
        except (KeyError, ValueError) as why:
            self.answer(400, {"why": repr(why)})

    def order(self, content):
        world = self.world
        if self.path == "/fault":
            return world.faults.add(content)
        if self.path == "/watches":
            with world.store.changed:
                told = [w for w in world.watches if not w.orders.append(content["do"])]
                world.store.changed.notify_all()
            return {"told": len(told)}
        if self.path == "/compact":
            return world.store.compact()
        if self.path == "/token":
            world.token = content["token"]
        elif self.path == "/identity":
            world.identities[content["token"]] = content["status"]
        elif self.path == "/access":
            world.access = content["allowed"]
        elif self.path == "/serve":
            key = (content["group"], content["version"], content["plural"])
            world.store.served[key] = (content["kind"], content["namespaced"])
        else:
            raise ValueError(self.path)
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):  # clients come and go
        pass


def listen(handler, world, context=None):
    bound = type(handler.__name__, (handler,), {"world": world})
    server = Server(("127.0.0.1", 0), bound)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--token", default="")
    args = parser.parse_args()
    context = None
    if args.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.cert, args.key)
        context.set_alpn_protocols(["http/1.1"])
    world = World(args.token)
    ports = {"api": listen(ApiHandler, world, context), "script": listen(ScriptHandler, world)}
    print(json.dumps(ports), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
