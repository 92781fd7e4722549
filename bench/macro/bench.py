#!/usr/bin/env python3
"""Measures Heddle side by side with other proxies: CPU time per unit of work, on one core. Method: bench/README.md."""

import argparse
import json
import os
import platform
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import table  # noqa: E402
from chart import chart  # noqa: E402
from context import Context  # noqa: E402
from harness import ROOT  # noqa: E402
from origins import Origins  # noqa: E402
from place import Place  # noqa: E402
from peer_floor import Floor  # noqa: E402
from peer_haproxy import Haproxy  # noqa: E402
from peer_heddle import Heddle  # noqa: E402
from peer_nghttpx import Nghttpx  # noqa: E402
from peer_nginx import Nginx  # noqa: E402
from scenarios import all_scenarios, chosen  # noqa: E402
from trust import Unverified, check_trust  # noqa: E402

PEERS = (Floor, Haproxy, Nginx, Nghttpx, Heddle)
OUTPUT = os.path.join(ROOT, "build", "bench")


class Settings:
    """How long and how often. --smoke < --quick < all."""

    def __init__(self, args):
        quick = args.quick or args.smoke
        self.rounds = args.rounds or (1 if args.smoke else 2 if quick else 5)
        self.seconds = args.seconds or (0.3 if args.smoke else 0.8 if quick else 3.0)
        self.warm_up = 0 if args.smoke else 0.3 if quick else 1.0
        self.latency_seconds = 0.2 if args.smoke else 0.4 if quick else 2.0
        self.idle_connections = 200 if args.smoke else 1000 if quick else 4000
        self.open_connections = 500 if args.smoke else 8000
        # A process has settled when its memory did not move for so long. Connections get longer to become idle: Heddle
        # gives back what they held after one second, and to the kernel after another.
        self.quiet = 0.1 if args.smoke else 1.5
        self.quiet_connections = 0.1 if args.smoke else 4.0
        self.quick = quick
        self.smoke = args.smoke


def parse(words):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, under 3 minutes in all")
    parser.add_argument("--smoke", action="store_true", help="shortest: only whether the harness works")
    parser.add_argument("--only", metavar="REGEX", help="scenarios whose name matches")
    parser.add_argument("--rounds", type=int, help="how often everybody is measured (5; quick 2)")
    parser.add_argument("--seconds", type=float, help="of one measurement (3; quick 0.8)")
    parser.add_argument("--json", metavar="FILE", default=os.path.join(OUTPUT, "bench.json"), help="raw data")
    parser.add_argument("--svg", metavar="FILE", default=os.path.join(OUTPUT, "bench.svg"), help="chart")
    parser.add_argument("--peers", metavar="LIST", help="names with commas: " + ",".join(one.name for one in PEERS))
    parser.add_argument("--preload", metavar="FILE", action="append", default=[], type=existing,
                        help="Heddle once more, with this library loaded before all others (an allocator)")
    parser.add_argument("--beside", metavar="DIR", action="append", default=[], type=existing,
                        help="Heddle once more, from this folder of programs (another build)")
    parser.add_argument("--list", action="store_true", help="the scenarios, and nothing else")
    parser.add_argument("--heddle-bin", metavar="DIR", default=os.path.join(ROOT, "build", "ship", "bin"))
    parser.add_argument("--tools-bin", metavar="DIR", help="of heddle-bench-*; the same folder if not given")
    return parser.parse_args(words)


def existing(path):
    # The loader only warns of a missing library: the column would show Heddle as it is.
    if not os.path.exists(path):
        raise argparse.ArgumentTypeError(f"no {path}")
    return os.path.abspath(path)


def peers_named(text):
    if not text:
        return [peer() for peer in PEERS]
    known = {peer.name: peer for peer in PEERS}
    wrong = [name for name in text.split(",") if name not in known]
    if wrong:
        sys.exit(f"bench: no peer {', '.join(wrong)}; there are {', '.join(known)}")
    return [known[name]() for name in known if name in text.split(",")]


def progress(started):
    def say(text):
        print(f"[{time.monotonic() - started:5.0f} s] {text}", flush=True)
    return say


def document(rows, peers, settings, place):
    return {"machine": {"system": f"{platform.system()} {platform.release().partition('-')[0]}", "cores": os.cpu_count(), "processor": processor(),
                        "proxy_core": place.proxy_core, "load_core": place.load_core},
            "peers": {peer.name: peer.version() for peer in peers},
            "settings": {"rounds": settings.rounds, "seconds": settings.seconds, "warm_up": settings.warm_up},
            "scenarios": [row.as_json() for row in rows]}


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write_files(args, rows, data):
    for path in (args.json, args.svg):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    with open(args.svg, "w", encoding="utf-8") as file:
        about = data["settings"]
        file.write(chart(rows, f"Medians of {about['rounds']} rounds of {about['seconds']:g} s, one core for the proxies."))
    print(f"\nraw data: {args.json}\nchart:    {args.svg}")


def measure(args):
    settings = Settings(args)
    say = progress(time.monotonic())
    peers = [*peers_named(args.peers), *(Heddle(preload=path) for path in args.preload),
             *(Heddle(programs=path) for path in args.beside)]
    place = Place(args.heddle_bin, args.tools_bin or args.heddle_bin)
    rows = []
    try:
        context = Context(place, Origins(place), peers, settings, say)
        wanted = chosen(args.only, settings.quick)
        trusted = False
        for scenario in wanted:
            if scenario.is_secured and not trusted:
                check_trust(context)
                trusted = True
            say(scenario.title)
            rows.append(scenario.measure(context, scenario))
        data = document(rows, peers, settings, place)
    finally:
        place.close()
    print(f"\n{table.detail_table(rows)}\n\n{table.main_table(rows)}\n\n{table.summary(rows)}")
    if table.noise(rows):
        print(table.noise(rows))
    write_files(args, rows, data)
    failed = [f"{row.scenario.name}/{name}" for row in rows for name, cell in row.cells.items()
              if cell.failed or not (cell.figures or cell.cannot)]
    if failed:
        print(f"bench: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def main():
    args = parse(sys.argv[1:])
    if args.list:
        for one in all_scenarios():
            print(f"{one.name:14} {one.title}")
        return 0
    try:
        return measure(args)
    except Unverified as error:
        sys.exit(f"bench: {error}: its figures would compare with nothing")


if __name__ == "__main__":
    sys.exit(main())
