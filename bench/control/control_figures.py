"""From what was counted to figures: percentiles, goals, the table. Measures nothing."""

KIB = 1024.0
# Of the issue "a control plane that a platform team can trust", on two cores with 10,000 sidecars.
GOALS = {
    "synced_s": 60.0,
    "change_p99_ms": 250.0,
    "sustained_p99_ms": 500.0,
    "sidecar_kib": 30.0,
    "wire_ratio": 2.0,
}


def percentile(values, part):
    """The smallest value that `part` of them do not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    at = max(0, min(len(ordered) - 1, int(-(-part * len(ordered) // 1)) - 1))
    return ordered[at]


def spread_of(latencies_ms):
    return {"count": len(latencies_ms), "p50_ms": percentile(latencies_ms, 0.5), "p99_ms": percentile(latencies_ms, 0.99),
            "max_ms": max(latencies_ms) if latencies_ms else None}


def latencies(arrivals, began, expected):
    """(ms of each arrival since its change began, how many are missing or too many). `began`, `expected`: by service."""
    out, seen = [], {}
    for service, at in arrivals:
        if service in began:
            out.append((at - began[service]) / 1e6)
            seen[service] = seen.get(service, 0) + 1
    wrong = sum(abs(expected[service] - seen.get(service, 0)) for service in began)
    return out, wrong


def chosen_services(wanted, count, draw):
    """Which services change: every fifth one of the most wanted, the others drawn from those that anybody wants; none
    twice while there are others."""
    some = [service for service, sidecars in enumerate(wanted) if sidecars > 0]
    popular = sorted(some, key=lambda service: -wanted[service])[:10]
    out = []
    while len(out) < count and some:
        fresh = [service for service in popular if service not in out]
        if len(out) % 5 == 0 and fresh:
            out.append(fresh[0])
            continue
        rest = [service for service in some if service not in out[-len(some) + 1:]] or some
        out.append(rest[draw.randrange(len(rest))])
    return out


def goals_of(row):
    """[(what, value, limit)] of one size's figures, those that were measured."""
    change, sustained = row.get("change") or {}, row.get("sustained") or {}
    values = {"synced_s": row.get("synced_s"), "change_p99_ms": change.get("p99_ms"),
              "sustained_p99_ms": sustained.get("p99_ms"), "sidecar_kib": row.get("sidecar_kib"),
              "wire_ratio": row.get("wire_ratio")}
    return [(name, value, GOALS[name]) for name, value in values.items() if value is not None]


def _cell(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"


_COLUMNS = (
    ("sidecars", lambda row: f"{row['sidecars']:,}"),
    ("synced s", lambda row: _cell(row.get("synced_s"), 2)),
    ("handshakes", lambda row: "-" if row.get("handshake_share") is None else f"{row['handshake_share']:.0%}"),
    ("us each", lambda row: _cell(row.get("handshake_us"), 0)),
    ("change p50 ms", lambda row: _cell((row.get("change") or {}).get("p50_ms"))),
    ("p99", lambda row: _cell((row.get("change") or {}).get("p99_ms"))),
    ("max", lambda row: _cell((row.get("change") or {}).get("max_ms"))),
    ("1/s p99 ms", lambda row: _cell((row.get("sustained") or {}).get("p99_ms"))),
    ("KiB/sidecar", lambda row: _cell(row.get("sidecar_kib"))),
    ("KiB/TLS", lambda row: _cell(row.get("tls_kib"))),
    ("wire/object", lambda row: _cell(row.get("wire_ratio"), 2)),
)


def table(rows):
    lines = [[title for title, _ in _COLUMNS]] + [[cell(row) for _, cell in _COLUMNS] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_COLUMNS))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths)) for line in lines)


def verdict(rows):
    """Of the largest fleet."""
    if not rows:
        return "nothing was measured"
    row = max(rows, key=lambda one: one["sidecars"])
    words = [f"{name} {value:,.2f} (<= {limit:g}) {'met' if value <= limit else 'NOT MET'}"
             for name, value, limit in goals_of(row)]
    return f"{row['sidecars']:,} sidecars: " + "; ".join(words)
