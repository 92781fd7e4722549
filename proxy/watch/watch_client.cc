#include "proxy/watch/watch_client.h"

#include <algorithm>
#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/strings.h"

namespace heddle {
WatchClient::WatchClient(Scheduler& scheduler, Random& random, Logger log, WatchParts parts, WatchClientOptions options)
    : scheduler_(scheduler),
      random_(random),
      log_(log),
      channel_(parts.channel),
      worker_(parts.worker),
      options_(std::move(options)),
      waiters_(scheduler),
      round_(random, channel_.addresses(), scheduler.now(), first_address(options_.node, channel_.addresses())),
      lag_(scheduler.now()),
      wake_(scheduler.timer([this] {
        if (state_ == WatchState::kBackoff) return connect();
        fail(Reason::kTimeout, "the control plane did not answer in time");
      })),
      silence_(scheduler.timer([this] { fail(Reason::kTimeout, "the control plane was silent for 15 s"); })),
      want_timer_(scheduler.timer([this] { send_wants(); })),
      store_timer_(scheduler.timer([this] { store(); })),
      report_timer_(scheduler.timer([this] { send_report(); })),
      reaper_(scheduler.timer([this] { dead_.reset(); })) {
  for (const ResourceKey& key : options_.wants) wants_.hold(key);
}

WatchClient::~WatchClient() = default;

void WatchClient::start() {
  work_ = worker_.restore([this](Result<LastGood> found) { on_restored(std::move(found)); });
}

void WatchClient::on_restored(Result<LastGood> found) {
  if (found) {
    for (const ResourceKey& key : found->wants) wants_.hold(key);
    from_disk_ = true;
    log_.info("serving the last good configuration from disk",
              {{"version", found->applied.snapshot->version().text()}});
    snapshots_.publish(found->applied.snapshot);
  } else if (found.error().reason != Reason::kNotFound) {
    last_error_ = found.error().text();
    log_.warn("the last good configuration on disk is not used", {{"error", found.error()}});
  }
  connect();
}

void WatchClient::reload() {
  if (state_ != WatchState::kBackoff) return;
  round_.on_stable();
  wake_->arm(Duration{});
}

std::optional<Version> WatchClient::version() const {
  auto current = snapshots_.current();
  return current == nullptr ? std::nullopt : std::optional(current->version());
}

// --- the stream ---

void WatchClient::connect() {
  // What the old stream brought is applied first: the hello says what we hold.
  if (applying_) {
    state_ = WatchState::kBackoff;
    return wake_->arm(10ms);
  }
  dead_.reset();
  state_ = WatchState::kConnecting;
  wake_->arm(kConnect);
  stream_ = channel_.open(round_.current(), *this);
}

void WatchClient::on_open() {
  if (state_ != WatchState::kConnecting) return;
  state_ = WatchState::kSyncing;
  wake_->cancel();
  silence_->arm(kMissedHeartbeats);
  live_since_ = scheduler_.now();
  say_hello();
}

void WatchClient::on_closed(const Error& why) {
  if (why.reason == Reason::kNone) return fail(Reason::kUnavailable, "the control plane ended the stream");
  fail(why.reason, why.detail);
}

void WatchClient::fail(Reason reason, std::string detail) {
  if (state_ == WatchState::kBackoff || state_ == WatchState::kIdle) return;
  bool was_stable = state_ == WatchState::kLive && scheduler_.now() - live_since_ >= kStable;
  if (was_stable) round_.on_stable();
  if (state_ == WatchState::kLive) round_.on_good();
  Error why = make_error(reason, std::move(detail)).within(channel_.name(round_.current()));
  last_error_ = why.text();
  log_.warn("no configuration from the control plane", {{"error", why}, {"state", to_text(state_)}});
  end_stream(round_.on_failed(scheduler_.now()));
}

// Not destroyed here: this may be inside one of its upcalls.
void WatchClient::end_stream(Duration wait) {
  dead_ = std::move(stream_);
  reaper_->arm(Duration{});
  silence_->cancel();
  want_timer_->cancel();
  batch_.reset();
  skipping_ = false;
  queue_.clear();
  queued_bytes_ = 0;
  ack_due_.reset();
  asks_trust_ = false;
  tells_addresses_ = false;
  address_wants_.on_stream_end();
  facts_asked_.reset();
  leave_asked_at_.reset();
  lag_.on_disconnected();
  state_ = WatchState::kBackoff;
  wake_->arm(std::max(wait, Duration(1ms)));
}

void WatchClient::send(const SidecarMessage& message) {
  if (stream_ == nullptr) return;
  std::string line = encode(message);
  line.pop_back();
  stream_->send(line);
}

void WatchClient::say_hello() {
  WatchHello hello;
  hello.node = options_.node;
  hello.software = options_.software;
  hello.instance = options_.instance;
  if (on_trust_) hello.features.emplace_back(kTrustFeature);
  if (facts_) hello.features.emplace_back(kFactsFeature);
  if (options_.asks_addresses) hello.features.emplace_back(kAddressesFeature);
  auto current = snapshots_.current();
  if (current != nullptr && !resync_) {
    hello.version = current->version();
    hello.hash = to_hex(current->hash());
  }
  hello.wants = wants_.held();
  wants_.on_hello();
  send(hello);
  send_wants();
  say_leaving();
}

void WatchClient::send_wants() {
  if (!is_greeted()) return;
  MonoTime now = scheduler_.now();
  WatchWant want = wants_.take(now);
  if (tells_addresses_) want.addresses = address_wants_.take(now);
  if (!want.add.empty() || !want.drop.empty() || !want.addresses.empty()) send(want);
  auto wait = wants_.wait(now);
  auto asks = tells_addresses_ ? address_wants_.wait(now) : std::nullopt;
  if (asks) wait = std::min(wait.value_or(*asks), *asks);
  if (wait) want_timer_->arm(std::max(*wait, Duration(1ms)));
}

void WatchClient::on_line(std::string_view line) {
  if (state_ != WatchState::kSyncing && state_ != WatchState::kLive) return;
  silence_->arm(kMissedHeartbeats);
  if (keep_line(line)) return;
  auto message = decode_control_message(line);
  if (!message) return fail(Reason::kUpstreamProtocolError, message.error().detail);
  std::visit([this](auto&& m) { on_message(std::move(m)); }, std::move(*message));
}

// --- messages ---

// Lines of a batch are not looked at on this loop.
bool WatchClient::keep_line(std::string_view line) {
  if (!line.starts_with("{\"put\":") && !line.starts_with("{\"delete\":")) return false;
  if (skipping_) return true;
  if (!batch_) return false;
  batch_->bytes += line.size();
  if (batch_->bytes + queued_bytes_ > kMaxQueuedBytes) {
    fail(Reason::kTooLarge, "the control plane sends more than 128 MiB at once");
    return true;
  }
  batch_->lines.emplace_back(line);
  return true;
}

void WatchClient::on_message(WatchBegin&& begin) {
  // An unfinished batch is thrown away: the answer to a second hello does not wait for its end.
  batch_.reset();
  skipping_ = false;
  switch (judge_batch(begin, version(), resync_)) {
    case BatchVerdict::kSkip:
      skipping_ = true;
      return;
    case BatchVerdict::kBackwards:
      return on_backwards(begin);
    case BatchVerdict::kTake:
      count(begin.kind);
      batch_.emplace();
      batch_->begin = begin;
  }
}

void WatchClient::count(BatchKind kind) noexcept {
  if (kind == BatchKind::kSnapshot) {
    ++counts_.snapshots;
  } else {
    ++(state_ == WatchState::kSyncing ? counts_.resumes : counts_.deltas);
  }
}

void WatchClient::on_backwards(const WatchBegin& begin) {
  ++backwards_;
  int limit = std::max(kBackwardsLimit, static_cast<int>(channel_.addresses()));
  if (backwards_ >= limit) {
    resync_ = true;
    log_.warn("every control plane is behind what this sidecar holds; asking for everything", {});
  }
  fail(Reason::kConflict, str_cat("offers version ", begin.to.text(), " after ", version()->text()));
}

void WatchClient::on_message(WatchPut&&) { fail(Reason::kUpstreamProtocolError, "put outside a batch"); }
void WatchClient::on_message(WatchDelete&&) { fail(Reason::kUpstreamProtocolError, "delete outside a batch"); }

void WatchClient::on_message(WatchEnd&& end) {
  if (std::exchange(skipping_, false)) return;
  if (!batch_ || batch_->begin.to != end.version) {
    return fail(Reason::kUpstreamProtocolError, "end of a batch that did not begin");
  }
  batch_->end = std::move(end);
  queued_bytes_ += batch_->bytes;
  queue_.push_back(std::move(*batch_));
  batch_.reset();
  apply_next();
}

void WatchClient::on_message(WatchHeartbeat&& heartbeat) {
  heartbeat_ = heartbeat;
  clock_ahead_ = std::clamp(scheduler_.wall() - heartbeat.time, -kMaxClockAhead, kMaxClockAhead);
  state_ = WatchState::kLive;
  if (scheduler_.now() - live_since_ >= kStable) round_.on_stable();
  look_at_lag();
}

void WatchClient::look_at_lag() {
  if (!heartbeat_) return;
  std::optional<Version> ours = version();
  bool unchanged = ours && heartbeat_->runs && *heartbeat_->runs >= heartbeat_->version;
  if ((ours && *ours >= heartbeat_->version) || unchanged) return lag_.on_current(scheduler_.now());
  lag_.on_newer(scheduler_.now());
}

void WatchClient::on_message(WatchRetryAfter&& message) {
  last_error_ = make_error(Reason::kOverload, "the control plane is busy").text();
  end_stream(round_.on_sent_away(random_.jitter(message.after, 0.2)));
}

// Not a failure: the next replica soon, but not all sidecars at the same instant.
void WatchClient::on_message(WatchDrain&&) {
  round_.move_on();
  end_stream(random_.jitter(500ms, 1.0));
}

void WatchClient::on_message(WatchUnknown&& message) {
  wants_.on_unknown(message.services, scheduler_.now());
  for (const ResourceKey& key : message.services) waiters_.on_unknown(key);
  send_wants();
}

// The first is empty: from here on we may ask.
void WatchClient::on_message(WatchAddresses&& message) {
  tells_addresses_ = true;
  MonoTime now = scheduler_.now();
  for (const WatchAddresses::Owned& owned : message.services) want_owner(owned);
  for (const Address& address : message.unknown) {
    address_wants_.on_unknown(address, now);
    waiters_.on_unowned(address, make_error(Reason::kServiceUnknown, address.text()));
  }
  if (auto current = snapshots_.current()) waiters_.on_snapshot(*current);
  send_wants();
}

void WatchClient::want_owner(const WatchAddresses::Owned& owned) {
  address_wants_.on_owned(owned.address);
  switch (wants_.add(owned.service, scheduler_.now())) {
    case Wants::Answer::kUnknown:
      return waiters_.on_unowned(owned.address, make_error(Reason::kServiceUnknown, owned.service.text()));
    case Wants::Answer::kTooMany:
      return waiters_.on_unowned(owned.address, make_error(Reason::kTooManyWants, "1,000 services are wanted already"));
    case Wants::Answer::kHeld:
    case Wants::Answer::kQueued:
      return waiters_.on_owned(owned.address, owned.service);
  }
}

void WatchClient::on_message(WatchTrust&& message) {
  asks_trust_ = true;
  if (on_trust_) on_trust_(message);
  if (trust_) send(*trust_);
}

// Asked again meanwhile, the newest question gets the answer.
void WatchClient::on_message(WatchFactsRequest&& message) {
  if (!facts_) return fail(Reason::kUpstreamProtocolError, "asks for facts, which this sidecar does not keep");
  facts_asked_ = message;
  if (std::exchange(collecting_facts_, true)) return;
  facts_(message.most, [this, alive = std::weak_ptr<const bool>(alive_)](KeptFacts kept) {
    if (!alive.expired()) answer_facts(std::move(kept));
  });
}

void WatchClient::answer_facts(KeptFacts kept) {
  collecting_facts_ = false;
  if (!facts_asked_) return;  // the stream that asked is gone
  WatchFactsRequest asked = *std::exchange(facts_asked_, std::nullopt);
  if (kept.facts.size() > asked.most) {  // the question before asked for more
    kept.seen = kept.seen * asked.most / kept.facts.size();
    kept.facts.erase(kept.facts.begin(), kept.facts.end() - static_cast<ptrdiff_t>(asked.most));
  }
  for (WatchFacts& part : split_facts(asked.id, std::move(kept.facts), kept.seen)) send(std::move(part));
}

void WatchClient::report_trust(WatchTrustInUse in_use) {
  if (trust_ == in_use) return;
  trust_ = std::move(in_use);
  if (asks_trust_) send(*trust_);
}

void WatchClient::set_report(std::function<WatchReport()> read) {
  read_report_ = std::move(read);
  report_timer_->arm(kReportEvery);
}

// Only on a stream that was greeted.
void WatchClient::send_report() {
  report_timer_->arm(kReportEvery);
  if (state_ != WatchState::kSyncing && state_ != WatchState::kLive) return;
  WatchReport report = read_report_();
  report.lag = lag_.lag(scheduler_.now());
  report.version = version();
  report.clock_ahead = clock_ahead_;
  send(std::move(report));
}

// --- batches ---

void WatchClient::apply_next() {
  if (applying_ || queue_.empty()) return;
  applying_ = true;
  WatchBatch batch = std::move(queue_.front());
  queue_.pop_front();
  queued_bytes_ -= batch.bytes;
  WatchBegin begin = batch.begin;
  work_ =
      worker_.apply(std::move(batch), [this, begin](AppliedBatch applied) { on_applied(begin, std::move(applied)); });
}

void WatchClient::on_applied(const WatchBegin& begin, AppliedBatch applied) {
  applying_ = false;
  if (applied.snapshot != nullptr) {
    on_taken(applied.snapshot);
  } else if (!applied.hash_differs) {
    on_refused(begin, std::move(applied.errors));
  } else if (begin.kind == BatchKind::kDelta) {
    ask_for_everything();
  } else {
    on_refused(begin, {{"", "end.hash", "the content has another hash than announced"}});
    fail(Reason::kUpstreamProtocolError, "a snapshot does not have the announced hash");
  }
  apply_next();
}

void WatchClient::on_taken(const std::shared_ptr<const Snapshot>& snapshot) {
  auto before = snapshots_.current();
  resync_ = false;
  backwards_ = 0;
  from_disk_ = false;
  refused_.reset();
  problems_.clear();
  if (state_ == WatchState::kSyncing) state_ = WatchState::kLive;
  if (state_ == WatchState::kLive) last_error_.clear();
  bool same = before != nullptr && before->version() == snapshot->version() && before->hash() == snapshot->hash();
  if (!same) snapshots_.publish(snapshot);
  if (!same) store_timer_->arm(kStoreDelay);
  if (state_ == WatchState::kLive && (same || options_.ack == AckWhen::kPublished)) {
    send(WatchAck{snapshot->version()});
  } else if (state_ == WatchState::kLive) {
    ack_due_ = snapshot->version();
  }
  if (state_ == WatchState::kLive) look_at_lag();
  waiters_.on_snapshot(*snapshot);
}

void WatchClient::workers_run(Version version) {
  if (!ack_due_ || version < *ack_due_) return;
  send(WatchAck{*std::exchange(ack_due_, std::nullopt)});
}

void WatchClient::on_refused(const WatchBegin& begin, std::vector<WatchNackError> errors) {
  ++counts_.refused;
  refused_ = begin.to;
  problems_.clear();
  for (const WatchNackError& error : errors) {
    problems_.push_back(str_cat(error.resource, error.path.empty() ? "" : ": ", error.path, ": ", error.message));
    log_.limited(LogLevel::kError, {"refused", 20}, "configuration refused",
                 {{"version", begin.to.text()}, {"problem", problems_.back()}});
  }
  if (state_ == WatchState::kSyncing) state_ = WatchState::kLive;
  if (state_ == WatchState::kLive) send(WatchNack{begin.to, std::move(errors)});
}

void WatchClient::ask_for_everything() {
  queue_.clear();
  queued_bytes_ = 0;
  if (batch_) skipping_ = true;
  batch_.reset();
  resync_ = true;
  log_.warn("a change does not fit what is held; asking for everything", {});
  if (state_ == WatchState::kSyncing || state_ == WatchState::kLive) say_hello();
}

void WatchClient::store() {
  if (std::exchange(storing_, true)) return store_timer_->arm(kStoreDelay);
  store_work_ = worker_.store(wants_.held(), [this](Result<void> stored) {
    storing_ = false;
    if (!stored) log_.error("cannot keep the configuration on disk", {{"error", stored.error()}});
  });
}

// --- what others ask ---

Pending WatchClient::want(const ResourceKey& service, WantWaiters::OnWant done) {
  auto current = snapshots_.current();
  if (current != nullptr && holds_service(*current, service)) return waiters_.answer({}, std::move(done));
  switch (wants_.add(service, scheduler_.now())) {
    case Wants::Answer::kUnknown:
      return waiters_.answer(make_error(Reason::kServiceUnknown, service.text()), std::move(done));
    case Wants::Answer::kTooMany:
      return waiters_.answer(make_error(Reason::kTooManyWants, "1,000 services are wanted already"), std::move(done));
    case Wants::Answer::kHeld:
    case Wants::Answer::kQueued:
      break;
  }
  want_timer_->arm(Duration{});
  return waiters_.wait(service, std::move(done));
}

Pending WatchClient::want(const Address& address, WantWaiters::OnWant done) {
  MonoTime now = scheduler_.now();
  bool is_old_control = state_ == WatchState::kLive && !tells_addresses_;
  if (is_old_control) {
    return waiters_.answer(make_error(Reason::kExternalDenied, "the control plane is too old to say whose this is"),
                           std::move(done));
  }
  if (address_wants_.is_unknown(address, now, is_greeted())) {
    return waiters_.answer(make_error(Reason::kServiceUnknown, address.text()), std::move(done));
  }
  if (waiters_.size() < WantWaiters::kMax) address_wants_.add(address);
  want_timer_->arm(Duration{});
  return waiters_.wait(address, std::move(done));
}

void WatchClient::drop(const ResourceKey& service) {
  wants_.drop(service);
  want_timer_->arm(Duration{});
}

ConfigStatus WatchClient::status() const {
  ConfigStatus status;
  status.source = "control";
  auto current = snapshots_.current();
  if (current != nullptr) {
    status.version = current->version();
    status.hash = to_hex(current->hash());
  }
  status.from_disk = from_disk_;
  status.problems = problems_;
  status.refused = refused_;
  status.last_error = last_error_;
  status.state = state_;
  status.control = channel_.name(round_.current());
  if (heartbeat_) status.newest = heartbeat_->version;
  if (heartbeat_) status.heard = heartbeat_->time;
  status.lag = lag_.lag(scheduler_.now());
  status.wants = wants_.size();
  return status;
}
}  // namespace heddle
