// ClientSession: one upstream connection that carries HTTP. Owns its transport, codec and streams, and itself: it
// retires when the transport is gone. Belongs to one loop. Its Owner (a pool, an HTTP client) is told when there is
// room again and when it is gone; an idle session keeps reading, so that the peer's end is seen before reuse.
#pragma once
#include <memory>

#include "lib/session/server_session.h"
#include "lib/session/session.h"
#include "lib/session/session_limits.h"
#include "lib/session/stream.h"
#include "lib/session/stream_slots.h"
#include "lib/session/stream_table.h"

namespace heddle {

class ClientSession final : public Session, private ClientEvents, public ListNode<ClientSession, struct PoolTag> {
 public:
  class Owner {
   public:
    virtual void on_room(ClientSession&) = 0;          // a stream ended and another may be opened; from the loop
    virtual void on_unusable(ClientSession&) = 0;      // takes no new streams (GOAWAY, close); streams in flight go on
    virtual void on_session_gone(ClientSession&) = 0;  // the last call; the pointer is dead afterwards

   protected:
    ~Owner() = default;
  };
  static ClientSession& start(const SessionContext&, std::unique_ptr<Transport>, ClientProtocol&, Owner&,
                              const SessionLimits&);
  ~ClientSession() override;

  // has_room() must be true. The head is sent at the end of the turn; upcalls come later, never from inside.
  ClientStream& open(ResponseSink&, const RequestHead&, bool end);
  bool has_room() const { return !unusable_ && !is_closing() && codec_->capacity() > 0; }
  bool is_idle() const { return streams_.empty(); }
  MonoTime idle_since() const noexcept { return idle_since_; }
  // For when it is idle next; and from now on, if it is.
  void set_idle(Duration);

  void drain() override;
  void abort(const Error& why) override;
  std::string_view protocol() const override { return protocol_; }
  size_t active_streams() const override { return streams_.size(); }
  // The owner is going away: no more calls to it; the session drains and retires by itself.
  void disown();

 private:
  class Stream;
  struct Key {};  // constructed by start() only

 public:
  ClientSession(Key, const SessionContext&, std::unique_ptr<Transport>, ClientProtocol&, Owner&, const SessionLimits&);

 private:
  // ClientEvents
  void on_response(StreamId, ResponseHead&&, bool end) override;
  void on_informational(StreamId, ResponseHead&&) override;
  void on_data(StreamId, Buffer&&, bool end) override;
  void on_trailers(StreamId, HeaderMap&&) override;
  void on_reset(StreamId, ResetCode) override;
  void on_drained(StreamId) override;
  void on_go_away(StreamId) override;
  // Session
  void on_receive_error(const Error&) override;
  void on_received() override;
  void on_flushed() override;
  void on_transport_gone(const Error&) override;

  void release(Stream&);
  void become_unusable();
  void fail_streams(const Error&);
  void on_idle_over() { drain(); }

  const std::string_view protocol_;
  Owner* owner_;
  Duration idle_for_;  // what is idle longer is drained; a copy: the limits need not outlive the session
  std::unique_ptr<ClientCodec> codec_;
  StreamSlots<Stream> slots_;
  StreamTable<Stream> streams_;
  DeadlineOf<ClientSession, &ClientSession::on_idle_over> idle_{*this};
  MonoTime idle_since_;
  StreamId last_flushed_;  // streams above were never given to the transport
  StreamId last_opened_;
  bool heard_ = false;  // bytes came since the last open()
  bool used_ = false;   // a stream has ended here before
  bool unusable_ = false;
  bool room_wanted_ = false;
};
}  // namespace heddle
