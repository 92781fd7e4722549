#include "cli/sidecar_client.h"

#include <utility>

#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/net/connector.h"
#include "lib/rpc/http_client.h"

namespace heddle {
namespace {
constexpr size_t kMaxToken = 4096;
constexpr size_t kMaxAnswer = 16 * 1024 * 1024;  // an explanation lists at most 1,000 endpoints of each of 16 sets
constexpr Duration kGoodbye = 200ms;             // for an orderly end of the connection; then it is cut

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.authority = "localhost";  // the admin answers to names of its own machine only
  options.keep_connection = false;
  options.max_body = kMaxAnswer;
  return options;
}

Result<RpcRequest> message_of(const LiveOptions& options, const ApiRequest& request) {
  RpcRequest out;
  out.method = request.method;
  out.path = request.path;
  out.body = request.body;
  out.headers.emplace_back("content-type", "application/json");
  if (options.token_file.empty()) return out;
  Result<std::string> token = read_file(options.token_file, kMaxToken);
  if (!token) return std::move(token).error().within("--admin-token");
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
  out.headers.emplace_back("authorization", str_cat("Bearer ", *token));
  return out;
}

Result<RpcResponse> exchange(Loop& loop, const Address& address, RpcRequest request, Duration deadline) {
  ConnectionRegistry registry;
  Protocols protocols(loop, HttpLimits{});
  TcpConnector connector(loop);
  std::optional<Result<RpcResponse>> answer;
  {
    HttpClient client({loop, registry}, protocols, connector, address, client_options());
    Pending pending = client.call(std::move(request), deadline,
                                  [&](Result<RpcResponse> response) { answer.emplace(std::move(response)); });
    loop.run_until([&] { return answer.has_value(); });
  }
  bool late = false;
  auto timer = loop.timer([&] { late = true; });
  timer->arm(kGoodbye);
  loop.run_until([&] { return late || registry.size() == 0; });
  registry.abort_all(make_error(Reason::kCancelled, "the command is over"));
  loop.run_until([&] { return registry.size() == 0; });  // connections must be gone before what made them
  if (!answer) return make_error(Reason::kCancelled, "interrupted");
  return *std::move(answer);
}
}  // namespace

Result<ApiReply> ask_sidecar(Loop& loop, const LiveOptions& options, const ApiRequest& request) {
  HEDDLE_TRY(RpcRequest message, message_of(options, request));
  Result<RpcResponse> response = exchange(loop, options.address, std::move(message), request.deadline);
  std::string where = str_cat("cannot reach a sidecar's admin at ", options.address.text());
  if (!response) return make_error(Reason::kUnavailable, str_cat(where, ": ", response.error().detail));
  Result<ApiReply> reply = ApiReply::read(*response, kMaxAnswer, "sidecar's admin");
  if (!reply) return std::move(reply).error().within(where);
  return reply;
}
}  // namespace heddle
