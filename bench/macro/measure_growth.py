"""How cost grows, Heddle alone: the same load on a small and on a large proxy, started side by side.

The figure is a ratio (large to small) or what the large one has more; the targets are limits of the figure itself.
"""

import json
import os
import signal

import mesh_files
from drivers import LoadFailed, Wrk
from harness import Metrics, http1, wait_until
from measure_idle import MIB, Opener
from measure_load import measured
from peers import Leg, Running
from results import Cell, Row
from sampling import own_memory_of, settled

_ACTIVE = 32
_WORKER = "heddle-w"  # worker threads are called so, and a number
SMALL = mesh_files.Size(hosts=1, routes_per_host=10, endpoints_per_host=10)


def large(settings):
    return mesh_files.Size(100, 10, 10) if settings.smoke else mesh_files.Size(1000, 10, 10)


def _heddle(context):
    return next((peer for peer in context.peers if peer.name == "heddle"), None)


def _start(context, heddle, size, spread):
    """A Heddle with all services of `size`, one plaintext listener that routes by Host."""
    leg = Leg("hop", "h1", "h1", context.place.port(), context.origins.port("many"))
    text = json.dumps(mesh_files.mesh(size, leg.target, spread))
    return Running("heddle", leg.listen, [heddle.start_with(context.place, leg, text, listeners=[
        {"name": "out", "direction": "outbound", "address": f"127.0.0.1:{leg.listen}"}])])


def _row(context, scenario, steps):
    """Runs `steps(heddle, cell)` and shows a failure in the cell."""
    row = Row(scenario)
    heddle = _heddle(context)
    if not heddle:
        return row
    cell = row.cells["heddle"] = Cell()
    try:
        steps(heddle, cell)
    except (LoadFailed, OSError, AssertionError, ValueError) as error:
        context.fail(row, "heddle", error)
    if cell.figures:
        context.say(f"  {scenario.name}: {cell.median:.3g} {scenario.unit} (rounds: "
                    f"{', '.join(f'{figure:.3g}' for figure in cell.figures)})")
    return row


def _ratio(context, cell, pairs):
    """pairs: ((driver, running) small, (driver, running) large); CPU per request of large over small, each round."""
    for number in range(-1 if context.settings.warm_up else 0, context.settings.rounds):
        costs = []
        for driver, running in pairs:
            load, spent, _ = measured(context, driver, running)
            costs.append(spent / load.units * 1e6)
        if number >= 0:
            cell.figures.append(costs[1] / costs[0])
            cell.note(small_us=costs[0], large_us=costs[1])


def _routes(context, scenario, spread):
    def steps(heddle, cell):
        size = large(context.settings)
        running = [_start(context, heddle, one, spread) for one in (SMALL, size)]
        drivers = [Wrk(connections=_ACTIVE, script=_script(context.place, one)) for one in (SMALL, size)]
        try:
            _ratio(context, cell, list(zip(drivers, running)))
        finally:
            for one in running:
                one.kill()
    return _row(context, scenario, steps)


def measure_routes(context, scenario):
    """All routes lead to the same ten endpoints: what the tables cost, not what more sockets cost the kernel."""
    return _routes(context, scenario, mesh_files.ONE_SET)


def measure_endpoints(context, scenario):
    """Every host has ten endpoints of its own: more upstream connections too."""
    return _routes(context, scenario, mesh_files.OWN_SETS)


def _script(place, size):
    """wrk's: each request to a host and a route drawn uniformly."""
    return place.write(f"draw-{size.hosts}.lua", (
        "math.randomseed(1)\nlocal requests = {}\n"
        f"for h = 0, {size.hosts - 1} do for r = 0, {size.routes_per_host - 1} do\n"
        "  requests[#requests + 1] = string.format('GET /r%d/x HTTP/1.1\\r\\nHost: h%d\\r\\n\\r\\n', r, h)\n"
        "end end\nrequest = function() return requests[math.random(#requests)] end\n"))


