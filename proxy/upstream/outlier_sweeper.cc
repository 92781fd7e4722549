#include "proxy/upstream/outlier_sweeper.h"

#include <array>
#include <set>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {

struct OutlierSweeper::Set {
  // What was said of an endpoint.
  struct Told {
    uint64_t ejections = 0;
    bool is_out = false;
  };
  Set(Registry& registry, const ResourceKey& k) : key(k), name(str_cat(k.ns, "/", k.name)), metrics(registry, name) {}
  const ResourceKey key;
  const std::string name;
  OutlierMetrics metrics;
  std::shared_ptr<const HealthPolicySpec> policy;
  MonoTime next_judgement;
  std::weak_ptr<OutlierGroup> group;  // whose numbers were told
  std::array<uint64_t, kEjectionCauses> ejections{};
  uint64_t returns = 0;
  uint64_t refused = 0;
  std::map<EndpointKey, Told> told;  // endpoints that were ejected once

  const OutlierSpec& spec() const noexcept { return *policy->outlier; }
  void forget() {
    ejections = {};
    returns = refused = 0;
    told.clear();
  }
};

namespace {
bool is_judged(const std::shared_ptr<const BackendSetEntry>& entry) {
  return entry != nullptr && entry->health != nullptr && entry->health->outlier.has_value();
}
std::string_view identity_of(const OutlierEndpoint& endpoint) {
  const auto& identity = endpoint.key().identity;
  return identity ? std::string_view(identity->text()) : std::string_view();
}
}  // namespace

OutlierSweeper::OutlierSweeper(const OutlierSweeperInputs& inputs)
    : inputs_(inputs), timer_(inputs.scheduler.timer([this] { on_tick(); })) {}
OutlierSweeper::~OutlierSweeper() = default;

void OutlierSweeper::apply(const Snapshot& snapshot) {
  bool was_ticking = !sets_.empty();
  std::set<ResourceKey> wanted;
  for (const auto& entry : snapshot.backend_sets()) {
    if (!is_judged(entry)) continue;
    wanted.insert(entry->spec->key);
    auto& set = sets_[entry->spec->key];
    if (set == nullptr) set = std::make_unique<Set>(inputs_.metrics, entry->spec->key);
    if (std::exchange(set->policy, entry->health) == entry->health) continue;
    set->next_judgement = inputs_.scheduler.now() + set->spec().interval;
  }
  std::erase_if(sets_, [&](const auto& item) { return !wanted.contains(item.first); });
  if (sets_.empty()) return timer_->cancel();
  if (!was_ticking) timer_->arm(kTick);
}

void OutlierSweeper::on_tick() {
  for (auto& [key, set] : sets_) sweep(*set);
  timer_->arm(kTick);
}

void OutlierSweeper::sweep(Set& set) {
  auto group = inputs_.health.outliers().find(set.key);
  if (group == nullptr) return set.metrics.ejected.set(0);  // no request yet
  if (set.group.lock() != group) {
    set.forget();
    set.group = group;
  }
  if (inputs_.scheduler.now() >= set.next_judgement) judge(set, *group);
  announce(set, *group);
}

void OutlierSweeper::judge(Set& set, OutlierGroup& group) {
  MonoTime now = inputs_.scheduler.now();
  set.next_judgement = now + set.spec().interval;
  group.forgive();
  std::vector<std::shared_ptr<OutlierEndpoint>> endpoints = group.all();
  std::erase_if(endpoints, [](const auto& endpoint) { return !endpoint->is_in(); });
  std::vector<OutlierCounts> counts;
  counts.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) counts.push_back(endpoint->take());
  for (const OutlierVerdict& verdict : judge_outliers(set.spec(), counts)) {
    group.eject(*endpoints[verdict.index], verdict.why, set.spec(), now, inputs_.random.unit());
  }
}

void OutlierSweeper::announce(Set& set, OutlierGroup& group) {
  set.metrics.ejected.set(static_cast<int64_t>(group.ejected()));
  set.metrics.refused.add(group.refused() - std::exchange(set.refused, group.refused()));
  uint64_t returns = group.returns();
  bool changed = returns != std::exchange(set.returns, returns);
  for (size_t i = 0; i < kEjectionCauses; ++i) {
    auto cause = static_cast<EjectionCause>(i);
    uint64_t now = group.ejections(cause);
    uint64_t before = std::exchange(set.ejections[i], now);
    if (now == before) continue;
    set.metrics.ejections[to_text(cause)].add(now - before);
    changed = true;
  }
  if (!changed) return;
  for (const auto& endpoint : group.all()) announce_endpoint(set, *endpoint);
  std::erase_if(set.told, [&](const auto& item) { return group.find(item.first) == nullptr; });
}

// Once for each ejection; two of them within a tick cannot be: none is shorter than that.
void OutlierSweeper::announce_endpoint(Set& set, const OutlierEndpoint& endpoint) {
  if (endpoint.ejections() == 0) return;
  Set::Told& told = set.told[endpoint.key()];
  bool is_out = !endpoint.is_in();
  if (told.ejections != endpoint.ejections()) {
    Ejection why = endpoint.why();
    told = {endpoint.ejections(), true};
    inputs_.log.warn("endpoint is ejected", {{"backend_set", set.name},
                                             {"endpoint", endpoint.key().address},
                                             {"identity", identity_of(endpoint)},
                                             {"cause", to_text(why.cause)},
                                             {"detail", to_text(why)},
                                             {"for", endpoint.until() - inputs_.scheduler.now()},
                                             {"ejections", endpoint.ejections()}});
  }
  if (is_out == std::exchange(told.is_out, is_out) || is_out) return;
  inputs_.log.info(
      "endpoint is back",
      {{"backend_set", set.name}, {"endpoint", endpoint.key().address}, {"identity", identity_of(endpoint)}});
}
}  // namespace heddle
