#include "lib/http/grpc_timeout.h"

#include <algorithm>
#include <charconv>

namespace heddle {
namespace {
constexpr int64_t kMostCount = 99'999'999;

struct Unit {
  char letter;
  Duration length;
};
// Finest first.
constexpr std::array<Unit, 6> kUnits = {
    {{'n', Duration{1}}, {'u', 1us}, {'m', 1ms}, {'S', 1s}, {'M', 1min}, {'H', 1h}}};
}  // namespace

std::optional<Duration> parse_grpc_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > kGrpcTimeoutDigits + 1) return std::nullopt;
  auto is_it = [&](const Unit& unit) { return unit.letter == text.back(); };
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), is_it);
  if (unit == kUnits.end()) return std::nullopt;
  int64_t count = 0;
  for (char digit : text.substr(0, text.size() - 1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    count = count * 10 + (digit - '0');
  }
  if (count > kLongestGrpcTimeout / unit->length) return kLongestGrpcTimeout;
  return count * unit->length;
}

GrpcTimeoutText::GrpcTimeoutText(Duration left) noexcept {
  left = std::max(left, Duration{});
  const auto* unit = kUnits.begin();
  while (left / unit->length > kMostCount) ++unit;  // of hours there are never that many
  char* end = std::to_chars(room_.data(), room_.data() + kGrpcTimeoutDigits, left / unit->length).ptr;
  *end++ = unit->letter;
  size_ = static_cast<uint8_t>(end - room_.data());
}
}  // namespace heddle
