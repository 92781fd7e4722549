#include "tests/support/memory_transport.h"

#include <algorithm>
#include <optional>

#include "lib/base/deadline.h"

namespace heddle {
namespace {
class End final : public MemoryTransport {
 public:
  End(Loop& loop, MemoryScript script)
      : loop_(loop), script_(script), in_(loop.blocks()), out_(loop.blocks()), arriving_(loop.blocks()) {
    info_.local = Address::loopback(1);
    info_.peer = Address::loopback(2);
  }
  ~End() override {
    if (peer_ != nullptr) peer_->peer_gone();
  }
  void join(End& peer) { peer_ = &peer; }

  void observe(Observer* observer) override {
    observer_ = observer;
    offer_wanted_ = true;
    want_upcalls();
  }
  Flow write(Buffer&& bytes) override {
    Buffer taken = std::move(bytes);
    if (!is_open() || finish_wanted_) return Flow::kOpen;
    out_.append(std::move(taken));
    want_writes();
    if (queued() >= kWriteHighMark) is_full_ = true;
    return is_full_ ? Flow::kFull : Flow::kOpen;
  }
  void finish() override {
    if (!is_open()) return;
    finish_wanted_ = true;
    want_writes();
  }
  void close(CloseMode mode) override {
    if (closed_why_) return;
    if (mode == CloseMode::kFlush) {
      if (is_flushing_) return;
      is_flushing_ = true;
      flush_deadline_.arm(loop_, kFlushDeadline);
      want_writes();
      return;
    }
    End* peer = peer_;
    shut(make_error(Reason::kCancelled, "aborted by this side"));
    if (peer != nullptr) peer->reset();
  }
  void pause(PauseReason reason) override { paused_.set(reason); }
  void resume(PauseReason reason) override {
    if (!paused_.has(reason)) return;
    paused_.clear(reason);
    if (paused_.any()) return;
    offer_wanted_ = true;
    want_upcalls();
  }
  void reoffer() override {
    offer_wanted_ = true;
    want_upcalls();
  }
  size_t queued() const override { return out_.size(); }
  const ConnectionInfo& info() const override { return info_; }
  void set_ends(const Address& peer, const Address& local) override { set_proxied_ends(info_, peer, local); }
  ConnectionInfo& mutable_info() override { return info_; }
  void cut() override {
    End* peer = peer_;
    reset();
    if (peer != nullptr) peer->reset();
  }

 private:
  bool is_open() const { return !closed_why_ && !is_flushing_; }
  bool may_offer() const { return observer_ != nullptr && is_open() && !paused_.any(); }
  void want_upcalls() { loop_.defer(upcalls_, Loop::Phase::kTask); }
  void want_writes() { loop_.defer(writes_, Loop::Phase::kTcp); }
  size_t room() const { return script_.pipe - std::min(script_.pipe, arriving_.size()); }

  void run_writes() {
    if (closed_why_) return;
    if (peer_ == nullptr) {
      out_.clear();
      if (is_flushing_) shut(make_error(Reason::kNone, "both sides finished"));
      return;
    }
    while (!out_.empty() && peer_->room() > 0) peer_->arriving_.append(out_.take(std::min(out_.size(), peer_->room())));
    peer_->schedule_delivery();
    if (is_full_ && queued() < kWriteHighMark / 2) {
      is_full_ = false;
      drained_wanted_ = true;
      want_upcalls();
    }
    if (!out_.empty() || !(finish_wanted_ || is_flushing_)) return;
    output_ended_ = true;
    peer_->end_arrives_ = true;
    peer_->schedule_delivery();
    if (is_flushing_ && end_seen_) return shut(make_error(Reason::kNone, "both sides finished"));
    want_upcalls();
  }

  void schedule_delivery() {
    if (script_.delay > Duration{}) {
      if (!delay_.is_armed()) delay_.arm(loop_, script_.delay);
    } else {
      loop_.defer(arrival_, Loop::Phase::kTask);
    }
  }

