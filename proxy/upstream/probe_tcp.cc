#include <algorithm>

#include "proxy/upstream/network_probes.h"

namespace heddle {
namespace {
// How long a tunnel to an application must live to count; at most half of the check's timeout. A sidecar learns within
// a millisecond that nobody listens on its own machine.
constexpr Duration kSettle = 100ms;

class TcpProbe final : public Probe {
 public:
  TcpProbe(ProbeContext& context, const ProbeSpec& spec)
      : loop_(context.session.loop),
        below_(context.tcp),
        address_(spec.endpoint.address),
        timeout_(spec.check.timeout) {
    if (spec.tls == UpstreamTls::kMtls) {
      tls_ = make_endpoint_connector({loop_, context.tcp, context.tls}, spec.endpoint, alpn::kTcp);
    }
  }
  Pending run(OnResult done) override;

 private:
  class Run;
  Connector& connector() { return tls_ ? static_cast<Connector&>(*tls_) : below_; }
  Loop& loop_;
  Connector& below_;
  const Address address_;
  const Duration timeout_;
  std::unique_ptr<TlsConnector> tls_;
};

class TcpProbe::Run final : public Operation, private Transport::Observer {
 public:
  Run(TcpProbe& probe, OnResult done) : probe_(probe), done_(std::move(done)) {
    dial_ = probe_.connector().connect(
        probe_.address_, probe_.timeout_,
        [this](Result<std::unique_ptr<Transport>> connected) { on_connect(std::move(connected)); });
  }

 private:
  void on_connect(Result<std::unique_ptr<Transport>> connected) {
    if (!connected) return finish(connected.error());
    transport_ = *std::move(connected);
    if (!probe_.tls_) return finish({Reason::kNone, Origin::kUpstream, {}});
    transport_->observe(this);
    settle_.arm(probe_.loop_, std::min(kSettle, probe_.timeout_ / 2));
  }
  void on_settled() { finish({Reason::kNone, Origin::kUpstream, {}}); }

  void on_data(Buffer& in) override {
    in.consume(in.size());
    finish({Reason::kNone, Origin::kUpstream, {}});  // the application spoke
  }
  void on_end() override { finish(make_error(Reason::kUpstreamClosed, "closed at once", Origin::kUpstream)); }
  void on_drained() override {}
  void on_closed(const Error& why) override {
    finish(make_error(Reason::kUpstreamReset, "cut off at once: " + why.detail, Origin::kUpstream));
  }

  // The transport dies with this token; closing lets the peer know now.
  void finish(Error why) {
    if (!done_) return;
    settle_.cancel();
    if (transport_ != nullptr) transport_->close(CloseMode::kFlush);
    std::exchange(done_, nullptr)(ProbeResult{std::move(why), 0});
  }

  TcpProbe& probe_;
  OnResult done_;
  std::unique_ptr<Transport> transport_;
  Pending dial_;
  DeadlineOf<Run, &Run::on_settled> settle_{*this};
};

Pending TcpProbe::run(OnResult done) { return std::make_unique<Run>(*this, std::move(done)); }
}  // namespace

std::unique_ptr<Probe> make_tcp_probe(ProbeContext& context, const ProbeSpec& spec) {
  return std::make_unique<TcpProbe>(context, spec);
}
}  // namespace heddle
