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
      rebalance_(options.rebalance, scheduler.now()),
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
  ahead_timer_ = scheduler.timer([this] { look_ahead(); });
  release_timer_ = scheduler.timer([this] { tell_releases(); });
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
  if (!ahead_.empty()) ahead_timer_->arm(Duration(0));
}

void WatchHub::set_synced() {
  synced_ = true;
  released_from_ = scheduler_.now() + options_.release_after;
  for (auto& [id, hello] : early_) greet(*subscribers_.at(id), hello);
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
  for (auto& [id, subscriber] : subscribers_) {
    if (!untold_.contains(id)) subscriber->announce_trust(trust_);
  }
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
  MonoTime now = scheduler_.now();
  slot->live_from(now, now + draw_stream_age(random_, options_.longest_stream));
  ring_.add(id, *slot);
  if (draining_) slot->drain();
  return slot.get();
}

void WatchHub::remove(Subscriber& subscriber) {
  if (subscriber.is_greeted()) registry_.on_gone(subscriber.id(), subscriber.key(), scheduler_.wall());
  facts_.on_gone(subscriber);
  releases_.forget(subscriber.id());
  early_.erase(subscriber.id());
  ahead_.end(subscriber.id());
  untold_.erase(subscriber.id());
  first_batches_.end(subscriber.id(), scheduler_.now());
  ring_.remove(subscriber.id(), subscriber);
  subscribers_.erase(subscriber.id());
  begin_waiting();
  check_waiters();
  tell_releases();
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
  tell_releases();
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
  if (const auto* want = std::get_if<WatchWant>(&message)) {
    HEDDLE_CHECK_OK(subscriber.on_want(*want));
    registry_.on_request(subscriber.id(), subscriber.key(), subscriber.request(), scheduler_.wall());
  }
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
  if (const auto* draining = std::get_if<WatchDraining>(&message)) begin_release(subscriber, *draining);
  if (const auto* facts = std::get_if<WatchFacts>(&message)) return facts_.on_facts(subscriber, *facts);
  return {};
}

