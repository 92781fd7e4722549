#include "lib/http/http1_line.h"

#include <algorithm>
#include <cstring>

namespace heddle {
namespace {
constexpr Http1Fault kBareCr = {Reason::kBadRequest, "a CR without LF"};
constexpr Http1Fault kBareLf = {Reason::kBadRequest, "a LF without CR"};

size_t find(Bytes bytes, size_t from, char wanted) {
  if (from >= bytes.size()) return bytes.size();
  const void* hit = std::memchr(bytes.data() + from, wanted, bytes.size() - from);
  return hit == nullptr ? bytes.size() : static_cast<size_t>(static_cast<const std::byte*>(hit) - bytes.data());
}
}  // namespace

Http1Step Http1LineReader::fail(const Http1Fault& fault) {
  fault_ = fault;
  return Http1Step::kFault;
}

Http1Step Http1LineReader::next(Buffer& in, size_t limit, const Http1Fault& too_long) {
  // No byte beyond the longest allowed line and its CRLF is looked at, so that the split cannot change the verdict.
  size_t window = std::min(in.size(), limit + 2);
  Bytes head = in.front();
  if (head.size() > window) head = head.first(window);
  size_t newline = find(head, scanned_, '\n');
  if (newline == head.size() && head.size() < window) {
    head = in.linearize(window).first(window);
    newline = find(head, scanned_, '\n');
  }
  if (newline < head.size()) return found(head, newline, limit, too_long);
  size_t cr = find(head, scanned_ > 0 ? scanned_ - 1 : 0, '\r');
  if (cr + 1 < head.size()) return fail(kBareCr);
  if (head.size() == limit + 2) return fail(too_long);
  scanned_ = head.size();
  return Http1Step::kMore;
}

Http1Step Http1LineReader::found(Bytes head, size_t newline, size_t limit, const Http1Fault& too_long) {
  size_t cr = find(head.first(newline), 0, '\r');
  if (cr == newline) return fail(kBareLf);
  if (cr + 1 != newline) return fail(kBareCr);
  if (cr > limit) return fail(too_long);
  line_ = as_text(head.first(cr));
  scanned_ = newline + 1;
  return Http1Step::kDone;
}

void Http1LineReader::finish(Buffer& in) noexcept {
  in.consume(line_.size() + 2);
  line_ = {};
  scanned_ = 0;
}
}  // namespace heddle
