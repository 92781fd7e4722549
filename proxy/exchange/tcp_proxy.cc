#include "proxy/exchange/tcp_proxy.h"

#include <array>
#include <utility>

#include "certs/verify.h"
#include "lib/tls/client_hello.h"

namespace heddle {

namespace {
// A record with the fatal alert unrecognized_name (RFC 6066 §3, RFC 8446 §6).
constexpr std::string_view kUnrecognizedName{"\x15\x03\x03\x00\x02\x02\x70", 7};
}  // namespace

// One joined connection. Owns itself: dials while the downstream's bytes wait in its transport, then the tunnel works.
class TcpProxy::Joined final : public Connection, private Revocable, private Transport::Observer {
 public:
  Joined(const TcpServices& services, std::unique_ptr<Transport> downstream)
      : services_(services), downstream_(std::move(downstream)), info_(downstream_->info()) {
    summary_.started = services_.context.loop.now();
    summary_.peer = info_.peer;
    summary_.peer_certificate = info_.peer_certificate;
    summary_.is_foreign = info_.is_foreign;
    services_.context.registry.add(*this);
  }
  ~Joined() override { services_.context.registry.remove(*this); }

  void start() {
    downstream_->observe(this);
    if (!services_.router.asks_server_name(info_)) return route();
    awaits_name_ = true;
    name_late_.arm(services_.context.loop, services_.detect);
  }

  void route() {
    awaits_name_ = false;
    name_late_.cancel();
    auto target = services_.router.route_tcp(info_);
    if (!target) return refuse(target.error());
    downstream_->pause(PauseReason::kTunnel);
    target_ = *std::move(target);
    summary_.route = target_.runtime;
    target_.runtime->tcp.opened.add(1);
    target_.runtime->tcp.active.add(1);
    if (Reason refused = admit(); refused != Reason::kNone) return fail(make_error(refused, ""));
    if (services_.revoker != nullptr) services_.revoker->watch(*this);
    auto dialled = dial();
    if (!dialled) fail(dialled.error());
  }

  // Connection. A tunnel has no point at which it could stop gracefully; the drain deadline ends it.
  void drain() override {
    if (!drain_over_.is_armed()) drain_over_.arm(services_.context.loop, services_.drain);
  }
  void abort(const Error& why) override {
    if (tunnel_ != nullptr) return tunnel_->abort();
    fail(why);
  }
  ConnectionInfo describe() const override { return info_; }
  std::string_view protocol() const override { return "tcp"; }
  size_t active_streams() const override { return 1; }
  bool is_trusted(const TrustBundle& bundle) const override {
    auto believes = [&](const auto& peer) { return peer == nullptr || has_root(bundle, *peer); };
    return believes(info_.peer_certificate) && believes(upstream_certificate_);
  }

 private:
  Reason admit() {
    if (services_.admission == nullptr) return Reason::kNone;
    return services_.admission->admit(nullptr, info_, summary_.authz);
  }

  bool is_admitted() const override { return services_.admission->still_admits(nullptr, info_); }
  void revoke() override {
    was_revoked_ = true;
    static_cast<void>(admit());
    abort(make_error(Reason::kAuthzDenied, "an AuthorizationPolicy changed"));
  }

  // The bytes stay in the transport: until the server name is known, and while dialling.
  void on_data(Buffer& in) override {
    if (!awaits_name_ || in.size() < name_needs_) return;
    std::array<std::byte, kMaxSniffedHello> head{};
    SniffedHello seen = sniff_client_hello(Bytes(head.data(), in.copy_to(head)));
    name_needs_ = seen.needs;
    has_spoken_ = true;
    if (seen.step == SniffedHello::Step::kNeedMore) return;
    speaks_tls_ = seen.step == SniffedHello::Step::kHello;
    info_.sni = std::move(seen.server_name);
    route();
  }
  void on_end() override {
    if (awaits_name_) fail(make_error(Reason::kDownstreamClosed, "closed before the ClientHello", Origin::kDownstream));
  }
  void on_drained() override {}
  // Perhaps the server is who speaks first: that is no TLS, and a TCPRoute may take it.
  void on_name_late() {
    if (!has_spoken_) return route();
    fail(make_error(Reason::kDetectTimeout, "the ClientHello did not come in time"));
  }
  void on_closed(const Error& why) override {
    if (was_refused_) return end();
    fail(make_error(Reason::kDownstreamClosed, why.detail, Origin::kDownstream));
  }

  Result<void> dial() {
    auto which = tries_ == 0 ? BackendSet::Try::kFirst : BackendSet::Try::kRetry;
    HEDDLE_TRY(auto pick, target_.backends->pick(std::span(tried_).first(tries_),
                                                 {which, BackendSet::Purpose::kTunnel, &summary_.limit, target_.hash}));
    pick_.emplace(std::move(pick));
    tried_[tries_++] = pick_->index();
    summary_.tries = static_cast<uint8_t>(tries_);
    summary_.upstream = pick_->endpoint().address();
    old_dial_ = std::move(dial_);  // not destroyed inside its own callback
    dial_ = pick_->tcp_connector().connect(
        summary_.upstream, pick_->pool().limits().connect,
        [this](Result<std::unique_ptr<Transport>> connected) { on_dialled(std::move(connected)); });
    return {};
  }

