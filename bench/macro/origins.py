"""The servers behind the proxies. One of each kind serves all peers; they live on the core of the load."""

import os

from mesh_files import address
from peer_nginx import command, http_block, main_block
from place import HOST

KIB = 1024
FILES = {"1k": KIB, "64k": 64 * KIB, "1m": 1024 * KIB}
GRPC_TRAILER = "grpc-status: 0"
GRPC_REPLY = b"\x00\x00\x00\x00\x10" + b"r" * 16  # five bytes of gRPC framing, sixteen of message


class Origins:
    """Starts an origin when somebody asks for it. Kinds: h1, h2, grpc, tcp, many.

    HTTP/2 comes from nghttpd, because nginx writes every response of a connection by itself: a relay in front of it
    would be measured by that.
    """

    def __init__(self, place):
        self._place = place
        self._ports = {}
        self._starters = {"h1": self._nginx, "h2": self._nghttpd, "grpc": self._grpc, "tcp": self._iperf3,
                          "many": self._many}

    def port(self, kind):
        if kind not in self._ports:
            port = self._place.port()
            self._starters[kind](port)
            self._ports[kind] = port
        return self._ports[kind]

    def _many(self, port):
        """The same content on ten addresses: endpoints that differ."""
        self._nginx(port, [address(number) for number in range(10)])

    def _nginx(self, port, addresses=(HOST,)):
        folder = os.path.join(self._place.folder, f"origin-{port}")
        text = main_block(self._place, folder, 16384)
        for name, size in FILES.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(b"x" * size)
        listens = " ".join(f"listen {one}:{port} backlog=4096;" for one in addresses)
        inside = (f"  sendfile on; default_type application/octet-stream; open_file_cache max=16 inactive=10m;\n"
                  f"  server {{ {listens} root {folder};\n"
                  f"    location / {{ return 200 '{'x' * FILES['1k']}'; }}\n"
                  f"    location = /64k {{ }}\n    location = /1m {{ }}\n  }}")
        config = self._place.write(f"origin-{port}.conf", text + http_block(folder, inside))
        self._place.start_load("origin", command(config, folder), port)

    def _nghttpd(self, port, trailer=None):
        folder = os.path.join(self._place.folder, f"origin-{port}")
        os.makedirs(os.path.join(folder, "bench.Echo"), exist_ok=True)
        for name, content in (("bench.Echo/Say", GRPC_REPLY), ("1k", b"x" * KIB)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        argv = ["nghttpd", "--no-tls", "-a", HOST, "-d", folder, "-m", "256", str(port)]
        if trailer:
            argv[1:1] = ["--trailer", trailer]
        self._place.start_load("origin-h2", argv, port)

    def _grpc(self, port):
        self._nghttpd(port, GRPC_TRAILER)

    def _iperf3(self, port):
        self._place.start_load("origin-tcp", ["iperf3", "-s", "-B", HOST, "-p", str(port)], port)
