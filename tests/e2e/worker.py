#!/usr/bin/env python3
"""The demo's application: answers `Hello, I am ID n`, and on GET /crash `Bye from ID n`, and is gone.

When the caller has read the goodbye the crash is over: the worker stops listening, lets the requests it already works
on finish, closes every other connection and answers last.
"""

import argparse
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_LAST_REQUESTS = 0.5  # s a crash waits for the requests beside it


class Worker(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, number):
        super().__init__(address, Handler)
        self.number = number
        self._idle = threading.Condition()
        self._connections = set()
        self._busy = 0
        self._is_crashing = False

    def server_bind(self):  # without the base's look-up of the host's name
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address

    def connected(self, connection):
        with self._idle:
            self._connections.add(connection)

    def disconnected(self, connection):
        with self._idle:
            self._connections.discard(connection)

    def began(self):
        with self._idle:
            self._busy += 1

    def ended(self):
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def crash(self, mine):
        with self._idle:
            if self._is_crashing:
                return False
            self._is_crashing = True
            self.socket.close()
            self._idle.wait_for(lambda: self._busy <= 1, _LAST_REQUESTS)
            for connection in self._connections - {mine}:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write

    def setup(self):
        super().setup()
        self.server.connected(self.connection)

    def finish(self):
        self.server.disconnected(self.connection)
        super().finish()

    def do_GET(self):
        self.server.began()
        try:
            if self.path == "/crash" and self.server.crash(self.connection):
                self._answer(f"Bye from ID {self.server.number}\n", "close")
                os._exit(1)
            self._answer(f"Hello, I am ID {self.server.number}\n", "keep-alive")
        finally:
            self.server.ended()

    def do_HEAD(self):
        self.do_GET()

    def _answer(self, text, connection):
        body = text.encode("ascii")
        self.send_response(200)
        self.send_header("content-type", "text/plain; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", connection)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--id", type=int, required=True)
    parser.add_argument("--address", default="127.0.0.1")
    args = parser.parse_args()
    try:
        Worker((args.address, args.port), args.id).serve_forever()
    except (OSError, ValueError):
        pass  # the listener of a crashing worker is closed below accept()
    threading.Event().wait()


if __name__ == "__main__":
    main()
