"""Reads the Prometheus text format, as much of it as tests ask for."""

import re

_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Metrics:
    def __init__(self, text):
        self.text = text
        self.samples = []  # (name, labels, value)
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            if match := _LINE.match(line):
                self.samples.append((match[1], dict(_LABEL.findall(match[2] or "")), float(match[3])))

    def total(self, name, **labels):
        """The sum over all samples of that name whose labels hold the given ones."""
        return sum(value for _, value in self.matching(name, **labels))

    def matching(self, name, **labels):
        return [(have, value) for key, have, value in self.samples
                if key == name and all(have.get(label) == want for label, want in labels.items())]

    def with_label_value(self, wanted):
        """Sum of every counter that carries `wanted` as the value of any label: reasons have one name everywhere."""
        return sum(value for name, labels, value in self.samples
                   if wanted in labels.values() and not name.endswith("_bucket"))
