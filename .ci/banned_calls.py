"""The calls we ban, one row per rule: what it looks like, where it applies, which files are the exception.

Paths are prefixes of file names relative to the root. The text that is searched holds no comments and no strings.
"""

import re
from dataclasses import dataclass, field

PRODUCT = ("lib/", "proxy/", "control/", "certs/", "cli/", "k8s/")
# Tests that must give the same verdict every time, without a real clock or real chance.
PURE_TESTS = ("tests/unit/", "tests/contract/")
EVERYWHERE = PRODUCT + ("tests/", "bench/")


@dataclass
class Rule:
    name: str
    pattern: str
    advice: str
    applies: tuple = EVERYWHERE
    allowed: tuple = ()
    suffixes: tuple = (".h", ".cc")
    unless: str = "(?!)"  # a line of the original text that matches this is fine (never, by default)
    regex: re.Pattern = field(init=False)

    def __post_init__(self):
        self.regex = re.compile(self.pattern)

    def covers(self, path):
        return path.startswith(self.applies) and path.endswith(self.suffixes) and not path.startswith(self.allowed)


RULES = (
    Rule(
        "clock",
        r"\b(?:system|steady|high_resolution|utc|file)_clock\s*::\s*now\b"
        r"|\b(?:clock_gettime|gettimeofday|timespec_get|uv_hrtime|uv_now|uv_update_time)\s*\("
        r"|(?<![\w.>])time\s*\(\s*(?:nullptr|NULL|0|&\s*\w+)\s*\)",
        "real clocks live in lib/event; take a Clock& or `now` as a parameter",
        applies=PRODUCT + PURE_TESTS,
        allowed=("lib/event/", "tests/unit/lib/event/"),
    ),
    Rule(
        "random",
        r"\bstd\s*::\s*(?:mt19937|minstd_rand|random_device|default_random_engine|\w+_engine)"
        r"|(?<![\w.>])(?:s?rand|rand_r|[dlm]rand48)\s*\(|\brandom\(\)|\bgetrandom\s*\(|\bRAND_(?:priv_)?bytes\b",
        "chance comes from lib/base/random.h; take a Random& or call secure_random()",
        applies=PRODUCT + PURE_TESTS,
        allowed=("lib/base/random.cc", "certs/"),
    ),
    Rule(
        "new",
        # Placement new is no allocation.
        r"\bnew\s+[A-Za-z_:]|\bnew\s*\(\s*std::nothrow",
        "no raw new: std::make_unique, a container, or UvHandle",
        allowed=("lib/event/handle.h",),
    ),
    Rule(
        "delete",
        # `= delete` is no deallocation.
        r"(?<!operator )\bdelete\b(?!\s*[;,)]|$)",
        "no raw delete: the owner is a unique_ptr, a container, or UvHandle",
        allowed=("lib/event/handle.h",),
        unless=r"\bdispose\b.*\bdelete this\b",
    ),
    Rule("regex", r"\bstd\s*::\s*w?regex\b|#\s*include\s*<regex>", "std::regex is slow and recursive; use RE2 or a parser"),
    Rule("ranges", r"#\s*include\s*<ranges>|\bstd\s*::\s*(?:views|ranges\s*::\s*views)\b", "no range views; write the loop"),
    Rule(
        "thread-local",
        r"\bthread_local\b",
        "state belongs to an object that is passed in; only the current loop is thread_local",
        allowed=("lib/event/loop.cc", "lib/event/loop.h"),
    ),
    Rule(
        "uv-close",
        r"\buv_close\s*\(",
        "only UvHandle (lib/event/handle.h) closes handles",
        applies=PRODUCT,
        allowed=("lib/event/handle.h",),
    ),
    Rule(
        "sleep",
        r"\b(?:sleep_for|sleep_until|usleep|nanosleep|uv_sleep)\b|(?<![\w.])sleep\s*\(|\btime\.sleep\b",
        "wait for the condition, not for time; a loop that polls says so with a comment `poll: <for what>`",
        suffixes=(".h", ".cc", ".py"),
        unless=r"(?://|#).*\bpoll:",
    ),
    Rule(
        "sleep",
        r"(?:^|[;&|]|\bdo\b)\s*sleep\s",
        "wait for the condition, not for time; a loop that polls says so with a comment `poll: <for what>`",
        suffixes=(".sh",),
        unless=r"#.*\bpoll:",
    ),
    Rule(
        "test-name",
        r"\b(?:TYPED_)?TEST(?:_[FP])?\(\s*(?:[^A-Z\s]\w*\s*,|\w+\s*,\s*(?:[^A-Z\s]|\w*_))",
        "a test's name is a sentence in PascalCase: TEST(Router, PrefersTheLongestPath)",
        applies=("tests/",),
    ),
)


def banned_in(path, code, original):
    """Yields (line, rule, message) for one file; `code` is `original` without comments and strings."""
    rules = [rule for rule in RULES if rule.covers(path)]
    for number, (line, raw) in enumerate(zip(code.splitlines(), original.splitlines()), 1):
        for rule in rules:
            if rule.regex.search(line) and not re.search(rule.unless, raw):
                yield number, rule.name, rule.advice
    yield from _todos(path, original)


def _todos(path, original):
    if not path.endswith((".h", ".cc")):
        return
    for number, line in enumerate(original.splitlines(), 1):
        if re.search(r"//.*\b(?:TODO|FIXME|XXX)\b(?!\((?:perf|security|cleanup)\))", line):
            yield number, "todo", "write TODO(perf), TODO(security) or TODO(cleanup), or finish it"
