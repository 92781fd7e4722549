// Session: the shared half of server and client sessions: transport <-> codec, once a turn. Owns both. Belongs to one
// loop. Bytes that arrive go to codec.receive(); calls down only mark the session dirty, and at the end of the turn
// flush() pulls codec.produce() into Transport::write() while the transport takes it.
#pragma once
#include <memory>

#include "lib/event/loop.h"
#include "lib/http/codec.h"
#include "lib/net/transport.h"
#include "lib/session/connection.h"

namespace heddle {
class ParkingLot;

// What a session is made for: names the protocol and makes its codec, so that the session is the codec's owner and
// its only listener. Shared by all sessions of a listener or pool; must outlive them.
class ServerProtocol {
 public:
  virtual std::string_view name() const = 0;  // "http/1.1" or "h2"
  virtual std::unique_ptr<ServerCodec> make(ServerEvents&, ReasonDisclosure) = 0;

 protected:
  ~ServerProtocol() = default;
};
class ClientProtocol {
 public:
  virtual std::string_view name() const = 0;
  virtual std::unique_ptr<ClientCodec> make(ClientEvents&) = 0;

 protected:
  ~ClientProtocol() = default;
};

struct SessionContext {
  Loop& loop;
  ConnectionRegistry& registry;
  ParkingLot* parking = nullptr;  // null: idle connections keep their sessions
};

class Session : public Connection, protected Transport::Observer {
 public:
  const ConnectionInfo& info() const { return transport_->info(); }
  ConnectionInfo describe() const override { return info(); }
  bool is_trusted(const TrustBundle&) const final;

 protected:
  static constexpr size_t kFlushBudget = 64 * 1024;
  Session(Loop& loop, std::unique_ptr<Transport> transport, ConnectionRegistry& registry);
  ~Session() override;
  // Once, by the derived constructor's factory: takes over the transport.
  void attach(Codec& codec);

  // The derived half.
  virtual void on_receive_error(const Error&) = 0;    // the codec refused the peer; may be said again
  virtual void on_received() {}                       // after each successful receive
  virtual void on_flushed() {}                        // after each flush
  virtual void on_finished() { close_gracefully(); }  // the codec has nothing left to do
  virtual void on_transport_gone(const Error&) = 0;   // streams must be told; the session retires afterwards

  void mark_dirty();
  void say_last_words();                // before close_gracefully(), when the codec has failed
  void close_gracefully();              // flush, then close
  void linger(Duration, size_t bytes);  // half-close, read and drop, then close
  void abort_transport();
  // The transport was detached: the session ends without a word.
  void leave();
  bool is_closing() const noexcept { return closing_; }
  Loop& loop() noexcept { return loop_; }
  Transport& transport() noexcept { return *transport_; }

  // Transport::Observer
  void on_data(Buffer& in) final;
  void on_end() final;
  void on_drained() final;
  void on_closed(const Error& why) final;

 private:
  void flush();
  void update_reading();
  void pause_reading();
  void finish_tunnel();
  void on_linger_over();
  void on_wake();
  void retire();
  Loop& loop_;
  std::unique_ptr<Transport> transport_;
  ConnectionRegistry& registry_;
  Codec* codec_ = nullptr;
  DeferredOf<Session, &Session::flush> flush_{*this};
  DeadlineOf<Session, &Session::on_linger_over> linger_{*this};
  DeadlineOf<Session, &Session::on_wake> wake_{*this};
  size_t linger_bytes_ = 0;
  size_t active_at_receive_ = 0;
  bool left_over_ = false;  // the codec left bytes in the transport
  bool wanted_at_receive_ = true;
  bool paused_ = false;
  bool full_ = false;
  bool closing_ = false;
  bool lingering_ = false;
  bool half_closed_ = false;
  bool woken_ = false;
  bool gone_ = false;
};
}  // namespace heddle
