#include "lib/rpc/grpc_server.h"

#include <utility>

#include "lib/base/assert.h"

namespace heddle {
namespace {
bool is_grpc_type(std::string_view type) {
  constexpr std::string_view kType = "application/grpc";
  if (!type.starts_with(kType)) return false;
  type.remove_prefix(kType.size());
  return type.empty() || type.front() == '+' || type.front() == ';';
}

GrpcEnd end_of(const Error& error) {
  GrpcStatus status = error.reason == Reason::kTooLarge ? GrpcStatus::kResourceExhausted : GrpcStatus::kUnimplemented;
  return {status, error.detail};
}
}  // namespace

// One call. Retires itself.
class GrpcServer::Call final : public Retirable, private BodySink, private GrpcCall {
 public:
  Call(GrpcServer& server, ServerStream& stream) : server_(server), stream_(&stream), reader_(server.limits_.message) {
    ++server_.calls_;
  }
  ~Call() override {
    observer_.reset();
    --server_.calls_;
  }
  void begin(const RequestHead& head, bool end) {
    stream_->set_sink(*this);
    request_ended_ = end;
    if (head.method() != "POST") return refuse(405);
    if (!is_grpc_type(head.fields().get(HeaderName::kContentType).value_or(""))) return refuse(415);
    if (server_.calls_ > server_.limits_.calls) {
      return close({GrpcStatus::kResourceExhausted, "too many calls at once"});
    }
    dispatch(head);
    if (end) half_closed();
  }

 private:
  void dispatch(const RequestHead& head) {
    auto handler = server_.handlers_.find(head.path());
    if (handler == server_.handlers_.end()) {
      return close({GrpcStatus::kUnimplemented, "no such method: " + std::string(head.path())});
    }
    GrpcRequest request;
    request.path = head.path();
    for (size_t i = 0; i < head.fields().size(); ++i) {
      HeaderField field = head.fields().at(i);
      request.metadata.emplace_back(field.name, field.value);
    }
    observer_ = handler->second(request, *this);
    if (observer_ == nullptr) close({GrpcStatus::kInternal, "the handler gave no answer"});
  }

  // GrpcCall
  [[nodiscard]] Flow send(std::string_view message) override {
    if (stream_ == nullptr || local_ended_) return Flow::kOpen;
    BlockPool& pool = server_.context_.loop.blocks();
    if (!std::exchange(answered_, true)) stream_->respond(grpc_head(), false);
    Buffer bytes(pool);
    append_grpc_message(bytes, message);
    return stream_->write(std::move(bytes), false);
  }
  void close(GrpcEnd how) override {
    if (stream_ == nullptr || std::exchange(local_ended_, true)) return;
    if (std::exchange(answered_, true)) {
      HeaderMap fields(server_.context_.loop.blocks());
      add_status(fields, how);
      stream_->trailers(std::move(fields));
    } else {
      ResponseHead head = grpc_head();
      add_status(head.fields(), how);
      stream_->respond(std::move(head), true);
    }
    finish();
  }
  const ConnectionInfo& connection() const override { return stream_->connection(); }

  ResponseHead grpc_head() {
    ResponseHead head(server_.context_.loop.blocks(), 200);
    bool fits = head.fields().add(HeaderName::kContentType, "application/grpc");
    HEDDLE_ASSERT(fits);
    return head;
  }
  static void add_status(HeaderMap& fields, const GrpcEnd& how) {
    bool fits = fields.add(HeaderName::kGrpcStatus, std::to_string(static_cast<int>(how.status)));
    if (!how.message.empty()) fits &= fields.add(HeaderName::kGrpcMessage, encode_grpc_text(how.message));
    HEDDLE_ASSERT(fits);
  }
  // Not gRPC at all: an answer of HTTP.
  void refuse(uint16_t status) {
    local_ended_ = answered_ = true;
    ResponseHead head(server_.context_.loop.blocks(), status);
    head.content_length = 0;
    stream_->respond(std::move(head), true);
    finish();
  }

  // BodySink
  void on_body(Buffer&& bytes, bool end) override {
    size_t size = bytes.size();
    request_ended_ = end;
    if (end && local_ended_) stream_ = nullptr;
    if (finished_) return;
    auto fed = reader_.feed(bytes, [&](std::string_view message) {
      if (!finished_) observer_->on_message(message);
    });
    if (finished_) return;
    if (!fed) return close(end_of(fed.error()));
    if (end) return half_closed();
    stream_->credit(size);
  }
  void on_trailers(HeaderMap&&) override { on_body(Buffer(server_.context_.loop.blocks()), true); }
  void on_drained() override {
    if (!finished_) observer_->on_drained();
  }
  void on_gone(const Error&) override {
    stream_ = nullptr;
    finish();
  }
  void half_closed() {
    if (finished_) return;
    if (reader_.has_rest()) return close({GrpcStatus::kInvalidArgument, "the request ends inside a message"});
    observer_->on_half_closed();
  }

  void finish() {
    if (std::exchange(finished_, true)) return;
    // Our end first; what the caller still sends is of no use.
    if (stream_ != nullptr && !(request_ended_ && local_ended_)) stream_->reset(ResetCode::kNoError);
    stream_ = nullptr;
    server_.context_.loop.retire(*this);
  }

  GrpcServer& server_;
  ServerStream* stream_;
  GrpcMessageReader reader_;
  std::unique_ptr<GrpcObserver> observer_;
  bool request_ended_ = false;
  bool answered_ = false;
  bool local_ended_ = false;
  bool finished_ = false;
};

std::optional<std::string_view> GrpcRequest::find(std::string_view lower_name) const {
  for (const auto& [name, value] : metadata) {
    if (name == lower_name) return value;
  }
  return std::nullopt;
}

GrpcServer::GrpcServer(const SessionContext& context, Protocols& protocols, const GrpcServerLimits& limits)
    : context_(context), protocols_(protocols), limits_(limits) {}

GrpcServer::~GrpcServer() = default;

void GrpcServer::route(std::string path, Handler handler) { handlers_.emplace(std::move(path), std::move(handler)); }

void GrpcServer::serve(std::unique_ptr<Transport> transport) {
  ServerSession::start(context_, std::move(transport), protocols_.http2_server(), *this, limits_.session);
}

void GrpcServer::on_request(ServerStream& stream, RequestHead&& head, bool end) {
  std::make_unique<Call>(*this, stream).release()->begin(head, end);
}
}  // namespace heddle
