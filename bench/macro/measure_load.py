"""Load through a path: CPU of all its proxies per unit. Everybody is started once, the rounds go from peer to peer."""

import time

from drivers import LoadFailed, for_long_enough
from results import Row
from sampling import cpu_of, pss_of, with_descendants


def measure_load(context, scenario):
    row = Row(scenario)
    with context.all_open(row) as running:
        for number in range(_rounds(context.settings, scenario)):
            for one in running:
                _try(context, row, one, _round, number)
        for one in running:
            _try(context, row, one, _latency, 0)
    return row


def _rounds(settings, scenario):
    """--quick takes rows without a target once."""
    return 1 if settings.quick and not scenario.targets else settings.rounds


def _try(context, row, one, step, number):
    if row.cells[one.peer].failed:
        return
    try:
        step(context, row, one, number)
    except (LoadFailed, OSError) as error:
        context.fail(row, one.peer, error)


def _round(context, row, one, number):
    scenario, settings, cell = row.scenario, context.settings, row.cells[one.peer]
    if number == 0 and settings.warm_up:
        scenario.driver.warm(context.place, one.port, settings.warm_up)
    load, spent, pids = measured(context, scenario.driver, one)
    cell.figures.append(spent / load.units * scenario.scale)
    cell.note(rate=load.rate, p50=load.p50, p99=load.p99, cpu=spent, units=load.units, seconds=load.seconds,
              pss=pss_of(pids))
    context.say(f"  {scenario.name} round {number + 1}: {one.peer} {cell.figures[-1]:.3g} {scenario.unit}"
                f" ({load.rate:.4g} {scenario.rate_unit}, core {spent / load.seconds * 100:.0f} % busy)")


def measured(context, driver, one):
    """(load, CPU seconds of the proxies, their process ids) of one run."""
    pids = with_descendants(one.pids)

    def once(seconds):
        before = cpu_of(pids)
        load = _run_patiently(driver, context.place, one.port, seconds)
        return load, cpu_of(pids) - before, pids

    return for_long_enough(once, context.settings.seconds)


def _latency(context, row, one, _):
    """h2load tells percentiles only with a log of every request, so they come from a run of their own."""
    driver = row.scenario.driver
    if not hasattr(driver, "run_logged"):
        return
    load = for_long_enough(lambda seconds: driver.run_logged(context.place, one.port, seconds),
                           context.settings.latency_seconds)
    row.cells[one.peer].more["p50"], row.cells[one.peer].more["p99"] = [load.p50], [load.p99]


def _run_patiently(driver, place, port, seconds, tries=5):
    """iperf3's server may still be busy with the run before."""
    for left in reversed(range(tries)):
        try:
            return driver.run(place, port, seconds)
        except LoadFailed as error:
            if left == 0 or "busy" not in str(error):
                raise
            time.sleep(0.2)  # poll: for the server of iperf3 to be free again
    return None
