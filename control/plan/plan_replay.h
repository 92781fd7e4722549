// PlanReplay: the requests that sidecars remember, judged by the configuration in force and by the proposed one, and
// what differs, in groups. A request counts only where the configuration in force judges it as its sidecar recorded it:
// what does not agree is counted apart, as stale (decided under another version) or as otherwise (health, sessions and
// what else is no configuration). Nothing is guessed: where an answer needs what was not kept, the request is not
// decidable, counted, and the name told. Pure.
// Limits: 100 groups, 3 examples of each, 50 names; all are counted.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "control/plan/plan_judge.h"

namespace heddle {
// What one sidecar remembers.
struct SidecarFacts {
  std::string node{};
  std::string identity{};          // of its workload; empty: not told, inferred where that is unambiguous
  std::optional<uint64_t> seen{};  // how many requests the facts stand for; nothing: not told
  std::vector<RequestFact> facts{};
};

struct PlanExample {
  std::string method;  // empty of a connection
  std::string host;
  std::string path;
  std::string peer;
  std::string sent_as{};  // of kForward; of a redirect where to
  bool operator==(const PlanExample&) const = default;
};

enum class PlanEffect : uint8_t {
  kBackend,    // goes to another backend set
  kRefused,    // is answered by the sidecar instead of being sent on
  kServed,     // the reverse
  kAnswer,     // is answered with something else
  kForward,    // goes to the same set with another host or path
  kDenied,     // by authorization, where it is received
  kAllowed,    // the reverse
  kLimited,    // is counted by a rate limit
  kUnlimited,  // the reverse
};
std::string_view to_text(PlanEffect) noexcept;  // "backend"

struct PlanGroup {
  PlanEffect effect = PlanEffect::kBackend;
  bool is_connections = false;  // opaque ones
  std::string subject;          // the service, or whose sidecar receives: "default/hello", "spiffe://..."
  std::string peer{};           // of kDenied and kAllowed: who calls; empty: nobody who proved it
  std::string before{};         // "BackendSet default/hello", "404 route-not-found"
  std::string after{};
  size_t count = 0;
  size_t of = 0;  // kept requests to the subject
  std::vector<PlanExample> examples{};
  std::string text() const;  // "312 of 3,000 requests to default/hello would go to BackendSet default/hello-v2 ..."
};

struct PlanUnknown {
  std::string what;  // "header x-user"
  size_t count = 0;
};

struct PlanReplay {
  static constexpr size_t kMaxGroups = 100;
  static constexpr size_t kMaxExamples = 3;
  static constexpr size_t kMaxUnknown = 50;
  size_t sidecars = 0;
  size_t requests = 0;           // kept
  std::optional<uint64_t> seen;  // of which they are a sample; nothing when a sidecar does not tell
  size_t same = 0;
  size_t changed = 0;  // at least in one way
  size_t undecidable = 0;
  size_t stale = 0;
  size_t otherwise = 0;
  size_t group_count = 0;
  std::vector<PlanGroup> groups;     // the largest first
  std::vector<PlanUnknown> unknown;  // the most frequent first
};

class PlanReplayer {
 public:
  struct Sides {
    std::shared_ptr<const Snapshot> before;  // both by one ParsedSnapshots, secrets replaced (secret_names.h)
    std::shared_ptr<const Snapshot> after;
    Version current;         // of the configuration in force
    std::string own_domain;  // our trust domain
  };
  explicit PlanReplayer(const Sides& sides)
      : before_(sides.before), after_(sides.after), current_(sides.current), own_(sides.own_domain) {}
  void add(const SidecarFacts&);
  PlanReplay take();

 private:
  using GroupKey = std::tuple<PlanEffect, bool, std::string, std::string, std::string, std::string>;
  void outbound(const RequestFact&, const KeptRequest&);
  void inbound(const RequestFact&, const KeptRequest&, const std::string& receiver);
  void inbound_at(const RequestFact&, const KeptRequest&, const std::string& receiver);
  bool is_usable(const RequestFact&, const PlanAnswer&);
  void compare_outbound(const RequestFact&, const std::string& subject, const PlanAnswer&, const PlanAnswer&);
  void compare_inbound(const RequestFact&, const std::string& subject, const PlanAnswer&, const PlanAnswer&);
  void note_unknown(const std::vector<std::string>& names);
  void note(PlanGroup group, const RequestFact&, std::string sent_as = {});

  BlockPool pool_;
  PlanJudge before_;
  PlanJudge after_;
  Version current_;
  std::string own_;
  PlanReplay out_;
  bool tells_seen_ = true;
  std::map<GroupKey, PlanGroup> groups_;
  std::map<std::string, size_t> totals_;  // by direction and subject
  std::map<std::string, size_t> unknown_;
};
}  // namespace heddle
