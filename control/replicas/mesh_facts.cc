#include "control/replicas/mesh_facts.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
bool fits(const NodeStatus& row, const std::string& ns) {
  if (!row.is_connected) return false;
  if (ns.empty()) return true;
  std::optional<SpiffeId> parsed;
  if (row.request == nullptr) {
    Result<SpiffeId> identity = SpiffeId::parse(row.key.identity);
    if (!identity) return false;
    parsed = *std::move(identity);
  }
  auto workload = (parsed ? *parsed : row.request->identity).workload();
  return workload && workload->name_space == ns;
}

struct Sidecars {
  size_t all = 0;
  size_t own = 0;
  std::map<std::string, size_t> of;  // other control planes
};

Sidecars sidecars_in(const NodeRegistry& registry, const std::string& ns) {
  Sidecars out;
  registry.for_each([&](const NodeStatus& row) {
    if (!fits(row, ns)) return;
    ++out.all;
    ++(row.replica.empty() ? out.own : out.of[row.replica]);
  });
  return out;
}

std::string sentence_of(const std::string& name, std::string_view what, size_t sidecars) {
  return str_cat("control plane ", name, " ", what, "; its ", std::to_string(sidecars), " sidecars were not asked");
}
}  // namespace

FactsQuery facts_share(const FactsQuery& query, size_t own, size_t all) {
  all = std::max<size_t>(all, 1);
  own = std::clamp<size_t>(own, 1, all);
  size_t asked = std::min(all, FactsFetcher::kMostSidecars);
  FactsQuery out = query;
  out.sidecars = std::max<size_t>(1, asked * own / all);
  out.each = std::clamp<size_t>(FactsFetcher::kMostFacts / asked, 1, kMaxFacts);
  out.bytes = FactsFetcher::kMostBytes / all * own;
  return out;
}

FactsMerger::FactsMerger(FactsResult own) {
  std::vector<FetchedFacts> sidecars = std::move(own.sidecars);
  own.sidecars.clear();
  result_ = std::move(own);
  for (FetchedFacts& one : sidecars) keep(std::move(one));
}

// One that moved while it was asked may have answered twice.
void FactsMerger::keep(FetchedFacts one) {
  if (result_.sidecars.size() >= FactsFetcher::kMostSidecars || !keys_.insert(one.key).second) return;
  std::vector<RequestFact> facts = std::move(one.kept.facts);
  one.kept.facts.clear();
  for (RequestFact& fact : facts) {
    size_t bytes = fact_bytes(fact);
    if (facts_ >= FactsFetcher::kMostFacts) break;
    if (bytes_ + bytes > FactsFetcher::kMostBytes) {
      result_.is_full = true;
      break;
    }
    ++facts_;
    bytes_ += bytes;
    one.kept.facts.push_back(std::move(fact));
  }
  result_.sidecars.push_back(std::move(one));
}

void FactsMerger::add(FactsResult theirs) {
  for (FetchedFacts& one : theirs.sidecars) keep(std::move(one));
  result_.silent.insert(result_.silent.end(), theirs.silent.begin(), theirs.silent.end());
  result_.without.insert(result_.without.end(), theirs.without.begin(), theirs.without.end());
  result_.more_without += theirs.more_without;
  result_.connected += theirs.connected;
  result_.asked += theirs.asked;
  result_.is_full = result_.is_full || theirs.is_full;
}

FactsResult FactsMerger::take() {
  auto by_key = [](const FetchedFacts& a, const FetchedFacts& b) { return a.key < b.key; };
  std::sort(result_.sidecars.begin(), result_.sidecars.end(), by_key);
  std::sort(result_.silent.begin(), result_.silent.end());
  std::sort(result_.without.begin(), result_.without.end());
  return std::move(result_);
}

// The answers of others may come when this is gone: they hold `alive_` weakly.
class MeshFacts::Fetch final : public Operation {
 public:
  Fetch(const Parts& parts, FactsQuery query, FactsFetcher::Done done)
      : done_(std::move(done)), query_(std::move(query)), timer_(parts.scheduler.timer([this] { finish(); })) {}

  void start(const Parts& parts) {
    Sidecars sidecars = sidecars_in(parts.registry, query_.ns);
    std::set<std::string> unheard;
    for (const ReplicaSight& replica : parts.registry.replicas()) {
      if (!replica.is_heard) unheard.insert(replica.name);
    }
    timer_->arm(query_.timeout + kGrace);
    own_ = parts.own(facts_share(query_, sidecars.own, sidecars.all), [this](FactsResult result) {
      own_result_ = std::move(result);
      check();
    });
    for (const auto& [name, count] : sidecars.of) {
      if (unheard.contains(name)) {
        sentences_.push_back(sentence_of(name, "is not heard", count));
      } else {
        waiting_.emplace(name, count);
      }
    }
    FactsQuery theirs = query_;
    theirs.timeout = query_.timeout * 5 / 6;  // so that those who answered are in time
    for (const auto& [name, count] : std::map<std::string, size_t>(waiting_)) {
      parts.other(name, facts_share(theirs, count, sidecars.all),
                  [this, alive = std::weak_ptr<int>(alive_), who = name](Result<FactsResult> answer) {
                    if (!alive.expired()) take(who, std::move(answer));
                  });
    }
  }

 private:
  static constexpr Duration kGrace = 1ms;  // our own sidecars' answer comes at the timeout
  void take(const std::string& name, Result<FactsResult> answer) {
    auto at = waiting_.find(name);
    if (at == waiting_.end()) return;
    if (!answer) {
      sentences_.push_back(sentence_of(name, str_cat("did not answer: ", answer.error().detail), at->second));
    } else if (answer->is_busy) {
      sentences_.push_back(sentence_of(name, "is asked by others", at->second));
    } else {
      others_.push_back(*std::move(answer));
    }
    waiting_.erase(at);
    check();
  }
  void check() {
    if (own_result_ && waiting_.empty()) timer_->arm(Duration(0));  // never inside
  }
  void finish() {
    FactsResult own = own_result_ ? *std::move(own_result_) : FactsResult{};
    if (!others_.empty() && std::exchange(own.is_busy, false)) {
      sentences_.emplace_back("of this control plane no sidecar was asked: others are asking");
    }
    FactsMerger merger(std::move(own));
    for (FactsResult& theirs : others_) merger.add(std::move(theirs));
    for (const auto& [name, count] : waiting_) {
      sentences_.push_back(sentence_of(name, "did not answer", count));
    }
    for (std::string& sentence : sentences_) merger.unasked(std::move(sentence));
    alive_.reset();
    own_.reset();
    auto done = std::move(done_);
    done(merger.take());  // may destroy this
  }
  FactsFetcher::Done done_;
  FactsQuery query_;
  std::map<std::string, size_t> waiting_;  // sidecars of those who were asked
  std::vector<std::string> sentences_;
  std::vector<FactsResult> others_;
  std::optional<FactsResult> own_result_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  Pending own_;
  std::unique_ptr<Timer> timer_;
};

Pending MeshFacts::fetch(FactsQuery query, FactsFetcher::Done done) {
  auto made = std::make_unique<Fetch>(parts_, std::move(query), std::move(done));
  made->start(parts_);
  return made;
}
}  // namespace heddle
