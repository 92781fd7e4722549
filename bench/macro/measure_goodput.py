"""What is left of the peak at twice the saturating load. Everybody's saturating load is his own: what a closed loop gets
out of him. Then as many requests are due each second, and twice as many, over so many connections that a thousand
requests wait in the proxy; both by the same program, which costs the load core more than a closed loop does.
"""

from drivers import LoadFailed
from measure_tail import pace
from results import Row

TIMES = 2
_CONNECTIONS = 1000


def measure_goodput(context, scenario):
    row = Row(scenario)
    with context.all_open(row) as running:
        for number in range(context.settings.rounds):
            for one in running:
                try:
                    _round(context, scenario, one, row.cells[one.peer])
                except LoadFailed as error:
                    context.fail(row, one.peer, error)
            context.say(f"  {scenario.name} round {number + 1}: " + ", ".join(
                f"{one.peer} {row.cells[one.peer].figures[-1]:.2f}" for one in running if row.cells[one.peer].figures))
    return row


def _round(context, scenario, one, cell):
    if cell.failed:
        return
    seconds = max(context.settings.seconds, context.settings.latency_seconds)
    saturating = scenario.driver.run(context.place, one.port, seconds).rate
    peak, twice = (pace(context, one.port, times * saturating, seconds, _CONNECTIONS, ("overload",)) for times in (1, TIMES))
    goodput = twice["requests"] / twice["seconds"]
    cell.figures.append(peak["requests"] / peak["seconds"] / goodput)
    cell.note(rate=goodput, saturating=saturating, refused=twice["refused"], p50=twice["p50_us"], p99=twice["p99_us"])
