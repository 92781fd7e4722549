#include "lib/rpc/http_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include "lib/http/detect.h"
#include "lib/rpc/server_call.h"

namespace heddle {
namespace {
bool is_of_the_peers_certificate(Reason reason) {
  return reason == Reason::kPeerCertificateInvalid || reason == Reason::kPeerTrustDomainUnknown ||
         reason == Reason::kPeerIdentityUnexpected;
}
}  // namespace

// A connection whose protocol is not known yet. Owns itself.
class HttpServer::Detecting final : public Connection, private Transport::Observer {
 public:
  Detecting(HttpServer& server, std::unique_ptr<Transport> transport)
      : server_(server), transport_(std::move(transport)) {
    server_.context_.registry.add(*this);
  }
  ~Detecting() override { server_.context_.registry.remove(*this); }
  void start() {
    late_.arm(server_.context_.loop, server_.limits_.session.request_head);
    transport_->observe(this);
  }
  void drain() override { transport_->close(CloseMode::kAbort); }
  void abort(const Error&) override { transport_->close(CloseMode::kAbort); }
  ConnectionInfo describe() const override { return transport_->info(); }
  std::string_view protocol() const override { return "unknown"; }
  size_t active_streams() const override { return 0; }

 private:
  void on_data(Buffer& in) override {
    if (done_) return;
    std::array<std::byte, kDetectBytes> head{};
    Detected seen = transport_->info().alpn == "h2" ? Detected::kHttp2 : detect(Bytes(head.data(), in.copy_to(head)));
    if (seen == Detected::kNeedMore) return;
    done_ = true;
    transport_->observe(nullptr);
    ServerProtocol& protocol =
        seen == Detected::kHttp2 ? server_.protocols_.http2_server() : server_.protocols_.http1_server();
    ServerSession::start(server_.context_, std::move(transport_), protocol, server_, server_.limits_.session);
    retire();
  }
  void on_end() override { drain(); }
  void on_drained() override {}
  void on_closed(const Error& why) override {
    if (std::exchange(done_, true)) return;
    if (is_of_the_peers_certificate(why.reason)) {
      RpcRequest nobody;
      nobody.peer = transport_->info().peer;
      server_.note_refused(nobody, why);
    }
    retire();
  }
  void retire() {
    late_.cancel();
    server_.context_.registry.remove(*this);
    server_.context_.loop.retire(*this);
  }
  HttpServer& server_;
  std::unique_ptr<Transport> transport_;
  bool done_ = false;
  DeadlineOf<Detecting, &Detecting::drain> late_{*this};
};

HttpServer::HttpServer(const SessionContext& context, Protocols& protocols, const HttpServerLimits& limits)
    : context_(context), protocols_(protocols), limits_(limits), largest_body_(limits.body) {}

HttpServer::~HttpServer() = default;

void HttpServer::route(std::string method, std::string_view pattern, Handler handler, std::optional<size_t> body) {
  table_.add(std::move(method), pattern, endpoints_.size());
  endpoints_.push_back(std::make_unique<Endpoint>());
  endpoints_.back()->handler = std::move(handler);
  endpoints_.back()->body = body.value_or(limits_.body);
  largest_body_ = std::max(largest_body_, endpoints_.back()->body);
}

void HttpServer::stream(std::string_view pattern, StreamHandler handler) {
  table_.add("POST", pattern, endpoints_.size());
  endpoints_.push_back(std::make_unique<Endpoint>());
  endpoints_.back()->stream = std::move(handler);
}

void HttpServer::serve(std::unique_ptr<Transport> transport) {
  std::make_unique<Detecting>(*this, std::move(transport)).release()->start();
}

void HttpServer::on_request(ServerStream& stream, RequestHead&& head, bool end) {
  std::make_unique<Call>(*this, stream).release()->begin(std::move(head), end);
}
}  // namespace heddle
