"""Memory: of a proxy that does nothing (PSS), and of a connection that is open and idle (what heap and stacks grew)."""

import subprocess

from results import Row
from sampling import own_memory_of, pss_of, settled, with_descendants

MIB = 2**20
_WARM = 50        # connections opened before: what the first ones allocate is no connection's


class Opener:
    """heddle-bench-idle: connections that stay open until it is closed."""

    def __init__(self, place, port, count, protocol="h1", certificate=None, host="bench.default"):
        argv = [place.tool("heddle-bench-idle"), str(port), str(count), protocol, host]
        if certificate:
            argv += [certificate.certificate, certificate.key, certificate.root]
        self._child = subprocess.Popen(place.on_load_core(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)

    def wait_open(self):
        if self._child.stdout.readline() != "open\n":
            self._child.wait()
            raise OSError(f"the connections could not be opened: {self._child.stderr.read().strip()}")

    def close(self):
        self._child.stdin.close()
        self._child.wait()
        self._child.stdout.close()
        self._child.stderr.close()


def wait_settled(running, quiet):
    pids = with_descendants([pid for one in running for pid in one.pids])
    settled(lambda: own_memory_of(pids), quiet)


def measure_process(context, scenario):
    """Each alone, before it has had traffic, so that nobody pays less because another maps the same library."""
    row = Row(scenario)
    for peer in context.peers:
        one = context.open(row, peer, context.place.port())
        if not one:
            continue
        wait_settled([one], context.settings.quiet)
        pss = pss_of(with_descendants(one.pids))
        one.kill()
        row.cells[peer.name].figures.append(pss / MIB)
        row.cells[peer.name].note(pss=pss)
        context.say(f"  {scenario.name}: {peer.name} {pss / MIB:.2f} MiB")
    return row


def measure_connections(context, scenario):
    row = Row(scenario)
    count = context.settings.idle_connections
    with context.all_open(row) as running:
        before, openers = {}, []
        try:
            for one in running:
                openers.append(_open(context, row, one, _WARM))
                before[one.peer] = own_memory_of(with_descendants(one.pids))
                openers.append(_open(context, row, one, count))
            wait_settled(running, context.settings.quiet_connections)
            for one in running:
                _note(context, row, one, (before[one.peer], count))
        finally:
            for opener in openers:
                if opener:
                    opener.close()
    return row


def _open(context, row, one, count):
    if row.cells[one.peer].failed:
        return None
    path = row.scenario.path
    opener = Opener(context.place, one.port, count, path.front, context.place.client if path.shape == "inbound" else None)
    try:
        opener.wait_open()
    except OSError as error:
        context.fail(row, one.peer, error)
    return opener


def _note(context, row, one, known):
    before, count = known
    cell = row.cells[one.peer]
    if cell.failed:
        return
    pids = with_descendants(one.pids)
    cell.figures.append((own_memory_of(pids) - before) / count / 1024)
    cell.note(pss=pss_of(pids), connections=count)
    context.say(f"  {row.scenario.name}: {one.peer} {cell.figures[-1]:.2f} KiB a connection ({count} open)")
