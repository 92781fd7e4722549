// RateLimitPolicy: limits whose matches are those of HTTPRoutes.
#include <algorithm>
#include <set>

#include "lib/base/strings.h"
#include "lib/config/parse_route.h"

namespace heddle::detail {
namespace {
constexpr EnumName<bool> kModes[] = {{"enforce", true}, {"report", false}};
constexpr IntRange kRequests{1, kMaxRateRequests};
constexpr DurationRange kPer{1s, 1h};

HttpMatch parse_match(const JsonReader& at) {
  HttpMatch out = parse_http_match(at);
  if (out.path.type == PathMatchType::kPrefix && out.path.value.ends_with('/')) out.path.value.pop_back();
  return out;
}

// What no request has where it is counted would be one value for everybody.
std::string_view header_mistake(std::string_view name) noexcept {
  if (name == "host") return "is not a field of requests between sidecars";
  return field_mistake(name, FieldOwner::kRequest);
}

void parse_key(const JsonReader& at, RateLimit& out) {
  JsonObject object = at.object();
  std::optional<bool> identity = object.optional_boolean("sourceIdentity");
  std::string header = to_lower(object.optional_string("header", {1, 256}).value_or(""));
  bool is_one = object.has("sourceIdentity") != object.has("header");
  object.finish();
  if (object.is_object() && !is_one) at.problem("needs one of sourceIdentity and header");
  if (identity == false) object.problem("sourceIdentity", "can only be true; leave it out to count all callers alike");
  bool twice = (identity && out.by_identity) || std::count(out.by.begin(), out.by.end(), header) > 0;
  if (twice) at.problem("stands twice");
  out.by_identity = out.by_identity || identity.value_or(false);
  if (header.empty()) return;
  if (std::string_view mistake = header_mistake(header); !mistake.empty()) {
    object.problem("header", str_cat(in_quotes(header), " ", mistake));
  }
  out.by.push_back(std::move(header));
}

RateLimit parse_limit(const JsonReader& at) {
  JsonObject object = at.object();
  RateLimit out;
  out.name = object.string("name", {1, 63});
  if (!out.name.empty() && !is_dns_label(out.name)) {
    object.problem("name", str_cat(in_quotes(out.name), " is not a valid name (RFC 1123)"));
  }
  for (const JsonReader& match : object.optional_array("matches", {0, kMaxRateMatches})) {
    out.matches.push_back(parse_match(match));
  }
  for (const JsonReader& key : object.optional_array("by", {0, kMaxRateHeaders + 1})) parse_key(key, out);
  if (out.by.size() > kMaxRateHeaders) object.problem("by", "has more than 4 headers");
  out.requests = static_cast<uint32_t>(object.integer("requests", kRequests));
  out.per = object.duration("per", kPer);
  out.burst = static_cast<uint32_t>(object.optional_integer("burst", kRequests).value_or(out.requests));
  object.finish();
  return out;
}

void check_together(const JsonObject& spec, const RateLimitPolicySpec& policy) {
  size_t regexes = 0;
  std::set<std::string_view> names;
  for (const RateLimit& limit : policy.limits) {
    for (const HttpMatch& match : limit.matches) regexes += regexes_of(match);
    if (limit.name.empty() || names.insert(limit.name).second) continue;
    spec.problem("limits", str_cat("have the name ", in_quotes(limit.name), " twice"));
  }
  if (regexes > kMaxRateRegexes) spec.problem("limits", "have more than 16 regular expressions together");
}
}  // namespace

std::shared_ptr<const RateLimitPolicySpec> parse_rate_limit_policy(const Envelope& envelope, JsonObject& spec) {
  auto out = std::make_shared<RateLimitPolicySpec>();
  out->key = envelope.key;
  out->target = parse_workload_target(spec, "limited");
  out->enforces = spec.optional_one_of("mode", kModes).value_or(true);
  for (const JsonReader& at : spec.array("limits", {1, kMaxRateLimits})) out->limits.push_back(parse_limit(at));
  check_together(spec, *out);
  return out;
}
}  // namespace heddle::detail
