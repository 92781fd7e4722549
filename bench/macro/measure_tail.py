"""p99 that two sidecars add at 30 % load: requests evenly spaced at the same rate for everybody, the way without
proxies measured beside them. The rate is 30 % of what the slowest of the real proxies reaches."""

import json
import statistics
import subprocess

from drivers import LoadFailed
from results import Row

PART = 0.30
_CONNECTIONS = 64


def pace(context, port, rate, seconds, connections=_CONNECTIONS, more=()):
    argv = [context.place.tool("heddle-bench-pace"), str(port), f"{rate:.0f}", str(seconds), str(connections), *more]
    done = subprocess.run(context.place.on_load_core(argv), capture_output=True, text=True, timeout=seconds + 60,
                          check=False)
    if done.returncode != 0:
        raise LoadFailed(f"heddle-bench-pace: {done.stderr.strip()}")
    return json.loads(done.stdout)


def measure_tail(context, scenario):
    row = Row(scenario)
    settings = context.settings
    origin = context.origin_of(scenario.path)
    with context.all_open(row) as running:
        most = {}
        for one in running:
            try:
                most[one.peer] = scenario.driver.run(context.place, one.port, settings.seconds).rate
            except LoadFailed as error:
                context.fail(row, one.peer, error)
        alive = [one for one in running if one.peer in most]
        if alive:
            rate = PART * slowest(most)
            context.say(f"  {scenario.name}: {rate:.0f} requests/s for everybody")
            for number in range(settings.rounds):
                _round(context, row, alive, (rate, origin, number))
    return row


def slowest(most):
    """Of those that are measured, the floor only if there is nobody else."""
    real = [rate for name, rate in most.items() if name != "floor"]
    return min(real or most.values())


def _round(context, row, running, known):
    rate, origin, number = known
    seconds = max(context.settings.seconds, context.settings.latency_seconds)
    direct = [pace(context, origin, rate, seconds)["p99_us"]]
    results = []
    for one in running:
        try:
            results.append((row.cells[one.peer], pace(context, one.port, rate, seconds), one.peer))
        except LoadFailed as error:
            context.fail(row, one.peer, error)
    direct.append(pace(context, origin, rate, seconds)["p99_us"])
    base = statistics.mean(direct)
    for cell, result, name in results:
        cell.figures.append(max(1.0, result["p99_us"] - base))
        cell.note(rate=result["requests"] / result["seconds"], p50=result["p50_us"], p99=result["p99_us"],
                  direct_p99=base)
        context.say(f"  {row.scenario.name} round {number + 1}: {name} +{cell.figures[-1]:.0f} us p99 (direct {base:.0f})")
