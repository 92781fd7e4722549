#include "control/api/rollout_view.h"

#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
void write_traffic(JsonWriter& out, std::string_view name, const TrafficCounts& counts) {
  out.key(name).begin_object().field("requests", counts.requests);
  out.field("errorRate", counts.error_rate()).field("rejectRate", counts.reject_rate());
  out.field("meanMs", counts.mean_us() / 1000).key("p50Ms");
  auto median = counts.quantile_us(0.5);
  median ? out.number(*median / 1000) : out.null();
  out.end_object();
}

void write_side(JsonWriter& out, std::string_view name, size_t sidecars, const SidecarTraffic& traffic) {
  out.key(name).begin_object().field("sidecars", sidecars);
  write_traffic(out, "outbound", traffic.outbound);
  write_traffic(out, "inbound", traffic.inbound);
  out.end_object();
}

void write_progress(JsonWriter& out, const RolloutProgress& now) {
  out.field("running", now.live).field("reporting", now.reporting);
  out.field("watched", format_duration(std::chrono::floor<std::chrono::seconds>(now.seen.watched)));
  out.field("verdict", now.judgement.why);
  write_side(out, "new", now.members, now.seen.fresh);
  write_side(out, "old", now.others, now.seen.rest);
  write_side(out, "before", now.members, now.seen.before);
}

void write_state(JsonWriter& out, const RolloutState& state) {
  out.field("phase", to_text(state.phase())).field("stage", state.stage() + 1).field("reason", state.reason());
  out.field("author", state.author()).field("message", state.message());
  out.field("started", format_time(state.started())).key("version");
  state.version() ? out.string(state.version()->text()) : out.null();
  write_rollout_spec(out, state.spec());
  out.key("resources").begin_array();
  for (const StoreOperation& change : state.changes()) out.string(key_of(change).text());
  out.end_array();
}
}  // namespace

std::string rollout_json(const RolloutKeeper& keeper, const std::vector<ApiProblem>& warnings) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("rollout");
  if (const auto& state = keeper.state()) {
    out.begin_object();
    write_state(out, *state);
    if (state->is_running()) {
      out.field("judgedHere", keeper.is_judge());
      write_progress(out, keeper.progress());
    }
    out.end_object();
  } else {
    out.null();
  }
  if (!warnings.empty()) write_problems(out.key("warnings"), warnings);
  out.end_object();
  return body;
}
}  // namespace heddle
