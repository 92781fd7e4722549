#include "lib/config/load_balancing.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
void check_key(const LbSpec& lb, std::vector<LbConflict>& out) {
  bool has_key = lb.hash_on.source != HashSource::kNone;
  if (is_hashing(lb.policy) == has_key) return;
  out.push_back({"hashOn", has_key
                               ? str_cat("is for ringHash and maglev; ", to_text(lb.policy), " would ignore it")
                               : str_cat("is required: ", to_text(lb.policy), " keeps requests of one key together")});
}

std::string key_text(const HashOn& on) {
  constexpr std::string_view kKeys[] = {
      "", "header ", "cookie ", "the caller's identity", "path", "the caller's address"};
  return str_cat(" by ", kKeys[static_cast<size_t>(on.source)], on.name);
}

std::string percent(std::string_view what, uint32_t value) {
  return str_cat(", ", what, " ", std::to_string(value), " %");
}
}  // namespace

std::string lb_text(const LbSpec& lb) {
  std::string out(to_text(lb.policy));
  if (lb.hash_on.source != HashSource::kNone) out.append(key_text(lb.hash_on));
  if (lb.shape.slow_start.window != Duration{}) {
    out.append(", slow start of ").append(format_duration(lb.shape.slow_start.window));
  }
  if (lb.shape.zone_aware) out.append(", own zone first");
  if (lb.shape.panic_below != 0) out.append(percent("panic below", lb.shape.panic_below));
  if (lb.shape.min_healthy != 0) out.append(percent("left below", lb.shape.min_healthy));
  return out;
}

LbSpec merged(const LbSpec& own, const LbOverride& over) {
  LbSpec out = own;
  if (over.policy) out.policy = *over.policy;
  if (over.policy && !is_hashing(*over.policy)) out.hash_on = {};
  if (over.hash_on) out.hash_on = *over.hash_on;
  if (over.slow_start) out.shape.slow_start = *over.slow_start;
  if (over.panic_below) out.shape.panic_below = *over.panic_below;
  if (over.min_healthy) out.shape.min_healthy = *over.min_healthy;
  if (over.zone_aware) out.shape.zone_aware = *over.zone_aware;
  return out;
}

std::vector<LbConflict> lb_conflicts(const LbSpec& lb) {
  std::vector<LbConflict> out;
  check_key(lb, out);
  std::string policy(to_text(lb.policy));
  if (is_hashing(lb.policy) && lb.shape.zone_aware) {
    out.push_back({"zoneAware", str_cat("is not for ", policy, ": a key has one endpoint in all zones")});
  }
  if (is_hashing(lb.policy) && lb.shape.slow_start.window != Duration{}) {
    out.push_back({"slowStart", str_cat("is not for ", policy, ": keys keep their endpoint")});
  }
  if (lb.shape.min_healthy != 0 && lb.shape.panic_below != 0) {
    out.push_back(
        {"minHealthyPercent",
         "stands beside panicThreshold: one leaves a set of few healthy endpoints, the other uses all of it"});
  }
  return out;
}
}  // namespace heddle
