"""What every measured proxy can be asked for. One class per program in peer_*.py.

A `Path` is what traffic crosses. Whoever measures asks a peer to `open` it; the peer starts one process per sidecar.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field


class Cannot(Exception):
    """The program has no way to do this; the text is the reason that the report shows."""


@dataclass(frozen=True)
class Path:
    """hop: one plaintext proxy. pair: two sidecars with mTLS between them. inbound: the mTLS side alone."""
    shape: str             # hop | pair | inbound
    front: str             # h1 | h2 | tcp: what the client speaks
    back: str              # h1 | h2 | tcp: what the origin speaks
    grpc: bool = False
    access_log: bool = False
    new_connections: bool = False  # the client makes one per request


@dataclass(frozen=True)
class Leg:
    """One proxy of a path. role hop: plain to plain, out: plain to mTLS, in: mTLS to plain."""
    role: str
    front: str
    back: str
    listen: int
    target: int
    grpc: bool = False
    access_log: bool = False

    @property
    def is_tcp(self):
        return self.front == "tcp"

    @property
    def takes_tls(self):
        return self.role == "in"

    @property
    def gives_tls(self):
        return self.role == "out"


@dataclass
class Running:
    peer: str
    port: int
    processes: list = field(default_factory=list)

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def kill(self):
        for process in self.processes:
            process.kill()


class Peer(ABC):
    """A program that can stand in a path."""

    name = ""
    link = "h2"  # what its two sidecars speak to each other over mTLS, when the client speaks HTTP

    def refuse(self, path):
        """Raises Cannot for what the program cannot do."""

    @abstractmethod
    def start(self, place, leg):
        """Starts one proxy for one leg and returns its process, ready."""

    @abstractmethod
    def version(self):
        """One line."""

    def open(self, place, path, origin):
        self.refuse(path)
        if path.shape != "pair":
            role = "hop" if path.shape == "hop" else "in"
            leg = Leg(role, path.front, path.back, place.port(), origin, path.grpc, path.access_log)
            return Running(self.name, leg.listen, [self.start(place, leg)])
        link = "tcp" if path.front == "tcp" else self.link
        outer, inner = place.port(), place.port()
        legs = [Leg("in", link, path.back, inner, origin, path.grpc, path.access_log),
                Leg("out", path.front, link, outer, inner, path.grpc, path.access_log)]
        return Running(self.name, outer, [self.start(place, leg) for leg in legs])
