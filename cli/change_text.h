// Changes of resources as text: unified differences of YAML, without what the server owns. Pure.
#pragma once
#include <string>

#include "cli/table.h"
#include "lib/base/json.h"

namespace heddle {
// The document as an author would write it: without status, and uid, resourceVersion, generation, creationTimestamp and
// managedFields of the metadata.
JsonValue authored(const JsonValue& document);

// Of {"kind":"List","items"}: the same without uid, resourceVersion and generation of each item, so that applying it is
// no compare-and-swap on versions of long ago.
JsonValue appliable(const JsonValue& list);

// Of {"key","result","before","now"}: "--- HTTPRoute/default/hello", "+++ ...", hunks; /dev/null stands for what is not
// there. Empty when only the server's fields differ.
std::string change_text(const JsonValue& change);

// Harmless for a terminal, line by line; with colour as diff --color has it.
std::string painted(std::string_view difference, UseColor);

// For a query: everything but unreserved characters (RFC 3986 §2.3) as %XX.
std::string percent_encoded(std::string_view);
}  // namespace heddle
