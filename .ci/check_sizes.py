#!/usr/bin/env python3
"""Refuses files above 500 lines and functions above 60; lists functions above 40 as a notice.

Usage: .ci/check_sizes.py [--root DIR] [--quiet]      --quiet leaves the notices out; exit 1 when something is refused
"""

import argparse
import os
import sys

from function_finder import cpp_functions, python_functions
from source_text import CPP, read, source_files

FILE_LINES = 500
FUNCTION_LINES = 60
NOTICE_LINES = 40
_SCRIPTS = ("dev", ".ci/run", ".ci/check_headers")


def functions_of(path, text):
    if path.endswith(CPP):
        return cpp_functions(text)
    return python_functions(text) if path.endswith(".py") else []


def check_file(path, text):
    """(refusals, notices) about one file."""
    refused, notices = [], []
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        refused.append(f"{path}:1: file-size: {lines} lines; split it, at most {FILE_LINES}")
    for line, name, size in functions_of(path, text):
        if size > FUNCTION_LINES:
            refused.append(f"{path}:{line}: function-size: {name} has {size} lines; split it, at most {FUNCTION_LINES}")
        elif size > NOTICE_LINES:
            notices.append(f"{path}:{line}: notice: {name} has {size} lines; aim at 12, review above {NOTICE_LINES}")
    return refused, notices


def check_tree(root):
    refused, notices = [], []
    for path in source_files(root):
        if path.endswith(CPP + (".py", ".sh")) or path in _SCRIPTS:
            one = check_file(path, read(root, path))
            refused += one[0]
            notices += one[1]
    return refused, notices


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    refused, notices = check_tree(args.root)
    for line in refused + ([] if args.quiet else notices):
        print(line)
    print(f"sizes: {len(refused)} refused, {len(notices)} notices")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
