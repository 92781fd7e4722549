#include "proxy/admin/balancing_view.h"

#include "lib/base/strings.h"

namespace heddle {
namespace {
void write(JsonWriter& out, const HashOn& on) {
  constexpr std::string_view kKeys[] = {"", "header", "cookie", "sourceIdentity", "path", "sourceAddress"};
  std::string_view key = kKeys[static_cast<size_t>(on.source)];
  out.key("hashOn").begin_object();
  if (on.name.empty()) out.field(key, true);
  if (!on.name.empty()) out.field(key, on.name);
  out.end_object();
}

void write(JsonWriter& out, const SlowStartSpec& spec) {
  out.key("slowStart").begin_object().field("window", format_duration(spec.window));
  out.field("aggression", spec.aggression).end_object();
}

// What has its default is not said.
LbOverride said_by(const LbSpec& spec) {
  LbOverride out{.policy = spec.policy};
  if (spec.hash_on.source != HashSource::kNone) out.hash_on = spec.hash_on;
  if (spec.shape.slow_start.window != Duration{}) out.slow_start = spec.shape.slow_start;
  if (spec.shape.panic_below != 0) out.panic_below = spec.shape.panic_below;
  if (spec.shape.min_healthy != 0) out.min_healthy = spec.shape.min_healthy;
  if (spec.shape.zone_aware) out.zone_aware = true;
  return out;
}
}  // namespace

void write_load_balancer(JsonWriter& out, const LbOverride& said) {
  out.key("loadBalancer").begin_object();
  if (said.policy) out.field("policy", to_text(*said.policy));
  if (said.hash_on) write(out, *said.hash_on);
  if (said.slow_start) write(out, *said.slow_start);
  if (said.zone_aware) out.field("zoneAware", *said.zone_aware);
  if (said.panic_below) out.field("panicThreshold", *said.panic_below);
  if (said.min_healthy) out.field("minHealthyPercent", *said.min_healthy);
  out.end_object();
}

void write_load_balancer(JsonWriter& out, const LbSpec& spec) { write_load_balancer(out, said_by(spec)); }

void write_subset(JsonWriter& out, const BackendSetSpec& spec) {
  out.key("subsetOf").begin_object().field("name", spec.subset->parent).key("labels").begin_object();
  for (const auto& [name, value] : spec.subset->labels) out.field(name, value);
  out.end_object().end_object();
  if (spec.says_lb) write_load_balancer(out, spec.lb);
}
}  // namespace heddle
