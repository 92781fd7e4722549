#!/usr/bin/env python3
"""Which sources of one target are compiled together (cmake/heddle_unity.cmake): prints "<source>;<group>" a line each, and
nothing for a source that is compiled alone. Two that say the same name in their anonymous namespaces are never in one group.

usage: unity_groups.py SIZE SOURCE..."""

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
    """{source: group} of {source: (names, words)}: each comes into the first group that has room, says none of its names, and
    whose names it does not say. Where the tree lies changes nothing."""
    taken = []  # (names, words, count) of each group
    groups = {}
    for source, (names, words) in sorted(sources.items()):
        fits = (at for at, (others, said, count) in enumerate(taken) if count < size and not names & said | words & others)
        group = next(fits, len(taken))
        others, said, count = taken[group] if group < len(taken) else (set(), set(), 0)
        taken[group:group + 1] = [(others | names, said | words, count + 1)]
        groups[source] = group
    return groups


def main(size, *paths):
    texts = {path: pathlib.Path(path).read_text(encoding="utf-8") for path in paths}
    sources = {path: (names_of(text), set(re.findall(r"\w+", text))) for path, text in texts.items() if not _ALONE.search(text)}
    for source, group in groups_of(sources, int(size)).items():
        print(f"{source};{group}")


if __name__ == "__main__":
    main(*sys.argv[1:])
