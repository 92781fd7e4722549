#include "control/watch/watch_hub.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "lib/base/strings.h"

namespace heddle {
// A waiting call. Owned by its caller; the hub knows it until it answered or was destroyed.
class WatchHub::Waiter final : public Operation {
 public:
  Waiter(WatchHub& hub, Version version, Duration timeout, UniqueFunction<void(WaitResult)> done)
      : hub_(&hub), version_(version), done_(std::move(done)), ends_(hub.scheduler_.now() + timeout) {
    timer_ = hub.scheduler_.timer([this] { on_timer(); });
    timer_->arm(hub.is_over(version) ? Duration(0) : timeout);
    hub.waiters_.push_back(this);
  }
  ~Waiter() override { leave(); }
  bool is_over() const { return hub_->is_over(version_); }
  void answer() {
    WaitResult result = hub_->wait_result(version_);
    leave();
    auto done = std::move(done_);
    done(std::move(result));  // may destroy this
  }
  void forget_hub() { hub_ = nullptr; }

 private:
  void on_timer() {
    if (hub_ == nullptr) return;
    Duration left = ends_ - hub_->scheduler_.now();
    if (is_over() || left <= Duration(0)) return answer();
    timer_->arm(left);
  }
  void leave() {
    timer_->cancel();
    if (hub_ != nullptr) hub_->waiters_.remove(this);
    hub_ = nullptr;
  }
  WatchHub* hub_;
  Version version_;
  UniqueFunction<void(WaitResult)> done_;
  MonoTime ends_;
  std::unique_ptr<Timer> timer_;
};

WatchHub::WatchHub(Store& store, NodeRegistry& registry, Scheduler& scheduler, Random& random, Options options)
    : store_(store),
      registry_(registry),
      scheduler_(scheduler),
      random_(random),
      options_(options),
      admission_(options.streams_rate, options.streams_burst, scheduler.now()),
      facts_(scheduler, [this] {
        std::vector<Subscriber*> out;
        for (auto& [id, subscriber] : subscribers_) out.push_back(subscriber.get());
        return out;
      }) {
  pump_timer_ = scheduler.timer([this] {
    pump_at_.reset();
    pump_all();
  });
  heartbeat_timer_ = scheduler.timer([this] { on_heartbeat(); });
  heartbeat_timer_->arm(options_.heartbeat);
  commits_ = store.on_commit([this](Version) { schedule(options_.coalesce); });
}

WatchHub::~WatchHub() {
  for (Waiter* waiter : waiters_) waiter->forget_hub();
}

void WatchHub::set_synced() {
  synced_ = true;
  for (auto& [id, hello] : early_) subscribers_.at(id)->set_held(find_held(*subscribers_.at(id), hello));
  early_.clear();
  pump_all();
}

void WatchHub::drain() {
  draining_ = true;
  for (auto& [id, subscriber] : subscribers_) subscriber->drain();
}

void WatchHub::announce(const WatchTrust& trust) {
  trust_ = std::make_shared<const std::string>(encode(ControlMessage(trust)));
  for (auto& [id, subscriber] : subscribers_) subscriber->announce_trust(trust_);
}

Subscriber* WatchHub::add(SubscriberSink& sink, WatchPeer peer) {
  if (!admission_.take(scheduler_.now())) {
    Duration spread(static_cast<int64_t>(random_.below(static_cast<uint64_t>(4 * options_.retry_after.count()))));
    sink.send_line(encode(ControlMessage(WatchRetryAfter{options_.retry_after + spread})));
    sink.close(make_error(Reason::kRateLimited, "too many sidecars connect at once"));
    return nullptr;
  }
  uint64_t id = next_id_++;
  auto& slot = subscribers_[id];
  slot = std::make_unique<Subscriber>(id, sink, std::move(peer));
  if (draining_) slot->drain();
  return slot.get();
}

void WatchHub::remove(Subscriber& subscriber) {
  if (subscriber.is_greeted()) registry_.on_gone(subscriber.id(), subscriber.key(), scheduler_.wall());
  facts_.on_gone(subscriber);
  early_.erase(subscriber.id());
  subscribers_.erase(subscriber.id());
  check_waiters();
}

void WatchHub::on_message(Subscriber& subscriber, const SidecarMessage& message) {
  if (subscriber.is_closed()) return;
  Result<void> handled = dispatch(subscriber, message);
  if (!handled) {
    subscriber.close(handled.error());
    return;
  }
  if (std::holds_alternative<WatchReport>(message)) return;  // every 5 s of everybody, and it moves nothing
  pump(subscriber);
  check_waiters();
}

Result<void> WatchHub::dispatch(Subscriber& subscriber, const SidecarMessage& message) {
  if (const auto* hello = std::get_if<WatchHello>(&message)) {
    HEDDLE_CHECK_OK(subscriber.on_hello(*hello, scheduler_.now()));
    on_hello(subscriber, *hello);
    return {};
  }
  if (!subscriber.is_greeted()) {
    return make_error(Reason::kBadRequest, "the first message must be hello", Origin::kDownstream);
  }
  if (const auto* want = std::get_if<WatchWant>(&message)) return subscriber.on_want(*want);
  if (const auto* ack = std::get_if<WatchAck>(&message)) return subscriber.on_ack(*ack);
  if (const auto* nack = std::get_if<WatchNack>(&message)) {
    HEDDLE_CHECK_OK(subscriber.on_nack(*nack, scheduler_.now()));
    registry_.on_nack(subscriber.id(), subscriber.key(), *nack, scheduler_.wall());
  }
  if (const auto* report = std::get_if<WatchReport>(&message)) {
    registry_.on_report(subscriber.id(), subscriber.key(), *report, scheduler_.wall());
  }
  if (const auto* trust = std::get_if<WatchTrustInUse>(&message)) {
    registry_.on_trust(subscriber.id(), subscriber.key(), *trust, scheduler_.wall());
  }
  if (const auto* facts = std::get_if<WatchFacts>(&message)) return facts_.on_facts(subscriber, *facts);
  return {};
}

void WatchHub::on_hello(Subscriber& subscriber, const WatchHello& hello) {
  registry_.on_hello(subscriber.id(), subscriber.key(), hello, scheduler_.wall());
  registry_.set_peer(subscriber.id(), subscriber.key(), subscriber.peer().address, subscriber.peer().serial);
  if (trust_ != nullptr) subscriber.announce_trust(trust_);
  for (auto& [id, other] : subscribers_) {
    bool is_older = id != subscriber.id() && other->is_greeted() && other->key() == subscriber.key();
    if (is_older) other->close(make_error(Reason::kConflict, "the sidecar opened a newer stream"));
  }
  if (synced_) {
    subscriber.set_held(find_held(subscriber, hello));
  } else {
    early_[subscriber.id()] = hello;
  }
}

// What the sidecar holds, if its hash proves it: the current content, or that of a version the log remembers.
std::optional<Subscriber::Held> WatchHub::find_held(const Subscriber& subscriber, const WatchHello& hello) {
  if (!hello.version) return std::nullopt;
  NodeView now = target_of(subscriber);
  if (to_hex(now.set->hash) == hello.hash) return Subscriber::Held{now.set, *hello.version};
  std::optional<View> view = store_.view_at(*hello.version);
  if (!view) return std::nullopt;
  NodeView then = scopes_.at(*view, subscriber.request());
  if (to_hex(then.set->hash) != hello.hash) return std::nullopt;
  return Subscriber::Held{then.set, *hello.version};
}

void WatchHub::on_writable(Subscriber& subscriber) {
  subscriber.on_writable();
  pump(subscriber);
}

// What it should hold: the newest version, or with a rollout's change on top of it.
NodeView WatchHub::target_of(const Subscriber& subscriber) {
  const View* staged = staged_ == nullptr ? nullptr : staged_->staged();
  if (staged != nullptr && !staged_->has(subscriber.key())) staged = nullptr;
  ScopeCache& scopes = staged == nullptr ? scopes_ : staged_scopes_;
  scopes.advance(staged == nullptr ? store_.view() : *staged);
  return scopes.current(subscriber.request());
}

// Whether what is staged makes a difference to it, in the cohort or not.
bool WatchHub::is_affected(const Subscriber& subscriber) {
  const View* staged = staged_ == nullptr ? nullptr : staged_->staged();
  if (staged == nullptr) return false;
  scopes_.advance(store_.view());
  staged_scopes_.advance(*staged);
  const NodeRequest& request = subscriber.request();
  return scopes_.current(request).set->hash != staged_scopes_.current(request).set->hash;
}

void WatchHub::on_staged_changed() {
  staged_scopes_ = ScopeCache();
  if (synced_) schedule(Duration(0));
}

void WatchHub::pump(Subscriber& subscriber) {
  if (!synced_ || subscriber.is_closed() || !subscriber.is_greeted()) return;
  subscriber.pump(target_of(subscriber), batches_, scheduler_.now());
  may_refuse_ = may_refuse_ || subscriber.state() == NodeState::kRefused;
  if (auto at = subscriber.delayed_until()) schedule(*at - scheduler_.now());
  report(subscriber);
}

void WatchHub::pump_all() {
  for (auto& [id, subscriber] : subscribers_) pump(*subscriber);
  check_waiters();
}

// One timer for all: it fires for the earliest.
void WatchHub::schedule(Duration after) {
  MonoTime at = scheduler_.now() + std::max(after, Duration(0));
  if (pump_at_ && *pump_at_ <= at) return;
  pump_at_ = at;
  pump_timer_->arm(std::max(after, Duration(0)));
}

void WatchHub::on_heartbeat() {
  heartbeat_timer_->arm(options_.heartbeat);
  registry_.forget_gone(scheduler_.wall());
  may_refuse_ = std::any_of(subscribers_.begin(), subscribers_.end(),
                            [](const auto& entry) { return entry.second->state() == NodeState::kRefused; });
  for (auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_stalled(scheduler_.now())) {
      subscriber->close(make_error(Reason::kTimeout, "the sidecar did not answer a batch within 30 s"));
    } else if (synced_ && subscriber->is_greeted()) {
      subscriber->send_heartbeat(store_.version(), scheduler_.wall());
    }
  }
}

