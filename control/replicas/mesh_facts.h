// MeshFacts: what the sidecars of all control planes remember of their requests: asks our own and, at the same time,
// those other control planes to which some that fit the query are connected; one answer, within the limits of
// FactsFetcher over everything. Each gets a share of these as its sidecars are of all. A control plane that is not
// heard, refuses or does not answer in time is named. Who may ask is for the caller to decide. Knows no sockets;
// control loop. May be destroyed before its tokens are; then nothing is answered.
#pragma once
#include <memory>
#include <set>

#include "control/watch/facts_fetcher.h"

namespace heddle {
// What is asked of one of those who together have `all` sidecars, and itself `own` (at least 1).
FactsQuery facts_share(const FactsQuery&, size_t own, size_t all);
// Takes an answer of another control plane into the whole.
class FactsMerger {
 public:
  explicit FactsMerger(FactsResult own);
  void add(FactsResult theirs);
  void unasked(std::string sentence) { result_.unasked.push_back(std::move(sentence)); }
  FactsResult take();

 private:
  void keep(FetchedFacts);
  FactsResult result_;
  std::set<NodeKey> keys_;
  size_t facts_ = 0;
  size_t bytes_ = 0;
};

class MeshFacts {
 public:
  using Answer = UniqueFunction<void(Result<FactsResult>)>;
  struct Parts {
    Scheduler& scheduler;
    const NodeRegistry& registry;
    std::function<Pending(FactsQuery, FactsFetcher::Done)> own;  // WatchHub::fetch_facts()
    // Asks the control plane of that name; answers at most once, maybe inside, maybe never.
    std::function<void(const std::string& name, const FactsQuery&, Answer)> other;
  };
  explicit MeshFacts(Parts parts) : parts_(std::move(parts)) {}
  // Answers once, never from inside. Destroying the token cancels.
  [[nodiscard]] Pending fetch(FactsQuery, FactsFetcher::Done);

 private:
  class Fetch;
  Parts parts_;
};
}  // namespace heddle
