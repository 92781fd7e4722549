"""Finds the modules of bench/macro, and makes rows without measuring anything."""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "bench", "macro"))

# pylint: disable=wrong-import-position
from results import Cell, Row  # noqa: E402
from scenarios import Scenario, Target  # noqa: E402


def row(figures, *targets, unit="us/request", title="some work"):
    """figures: peer name -> list of figures, or a string: the reason why it cannot."""
    made = Row(Scenario("some", title, None, None, targets, unit=unit))
    for name, values in figures.items():
        made.cells[name] = Cell(cannot=values) if isinstance(values, str) else Cell(figures=values)
    return made


__all__ = ["Cell", "Row", "Scenario", "Target", "row"]
