"""What every measurement needs, and opening all peers of a scenario."""

from contextlib import contextmanager
from dataclasses import dataclass

from peers import Cannot
from results import Cell


@dataclass
class Context:
    place: object
    origins: object
    peers: list
    settings: object
    say: object

    def fail(self, row, name, error):
        """Whatever went wrong is shown in the cell of who it happened to; the others go on."""
        row.cells[name].failed = str(error).strip().splitlines()[0][:200]
        self.say(f"  {row.scenario.name}: {name} FAILED: {error}")

    def origin_of(self, path):
        return self.origins.port("grpc" if path.grpc else path.back)

    def open(self, row, peer, origin):
        """A running path through `peer`, or None; why is in its cell."""
        cell = row.cells[peer.name] = Cell()
        try:
            return peer.open(self.place, row.scenario.path, origin)
        except Cannot as reason:
            cell.cannot = str(reason)
        except Exception as error:  # pylint: disable=broad-except  # shown, and the run goes on
            self.fail(row, peer.name, error)
        return None

    @contextmanager
    def all_open(self, row):
        origin = self.origin_of(row.scenario.path)
        running = [one for one in (self.open(row, peer, origin) for peer in self.peers) if one]
        try:
            yield running
        finally:
            for one in running:
                one.kill()
