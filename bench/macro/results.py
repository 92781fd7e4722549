"""Numbers of a run, put together: medians, spreads, ratios, verdicts. Pure: nothing here measures."""

import statistics
from dataclasses import dataclass, field

NOT_A_PEER = ("heddle", "floor")


@dataclass
class Cell:
    """One peer in one scenario. `figures` has a value per round, `more` other medians (rate, p50, p99, pss)."""
    figures: list = field(default_factory=list)
    more: dict = field(default_factory=dict)  # name -> list, a value per round
    cannot: str = ""
    failed: str = ""

    @property
    def median(self):
        return statistics.median(self.figures) if self.figures else None

    @property
    def spread(self):
        """(max - min) / median, or None."""
        if not self.figures or not self.median:
            return None
        return (max(self.figures) - min(self.figures)) / self.median

    def more_median(self, name):
        values = [value for value in self.more.get(name, []) if value is not None]
        return statistics.median(values) if values else None

    def note(self, **values):
        for name, value in values.items():
            self.more.setdefault(name, []).append(value)

    def as_json(self):
        return {"median": self.median, "spread": self.spread, "rounds": self.figures, "cannot": self.cannot,
                "failed": self.failed, "more": self.more}


@dataclass
class Row:
    """One scenario's outcome: peer name -> Cell."""
    scenario: object
    cells: dict = field(default_factory=dict)

    def median(self, peer):
        cell = self.cells.get(peer)
        return cell.median if cell else None

    def best(self):
        """(name, median) of the best of the others, or None."""
        known = [(cell.median, name) for name, cell in self.cells.items()
                 if name not in NOT_A_PEER and cell.median is not None]
        return (min(known)[1], min(known)[0]) if known else None

    def value_against(self, against):
        """What a target compares with its limit; None when something is missing."""
        own = self.median("heddle")
        if own is None:
            return None
        if against == "self":
            return own
        if against == "best":
            base = self.best()[1] if self.best() else None
        else:
            base = self.median(against)
        return own / base if base else None

    def verdicts(self):
        """[(target, value, met)], `met` None when it cannot be told."""
        found = []
        for target in self.scenario.targets:
            value = self.value_against(target.against)
            found.append((target, value, None if value is None else value <= target.limit + 1e-9))
        return found

    def as_json(self):
        one = self.scenario
        best = self.best()
        return {"name": one.name, "title": one.title, "unit": one.unit, "best_peer": best[0] if best else None,
                "cells": {name: cell.as_json() for name, cell in self.cells.items()},
                "targets": [{"against": target.against, "limit": target.limit, "value": value, "met": met}
                            for target, value, met in self.verdicts()]}
