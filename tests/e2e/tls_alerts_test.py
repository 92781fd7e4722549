#!/usr/bin/env python3
"""Every alert that an inbound listener sends, as `openssl s_client` reads it: what a caller's operator would see.

What s_client cannot get wrong by itself is sent by hand: bytes that are no ClientHello, ClientHellos that break a rule,
and records behind a good one.
"""

import os
import re
import socket
import ssl
import struct
import subprocess
import unittest

from heddle_harness import forgery, http1, pki, tlspeer
from heddle_harness.apps import hello_app
from heddle_harness.mesh import MeshTestCase
from heddle_harness.ports import endpoint

_HANDSHAKE, _ALERT, _DATA = 22, 21, 23
_CLIENT_HELLO, _SERVER_HELLO = 1, 2
_NAMES = {10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
          42: "bad_certificate", 45: "certificate_expired", 47: "illegal_parameter", 48: "unknown_ca",
          50: "decode_error", 70: "protocol_version", 109: "missing_extension", 116: "certificate_required",
          120: "no_application_protocol"}

# What a client with a good certificate does -> the alert.
_OPTIONS = (
    ("TLS 1.2", ["-tls1_2"], "protocol_version"),
    ("TLS 1.1", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "protocol_version"),
    ("no shared cipher suite", ["-ciphersuites", "TLS_AES_128_CCM_SHA256"], "handshake_failure"),
    ("a suite with a short tag", ["-ciphersuites", "TLS_AES_128_CCM_8_SHA256"], "handshake_failure"),
    ("no shared group", ["-groups", "P-521"], "handshake_failure"),
    ("a finite field", ["-groups", "ffdhe2048"], "handshake_failure"),
    ("no shared signature", ["-sigalgs", "RSA-PSS+SHA256"], "handshake_failure"),
    ("an unknown ALPN", ["-alpn", "smtp"], "no_application_protocol"),
)


def record(kind, body, version=0x0301):
    return struct.pack("!BHH", kind, version, len(body)) + body


def handshake(kind, body):
    return record(_HANDSHAKE, struct.pack("!B", kind) + struct.pack("!I", len(body))[1:] + body)


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


# supported_versions: 1.3; supported_groups: P-256; signature_algorithms: ECDSA with P-256.
_VERSIONS = extension(43, b"\x02\x03\x04")
_GROUPS = extension(10, b"\x00\x02\x00\x17")
_SIGNATURES = extension(13, b"\x00\x02\x04\x03")


def key_share(point):
    entry = struct.pack("!HH", 23, len(point)) + point
    return extension(51, struct.pack("!H", len(entry)) + entry)


def client_hello(extensions, version=0x0303, compression=b"\x00"):
    body = struct.pack("!H", version) + bytes(32) + b"\x00" + b"\x00\x02\x13\x01"
    body += struct.pack("!B", len(compression)) + compression + struct.pack("!H", len(extensions)) + extensions
    return handshake(_CLIENT_HELLO, body)


# Bytes that a stranger sends at once -> the alert, in the clear: there are no keys yet.
_BYTES = (
    ("a record longer than TLS has", struct.pack("!BHH", _HANDSHAKE, 0x0301, 0xffff) + bytes(64), "record_overflow"),
    ("the message of a server", handshake(_SERVER_HELLO, bytes(40)), "unexpected_message"),
    ("a ClientHello that is cut off", handshake(_CLIENT_HELLO, b"\x03\x03" + bytes(20)), "decode_error"),
    ("lengths that do not fit", client_hello(_VERSIONS + b"\x00\x0a\x00\xff\x00"), "decode_error"),
    ("TLS 1.0", client_hello(_GROUPS + _SIGNATURES, version=0x0301), "protocol_version"),
    ("no supported_versions", client_hello(_GROUPS + _SIGNATURES), "protocol_version"),
    ("compression", client_hello(_VERSIONS + _GROUPS + _SIGNATURES + key_share(b"\x04" + bytes(64)),
                                 compression=b"\x01\x00"), "illegal_parameter"),
    ("no groups", client_hello(_VERSIONS + _SIGNATURES), "missing_extension"),
    ("a point that is not on the curve", client_hello(_VERSIONS + _GROUPS + _SIGNATURES + key_share(b"\x04" + bytes(64))),
     "illegal_parameter"),
)


