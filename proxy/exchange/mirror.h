// Mirror: the copy of one request that a RequestMirror of its rule sends to another backend set (Gateway API v1). Its
// answer is read and dropped. It never delays, fails or holds up the request itself: nothing of it is ever waited for,
// and what it does not take of the body in time ends it.
//
//   Exchange --MirrorTap--> Mirror --Upstream--> upstream stream
//                             ^ made and owned by the MirrorSender of the worker
//
// One try at an endpoint of BackendSet::pick() (hashed as the request itself is), with a permit of that set's breaker;
// no retry, no replay. Its head is the request's as the filters of the rule leave it. Bytes of the body are views of
// the request's blocks. A request for an upgrade is not mirrored, nor one that the sidecar answers itself.
//
// Life: a mirror that ended stays as an empty shell until its exchange lets it go, so that neither has to tell the
// other; an exchange that finishes leaves it to itself, for `afterwards` at most, or ends it where the request is not
// whole. It retires when both are over. Belongs to one loop.
#pragma once
#include <memory>
#include <optional>

#include "lib/base/object_pool.h"
#include "lib/event/loop.h"
#include "lib/session/stream.h"
#include "proxy/exchange/loop_guard.h"
#include "proxy/exchange/route_target.h"

namespace heddle {
class MirrorSender;

struct MirrorTimes {
  Duration idle = 60s;        // nothing moved, either way
  Duration afterwards = 60s;  // for the rest of its answer, once the request itself is over
};

class Mirror final : public Retirable, private ListNode<Mirror> {
 public:
  // Of the body, beside what the stream itself queues (64 KiB): some windows of HTTP/2, so that one round trip more
  // than the request's own endpoint needs is not too slow yet.
  static constexpr size_t kMaxHeld = 256 * 1024;

  void dispose() noexcept override;

 private:
  friend class MirrorSender;
  friend class MirrorTap;
  friend class ObjectPool<Mirror>;
  friend class IntrusiveList<Mirror>;
  using Live = ListNode<Mirror>;
  struct Upstream final : ResponseSink, AcquireWaiter {
    explicit Upstream(Mirror& m) : mirror(m) {}
    void on_informational(ResponseHead&&) override { mirror.touch(); }
    void on_response(ResponseHead&& head, bool end) override { mirror.on_response(head, end); }
    void on_body(Buffer&& bytes, bool end) override { mirror.on_response_body(bytes.size(), end); }
    void on_trailers(HeaderMap&&) override { mirror.on_answered(); }
    void on_drained() override { mirror.on_drained(); }
    void on_gone(const Error& why) override { mirror.on_gone(why); }
    void on_session(ClientSession& session) override { mirror.open_on(session); }
    void on_acquire_failed(const Error& why) override { mirror.on_gone(why); }
    Mirror& mirror;
  };

  Mirror(MirrorSender& sender, const RouteTarget& source, BackendSet& backends, BackendSet::Pick pick,
         const RequestHead& head);
  ~Mirror() override = default;
  // Of its exchange.
  void open();
  void write(const Buffer& bytes, bool end);
  void trailers(const HeaderMap&);
  void let_go();
  // Of its upstream.
  void open_on(ClientSession&);
  void send_held();
  void on_response(const ResponseHead&, bool end);
  void on_response_body(size_t bytes, bool end);
  void on_drained();
  void on_answered();
  void on_gone(const Error&);
  // Ends.
  void on_idle_over();
  void on_time_over() { give_up(MirrorOutcome::kTimeout); }
  void give_up(MirrorOutcome, Reason of_endpoint = Reason::kCancelled);
  void end_try(Reason);
  void finish(MirrorOutcome);
  void retire_if_over();
  void touch();

  MirrorSender& sender_;
  std::shared_ptr<const void> pin_;  // keeps backends_ alive
  BackendSet& backends_;
  std::optional<BackendSet::Pick> pick_;
  RequestHead head_;
  Buffer held_;
  std::optional<HeaderMap> trailers_;
  Upstream up_{*this};
  ClientStream* stream_ = nullptr;  // null before and after
  Mirror* next_ = nullptr;          // of the same request
  MonoTime sent_at_;
  uint64_t bytes_sent_ = 0;
  uint64_t bytes_received_ = 0;
  uint16_t status_ = 0;
  bool full_ = false;
  bool request_ended_ = false;  // the whole of it has come to us
  bool sent_whole_ = false;
  bool is_attached_ = true;
  bool is_over_ = false;
  DeadlineOf<Mirror, &Mirror::on_idle_over> idle_{*this};
  DeadlineOf<Mirror, &Mirror::on_time_over> afterwards_{*this};
};

// Makes the mirrors of a worker and owns them. Outlives its exchanges; dies before the worker's backend sets, when
// no upstream connection is left.
class MirrorSender {
 public:
  MirrorSender(Loop& loop, const LoopGuard& loop_guard, MirrorTimes times = {})
      : loop_(loop), loop_guard_(loop_guard), times_(times) {}
  ~MirrorSender();
  MirrorSender(const MirrorSender&) = delete;
  MirrorSender& operator=(const MirrorSender&) = delete;
  // nullptr: there is no endpoint, or a limit is reached (counted).
  Mirror* make(const RouteTarget& source, BackendSet&, const RequestHead&);

 private:
  friend class Mirror;
  Loop& loop_;
  const LoopGuard& loop_guard_;
  MirrorTimes times_;
  ObjectPool<Mirror> pool_;
  IntrusiveList<Mirror> live_;
};

// What an exchange holds of its mirrors: nothing, nearly always, and then nothing but the test may be called.
class MirrorTap {
 public:
  MirrorTap() = default;
  MirrorTap(const MirrorTap&) = delete;
  MirrorTap& operator=(const MirrorTap&) = delete;
  explicit operator bool() const noexcept { return first_ != nullptr; }
  // The mirrors that the request's draw hits. What there is of its body follows, then open().
  void start(MirrorSender&, const RouteTarget&, const RequestHead&);
  void open();
  void write(const Buffer& bytes, bool end);
  void trailers(const HeaderMap&);
  void let_go();  // the exchange is over

 private:
  Mirror* first_ = nullptr;
};
}  // namespace heddle
