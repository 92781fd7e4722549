#!/usr/bin/env python3
"""Rejects what the architecture forbids: includes outside the layer table and banned calls.

Usage: .ci/check_layers.py [--root DIR]        prints `file:line: rule: what to do`; exit 1 when something was found
A rule is waived on one line with `// lint: <rule> <reason>` there, or in a comment alone on the line above.
"""

import argparse
import os
import re
import sys

from banned_calls import banned_in
from layer_table import LayerTable
from source_text import CPP, PRODUCT, bare, read, source_files, waived_rules, without_comments

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Headers of the C library and POSIX; C++ headers are the names without a dot or a slash.
_SYSTEM_FOLDERS = ("sys/", "netinet/", "arpa/", "net/", "linux/")
_SYSTEM = set(
    """assert ctype dirent dlfcn endian errno execinfo fcntl fnmatch getopt glob grp ifaddrs inttypes limits link locale
    malloc math netdb poll pthread pwd sched setjmp signal spawn stdarg stddef stdint stdio stdlib string strings
    syslog termios time ucontext unistd""".split()
)
# Finer than the table (design: one file hides each of these libraries).
_ONLY_IN = {
    "json/": ("lib/base/json.cc",),
    "spdlog/": ("lib/base/log.cc",),
    "prometheus/": ("lib/metrics/exposition.cc",),
}
# Code outside the table: it may include anything, but banned calls apply to it too.
_OTHER = ("tests", "bench")


def is_system(header):
    if "/" in header:
        return header.startswith(_SYSTEM_FOLDERS)
    return "." not in header or (header.endswith(".h") and header[:-2] in _SYSTEM)


def matches(header, names):
    return any(header.startswith(name) if name.endswith("/") else header == name for name in names)


def check_project_include(table, folder, header):
    """The complaint about `#include "header"` in a folder, or None."""
    if "/" not in header or header.startswith("."):
        return "layer", f'write "{folder}/{header}": includes start at the root of the repository'
    other = table.folder_of(header)
    if other is None:
        return "layer", f'"{header}" is in no folder of .ci/layers.txt; product code includes product code only'
    if not table.may_include(folder, other):
        return "layer", f"{folder} may not include {other} (.ci/layers.txt); move the code, or argue for the table"
    return None


def check_third_party(table, folder, path, header):
    """The complaint about `#include <header>` in a folder, or None."""
    if is_system(header):
        return None
    if not matches(header, table.third_party(folder)):
        return "third-party", f"{folder} may not include <{header}> (.ci/layers.txt); use the layer that wraps it"
    for prefix, files in _ONLY_IN.items():
        if matches(header, [prefix]) and path not in files:
            return "third-party", f"<{header}> is for {', '.join(files)} only; use what that file offers"
    return None


def check_includes(table, path, text):
    """Yields (line, rule, message) for the includes of one product file."""
    folder = table.folder_of(path)
    if folder is None:
        yield 1, "layer", "this folder has no line in .ci/layers.txt; add one or move the file"
        return
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        match = _INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        if quote == '"':
            found = check_project_include(table, folder, header)
        else:
            found = check_third_party(table, folder, path, header)
        if found:
            yield number, *found


def check_file(table, path, text):
    """All complaints about one file that no comment waives, as (line, rule, message)."""
    found = []
    top = path.split("/")[0]
    if top in PRODUCT and path.endswith(CPP):
        found += check_includes(table, path, text)
    if top in PRODUCT + _OTHER:
        found += banned_in(path, bare(path, text), text)
    if path.endswith(".h") and "#pragma once" not in text:
        found.append((1, "header", "a header starts with a comment and `#pragma once`"))
    waived = waived_rules(text)
    return sorted(f for f in found if f[1] not in waived.get(f[0], ()))


def check_tree(root):
    """Complaints about every file below root, as `file:line: rule: message`."""
    table = LayerTable(read(root, ".ci/layers.txt"))
    for path in source_files(root):
        if not path.endswith(CPP + (".py", ".sh")):
            continue
        for line, rule, message in check_file(table, path, read(root, path)):
            yield f"{path}:{line}: {rule}: {message}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--root", default=os.path.dirname(here))
    found = list(check_tree(parser.parse_args().root))
    print("\n".join(found) if found else "layers and banned calls: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
