"""The SPIFFE Workload API by Debian's python3-grpcio: a client of a sidecar's, and an agent that serves it.

The messages are compiled from our own .proto by protoc; the paths are written out, so that no plugin is needed.
"""

import base64
import importlib.util
import os
import queue
import subprocess
import threading
from concurrent import futures

# Programs are started while gRPC runs; its own handlers of fork() then abort now and then.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # read when it is loaded

import grpc  # noqa: E402

from .programs import REPOSITORY  # noqa: E402

# Without any object gRPC ends, in a thread of its own, and aborts when a program is started or an object made meanwhile.
_KEEPS_IT_RUNNING = grpc.insecure_channel("unix:///nowhere")

HEADER = (("workload.spiffe.io", "true"),)
_SERVICE = "/SpiffeWorkloadAPI/"


def messages(folder):
    """The module of the messages, compiled into a folder."""
    subprocess.run(["protoc", f"--proto_path={REPOSITORY}/proxy/identity", f"--python_out={folder}", "workload.proto"],
                   check=True)
    spec = importlib.util.spec_from_file_location("workload_pb2", f"{folder}/workload_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def der_of(pem_path):
    """Every block of a PEM file as DER, joined."""
    with open(pem_path, encoding="ascii") as file:
        blocks = file.read().split("-----BEGIN ")[1:]
    return b"".join(base64.b64decode(block.partition("-----\n")[2].partition("-----END")[0]) for block in blocks)


class Client:
    """Calls one socket; each client has a connection of its own."""

    def __init__(self, pb2, path):
        self._pb2 = pb2
        self.channel = grpc.insecure_channel(f"unix://{path}", (("grpc.use_local_subchannel_pool", 1),))

    def close(self):
        self.channel.close()

    def call(self, method, request=b"", metadata=HEADER, timeout=120):
        """A stream of raw messages."""
        return self.channel.unary_stream(_SERVICE + method)(request, metadata=metadata, timeout=timeout)

    def chat(self, method, requests, timeout=120):
        return self.channel.stream_stream(_SERVICE + method)(iter(requests), metadata=HEADER, timeout=timeout)

    def svids(self, timeout=120):
        for message in self.call("FetchX509SVID", timeout=timeout):
            yield self._pb2.X509SVIDResponse.FromString(message)

    def bundles(self, timeout=120):
        for message in self.call("FetchX509Bundles", timeout=timeout):
            yield self._pb2.X509BundlesResponse.FromString(message)

    def status(self, method, metadata=HEADER):
        """How a call ends that gives nothing."""
        try:
            for _ in self.call(method, metadata=metadata, timeout=60):
                return "a message"
        except grpc.RpcError as error:
            return error.code().name
        return "OK"


class Agent(grpc.GenericRpcHandler):
    """Serves one workload: what give() said last, to every stream, now and at each change."""

    def __init__(self, pb2, path):
        self._pb2 = pb2
        self._path = path
        self._lock = threading.Lock()
        self._state = None  # a message, or a status to end with
        self._streams = []
        self._server = None
        self.calls = 0
        self.without_header = 0

    def start(self):
        self._server = grpc.server(futures.ThreadPoolExecutor(8), (self,))
        if self._server.add_insecure_port(f"unix://{self._path}") == 0:
            raise AssertionError(f"cannot listen at {self._path}")
        self._server.start()
        return self

    def stop(self):
        """As a killed agent: every stream ends at once."""
        with self._lock:
            for stream in self._streams:
                stream.put(None)
        self._server.stop(None).wait()

    def identity(self):
        """The `identity` block of a bootstrap file."""
        return {"source": "spire", "socket": f"unix://{self._path}"}

    def give(self, *credentials, **more):
        self.say(self.message(*credentials, **more))

    def give_later(self, *credentials):
        """To who asks from now on; open streams hear nothing."""
        with self._lock:
            self._state = self.message(*credentials)

    def message(self, *credentials, federated=None, key=None):
        """Bytes of a message about (id, credential) pairs."""
        response = self._pb2.X509SVIDResponse()
        for name, credential in credentials:
            response.svids.add(spiffe_id=name, x509_svid=der_of(credential.certificate),
                               x509_svid_key=der_of(key or credential.key), bundle=der_of(credential.bundle))
        for domain, roots in (federated or {}).items():
            response.federated_bundles[domain] = roots
        return response.SerializeToString()

    def say(self, state):
        """Bytes of a message, or a grpc.StatusCode to end with."""
        with self._lock:
            self._state = state
            for stream in self._streams:
                stream.put(state)

    def service(self, details):
        if details.method != _SERVICE + "FetchX509SVID":
            return None
        return grpc.unary_stream_rpc_method_handler(self._fetch)

    def _fetch(self, _, context):
        stream = queue.Queue()
        context.add_callback(lambda: stream.put(None))
        with self._lock:
            self.calls += 1
            self.without_header += HEADER[0] not in tuple(context.invocation_metadata())
            self._streams.append(stream)
            stream.put(self._state if self._state is not None else grpc.StatusCode.UNAVAILABLE)
        try:
            while (said := stream.get()) is not None:
                if isinstance(said, grpc.StatusCode):
                    context.abort(said, "as the test wants it")
                yield said
        finally:
            with self._lock:
                self._streams.remove(stream)
