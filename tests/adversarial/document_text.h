// The text of a document in a case (a SPIFFE id, JSON, YAML): escapes as everywhere in the suite, but braces mean
// themselves; what stands in $(...) is put in:
//   $(repeat:N:text) $(garbage:N) $(each:a|b|c): one text for each; $(name): what the group knows by that name
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::adversarial {
// The texts a name stands for; empty when it is unknown, which aborts with the case's text.
using DocumentNames = std::function<std::vector<std::string>(std::string_view name)>;

// All texts the case means, at least one.
std::vector<std::string> documents_of(std::string_view text, const DocumentNames& names);
std::vector<std::string> documents_of(std::string_view text);
}  // namespace heddle::adversarial
