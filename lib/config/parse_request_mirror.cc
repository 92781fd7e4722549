// RequestMirror, a filter of rules of HTTPRoutes and GRPCRoutes (Gateway API v1: HTTPRequestMirrorFilter, Fraction).
#include <limits>

#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
constexpr int64_t kMostParts = std::numeric_limits<int32_t>::max();
constexpr IntRange kPercents{0, 100};
constexpr IntRange kNumerators{0, kMostParts};
constexpr IntRange kDenominators{1, kMostParts};

void parse_fraction(JsonObject fraction, RequestMirror& out) {
  out.numerator = static_cast<uint32_t>(fraction.integer("numerator", kNumerators));
  out.denominator = static_cast<uint32_t>(fraction.optional_integer("denominator", kDenominators).value_or(100));
  if (out.numerator > out.denominator) fraction.problem("numerator", "must not be more than denominator");
  fraction.finish();
}
}  // namespace

RequestMirror parse_request_mirror(JsonObject filter, const std::string& ns) {
  RequestMirror out;
  JsonObject to = filter.object("backendRef");
  if (to.is_object()) out.to = parse_backend_ref(to, ns);
  to.finish();
  if (filter.is_object() && filter.has("percent") && filter.has("fraction")) {
    filter.problem("fraction", "stands beside percent: expected one of them");
  }
  std::optional<int64_t> percent = filter.optional_integer("percent", kPercents);
  if (percent) out.numerator = static_cast<uint32_t>(*percent);
  if (std::optional<JsonObject> fraction = filter.optional_object("fraction")) parse_fraction(*fraction, out);
  filter.finish();
  return out;
}
}  // namespace heddle::detail
