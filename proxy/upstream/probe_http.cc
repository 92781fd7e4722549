#include <algorithm>

#include "lib/base/strings.h"
#include "lib/rpc/http_client.h"
#include "proxy/upstream/network_probes.h"

namespace heddle {
namespace {
constexpr size_t kMaxAnswer = 64 * 1024;  // a health answer that is longer fails

class HttpProbe final : public Probe {
 public:
  HttpProbe(ProbeContext& context, const ProbeSpec& spec) : spec_(spec) {
    Connector* connector = &context.tcp;
    if (spec.tls == UpstreamTls::kMtls) {
      tls_ = make_endpoint_connector({context.session.loop, context.tcp, context.tls}, spec.endpoint, alpn::kHttp2);
      connector = tls_.get();
    }
    client_.emplace(context.session, context.protocols, *connector, spec.endpoint.address, options());
  }

  Pending run(OnResult done) override {
    done_ = std::move(done);
    RpcRequest request;
    request.method = spec_.check.method;
    split_target(request);
    request.headers.emplace_back("user-agent", "heddle-health");
    auto run = std::make_unique<Run>(*this);
    run->call = client_->call(std::move(request), spec_.check.timeout,
                              [this, r = run.get()](Result<RpcResponse> answer) { finish(*r, std::move(answer)); });
    return run;
  }

 private:
  // A run that is cancelled leaves a connection that nobody should trust.
  struct Run final : Operation {
    explicit Run(HttpProbe& p) : probe(p) {}
    ~Run() override {
      call.reset();
      if (!is_done) probe.client_->forget_connection();
    }
    HttpProbe& probe;
    Pending call;
    bool is_done = false;
  };

  HttpClientOptions options() const {
    HttpClientOptions options;
    options.authority = spec_.check.host;
    options.scheme = spec_.tls == UpstreamTls::kMtls ? "https" : "http";
    options.connect = spec_.check.timeout;
    options.max_body = kMaxAnswer;
    options.prior_knowledge_http2 = spec_.tls == UpstreamTls::kPlaintext && spec_.protocol == UpstreamProtocol::kHttp2;
    return options;
  }

  void split_target(RpcRequest& request) const {
    std::string_view target = spec_.check.path;
    size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string_view::npos) request.query = target.substr(question + 1);
  }

  void finish(Run& run, Result<RpcResponse> answer) {
    run.is_done = true;
    ProbeResult result;
    if (answer) {
      result = judge(answer->status);
    } else {
      result.why = answer.error();
    }
    if (!result.passed()) client_->forget_connection();
    std::exchange(done_, nullptr)(std::move(result));
  }

  ProbeResult judge(uint16_t status) const {
    const auto& expected = spec_.check.expected;
    bool fits = std::any_of(expected.begin(), expected.end(),
                            [&](const StatusRange& r) { return status >= r.first && status <= r.last; });
    if (fits) return {{Reason::kNone, Origin::kUpstream, {}}, status};
    std::string detail = str_cat("status ", std::to_string(status), ", expected ", expected_text());
    return {make_error(Reason::kUnavailable, std::move(detail), Origin::kUpstream), status};
  }

  std::string expected_text() const {
    std::vector<std::string> ranges;
    for (const StatusRange& range : spec_.check.expected) {
      std::string text = std::to_string(range.first);
      if (range.last != range.first) text += str_cat("-", std::to_string(range.last));
      ranges.push_back(std::move(text));
    }
    return join(ranges, " or ");
  }

  const ProbeSpec spec_;
  std::unique_ptr<TlsConnector> tls_;
  std::optional<HttpClient> client_;
  OnResult done_;
};
}  // namespace

std::unique_ptr<Probe> make_http_probe(ProbeContext& context, const ProbeSpec& spec) {
  return std::make_unique<HttpProbe>(context, spec);
}
}  // namespace heddle
