// PlanScope: which sidecars a change concerns: those whose scope has another hash after it. What is asked is what the
// watch asks (control/translate), so "not affected" is a promise: nothing is sent to them. Equal requests are judged
// once. Pure. Limits: 100 names are told, all are counted; 2,000 distinct requests are
// compared, since each costs two scopes on the control loop.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "control/registry/node_registry.h"
#include "control/translate/scope_cache.h"

namespace heddle {
// A connected sidecar, and what it holds.
struct PlanNode {
  NodeKey key;
  NodeRequest request;
  bool is_refusing = false;  // it refused what it was sent last and keeps what it had
  bool is_named = true;      // else it is counted only
};

struct PlanScope {
  static constexpr size_t kMaxNames = 100;
  static constexpr size_t kMaxRequests = 2000;
  size_t sidecars = 0;  // connected
  size_t affected = 0;
  size_t not_compared = 0;  // beyond kMaxRequests: they may be affected or not
  std::vector<std::string>
      names;                  // of those that are affected: "hello-0 (spiffe://...)", sorted; those with a name only
  size_t refusing_count = 0;  // of them
  std::vector<std::string> refusing;  // affected, but they obey an older version, since they refused the newest
  std::set<std::string> namespaces;   // of the identities of those that are affected
};
PlanScope plan_scope(const View& before, const View& after, const std::vector<PlanNode>&);
}  // namespace heddle
