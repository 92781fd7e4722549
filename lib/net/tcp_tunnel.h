// TcpTunnel: a Tunnel over any two Transports (TCP, TLS, Unix, memory). Bytes that are still unconsumed in either
// transport, from protocol detection or after an upgrade, go first. Blocks move from one to the other uncopied.
// Once enough bytes have passed and both sides turn out to be plain TCP with nothing in hand, it goes on by splice(2).
#pragma once
#include <memory>

#include "lib/base/deadline.h"
#include "lib/net/splice_tunnel.h"
#include "lib/net/tunnel.h"

namespace heddle {
struct TunnelOptions {
  Duration idle = Tunnel::kIdleTimeout;  // nothing moved in either direction
  // Where to borrow pipes for splice; null: never splice. Must outlive the tunnel.
  PipePool* pipes = nullptr;
  // Short conversations are not worth the change: the pair of calls that detach costs more than it saves.
  uint64_t splice_after = 256 * 1024;
};

class TcpTunnel final : public Tunnel {
 public:
  // A side that refuses to be detached so often will not change its mind (TLS, Unix).
  static constexpr int kSpliceAttempts = 3;

  TcpTunnel(Loop&, std::unique_ptr<Transport> downstream, std::unique_ptr<Transport> upstream, TunnelOptions, OnDone);
  TcpTunnel(const TcpTunnel&) = delete;
  TcpTunnel& operator=(const TcpTunnel&) = delete;

  void abort() override;
  TunnelBytes bytes() const override;
  bool is_spliced() const noexcept { return splice_ != nullptr; }

 private:
  // One of the two ends: reads from its own transport, writes into the other's.
  class Side final : public Transport::Observer {
   public:
    Side(TcpTunnel& tunnel, std::unique_ptr<Transport> transport, Origin origin)
        : tunnel_(tunnel), transport_(std::move(transport)), origin_(origin) {}
    void join(Side& other);
    void on_data(Buffer& in) override;
    void on_end() override;
    void on_drained() override;
    void on_closed(const Error& why) override;
    bool is_quiet() const { return !has_ended_ && !is_held_ && transport_ != nullptr && transport_->queued() == 0; }

   private:
    friend class TcpTunnel;
    TcpTunnel& tunnel_;
    std::unique_ptr<Transport> transport_;
    Side* other_ = nullptr;
    Origin origin_;
    uint64_t forwarded_ = 0;  // read here, written there
    bool has_ended_ = false;
    bool is_held_ = false;  // paused, because the other side is full
    bool is_closed_ = false;
  };

  void moved();
  void side_closed(Side&, const Error& why);
  void idle();
  void end(Error why);
  void finish();
  void try_splice();

  Loop& loop_;
  TunnelOptions options_;
  OnDone on_done_;
  Side down_;
  Side up_;
  int splice_attempts_ = 0;
  std::optional<Error> why_;  // set once the tunnel is over
  std::unique_ptr<SpliceTunnel> splice_;
  DeferredOf<TcpTunnel, &TcpTunnel::finish> finish_{*this};
  DeferredOf<TcpTunnel, &TcpTunnel::try_splice> try_splice_{*this};
  DeadlineOf<TcpTunnel, &TcpTunnel::idle> idle_{*this};
};
}  // namespace heddle
