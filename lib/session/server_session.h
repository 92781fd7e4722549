// ServerSession: one downstream connection that carries HTTP. Owns its transport, codec and streams, and itself: it
// retires when the transport is gone. Belongs to one loop. Hands every request to the RequestHandler.
#pragma once
#include <memory>

#include "lib/session/session.h"
#include "lib/session/session_limits.h"
#include "lib/session/stream.h"
#include "lib/session/stream_slots.h"
#include "lib/session/stream_table.h"

namespace heddle {

class ServerSession final : public Session, private ServerEvents {
 public:
  // Starts reading at once. The session lives until its transport is gone; `handler` must outlive it.
  static ServerSession& start(const SessionContext&, std::unique_ptr<Transport>, ServerProtocol&, RequestHandler&,
                              const SessionLimits&);
  ~ServerSession() override;

  void drain() override;
  // For a connection that has said nothing yet: its first request is still answered, if it comes within `patience`.
  void drain_after_first_request(Duration patience);
  void abort(const Error& why) override;
  std::string_view protocol() const override { return protocol_; }
  size_t active_streams() const override { return streams_.size(); }

 private:
  class Stream;
  struct Key {};  // constructed by start() only

 public:
  ServerSession(Key, const SessionContext&, std::unique_ptr<Transport>, ServerProtocol&, RequestHandler&,
                const SessionLimits&);

 private:
  // ServerEvents
  void on_request(StreamId, RequestHead&&, bool end) override;
  void on_refused(const RefusedRequest& request) override { handler_.on_refused_request(info(), request); }
  void on_data(StreamId, Buffer&&, bool end) override;
  void on_trailers(StreamId, HeaderMap&&) override;
  void on_reset(StreamId, ResetCode) override;
  void on_drained(StreamId) override;
  void on_go_away(StreamId) override {}
  // Session
  void on_receive_error(const Error&) override;
  void on_received() override;
  void on_flushed() override;
  void on_finished() override;
  void on_transport_gone(const Error&) override;

  void release(Stream&);
  void fail(const Error&);
  void arm_waiting();
  void on_waiting_over();
  void on_drain_over() { abort(make_error(Reason::kDraining, "drain deadline passed")); }

  // While nothing is in flight.
  enum class Waiting : uint8_t { kHead, kParking, kIdle };  // for a begun head; to be parked; for a request
  bool park();

  const std::string_view protocol_;
  ServerProtocol& maker_;
  ParkingLot* const parking_;
  RequestHandler& handler_;
  const SessionLimits& limits_;
  std::unique_ptr<ServerCodec> codec_;
  StreamSlots<Stream> slots_;
  StreamTable<Stream> streams_;
  // While no request is in flight: keep-alive idle time, or the time a begun head may take.
  DeadlineOf<ServerSession, &ServerSession::on_waiting_over> waiting_{*this};
  DeadlineOf<ServerSession, &ServerSession::on_drain_over> drain_over_{*this};
  Waiting waits_for_ = Waiting::kIdle;
  bool failed_ = false;
  bool unread_body_ = false;  // an exchange ended before its request body did: linger before closing
  bool draining_ = false;
  bool drain_next_ = false;
  bool cut_off_ = false;  // h1: an answer that had begun was broken off; a FIN might look like its end
};
}  // namespace heddle