void WatchHub::on_hello(Subscriber& subscriber, const WatchHello& hello) {
  close_older(subscriber);
  registry_.on_hello(subscriber.id(), subscriber.key(), hello, scheduler_.wall());
  registry_.set_peer(subscriber.id(), subscriber.key(), subscriber.peer().address, subscriber.peer().serial);
  registry_.on_request(subscriber.id(), subscriber.key(), subscriber.request(), scheduler_.wall());
  subscriber.announce_addresses();
  tell_trust(subscriber);
  ahead_.end(subscriber.id());
  if (synced_) {
    greet(subscriber, hello);
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
std::optional<Subscriber::Held> WatchHub::find_held(Subscriber& subscriber, const WatchHello& hello) {
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

// What it should hold: the newest version, or with a rollout's change on top of it. The answer of a sidecar comes with
// the version of its push, and so does its turn in the pass: a version is looked up once for each.
NodeView WatchHub::target_of(Subscriber& subscriber) {
  if (staged_target_ && staged_->staged() != nullptr && staged_->has(subscriber.key())) {
    staged_scopes_.advance(*staged_target_);
    return staged_scopes_.current(subscriber.request());
  }
  if (const NodeView* known = subscriber.view_of(target_.version())) return *known;
  scopes_.advance(target_);
  NodeView view = scopes_.current(subscriber.request());
  subscriber.note_view(view);
  return view;
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
  answer_addresses(subscriber);
  NodeView view = target_of(subscriber);
  MonoTime now = scheduler_.now();
  if (subscriber.is_first_due(view) && !first_batches_.ask(subscriber.id(), now)) return report(subscriber);
  subscriber.pump(view, batches_, now);
  if (subscriber.is_settled()) first_batches_.end(subscriber.id(), now);
  if (auto at = subscriber.delayed_until()) schedule(*at - scheduler_.now());
  report(subscriber);
}

// By what is newest: whom it names is asked for next.
void WatchHub::answer_addresses(Subscriber& subscriber) {
  std::vector<Address> asked = subscriber.take_addresses();
  if (asked.empty()) return;
  if (store_.version() != target_.version()) use_newest();
  WatchAddresses answer;
  for (const Address& address : asked) {
    auto service = addresses_.find(target_, address, subscriber.request().identity);
    if (service) answer.services.push_back({address, *std::move(service)});
    if (!service) answer.unknown.push_back(address);
  }
  subscriber.answer_addresses(std::move(answer));
}

// Everybody, `first` before the others and some in each turn of the loop, so that the first lines leave before the last
// are made, and what others want is not held up.
void WatchHub::pump_all(std::span<const uint64_t> first) {
  order_.begin(first);
  batches_.begin_pass();
  if (!std::exchange(is_passing_, true)) pump_some();
}

void WatchHub::pump_some() {
  auto at = order_.next(subscribers_);
  for (size_t n = 1; at != subscribers_.end(); ++n) {
    pump(*at->second);
    if (flush_) flush_();  // `at` may be gone
    if (n == options_.pass_slice) {
      beat_pause_.want();
      return pass_timer_->arm(Duration(0));
    }
    at = order_.next(subscribers_);
  }
  is_passing_ = false;
  batches_.end_pass();
  begin_waiting();
  check_waiters();
  tell_releases();
}

void WatchHub::push_newest() {
  debounce_.on_acted();
  debounce_timer_->cancel();
  View before = target_;
  use_newest();
  pump_all(concerned_since(before));
}

// Whose content changed since that target, where it can be told without making everybody's anew; else nobody, and all
// have their turn.
std::vector<uint64_t> WatchHub::concerned_since(const View& before) const {
  auto changed = content_change(before, target_);
  if (!changed || changed->empty()) return {};
  ChangedSets sets(*std::move(changed));
  std::vector<uint64_t> out;
  for (const auto& [id, subscriber] : subscribers_) {
    if (sets.contains(subscriber->target().get())) out.push_back(id);
  }
  return out;
}

void WatchHub::use_newest() {
  target_ = store_.view();
  const View* staged = staged_ == nullptr ? nullptr : staged_->staged();
  if (staged == nullptr) staged_scopes_ = ScopeCache();
  staged_target_ = staged == nullptr ? std::nullopt : std::optional<View>(*staged);
  releases_.look_at(target_, staged);
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
  if (beat_pause_.take()) return;
  BeatSlots::Due due = beats_.take(scheduler_.now());
  if (due.has_first_slot()) registry_.forget_gone(scheduler_.wall());
  tell_untold();
  ring_.for_each(due, [this](Subscriber& subscriber) { beat(subscriber); });
  if (rebalance_.is_due(scheduler_.now())) rebalance();
}

// Who came first leaves first.
void WatchHub::rebalance() {
  MonoTime now = scheduler_.now();
  auto own = std::count_if(subscribers_.begin(), subscribers_.end(), [](auto& entry) { return entry.second->stays(); });
  size_t count = rebalance_.take(now, static_cast<size_t>(own), registry_.replicas());
  for (auto at = subscribers_.begin(); count > 0 && at != subscribers_.end(); ++at) {
    Subscriber& subscriber = *at->second;
    if (!subscriber.stays() || !rebalance_.may_leave(subscriber.since(), now)) continue;
    subscriber.drain();
    ++sent_away_.imbalance;
    --count;
  }
}

void WatchHub::beat(Subscriber& subscriber) {
  MonoTime now = scheduler_.now();
  if (subscriber.is_stalled(now)) {
    subscriber.close(make_error(Reason::kTimeout, "the sidecar did not answer a batch within 30 s"));
  } else if (synced_ && subscriber.is_greeted()) {
    subscriber.send_heartbeat(store_.version(), scheduler_.wall());
    if (!subscriber.is_old(now)) return;
    subscriber.drain();
    ++sent_away_.age;
  }
}

void WatchHub::report(const Subscriber& subscriber) {
  releases_.look_at(subscriber);
  registry_.on_progress(subscriber.id(),
                        {subscriber.state(), subscriber.acked(), subscriber.runs(), is_affected(subscriber)},
                        scheduler_.wall());
}

MeshStanding WatchHub::standing() const {
  MeshStanding out(store_.version());
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    out.note(subscriber->runs().value_or(Version{}), subscriber->refused());
  }
  if (registry_.has_replicas()) note_replicas(out);
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
  if (subscribers_.size() + registry_.remote_size() <= kFewSubscribers || now - checked_ >= kCheckEvery) {
    checked_ = now;
    is_check_due_ = false;
    return true;
  }
  if (!std::exchange(is_check_due_, true)) check_timer_->arm(kCheckEvery);
  return false;
}

WaitResult WatchHub::wait_result(Version version, const MeshStanding& standing) const {
  WaitResult out{WaitResult::End::kTimeout, standing.runs(), {}};
  out.sidecars = standing.sidecars();
  if (standing.is_refused(version)) out.end = WaitResult::End::kRefused;
  if (standing.is_reached(version)) out.end = WaitResult::End::kReached;
  if (out.end == WaitResult::End::kReached) return out;
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->is_closed() || !subscriber->is_greeted()) continue;
    if (subscriber->runs().value_or(Version{}) < version) out.behind.push_back(laggard_of(*subscriber, version));
  }
  if (registry_.has_replicas()) add_replicas(out, version);
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
