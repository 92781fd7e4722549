#include "cli/option_words.h"

#include "lib/base/strings.h"

namespace heddle::detail {
Error usage(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }

Result<OutputFormat> parse_output(const std::string& word, std::initializer_list<EnumName<OutputFormat>> allowed) {
  std::string known;
  for (const EnumName<OutputFormat>& name : allowed) {
    if (name.name == word) return name.value;
    known.append(known.empty() ? "" : ", ").append(name.name);
  }
  return usage(str_cat("--output: expected one of ", known, "; got ", in_quotes(word)));
}
}  // namespace heddle::detail
