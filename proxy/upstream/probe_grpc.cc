#include <utility>

#include "lib/base/strings.h"
#include "lib/rpc/grpc_client.h"
#include "lib/rpc/grpc_health.h"
#include "proxy/upstream/network_probes.h"

namespace heddle {
namespace {
class GrpcProbe final : public Probe {
 public:
  GrpcProbe(ProbeContext& context, const ProbeSpec& spec) : spec_(spec) {
    Connector* connector = &context.tcp;
    if (spec.tls == UpstreamTls::kMtls) {
      tls_ = make_endpoint_connector({context.session.loop, context.tcp, context.tls}, spec.endpoint, alpn::kHttp2);
      connector = tls_.get();
    }
    client_.emplace(context.session, context.protocols, *connector, spec.endpoint.address);
  }

  Pending run(OnResult done) override;

 private:
  class Run;
  GrpcStreamRequest request() const {
    const ActiveCheck& check = spec_.check;
    GrpcStreamRequest request;
    request.path = kHealthCheckMethod;
    request.message = encode_health_request(check.service);
    request.authority = check.host.empty() ? spec_.endpoint.address.text() : check.host;
    request.scheme = spec_.tls == UpstreamTls::kMtls ? "https" : "http";
    return request;
  }

  const ProbeSpec spec_;
  std::unique_ptr<TlsConnector> tls_;
  std::optional<GrpcClient> client_;
};

class GrpcProbe::Run final : public Operation, private GrpcStreamObserver {
 public:
  Run(GrpcProbe& probe, OnResult done) : done_(std::move(done)) { call_ = probe.client_->open(probe.request(), *this); }

 private:
  void on_message(std::string_view message) override {
    ++messages_;
    said_ = decode_health_response(message);
  }
  void on_end(const GrpcEnd& how) override { std::exchange(done_, nullptr)(ProbeResult{judge(how), 0}); }

  Error judge(const GrpcEnd& how) const {
    if (how.no_answer != Reason::kNone) return make_error(how.no_answer, how.message, Origin::kUpstream);
    if (how.status != GrpcStatus::kOk) {
      std::string_view colon = how.message.empty() ? "" : ": ";
      return unavailable(str_cat("gRPC status ", to_text(how.status), colon, how.message));
    }
    if (messages_ != 1 || !said_) return unavailable("the answer is no HealthCheckResponse");
    if (*said_ != ServingStatus::kServing) return unavailable(std::string(to_text(*said_)));
    return {Reason::kNone, Origin::kUpstream, {}};
  }
  static Error unavailable(std::string why) {
    return make_error(Reason::kUnavailable, std::move(why), Origin::kUpstream);
  }

  OnResult done_;
  size_t messages_ = 0;
  std::optional<ServingStatus> said_;
  Pending call_;
};

Pending GrpcProbe::run(OnResult done) { return std::make_unique<Run>(*this, std::move(done)); }
}  // namespace

std::unique_ptr<Probe> make_grpc_probe(ProbeContext& context, const ProbeSpec& spec) {
  return std::make_unique<GrpcProbe>(context, spec);
}
}  // namespace heddle
