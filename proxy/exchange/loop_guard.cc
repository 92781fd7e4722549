#include "proxy/exchange/loop_guard.h"

namespace heddle {

LoopGuard::LoopGuard(uint64_t proxy_id) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < id_.size(); ++i) id_[i] = kDigits[(proxy_id >> (60 - 4 * i)) & 15];
}

Result<void> LoopGuard::check(const HeaderMap& fields) const {
  size_t passes = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderField field = fields.at(i);
    if (field.id == HeaderName::kHeddleVia && field.value == id()) ++passes;
  }
  if (passes >= kMostPasses) return make_error(Reason::kLoopDetected, "the request passed this proxy five times");
  return {};
}

void LoopGuard::mark(HeaderMap& fields) const {
  // No room in 64 KiB: whoever comes next refuses the head for its size.
  static_cast<void>(fields.add(HeaderName::kHeddleVia, id()));
}
}  // namespace heddle
