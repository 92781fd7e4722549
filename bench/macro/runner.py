"""Runs scenarios: everybody is started once, then the rounds go from peer to peer."""

import time

from drivers import LoadFailed
from peers import Cannot
from results import Cell, Row
from sampling import cpu_of, pss_of, with_descendants


class Runner:
    def __init__(self, place, origins, peers, settings, say):
        self._place = place
        self._origins = origins
        self._peers = peers
        self._settings = settings
        self._say = say

    def run(self, scenario):
        row = Row(scenario)
        running = self._open_all(scenario, row)
        try:
            for number in range(self._settings.rounds):
                for one in running:
                    self._measure(scenario, one, row.cells[one.peer], number)
            for one in running:
                self._latency(scenario, one, row.cells[one.peer])
        finally:
            for one in running:
                one.kill()
        return row

    def _open_all(self, scenario, row):
        running = []
        origin = self._origins.port("grpc" if scenario.path.grpc else scenario.path.back)
        for peer in self._peers:
            cell = row.cells[peer.name] = Cell()
            try:
                running.append(peer.open(self._place, scenario.path, origin))
            except Cannot as reason:
                cell.cannot = str(reason)
            except Exception as error:  # whatever kept it from starting is shown in its cell
                self._fail(scenario, peer.name, cell, error)
        return running

    def _fail(self, scenario, name, cell, error):
        cell.failed = str(error).strip().splitlines()[0][:200]
        self._say(f"  {scenario.name}: {name} FAILED: {error}")

    def _measure(self, scenario, one, cell, number):
        if cell.failed:
            return
        try:
            if number == 0 and self._settings.warm_up:
                scenario.driver.warm(self._place, one.port, self._settings.warm_up)
            pids = with_descendants(one.pids)
            before = cpu_of(pids)
            load = run_patiently(scenario.driver, self._place, one.port, self._settings.seconds)
            spent = cpu_of(pids) - before
        except (LoadFailed, OSError) as error:
            self._fail(scenario, one.peer, cell, error)
            return
        cell.figures.append(spent / load.units * scenario.scale)
        for name, value in (("rate", load.rate), ("p50", load.p50), ("p99", load.p99), ("cpu", spent),
                            ("units", load.units), ("seconds", load.seconds), ("pss", pss_of(pids))):
            cell.more.setdefault(name, []).append(value)
        self._say(f"  {scenario.name} round {number + 1}: {one.peer} {cell.figures[-1]:.3g} {scenario.unit}"
                  f" ({load.rate:.4g} {scenario.rate_unit}, core {spent / load.seconds * 100:.0f} % busy)")

    def _latency(self, scenario, one, cell):
        """h2load tells percentiles only with a log of every request, so they come from a run of their own."""
        if cell.failed or not hasattr(scenario.driver, "run_logged"):
            return
        load = scenario.driver.run_logged(self._place, one.port, self._settings.latency_seconds)
        cell.more["p50"], cell.more["p99"] = [load.p50], [load.p99]


def run_patiently(driver, place, port, seconds, tries=3):
    """iperf3's server may still be busy with the run before."""
    for left in reversed(range(tries)):
        try:
            return driver.run(place, port, seconds)
        except LoadFailed as error:
            if left == 0 or "busy" not in str(error):
                raise
            time.sleep(0.2)
    return None
