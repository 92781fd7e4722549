"""The chart: per kind of work one bar per program, drawn relative to the best other proxy (1.0). Shorter is better.

Heddle's target is a mark across its bar. Bars longer than the axis are cut and say their value.
"""

from xml.sax.saxutils import escape

from results import NOT_A_PEER
from table import number, peer_names

COLOURS = {"heddle": "#c2410c", "floor": "#cbd5e1", "haproxy": "#64748b", "nginx": "#94a3b8", "nghttpx": "#475569"}
OTHER = "#78716c"
MOST = 2.5        # the axis' end
WIDTH, LEFT, RIGHT = 960, 290, 110
BAR, GAP, GROUP_GAP, TOP = 13, 3, 16, 78


def x_of(ratio):
    return LEFT + (WIDTH - LEFT - RIGHT) * min(ratio, MOST) / MOST


def text(x, y, words, **more):
    attributes = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(words)}</text>'


def rect(x, y, width, height, fill):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height}" fill="{fill}"/>'


def drawn(row):
    """Rows that compare: Heddle and at least one other proxy."""
    best = row.best()
    return best is not None and best[1] > 0 and row.median("heddle") is not None


def target_ratio(row):
    """The target as a multiple of the best other proxy, or None."""
    best = row.best()[1]
    for target in row.scenario.targets:
        if target.against == "best":
            return target.limit
        if target.against == "self":
            return target.limit / best
    return None


def bar(row, name, y):
    value = row.median(name)
    ratio = max(0.0, value / row.best()[1])
    end = x_of(ratio)
    label = f"{name} {number(value)}" + (" →" if ratio > MOST else "")
    weight = "700" if name == "heddle" else "400"
    parts = [rect(LEFT, y, end - LEFT, BAR, COLOURS.get(name, OTHER)),
             text(end + 5, y + BAR - 3, label, font_weight=weight)]
    mark = target_ratio(row)
    if name == "heddle" and mark is not None and mark <= MOST:
        parts.append(f'<line x1="{x_of(mark):.1f}" x2="{x_of(mark):.1f}" y1="{y - 2}" y2="{y + BAR + 2}"'
                     ' stroke="#111827" stroke-width="2"/>')
    return parts


def group(row, y):
    """(elements, y below)."""
    names = [name for name in peer_names([row]) if row.median(name) is not None]
    names.sort(key=lambda name: (name != "heddle", name in NOT_A_PEER))  # Heddle first, the floor last
    middle = y + (len(names) * (BAR + GAP)) / 2
    parts = [text(LEFT - 12, middle - 1, row.scenario.title, text_anchor="end", font_weight="600"),
             text(LEFT - 12, middle + 13, row.scenario.unit, text_anchor="end", fill="#6b7280")]
    for name in names:
        parts += bar(row, name, y)
        y += BAR + GAP
    return parts, y + GROUP_GAP


def axis(height):
    parts = []
    for tenth in range(0, int(MOST * 10) + 1, 5):
        x = x_of(tenth / 10)
        colour = "#9ca3af" if tenth == 10 else "#e5e7eb"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 12}" y2="{height - 20}" stroke="{colour}"/>')
        parts.append(text(x, TOP - 18, f"{tenth / 10:g}", text_anchor="middle", fill="#6b7280"))
    return parts


def chart(rows, subtitle=""):
    bodies, y = [], TOP
    for row in rows:
        if drawn(row):
            parts, y = group(row, y)
            bodies += parts
    height = y + 20
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
            f' viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="11">',
            rect(0, 0, WIDTH, height, "#ffffff"),
            text(20, 24, "Cost per unit of work, relative to the best other proxy: shorter is better", font_size="16",
                 font_weight="700"),
            text(20, 42, f"black mark: Heddle's target. {subtitle}".strip(), fill="#6b7280")]
    return "\n".join([*head, *axis(height), *bodies, "</svg>"]) + "\n"
