"""What the checkers share: the list of source files, text without comments and strings, waivers.

Nothing here knows a rule. The C++ reader understands what clang-format leaves us: comments, strings, raw strings,
character literals and digit separators. Line numbers never change: what is removed leaves its line breaks behind.
"""

import io
import os
import re
import subprocess
import tokenize

PRODUCT = ("lib", "proxy", "control", "certs", "cli", "k8s")
CPP = (".h", ".cc")

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<raw>R"(?P<mark>[^(\s]{0,16})\(.*?\)(?P=mark)")
      | (?P<text>"(?:\\.|[^"\\\n])*")
      | (?P<char>(?<![0-9A-Za-z_])'(?:\\.[^'\n]*|[^'\\\n])')""",
    re.S | re.X,
)
_WAIVER = re.compile(r"(?://|#)\s*lint:\s*([a-z-]+)\s+\S")


def source_files(root):
    """Every file of the repository (tracked, or new and not ignored), as paths relative to root."""
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-co", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=True,
        )
        names = done.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = _walk(root)
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))


def _walk(root):
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("build", ".git")]
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), root)


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_comments(text):
    """C++ text without comments; strings stay (includes are strings)."""
    return _TOKEN.sub(lambda m: _blank(m.group(0)) if m.group("comment") else m.group(0), text)


def bare_code(text):
    """C++ text without comments and without the contents of strings and character literals."""
    return _TOKEN.sub(_bare, text)


def _bare(match):
    if match.group("comment"):
        return _blank(match.group(0))
    quote = "'" if match.group("char") else '"'
    return quote + _blank(match.group(0)) + quote


def _blank(text):
    """A space, so that words stay apart, and the line breaks."""
    return " " + "\n" * text.count("\n")


def bare_python(text):
    """Python text without comments and without the contents of strings; as it is where Python cannot read it."""
    lines = text.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return text
    for token in reversed(tokens):
        if token.type not in (tokenize.STRING, tokenize.COMMENT):
            continue
        (first, start), (last, end) = token.start, token.end
        whole = "".join(lines[first - 1 : last])
        tail = len(lines[last - 1]) - end
        cut = whole[:start] + _blank(token.string) + whole[len(whole) - tail :]
        lines[first - 1 : last] = cut.splitlines(keepends=True)
    return "".join(lines)


def bare(path, text):
    """What of a file is code, by its kind."""
    if path.endswith(CPP):
        return bare_code(text)
    return bare_python(text) if path.endswith(".py") else text


def waived_rules(text):
    """Line number -> rules waived there by `// lint: <rule> <reason>`; a comment of its own waives the next line."""
    waived = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _WAIVER.search(line)
        if not match:
            continue
        alone = line.lstrip().startswith(("//", "#"))
        waived.setdefault(number + 1 if alone else number, set()).add(match.group(1))
    return waived
