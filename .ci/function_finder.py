"""Finds functions and how many lines they have: C++ as clang-format leaves it, Python through its own parser.

The C++ finder reads braces. A `{` opens a function when the text since the last `;`, `{` or `}` ends like a function
header; namespaces and classes are looked into, every other brace (data, enums) is skipped whole. Lambdas and local
classes count as part of the function around them.
"""

import ast
import re

from source_text import bare_code

_SCOPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:(?:export|inline|static|typedef)\s+)*(namespace|class|struct|union|extern)\b", re.S)
_HEADER_END = re.compile(r"(?:\)|\b(?:const|noexcept|override|final|try|mutable)|&&?|->\s*[\w:<>,\s*&]+|\}|\brequires\b.*)\s*$", re.S)
_NAME = re.compile(r"((?:[\w~]+::)*(?:operator\s*[^\s(]+|~?\w+))\s*\(")


class _Reader:
    """One pass over C++ text that holds no comments, strings or preprocessor lines."""

    def __init__(self, text):
        self._text = text
        self._at = 0
        self._start = 0  # where the current declaration begins
        self.found = []

    def run(self):
        depth = 0  # of round brackets: braces inside them are arguments
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
            elif char == "{":
                self._open(depth)
                continue
            elif char == "}" or (char == ";" and depth == 0):
                self._start = self._at + 1
            self._at += 1
        return self.found

    def _open(self, depth):
        head = re.sub(r"^\s*(?:(?:public|private|protected)\s*:\s*)*", "", self._text[self._start : self._at])
        end = self._matching(self._at)
        if depth > 0 or _is_member_initializer(head):
            self._at = end  # goes on with the same declaration
        elif _SCOPE.match(head) and not _is_function(head):
            self._at += 1  # look inside
            self._start = self._at
        else:
            if _is_function(head):
                self._record(head, end)
            self._at = end
            self._start = end if _is_function(head) else self._start

    def _record(self, head, end):
        first = self._text.count("\n", 0, self._at - len(head)) + 1
        last = self._text.count("\n", 0, end) + 1
        self.found.append((first, _name_of(head), last - first + 1))

    def _matching(self, start):
        """The position after the brace that closes the one at start."""
        depth = 0
        for match in re.finditer(r"[{}]", self._text[start:]):
            depth += 1 if match.group(0) == "{" else -1
            if depth == 0:
                return start + match.end()
        return len(self._text)


def _name_of(head):
    test = re.match(r"\s*(?:TYPED_)?TEST(?:_[FP])?\([^)]*\)", head)
    name = test or _NAME.search(head)
    return re.sub(r"[\s(]+$|^\s+", "", name.group(0)) if name else head.split("(")[0].strip()[-40:]


def _is_member_initializer(head):
    """`Name(...) : a_` before a brace: the brace initialises a member, the body comes later."""
    return bool(re.search(r"\)\s*(?:noexcept\s*)?:[^:].*[\w>]\s*$", head, re.S)) and not re.search(r"[?=]", head)


def _is_function(head):
    if "(" not in head or re.search(r"(?<![=!<>])=(?!=)(?!\s*default)", _outside_brackets(head)):
        return False
    return bool(_HEADER_END.search(head)) and not re.match(r"\s*(?:namespace|enum)\b", head)


def _outside_brackets(text):
    """Without what stands in round brackets (default arguments) and without operator names."""
    previous = None
    while previous != text:
        previous, text = text, re.sub(r"\([^()]*\)", "", text)
    return re.sub(r"operator\s*[^\s\w]+|template\s*<[^{}()]*>", "", text)


def cpp_functions(text):
    """(first line, name, number of lines) of every function with a body."""
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"), bare_code(text), flags=re.M)
    return _Reader(code).run()


def python_functions(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:  # the gate `python` says where
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.lineno, n.name, n.end_lineno - n.lineno + 1) for n in ast.walk(tree) if isinstance(n, kinds)]