def measure_open_connections(context, scenario):
    """Two proxies, one with thousands of idle connections beside the active ones."""
    def steps(heddle, cell):
        running = [_start(context, heddle, SMALL, mesh_files.ONE_SET) for _ in range(2)]
        idle = Opener(context.place, running[1].port, context.settings.open_connections - _ACTIVE, host="h0")
        driver = Wrk(connections=_ACTIVE, script=_script(context.place, SMALL))
        try:
            idle.wait_open()
            _ratio(context, cell, [(driver, one) for one in running])
        finally:
            idle.close()
            for one in running:
                one.kill()
    return _row(context, scenario, steps)


def measure_snapshot_memory(context, scenario):
    def steps(heddle, cell):
        sizes = []
        for size in (SMALL, large(context.settings)):
            running = _start(context, heddle, size, mesh_files.OWN_SETS)
            sizes.append(settled(lambda pids=running.pids: own_memory_of(pids), context.settings.quiet))
            running.kill()
        cell.figures.append((sizes[1] - sizes[0]) / MIB)
        cell.note(small=sizes[0], large=sizes[1])
    return _row(context, scenario, steps)


# --- a change of one endpoint ---
class _Reloads:
    """A large Heddle whose file changes by one endpoint's weight at a time."""

    def __init__(self, context, heddle):
        self._size = large(context.settings)
        self._origin = context.origins.port("many")
        self._times = 0
        self._before = 0
        self.running = _start(context, heddle, self._size, mesh_files.OWN_SETS)
        self.pid = self.running.pids[0]
        self._path = os.path.join(context.place.folder, f"heddle-{self.running.port}.resources.yaml")
        self._health = self.running.processes[0].health_port

    def prepare(self):
        """Writing the file takes long, and asking what was taken makes a scrape: neither is what is measured."""
        self._times += 1
        self._before = updates(self._health)
        mesh = mesh_files.mesh(self._size, self._origin, mesh_files.OWN_SETS)
        mesh_files.change_one_endpoint(mesh, self._times)
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            json.dump(mesh, file)

    def apply(self):
        """Until all threads rest, in whole milliseconds: timers go on."""
        os.replace(self._path + ".new", self._path)
        os.kill(self.pid, signal.SIGHUP)
        settled(lambda: round(all_cpu(self.pid) * 1e3), 0.5, deadline=30)

    def check(self):
        if updates(self._health) <= self._before:
            raise LoadFailed("the change was not taken")


def updates(health_port):
    return Metrics(http1.get(health_port, "/metrics").body.decode()).total("heddle_config_version")


def worker_cpu(pid):
    """CPU seconds of the worker threads, by their name."""
    tasks = [task for task in os.listdir(f"/proc/{pid}/task") if _is_worker(pid, task)]
    if not tasks:
        raise LoadFailed(f"no thread of process {pid} is called {_WORKER}...")
    return sum(_task_cpu(pid, task) for task in tasks)


def _is_worker(pid, task):
    with open(f"/proc/{pid}/task/{task}/comm", encoding="ascii") as file:
        return file.read().startswith(_WORKER)


def all_cpu(pid):
    return sum(_task_cpu(pid, task) for task in os.listdir(f"/proc/{pid}/task"))


def main_cpu(pid):
    return _task_cpu(pid, pid)


def _task_cpu(pid, task):
    with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def _measure_change(context, scenario, cpu):
    """CPU time of one loop while a change of one endpoint goes through, no traffic beside it: no turn can take longer."""
    def steps(heddle, cell):
        reloads = _Reloads(context, heddle)
        try:
            for _ in range(2 if context.settings.smoke else 5):
                reloads.prepare()
                before = cpu(reloads.pid)
                reloads.apply()
                cell.figures.append((cpu(reloads.pid) - before) * 1e3)
                reloads.check()
        finally:
            reloads.running.kill()
    return _row(context, scenario, steps)


def measure_delta(context, scenario):
    return _measure_change(context, scenario, worker_cpu)


def measure_delta_main(context, scenario):
    return _measure_change(context, scenario, main_cpu)
