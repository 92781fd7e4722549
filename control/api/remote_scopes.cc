#include "control/api/remote_scopes.h"

#include <map>
#include <set>
#include <tuple>

namespace heddle {
namespace {
bool is_remote(const NodeStatus& row) { return row.is_connected && !row.replica.empty() && row.request != nullptr; }
}  // namespace

std::vector<PlanNode> plan_nodes(const WatchHub& hub, const NodeRegistry& registry) {
  std::vector<PlanNode> out;
  hub.for_each_subscriber([&](const Subscriber& subscriber) {
    const NodeStatus* listed = registry.find(subscriber.key());
    if (listed != nullptr && !listed->replica.empty()) return;  // it moved, and its old stream has not ended yet
    out.push_back({subscriber.key(), subscriber.request(), subscriber.state() == NodeState::kRefused});
  });
  if (!registry.has_replicas()) return out;
  registry.for_each([&out](const NodeStatus& row) {
    if (is_remote(row)) out.push_back({row.key, *row.request, row.state == NodeState::kRefused});
  });
  return out;
}

// Who is in the cohort of a rollout holds what is staged, whatever the number. So old that nobody knows what it was is
// as good as nothing.
HolderGroup RemoteScopes::group_of(const NodeStatus& row, ScopeCache& staged) {
  HolderGroup out;
  out.is_refused = row.state == NodeState::kRefused;
  out.example = row.key;
  bool is_staged = staged_.staged() != nullptr && staged_.has(row.key);
  if (is_staged) staged.advance(*staged_.staged());
  out.target = (is_staged ? staged : scopes_).current(*row.request).set;
  if (!row.runs) return out;
  if (*row.runs >= store_.version()) {
    out.held = out.target;
  } else if (std::optional<View> then = store_.view_at(*row.runs)) {
    out.held = scopes_.at(*then, *row.request).set;
  }
  return out;
}

RemoteScopes::Look RemoteScopes::look() {
  Look out;
  if (!registry_.has_replicas()) return out;
  std::set<std::string> heard;
  for (const ReplicaSight& replica : registry_.replicas()) {
    if (replica.is_heard) heard.insert(replica.name);
  }
  scopes_.advance(store_.view());
  ScopeCache staged;
  // By what it asks for, what it runs, whether it refuses and gets what is staged.
  std::map<std::tuple<std::string_view, Version, bool, bool>, size_t> known;
  registry_.for_each([&](const NodeStatus& row) {
    if (!is_remote(row) || !heard.contains(row.replica)) return;
    Version runs = row.runs.value_or(Version{});
    bool is_staged = staged_.staged() != nullptr && staged_.has(row.key);
    auto at = known.find({row.request->text, runs, row.state == NodeState::kRefused, is_staged});
    if (at == known.end() && known.size() >= kMaxRequests) return out.rest.push_back(runs);
    if (at == known.end()) {
      at =
          known.try_emplace({row.request->text, runs, row.state == NodeState::kRefused, is_staged}, known.size()).first;
      out.groups.push_back(group_of(row, staged));
    }
    ++out.groups[at->second].sidecars;
  });
  return out;
}
}  // namespace heddle
