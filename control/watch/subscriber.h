// Subscriber: one sidecar's stream as a cursor: what it holds (acknowledged), what it was sent and did not answer yet,
// what it refused. Never a queue: at most one batch is under way, and the next is made from whatever is newest then.
// Owned by the WatchHub; control loop. It asks for nothing: the hub hands it the node view and the time.
#pragma once
#include <optional>

#include "control/registry/node_registry.h"
#include "control/watch/batch.h"
#include "lib/base/clock.h"

namespace heddle {
enum class WatchGrant : uint8_t { kWants, kEverything };

// Who is at the other end: from its certificate, never from its messages.
struct WatchPeer {
  SpiffeId identity;
  WatchGrant grant = WatchGrant::kWants;
  std::string address{};  // for people
  std::string serial{};   // of the certificate, lower-case hex
};

class Subscriber {
 public:
  static constexpr Duration kRetryDelay = 1s;      // after a nack, or when a sidecar starts over
  static constexpr Duration kAnswerTimeout = 30s;  // for taking and answering one batch

  Subscriber(uint64_t id, SubscriberSink& sink, WatchPeer peer)
      : id_(id), sink_(sink), peer_(std::move(peer)), request_{peer_.identity} {}
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // `held`: what the hub knows of the content that the sidecar says it holds; nothing: unknown, so a snapshot follows.
  struct Held {
    ScopeSet::Ptr set;
    Version version;
  };
  Result<void> on_hello(const WatchHello&, MonoTime now);
  void set_held(std::optional<Held> held) {
    holds_unknown_ = holds_unknown_ && !held;
    held_ = std::move(held);
  }
  // Until false, or the next hello: no batch begins and nobody is called unknown; all else goes on.
  void hold_batches(bool hold) noexcept { holds_batches_ = hold; }
  Result<void> on_want(const WatchWant&);
  // Answers to the batch under way; anything else is an error.
  Result<void> on_ack(const WatchAck&);
  Result<void> on_nack(const WatchNack&, MonoTime now);

  // Sends what may be sent now: the rest of a batch, unknown names, the next batch.
  void pump(const NodeView& target, BatchCache&, MonoTime now);
  void send_heartbeat(Version newest, WallTime now);
  // Once, as soon as no batch is under way.
  void drain();
  // It began at `since`; from `until` on it is_old(), until drain() is called.
  void live_from(MonoTime since, MonoTime until) {
    since_ = since;
    leaves_ = until;
  }
  // A whole line, for a sidecar that takes it: as soon as no batch is under way; a newer one replaces one that waits.
  void announce_trust(std::shared_ptr<const std::string> line);
  // Asks for what the sidecar remembers, if it takes_facts(): as soon as no batch is under way; a newer question
  // replaces one that waits.
  void ask_facts(WatchFactsRequest);
  bool takes_facts() const noexcept { return takes_facts_; }
  // How far those are that used its addresses, as soon as no batch is under way; a newer word replaces one that waits.
  void tell_release(const WatchRelease&);
  // Says that questions about addresses are answered, if it knows such answers: in the stream's first line.
  void announce_addresses();
  // What it asked whose they are, once they may be answered; then nothing is owed any more.
  std::vector<Address> take_addresses();
  void answer_addresses(WatchAddresses answer) { send(std::move(answer)); }
  void on_writable() { writable_ = true; }
  void close(const Error&);