  void deliver() {
    if (closed_why_) return;
    bool reads = is_flushing_ || (may_offer() && in_.size() <= kUnconsumedMark);
    if (!reads) return;
    if (!arriving_.empty()) {
      size_t limit = script_.split > 0 ? script_.split : kUnconsumedMark;
      in_.append(arriving_.take(std::min(arriving_.size(), limit)));
      offer_wanted_ = true;
      if (peer_ != nullptr) peer_->want_writes();
    }
    if (is_flushing_) in_.clear();
    if (!arriving_.empty()) {
      schedule_delivery();
    } else if (end_arrives_ && !end_seen_) {
      end_seen_ = true;
      if (is_flushing_ && output_ended_) return shut(make_error(Reason::kNone, "both sides finished"));
    }
    want_upcalls();
  }

  void run_upcalls() {
    if (observer_ != nullptr && !connected_told_) {
      connected_told_ = true;
      if (is_open()) observer_->on_connected();
    }
    if (drained_wanted_ && observer_ != nullptr && is_open()) {
      drained_wanted_ = false;
      observer_->on_drained();
    }
    if (offer_wanted_ && may_offer()) {
      offer_wanted_ = false;
      if (!in_.empty()) observer_->on_data(in_);
    }
    if (end_seen_ && !end_told_ && !offer_wanted_ && may_offer()) {
      end_told_ = true;
      observer_->on_end();
    }
    if (is_open() && end_told_ && output_ended_ && in_.empty()) shut(make_error(Reason::kNone, "both sides finished"));
    if (!closed_why_ && (!arriving_.empty() || (end_arrives_ && !end_seen_))) schedule_delivery_if_reading();
    tell_closed();
  }
  void schedule_delivery_if_reading() {
    if (is_flushing_ || (may_offer() && in_.size() <= kUnconsumedMark)) schedule_delivery();
  }
  void tell_closed() {
    if (!closed_why_ || closed_told_ || observer_ == nullptr) return;
    closed_told_ = true;
    in_.clear();
    std::exchange(observer_, nullptr)->on_closed(*closed_why_);
  }

  void on_flush_deadline() {
    if (out_.empty()) return shut(make_error(Reason::kNone, "both sides finished"));
    shut(make_error(Reason::kTimeout, "could not be flushed within 1s"));
  }
  // The peer's object died: its last bytes are still under way, then comes the end.
  void peer_gone() {
    peer_ = nullptr;
    end_arrives_ = true;
    schedule_delivery();
    want_writes();
  }
  void reset() {
    if (!closed_why_) shut(make_error(Reason::kIo, "read: connection reset by peer"));
  }
  void shut(Error why) {
    closed_why_ = std::move(why);
    flush_deadline_.cancel();
    delay_.cancel();
    out_.clear();
    arriving_.clear();
    if (peer_ != nullptr) std::exchange(peer_, nullptr)->peer_gone();
    want_upcalls();
  }

  Loop& loop_;
  MemoryScript script_;
  End* peer_ = nullptr;
  Observer* observer_ = nullptr;
  Buffer in_;
  Buffer out_;
  Buffer arriving_;  // the network: written by the peer, not yet read
  Flags<PauseReason> paused_;
  bool connected_told_ = false, offer_wanted_ = false, drained_wanted_ = false, closed_told_ = false;
  bool is_full_ = false, finish_wanted_ = false, output_ended_ = false, is_flushing_ = false;
  bool end_arrives_ = false, end_seen_ = false, end_told_ = false;
  std::optional<Error> closed_why_;
  ConnectionInfo info_;
  DeferredOf<End, &End::run_writes> writes_{*this};
  DeferredOf<End, &End::deliver> arrival_{*this};
  DeferredOf<End, &End::run_upcalls> upcalls_{*this};
  DeadlineOf<End, &End::deliver> delay_{*this};
  DeadlineOf<End, &End::on_flush_deadline> flush_deadline_{*this};
};
}  // namespace

MemoryPair make_memory_pair(Loop& loop, MemoryScript script) {
  auto a = std::make_unique<End>(loop, script);
  auto b = std::make_unique<End>(loop, script);
  a->join(*b);
  b->join(*a);
  return {std::move(a), std::move(b)};
}
}  // namespace heddle
