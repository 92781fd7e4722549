"""Applications behind a sidecar, in threads of the test: whatever a handler writes goes out as it is."""

import socket
import threading

from .http1 import ConnectionEnded, Reader, chunk
from .ports import family_of


class TcpApp:
    """Calls serve(socket) in a thread per connection. Counts connections; closes them all at the end."""

    def __init__(self, serve, ip="127.0.0.1", port=0):
        self._serve = serve
        self._lock = threading.Lock()
        self._open = set()
        self.accepted = 0
        self.ip = ip
        self._listener = socket.socket(family_of(ip), socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((ip, port))
        self._listener.listen(128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(sock)
                self.accepted += 1
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        try:
            self._serve(sock)
        except (OSError, ConnectionEnded, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def close(self):
        # close() alone does not wake a thread in accept().
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class HttpApp(TcpApp):
    """HTTP/1.1: handle(request, reader, sock) for each request; the handler reads the body and writes the answer.

    A handler that returns False ends the connection.
    """

    def __init__(self, handle, ip="127.0.0.1", port=0):
        self._handle = handle
        super().__init__(self._serve_http, ip, port)

    def _serve_http(self, sock):
        reader = Reader(sock)
        while True:
            request = reader.head()
            if self._handle(request, reader, sock) is False:
                return


def reply(sock, body=b"", status="200 OK", headers=()):
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    sock.sendall(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{head}\r\n".encode("latin-1") + body)


def reply_chunked(sock, parts, headers=(), trailers=()):
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    sock.sendall(f"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n{head}\r\n".encode("latin-1"))
    for part in parts:
        sock.sendall(chunk(part))
    end = "".join(f"{name}: {value}\r\n" for name, value in trailers)
    sock.sendall(f"0\r\n{end}\r\n".encode("latin-1"))


def echo_tcp(sock):
    """Everything back, then our end when the peer ended."""
    while data := sock.recv(65536):
        sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def hello_app(text=b"hello\n", ip="127.0.0.1", port=0, status="200 OK"):
    def handle(request, reader, sock):
        reader.body(request)
        reply(sock, text, status)

    return HttpApp(handle, ip, port)