  void on_dialled(Result<std::unique_ptr<Transport>> connected) {
    if (connected) return join(*std::move(connected));
    pick_->finish({connected.error().reason, 0, 0, 0});
    pick_.reset();
    if (tries_ < kMaxTries && dial()) return pick_->on_retry(connected.error().reason);
    fail(connected.error());
  }

  void join(std::unique_ptr<Transport> upstream) {
    summary_.upstream_connected = true;
    pick_->on_connected();
    summary_.upstream_tls = upstream->info().is_tls;
    upstream_certificate_ = upstream->info().peer_certificate;
    downstream_->observe(nullptr);
    downstream_->resume(PauseReason::kTunnel);
    if (services_.proxy_header) introduce(*upstream);
    TunnelOptions options{target_.stream_idle.value_or(services_.idle), services_.pipes};
    tunnel_ = std::make_unique<TcpTunnel>(services_.context.loop, std::move(downstream_), std::move(upstream), options,
                                          [this](const Error& why) { on_tunnel_done(why); });
  }

  // Before any byte of the caller, and also when the caller waits for the other side to speak first.
  void introduce(Transport& upstream) {
    ProxyEnds ends{info_.peer, info_.is_proxied ? info_.local : info_.original_dst.value_or(info_.local)};
    static_cast<void>(
        upstream.write(Buffer(services_.context.loop.blocks(), write_proxy_header(*services_.proxy_header, ends))));
  }

  void on_tunnel_done(const Error& why) {
    summary_.reason = why.reason == Reason::kIo
                          ? (why.origin == Origin::kUpstream ? Reason::kUpstreamReset : Reason::kDownstreamReset)
                          : why.reason;
    if (was_revoked_) {
      summary_.reason = Reason::kAuthzDenied;
      summary_.made_here = true;
    }
    TunnelBytes bytes = tunnel_->bytes();
    summary_.request_bytes = bytes.up;
    summary_.response_bytes = bytes.down;
    bool upstream_failed = why.reason != Reason::kNone && why.origin == Origin::kUpstream;
    pick_->finish({upstream_failed ? Reason::kUpstreamReset : Reason::kNone, 0, bytes.up, bytes.down});
    services_.context.loop.retire(*tunnel_.release());
    end();
  }

  void on_drain_over() { abort(make_error(Reason::kDraining, "drain deadline passed")); }

  // The client learns why, as from a TLS server that does not know the name.
  void refuse(const Error& why) {
    if (why.reason != Reason::kRouteNotFound || !speaks_tls_) return fail(why);
    was_refused_ = true;
    summary_.reason = why.reason;
    summary_.made_here = true;
    static_cast<void>(downstream_->write(Buffer(services_.context.loop.blocks(), kUnrecognizedName)));
    downstream_->close(CloseMode::kFlush);
  }

  void fail(const Error& why) {
    if (ended_) return;
    if (was_refused_) {
      downstream_->close(CloseMode::kAbort);
      return end();
    }
    summary_.reason = why.reason;
    summary_.made_here = true;
    if (downstream_ != nullptr && why.reason != Reason::kDownstreamClosed) downstream_->close(CloseMode::kAbort);
    end();
  }

  void end() {
    if (std::exchange(ended_, true)) return;
    awaits_name_ = false;
    name_late_.cancel();
    if (target_.runtime != nullptr) target_.runtime->tcp.active.add(-1);
    Revocable::unlink();
    services_.observer.on_tcp_finished(summary_);
    services_.context.registry.remove(*this);
    services_.context.loop.retire(*this);
  }

  const TcpServices& services_;
  std::unique_ptr<Transport> downstream_;
  ConnectionInfo info_;
  RouteTarget target_;
  std::optional<BackendSet::Pick> pick_;
  std::array<uint32_t, kMaxTries> tried_{};
  size_t tries_ = 0;
  Pending dial_;
  Pending old_dial_;
  std::unique_ptr<TcpTunnel> tunnel_;
  std::shared_ptr<const PeerCertificate> upstream_certificate_;
  ExchangeSummary summary_;
  DeadlineOf<Joined, &Joined::on_drain_over> drain_over_{*this};
  DeadlineOf<Joined, &Joined::on_name_late> name_late_{*this};
  size_t name_needs_ = 1;     // bytes, before it is worth while to look again
  bool awaits_name_ = false;  // the ClientHello's
  bool has_spoken_ = false;
  bool speaks_tls_ = false;
  bool was_refused_ = false;  // and only waits for that to leave
  bool was_revoked_ = false;
  bool ended_ = false;
};

void TcpProxy::on_tcp(std::unique_ptr<Transport> downstream) {
  std::make_unique<Joined>(services_, std::move(downstream)).release()->start();
}
}  // namespace heddle
