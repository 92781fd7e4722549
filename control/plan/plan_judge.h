// PlanJudge: what one configuration would do with a request that a sidecar remembers: decide(), the route's filters,
// authorization and rate limits, the code of traffic, with the request's own draw. What it needs of the request and
// nobody kept is named, unless the answer is the same either way. Not judged: health and load, sessions that a token
// carries (named as not known where they matter), what a changed filter makes of the request for its receiver.
// The snapshot is one whose secrets were replaced (secret_names.h). One thread; what it answers is values.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "certs/spiffe_id.h"
#include "control/plan/kept_request.h"
#include "lib/decision/decide.h"
#include "lib/policy/rate_limit.h"

namespace heddle {
struct PlanAnswer {
  Reason reason = Reason::kNone;       // of an answer of the sidecar's own; kNone: sent on
  uint16_t status = 0;                 // of that
  std::string service{};               // outbound: "default/hello"; empty: unknown
  std::string backend_set{};           // key text
  std::string route{};                 // "HTTPRoute/default/hello#2"; empty: none
  std::string sent_as{};               // "host/path" where a filter changed it; of a redirect where to
  std::string policy{};                // that judged: "AuthorizationPolicy/default/web#1", "#default"; empty: none
  std::vector<std::string> limits{};   // that count it: "RateLimitPolicy/default/hello per-user"
  std::vector<std::string> unknown{};  // what was not kept and decides: "header x-user"; then the rest is a guess
  bool is_known() const noexcept { return unknown.empty(); }
};

// What protects and limits one workload.
struct PlanPolicies {
  std::shared_ptr<const AuthzSet> authz;  // nullptr: nothing
  std::vector<SelectedRateLimit> limits;
  bool operator==(const PlanPolicies&) const;
};

class PlanJudge {
 public:
  explicit PlanJudge(std::shared_ptr<const Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}

  ServiceRef find_service(const RequestFact&) const;
  PlanAnswer outbound(const RequestFact&, const KeptRequest&) const;

  // By the identity of the workload; empty: of any in `ns` that no policy selects by name.
  const PlanPolicies& policies_of(const std::string& receiver, const std::string& ns);
  // `receiver` may be empty, as above; its trust domain, else `own`, is that of callers who are not foreign.
  PlanAnswer inbound(const RequestFact&, const KeptRequest&, const PlanPolicies&, std::string_view own) const;
  // Of whom a fact without one may be: the workloads that serve the host; none: nobody knows.
  std::vector<std::string> receivers_of(const RequestFact&) const;
  const Snapshot& snapshot() const noexcept { return *snapshot_; }

 private:
  bool may_see(const ServiceSpec&, const RequestFact&) const;
  std::shared_ptr<const Snapshot> snapshot_;
  std::map<std::pair<std::string, std::string>, PlanPolicies> policies_;
};

// Apart, so that each file is about one thing: unknown_fields.cc.
// The names of the candidate's conditions that decide and are not known.
std::vector<std::string> unknown_conditions(const MatchConditions&, const KeptRequest&);
// Whether authorization comes out one way, whatever the unknown fields had; else their names.
std::vector<std::string> unknown_authorization(const AuthzSet&, const AuthzFacts&, const KeptRequest&);
std::vector<std::string> unknown_limit(const RateLimit&, const KeptRequest&);
std::vector<std::string> unknown_filters(const RouteFilters&, const KeptRequest&);
}  // namespace heddle
