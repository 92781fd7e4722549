"""Reads .ci/layers.txt, by the same rules as cmake/heddle_library.cmake: one truth, two gates."""

import re


class LayerTable:
    """folder -> project folders and third-party headers it may include."""

    def __init__(self, text):
        self._words = {}
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if line:
                folder, rest = line.split(":", 1)
                self._words[folder.strip()] = rest.split()

    def folders(self):
        return list(self._words)

    def folder_of(self, path):
        """The table's folder that holds a file, or None. A program's main.cc belongs to its composition root."""
        if re.fullmatch(r"(proxy|control)/main\.cc", path):
            path = path.split("/")[0] + "/app/main.cc"
        holders = [folder for folder in self._words if path.startswith(folder + "/")]
        return max(holders, key=len, default=None)

    def may_include(self, folder, other):
        return other == folder or other in self._expanded(folder)

    def third_party(self, folder):
        """The names in angle brackets: a header (`uv.h`) or a prefix (`json/`)."""
        return [word[1:-1] for word in self._words[folder] if word.startswith("<")]

    def _expanded(self, folder):
        result = set()
        for word in self._words[folder]:
            match = re.fullmatch(r"([a-z]+)/\*", word)
            if not match:
                result.add(word)
                continue
            prefix = match.group(1) + "/"
            result.update(f for f in self._words if f.startswith(prefix) and f != folder and not f.endswith("/app"))
        return result
