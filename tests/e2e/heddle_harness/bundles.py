"""Bundle endpoints of SPIFFE federation: one that says whatever a test wants, and a client that looks at ours."""

import json
import ssl

from .apps import TcpApp, reply
from .http1 import Reader
from .ports import endpoint
from .tlspeer import TlsClient


class BundleServer(TcpApp):
    """HTTPS on a free port. `answer` is what the next requests get: (body, status, headers)."""

    def __init__(self, credential, ip="127.0.0.1", port=0):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(credential.certificate, credential.key)
        self._answer = (b"", "500 Nothing", ())
        self.asked = 0
        super().__init__(self._serve_bundle, ip, port)

    def say(self, bundle, status="200 OK", headers=()):
        """`bundle`: bytes as they are, or a value that becomes JSON."""
        body = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
        self._answer = (body, status, headers)
        return self

    def url(self, path="/bundle"):
        return f"https://{endpoint(self.ip, self.port)}{path}"

    def _serve_bundle(self, sock):
        with self._context.wrap_socket(sock, server_side=True) as secure:
            reader = Reader(secure)
            while True:
                reader.body(reader.head())
                self.asked += 1
                reply(secure, *self._answer)


def open_to(port, ip="127.0.0.1", version=None, credential=None):
    """A connection to an endpoint whose certificate is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    if credential:
        context.load_cert_chain(credential.certificate, credential.key)
    return TlsClient(port, ip, context)


def fetch(port, ip="127.0.0.1", method="GET", target="/", **how):
    """The answer of an endpoint."""
    client = open_to(port, ip, **how)
    try:
        return client.request(method, target)
    finally:
        client.close()


def bundle_of(port, ip="127.0.0.1"):
    return json.loads(fetch(port, ip).body)


def control_id(trust_domain):
    return f"spiffe://{trust_domain}/ns/heddle-system/sa/heddle-control"


def federation(control):
    """What a control plane says of the trust domains it follows."""
    return json.loads(control.cli("federation", "status", "-o", "json").stdout)


def row_of(control, trust_domain):
    return next((row for row in federation(control)["domains"] if row["trustDomain"] == trust_domain), {})
