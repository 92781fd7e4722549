// FactsFetcher: asks connected sidecars for what they remember of their requests (lib/api/request_fact.h), for
// `heddle plan`. Who may ask is for the caller to decide. One fetch after another, in the order they came, so that a
// sidecar answers one question at a time. At most kMostSidecars of those that fit are asked, chosen by a stable hash of
// their names, and all together for at most kMostFacts facts and kMostBytes of text: who sends more than he was asked
// for loses his stream. Owned by the WatchHub; control loop.
#pragma once
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "control/watch/subscriber.h"
#include "lib/base/operation.h"
#include "lib/base/unique_function.h"

namespace heddle {
struct FactsQuery {
  std::string ns{};  // of the sidecars' identities; empty: all
  Duration timeout = 5s;
  // A share of the limits of FactsFetcher; more than those is as much as those.
  size_t sidecars = SIZE_MAX;
  size_t each = SIZE_MAX;  // facts of a sidecar
  size_t bytes = SIZE_MAX;
};
// What is counted of a fact.
size_t fact_bytes(const RequestFact&);

struct FetchedFacts {
  NodeKey key;
  KeptFacts kept;
};

struct FactsResult {
  std::vector<FetchedFacts> sidecars;  // that answered, by key; also with nothing
  std::vector<NodeKey> silent;         // asked, and did not answer all in time, or left
  std::vector<NodeKey> without;        // keep nothing: older ones, and those with `facts: off`
  size_t connected = 0;                // that fit the query, those without included
  size_t asked = 0;
  bool is_busy = false;                // nobody was asked, since other fetches were under way all the time
  bool is_full = false;                // facts were dropped for their size
  size_t more_without = 0;             // beside `without`, counted only
  std::vector<std::string> unasked{};  // control planes whose sidecars did not answer, and why: sentences
  // For people: "2 of 5 sidecars did not answer: n1, n2"; empty: there is nothing to say.
  std::string note() const;
};

class FactsFetcher {
 public:
  static constexpr size_t kMostSidecars = 1000;
  static constexpr size_t kMostFacts = 20'000;
  static constexpr size_t kMostBytes = 64UL << 20;
  static constexpr size_t kMostWaiting = 8;  // fetches; one more is answered at once, with nobody asked
  using Done = UniqueFunction<void(FactsResult)>;

  FactsFetcher(Scheduler& scheduler, std::function<std::vector<Subscriber*>()> subscribers)
      : scheduler_(scheduler), subscribers_(std::move(subscribers)) {}
  ~FactsFetcher();
  FactsFetcher(const FactsFetcher&) = delete;
  FactsFetcher& operator=(const FactsFetcher&) = delete;

  // Answers once, never from inside. Destroying the token cancels.
  [[nodiscard]] Pending fetch(FactsQuery, Done);
  // A late answer is nothing. kBadRequest: the sidecar sends what nobody asked for.
  Result<void> on_facts(const Subscriber&, const WatchFacts&);
  void on_gone(const Subscriber&);

 private:
  class Fetch;
  void leave(Fetch&);
  Scheduler& scheduler_;
  std::function<std::vector<Subscriber*>()> subscribers_;
  std::list<Fetch*> fetches_;  // the first one is under way
  uint64_t next_id_ = 1;
};
}  // namespace heddle
