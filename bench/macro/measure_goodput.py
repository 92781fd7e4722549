"""What is left of the peak at twice the saturating load. Everybody's peak is his own: what a closed loop gets out of him.
Then twice as many requests are due each second, over so many connections that a thousand requests wait in the proxy.
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
    peak = scenario.driver.run(context.place, one.port, seconds).rate
    result = pace(context, one.port, TIMES * peak, seconds, _CONNECTIONS, ("overload",))
    goodput = result["requests"] / result["seconds"]
    cell.figures.append(peak / goodput)
    cell.note(rate=goodput, peak=peak, refused=result["refused"], p50=result["p50_us"], p99=result["p99_us"])
