#include "control/docker/docker_client.h"

#include "control/cluster/cluster_objects.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr int kOurMinor = 41;  // of v1
constexpr size_t kMaxWords = 300;

HttpClientOptions client_options() {
  HttpClientOptions options;
  options.authority = "localhost";
  options.max_body = DockerClient::kMaxAnswer;
  options.max_line = DockerClient::kMaxEvent;
  return options;
}

// 41 of "1.41".
std::optional<int> minor_of(std::string_view version) {
  return version.starts_with("1.") ? parse_int<int>(version.substr(2)) : std::nullopt;
}

// Told from the loop, as everything.
class Found final : public Operation {
 public:
  Found(Loop& loop, UniqueFunction<void(Result<void>)> done) : done_(std::move(done)) { loop.defer(tell_); }

 private:
  void tell() {
    auto done = std::move(done_);
    done({});
  }
  UniqueFunction<void(Result<void>)> done_;
  DeferredOf<Found, &Found::tell> tell_{*this};
};
}  // namespace

Result<std::string> docker_api_version(const JsonValue& version) {
  std::optional<int> newest = minor_of(text_at(version, {"ApiVersion"}));
  std::optional<int> oldest = minor_of(text_at(version, {"MinAPIVersion"}));
  if (!newest)
    return make_error(Reason::kUpstreamProtocolError, "GET /version: ApiVersion is missing: no Docker Engine");
  if (*newest < kOurMinor) {
    return make_error(Reason::kUnsupported, str_cat("the engine speaks API v1.", std::to_string(*newest),
                                                    " at most; v1.", std::to_string(kOurMinor), " is needed"));
  }
  return str_cat("/v1.", std::to_string(std::max(kOurMinor, oldest.value_or(0))));
}

Result<JsonValue> docker_document(const Result<RpcResponse>& response) {
  if (!response) return response.error();
  Result<JsonValue> document = JsonValue::parse(response->body, DockerClient::kMaxAnswer);
  if (response->status == 200) return document;
  std::string_view words = document ? text_at(*document, {"message"}) : "";
  return make_error(Reason::kUnavailable, str_cat("the engine answers ", std::to_string(response->status),
                                                  words.empty() ? "" : ": ", words.substr(0, kMaxWords)));
}

DockerClient::DockerClient(const SessionContext& context, Protocols& protocols, Connector& below, DockerHost host)
    : names_(context.loop), loop_(context.loop) {
  if (host.socket.is_set()) {
    http_ = std::make_shared<HttpClient>(context, protocols, below, host.socket, client_options());
  } else {
    channel_.emplace(HttpChannel::Around{context, protocols, below, names_}, host.server, client_options(),
                     TlsConnector::SetupSource());
  }
}

Pending DockerClient::find(UniqueFunction<void(Result<void>)> done) {
  if (channel_) http_ = channel_->client();
  if (http_ != nullptr) return std::make_unique<Found>(loop_, std::move(done));
  return channel_->resolve([this, done = std::move(done)](Result<HttpChannel::Client> ready) mutable {
    if (!ready) return done(std::move(ready).error());
    http_ = *std::move(ready);
    done({});
  });
}

RpcRequest DockerClient::request(std::string path, std::string query) {
  RpcRequest out;
  out.path = std::move(path);
  out.query = std::move(query);
  out.headers.emplace_back("accept", "application/json");
  out.headers.emplace_back("user-agent", "heddle-control");
  return out;
}

Pending DockerClient::get(std::string path, std::string query, HttpClient::OnResponse done) {
  return http_->call(request(std::move(path), std::move(query)), kDeadline, std::move(done));
}

Pending DockerClient::read_lines(std::string path, std::string query, LineObserver& observer,
                                 HttpClient::OnResponse opened) {
  return http_->read_lines(request(std::move(path), std::move(query)), observer, std::move(opened));
}

void DockerClient::forget() {
  if (http_ != nullptr) http_->forget_connection();
  if (channel_) channel_->forget_address();
}
}  // namespace heddle
