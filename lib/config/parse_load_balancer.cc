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

HashOn parse_hash_on(JsonObject& spec) {
  HashOn out;
  std::optional<JsonObject> object = spec.optional_object("hashOn");
  if (!object) return out;
  if (object->value().size() != 1) {
    spec.problem("hashOn", "expected exactly one of header, cookie, sourceIdentity, path");
  }
  read_header(*object, out);
  read_cookie(*object, out);
  read_word(*object, "sourceIdentity", HashSource::kSourceIdentity, out);
  read_word(*object, "path", HashSource::kPath, out);
  object->finish();
  return out;
}
SlowStartSpec parse_slow_start(JsonObject& spec) {
  SlowStartSpec out;
  std::optional<JsonObject> object = spec.optional_object("slowStart");
  if (!object) return out;
  out.window = object->duration("window", {100ms, 1h});
  out.aggression = object->optional_number("aggression").value_or(1);
  if (!(out.aggression >= 1 && out.aggression <= 10)) object->problem("aggression", "is out of range (1-10)");
  object->finish();
  return out;
}
}  // namespace

LbSpec parse_load_balancer(JsonObject& spec) {
  LbSpec out;
  bool is_known = !spec.has("policy");
  if (auto policy = spec.optional_one_of("policy", kPolicies)) {
    out.policy = *policy;
    is_known = true;
  }
  out.hash_on = parse_hash_on(spec);
  if (is_known && is_hashing(out.policy) && !spec.has("hashOn")) {
    spec.problem("hashOn", str_cat("is required: ", to_text(out.policy), " keeps requests of one key together"));
  }
  if (is_known && !is_hashing(out.policy) && spec.has("hashOn")) {
    spec.problem("hashOn", str_cat("is for ringHash and maglev; ", to_text(out.policy), " would ignore it"));
  }
  out.shape.slow_start = parse_slow_start(spec);
  out.shape.panic_below = static_cast<uint32_t>(spec.optional_integer("panicThreshold", {0, 100}).value_or(0));
  out.shape.zone_aware = spec.optional_boolean("zoneAware").value_or(false);
  if (is_known && is_hashing(out.policy) && out.shape.zone_aware) {
    spec.problem("zoneAware", str_cat("is not for ", to_text(out.policy), ": a key has one endpoint in all zones"));
  }
  if (is_known && is_hashing(out.policy) && spec.has("slowStart")) {
    spec.problem("slowStart", str_cat("is not for ", to_text(out.policy), ": keys keep their endpoint"));
  }
  spec.finish();
  return out;
}
}  // namespace heddle::detail