void WatchHub::report(const Subscriber& subscriber) {
  registry_.on_progress(subscriber.id(), subscriber.key(),
                        {subscriber.state(), subscriber.acked(), subscriber.runs(), is_affected(subscriber)},
                        scheduler_.wall());
}

Version WatchHub::min_runs() const {
  Version least = store_.version();
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    least = std::min(least, subscriber->runs().value_or(Version{}));
  }
  return least;
}

Pending WatchHub::wait(Version version, Duration timeout, UniqueFunction<void(WaitResult)> done) {
  return std::make_unique<Waiter>(*this, version, timeout, std::move(done));
}

// A waiter's answer may destroy others: start over after each.
void WatchHub::check_waiters() {
  while (true) {
    auto ready = std::find_if(waiters_.begin(), waiters_.end(), [](const Waiter* w) { return w->is_over(); });
    if (ready == waiters_.end()) return;
    (*ready)->answer();
  }
}

bool WatchHub::is_refused(Version version) const {
  return may_refuse_ && std::any_of(subscribers_.begin(), subscribers_.end(), [version](const auto& entry) {
           return !entry.second->is_closed() && entry.second->is_greeted() && entry.second->refuses(version);
         });
}

WatchLaggard WatchHub::laggard_of(const Subscriber& subscriber) const {
  WatchLaggard out{subscriber.key(), subscriber.state(), subscriber.runs()};
  if (auto since = subscriber.unanswered_since()) out.unanswered = scheduler_.now() - *since;
  const NodeStatus* status = registry_.find(subscriber.key());
  if (status != nullptr && subscriber.state() == NodeState::kRefused) out.nack = status->nack;
  return out;
}

WaitResult WatchHub::wait_result(Version version) const {
  WaitResult out{WaitResult::End::kTimeout, min_runs(), {}};
  if (is_refused(version)) out.end = WaitResult::End::kRefused;
  if (is_reached(version)) out.end = WaitResult::End::kReached;
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    if (subscriber->runs().value_or(Version{}) < version) out.behind.push_back(laggard_of(*subscriber));
  }
  return out;
}

std::vector<HolderGroup> WatchHub::holders() const {
  std::map<std::tuple<const ScopeSet*, const ScopeSet*, bool>, HolderGroup> groups;
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || subscriber->target() == nullptr) continue;
    bool is_refused = subscriber->state() == NodeState::kRefused;
    HolderGroup& group = groups[{subscriber->target().get(), subscriber->held().get(), is_refused}];
    if (group.sidecars++ > 0) continue;
    group.target = subscriber->target();
    group.held = subscriber->held();
    group.is_refused = is_refused;
    group.example = subscriber->key();
  }
  std::vector<HolderGroup> out;
  for (auto& [key, group] : groups) out.push_back(std::move(group));
  return out;
}
}  // namespace heddle
