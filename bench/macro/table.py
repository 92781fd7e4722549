"""The table on the terminal."""

from results import NOT_A_PEER

_NOISY = 0.25  # of the median: rounds that differ by more say something about the machine
_ORDER = ("floor", "haproxy", "nginx", "nghttpx", "heddle")


def number(value):
    """Three significant digits, no exponent."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def scaled(value):
    """A rate or a size with k or M."""
    if value is None:
        return "-"
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{number(value / size)}{letter}"
    return number(value)


def microseconds(value):
    if value is None:
        return "-"
    return f"{number(value / 1e3)}ms" if value >= 1e3 else f"{value:.0f}us"


def peer_names(rows):
    seen = {name for row in rows for name in row.cells}
    return [name for name in _ORDER if name in seen] + sorted(seen - set(_ORDER))


def cell_text(cell):
    if cell is None:
        return "-"
    if cell.cannot:
        return "cannot"
    if cell.failed:
        return "FAILED"
    return number(cell.median)


def target_text(row):
    """'0.85 of best (<= 0.90) met; 1.1 of floor (<= 1.20) met'"""
    parts = []
    for target, value, met in row.verdicts():
        what = {"best": "x best", "floor": "x floor", "self": row.scenario.unit}[target.against]
        word = {True: "met", False: "NOT MET", None: "unknown"}[met]
        parts.append(f"{number(value)} {what} (<= {number(target.limit)}) {word}")
    return "; ".join(parts)


def ratio_text(row):
    value = row.value_against("best")
    return f"{value:.2f} ({row.best()[0]})" if value is not None else "-"


def grid(lines):
    """Columns as wide as their widest cell; the first to the left, the others to the right, the last to the left."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    last = len(widths) - 1
    text = []
    for line in lines:
        cells = [cell.ljust(width) if i in (0, 1, last) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(line, widths))]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)


def main_table(rows):
    names = peer_names(rows)
    lines = [["work", "unit", *names, "x best", "target"]]
    for row in rows:
        cells = [cell_text(row.cells.get(name)) for name in names]
        lines.append([row.scenario.title, row.scenario.unit, *cells, ratio_text(row), target_text(row)])
    return grid(lines)


def detail_table(rows):
    """Throughput, latencies, PSS and spread of everybody."""
    lines = [["work", "peer", "figure", "spread", "rate", "p50", "p99", "PSS", ""]]
    for row in rows:
        for name in peer_names([row]):
            cell = row.cells[name]
            if cell.cannot or cell.failed:
                lines.append([row.scenario.title, name, "-", "-", "-", "-", "-", "-", cell.cannot or cell.failed])
                continue
            spread = "-" if cell.spread is None else f"{cell.spread * 100:.0f} %"
            rate = cell.more_median("rate")
            pss = cell.more_median("pss")
            lines.append([row.scenario.title, name, number(cell.median), spread,
                          "-" if rate is None else f"{scaled(rate)} {row.scenario.rate_unit}",
                          microseconds(cell.more_median("p50")), microseconds(cell.more_median("p99")),
                          "-" if pss is None else f"{pss / 2**20:.1f} MiB", ""])
    return grid(lines)


def summary(rows):
    verdicts = [met for row in rows for _, _, met in row.verdicts()]
    peers = sorted({name for row in rows for name in row.cells} - set(NOT_A_PEER))
    return (f"{verdicts.count(True)} targets met, {verdicts.count(False)} not met, {verdicts.count(None)} unknown"
            f" (peers: {', '.join(peers) or 'none'})")


def noise(rows):
    """Which verdicts another program on the machine may have made; empty when there are none."""
    names = [row.scenario.name for row in rows if row.verdicts() and _spread(row) > _NOISY]
    if not names:
        return ""
    return (f"noisy: the rounds of {', '.join(names)} differ by more than {_NOISY * 100:.0f} %; run it again when the"
            f" machine is quiet, or with more rounds")


def _spread(row):
    """The larger one of Heddle's and the best peer's."""
    compared = ["heddle", *([row.best()[0]] if row.best() else [])]
    return max((row.cells[name].spread or 0 for name in compared if name in row.cells), default=0)
