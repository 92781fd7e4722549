#include "lib/rpc/grpc_client.h"

#include <utility>

#include "lib/base/grpc_status.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
SessionLimits limits_of_a_call() {
  SessionLimits limits;
  limits.keep_alive = KeepAlive::off();
  return limits;
}

GrpcEnd unavailable(std::string why, Reason reason) { return {GrpcStatus::kUnavailable, std::move(why), reason}; }
}  // namespace

// One call and its connection.
class GrpcClient::Call final : public Operation, private ResponseSink, private ClientSession::Owner {
 public:
  Call(GrpcClient& client, GrpcStreamRequest request, GrpcStreamObserver& observer)
      : client_(client), request_(std::move(request)), observer_(&observer) {
    dial_ =
        client_.connector_.connect(client_.address_, kConnect, [this](Result<std::unique_ptr<Transport>> connected) {
          if (!connected) return finish(unavailable(connected.error().detail, connected.error().reason));
          open(*std::move(connected));
        });
  }
  ~Call() override { drop(); }

 private:
  void open(std::unique_ptr<Transport> transport) {
    BlockPool& pool = client_.context_.loop.blocks();
    RequestHead head(pool);
    head.accepts_trailers = true;
    bool fits = head.set_method("POST") && head.set_scheme(request_.scheme) && head.set_authority(request_.authority) &&
                head.set_path(request_.path) && head.fields().add(HeaderName::kContentType, "application/grpc") &&
                head.fields().add(HeaderName::kUserAgent, "heddle/" HEDDLE_VERSION);
    for (const auto& [name, value] : request_.metadata) fits = fits && head.fields().add(name, value);
    if (!fits) return finish({GrpcStatus::kInternal, "the metadata exceeds 64 KiB"});
    session_ = &ClientSession::start(client_.context_, std::move(transport), client_.protocols_.http2_client(), *this,
                                     limits_of_a_call());
    stream_ = &session_->open(*this, head, false);
    Buffer bytes(pool);
    append_grpc_message(bytes, request_.message);
    static_cast<void>(stream_->write(std::move(bytes), true));
  }

  // ResponseSink
  void on_informational(ResponseHead&&) override {}
  void on_response(ResponseHead&& head, bool end) override {
    if (end) stream_ = nullptr;
    auto type = head.fields().get(HeaderName::kContentType).value_or("");
    if (head.status != 200 || !type.starts_with("application/grpc")) {
      return finish({static_cast<GrpcStatus>(grpc_status_of_http(head.status)),
                     str_cat("not gRPC: HTTP ", std::to_string(head.status))});
    }
    if (end || head.fields().get(HeaderName::kGrpcStatus)) return finish(read_end(head.fields()));
  }
  void on_body(Buffer&& bytes, bool end) override {
    size_t size = bytes.size();
    if (end) stream_ = nullptr;
    auto fed = reader_.feed(bytes, [this](std::string_view message) { observer_->on_message(message); });
    if (!fed) return finish({GrpcStatus::kResourceExhausted, fed.error().detail});
    if (end) return finish(unavailable("the answer ended without a status", Reason::kUpstreamClosed));
    stream_->credit(size);
  }
  void on_trailers(HeaderMap&& fields) override {
    stream_ = nullptr;
    finish(read_end(fields));
  }
  void on_drained() override {}
  void on_gone(const Error& why) override {
    stream_ = nullptr;
    finish(unavailable(why.detail.empty() ? "the connection closed" : why.detail, why.reason));
  }
  static GrpcEnd read_end(const HeaderMap& fields) {
    auto status = fields.get(HeaderName::kGrpcStatus);
    if (!status) return {GrpcStatus::kUnknown, "the answer ended without a status"};
    return {grpc_status(*status), decode_grpc_text(fields.get(HeaderName::kGrpcMessage).value_or(""))};
  }

  // ClientSession::Owner
  void on_room(ClientSession&) override {}
  void on_unusable(ClientSession&) override {}
  void on_session_gone(ClientSession&) override { session_ = nullptr; }

  void drop() {
    if (stream_ != nullptr) std::exchange(stream_, nullptr)->reset(ResetCode::kCancel);
    if (session_ != nullptr) std::exchange(session_, nullptr)->disown();
  }
  void finish(const GrpcEnd& how) {
    drop();
    std::exchange(observer_, nullptr)->on_end(how);  // may destroy this
  }

  GrpcClient& client_;
  GrpcStreamRequest request_;
  GrpcStreamObserver* observer_;
  GrpcMessageReader reader_;
  Pending dial_;
  ClientSession* session_ = nullptr;
  ClientStream* stream_ = nullptr;
};

GrpcClient::GrpcClient(const SessionContext& context, Protocols& protocols, Connector& connector, Address address)
    : context_(context), protocols_(protocols), connector_(connector), address_(std::move(address)) {}

Pending GrpcClient::open(GrpcStreamRequest request, GrpcStreamObserver& observer) {
  return std::make_unique<Call>(*this, std::move(request), observer);
}
}  // namespace heddle
