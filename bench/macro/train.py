#!/usr/bin/env python3
"""Shows an instrumented heddle-proxy its usual work, so that the compiler knows what is hot: part of ./dev release.

The work is that of the bench's rows that are load. Each sidecar is ended by SIGTERM: it writes its counts when it exits.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from measure_load import measure_load  # noqa: E402
from origins import Origins  # noqa: E402
from peer_heddle import Heddle  # noqa: E402
from place import Place  # noqa: E402
from scenarios import all_scenarios  # noqa: E402


class Trainee(Heddle):
    def start(self, place, leg, **more):
        return super().start(place, leg, drain={"deadline": "2s", "accept": "0s"}, **more)


def train(place, origins, scenario, seconds):
    print(f"training: {scenario.title}", flush=True)
    path = scenario.path
    running = Trainee().open(place, path, origins.port("grpc" if path.grpc else path.back))
    scenario.driver.run(place, running.port, seconds)
    for process in reversed(running.processes):  # from the client's side on
        code = process.terminate()
        if code != 0:
            sys.exit(f"train: {process.name} ended with {code}\n{process.tail()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heddle-bin", metavar="DIR", required=True, help="folder of the instrumented heddle-proxy")
    parser.add_argument("--tools-bin", metavar="DIR", required=True, help="folder of heddle-bench-*")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each row (1)")
    args = parser.parse_args()
    place = Place(args.heddle_bin, args.tools_bin)
    try:
        origins = Origins(place)
        for scenario in all_scenarios():
            if scenario.measure is measure_load:
                train(place, origins, scenario, args.seconds)
    finally:
        place.close()


if __name__ == "__main__":
    main()
