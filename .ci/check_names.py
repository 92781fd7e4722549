#!/usr/bin/env python3
"""Refuses two types of one name: test binaries link every program, and the linker keeps one of the two.

Types inside unnamed namespaces, nested types and forward declarations are free.
Usage: .ci/check_names.py [--root DIR]
"""

import argparse
import collections
import os
import re
import sys

from source_text import CPP, bare_code, read, source_files

_TYPE = re.compile(r"^(?:template <.*?>\s*)?(?:class|struct|enum class|enum|union) (?:\[\[\w+\]\] )?(?P<name>\w+)(?!::|\w)"
                   r"(?: final)?(?:\s*[:{].*)?$")


def types_of(text):
    """(line, name) of the types defined at namespace scope, outside unnamed namespaces: clang-format leaves those, and
    only those, without indentation."""
    unnamed = False
    lines = bare_code(text).splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("namespace {"):
            unnamed = True
        elif unnamed and line.startswith("}") and "namespace" in text.splitlines()[number - 1]:
            unnamed = False
        found = _TYPE.match(line)
        if not found or unnamed or found.group("name") == "std":
            continue
        if ";" not in line or "{" in line:
            yield number, found.group("name")


def check_tree(root):
    places = collections.defaultdict(list)
    for path in source_files(root):
        if path.endswith(CPP):
            for line, name in types_of(read(root, path)):
                places[name].append(f"{path}:{line}")
    return [f"{where[1]}: duplicate-name: {name} is also defined in {where[0]}; the linker would keep one of them"
            for name, where in sorted(places.items()) if len(where) > 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    refused = check_tree(parser.parse_args().root)
    for line in refused:
        print(line)
    print(f"names: {len(refused)} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
