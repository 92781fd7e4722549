"""Whether everybody verifies what they are said to verify: before mTLS is measured, each peer is tried with strangers.

A proxy that skips a check is cheaper, and the comparison would be worth nothing.
"""

import copy
import socket
import ssl

from harness import http1
from peers import Cannot, Leg, Path
from place import HOST

_REQUEST = b"GET / HTTP/1.1\r\nHost: bench.default\r\nConnection: close\r\n\r\n"


class Unverified(Exception):
    pass


def check_trust(context):
    """Raises Unverified with the name of the first that lets a stranger in."""
    origin = context.origins.port("h1")
    for peer in context.peers:
        try:
            peer.refuse(Path("inbound", "h1", "h1"))
        except Cannot:
            continue
        _check_clients(context.place, peer, origin)
        _check_servers(context.place, peer, origin)
        context.say(f"trust: {peer.name} verifies both sides")


def _check_clients(place, peer, origin):
    leg = Leg("in", "h1", "h1", place.port(), origin)
    process = peer.start(place, leg)
    try:
        if not answers(leg.listen, place.client):
            raise Unverified(f"{peer.name}: its inbound side does not answer a client it should trust")
        for who, certificate in (("no certificate", None), ("a certificate of another authority", place.stranger)):
            if answers(leg.listen, certificate):
                raise Unverified(f"{peer.name}: its inbound side serves a client with {who}")
    finally:
        process.kill()


def _check_servers(place, peer, origin):
    """The outbound side meets a server with a good name and a certificate of another authority."""
    impostor = copy.copy(place)
    impostor.server = place.stranger_server
    inner = Leg("in", peer.link, "h1", place.port(), origin)
    outer = Leg("out", "h1", peer.link, place.port(), inner.listen)
    processes = [peer.start(impostor, inner)]
    try:
        processes.append(peer.start(place, outer))
        answer = http1.try_get(outer.listen)
        if answer is not None and answer.status == 200:
            raise Unverified(f"{peer.name}: its outbound side talks to a server of another authority")
    finally:
        for process in processes:
            process.kill()


def answers(port, certificate):
    """Whether a TLS client with this certificate (None: without one) gets a 200."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what it thinks of the server is not the question
    if certificate:
        context.load_cert_chain(certificate.certificate, certificate.key)
    try:
        with socket.create_connection((HOST, port), 5) as plain, context.wrap_socket(plain) as tls:
            tls.sendall(_REQUEST)
            return tls.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:  # an ssl.SSLError is one
        return False
