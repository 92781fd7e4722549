#include <utility>

#include "lib/base/strings.h"
#include "lib/config/parse_detail.h"

namespace heddle::detail {
namespace {
constexpr EnumName<LbPolicy> kPolicies[] = {
    {"peakEwma", LbPolicy::kPeakEwma}, {"leastRequest", LbPolicy::kLeastRequest}, {"roundRobin", LbPolicy::kRoundRobin},
    {"random", LbPolicy::kRandom},     {"ringHash", LbPolicy::kRingHash},         {"maglev", LbPolicy::kMaglev}};

// `sourceIdentity: true`: a word that stands for itself, so that one object can say all kinds of keys.
void read_word(JsonObject& object, std::string_view field, HashSource source, HashOn& out) {
  std::optional<bool> value = object.optional_boolean(field);
  if (value == false) object.problem(field, "expected true");
  if (value == true) out.source = source;
}

void read_header(JsonObject& object, HashOn& out) {
  std::optional<std::string> name = object.optional_string("header", {1, kMaxHashName});
  if (!name) return;
  out = {HashSource::kHeader, to_lower(*name)};
  if (!is_token(out.name)) return object.problem("header", "is not a header name");
  if (is_internal_field(out.name)) object.problem("header", "is a header that sidecars remove from every request");
  if (out.name == "cookie") object.problem("header", "name the cookie: hashOn.cookie");
  if (out.name == "host") object.problem("header", "is not a field of a request: Host chooses the service");
}

void read_cookie(JsonObject& object, HashOn& out) {
  std::optional<std::string> name = object.optional_string("cookie", {1, kMaxHashName});
  if (!name) return;
  out = {HashSource::kCookie, *name};
  if (!is_token(out.name)) object.problem("cookie", "is not the name of a cookie");
}

std::optional<HashOn> parse_hash_on(JsonObject& spec) {
  std::optional<JsonObject> object = spec.optional_object("hashOn");
  if (!object) return std::nullopt;
  HashOn out;
  if (object->value().size() != 1) {
    spec.problem("hashOn", "expected exactly one of header, cookie, sourceIdentity, sourceAddress, path");
  }
  read_header(*object, out);
  read_cookie(*object, out);
  read_word(*object, "sourceIdentity", HashSource::kSourceIdentity, out);
  read_word(*object, "sourceAddress", HashSource::kSourceAddress, out);
  read_word(*object, "path", HashSource::kPath, out);
  object->finish();
  return out;
}
std::optional<SlowStartSpec> parse_slow_start(JsonObject& spec) {
  std::optional<JsonObject> object = spec.optional_object("slowStart");
  if (!object) return std::nullopt;
  SlowStartSpec out;
  out.window = object->duration("window", {100ms, 1h});
  out.aggression = object->optional_number("aggression").value_or(1);
  if (!(out.aggression >= 1 && out.aggression <= 10)) object->problem("aggression", "is out of range (1-10)");
  object->finish();
  return out;
}

std::optional<uint32_t> read_percent(JsonObject& spec, std::string_view field) {
  std::optional<int64_t> value = spec.optional_integer(field, {0, 100});
  if (!value) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

// Said, but nothing came of it: that is a problem already.
bool has_wrong_part(const JsonObject& spec, const LbOverride& read) {
  bool policy = spec.has("policy") && !read.policy;
  return policy || (spec.has("hashOn") && (!read.hash_on || read.hash_on->source == HashSource::kNone));
}
}  // namespace

LbOverride parse_lb_override(JsonObject& spec) {
  LbOverride out;
  out.policy = spec.optional_one_of("policy", kPolicies);
  out.hash_on = parse_hash_on(spec);
  out.slow_start = parse_slow_start(spec);
  out.panic_below = read_percent(spec, "panicThreshold");
  out.min_healthy = read_percent(spec, "minHealthyPercent");
  out.zone_aware = spec.optional_boolean("zoneAware");
  spec.finish();
  return out;
}

LbSpec parse_load_balancer(JsonObject& spec) {
  LbOverride read = parse_lb_override(spec);
  LbSpec out = merged(LbSpec(), read);
  if (has_wrong_part(spec, read)) return out;
  for (LbConflict& conflict : lb_conflicts(out)) spec.problem(conflict.field, std::move(conflict.message));
  return out;
}
}  // namespace heddle::detail
