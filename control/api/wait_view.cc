#include "control/api/wait_view.h"

#include <algorithm>

#include "control/api/nack_sight.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxNamed = 20;  // in the message; `behind` has all

std::string_view why_of(const WatchLaggard& laggard) {
  if (laggard.state == NodeState::kRefused) return "refused";
  if (laggard.unanswered) return "not-answering";
  return laggard.runs ? "behind" : "syncing";
}

std::string error_text(const WatchNackError& error) {
  std::vector<std::string> parts;
  for (const std::string& part : {error.resource, error.path, error.message}) {
    if (!part.empty()) parts.push_back(part);
  }
  return join(parts, ": ");
}

std::string refusal_text(const WatchLaggard& laggard) {
  const std::optional<WatchNack>& nack = laggard.nack;
  std::string what = nack ? nack->version.text() : std::string("what it was sent");
  if (laggard.refused_before) return str_cat("refused ", what, " before");
  if (!nack || nack->errors.empty()) return str_cat("refused ", what);
  return str_cat("refused ", what, ": ", error_text(nack->errors[0]));
}

std::string name_of(const NodeKey& key) { return str_cat(key.node, " (", key.identity, ")"); }

std::string late_sidecars(const WaitResult& result) {
  std::vector<std::string> names;
  for (const WatchLaggard& laggard : result.behind) {
    if (names.size() < kMaxNamed) names.push_back(str_cat(name_of(laggard.key), " ", text_of(laggard)));
  }
  size_t more = result.behind.size() - names.size();
  return str_cat("still behind: ", join(names, "; "),
                 more == 0 ? "" : str_cat("; and ", std::to_string(more), " more"));
}

std::string message_of(const WaitResult& result, Version newest) {
  std::vector<std::string> parts;
  for (const WatchReplicaLag& replica : result.replicas) parts.push_back(text_of(replica));
  if (!result.behind.empty()) parts.push_back(late_sidecars(result));
  return parts.empty() ? str_cat("the newest version is ", newest.text()) : join(parts, "; ");
}

void write_replicas(JsonWriter& out, const std::vector<WatchReplicaLag>& replicas) {
  out.begin_array();
  for (const WatchReplicaLag& replica : replicas) {
    out.begin_object().field("name", replica.name).field("sidecars", replica.sidecars);
    out.field("heard", !replica.unheard.has_value()).field("text", text_of(replica)).end_object();
  }
  out.end_array();
}

std::vector<ApiProblem> refusals_of(const WaitResult& result) {
  std::vector<ApiProblem> out;
  for (const WatchLaggard& laggard : result.behind) {
    if (!laggard.nack || laggard.refused_before) continue;
    for (const WatchNackError& error : laggard.nack->errors) {
      if (out.size() == kMaxNackErrors) return out;
      out.push_back({error.resource, error.path, str_cat(error.message, " (sidecar ", name_of(laggard.key), ")")});
    }
  }
  return out;
}

void write_behind(JsonWriter& out, const std::vector<WatchLaggard>& behind) {
  out.begin_array();
  for (const WatchLaggard& laggard : behind) {
    out.begin_object().field("node", laggard.key.node).field("instance", laggard.key.instance);
    out.field("identity", laggard.key.identity).key("runs");
    laggard.runs ? out.string(laggard.runs->text()) : out.null();
    out.field("why", why_of(laggard)).field("text", text_of(laggard));
    if (!laggard.replica.empty()) out.field("replica", laggard.replica);
    out.end_object();
  }
  out.end_array();
}
}  // namespace

void hide_words(WaitResult& result, const AccessGrants& grants) {
  for (WatchLaggard& laggard : result.behind) {
    if (laggard.nack) hide_words(*laggard.nack, grants);
  }
}

std::string text_of(const WatchLaggard& laggard) {
  if (laggard.state == NodeState::kRefused) return refusal_text(laggard);
  std::string runs = laggard.runs ? str_cat("runs ", laggard.runs->text()) : std::string("holds nothing yet");
  if (!laggard.unanswered) return runs;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*laggard.unanswered);
  return str_cat("has not answered for ", format_duration(seconds), ", ", runs);
}

std::string text_of(const WatchReplicaLag& replica) {
  std::string name = str_cat("control plane ", replica.name);
  if (!replica.unheard) return str_cat(name, " has ", replica.newest.text(), " only");
  std::string many = replica.sidecars == 0 ? "" : str_cat(std::to_string(replica.sidecars), " ");
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::max(*replica.unheard, Duration(0)));
  return str_cat("the ", many, "sidecars of ", name, " are not known: not heard for ", format_duration(seconds));
}

RpcResponse wait_answer(const WaitResult& result, Version newest) {
  std::string body;
  JsonWriter out(body);
  out.begin_object();
  if (result.end == WaitResult::End::kReached) {
    out.field("version", result.runs.text()).field("sidecars", result.sidecars).end_object();
    return RpcResponse::json(200, std::move(body));
  }
  bool is_refused = result.end == WaitResult::End::kRefused;
  const ReasonInfo& reason = info(is_refused ? Reason::kConfigInvalid : Reason::kTimeout);
  out.field("reason", reason.name).field("message", message_of(result, newest));
  out.field("end", std::string_view(is_refused ? "refused" : "timeout")).field("version", result.runs.text());
  write_behind(out.key("behind"), result.behind);
  if (!result.replicas.empty()) write_replicas(out.key("replicas"), result.replicas);
  write_problems(out.key("problems"), refusals_of(result));
  out.end_object();
  return RpcResponse::json(reason.status, std::move(body));
}
}  // namespace heddle
