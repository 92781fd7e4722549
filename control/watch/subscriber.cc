#include "control/watch/subscriber.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
namespace {
Error protocol_error(std::string detail) {
  return make_error(Reason::kBadRequest, std::move(detail), Origin::kDownstream);
}

Result<void> check_count(const std::set<ResourceKey>& wants) {
  if (wants.size() <= kMaxWants) return {};
  return make_error(Reason::kTooManyWants, "a sidecar holds at most 1000 wants", Origin::kDownstream);
}
bool names(const WatchHello& hello, std::string_view feature) {
  return std::find(hello.features.begin(), hello.features.end(), feature) != hello.features.end();
}
}  // namespace

Result<void> Subscriber::on_hello(const WatchHello& hello, MonoTime now) {
  if (hello.schema != kWatchSchema) {
    return make_error(Reason::kUnsupported, str_cat("watch schema ", std::to_string(hello.schema),
                                                    " is not spoken here; expected ", std::to_string(kWatchSchema)));
  }
  if (hello.scope == WatchScope::kEverything && peer_.grant != WatchGrant::kEverything) {
    return make_error(Reason::kForbidden, str_cat(peer_.identity.text(), " may not watch everything"));
  }
  NodeKey key{peer_.identity.text(), hello.node, hello.instance};
  if (greeted_ && key != key_) return protocol_error("a second hello names another node or instance");
  request_.scope = hello.scope;
  request_.wants = {hello.wants.begin(), hello.wants.end()};
  HEDDLE_CHECK_OK(check_count(request_.wants));
  request_.text = request_text(request_);
  if (greeted_) not_before_ = now + kRetryDelay;
  key_ = std::move(key);
  takes_trust_ = names(hello, kTrustFeature);
  takes_facts_ = names(hello, kFactsFeature);
  takes_addresses_ = names(hello, kAddressesFeature);
  asked_addresses_.clear();
  asked_ = request_.wants;
  holds_unknown_ = hello.version.has_value() || greeted_;  // who starts over serves what it had
  greeted_ = true;
  holds_batches_ = false;
  held_.reset();
  pending_.reset();
  sending_.reset();
  refused_.reset();
  runs_.reset();
  refused_at_.reset();
  target_.reset();
  view_.reset();
  state_ = NodeState::kSyncing;
  return {};
}

Result<void> Subscriber::on_want(const WatchWant& want) {
  if (!greeted_) return protocol_error("want before hello");
  view_.reset();
  for (const ResourceKey& key : want.drop) {
    request_.wants.erase(key);
    asked_.erase(key);
  }
  request_.wants.insert(want.add.begin(), want.add.end());
  asked_.insert(want.add.begin(), want.add.end());
  request_.text = request_text(request_);
  asked_addresses_.insert(want.addresses.begin(), want.addresses.end());
  if (asked_addresses_.size() > kMaxWantedAddresses) return protocol_error("asks for more than 256 addresses at once");
  return check_count(request_.wants);
}

Result<void> Subscriber::on_ack(const WatchAck& ack) {
  if (!pending_ || sending_ || ack.version != pending_->version) {
    return protocol_error(str_cat("ack of ", ack.version.text(), ", which does not wait for one"));
  }
  held_ = std::move(pending_);
  pending_.reset();
  refused_.reset();
  runs_ = held_->version;
  is_settled_ = true;
  holds_unknown_ = false;
  return {};
}

Result<void> Subscriber::on_nack(const WatchNack& nack, MonoTime now) {
  if (!pending_ || sending_ || nack.version != pending_->version) {
    return protocol_error(str_cat("nack of ", nack.version.text(), ", which does not wait for one"));
  }
  refused_ = pending_->set->hash;
  refused_at_ = pending_->version;
  pending_.reset();
  not_before_ = now + kRetryDelay;
  is_settled_ = true;
  return {};
}

