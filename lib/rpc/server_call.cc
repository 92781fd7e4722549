#include "lib/rpc/server_call.h"

#include <utility>

namespace heddle {

void HttpServer::Call::begin(RequestHead&& head, bool end) {
  stream_->set_sink(*this);
  request_ended_ = end;
  read_head(head);
  // First: who is not admitted does not learn what there is either.
  if (server_.guard_) {
    auto admitted = server_.guard_(request_);
    if (!admitted) return refuse(admitted.error());
  }
  auto found = server_.table_.find(request_.method, request_.path);
  if (found.match == RouteTable::Match::kNotFound) {
    return refuse(make_error(Reason::kNotFound, "no such path: " + request_.path));
  }
  if (found.match == RouteTable::Match::kWrongMethod) {
    RpcResponse refused = RpcResponse::text(405, "allowed: " + found.allow + "\n");
    refused.headers.emplace_back("allow", found.allow);
    server_.note_refused(request_, make_error(Reason::kBadRequest, "allowed: " + found.allow));
    return respond(refused);
  }
  request_.path_params = std::move(found.params);
  endpoint_ = server_.endpoints_[found.index].get();
  if (endpoint_->stream) return start_stream();
  if (end) dispatch();
}

void HttpServer::Call::read_head(const RequestHead& head) {
  std::string_view target = head.path();
  size_t question = target.find('?');
  request_.method = head.method();
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  request_.authority = head.authority();
  for (size_t i = 0; i < head.fields().size(); ++i) {
    HeaderField field = head.fields().at(i);
    request_.headers.emplace_back(field.name, field.value);
  }
  request_.peer = stream_->connection().peer;
  request_.local = stream_->connection().local;
  request_.peer_certificate = stream_->connection().peer_certificate;
  if (head_only_ = head.is_head(); head_only_) request_.method = "GET";
}

void HttpServer::Call::dispatch() { endpoint_->handler(request_, make_respond()); }

HttpServer::Respond HttpServer::Call::make_respond() {
  // Answers 500 when the handler lost it, so that a bug is seen and nobody waits for ever.
  struct Once {
    explicit Once(std::shared_ptr<Link> l) : link(std::move(l)) {}
    Once(Once&&) noexcept = default;
    Once& operator=(Once&&) noexcept = default;
    ~Once() {
      if (link != nullptr && link->call != nullptr) {
        link->call->respond(RpcResponse::error(make_error(Reason::kInternal, "the handler gave no answer")));
      }
    }
    void operator()(const RpcResponse& response) {
      auto target = std::move(link);
      if (target != nullptr && target->call != nullptr) target->call->respond(response);
    }
    std::shared_ptr<Link> link;
  };
  return Once(link_);
}

void HttpServer::Call::start_stream() {
  auto observer = endpoint_->stream(request_, *this);
  if (!observer) return respond(RpcResponse::error(observer.error()));
  lines_ = *std::move(observer);
  ResponseHead head(server_.context_.loop.blocks(), 200);
  static_cast<void>(head.fields().add(HeaderName::kContentType, "application/x-ndjson"));
  answered_ = true;
  stream_->respond(std::move(head), false);
}

void HttpServer::Call::on_body(Buffer&& bytes, bool end) {
  size_t size = bytes.size();
  request_ended_ = end;
  if (lines_ != nullptr) return on_stream_bytes(std::move(bytes), end);
  if (answered_) {  // nobody wants it any more
    discarded_ += size;
    if (end || discarded_ > server_.largest_body_) return finish();
    return stream_->credit(size);
  }
  if (Result<void> room = room_for(size); !room) {
    drop_body();
    return refuse(room.error());
  }
  held_ += size;
  server_.held_ += size;
  for (; !bytes.empty(); bytes.consume(bytes.front().size())) request_.body.append(as_text(bytes.front()));
  stream_->credit(size);
  if (end) dispatch();
}

Result<void> HttpServer::Call::room_for(size_t bytes) const {
  if (request_.body.size() + bytes > endpoint_->body) {
    return make_error(Reason::kTooLarge, "the body exceeds " + std::to_string(endpoint_->body) + " bytes");
  }
  if (server_.held_ + bytes <= server_.limits_.bodies) return {};
  return make_error(Reason::kOverload, "the bodies of all requests together are too large; try again");
}

void HttpServer::Call::drop_body() {
  server_.held_ -= std::exchange(held_, 0);
  request_.body = std::string();
}

void HttpServer::Call::on_stream_bytes(Buffer&& bytes, bool end) {
  size_t size = bytes.size();
  auto fed = splitter_.feed(bytes, [&](std::string_view line) { lines_->on_line(line); });
  if (!fed) {
    lines_->on_closed(fed.error());
    return finish();
  }
  if (!end) return stream_->credit(size);
  lines_->on_closed(make_error(Reason::kNone, ""));
  finish();
}

void HttpServer::Call::on_trailers(HeaderMap&&) { on_body(Buffer(server_.context_.loop.blocks()), true); }

void HttpServer::Call::on_drained() {
  if (lines_ != nullptr) lines_->on_drained();
}

void HttpServer::Call::on_gone(const Error& why) {
  stream_ = nullptr;
  if (lines_ != nullptr) lines_->on_closed(why);
  finish();
}

Flow HttpServer::Call::send(std::string_view line) {
  if (stream_ == nullptr || local_ended_ || finished_) return Flow::kOpen;
  Buffer bytes(server_.context_.loop.blocks(), line);
  bytes.append("\n");
  return stream_->write(std::move(bytes), false);
}

Flow HttpServer::Call::send_all(std::span<const std::string_view> lines) {
  if (stream_ == nullptr || local_ended_ || finished_) return Flow::kOpen;
  Buffer bytes(server_.context_.loop.blocks());
  for (std::string_view line : lines) bytes.append(line);
  return stream_->write(std::move(bytes), false);
}

void HttpServer::Call::close() {
  if (stream_ == nullptr || std::exchange(local_ended_, true)) return;
  static_cast<void>(stream_->write(Buffer(server_.context_.loop.blocks()), true));
}

void HttpServer::Call::respond(const RpcResponse& response) {
  if (stream_ == nullptr || std::exchange(answered_, true)) return;
  BlockPool& pool = server_.context_.loop.blocks();
  ResponseHead head(pool, response.status);
  head.content_length = response.body.size();
  bool fits = head.fields().add(HeaderName::kContentType, response.content_type);
  for (const auto& [name, value] : response.headers) fits &= head.fields().add(name, value);
  HEDDLE_ASSERT(fits);
  bool no_body = response.body.empty() || head_only_;
  local_ended_ = true;
  stream_->respond(std::move(head), no_body);
  if (!no_body) static_cast<void>(stream_->write(Buffer(pool, response.body), true));
  if (request_ended_) {
    stream_ = nullptr;
    finish();
  }
}

void HttpServer::Call::refuse(const Error& why) {
  if (!answered_) server_.note_refused(request_, why);
  respond(RpcResponse::error(why));
}

void HttpServer::Call::finish() {
  if (std::exchange(finished_, true)) return;
  link_->call = nullptr;
  server_.held_ -= std::exchange(held_, 0);
  // Our end first; what the peer still sends is of no use.
  if (stream_ != nullptr && !(request_ended_ && local_ended_)) stream_->reset(ResetCode::kNoError);
  stream_ = nullptr;
  server_.context_.loop.retire(*this);
}
}  // namespace heddle
