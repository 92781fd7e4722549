#include "control/watch/facts_fetcher.h"

#include <algorithm>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMostNames = 5;  // in a note

// FNV-1a: the same sidecars each time, so that two plans compare.
uint64_t stable_hash(const NodeKey& key) noexcept {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::string* part : {&key.identity, &key.node, &key.instance}) {
    for (char c : *part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

size_t bytes_of(const std::vector<KeptField>& fields) {
  size_t out = fields.size() * sizeof(KeptField);
  for (const KeptField& field : fields) out += field.name.size() + (field.value ? field.value->size() : 0);
  return out;
}

bool fits(const FactsQuery& query, const Subscriber& subscriber) {
  if (subscriber.is_closed() || !subscriber.is_greeted()) return false;
  if (query.ns.empty()) return true;
  auto workload = subscriber.peer().identity.workload();
  return workload && workload->name_space == query.ns;
}

void note_names(std::string& out, std::string_view what, const std::vector<NodeKey>& keys, size_t of, size_t more = 0) {
  if (keys.size() + more == 0) return;
  out.append(str_cat(out.empty() ? "" : "; ", std::to_string(keys.size() + more), " of ", std::to_string(of),
                     " sidecars ", what, ": "));
  for (size_t i = 0; i < keys.size() && i < kMostNames; ++i) out.append(i == 0 ? "" : ", ").append(keys[i].node);
  if (keys.size() + more > kMostNames) out.append(", ...");
}
}  // namespace

size_t fact_bytes(const RequestFact& fact) {
  size_t out = sizeof(fact) + fact.host.size() + fact.path.size() + fact.peer.size() + fact.route.size() +
               fact.backend_set.size() + fact.policy.size() + bytes_of(fact.headers) + bytes_of(fact.query);
  for (const KeptMatch& secret : fact.secrets) out += sizeof(secret) + secret.name.size() + secret.match.size();
  return out;
}

std::string FactsResult::note() const {
  std::string out = is_busy ? "no sidecar was asked: others are asking" : "";
  note_names(out, "did not answer", silent, asked);
  note_names(out, "remember nothing", without, connected, more_without);
  size_t could = connected - without.size() - more_without;
  if (asked < could) {
    out.append(
        str_cat(out.empty() ? "" : "; ", std::to_string(asked), " of ", std::to_string(could), " sidecars were asked"));
  }
  if (is_full) out.append(out.empty() ? "" : "; ").append("some facts were dropped: there were more than 64 MiB");
  for (const std::string& sentence : unasked) out.append(out.empty() ? "" : "; ").append(sentence);
  return out;
}

// A fetch. Owned by its caller; the fetcher knows it until it answered or was destroyed.
class FactsFetcher::Fetch final : public Operation {
 public:
  Fetch(FactsFetcher& fetcher, FactsQuery query, Done done)
      : fetcher_(&fetcher), query_(std::move(query)), done_(std::move(done)), id_(fetcher.next_id_++) {
    timer_ = fetcher.scheduler_.timer([this] { on_timer(); });
    ends_ = fetcher.scheduler_.now() + query_.timeout;
  }
  ~Fetch() override { leave(); }

  // Asks; the answer comes by the timer even when there is nobody.
  void start() {
    std::vector<Subscriber*> chosen = choose();
    result_.asked = chosen.size();
    size_t share = std::min(kMostFacts / std::max<size_t>(chosen.size(), 1), query_.each);
    most_ = static_cast<uint32_t>(std::clamp<size_t>(share, 1, kMaxFacts));
    for (Subscriber* subscriber : chosen) waiting_.emplace(subscriber->id(), FetchedFacts{subscriber->key(), {}});
    started_ = true;
    arm();
    for (Subscriber* subscriber : chosen) subscriber->ask_facts({id_, most_});
  }
  void arm() {
    Duration left = ends_ - fetcher_->scheduler_.now();
    timer_->arm(is_over() ? Duration(0) : std::max(left, Duration(0)));
  }
  void give_up() {
    ends_ = fetcher_->scheduler_.now();
    arm();
  }

  Result<void> on_facts(const Subscriber& from, const WatchFacts& facts) {
    auto at = waiting_.find(from.id());
    if (facts.id != id_ || at == waiting_.end()) return {};
    KeptFacts& kept = at->second.kept;
    if (kept.facts.size() + facts.facts.size() > most_) {
      return make_error(Reason::kBadRequest, "sends more facts than it was asked for", Origin::kDownstream);
    }
    for (const RequestFact& fact : facts.facts) keep(fact, kept);
    kept.seen += facts.seen;
    if (!facts.last) return {};
    result_.sidecars.push_back(std::move(at->second));
    waiting_.erase(at);
    if (is_over()) arm();
    return {};
  }
  void on_gone(const Subscriber& who) {
    auto at = waiting_.find(who.id());
    if (at == waiting_.end()) return;
    result_.silent.push_back(at->second.key);
    waiting_.erase(at);
    if (is_over()) arm();
  }
  void forget_fetcher() { fetcher_ = nullptr; }

 private:
  bool is_over() const { return started_ && waiting_.empty(); }
  std::vector<Subscriber*> choose() {
    std::vector<Subscriber*> out;
    for (Subscriber* subscriber : fetcher_->subscribers_()) {
      if (!fits(query_, *subscriber)) continue;
      ++result_.connected;
      if (subscriber->takes_facts()) {
        out.push_back(subscriber);
      } else {
        result_.without.push_back(subscriber->key());
      }
    }
    size_t most = std::min(kMostSidecars, query_.sidecars);
    if (out.size() <= most) return out;
    auto by_hash = [](const Subscriber* a, const Subscriber* b) {
      return stable_hash(a->key()) < stable_hash(b->key());
    };
    std::nth_element(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(most), out.end(), by_hash);
    out.resize(most);
    return out;
  }
  void keep(const RequestFact& fact, KeptFacts& kept) {
    size_t bytes = fact_bytes(fact);
    if (bytes_ + bytes > std::min(kMostBytes, query_.bytes)) {
      result_.is_full = true;
      return;
    }
    bytes_ += bytes;
    kept.facts.push_back(fact);
  }
  void on_timer() {
    if (fetcher_ == nullptr) return;
    if (!is_over() && fetcher_->scheduler_.now() < ends_) return arm();
    result_.is_busy = !started_;
    for (auto& [id, one] : waiting_) result_.silent.push_back(std::move(one.key));
    auto by_key = [](const FetchedFacts& a, const FetchedFacts& b) { return a.key < b.key; };
    std::sort(result_.sidecars.begin(), result_.sidecars.end(), by_key);
    std::sort(result_.silent.begin(), result_.silent.end());
    std::sort(result_.without.begin(), result_.without.end());
    leave();
    auto done = std::move(done_);
    done(std::move(result_));  // may destroy this
  }
  void leave() {
    timer_->cancel();
    if (FactsFetcher* fetcher = std::exchange(fetcher_, nullptr)) fetcher->leave(*this);
  }

  FactsFetcher* fetcher_;
  FactsQuery query_;
  Done done_;
  const uint64_t id_;
  uint32_t most_ = 1;  // of each
  MonoTime ends_;
  bool started_ = false;
  std::map<uint64_t, FetchedFacts> waiting_;  // by subscriber
  size_t bytes_ = 0;
  FactsResult result_;
  std::unique_ptr<Timer> timer_;
};

FactsFetcher::~FactsFetcher() {
  for (Fetch* fetch : fetches_) fetch->forget_fetcher();
}

Pending FactsFetcher::fetch(FactsQuery query, Done done) {
  auto made = std::make_unique<Fetch>(*this, std::move(query), std::move(done));
  bool is_full = fetches_.size() > kMostWaiting;
  fetches_.push_back(made.get());
  if (fetches_.size() == 1) {
    made->start();
  } else if (is_full) {
    made->give_up();
  } else {
    made->arm();
  }
  return made;
}

Result<void> FactsFetcher::on_facts(const Subscriber& from, const WatchFacts& facts) {
  return fetches_.empty() ? Result<void>() : fetches_.front()->on_facts(from, facts);
}

void FactsFetcher::on_gone(const Subscriber& who) {
  if (!fetches_.empty()) fetches_.front()->on_gone(who);
}

// The next one begins when the first is over, however it ended.
void FactsFetcher::leave(Fetch& fetch) {
  bool was_first = !fetches_.empty() && fetches_.front() == &fetch;
  fetches_.remove(&fetch);
  if (was_first && !fetches_.empty()) fetches_.front()->start();
}
}  // namespace heddle
