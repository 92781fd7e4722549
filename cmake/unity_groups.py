#!/usr/bin/env python3
"""Which sources of one target are compiled together (cmake/heddle_unity.cmake): prints "<source>;<group>" a line each, and
nothing for a source that is compiled alone. Two that say the same name in their anonymous namespaces are never in one group.

usage: unity_groups.py SIZE SOURCE..."""

import hashlib
import pathlib
import re
import sys

# What stands at the beginning of a line is said in a namespace: .clang-format does not indent there.
_DECLARED = (re.compile(r"^(?!using\b|return\b|namespace\b|#)[A-Za-z_][^;(={]*?[\s&*>](\w+)(?:\[[^\]]*\])*\s*(?:[({=;]|$)"),
             re.compile(r"^(?:class|struct|enum class|enum|union)\s+(\w+)"),
             re.compile(r"^using\s+(\w+)\s*="),
             re.compile(r"^MATCHER\w*\((\w+)"),
             re.compile(r"^#define\s+(\w+)"))
# Compiled alone: what changes how others are read, and main(), which a library has for whoever lacks one.
_ALONE = re.compile(r"(?m)^(?:using\s+(?:namespace\b|.*\boperator\b)|int main\()")


def names_of(text):
    return {found.group(1) for line in text.splitlines() for rule in _DECLARED if (found := rule.match(line))}


def groups_of(sources, size):
    """{source: group}; a new source changes no other's group as long as the number of groups stays the same."""
    count = 1
    while count * size < len(sources):
        count *= 2
    taken = [set() for _ in range(count)]
    groups = {}
    for source, names in sorted(sources.items()):
        first = int(hashlib.sha256(source.encode()).hexdigest()[:6], 16)
        for at in range(count):
            group = (first + at) % count
            if not names & taken[group]:
                taken[group] |= names
                groups[source] = group
                break
    return groups


def main(size, *paths):
    texts = {path: pathlib.Path(path).read_text(encoding="utf-8") for path in paths}
    sources = {path: names_of(text) for path, text in texts.items() if not _ALONE.search(text)}
    for source, group in groups_of(sources, int(size)).items():
        print(f"{source};{group}")


if __name__ == "__main__":
    main(*sys.argv[1:])