class Alerts(MeshTestCase):
    @classmethod
    def build(cls):
        cls.app = hello_app()
        cls.addClassCleanup(cls.app.close)
        listener = cls.mesh.inbound(endpoint(cls.app.ip, cls.app.port))
        blocks = cls.mesh.file_blocks(cls.mesh.authority.issue("app"), cls.mesh.write("empty.yaml", ""))
        cls.server = cls.mesh.sidecar("app", [listener], blocks, workers=1).start()
        cls.ip, cls.port = cls.server.address_of("in")
        cls.friend = cls.mesh.authority.issue("friend")

    def tearDown(self):
        """The listener serves on, whatever came."""
        with tlspeer.TlsClient(self.port, self.ip, tlspeer.client_context(self.friend, ("http/1.1",))) as client:
            self.assertEqual(client.request().body, b"hello\n")

    def s_client(self, *words, credential=None):
        """The alerts s_client says that it received, by name."""
        argv = ["openssl", "s_client", "-connect", endpoint(self.ip, self.port), "-ign_eof", *words]
        if credential is not None:
            argv += ["-cert", credential.certificate, "-key", credential.key]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        return [_NAMES.get(int(number), number) for number in re.findall(r"SSL alert number (\d+)", done.stderr)]

    def test_what_a_member_may_not_do(self):
        for what, words, alert in _OPTIONS:
            with self.subTest(what):
                self.assertEqual(self.s_client(*words, credential=self.friend), [alert])

    def credentials(self):
        """(what is wrong, credential, the alert)"""
        good = pki.spiffe_id("guest")
        authority = self.mesh.authority
        yield "no certificate", None, "certificate_required"
        yield "an unknown authority", pki.Authority(self.mesh.path("stranger")).issue("guest", good), "unknown_ca"
        yield "another trust domain", pki.Authority(self.mesh.path("other"), "other.test").issue("guest"), "unknown_ca"
        yield "expired", authority.issue_expired("late", good), "certificate_expired"
        yield "not yet valid", authority.issue("early", good, ("20990101000000Z", "20990102000000Z")), "bad_certificate"
        yield "self-signed", authority.issue_self_signed("own", good), "unknown_ca"
        yield "no SPIFFE id", authority.issue("web", "https://guest.test/"), "bad_certificate"

    def test_what_a_caller_may_not_show(self):
        for what, credential, alert in self.credentials():
            with self.subTest(what):
                self.assertEqual(self.s_client("-tls1_3", "-alpn", "h2", credential=credential), [alert])

    def answer_to(self, data):
        """The alert in the clear that ends a connection on which these bytes came."""
        with socket.create_connection((self.ip, self.port), http1.TIMEOUT) as sock:
            sock.sendall(data)
            heard = b""
            try:
                while part := sock.recv(4096):
                    heard += part
            except ConnectionResetError:
                pass
        self.assertEqual((heard[0], len(heard), heard[5]), (_ALERT, 7, 2), heard)
        return _NAMES.get(heard[6], heard[6])

    def test_what_is_no_client_hello(self):
        for what, data, alert in _BYTES:
            with self.subTest(what):
                self.assertEqual(self.answer_to(data), alert)

    def alert_behind_a_hello(self, instead, context=None):
        """What the server says to instead(our certificate and Finished), under the keys of the handshake."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = (context or tlspeer.client_context(self.friend)).wrap_bio(incoming, outgoing)
        with socket.create_connection((self.ip, self.port), http1.TIMEOUT) as sock:
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    sock.sendall(outgoing.read())
                    incoming.write(sock.recv(65536))
            self.assertEqual(client.cipher()[0], "TLS_AES_128_GCM_SHA256")
            sock.sendall(instead(outgoing.read()))
            while part := sock.recv(65536):
                incoming.write(part)
        with self.assertRaises(ssl.SSLError) as caught:
            client.read(1)
        return re.sub(r"^\w+_ALERT_", "", caught.exception.reason).lower()

    def test_what_may_not_come_behind_it(self):
        for what, data, alert in (
                ("a record that nobody encrypted", record(_DATA, os.urandom(64), 0x0303), "bad_record_mac"),
                ("a record longer than TLS has", record(_DATA, bytes(17000), 0x0303), "record_overflow"),
                ("a plain handshake message", handshake(_CLIENT_HELLO, bytes(40)), "unexpected_message")):
            with self.subTest(what):
                self.assertEqual(self.alert_behind_a_hello(lambda _, data=data: data), alert)

    def test_a_signature_by_nobody(self):
        """Who shows a certificate without having its key. RFC 8446 §4.4.3: decrypt_error."""
        context = tlspeer.client_context(self.friend)
        context.keylog_filename = self.mesh.path("keys.log")
        alert = self.alert_behind_a_hello(
            lambda flight: forgery.with_another_signature(flight, context.keylog_filename), context)
        self.assertEqual(alert, "decrypt_error")


if __name__ == "__main__":
    unittest.main()
