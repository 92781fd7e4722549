"""What the stats page must show: a row per backend, UP green and DOWN red, as colour and as word; no JavaScript."""

import re
from html.parser import HTMLParser

_HEADINGS = ("session", "request", "bytes", "error", "last check")
_AGE = r"\b\d+(ms|s|m|h|d)[\w ]* ago\b"
_NAMED = {"green": (0, 128, 0), "red": (255, 0, 0), "darkgreen": (0, 100, 0), "darkred": (139, 0, 0),
          "forestgreen": (34, 139, 34), "seagreen": (46, 139, 87), "firebrick": (178, 34, 34), "crimson": (220, 20, 60)}


class _Rows(HTMLParser):
    """Collects table rows: their words, and every class and style on the way."""

    def __init__(self):
        super().__init__()
        self.rows = []  # [text, [class...], [style...]]
        self.style = ""
        self._in_style = False
        self.has_script = False

    def handle_starttag(self, tag, attributes):
        have = dict(attributes)
        self.has_script |= tag == "script" or any(name.startswith("on") for name in have)
        self._in_style = tag == "style"
        if tag == "tr":
            self.rows.append(["", [], []])
        if self.rows:
            self.rows[-1][1] += (have.get("class") or "").split()
            self.rows[-1][2].append(have.get("style") or "")

    def handle_endtag(self, tag):
        self._in_style = False

    def handle_data(self, data):
        if self._in_style:
            self.style += data
        elif self.rows:
            self.rows[-1][0] += " " + data


def _colours(css):
    """Every colour in a piece of CSS as (r, g, b)."""
    found = [tuple(int(part[i:i + 2], 16) for i in (0, 2, 4)) for part in re.findall(r"#([0-9a-fA-F]{6})\b", css)]
    found += [tuple(int(c * 2, 16) for c in part) for part in re.findall(r"#([0-9a-fA-F]{3})\b", css)]
    found += [tuple(int(n) for n in part) for part in re.findall(r"rgb\(\s*(\d+)[,\s]+(\d+)[,\s]+(\d+)", css)]
    return found + [_NAMED[word] for word in re.findall(r"[a-z]+", css) if word in _NAMED]


def _is_green(colour):
    return colour[1] > colour[0] + 15 and colour[1] > colour[2]


def _is_red(colour):
    return colour[0] > colour[1] + 15 and colour[0] > colour[2]


def _css_of(row, style):
    rules = re.findall(r"([^{}]+)\{([^}]*)\}", style)
    own = [body for selector, body in rules for name in row[1] if re.search(rf"\.{re.escape(name)}\b", selector)]
    css = " ".join(own + row[2])
    used = re.findall(r"var\((--[\w-]+)", css)
    return css + " " + " ".join(value for name in used for value in re.findall(rf"{name}\s*:([^;}}]*)", style))


def _check_row(row, style, is_up, where):
    word, colour_is_right, colour = ("UP", _is_green, "green") if is_up else ("DOWN", _is_red, "red")
    if not re.search(rf"\b{word}\b", row[0]):
        raise AssertionError(f"the row of {where} does not say {word}: {' '.join(row[0].split())!r}")
    if not re.search(_AGE, row[0]):
        raise AssertionError(f"the row of {where} has no age of its last check: {' '.join(row[0].split())!r}")
    if not any(colour_is_right(one) for one in _colours(_css_of(row, style))):
        raise AssertionError(f"the row of {where} is not {colour}: classes {row[1]}, styles {row[2]}")


def check(page, addresses, up):
    """`addresses` in the order of the workers' numbers, from 1; `up` are the numbers that must be UP."""
    parser = _Rows()
    parser.feed(page)
    if parser.has_script:
        raise AssertionError("the page needs JavaScript")
    text = page.lower()
    missing = [word for word in _HEADINGS if word not in text]
    if missing:
        raise AssertionError(f"the page says nothing about {', '.join(missing)}")
    for number, where in enumerate(addresses, 1):
        rows = [row for row in parser.rows if re.search(rf"(?<![\d.]){re.escape(where)}(?!\d)", row[0])]
        if len(rows) != 1:
            raise AssertionError(f"{len(rows)} rows for {where}, expected 1")
        _check_row(rows[0], parser.style, number in up, where)
    return f"{len(up)} UP, {len(addresses) - len(up)} DOWN"
