"""A client's last flight of TLS 1.3 with another signature in its CertificateVerify.

The record stays a record: with the key that Python's ssl tells (a key log), its tag is computed anew. What a bit does
to the tag of AES-GCM needs the hash key alone, one block of AES; the rest of the record stays encrypted.
"""

import hashlib
import hmac
import struct
import subprocess

_TAG = 16


def _records(data):
    while data:
        length = 5 + struct.unpack("!H", data[3:5])[0]
        yield data[:length]
        data = data[length:]


def _expand_label(secret, label, length):
    """HKDF-Expand-Label of RFC 8446 §7.1 with an empty context; at most one block."""
    name = b"tls13 " + label
    info = struct.pack("!HB", length, len(name)) + name + b"\x00"
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()[:length]


def _multiply(left, right):
    """In GF(2^128) as GCM has it: the first bit is the lowest power."""
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (0xe1 << 120 if right & 1 else 0)
    return product


def _hash_key(key):
    done = subprocess.run(["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()], input=bytes(16),
                          capture_output=True, check=True)
    return int.from_bytes(done.stdout, "big")


def _flip(record, at, key):
    """A record of AES-128-GCM with one bit of its content changed, and the tag that belongs to it."""
    content, tag = bytearray(record[5:-_TAG]), int.from_bytes(record[-_TAG:], "big")
    content[at] ^= 1
    block, place = divmod(at, 16)
    difference = 1 << 8 * (15 - place)
    hash_key = _hash_key(key)
    for _ in range(-(-len(content) // 16) - block + 1):  # the blocks behind it, and that of the lengths
        difference = _multiply(difference, hash_key)
    return record[:5] + bytes(content) + (tag ^ difference).to_bytes(_TAG, "big")


def with_another_signature(flight, key_log):
    """`flight`: what a client sends after the server's Finished, by TLS_AES_128_GCM_SHA256, a record each message."""
    with open(key_log, encoding="ascii") as file:
        secrets = [line.split() for line in file if line.startswith("CLIENT_HANDSHAKE_TRAFFIC_SECRET ")]
    key = _expand_label(bytes.fromhex(secrets[-1][2]), b"key", 16)
    *before, verify, finished = _records(flight)
    last = len(verify) - 5 - _TAG - 2  # in front of the content type
    return b"".join(before) + _flip(verify, last, key) + finished
