#include <optional>

#include "lib/base/strings.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"
#include "proxy/admin/application_probe.h"

namespace heddle {
namespace {
constexpr int kMaxRedirects = 10;
constexpr size_t kMaxAnswer = 1024 * 1024;

bool is_redirect(uint16_t status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

class ApplicationHttpProbe final : public Probe {
 public:
  ApplicationHttpProbe(const ProbeContext& context, std::shared_ptr<const TlsContext> tls,
                       const ApplicationProbe& probe, const Address& address)
      : probe_(probe), address_(address) {
    Connector* connector = &context.tcp;
    if (probe_.is_https) {
      tls_.emplace(context.session.loop, context.tcp, [tls = std::move(tls), timeout = probe_.timeout] {
        TlsSetup setup;
        setup.context = tls;
        setup.handshake = timeout;
        return Result<TlsSetup>(std::move(setup));
      });
      connector = &*tls_;
    }
    client_.emplace(context.session, context.protocols, *connector, address_, options());
  }

  Pending run(OnResult done) override { return std::make_unique<Run>(*this, std::move(done)); }

 private:
  class Run final : public Operation {
   public:
    Run(ApplicationHttpProbe& probe, OnResult done) : probe_(probe), done_(std::move(done)), path_(probe.probe_.path) {
      ask();
    }

   private:
    void ask() {
      RpcRequest request;
      size_t question = path_.find('?');
      request.path = path_.substr(0, question);
      if (question != std::string::npos) request.query = path_.substr(question + 1);
      request.headers = probe_.probe_.headers;
      auto answered = [this](Result<RpcResponse> answer) { on_answer(std::move(answer)); };
      next_ = probe_.client_->call(std::move(request), probe_.probe_.timeout, std::move(answered));
      std::swap(call_, next_);  // the one before ends inside its own answer: later
    }

    void on_answer(Result<RpcResponse> answer) {
      if (!answer) return finish({answer.error(), 0});
      std::string next = is_redirect(answer->status) ? target_of(*answer) : std::string();
      if (!next.empty() && ++redirects_ <= kMaxRedirects) {
        path_ = std::move(next);
        return ask();
      }
      if (!next.empty()) return finish({failure("more than 10 redirects"), 0});
      bool passed = answer->status >= 200 && answer->status < 400;
      Error why = passed ? Error{Reason::kNone, Origin::kUpstream, {}}
                         : failure(str_cat("status ", std::to_string(answer->status)));
      finish({std::move(why), answer->status});
    }

    std::string target_of(const RpcResponse& answer) const {
      for (const auto& [name, value] : answer.headers) {
        if (name == "location") return redirected_path(path_, value, probe_.origin());
      }
      return {};
    }

    static Error failure(std::string why) {
      return make_error(Reason::kUnavailable, std::move(why), Origin::kUpstream);
    }
    void finish(ProbeResult result) { std::exchange(done_, nullptr)(std::move(result)); }

    ApplicationHttpProbe& probe_;
    OnResult done_;
    std::string path_;
    int redirects_ = 0;
    Pending call_;
    Pending next_;
  };

  std::string authority() const { return probe_.authority.empty() ? address_.text() : probe_.authority; }
  std::string origin() const { return str_cat(probe_.is_https ? "https://" : "http://", authority()); }
  HttpClientOptions options() const {
    HttpClientOptions options;
    options.authority = authority();
    options.scheme = probe_.is_https ? "https" : "http";
    options.connect = probe_.timeout;
    options.max_body = kMaxAnswer;
    options.keep_connection = false;
    return options;
  }

  const ApplicationProbe probe_;
  const Address address_;
  std::optional<TlsConnector> tls_;
  std::optional<HttpClient> client_;
};
}  // namespace

std::string redirected_path(std::string_view path, std::string_view location, std::string_view origin) {
  std::string_view target = location.substr(0, location.find('#'));
  if (target.starts_with(origin)) target.remove_prefix(origin.size());
  bool was_absolute = target.size() != location.substr(0, location.find('#')).size();
  if (was_absolute && target.empty()) return "/";
  if (was_absolute && !target.starts_with('/')) return {};  // another server whose name begins like this one's
  if (target.empty() || target.starts_with("//")) return {};
  if (target.starts_with('/')) return std::string(target);
  size_t colon = target.find(':');
  if (colon != std::string_view::npos && colon < target.find_first_of("/?")) return {};  // another scheme or server
  std::string_view base = path.substr(0, path.find('?'));
  return str_cat(target.starts_with('?') ? base : base.substr(0, base.rfind('/') + 1), target);
}

std::unique_ptr<Probe> make_application_http_probe(const ProbeContext& context, std::shared_ptr<const TlsContext> tls,
                                                   const ApplicationProbe& probe, const Address& address) {
  return std::make_unique<ApplicationHttpProbe>(context, std::move(tls), probe, address);
}

Result<std::shared_ptr<const TlsContext>> believing_client() {
  TlsMaterial nothing{nullptr, std::make_shared<const TrustBundle>(), {}};
  return TlsContext::create(nothing, {TlsRole::kClient, PeerCertificatePolicy::kNone, {std::string(alpn::kHttp1)}});
}
}  // namespace heddle
