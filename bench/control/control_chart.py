"""The chart: how long a change takes to reach everybody who wants it, against the number of sidecars."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 120, 78, 50
LINES = (("p50_ms", "p50", "#64748b"), ("p99_ms", "p99", "#c2410c"), ("max_ms", "max", "#94a3b8"))


def _text(x, y, words, **more):
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>'


def nice_top(value):
    """The smallest of 1, 2, 2.5, 5 x 10^n that is not below."""
    base = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(base * step for step in (1, 2, 2.5, 5, 10) if base * step >= value * 0.999999)


class Scale:
    """Sidecars logarithmic, milliseconds linear."""

    def __init__(self, sizes, top):
        low, high = min(sizes), max(sizes)
        self._low, self._span = math.log10(low), math.log10(high / low) or 1.0
        self.top = top

    def x(self, size):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(size) - self._low) / self._span

    def y(self, milliseconds):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(milliseconds, self.top) / self.top


def _grid(scale, sizes):
    parts = []
    for tick in range(6):
        value = scale.top * tick / 5
        y = scale.y(value)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e5e7eb"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{value:g}", text_anchor="end", fill="#6b7280"))
    for size in sizes:
        parts.append(_text(scale.x(size), HEIGHT - BOTTOM + 18, f"{size:,}", text_anchor="middle", fill="#6b7280"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "sidecars", text_anchor="middle", fill="#6b7280"))
    return parts


def _line(points, name, colour, scale):
    path = " ".join(f"{scale.x(size):.1f},{scale.y(value):.1f}" for size, value in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    parts += [f'<circle cx="{scale.x(size):.1f}" cy="{scale.y(value):.1f}" r="3" fill="{colour}"/>'
              for size, value in points]
    size, value = points[-1]
    parts.append(_text(scale.x(size) + 8, scale.y(value) + 4, f"{name} {value:,.0f} ms", fill=colour, font_weight="600"))
    return parts


def chart(rows, goal_ms, subtitle=""):
    rows = sorted((row for row in rows if (row.get("change") or {}).get("p99_ms") is not None),
                  key=lambda row: row["sidecars"])
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
            f' viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="11">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            _text(20, 24, "One endpoint changes: milliseconds until every sidecar that wants it has it", font_size="16",
                  font_weight="700"),
            _text(20, 42, f"dashed: the goal for p99 at 10,000. {subtitle}".strip(), fill="#6b7280")]
    if not rows:
        return "\n".join([*head, _text(20, 80, "nothing was measured"), "</svg>"]) + "\n"
    sizes = [row["sidecars"] for row in rows]
    most = max(value for row in rows for value in (row["change"]["max_ms"], goal_ms))
    scale = Scale(sizes, nice_top(most))
    body = _grid(scale, sizes)
    body.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{scale.y(goal_ms):.1f}" y2="{scale.y(goal_ms):.1f}"'
                ' stroke="#111827" stroke-dasharray="5 4"/>')
    for key, name, colour in LINES:
        body += _line([(row["sidecars"], row["change"][key]) for row in rows], name, colour, scale)
    return "\n".join([*head, *body, "</svg>"]) + "\n"
