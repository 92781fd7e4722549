#include "lib/config/regex.h"

#include <re2/re2.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
re2::RE2::Options options() {
  re2::RE2::Options out;
  out.set_log_errors(false);
  out.set_never_capture(true);  // groups only group: a smaller program
  out.set_max_mem(static_cast<int64_t>(kMaxRegexMemory));
  return out;
}

Error too_large(std::string_view size) {
  return make_error(Reason::kConfigInvalid,
                    str_cat("the regular expression is too large (", size, "); at most ",
                            std::to_string(kMaxRegexProgram), " instructions of RE2, about as many characters"));
}
}  // namespace

Result<Regex> Regex::compile(std::string_view pattern) {
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options());
  if (compiled->error_code() == re2::RE2::ErrorPatternTooLarge) return too_large("more than RE2 compiles");
  if (!compiled->ok()) {
    return make_error(Reason::kConfigInvalid, str_cat("is no regular expression of RE2: ", compiled->error()));
  }
  auto size = static_cast<size_t>(compiled->ProgramSize());
  if (size > kMaxRegexProgram) return too_large(std::to_string(size));
  return Regex(std::move(compiled));
}

bool Regex::matches(std::string_view text) const noexcept {
  if (compiled_ == nullptr || text.size() > kMaxRegexSubject) return false;
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

bool Regex::operator==(const Regex& other) const noexcept {
  if (compiled_ == nullptr || other.compiled_ == nullptr) return compiled_ == other.compiled_;
  return compiled_ == other.compiled_ || compiled_->pattern() == other.compiled_->pattern();
}
}  // namespace heddle
