// What docs/limits.md says of limits that are made of several constants, for limits_docs_test.cc.
#pragma once
#include <cmath>
#include <string>

#include "control/api/api_server.h"
#include "control/api/history_view.h"
#include "control/app/endpoint.h"
#include "control/app/kube_replica_set.h"
#include "control/plan/plan_diff.h"
#include "control/plan/plan_replay.h"
#include "control/plan/plan_routes.h"
#include "control/plan/plan_scope.h"
#include "control/replicas/replicas.h"
#include "control/store/sqlite_journal.h"
#include "control/store/store.h"
#include "control/watch/debounce.h"
#include "control/watch/first_batches.h"
#include "control/watch/rebalance.h"
#include "lib/api/request_fact.h"
#include "lib/base/line_diff.h"
#include "lib/base/strings.h"
#include "lib/rpc/http_server.h"
#include "proxy/telemetry/fact_ring.h"
#include "proxy/upstream/dns_schedule.h"

namespace heddle {
// 10,000
template <class Number>
std::string count(Number number) {
  std::string digits = std::to_string(static_cast<uint64_t>(number));
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}
template <class Number>
std::string size(Number number) {
  auto bytes = static_cast<uint64_t>(number);
  if (bytes % (1024 * 1024) == 0) return str_cat(count(bytes / 1024 / 1024), " MiB");
  return bytes % 1024 == 0 ? str_cat(count(bytes / 1024), " KiB") : str_cat(count(bytes), " bytes");
}
inline std::string in(Duration unit, Duration time) { return count(time / unit); }

inline std::string limits_of_waiting() {
  auto seconds = static_cast<size_t>(Store::kWaitForWinner / 1s);
  return str_cat(count(Store::kMaxWaiting), ", beyond it 503 `overload`; ", count(seconds),
                 " s for what another replica wrote");
}

inline std::string limits_of_bodies() { return str_cat(size(HttpServerLimits{}.bodies), ", beyond it 503 `overload`"); }

inline std::string limits_of_plan() {
  return str_cat("told: ", count(PlanDiff::kMaxResources), " resources, ", count(PlanDiff::kMaxFields),
                 " fields of each, ", count(PlanRoutes::kMaxRows), " routes, ", count(PlanScope::kMaxNames),
                 " sidecars, ", count(PlanReplay::kMaxGroups), " groups; ", count(PlanApi::kMaxFacts),
                 " requests replayed, of ", count(PlanApi::kMaxNamespaces), " namespaces; ",
                 count(PlanScope::kMaxRequests), " distinct scopes compared; ", count(PlanApi::kPlansAtOnce),
                 " plans at once, then ", count(PlanApi::kPlansPerSecond), "/s");
}

inline std::string limits_of_arrivals() {
  return str_cat(count(ControlEndpoint::kHandshakes.in_flight), " handshakes, ",
                 count(FirstBatches::Limits().work.at_once), " first batches under way, no fewer than ",
                 count(FirstBatches::Limits().work.least_rate), "/s of each; ", count(FirstBatches::Limits().waiting),
                 " wait; as many as the file limit and memory allow");
}

inline std::string limits_of_remembered() {
  return str_cat(count(kMaxFacts), ", one in ", count(kFactShare), "; a path of ", count(kMaxFactPath),
                 " bytes, a value of ", count(kMaxFactValue), ", ", count(FactSlot::kTextBytes), " bytes in all");
}

inline std::string limits_of_balance() {
  const Rebalance::Limits limits;
  return str_cat("begins when it exceeds the mean of all by ", count(std::lround(limits.begin * 100)), " % and ",
                 count(limits.least), " streams, ends within ", count(std::lround(limits.end * 100)), " %; every ",
                 in(1s, limits.every), " s it asks a ", count(std::lround(1 / limits.share)),
                 "th of the excess to leave, at most ", count(limits.most), "; not within ", in(1s, limits.settle),
                 " s of its start, of another set of replicas, of the stream's begin");
}

inline std::string limits_of_failed_lookups() {
  return str_cat("again after ", count(static_cast<size_t>(DnsSchedule::kRetry.first / 1s)),
                 " s, twice as long each time, at most ", count(static_cast<size_t>(DnsSchedule::kRetry.cap / 1s)),
                 " s");
}

inline std::string limits_of_peers() {
  return str_cat(count(PeerGroup::kMaxPeers), " others; ", count(PeerReader::kMaxRows), " sidecars of each, a line of ",
                 size(kMaxPeerLine), "; not heard after ", in(1s, kPeerSilence), " s without a line; ",
                 count(FactsFeed::kMaxQuestions), " questions for facts at once, answers of ", size(kMaxFactsAnswer),
                 "; ", count(RemoteScopes::kMaxRequests), " groups of different sidecars looked at for a condition");
}

inline std::string limits_of_leases() {
  const KubeMembersState::Options options;
  return str_cat(count(KubeMembersState::kMaxMembers), " of one mesh, a record of ", size(KubeMembersState::kMaxRecord),
                 "; renewed and looked at each ", in(1s, options.look), " s, gone after ", in(1s, options.lease),
                 " s (what a Lease says itself: at most ", in(1s, KubeMembersState::kMostDuration),
                 " s), removed after ", count(options.forgotten), " times that; ", in(1s, KubeReplicaSet::kResign),
                 " s to give one back");
}

inline std::string limits_of_debounce() {
  return str_cat("one push after ", in(1ms, Debounce::Limits().quiet), " ms of quiet (",
                 in(1ms, Debounce::Limits().urgent), " ms for endpoints alone), at the latest after ",
                 in(1s, Debounce::Limits().longest), " s");
}

inline std::string limits_of_history() {
  return str_cat(count(EventLog::Limits{}.events), ", and ", size(EventLog::Limits{}.bytes), " of what they replaced; ",
                 count(SqliteJournal::Options{}.history), " over a restart; ", count(HistoryQuery::kMaxLimit),
                 " in one list");
}

inline std::string limits_of_differences() {
  return str_cat(count(kMaxLineEdits), " lines removed or added; beyond, all old lines and then all new ones");
}
}  // namespace heddle
