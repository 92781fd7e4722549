"""The programs that make load, and what they said in numbers."""

import csv
import json
import os
import re
import subprocess
from dataclasses import dataclass, field

from place import HOST


class LoadFailed(Exception):
    pass


class NothingDone(LoadFailed):
    """Nothing went wrong, and nothing was finished: a short run on a slow machine, or a program that does not answer."""


def for_long_enough(run, seconds):
    """run(seconds), and once more for ten times as long when nothing was finished."""
    try:
        return run(seconds)
    except NothingDone:
        return run(10 * seconds)


@dataclass
class Load:
    """What one run did. Latencies in microseconds, None when the program does not say them."""
    units: float
    seconds: float
    p50: float = None
    p99: float = None
    more: dict = field(default_factory=dict)

    @property
    def rate(self):
        return self.units / self.seconds if self.seconds else 0.0


def _run(place, argv, timeout):
    try:
        done = subprocess.run(place.on_load_core([str(word) for word in argv]), capture_output=True, text=True,
                              timeout=timeout, check=False, cwd=place.folder)
    except subprocess.TimeoutExpired:
        raise LoadFailed(f"{argv[0]} did not end within {timeout:g} s") from None
    if done.returncode != 0:
        raise LoadFailed(f"{' '.join(map(str, argv))}: exit {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    return done.stdout


def _number(pattern, text, default=None):
    found = re.search(pattern, text)
    if not found:
        if default is not None:
            return default
        raise LoadFailed(f"no {pattern!r} in: {text[-500:]}")
    return float(found.group(1))


_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


def duration_us(text):
    """wrk's and h2load's durations: 12.3us, 4.5ms, 1.02s."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(value) * _UNITS[unit]


def percentile(values, part):
    """The smallest value that `part` of all do not exceed; 0 < part <= 1."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(part * 1000) // 1000) - 1)]


# --- wrk: closed loop, HTTP/1.1 ---
@dataclass(frozen=True)
class Wrk:
    target: str = "/"
    connections: int = 32
    headers: tuple = ()
    script: str = None

    def run(self, place, port, seconds):
        argv = ["wrk", "-t1", f"-c{self.connections}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "10s"]
        if seconds < 1:  # it knows whole seconds only; interrupted, it says what it did until then
            argv = ["timeout", "--preserve-status", "-s", "INT", seconds, *argv]
        for header in self.headers:
            argv += ["-H", header]
        if self.script:
            argv += ["-s", self.script]
        return read_wrk(_run(place, [*argv, f"http://{HOST}:{port}{self.target}"], seconds + 30))

    def warm(self, place, port, seconds):
        """By h2load, because wrk knows whole seconds only; over connections that stay."""
        H2load(self.target, self.connections, 1, http1=True).run(place, port, seconds)


def read_wrk(text):
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    if bad or errors and any(map(int, errors.groups())):
        raise LoadFailed(f"wrk: {(bad or errors).group(0)}")
    found = re.search(r"(\d+) requests in ([\d.]+\w+),", text)
    if not found:
        raise LoadFailed(f"wrk: {text[-300:]}")
    if int(found.group(1)) == 0:
        raise NothingDone("wrk did no request")
    latencies = {name: duration_us(re.search(rf"^\s+{name}%\s+(\S+)", text, re.MULTILINE).group(1)) for name in ("50", "99")}
    return Load(int(found.group(1)), duration_us(found.group(2)) / 1e6, latencies["50"], latencies["99"])


# --- h2load: closed loop, or open loop with `rps` ---
@dataclass(frozen=True)
class H2load:
    target: str = "/"
    clients: int = 8
    streams: int = 16
    headers: tuple = ()
    data: bytes = None
    http1: bool = False

    def _argv(self, place, port, more):
        argv = ["h2load", "-c", self.clients, "-m", self.streams, *more]
        if self.http1:
            argv.append("--h1")
        for header in self.headers:
            argv += ["-H", header]
        if self.data is not None:
            path = os.path.join(place.folder, "h2load.data")
            with open(path, "wb") as file:
                file.write(self.data)
            argv += ["-d", path]
        return [*argv, f"http://{HOST}:{port}{self.target}"]

    def run(self, place, port, seconds):
        return read_h2load(_run(place, self._argv(place, port, ["-D", f"{int(seconds * 1000)}ms"]), seconds + 30))

    def warm(self, place, port, seconds):
        self.run(place, port, seconds)

    def run_at(self, place, port, seconds, rate):
        """Open loop: `rate` requests a second of all clients together, each request's latency noted."""
        return self.run_logged(place, port, seconds, [f"--rps={max(1, round(rate / self.clients))}"])

    def run_logged(self, place, port, seconds, more=()):
        """With the latency of every request: the load costs more, so nobody's CPU is measured with this."""
        log = os.path.join(place.folder, "h2load.log")
        if os.path.exists(log):
            os.remove(log)
        argv = self._argv(place, port, ["-D", f"{int(seconds * 1000)}ms", f"--log-file={log}", *more])
        load = read_h2load(_run(place, argv, seconds + 30))
        with open(log, encoding="ascii") as file:
            taken = [int(line.rsplit("\t", 1)[1]) for line in file]
        if taken:
            load.p50, load.p99 = percentile(taken, 0.5), percentile(taken, 0.99)
        return load


def read_h2load(text):
    """Of an HTTP/1.1 answer without a reason phrase (haproxy's, from HTTP/2) h2load does not see the status: such
    requests are `failed`, with no status code of any class. Connections that break and bad statuses are refused."""
    found = re.search(r"requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", text)
    codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
    if not found or not codes:
        raise LoadFailed(f"h2load: {text[-500:]}")
    done, succeeded, failed, errored, timeout = map(int, found.groups())
    classes = list(map(int, codes.groups()))
    unseen = succeeded == 0 and failed == done and not any(classes)
    if not any((done, failed, errored, timeout)):
        raise NothingDone(f"h2load: {found.group(0)}")
    if done == 0 or errored or timeout or any(classes[1:]) or (failed and not unseen):
        raise LoadFailed(f"h2load: {found.group(0)}; {codes.group(0)}")
    return Load(done, duration_us(re.search(r"finished in ([\d.]+\w+),", text).group(1)) / 1e6)


# --- ab: a new connection per request, with a client certificate ---
@dataclass(frozen=True)
class Ab:
    concurrency: int = 8

    def run(self, place, port, seconds):
        table = os.path.join(place.folder, "ab.csv")
        length = ["-n", int(seconds * 600)] if seconds < 1 else ["-t", round(seconds), "-n", 1000000]
        argv = ["ab", "-q", "-d", "-S", *length, "-c", self.concurrency, "-e", table, "-f", "TLS1.3",
                "-E", place.client.both, f"https://{HOST}:{port}/"]
        load = read_ab(_run(place, argv, seconds + 30))
        with open(table, encoding="ascii") as file:
            rows = {row[0]: float(row[1]) * 1e3 for row in list(csv.reader(file))[1:]}
        load.p50, load.p99 = rows.get("50"), rows.get("99")
        return load

    def warm(self, place, port, seconds):
        """Nothing to warm: every request is somebody's first."""


def read_ab(text):
    complete = _number(r"Complete requests:\s+(\d+)", text)
    failed = _number(r"Failed requests:\s+(\d+)", text)
    refused = _number(r"Non-2xx responses:\s+(\d+)", text, 0.0)
    if not complete or failed or refused:
        raise LoadFailed(f"ab: {complete:g} complete, {failed:g} failed, {refused:g} not 2xx")
    return Load(complete, _number(r"Time taken for tests:\s+([\d.]+) seconds", text))


# --- iperf3: one TCP stream from client to origin; the unit is a GB ---
@dataclass(frozen=True)
class Iperf3:
    def run(self, place, port, seconds):
        length = ["-n", int(seconds * 1e9)] if seconds < 1 else ["-t", round(seconds)]
        argv = ["iperf3", "-c", HOST, "-p", port, *length, "-J"]
        return read_iperf3(_run(place, argv, seconds + 30))

    def warm(self, place, port, seconds):
        """One connection is made for the run in any case."""


def read_iperf3(text):
    end = json.loads(text).get("end", {}).get("sum_received")
    if not end or not end["bytes"]:
        raise LoadFailed(f"iperf3: {text[-300:]}")
    return Load(end["bytes"] / 1e9, end["seconds"])
