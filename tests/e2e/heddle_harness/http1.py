"""HTTP/1.1 on a plain socket, for tests that care about the bytes: pipelining, chunks, trailers, 1xx, half-close."""

import re
import socket

from .ports import endpoint, family_of

TIMEOUT = 30.0  # s that one read or write may take: longer than any stall of a busy machine


class ConnectionEnded(Exception):
    """The peer closed before the message was complete."""


class Message:
    """A response or a request as it came: `first` is the start line, headers are (lower-case name, value) pairs."""

    def __init__(self, first, headers):
        self.first = first
        self.headers = headers
        self.body = b""
        self.body_length = 0
        self.trailers = []
        self.informational = []  # of a response: the 1xx messages before it

    @property
    def status(self):
        return int(self.first.split(" ")[1])

    @property
    def method(self):
        return self.first.split(" ")[0]

    @property
    def target(self):
        return self.first.split(" ")[1]

    def header(self, name, otherwise=None):
        return next((value for key, value in self.headers if key == name), otherwise)

    def all(self, name):
        return [value for key, value in self.headers if key == name]

    @property
    def reason(self):
        """The name in heddle-reason, without the details our own application is told."""
        return re.split(r"[;, ]", self.header("heddle-reason", ""))[0] or None

    def has_token(self, name, token):
        return any(token == word.strip().lower() for value in self.all(name) for word in value.split(","))


def _split(line):
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


class Reader:
    """Reads messages from a socket; what came too much stays for the next one (pipelining)."""

    def __init__(self, sock):
        self._sock = sock
        self._buffer = bytearray()

    def _fill(self):
        data = self._sock.recv(65536)
        if not data:
            return False
        self._buffer += data
        return True

    def take(self, size):
        while len(self._buffer) < size:
            if not self._fill():
                raise ConnectionEnded(f"closed with {size - len(self._buffer)} bytes missing")
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def skip(self, size):
        """Like take, in constant memory and without keeping anything."""
        while size > 0:
            if not self._buffer and not self._fill():
                raise ConnectionEnded(f"closed with {size} bytes missing")
            part = min(size, len(self._buffer))
            del self._buffer[:part]
            size -= part

    def line(self):
        while b"\r\n" not in self._buffer:
            if not self._fill():
                raise ConnectionEnded("closed within a line" if self._buffer else "closed")
        line, _, rest = self._buffer.partition(b"\r\n")
        self._buffer = rest
        return line.decode("latin-1")

    def rest(self):
        while self._fill():
            pass
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def head(self):
        first = self.line()
        headers = []
        while line := self.line():
            headers.append(_split(line))
        return Message(first, headers)

    def _chunks(self, message, keep):
        while size := int(self.line().split(";")[0], 16):
            self._part(message, size, keep)
            self.line()
        while line := self.line():
            message.trailers.append(_split(line))

    def _part(self, message, size, keep):
        message.body_length += size
        if keep:
            message.body += self.take(size)
        else:
            self.skip(size)

    def body(self, message, keep=True, until_close=False):
        """Reads the body by the message's own framing. keep=False only counts (body_length)."""
        if message.has_token("transfer-encoding", "chunked"):
            self._chunks(message, keep)
        elif (length := message.header("content-length")) is not None:
            self._part(message, int(length), keep)
        elif until_close:
            message.body = self.rest()
            message.body_length = len(message.body)
        return message

    def response(self, method="GET", keep=True):
        before = []
        message = self.head()
        while 100 <= message.status < 200 and message.status != 101:
            before.append(message)
            message = self.head()
        message.informational = before
        if method != "HEAD" and message.status not in (101, 204, 304):
            self.body(message, keep, until_close=True)
        return message


class Client:
    """One connection. `request` is convenience; `send` takes any bytes."""

    def __init__(self, port, ip="127.0.0.1", timeout=TIMEOUT):
        self.host = endpoint(ip, port)
        self.sock = socket.socket(family_of(ip), socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        try:
            self.sock.connect((ip, port))
        except OSError:
            self.sock.close()
            raise
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def response(self, method="GET", keep=True):
        return self.reader.response(method, keep)

    def request(self, method="GET", target="/", headers=(), body=None, keep=True):
        if not any(name.lower() == "host" for name, _ in headers):
            headers = [("host", self.host), *headers]
        self.send(request_bytes(method, target, headers, body))
        return self.response(method, keep)


def request_bytes(method="GET", target="/", headers=(), body=None):
    fields = list(headers)
    if not any(name.lower() == "host" for name, _ in fields):
        fields.insert(0, ("host", "test"))
    if body is not None:
        fields.append(("content-length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b"")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def get(port, target="/", ip="127.0.0.1", timeout=TIMEOUT, headers=()):
    """One request on a connection of its own."""
    with Client(port, ip, timeout) as client:
        return client.request("GET", target, [*headers, ("connection", "close")])


def try_get(port, target="/", ip="127.0.0.1", timeout=TIMEOUT, headers=()):
    """The same, or None when nobody answers properly."""
    try:
        return get(port, target, ip, timeout, headers)
    except (OSError, ConnectionEnded, ValueError):
        return None


def is_ok(port, target="/", ip="127.0.0.1"):
    answer = try_get(port, target, ip)
    return answer is not None and answer.status == 200
