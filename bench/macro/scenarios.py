"""What is measured: one line per kind of work, with the target of each."""

import re
from dataclasses import dataclass

from drivers import Ab, H2load, Iperf3, Wrk
from measure_goodput import measure_goodput
from measure_growth import (measure_delta, measure_delta_main, measure_endpoints, measure_open_connections, measure_routes,
                            measure_snapshot_memory)
from measure_idle import measure_connections, measure_process
from measure_load import measure_load
from measure_tail import measure_tail
from peers import Path


@dataclass(frozen=True)
class Target:
    """`against` best: ratio to the best other proxy; floor: ratio to the floor; self: the figure itself."""
    against: str
    limit: float


@dataclass(frozen=True)
class Scenario:
    """One row. `measure` fills it; for load the figure is CPU time of all proxies of the path per unit, times `scale`."""
    name: str
    title: str
    path: Path
    driver: object = None
    targets: tuple = ()
    unit: str = "us/request"
    scale: float = 1e6
    rate_unit: str = "req/s"
    in_quick: bool = True
    measure: object = measure_load

    @property
    def is_secured(self):
        """Whether it compares the cost of mTLS."""
        return self.path.shape != "hop" and self.measure is not measure_process


_HOP_H1 = Path("hop", "h1", "h1")
_PAIR_H1 = Path("pair", "h1", "h1")
_GRPC = H2load(target="/bench.Echo/Say", data=b"\x00\x00\x00\x00\x10" + b"q" * 16,
               headers=("content-type: application/grpc", "te: trailers"))


def all_scenarios():
    return [
        Scenario("idle-process", "PSS of an idle sidecar", Path("inbound", "h1", "h1"), None, (Target("self", 8.0),),
                 unit="MiB", measure=measure_process),
        Scenario("h1-hop", "HTTP/1.1, one hop", _HOP_H1, Wrk(), (Target("best", 0.90), Target("floor", 1.20))),
        Scenario("h2-hop", "HTTP/2, one hop", Path("hop", "h2", "h2"), H2load(target="/1k"), (Target("best", 0.80),)),
        Scenario("h1-pair", "HTTP/1.1, two sidecars, mTLS", _PAIR_H1, Wrk(), (Target("best", 0.80),)),
        Scenario("h2-pair", "HTTP/2, two sidecars, mTLS", Path("pair", "h2", "h2"), H2load(target="/1k"), (Target("best", 0.80),)),
        Scenario("grpc-pair", "gRPC unary, two sidecars, mTLS", Path("pair", "h2", "h2", grpc=True), _GRPC,
                 (Target("best", 0.80),)),
        Scenario("tcp-hop", "TCP bulk, one hop", Path("hop", "tcp", "tcp"), Iperf3(), (Target("best", 1.00),),
                 unit="s/GB", scale=1.0, rate_unit="GB/s"),
        Scenario("tcp-pair", "TCP bulk, two sidecars, mTLS", Path("pair", "tcp", "tcp"), Iperf3(),
                 (Target("best", 0.80),), unit="s/GB", scale=1.0, rate_unit="GB/s"),
        Scenario("mtls-connect", "new mTLS connection, one request", Path("inbound", "h1", "h1"), Ab(),
                 (Target("best", 0.60),)),
        Scenario("h1-connect", "new HTTP/1.1 connection, one request",
                 Path("hop", "h1", "h1", new_connections=True), Wrk(headers=("Connection: close",))),
        Scenario("body-64k", "64 KiB bodies, two sidecars, mTLS", _PAIR_H1, Wrk(target="/64k")),
        Scenario("body-1m", "1 MiB bodies, two sidecars, mTLS", _PAIR_H1, Wrk(target="/1m", connections=8)),
        Scenario("h1-hop-log", "HTTP/1.1, one hop, access logs on", Path("hop", "h1", "h1", access_log=True), Wrk()),
        Scenario("tail-pair", "p99 added by two sidecars at 30 % load", _PAIR_H1, Wrk(), (Target("best", 1.00),),
                 unit="us", measure=measure_tail),
        Scenario("goodput-pair", "peak over goodput at twice the load that saturates", _PAIR_H1, Wrk(),
                 (Target("self", 1.25),), unit="x", measure=measure_goodput, in_quick=False),
        Scenario("idle-h1", "memory of an idle h1 connection", _HOP_H1, None, (Target("best", 1.00),),
                 unit="KiB/connection", measure=measure_connections),
        Scenario("idle-mtls", "memory of an idle mTLS connection", Path("inbound", "h1", "h1"), None,
                 (Target("best", 1.00),), unit="KiB/connection", measure=measure_connections),
        Scenario("idle-mtls-h2", "the same, HTTP/2 in it", Path("inbound", "h2", "h1"), None, (),
                 unit="KiB/connection", measure=measure_connections, in_quick=False),
    ] + _growth()


def _growth():
    """Heddle alone: how its cost grows."""
    return [
        Scenario("grow-routes", "10,000 routes on 1,000 hosts against 10", _HOP_H1, None, (Target("self", 1.10),),
                 unit="x CPU/request", measure=measure_routes),
        Scenario("grow-endpoints", "the same, 10,000 endpoints in use", _HOP_H1, None, (), unit="x CPU/request",
                 measure=measure_endpoints, in_quick=False),
        Scenario("grow-connections", "8,000 open connections against 32", _HOP_H1, None, (Target("self", 1.15),),
                 unit="x CPU/request", measure=measure_open_connections),
        Scenario("grow-memory", "snapshot of 10,000 endpoints", _HOP_H1, None, (Target("self", 10.0),), unit="MiB",
                 measure=measure_snapshot_memory),
        Scenario("grow-delta", "change of one of 10,000 endpoints, worker", _HOP_H1, None, (Target("self", 1.0),),
                 unit="ms CPU", measure=measure_delta),
        Scenario("grow-delta-main", "the same, main loop", _HOP_H1, None, (Target("self", 5.0),),
                 unit="ms CPU", measure=measure_delta_main),
    ]


def chosen(only, quick):
    found = [one for one in all_scenarios() if not only or re.search(only, one.name)]
    return [one for one in found if one.in_quick or not quick or only]
