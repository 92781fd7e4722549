"""TLS 1.3 peers on Python's ssl with whatever certificate a test wants to show."""

import ssl

from .apps import TcpApp
from .http1 import Client as PlainClient
from .http1 import Reader
from .processes import wait_until


def server_context(credential, alpn=("h2", "heddle-tcp")):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(credential.certificate, credential.key)
    context.set_alpn_protocols(list(alpn))
    return context


def client_context(credential=None, alpn=("h2",)):
    """A client that takes any server; with no credential it shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if credential:
        wait_until(lambda: loads(context, credential), "a certificate and the key that is its own")
    context.set_alpn_protocols(list(alpn))
    return context


def loads(context, credential):
    """False between the two renames by which a sidecar replaces its certificate: key and certificate are of two."""
    try:
        context.load_cert_chain(credential.certificate, credential.key)
    except ssl.SSLError as error:
        if "MISMATCH" not in str(error):
            raise
        return False
    return True


class TlsServer(TcpApp):
    """Finishes handshakes and remembers what came after them: from a peer that refuses us, nothing does."""

    def __init__(self, credential, ip="127.0.0.1", port=0):
        self._context = server_context(credential)
        self.received = []
        super().__init__(self._handshake, ip, port)

    def _handshake(self, sock):
        with self._context.wrap_socket(sock, server_side=True) as secure:
            while data := secure.recv(65536):
                self.received.append(data)


class TlsClient(PlainClient):
    def __init__(self, port, ip, context):
        super().__init__(port, ip)
        self.sock = context.wrap_socket(self.sock)
        self.reader = Reader(self.sock)

    def peer_certificate(self):
        """The server's certificate, DER."""
        return self.sock.getpeercert(binary_form=True)


# The client's half of an HTTP/2 connection: preface and empty SETTINGS.
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def is_admitted(port, ip, context):
    """Whether a server talks HTTP/2 with us after the handshake. In TLS 1.3 a refusal arrives with the first read."""
    try:
        client = TlsClient(port, ip, context)
    except TimeoutError:  # that nothing is said is no refusal
        raise
    except (ssl.SSLError, OSError):
        return False
    try:
        client.send(H2_PREFACE)
        # SETTINGS come before the verdict on our certificate can; the answer to ours comes only after it.
        while True:
            head = client.reader.take(9)
            client.reader.take(int.from_bytes(head[:3], "big"))
            if head[3] == 4 and head[4] & 1:
                return True
    except TimeoutError:
        raise
    except Exception:  # an alert, a reset or the end: refused
        return False
    finally:
        client.close()


def has_ended(sock):
    """Of a socket with a short timeout: whether the peer ended it."""
    try:
        while sock.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True
