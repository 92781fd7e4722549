#include "control/watch/watch_hub.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
// A waiting call. Owned by its caller; the hub knows it until it answered or was destroyed.
class WatchHub::Waiter final : public Operation {
 public:
  Waiter(WatchHub& hub, Version version, Duration timeout, UniqueFunction<void(WaitResult)> done)
      : hub_(&hub), version_(version), done_(std::move(done)), ends_(hub.scheduler_.now() + timeout) {
    timer_ = hub.scheduler_.timer([this] { on_timer(); });
    timer_->arm(hub.standing().is_over(version) ? Duration(0) : timeout);
    hub.waiters_.push_back(this);
  }
  ~Waiter() override { leave(); }
  Version version() const noexcept { return version_; }
  void answer(const MeshStanding& standing) {
    WaitResult result = hub_->wait_result(version_, standing);
    leave();
    auto done = std::move(done_);
    done(std::move(result));  // may destroy this
  }
  void forget_hub() { hub_ = nullptr; }

 private:
  void on_timer() {
    if (hub_ == nullptr) return;
    Duration left = ends_ - hub_->scheduler_.now();
    MeshStanding standing = hub_->standing();
    if (standing.is_over(version_) || left <= Duration(0)) return answer(standing);
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
      debounce_(options.debounce),
      first_batches_(options.first_batches, scheduler.now()),
      beats_(options.heartbeat, scheduler.now()),
      facts_(scheduler, [this] {
        std::vector<Subscriber*> out;
        for (auto& [id, subscriber] : subscribers_) out.push_back(subscriber.get());
        return out;
      }) {
  pump_timer_ = scheduler.timer([this] {
    pump_at_.reset();
    pump_all();
  });
  debounce_timer_ = scheduler.timer([this] { push_newest(); });
  staged_timer_ = scheduler.timer([this] { push_newest(); });
  check_timer_ = scheduler.timer([this] { check_waiters(); });
  first_timer_ = scheduler.timer([this] { begin_waiting(); });
  heartbeat_timer_ = scheduler.timer([this] { on_heartbeat(); });
  heartbeat_timer_->arm(beats_.step());
  pass_timer_ = scheduler.timer([this] { pump_some(); });
  commits_ = store.on_commit([this](Version) { on_commit(); });
}

WatchHub::~WatchHub() {
  for (Waiter* waiter : waiters_) waiter->forget_hub();
}

// Endpoints that come and go are urgent: they refer to what was referred to before, so nothing that belongs together
// can be pushed by halves, and only those who hold them get a batch.
void WatchHub::on_commit() {
  MonoTime now = scheduler_.now();
  bool is_urgent = synced_ && debounce_.is_alone(now) && content_change(target_, store_.view()).has_value();
  debounce_timer_->arm(debounce_.on_event(now, is_urgent));
}

void WatchHub::set_synced() {
  synced_ = true;
  for (auto& [id, hello] : early_) subscribers_.at(id)->set_held(find_held(*subscribers_.at(id), hello));
  early_.clear();
  use_newest();
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
  if (first_batches_.is_crowded()) {
    Duration after = first_batches_.come_back_after(scheduler_.now()) * 3 / 2;
    sink.send_line(encode(ControlMessage(WatchRetryAfter{random_.jitter(after, 1.0 / 3)})));
    sink.close(make_error(Reason::kRateLimited, "too many sidecars connect at once"));
    return nullptr;
  }
  uint64_t id = next_id_++;
  auto& slot = subscribers_[id];
  slot = std::make_unique<Subscriber>(id, sink, std::move(peer));
  slot->leave_at(scheduler_.now() + draw_stream_age(random_, options_.longest_stream));
  if (draining_) slot->drain();
  return slot.get();
}

void WatchHub::remove(Subscriber& subscriber) {
  if (subscriber.is_greeted()) registry_.on_gone(subscriber.id(), subscriber.key(), scheduler_.wall());
  facts_.on_gone(subscriber);
  early_.erase(subscriber.id());
  first_batches_.end(subscriber.id(), scheduler_.now());
  subscribers_.erase(subscriber.id());
  begin_waiting();
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
  begin_waiting();
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
  close_older(subscriber);
  registry_.on_hello(subscriber.id(), subscriber.key(), hello, scheduler_.wall());
  registry_.set_peer(subscriber.id(), subscriber.key(), subscriber.peer().address, subscriber.peer().serial);
  if (trust_ != nullptr) subscriber.announce_trust(trust_);
  if (synced_) {
    subscriber.set_held(find_held(subscriber, hello));
  } else {
    early_[subscriber.id()] = hello;
  }
}

// Of several the registry knows the newest, and those before it were closed when that one came.
void WatchHub::close_older(const Subscriber& newer) {
  auto older = subscribers_.find(registry_.connection_of(newer.key()));
  if (older == subscribers_.end() || older->first == newer.id() || older->second->key() != newer.key()) return;
  older->second->close(make_error(Reason::kConflict, "the sidecar opened a newer stream"));
}

// What the sidecar holds, if its hash proves it: the current content, or that of a version the log remembers.
std::optional<Subscriber::Held> WatchHub::find_held(const Subscriber& subscriber, const WatchHello& hello) {
  if (store_.version() != target_.version()) use_newest();  // it may hold what another replica pushed at once
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
  bool is_staged = staged_target_ && staged_->staged() != nullptr && staged_->has(subscriber.key());
  ScopeCache& scopes = is_staged ? staged_scopes_ : scopes_;
  scopes.advance(is_staged ? *staged_target_ : target_);
  return scopes.current(subscriber.request());
}

// Whether what is staged makes a difference to it, in the cohort or not.
bool WatchHub::is_affected(const Subscriber& subscriber) {
  if (!staged_target_) return false;
  scopes_.advance(target_);
  staged_scopes_.advance(*staged_target_);
  const NodeRequest& request = subscriber.request();
  return scopes_.current(request).set->hash != staged_scopes_.current(request).set->hash;
}

// At the end of a rollout nothing is staged any more, and only the store's newest version has its content: an answer
// that comes before the push must not be judged by an older one. What comes to be staged may be known only after this
// call: the push looks again.
void WatchHub::on_staged_changed() {
  if (!synced_) return;
  staged_scopes_ = ScopeCache();  // the same number may have other content now
  use_newest();
  staged_timer_->arm(Duration(0));
}

void WatchHub::pump(Subscriber& subscriber) {
  if (!synced_ || subscriber.is_closed() || !subscriber.is_greeted()) return;
  NodeView view = target_of(subscriber);
  MonoTime now = scheduler_.now();
  if (subscriber.is_first_due(view) && !first_batches_.ask(subscriber.id(), now)) return report(subscriber);
  subscriber.pump(view, batches_, now);
  if (subscriber.is_settled()) first_batches_.end(subscriber.id(), now);
  if (auto at = subscriber.delayed_until()) schedule(*at - scheduler_.now());
  report(subscriber);
}

// Everybody, some in each turn of the loop, so that the first lines leave before the last are made. Who is asked to
// begin while a pass is under way finishes it first.
void WatchHub::pump_all() {
  if (std::exchange(is_passing_, true)) {
    pass_again_ = true;
    return;
  }
  passed_ = 0;
  pump_some();
}

void WatchHub::pump_some() {
  auto at = subscribers_.upper_bound(passed_);
  for (size_t n = 0; n < kPassSlice && at != subscribers_.end(); ++n, ++at) {
    passed_ = at->first;
    pump(*at->second);
  }
  if (at != subscribers_.end()) return pass_timer_->arm(Duration(0));
  is_passing_ = false;
  begin_waiting();
  check_waiters();
  if (std::exchange(pass_again_, false)) pump_all();
}

void WatchHub::push_newest() {
  debounce_.on_acted();
  debounce_timer_->cancel();
  use_newest();
  pump_all();
}

void WatchHub::use_newest() {
  target_ = store_.view();
  const View* staged = staged_ == nullptr ? nullptr : staged_->staged();
  if (staged == nullptr) staged_scopes_ = ScopeCache();
  staged_target_ = staged == nullptr ? std::nullopt : std::optional<View>(*staged);
}

// Those whose first batch waits for others' to be answered, as far as there is room.
void WatchHub::begin_waiting() {
  while (auto id = first_batches_.next(scheduler_.now())) pump(*subscribers_.at(*id));
  if (auto wait = first_batches_.until_next(scheduler_.now())) first_timer_->arm(std::max<Duration>(*wait, 1ms));
}

// One timer for all: it fires for the earliest.
void WatchHub::schedule(Duration after) {
  MonoTime at = scheduler_.now() + std::max(after, Duration(0));
  if (pump_at_ && *pump_at_ <= at) return;
  pump_at_ = at;
  pump_timer_->arm(std::max(after, Duration(0)));
}

void WatchHub::on_heartbeat() {
  heartbeat_timer_->arm(beats_.step());
  BeatSlots::Due due = beats_.take(scheduler_.now());
  if (due.has_first_slot()) registry_.forget_gone(scheduler_.wall());
  for (auto& [id, subscriber] : subscribers_) {
    if (due.contains(id)) beat(*subscriber);
  }
}

void WatchHub::beat(Subscriber& subscriber) {
  MonoTime now = scheduler_.now();
  if (subscriber.is_stalled(now)) {
    subscriber.close(make_error(Reason::kTimeout, "the sidecar did not answer a batch within 30 s"));
  } else if (synced_ && subscriber.is_greeted()) {
    subscriber.send_heartbeat(store_.version(), scheduler_.wall());
    if (subscriber.is_old(now)) subscriber.drain();
  }
}

void WatchHub::report(const Subscriber& subscriber) {
  registry_.on_progress(subscriber.id(), subscriber.key(),
                        {subscriber.state(), subscriber.acked(), subscriber.runs(), is_affected(subscriber)},
                        scheduler_.wall());
}

MeshStanding WatchHub::standing() const {
  MeshStanding out(store_.version());
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    out.note(subscriber->runs().value_or(Version{}), subscriber->refused());
  }
  return out;
}

Pending WatchHub::wait(Version version, Duration timeout, UniqueFunction<void(WaitResult)> done) {
  return std::make_unique<Waiter>(*this, version, timeout, std::move(done));
}

// A waiter's answer may destroy others: start over after each.
void WatchHub::check_waiters() {
  if (waiters_.empty() || !is_time_to_check()) return;
  MeshStanding now = standing();
  while (true) {
    auto ready =
        std::find_if(waiters_.begin(), waiters_.end(), [&now](const Waiter* w) { return now.is_over(w->version()); });
    if (ready == waiters_.end()) return;
    (*ready)->answer(now);
  }
}

WatchLaggard WatchHub::laggard_of(const Subscriber& subscriber, Version version) const {
  WatchLaggard out{subscriber.key(), subscriber.state(), subscriber.runs()};
  if (auto since = subscriber.unanswered_since()) out.unanswered = scheduler_.now() - *since;
  out.refused_before = subscriber.refused().value_or(version) < version;
  const NodeStatus* status = registry_.find(subscriber.key());
  if (status != nullptr && subscriber.state() == NodeState::kRefused) out.nack = status->nack;
  return out;
}

// Everybody has to be looked at: with many sidecars not at each one's answer.
bool WatchHub::is_time_to_check() {
  MonoTime now = scheduler_.now();
  if (subscribers_.size() <= kFewSubscribers || now - checked_ >= kCheckEvery) {
    checked_ = now;
    is_check_due_ = false;
    return true;
  }
  if (!std::exchange(is_check_due_, true)) check_timer_->arm(kCheckEvery);
  return false;
}

WaitResult WatchHub::wait_result(Version version, const MeshStanding& standing) const {
  WaitResult out{WaitResult::End::kTimeout, standing.runs(), {}};
  if (standing.is_refused(version)) out.end = WaitResult::End::kRefused;
  if (standing.is_reached(version)) out.end = WaitResult::End::kReached;
  if (out.end == WaitResult::End::kReached) return out;
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    if (subscriber->runs().value_or(Version{}) < version) out.behind.push_back(laggard_of(*subscriber, version));
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
