"""HTTP/2 with prior knowledge on both ends, on Debian's python3-h2. One thread per connection."""

import socket
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .apps import TcpApp
from .http1 import TIMEOUT, ConnectionEnded
from .ports import family_of

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_HEAD = 9
_GOAWAY = 7
_EVENTS_OF_STREAM = (
    h2.events.RequestReceived, h2.events.ResponseReceived, h2.events.InformationalResponseReceived,
    h2.events.DataReceived, h2.events.TrailersReceived, h2.events.StreamEnded, h2.events.StreamReset)


def texts(headers):
    return [(name.decode() if isinstance(name, bytes) else name, value.decode() if isinstance(value, bytes) else value)
            for name, value in headers]


class Stream:
    """What came on one stream so far."""

    def __init__(self):
        self.headers = []
        self.informational = []
        self.body = bytearray()
        self.body_length = 0
        self.trailers = []
        self.is_ended = False
        self.reset = None  # the error code of a RST_STREAM

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)

    @property
    def status(self):
        return int(self.header(":status"))


class Connection:
    """Half of a connection. `pump` reads until a condition holds; sending respects flow control."""

    def __init__(self, sock, client_side, keep_bodies=True):
        config = h2.config.H2Configuration(client_side=client_side, header_encoding=None)
        self.h2 = h2.connection.H2Connection(config)
        self.sock = sock
        self.streams = {}
        self.goaway = None  # the last stream id it named
        self.is_closed = False
        self._keep = keep_bodies
        self._unframed = bytearray()
        self._preface_left = 0 if client_side else len(_PREFACE)
        self.h2.initiate_connection()
        self.flush()

    def flush(self):
        if data := self.h2.data_to_send():
            self.sock.sendall(data)

    def pump(self, condition):
        while not condition():
            self.read_once()

    def read_once(self):
        data = self.sock.recv(65536)
        if not data:
            self.is_closed = True
            raise ConnectionEnded("the HTTP/2 connection ended")
        events = self.h2.receive_data(self._without_goaway(data))
        for event in events:
            self._take(event)
        self.flush()
        return events

    def _without_goaway(self, data):
        """python3-h2 takes nothing more after a GOAWAY; here the streams below its last id go on."""
        self._unframed += data
        out = bytearray()
        if self._preface_left:
            out += self._unframed[:self._preface_left]
            del self._unframed[:self._preface_left]
            self._preface_left -= len(out)
        while len(self._unframed) >= _FRAME_HEAD:
            size = _FRAME_HEAD + int.from_bytes(self._unframed[:3], "big")
            if len(self._unframed) < size:
                break
            frame = self._unframed[:size]
            del self._unframed[:size]
            if frame[3] == _GOAWAY:
                self.goaway = int.from_bytes(frame[_FRAME_HEAD:_FRAME_HEAD + 4], "big") & 0x7FFFFFFF
            else:
                out += frame
        return bytes(out)

    def _take(self, event):
        if not isinstance(event, _EVENTS_OF_STREAM):
            return
        stream = self.streams.setdefault(event.stream_id, Stream())
        if isinstance(event, (h2.events.ResponseReceived, h2.events.RequestReceived)):
            stream.headers = texts(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream.informational.append(texts(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            self._take_data(stream, event)
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = texts(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            stream.reset, stream.is_ended = event.error_code, True
        else:
            stream.is_ended = True

    def _take_data(self, stream, event):
        stream.body_length += len(event.data)
        if self._keep:
            stream.body += event.data
        if event.flow_controlled_length:
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def send_body(self, stream_id, data, end=True):
        """All of it, reading window updates (and whatever else comes) while the window is closed."""
        view = memoryview(data)
        while view:
            self.pump(lambda: self.h2.local_flow_control_window(stream_id) > 0)
            size = min(len(view), self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size)
            self.h2.send_data(stream_id, bytes(view[:size]))
            view = view[size:]
            self.flush()
        if end:
            self.h2.end_stream(stream_id)
            self.flush()


class Client(Connection):
    def __init__(self, port, ip="127.0.0.1", timeout=TIMEOUT, keep_bodies=True, context=None, source=None):
        """With an ssl `context` over TLS. `source`: the address it comes from."""
        sock = socket.socket(family_of(ip), socket.SOCK_STREAM)
        sock.settimeout(timeout)
        if source:
            sock.bind((source, 0))
        sock.connect((ip, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(context.wrap_socket(sock) if context else sock, True, keep_bodies)

    def close(self):
        self.sock.close()

    def open(self, method="GET", path="/", headers=(), end=True):
        stream_id = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "test"), (":path", path), *headers]
        self.h2.send_headers(stream_id, fields, end_stream=end)
        self.streams[stream_id] = Stream()
        self.flush()
        return stream_id

    def finish(self, stream_id):
        self.pump(lambda: self.streams[stream_id].is_ended)
        return self.streams[stream_id]

    def request(self, method="GET", path="/", headers=(), body=None):
        stream_id = self.open(method, path, headers, end=body is None)
        if body is not None:
            self.send_body(stream_id, body)
        return self.finish(stream_id)


class App(TcpApp):
    """handle(connection, stream_id, stream) when a request is complete, or at its head when `early` says so."""

    def __init__(self, handle, early=lambda stream: False, ip="127.0.0.1"):
        self._handle_request = handle
        self._early = early
        self.resets = []  # (path, error code) of requests their sender gave up
        self.changed = threading.Condition()
        super().__init__(self._serve_h2, ip)

    def _serve_h2(self, sock):
        connection = Connection(sock, client_side=False)
        handled = set()
        while True:
            try:
                connection.read_once()
            except h2.exceptions.ProtocolError:
                return
            for stream_id, stream in list(connection.streams.items()):
                self._step(connection, stream_id, stream, handled)

    def _step(self, connection, stream_id, stream, handled):
        if stream.reset is not None:
            with self.changed:
                self.resets.append((stream.header(":path"), stream.reset))
                self.changed.notify_all()
            del connection.streams[stream_id]
        elif stream_id not in handled and stream.headers and (stream.is_ended or self._early(stream)):
            handled.add(stream_id)
            self._handle_request(connection, stream_id, stream)
            connection.flush()