void Subscriber::pump(const NodeView& target, BatchCache& cache, MonoTime now) {
  delayed_.reset();
  if (closed_ || !greeted_) return;
  judge(target);
  if (!flush()) return;
  send_trust();
  send_facts_request();
  send_release();
  send_drain();
  if (!writable_ || holds_batches_) return;
  std::vector<ResourceKey> unknown;
  for (const ResourceKey& key : target.unknown) {
    if (asked_.contains(key)) unknown.push_back(key);
  }
  asked_.clear();
  if (!unknown.empty()) send(WatchUnknown{std::move(unknown)});
  bool is_current = held_ && held_->set->hash == target.set->hash;
  if (pending_ || is_current || refused_ == target.set->hash || !writable_) return;
  if (now < not_before_) {
    delayed_ = not_before_;
    return;
  }
  start_batch(target, cache, now);
}

// Whether what it holds is what it should hold. Content that came back counts for the newest version, also content that
// was refused.
void Subscriber::judge(const NodeView& target) {
  target_ = target.set;
  if (held_ && !runs_) runs_ = held_->version;
  if (refused_ != target.set->hash) refused_at_.reset();
  if (held_ && held_->set->hash == target.set->hash) {
    runs_ = target.version;
    state_ = NodeState::kLive;
    is_settled_ = true;
  } else if (refused_ == target.set->hash) {
    state_ = NodeState::kRefused;
    refused_at_ = refused_at_.value_or(target.version);
  } else {
    state_ = held_ ? NodeState::kBehind : NodeState::kSyncing;
  }
}

// False: the sink is full.
bool Subscriber::flush() {
  if (sending_ && writable_) {
    note(sending_->send(sink_));
    if (sending_->is_done()) sending_.reset();
  }
  return !sending_ && writable_;
}

void Subscriber::start_batch(const NodeView& target, BatchCache& cache, MonoTime now) {
  std::optional<Version> from;
  if (held_) from = held_->version;
  sending_.emplace(from, target.version, target.set->hash, cache.body(held_ ? held_->set : nullptr, target.set));
  pending_ = Held{target.set, target.version};
  pending_since_ = now;
  flush();
}

void Subscriber::send_heartbeat(Version newest, WallTime now) {
  if (is_idle() && !closed_) send(WatchHeartbeat{newest, now, runs_});
}

void Subscriber::drain() {
  leaves_.reset();
  drain_ = true;
  send_drain();
}

void Subscriber::send_drain() {
  if (!drain_ || closed_ || !is_idle()) return;
  drain_ = false;
  send(WatchDrain{});
}

void Subscriber::announce_trust(std::shared_ptr<const std::string> line) {
  if (!takes_trust_) return;
  trust_ = std::move(line);
  send_trust();
}

void Subscriber::send_trust() {
  if (trust_ == nullptr || closed_ || !is_idle()) return;
  note(sink_.send_line(*trust_));
  trust_.reset();
}

// Before anything else is sent, so never inside a batch.
void Subscriber::announce_addresses() {
  if (!takes_addresses_ || closed_ || std::exchange(announced_addresses_, true)) return;
  send(WatchAddresses{});
}

std::vector<Address> Subscriber::take_addresses() {
  if (asked_addresses_.empty() || closed_ || holds_batches_ || !is_idle()) return {};
  std::vector<Address> out(asked_addresses_.begin(), asked_addresses_.end());
  asked_addresses_.clear();
  return out;
}

void Subscriber::ask_facts(WatchFactsRequest request) {
  if (!takes_facts_) return;
  facts_request_ = request;
  send_facts_request();
}

void Subscriber::send_facts_request() {
  if (!facts_request_ || closed_ || !is_idle()) return;
  send(*std::exchange(facts_request_, std::nullopt));
}

void Subscriber::tell_release(const WatchRelease& release) {
  release_ = release;
  send_release();
}

void Subscriber::send_release() {
  if (!release_ || closed_ || !is_idle()) return;
  send(*std::exchange(release_, std::nullopt));
}

void Subscriber::close(const Error& error) {
  if (closed_) return;
  closed_ = true;
  sending_.reset();
  sink_.close(error);
}
}  // namespace heddle
