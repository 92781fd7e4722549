// DnsSets: the backend sets of the snapshot whose endpoints are found in DNS, resolved: at most kMaxDnsSets, as
// validation admits. Publishes what was found to the workers and to the health checks, which put it in place of the
// endpoints of the specification (with_endpoints). Made once per process, on the main loop. A set changes only when
// every question it depends on was answered or failed once: a new name, or a target that was added, never empties it
// for a moment. Answers of one turn are one change.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "lib/event/latest.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/upstream/dns_endpoints.h"
#include "proxy/upstream/dns_questions.h"

namespace heddle {
// By backend set; one that is missing has not been looked up yet. Immutable.
struct ResolvedSets {
  std::map<ResourceKey, std::shared_ptr<const ResolvedEndpoints>> sets;
  std::shared_ptr<const ResolvedEndpoints> share(const ResourceKey& key) const noexcept {
    auto found = sets.find(key);
    return found == sets.end() ? nullptr : found->second;
  }
  const ResolvedEndpoints* find(const ResourceKey& key) const noexcept { return share(key).get(); }
};

// One question of a set, for people.
struct DnsQuestionStatus {
  std::string name;
  std::string_view type;         // "A"
  std::string_view result;       // "found"; of the last answer that was no failure; empty before it
  std::optional<Duration> age;   // of that one
  Duration ttl{};                // that it said
  std::optional<Duration> next;  // nullopt: on its way
  uint32_t failures = 0;         // since then
  std::string why;               // of the last of them
};
struct DnsSetStatus {
  std::string name;
  std::string_view type;  // "address"
  std::vector<DnsQuestionStatus> questions;
  size_t endpoints = 0;
  size_t left_out = 0;  // beyond the limits
  size_t unusable = 0;  // records no client can use
};

class DnsSets {
 public:
  explicit DnsSets(const DnsInputs&);
  DnsSets(const DnsSets&) = delete;
  DnsSets& operator=(const DnsSets&) = delete;
  ~DnsSets();
  void apply(const Snapshot&);
  // What workers follow; current() is nullptr until a set was resolved.
  Latest<ResolvedSets>& resolved() noexcept { return resolved_; }
  // Every set was looked up once, well or badly.
  bool is_settled() const;
  std::optional<DnsSetStatus> status(const ResourceKey&) const;
  size_t questions() const noexcept { return questions_.size(); }

 private:
  class Set;
  void look();
  void publish();
  Scheduler& scheduler_;
  Registry& metrics_;
  DnsQuestions questions_;
  Latest<ResolvedSets> resolved_;
  std::unique_ptr<Timer> look_;  // armed for "now" when an answer came
  std::map<ResourceKey, std::unique_ptr<Set>> sets_;
};
}  // namespace heddle