  uint64_t id() const noexcept { return id_; }
  bool is_closed() const noexcept { return closed_; }
  bool is_greeted() const noexcept { return greeted_; }
  bool is_idle() const noexcept { return !sending_ && writable_; }
  bool is_old(MonoTime now) const { return leaves_ && now >= *leaves_; }
  MonoTime since() const noexcept { return since_; }
  // It is connected, and nobody asked it to leave.
  bool stays() const noexcept { return greeted_ && !closed_ && leaves_.has_value(); }
  // Its first batch on this stream is due and has not begun.
  bool is_first_due(const NodeView& target) const {
    return !is_settled_ && !pending_ && !holds_batches_ && (!held_ || held_->set->hash != target.set->hash);
  }
  // It answered a batch on this stream, or needed none.
  bool is_settled() const noexcept { return is_settled_; }
  bool is_stalled(MonoTime now) const { return pending_ && now - pending_since_ >= kAnswerTimeout; }
  // When a delayed batch may be sent; nothing: none is delayed.
  std::optional<MonoTime> delayed_until() const noexcept { return delayed_; }
  const NodeRequest& request() const noexcept { return request_; }
  const WatchPeer& peer() const noexcept { return peer_; }
  const NodeKey& key() const noexcept { return key_; }
  NodeState state() const noexcept { return state_; }
  std::optional<Version> acked() const { return held_ ? std::optional<Version>(held_->version) : std::nullopt; }
  // The newest version whose content equals what the sidecar holds.
  std::optional<Version> runs() const noexcept { return runs_; }
  // The version that brought what it should hold and refused; nothing: it refuses nothing now. Later versions that
  // leave that content as it is were not refused: they are not why it lags.
  std::optional<Version> refused() const { return state_ == NodeState::kRefused ? refused_at_ : std::nullopt; }
  // Since when a batch waits for its answer; nothing: none does.
  std::optional<MonoTime> unanswered_since() const {
    return pending_ ? std::optional<MonoTime>(pending_since_) : std::nullopt;
  }
  // What its request comes to in that version, if its owner has noted it since the request changed; nullptr: not known.
  const NodeView* view_of(Version version) const { return view_ && view_->version == version ? &*view_ : nullptr; }
  void note_view(NodeView view) { view_ = std::move(view); }
  // What it should hold, as last judged, and what it acknowledged; nullptr: nothing yet.
  const ScopeSet::Ptr& target() const noexcept { return target_; }
  ScopeSet::Ptr held() const { return held_ ? held_->set : nullptr; }
  // It holds content that is not known here, until it acknowledged something.
  bool holds_unknown() const noexcept { return holds_unknown_; }
  // What it may hold by now, since it was or is being sent; nullptr: nothing waits for an answer.
  ScopeSet::Ptr unanswered() const { return pending_ ? pending_->set : nullptr; }

 private:
  void start_batch(const NodeView& target, BatchCache&, MonoTime now);
  void judge(const NodeView& target);
  bool flush();
  void send(const ControlMessage& message) { note(sink_.send_line(encode(message))); }
  void send_drain();
  void send_trust();
  void send_facts_request();
  void send_release();
  void note(Flow flow) { writable_ = flow == Flow::kOpen; }

  uint64_t id_;
  SubscriberSink& sink_;
  WatchPeer peer_;
  NodeKey key_;
  NodeRequest request_;
  NodeState state_ = NodeState::kSyncing;
  std::optional<Held> held_;
  std::optional<Held> pending_;
  std::optional<Sha256Digest> refused_;  // not sent again until the content changes
  std::optional<Version> refused_at_;    // where that content became what it should hold
  std::optional<BatchCursor> sending_;
  std::optional<Version> runs_;
  ScopeSet::Ptr target_;
  std::optional<NodeView> view_;
  std::set<ResourceKey> asked_;  // wants whose "unknown" was not judged yet
  MonoTime pending_since_;
  MonoTime not_before_;
  std::optional<MonoTime> delayed_;
  std::shared_ptr<const std::string> trust_;        // waits to be sent
  std::optional<WatchFactsRequest> facts_request_;  // waits to be sent
  std::optional<WatchRelease> release_;             // waits to be sent
  bool takes_trust_ = false;
  bool takes_facts_ = false;
  bool takes_addresses_ = false;
  bool announced_addresses_ = false;
  std::set<Address> asked_addresses_;
  MonoTime since_;
  std::optional<MonoTime> leaves_;
  bool is_settled_ = false;
  bool holds_batches_ = false;
  bool holds_unknown_ = false;
  bool greeted_ = false;
  bool drain_ = false;
  bool writable_ = true;
  bool closed_ = false;
};
}  // namespace heddle
