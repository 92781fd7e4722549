#!/usr/bin/env python3
"""A WebSocket (RFC 6455) through two sidecars: the upgrade, frames both ways, and the end."""

import base64
import hashlib
import os
import struct
import unittest

from heddle_harness import http1
from heddle_harness.apps import HttpApp, reply
from heddle_harness.mesh import MeshTestCase, Pair

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()


def frame(opcode, payload, mask=None):
    bit = 0x80 if mask else 0
    if len(payload) < 126:
        head = struct.pack("!BB", 0x80 | opcode, bit | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, bit | 127, len(payload))
    return head + (mask + masked(payload, mask) if mask else payload)


def masked(payload, mask):
    repeated = mask * (len(payload) // 4 + 1)
    return bytes(a ^ b for a, b in zip(payload, repeated))


def read_frame(reader):
    first, second = reader.take(2)
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", reader.take(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", reader.take(8))
    mask = reader.take(4) if second & 0x80 else None
    payload = reader.take(size)
    return first & 0x0F, masked(payload, mask) if mask else payload


def echo(request, reader, sock):
    """The application: echoes messages, answers pings, ends when asked to."""
    if not request.has_token("upgrade", "websocket"):
        reply(sock, b"no upgrade", "426 Upgrade Required", [("upgrade", "websocket"), ("connection", "upgrade")])
        return True
    if request.target == "/refuse":
        reply(sock, b"not here", "403 Forbidden")
        return True
    accept = accept_key(request.header("sec-websocket-key"))
    sock.sendall(f"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
                 f"sec-websocket-accept: {accept}\r\n\r\n".encode())
    while True:
        opcode, payload = read_frame(reader)
        sock.sendall(frame({_PING: _PONG}.get(opcode, opcode), payload))
        if opcode == _CLOSE:
            return False


class WebSocket(http1.Client):
    def upgrade(self, target="/"):
        key = base64.b64encode(os.urandom(16)).decode()
        answer = self.request("GET", target, [("upgrade", "websocket"), ("connection", "Upgrade"),
                                              ("sec-websocket-key", key), ("sec-websocket-version", "13")])
        return answer, accept_key(key)

    def send_frame(self, opcode, payload):
        self.send(frame(opcode, payload, os.urandom(4)))

    def exchange(self, opcode, payload):
        self.send_frame(opcode, payload)
        return read_frame(self.reader)


class WebSocketOverTheMesh(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = HttpApp(echo)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port).start()

    def socket(self):
        client = WebSocket(self.pair.port)
        self.addCleanup(client.close)
        return client

    def test_upgrades_and_carries_messages_both_ways(self):
        client = self.socket()
        answer, expected = client.upgrade()
        self.assertEqual((answer.status, answer.header("sec-websocket-accept")), (101, expected))
        self.assertTrue(answer.has_token("upgrade", "websocket"))
        self.assertEqual(client.exchange(_TEXT, b"hello"), (_TEXT, b"hello"))
        self.assertEqual(client.exchange(_PING, b"are you there"), (_PONG, b"are you there"))

    def test_carries_large_messages(self):
        client = self.socket()
        client.upgrade()
        payload = os.urandom(1 << 20)
        self.assertEqual(client.exchange(_BINARY, payload), (_BINARY, payload))

    def test_the_end_arrives(self):
        client = self.socket()
        client.upgrade()
        self.assertEqual(client.exchange(_CLOSE, b"\x03\xe8"), (_CLOSE, b"\x03\xe8"))
        self.assertEqual(client.reader.rest(), b"")

    def test_a_refused_upgrade_is_an_ordinary_answer(self):
        client = self.socket()
        answer, _ = client.upgrade("/refuse")
        self.assertEqual((answer.status, answer.body), (403, b"not here"))
        self.assertEqual(client.request("GET", "/").status, 426)

    def test_many_sockets_at_once(self):
        clients = [self.socket() for _ in range(20)]
        for client in clients:
            self.assertEqual(client.upgrade()[0].status, 101)
        for number, client in enumerate(clients):
            client.send_frame(_TEXT, b"number %d" % number)
        self.assertEqual([read_frame(client.reader)[1] for client in clients], [b"number %d" % i for i in range(20)])


if __name__ == "__main__":
    unittest.main()
