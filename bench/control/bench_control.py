#!/usr/bin/env python3
"""Measures one control plane under many simulated sidecars: start, propagation, memory, bytes. Method: bench/README.md."""

import argparse
import json
import os
import platform
import random
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "macro")]

# pylint: disable=wrong-import-position
from control_chart import chart  # noqa: E402
from control_figures import GOALS, KIB, chosen_services, latencies, spread_of, table, verdict  # noqa: E402
from control_fleet import Fleet, FleetError  # noqa: E402
from control_plane import Plane, backend_set, size_of  # noqa: E402
from harness import ROOT  # noqa: E402
from place import raise_file_limit  # noqa: E402
from sampling import cores  # noqa: E402

OUTPUT = os.path.join(ROOT, "build", "bench")
SIZES = (100, 300, 1000, 3000, 10000)
START = 180.0   # s, for everybody to be connected and synced
ARRIVE = 30.0   # s, for a change to be everywhere
HANDSHAKES = 1000  # as many connections without a watch, or the size, if it is less


class Settings:
    """How many and how long. --smoke < --quick < all."""

    def __init__(self, args, folder):
        self.folder = folder
        self.plane_core, self.load_core = cores()
        self.seed = args.seed
        self.services = args.services or (50 if args.smoke else 1000)
        self.endpoints = args.endpoints or (500 if args.smoke else 20000)
        self.wants = args.wants
        self.processes = args.processes
        small = (20,) if args.smoke else (100, 1000) if args.quick else SIZES
        self.sizes = tuple(args.sizes or small)
        self.changes = 3 if args.smoke else 20 if args.quick else 100
        self.sustained = args.seconds if args.seconds is not None else (2 if args.smoke else 10 if args.quick else 300)
        self.quiet = 0.2 if args.smoke else 2.5  # a connection gives its TLS buffers back after a second

    @property
    def endpoints_each(self):
        return max(1, self.endpoints // self.services)

    def as_json(self):
        return {"services": self.services, "endpoints": self.endpoints_each * self.services, "wants": self.wants,
                "changes": self.changes, "sustained_s": self.sustained, "seed": self.seed}


class Run:
    """One size: the steps in their order; `row` collects the figures."""

    def __init__(self, plane, program, ca, settings, say, sidecars):
        self.plane = plane
        self.settings = settings
        self.say = say
        self.row = {"sidecars": sidecars}
        self._program = program
        self._ca = ca
        self._draw = random.Random(f"{settings.seed}/{sidecars}")

    def fleet(self, sidecars, **more):
        return Fleet(self._program, self.plane.address, self._ca, sidecars, self.settings, **more)

    def measure(self, is_sustained):
        self.handshakes()
        self.plane.restart()
        fleet = self.fleet(self.row["sidecars"])
        try:
            self.start(fleet)
            self.idle(fleet)
            self.changes(fleet)
            if is_sustained:
                self.sustain(fleet)
            self.note_what_went_wrong(fleet)
        finally:
            fleet.close()
        return self.row

    def handshakes(self):
        """Connections without a watch: what a handshake costs, and what a TLS connection holds."""
        count = min(self.row["sidecars"], HANDSHAKES)
        self.plane.restart()
        self.plane.settle(self.settings.quiet)
        fleet = self.fleet(count, handshake_only=True)
        try:
            before, (own, _) = self.plane.cpu(), self.plane.memory()
            fleet.go()
            fleet.wait(lambda report: report["connected"] == count, f"{count} handshakes", START)
            cpu = self.plane.cpu() - before
            self.plane.settle(self.settings.quiet)  # soon: who says nothing is sent away after 10 s
            held = self.plane.memory()[0] - own
        finally:
            fleet.close()
        self.row.update(handshake_us=cpu / count * 1e6, tls_kib=held / count / KIB)
        self.say(f"  handshake {self.row['handshake_us']:.0f} us, {self.row['tls_kib']:.1f} KiB per connection")

    def start(self, fleet):
        """Everybody at once, until the last has what it wants."""
        size = self.row["sidecars"]
        self.plane.settle(self.settings.quiet)
        self._base = self.plane.memory()
        before = self.plane.cpu()
        began = fleet.go()
        report = fleet.wait(lambda seen: seen["synced"] == size, f"{size} sidecars to be synced", START)
        cpu = self.plane.cpu() - before
        self.row.update(
            connected_s=(report["last_connected"] - began) / 1e9, synced_s=(report["last_synced"] - began) / 1e9,
            start_cpu_s=cpu, handshake_share=min(1.0, self.row["handshake_us"] / 1e6 * (size + report["failed"]) / cpu),
            start_failed=report["failed"], start_retry_after=report["retry_after"],
            snapshot_bytes=report["snapshot_bytes"] / size)
        self.say(f"  synced after {self.row['synced_s']:.2f} s ({cpu:.2f} s CPU, {self.row['handshake_share']:.0%} of it "
                 f"handshakes; {report['failed']} failed and came back)")

    def idle(self, fleet):
        """Memory at rest, and what a heartbeat weighs."""
        size = self.row["sidecars"]
        before, read = fleet.report()["heartbeats"], fleet.network_bytes()
        report = fleet.wait(lambda seen: seen["heartbeats"] >= before + size, "a heartbeat for everybody", 60.0)
        self._beat = (fleet.network_bytes() - read) / (report["heartbeats"] - before)
        self.plane.settle(self.settings.quiet)
        own, everything = self.plane.memory()
        per_sidecar = (own - self._base[0]) / size / KIB
        self.row.update(watch_kib=per_sidecar, sidecar_kib=per_sidecar - self.row["tls_kib"], pss_mib=everything / 2**20,
                        heartbeat_bytes=self._beat)
        self.say(f"  {per_sidecar:.1f} KiB per idle sidecar, {self.row['sidecar_kib']:.1f} beyond TLS")

    def change(self, service):
        """(ns when it began, the object's size)."""
        resource = backend_set(service, self.settings.endpoints_each, self.plane.next_generation(service))
        began = time.monotonic_ns()
        self.plane.api.apply([resource])
        return began, size_of(resource)

    def changes(self, fleet):
        """One at a time, each at another moment of the heartbeats' period."""
        every, ratios, wrong = [], [], 0
        for service in chosen_services(fleet.wanted, self.settings.changes, self._draw):
            beats, read = fleet.report()["heartbeats"], fleet.network_bytes()
            expected = fleet.wanted[service]
            began, size = self.change(service)
            seen = fleet.wait(lambda report: report["arrivals"] >= expected, "the change to be everywhere", ARRIVE, 0.02)
            took, missing = latencies(fleet.take_arrivals(), {service: began}, {service: expected})
            every += took
            wrong += missing
            wire = fleet.network_bytes() - read - (seen["heartbeats"] - beats) * self._beat
            ratios.append(wire / expected / size)
            time.sleep(self._draw.uniform(0.1, 0.4))  # lint: sleep pacing: changes come at any time
        self.row.update(change=spread_of(every), change_wrong=wrong, wire_ratio=sorted(ratios)[len(ratios) // 2])
        self.say(f"  {len(ratios)} changes: p50 {self.row['change']['p50_ms']:.0f} ms, p99 "
                 f"{self.row['change']['p99_ms']:.0f} ms, max {self.row['change']['max_ms']:.0f} ms; "
                 f"{self.row['wire_ratio']:.2f} x the object on the wire")

    def sustain(self, fleet):
        """One change each second, whatever became of those before."""
        services = chosen_services(fleet.wanted, self.settings.sustained, self._draw)
        services = list(dict.fromkeys(services))  # each once: an arrival belongs to one change
        began, first = {}, time.monotonic()
        for number, service in enumerate(services):
            time.sleep(max(0.0, first + number - time.monotonic()))  # lint: sleep pacing: one each second
            began[service], _ = self.change(service)
        expected = {service: fleet.wanted[service] for service in services}
        total = sum(expected.values())
        fleet.wait(lambda report: report["arrivals"] >= total, "the last changes to be everywhere", ARRIVE)
        took, wrong = latencies(fleet.take_arrivals(), began, expected)
        self.row.update(sustained=spread_of(took), sustained_wrong=wrong, sustained_changes=len(services))
        self.say(f"  {len(services)} changes, one each second: p99 {self.row['sustained']['p99_ms']:.0f} ms")

    def note_what_went_wrong(self, fleet):
        report = fleet.report()
        self.row.update(wrong_batches=report["wrong"], failed=report["failed"], drained=report["drained"])


def parse(words):
    parser = argparse.ArgumentParser(prog="./dev bench control", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 and 1,000 sidecars, about two minutes")
    parser.add_argument("--smoke", action="store_true", help="shortest: only whether the harness works")
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="numbers of sidecars")
    parser.add_argument("--services", type=int, help="(1000)")
    parser.add_argument("--endpoints", type=int, help="of all services together (20000)")
    parser.add_argument("--wants", type=int, default=5, help="services a sidecar wants (5)")
    parser.add_argument("--seconds", type=int, help="of one change per second, with the most sidecars (300; quick 10)")
    parser.add_argument("--processes", type=int, default=2, help="of simulated sidecars (2)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", default=os.path.join(OUTPUT, "control.json"), help="raw data")
    parser.add_argument("--svg", metavar="FILE", default=os.path.join(OUTPUT, "control.svg"), help="chart")
    parser.add_argument("--heddle-bin", metavar="DIR", default=os.path.join(ROOT, "build", "ship", "bin"))
    parser.add_argument("--tools-bin", metavar="DIR", help="of heddle-bench-sidecars; the same folder if not given")
    args = parser.parse_args(words)
    if any(not 1 <= size <= 50000 for size in args.sizes or ()):
        parser.error("--sizes: expected 1 to 50000")
    if args.seconds is not None and not 0 <= args.seconds <= 1000:
        parser.error("--seconds: expected 0 to 1000")
    return args


def progress(started):
    def say(text):
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)
    return say


def measure_all(plane, program, settings, say):
    plane.start()
    plane.fill(settings.services, settings.endpoints_each)
    ca = plane.cut_ca(settings.folder)
    rows = []
    for size in sorted(settings.sizes):
        say(f"{size:,} sidecars")
        run = Run(plane, program, ca, settings, say, size)
        rows.append(run.measure(is_sustained=settings.sustained > 0 and size == max(settings.sizes)))
    return rows


def write_files(args, settings, rows):
    data = {"machine": {"system": f"{platform.system()} {platform.release().partition('-')[0]}", "cores": os.cpu_count(),
                        "control_core": settings.plane_core, "load_core": settings.load_core},
            "settings": settings.as_json(), "goals": GOALS, "sizes": rows}
    for path in (args.json, args.svg):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    with open(args.svg, "w", encoding="utf-8") as file:
        file.write(chart(rows, GOALS["change_p99_ms"], f"{settings.services:,} services, "
                         f"{settings.endpoints_each * settings.services:,} endpoints."))
    print(f"raw data: {args.json}\nchart:    {args.svg}")


def main():
    args = parse(sys.argv[1:])
    folder = tempfile.mkdtemp(prefix="heddle-bench-control-")
    raise_file_limit()
    settings = Settings(args, folder)
    program = os.path.join(args.tools_bin or args.heddle_bin, "heddle-bench-sidecars")
    plane = Plane(args.heddle_bin, folder, settings.plane_core)
    try:
        rows = measure_all(plane, program, settings, progress(time.monotonic()))
    except FleetError as error:
        print(plane.log(), file=sys.stderr)
        sys.exit(f"bench: {error}")
    finally:
        plane.close()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{table(rows)}\n\n{verdict(rows)}")
    write_files(args, settings, rows)
    wrong = sum(row["change_wrong"] + row.get("sustained_wrong", 0) + row["wrong_batches"] for row in rows)
    if wrong:
        print(f"bench: {wrong} changes did not arrive once, or batches had another hash", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
