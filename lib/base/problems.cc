#include "lib/base/problems.h"

#include "lib/base/strings.h"

namespace heddle {
std::string Problem::text() const { return path.empty() ? message : str_cat(path, ": ", message); }

void Problems::add(std::string path, std::string message) {
  ++total_;
  if (items_.size() < kMaxProblems) items_.push_back({std::move(path), std::move(message)});
}

void Problems::add_unsupported(std::string path, std::string message) {
  ++unsupported_;
  add(std::move(path), std::move(message));
}

Reason Problems::reason() const noexcept {
  return total_ != 0 && total_ == unsupported_ ? Reason::kUnsupported : Reason::kConfigInvalid;
}

std::string Problems::text() const {
  std::string out;
  for (const Problem& problem : items_) {
    if (!out.empty()) out.push_back('\n');
    out.append(problem.text());
  }
  if (total_ > items_.size()) out.append(str_cat("\n... and ", std::to_string(total_ - items_.size()), " more"));
  return out;
}

Error Problems::to_error() const { return make_error(reason(), text()); }
}  // namespace heddle
