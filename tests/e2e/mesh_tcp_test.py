#!/usr/bin/env python3
"""Raw TCP through two sidecars: Redis (the client speaks first), MariaDB (the server speaks first), half-close."""

import hashlib
import os
import socket
import subprocess
import threading
import unittest

from heddle_harness import mariadb
from heddle_harness.apps import TcpApp
from heddle_harness.mesh import MeshTestCase, Pair
from heddle_harness.processes import wait_until

_MIB = 1 << 20


def connect(port):
    return socket.create_connection(("127.0.0.1", port), 30)


def read_all(sock):
    data = bytearray()
    while part := sock.recv(65536):
        data += part
    return bytes(data)


class Redis(MeshTestCase):
    @classmethod
    def build(cls):
        port = cls.mesh.ports.reserve()
        argv = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", cls.mesh.folder]
        server = cls.mesh.group.start("redis", argv)
        server.wait_ready(lambda: "Ready to accept connections" in server.log())
        cls.pair = Pair(cls.mesh, port, protocol="tcp").start()

    def cli(self, *words, text=None):
        argv = ["redis-cli", "-p", str(self.pair.port), *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=120, input=text, check=True).stdout

    def test_answers_commands(self):
        self.assertEqual(self.cli("set", "colour", "blue"), "OK\n")
        self.assertEqual(self.cli("get", "colour"), "blue\n")

    def test_carries_a_pipeline_of_ten_thousand(self):
        commands = "".join(f"SET key:{i} {'x' * 100}\r\n" for i in range(10_000))
        self.assertIn("errors: 0, replies: 10000", self.cli("--pipe", text=commands))

    def test_carries_a_value_of_8_mib(self):
        value = "v" * (8 * _MIB)
        self.cli("-x", "set", "large", text=value)
        self.assertEqual(self.cli("get", "large").rstrip("\n"), value)


class MariaDb(MeshTestCase):
    @classmethod
    def build(cls):
        port = mariadb.start(cls.mesh)
        cls.pair = Pair(cls.mesh, port, protocol="tcp").start()

    def sql(self, text):
        return mariadb.sql(self.pair.port, text)

    def test_the_server_greets_first(self):
        with connect(self.pair.port) as client:
            self.assertIn(b"MariaDB", client.recv(4096))

    def test_answers_queries(self):
        self.assertEqual(self.sql("SELECT 6 * 7;"), "42\n")

    def test_carries_large_results(self):
        self.assertEqual(len(self.sql("SELECT REPEAT('x', 8 * 1024 * 1024);").rstrip("\n")), 8 * _MIB)


class HalfClose(MeshTestCase):
    """Both ends are ours: what each saw is compared."""

    @classmethod
    def build(cls):
        cls.app = TcpApp(cls.digest_after_end)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, protocol="tcp").start()

    @staticmethod
    def digest_after_end(sock):
        """Answers only when the client has ended its side."""
        sock.sendall(hashlib.sha256(read_all(sock)).hexdigest().encode())

    def test_the_answer_comes_after_the_client_ended_its_side(self):
        data = os.urandom(3 * _MIB)
        with connect(self.pair.port) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(client), hashlib.sha256(data).hexdigest().encode())

    def test_an_empty_request_is_half_closed_too(self):
        with connect(self.pair.port) as client:
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(client), hashlib.sha256(b"").hexdigest().encode())


class ServerEndsFirst(MeshTestCase):
    @classmethod
    def build(cls):
        cls.received = []
        cls.app = TcpApp(cls.greet_end_and_listen)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, protocol="tcp").start()

    @classmethod
    def greet_end_and_listen(cls, sock):
        sock.sendall(b"hello")
        sock.shutdown(socket.SHUT_WR)
        cls.received.append(read_all(sock))

    def test_the_client_may_go_on_after_the_server_ended_its_side(self):
        with connect(self.pair.port) as client:
            self.assertEqual(read_all(client), b"hello")
            client.sendall(b"still here")
        wait_until(lambda: self.received, "the application to read to the end")
        self.assertEqual(self.received, [b"still here"])


class BothWaysAtOnce(MeshTestCase):
    @classmethod
    def build(cls):
        cls.payload = os.urandom(16 * _MIB)
        cls.got = []
        cls.app = TcpApp(cls.both)
        cls.addClassCleanup(cls.app.close)
        cls.pair = Pair(cls.mesh, cls.app.port, protocol="tcp").start()

    @classmethod
    def both(cls, sock):
        writer = threading.Thread(target=cls.write, args=(sock,), daemon=True)
        writer.start()
        cls.got.append(read_all(sock))
        writer.join()

    @classmethod
    def write(cls, sock):
        sock.sendall(cls.payload)
        sock.shutdown(socket.SHUT_WR)

    def test_16_mib_each_way_do_not_deadlock(self):
        with connect(self.pair.port) as client:
            writer = threading.Thread(target=self.write, args=(client,), daemon=True)
            writer.start()
            self.assertTrue(read_all(client) == self.payload, "what came back differs")
            writer.join()
        wait_until(lambda: self.got, "the application to read to the end")
        self.assertTrue(self.got[0] == self.payload, "what the application got differs")


class NobodyThere(MeshTestCase):
    @classmethod
    def build(cls):
        cls.pair = Pair(cls.mesh, cls.mesh.ports.reserve(), protocol="tcp").start()

    def test_a_connection_nobody_takes_is_closed(self):
        try:
            with connect(self.pair.port) as client:
                self.assertEqual(client.recv(1), b"")
        except ConnectionResetError:  # perhaps before connect() has seen it open
            pass


if __name__ == "__main__":
    unittest.main()
