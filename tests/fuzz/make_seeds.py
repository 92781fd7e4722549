#!/usr/bin/env python3
"""Writes the seeds that are not text: HTTP/2 frames, a ClientHello, PROXY headers, DNS answers, certificates and requests in
DER, bundles, gRPC.

Usage: tests/fuzz/make_seeds.py [h2] [tls] [proxy] [dns] [certs] [workload]      default: all, into tests/fuzz/corpus and tests/fuzz/fuzz_root.h
Certificates are new each time: the root's key is thrown away, so that nobody can sign what `x509_leaf` must refuse.
"""

import base64
import json
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DATA, HEADERS, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def write(target, name, content):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def literal(name, value):
    """A field that enters no table (RFC 7541 6.2.2), without Huffman coding; texts below 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def block(*fields):
    return b"".join(literal(name.encode(), value.encode()) for name, value in fields)


def record(kind, flags, stream, payload=b""):
    """As the target reads it: frames_of() of h2_drive.h writes the real length."""
    return bytes([kind, flags, stream, len(payload)]) + payload


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


REQUEST = ((":method", "GET"), (":scheme", "http"), (":path", "/a?b"), (":authority", "a.test"))
POST = ((":method", "POST"),) + REQUEST[1:]
CONNECT = ((":method", "CONNECT"), (":protocol", "websocket")) + REQUEST[1:]


def h2_seeds():
    start = PREFACE + frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0)
    whole = END_STREAM | END_HEADERS
    write("h2_server", "get_raw", b"0" + start + frame(HEADERS, whole, 1, block(*REQUEST)))
    write("h2_server", "table_raw", b"0" + start + frame(HEADERS, whole, 1, b"\x82\x86\x84\x41\x03a.b")
          + frame(HEADERS, whole, 3, b"\x82\x86\x84\xbe"))
    requests = {
        "get": record(HEADERS, whole, 1, block(*REQUEST, ("te", "trailers"), ("cookie", "a=1"), ("cookie", "b=2"))),
        "post_trailers": record(HEADERS, END_HEADERS, 1, block(*POST, ("content-length", "5")))
        + record(DATA, 0, 1, b"hello") + record(HEADERS, whole, 1, block(("x-t", "1"))),
        "two_streams": record(HEADERS, END_HEADERS, 1, block(*POST)) + record(HEADERS, whole, 3, block(*REQUEST))
        + record(DATA, PADDED | END_STREAM, 1, b"\x02body\0\0") + record(RESET, 0, 3, b"\0\0\0\x08"),
        "continuation": record(HEADERS, END_STREAM, 1, block(*REQUEST[:2]))
        + record(CONTINUATION, END_HEADERS, 1, block(*REQUEST[2:], ("x", "y"))),
        "control": record(PING, 0, 0, b"12345678") + record(WINDOW, 0, 0, b"\0\0\1\0")
        + record(SETTINGS, 0, 0, b"\0\4\0\0\0\1\0\1\0\0\0\0") + record(GOAWAY, 0, 0, b"\0" * 8),
        "websocket": record(HEADERS, END_HEADERS, 1, block(*CONNECT)) + record(DATA, 0, 1, b"ping"),
        "malformed": record(HEADERS, whole, 1, block(*REQUEST, ("X", "y"))) + record(HEADERS, whole, 3, block(("a", "b"))),
        "connection": b"".join(record(HEADERS, whole, 2 * at + 1, block(*REQUEST, field)) for at, field in enumerate((
            ("connection", "close"), ("keep-alive", "1"), ("transfer-encoding", "chunked"), ("te", "gzip")))),
        "values": b"".join(record(HEADERS, whole, 2 * at + 1, block(*REQUEST, ("a", value))) for at, value in enumerate((
            "b\rc", "b\nc", "b\0c", "b\x7fc"))),
        "lengths": b"".join(record(HEADERS, END_HEADERS, 2 * at + 1, block(*POST, ("content-length", "2")))
                            + record(DATA, END_STREAM, 2 * at + 1, body) for at, body in enumerate((b"", b"a", b"ok", b"abc"))),
    }
    for name, records in requests.items():
        write("h2_server", name, b"1" + records)
        write("h2_server", name + "_small", b"3" + records)
    ok = (":status", "200")
    answers = {
        "ok": record(HEADERS, END_HEADERS, 1, block(ok, ("content-length", "2"))) + record(DATA, END_STREAM, 1, b"ok"),
        "early_hints": record(HEADERS, END_HEADERS, 1, block((":status", "103"), ("link", "x")))
        + record(HEADERS, whole, 1, block((":status", "204"))),
        "trailers": record(HEADERS, END_HEADERS, 3, block(ok)) + record(DATA, 0, 3, b"body")
        + record(HEADERS, whole, 3, block(("grpc-status", "0"))),
        "head": record(HEADERS, whole, 5, block(ok, ("content-length", "9"))),
        "reset": record(RESET, 0, 1, b"\0\0\0\7") + record(GOAWAY, 0, 0, b"\0\0\0\3\0\0\0\0"),
        "push": record(PUSH, END_HEADERS, 1, b"\0\0\0\2" + block(*REQUEST)),
        "windows": record(SETTINGS, 0, 0, b"\0\4\0\0\0\5\0\3\0\0\0\1") + record(WINDOW, 0, 3, b"\0\0\0\5"),
    }
    for name, records in answers.items():
        write("h2_client", name, b"1" + records)
        write("h2_client", name + "_small", b"3" + records)
    write("h2_client", "ok_raw", b"0" + frame(SETTINGS, 0, 0) + frame(SETTINGS, 1, 0)
          + frame(HEADERS, whole, 1, b"\x88") + frame(PING, 0, 0, b"12345678"))


def tls_seeds():
    name = b"hello.default"
    sni = b"\0\0" + struct.pack(">HHBH", len(name) + 5, len(name) + 3, 0, len(name)) + name
    alpn = b"\0\x10\0\x05\0\x03\x02h2"
    extensions = sni + alpn
    body = b"\3\3" + b"\x5a" * 32 + b"\0" + b"\0\2\x13\1" + b"\1\0" + struct.pack(">H", len(extensions)) + extensions
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    write("tls_sniff", "client_hello", b"\x16\3\1" + struct.pack(">H", len(message)) + message)
    hello = [message[at:at + 30] for at in range(0, len(message), 30)]
    whole = b"\x16\3\1" + struct.pack(">H", len(message)) + message
    write("client_hello", "one_record", whole)
    write("client_hello", "four_records", b"".join(b"\x16\3\1" + struct.pack(">H", len(part)) + part for part in hello))
    write("client_hello", "cut", whole[:60])
    write("client_hello", "two_names", whole.replace(alpn, sni[:len(alpn)]))
    write("client_hello", "no_tls", b"GET / HTTP/1.1\r\n\r\n")
    write("tls_sniff", "alert", b"\x15\3\3\0\2\2\x28")
    write("tls_sniff", "preface", PREFACE + frame(SETTINGS, 0, 0))
    write("tls_sniff", "get", b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n")
    write("tls_sniff", "connect", b"CONNECT a:1 HTTP/1.1\r\n\r\n")
    write("tls_sniff", "redis", b"*1\r\n$4\r\nPING\r\n")
    write("tls_sniff", "ssh", b"SSH-2.0-OpenSSH_9.2\r\n")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def proxy_seeds():
    signature = b"\r\n\r\n\0\r\nQUIT\n"

    def header(command, protocol, payload):
        return signature + bytes([command, protocol]) + struct.pack(">H", len(payload)) + payload

    def tlv(kind, value):
        return bytes([kind]) + struct.pack(">H", len(value)) + value

    ipv4 = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack(">HH", 56300, 443)
    ipv6 = (bytes.fromhex("20010db8") + b"\0" * 11 + b"\1") * 2 + struct.pack(">HH", 1, 65535)
    tls = tlv(0x20, b"\1\0\0\0\0" + tlv(0x21, b"TLSv1.3") + tlv(0x22, b"client.test"))
    tlvs = tlv(1, b"h2") + tlv(2, b"a.test") + tlv(4, b"") + tlv(5, b"id") + tls + tlv(0x30, b"ns")
    checked = header(0x21, 0x11, ipv4 + tlv(3, b"\0" * 4))
    checked = checked[:-4] + struct.pack(">I", crc32c(checked))
    request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    seeds = {
        "v1_tcp4": b"PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n" + request,
        "v1_tcp6": b"PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 65535\r\n",
        "v1_unknown": b"PROXY UNKNOWN ffff:ffff::1 ffff:ffff::2 65535 65535\r\n" + request,
        "v1_zeros": b"PROXY TCP4 192.0.2.01 198.51.100.2 056300 443\r\n",
        "v1_no_end": b"PROXY TCP4 " + b"1" * 120,
        "v2_ipv4": header(0x21, 0x11, ipv4) + request,
        "v2_ipv6_tlvs": header(0x21, 0x21, ipv6 + tlvs) + request,
        "v2_unix": header(0x21, 0x31, b"/run/a".ljust(108, b"\0") * 2),
        "v2_local": header(0x20, 0, b""),
        "v2_crc32c": checked + request,
        "v2_crc32c_wrong": checked[:-1] + bytes([checked[-1] ^ 1]),
        "v2_tlv_beyond": header(0x21, 0x11, ipv4 + b"\4\xff\xff\0"),
        "v2_longest": header(0x21, 0x11, ipv4 + tlv(4, b"n" * 521)),
        "v2_too_long": header(0x21, 0x11, ipv4 + tlv(4, b"n" * 522)),
        "v2_cut": header(0x21, 0x21, ipv6)[:30],
        "none": request,
    }
    for name, content in seeds.items():
        write("proxy_header", name, content)


def dns_seeds():
    """One answer to one question about a.test; the first two digits: A, AAAA or SRV, and what c-ares says of it."""
    name, other = b"\1a\4test\0", b"\1b\4test\0"

    def answer(owner, kind, ttl, data):
        return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data

    def message(kind, answers=(), authority=()):
        head = struct.pack(">HHHHHH", 1, 0x8180, 1, len(answers), len(authority), 0)
        return head + name + struct.pack(">HH", kind, 1) + b"".join(answers) + b"".join(authority)

    soa = answer(b"\xc0\x0e", 6, 60, other + other + struct.pack(">IIIII", 1, 2, 3, 4, 5))
    alias = answer(b"\xc0\x0c", 5, 7, other)
    ipv4 = [answer(b"\xc0\x0c", 1, 30, bytes((10, 0, 0, last))) for last in (1, 2)]
    write("dns_message", "a", b"00" + message(1, ipv4))
    write("dns_message", "alias", b"00" + message(1, (alias, answer(other, 1, 9, b"\x7f\0\0\1"))))
    write("dns_message", "dangling", b"00" + message(1, (alias,), (soa,)))
    write("dns_message", "ttl", b"00" + message(1, (answer(name, 1, 0xffffffff, b"\x7f\0\0\1"),)))
    write("dns_message", "loop", b"00" + message(1, (answer(b"\xc0\x18", 1, 9, b"\x7f\0\0\1"),)))
    write("dns_message", "aaaa", b"10" + message(28, (answer(name, 28, 30, bytes(15) + b"\1"),)))
    targets = (answer(name, 33, 30, struct.pack(">HHH", 1, 2, 80) + other),
               answer(name, 33, 20, struct.pack(">HHH", 0, 0, 0) + b"\0"))
    write("dns_message", "srv", b"20" + message(33, targets))
    write("dns_message", "no_data", b"01" + message(1, (), (soa,)))
    write("dns_message", "no_name", b"02" + message(1, (), (soa,)))
    write("dns_message", "servfail", b"03")


def openssl(*words, data=None):
    return subprocess.run(("openssl",) + words, input=data, capture_output=True, check=True).stdout


class Certificates:
    """Made with the openssl command in a folder that goes away with the keys."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, name, *options):
        openssl("genpkey", *(options or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")), "-out", self.path(name))

    def root(self, name, domain, *key):
        self.key(name + ".key", *key)
        openssl("req", "-x509", "-new", "-key", self.path(name + ".key"), "-days", "36500", "-subj", "/O=fuzz",
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
                "-addext", "subjectAltName=URI:spiffe://" + domain, "-out", self.path(name))
        with open(self.path(name), "r", encoding="ascii") as file:
            return file.read()

    def request(self, uri, form="DER"):
        self.key("leaf.key")
        return openssl("req", "-new", "-key", self.path("leaf.key"), "-subj", "/", "-outform", form,
                       "-addext", "subjectAltName=critical," + uri)

    def leaf(self, root, uri, usage="critical,digitalSignature", constraints="critical,CA:FALSE", more=""):
        with open(self.path("request"), "wb") as file:
            file.write(self.request(uri, "PEM"))
        with open(self.path("extensions"), "w", encoding="ascii") as file:
            file.write(f"basicConstraints={constraints}\nkeyUsage={usage}\nsubjectAltName=critical,{uri}\n{more}\n")
        return openssl("x509", "-req", "-in", self.path("request"), "-CA", self.path(root), "-CAkey", self.path(root + ".key"),
                       "-days", "36500", "-extfile", self.path("extensions"), "-outform", "DER")


def fingerprint(der):
    line = openssl("x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", data=der).decode()
    return line.split("=")[1].strip().replace(":", "").lower()


def root_header(pem, leaves):
    prints = "".join(f'    "{fingerprint(leaf)}",\n' for leaf in leaves)
    lines = "".join(f'    "{line}\\n"\n' for line in pem.strip().splitlines())
    return (
        "// Written by make_seeds.py: a root of fuzz.test whose key is gone, and the SHA-256 of the only leaves it signed\n"
        "// that keep every rule. No other certificate may ever be verified.\n"
        "#pragma once\n#include <string_view>\n\nnamespace heddle::fuzz {\n"
        f"inline constexpr std::string_view kFuzzRoot =\n{lines.rstrip()};\n"
        f"inline constexpr std::string_view kFuzzLeaves[] = {{\n{prints}}};\n"
        "}  // namespace heddle::fuzz\n"
    )


def jwk(pem, kind):
    der = base64.b64encode(openssl("x509", "-outform", "DER", data=pem.encode())).decode()
    return {"use": "x509-svid", "kty": kind, "x5c": [der]}


def certificate_seeds():
    with tempfile.TemporaryDirectory() as folder:
        make = Certificates(folder)
        root = make.root("root", "fuzz.test")
        uri = "URI:spiffe://fuzz.test/ns/a/sa/b"
        leaf = make.leaf("root", uri, more="extendedKeyUsage=serverAuth,clientAuth")
        write("x509_leaf", "good", leaf)
        write("x509_leaf", "two_names", make.leaf("root", uri + "," + uri + "2"))
        write("x509_leaf", "no_path", make.leaf("root", "URI:spiffe://fuzz.test"))
        write("x509_leaf", "signs", make.leaf("root", uri, "critical,digitalSignature,keyCertSign"))
        write("x509_leaf", "authority", make.leaf("root", uri, constraints="critical,CA:TRUE"))
        write("x509_leaf", "not_critical", make.leaf("root", uri, "digitalSignature"))
        named = make.leaf("root", uri + ",DNS:a.test,IP:::1,IP:10.0.0.1")
        write("x509_leaf", "other_names", named)
        write("x509_leaf", "other_domain", make.leaf("root", "URI:spiffe://other.test/a"))
        with open(os.path.join(HERE, "fuzz_root.h"), "w", encoding="ascii") as file:
            file.write(root_header(root, [leaf, named]))
        write("csr", "good_der", make.request(uri))
        write("csr", "good_pem", make.request(uri, "PEM"))
        write("csr", "no_path", make.request("URI:spiffe://fuzz.test"))
        write("csr", "two_names", make.request(uri + ",URI:spiffe://fuzz.test/c"))
        rsa = make.root("rsa", "fuzz.test", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
        keys = [jwk(root, "EC")]
        write("jwks", "one", json.dumps({"keys": keys, "spiffe_sequence": 3, "spiffe_refresh_hint": 300}).encode())
        write("jwks", "two", json.dumps({"keys": keys + [jwk(rsa, "RSA"), {"kty": "EC", "use": "jwt-svid", "kid": "x"}]}).encode())
        write("jwks", "none", json.dumps({"keys": []}).encode())
        write("jwks", "map", json.dumps({"trust_domains": {"fuzz.test": {"keys": keys}, "b.test": {"keys": []}}}).encode())


def protobuf(*fields):
    """(number, bytes) each; texts below 16 KiB."""
    return b"".join(bytes([number << 3 | 2]) + (bytes([len(value)]) if len(value) < 128 else
                    bytes([len(value) & 127 | 128, len(value) >> 7])) + value for number, value in fields)


def workload_seeds():
    with tempfile.TemporaryDirectory() as folder:
        make = Certificates(folder)
        root = openssl("x509", "-outform", "DER", data=make.root("root", "fuzz.test").encode())
        uri = "spiffe://fuzz.test/ns/a/sa/b"
        leaf = make.leaf("root", "URI:" + uri)
        key = openssl("pkcs8", "-topk8", "-nocrypt", "-in", make.path("leaf.key"), "-outform", "DER")
        fields = [(1, uri.encode()), (2, leaf), (3, key), (4, root)]
        whole = protobuf((1, protobuf(*fields)))
        friends = protobuf((3, protobuf((1, b"spiffe://friends.test"), (2, root))))
        write("workload_svids", "one", whole)
        write("workload_svids", "federated", whole + friends)
        write("workload_svids", "two", whole + whole)
        write("workload_svids", "no_key", protobuf((1, protobuf(*fields[:2], fields[3]))))
        write("workload_svids", "other_id", protobuf((1, protobuf((1, uri.encode() + b"2"), *fields[1:]))))
        write("workload_svids", "own_domain_federated", whole + protobuf((3, protobuf((1, b"spiffe://fuzz.test"), (2, root)))))
    write("grpc_message", "three", b"\0\0\0\0\3one" + b"\0" * 5 + b"\0\0\0\0\5three")
    write("grpc_message", "compressed", b"\1\0\0\0\1x")
    write("grpc_message", "too_long", b"\0\0\0\x10\1")
    write("grpc_message", "cut_off", b"\0\0\0\0\4abc")
    write("grpc_message", "text", "50 % of \u00e4 %41 %4 %zz\n".encode())


def main():
    makers = {"h2": h2_seeds, "tls": tls_seeds, "proxy": proxy_seeds, "dns": dns_seeds, "certs": certificate_seeds,
              "workload": workload_seeds}
    for word in sys.argv[1:] or makers:
        makers[word]()


if __name__ == "__main__":
    main()
