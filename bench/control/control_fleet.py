"""The simulated sidecars: processes of heddle-bench-sidecars, told what to do line by line."""

import json
import os
import select
import subprocess
import time

from sampling import pinned

ANSWER = 120.0  # s until an answer to one line


class FleetError(OSError):
    pass


class Simulator:
    """One process; killed by its id when it does not end by itself."""

    def __init__(self, argv, log):
        self._log = open(log, "ab")  # pylint: disable=consider-using-with
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self._rest = b""
        self.spoken = 0  # bytes it read that were ours, with what waking its loop takes

    def say(self, word):
        self._child.stdin.write(word.encode() + b"\n")
        self._child.stdin.flush()
        self.spoken += len(word) + 1 + 8

    def answer(self, deadline=ANSWER):
        end = time.monotonic() + deadline
        out = self._child.stdout.fileno()
        while b"\n" not in self._rest:
            ready, _, _ = select.select([out], [], [], max(0.0, end - time.monotonic()))
            part = os.read(out, 1 << 20) if ready else b""
            if not part:
                raise FleetError("a simulator ended" if ready else f"a simulator was silent for {deadline:g} s")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def ask(self, word):
        self.say(word)
        return self.answer()

    def bytes_read(self):
        """By all its read system calls: what came from the network, records and frames included, and our words."""
        with open(f"/proc/{self._child.pid}/io", encoding="ascii") as file:
            for line in file:
                if line.startswith("rchar:"):
                    return int(line.split()[1])
        return 0

    def close(self):
        try:
            self._child.stdin.close()
            self._child.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()
        self._log.close()


def shares(total, parts):
    """[(first, count)]: `total` numbers in so many parts, none empty."""
    parts = max(1, min(parts, total))
    edges = [total * i // parts for i in range(parts + 1)]
    return [(edges[i], edges[i + 1] - edges[i]) for i in range(parts)]


class Fleet:
    def __init__(self, program, plane_address, ca, sidecars, settings, handshake_only=False):
        self.size = sidecars
        self._simulators = []
        self._bytes_before = 0
        try:
            for first, count in shares(sidecars, settings.processes):
                argv = [program, "--control", plane_address, "--ca-cert", ca[0], "--ca-key", ca[1], "--first", str(first),
                        "--sidecars", str(count), "--services", str(settings.services), "--wants", str(settings.wants),
                        "--seed", str(settings.seed)]
                argv += ["--handshake-only", "yes"] if handshake_only else []
                log = os.path.join(settings.folder, "simulators.log")
                self._simulators.append(Simulator(pinned(settings.load_core, argv), log))
            wanted = [one.answer(600.0)["wanted"] for one in self._simulators]  # it makes its certificates first
        except BaseException:
            self.close()
            raise
        self.wanted = [sum(column) for column in zip(*wanted)]

    def go(self):
        """When the first began, ns."""
        for one in self._simulators:
            one.say("go")
        return min(one.answer()["went"] for one in self._simulators)

    def report(self):
        """Sums, and of times the latest."""
        for one in self._simulators:
            one.say("report")
        parts = [one.answer() for one in self._simulators]
        latest = ("now", "last_connected", "last_synced")
        return {name: (max if name in latest else sum)(part[name] for part in parts) for name in parts[0]}

    def wait(self, is_done, what, deadline, poll=0.05):
        end = time.monotonic() + deadline
        while True:
            report = self.report()
            if is_done(report):
                return report
            if time.monotonic() >= end:
                raise FleetError(f"waited {deadline:g} s for {what}: {report}")
            time.sleep(poll)  # poll: for is_done

    def take_arrivals(self):
        """[(service, ns)]"""
        return [tuple(row) for one in self._simulators for row in one.ask("arrivals")["arrivals"]]

    def network_bytes(self):
        return sum(one.bytes_read() - one.spoken for one in self._simulators)

    def close(self):
        for one in self._simulators:
            one.close()
        self._simulators = []
