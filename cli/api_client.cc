#include "cli/api_client.h"

#include <utility>

#include "certs/authorizer.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"
#include "lib/rpc/http_client.h"
#include "lib/tls/tls_connector.h"

namespace heddle {
namespace {
constexpr Duration kGoodbye = 200ms;  // for an orderly end of the connection; then it is cut

constexpr size_t kMaxAnswer = kMaxSnapshotBytes + (1 << 20);  // all that a store holds, as one list

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.max_body = kMaxAnswer;
  options.scheme = "https";
  return options;
}

}  // namespace

class ApiClient::Wire {
 public:
  static Result<std::unique_ptr<Wire>> open(Loop& loop, const ContextFile& context) {
    TlsMaterial material{nullptr, std::make_shared<const TrustBundle>(context.bundle)};
    TlsContext::Options options;
    options.alpn = {std::string(alpn::kHttp2), std::string(alpn::kHttp1)};
    HEDDLE_TRY(auto tls, TlsContext::create(material, std::move(options)));
    return std::make_unique<Wire>(loop, context, std::move(tls));
  }

  Wire(Loop& loop, const ContextFile& context, std::shared_ptr<const TlsContext> tls)
      : loop_(loop),
        tls_(loop, tcp_,
             [id = context.id, tls = std::move(tls)]() -> Result<TlsSetup> {
               TlsSetup setup;
               setup.context = tls;
               setup.check = Authorizer::exact(id);
               return setup;
             }),
        client_(std::in_place, SessionContext{loop, registry_}, protocols_, tls_, context.address, client_options()) {}

  // Connections must be gone before the loop.
  ~Wire() {
    client_.reset();
    bool late = false;
    auto timer = loop_.timer([&] { late = true; });
    timer->arm(kGoodbye);
    loop_.run_until([&] { return late || registry_.size() == 0; });
    registry_.abort_all(make_error(Reason::kCancelled, "the command is over"));
    loop_.run_until([&] { return registry_.size() == 0; });
  }

  Result<RpcResponse> call(RpcRequest request, Duration deadline) {
    std::optional<Result<RpcResponse>> answer;
    Pending pending = client_->call(std::move(request), deadline,
                                    [&](Result<RpcResponse> response) { answer.emplace(std::move(response)); });
    loop_.run_until([&] { return answer.has_value(); });
    if (!answer) return make_error(Reason::kCancelled, "interrupted");
    return *std::move(answer);
  }

 private:
  Loop& loop_;
  ConnectionRegistry registry_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector tcp_{loop_};
  TlsConnector tls_;
  std::optional<HttpClient> client_;
};

ApiClient::ApiClient(Loop& loop, std::string context_path, std::string context_name)
    : loop_(loop), context_path_(std::move(context_path)), context_name_(std::move(context_name)) {}
ApiClient::~ApiClient() = default;

Result<void> ApiClient::open() {
  if (wire_) return {};
  HEDDLE_TRY(context_, ContextFile::load(context_path_, context_name_));
  HEDDLE_TRY(wire_, Wire::open(loop_, *context_));
  return {};
}

Result<ApiReply> ApiClient::call(const ApiRequest& request) {
  HEDDLE_CHECK_OK(open());
  RpcRequest message;
  message.method = request.method;
  message.path = request.path;
  message.query = request.query;
  message.body = request.body;
  message.headers.emplace_back("authorization", str_cat("Bearer ", context_->token.view()));
  if (!request.body.empty()) message.headers.emplace_back("content-type", "application/json");

  Result<RpcResponse> response = wire_->call(std::move(message), request.deadline);
  std::string where = str_cat("cannot reach the control plane at ", context_->address.text());
  if (!response) {
    wire_.reset();  // the next call reads the context anew: the control plane may be elsewhere or have another root
    return make_error(Reason::kUnavailable, str_cat(where, ": ", response.error().detail));
  }
  Result<ApiReply> reply = ApiReply::read(*response, kMaxAnswer, "control plane");
  if (!reply) return std::move(reply).error().within(where);
  return reply;
}
}  // namespace heddle
