#include "lib/rpc/http_client.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {

// One call or one line stream. Destroying it is silent; completion runs from the loop.
class HttpClient::Exchange final : public HttpClient::Lines, private ResponseSink {
 public:
  Exchange(HttpClient& client, RpcRequest request) : client_(client), request_(std::move(request)) {}
  ~Exchange() override {
    if (stream_ != nullptr) stream_->reset(ResetCode::kCancel);
  }

  void start_call(Duration deadline, OnResponse done) {
    on_response_ = std::move(done);
    is_whole_ = true;
    deadline_.arm(client_.context_.loop, deadline);
    start();
  }
  void start_lines(LineObserver& observer, OnOpen opened) {
    lines_ = &observer;
    on_open_ = std::move(opened);
    start();
  }
  void start_reading(LineObserver& observer, OnResponse answered) {
    lines_ = &observer;
    on_response_ = std::move(answered);
    is_whole_ = true;
    local_ended_ = true;
    start();
  }

  Flow send(std::string_view line) override {
    if (local_ended_) return Flow::kOpen;
    Buffer bytes(client_.context_.loop.blocks(), line);
    bytes.append("\n");
    if (stream_ != nullptr) return stream_->write(std::move(bytes), false);
    waiting_.append(std::move(bytes));  // the connection is being dialled
    return Flow::kOpen;
  }
  void close() override {
    if (std::exchange(local_ended_, true) || stream_ == nullptr) return;
    static_cast<void>(stream_->write(Buffer(client_.context_.loop.blocks()), true));
  }

 private:
  void start() {
    if (ClientSession* session = client_.warm_session()) return open_on(*session);
    dial_ = client_.connector_.connect(client_.address_, client_.options_.connect,
                                       [this](Result<std::unique_ptr<Transport>> connected) {
                                         if (!connected) return fail(connected.error());
                                         open_on(client_.adopt(*std::move(connected)));
                                       });
  }

  void open_on(ClientSession& session) {
    BlockPool& pool = client_.context_.loop.blocks();
    RequestHead head(pool);
    bool fits = fill(head);
    if (!fits) return fail(make_error(Reason::kTooLarge, "the request head exceeds 64 KiB"));
    bool has_body = !is_whole_ || !request_.body.empty();
    if (is_whole_ && has_body) head.content_length = request_.body.size();
    stream_ = &session.open(*this, head, !has_body);
    if (!is_whole_) {
      if (!waiting_.empty()) static_cast<void>(stream_->write(std::move(waiting_), false));
      if (local_ended_) static_cast<void>(stream_->write(Buffer(pool), true));
    } else if (has_body) {
      static_cast<void>(stream_->write(Buffer(pool, request_.body), true));
    }
  }

  bool fill(RequestHead& head) const {
    const std::string target = request_.query.empty() ? request_.path : str_cat(request_.path, "?", request_.query);
    const HttpClientOptions& options = client_.options_;
    bool fits = head.set_method(request_.method) && head.set_path(target) && head.set_scheme(options.scheme);
    fits = fits && head.set_authority(options.authority.empty() ? client_.address_.text() : options.authority);
    for (const auto& [name, value] : request_.headers) fits = fits && head.fields().add(name, value);
    return fits;
  }

  // ResponseSink
  void on_informational(ResponseHead&&) override {}
  void on_response(ResponseHead&& head, bool end) override {
    response_.status = head.status;
    response_.content_type = head.fields().get(HeaderName::kContentType).value_or("");
    for (size_t i = 0; i < head.fields().size(); ++i) {
      HeaderField field = head.fields().at(i);
      response_.headers.emplace_back(field.name, field.value);
    }
    streaming_ = lines_ != nullptr && head.status == 200;
    if (end) return on_end();
    if (streaming_ && on_open_) std::exchange(on_open_, nullptr)({});
    if (streaming_ && on_response_) std::exchange(on_response_, nullptr)(std::move(response_));
  }
  void on_body(Buffer&& bytes, bool end) override {
    size_t size = bytes.size();
    if (end) stream_ended();
    auto taken = streaming_ ? splitter_.feed(bytes, [&](std::string_view line) { lines_->on_line(line); })
                            : keep_body(std::move(bytes));
    if (!taken) return fail(taken.error());
    if (end) return on_end();
    if (stream_ != nullptr) stream_->credit(size);
  }
  Result<void> keep_body(Buffer&& bytes) {
    if (response_.body.size() + bytes.size() > client_.options_.max_body) {
      return make_error(Reason::kTooLarge, "the answer's body exceeds its limit");
    }
    for (; !bytes.empty(); bytes.consume(bytes.front().size())) response_.body.append(as_text(bytes.front()));
    return {};
  }
  void on_trailers(HeaderMap&&) override {
    stream_ended();
    on_end();
  }
  void on_drained() override {
    if (lines_ != nullptr) lines_->on_drained();
  }
  void on_gone(const Error& why) override {
    stream_ = nullptr;
    fail(why);
  }

  // The peer's end arrived; the pointer is dead only if ours was written too.
  void stream_ended() {
    if (lines_ == nullptr || local_ended_) stream_ = nullptr;
  }
  void on_end() {
    stream_ended();
    deadline_.cancel();
    bool is_answer = lines_ == nullptr || (is_whole_ && !streaming_);
    if (is_answer) return std::exchange(on_response_, nullptr)(std::move(response_));
    close();
    stream_ = nullptr;
    if (!streaming_) {
      auto opened = std::exchange(on_open_, nullptr);
      return opened(
          make_error(Reason::kUnavailable, str_cat("HTTP ", std::to_string(response_.status), ": ", response_.body)));
    }
    lines_->on_closed(make_error(Reason::kNone, ""));
  }

  void fail(const Error& why) {
    deadline_.cancel();
    if (stream_ != nullptr) std::exchange(stream_, nullptr)->reset(ResetCode::kCancel);
    if (on_response_) return std::exchange(on_response_, nullptr)(why);
    if (on_open_) return std::exchange(on_open_, nullptr)(why);
    if (lines_ != nullptr) std::exchange(lines_, nullptr)->on_closed(why);
  }
  void on_late() {
    fail(make_error(Reason::kTimeout, str_cat("no answer from ", client_.address_.text(), " in time")));
  }

  HttpClient& client_;
  RpcRequest request_;
  RpcResponse response_;
  OnResponse on_response_;
  OnOpen on_open_;
  LineObserver* lines_ = nullptr;
  LineSplitter splitter_{client_.options_.max_line};
  Buffer waiting_{client_.context_.loop.blocks()};
  Pending dial_;
  ClientStream* stream_ = nullptr;
  bool is_whole_ = false;  // the request is: our side ends with its body
  bool local_ended_ = false;
  bool streaming_ = false;
  DeadlineOf<Exchange, &Exchange::on_late> deadline_{*this};
};

HttpClient::HttpClient(const SessionContext& context, Protocols& protocols, Connector& connector, Address address,
                       HttpClientOptions options)
    : context_(context),
      protocols_(protocols),
      connector_(connector),
      address_(std::move(address)),
      options_(std::move(options)) {}

HttpClient::~HttpClient() {
  for (ClientSession* session : std::exchange(sessions_, {})) session->disown();
}

Pending HttpClient::call(RpcRequest request, Duration deadline, OnResponse done) {
  auto exchange = std::make_unique<Exchange>(*this, std::move(request));
  exchange->start_call(deadline, std::move(done));
  return exchange;
}

std::unique_ptr<HttpClient::Lines> HttpClient::open_lines(RpcRequest request, LineObserver& observer, OnOpen opened) {
  auto exchange = std::make_unique<Exchange>(*this, std::move(request));
  exchange->start_lines(observer, std::move(opened));
  return exchange;
}

std::unique_ptr<HttpClient::Lines> HttpClient::read_lines(RpcRequest request, LineObserver& observer,
                                                          OnResponse answered) {
  auto exchange = std::make_unique<Exchange>(*this, std::move(request));
  exchange->start_reading(observer, std::move(answered));
  return exchange;
}

void HttpClient::forget_connection() {
  if (ClientSession* session = std::exchange(session_, nullptr)) session->drain();
}

ClientSession* HttpClient::warm_session() {
  if (!options_.keep_connection || session_ == nullptr || !session_->has_room()) return nullptr;
  return session_;
}

ClientSession& HttpClient::adopt(std::unique_ptr<Transport> transport) {
  bool http2 = transport->info().alpn == "h2" || options_.prior_knowledge_http2;
  ClientProtocol& protocol = http2 ? protocols_.http2_client() : protocols_.http1_client();
  ClientSession& session = ClientSession::start(context_, std::move(transport), protocol, *this, options_.session);
  sessions_.push_back(&session);
  if (options_.keep_connection) session_ = &session;
  return session;
}

// A connection that is not kept has done its one call.
void HttpClient::on_room(ClientSession& session) {
  if (session_ != &session && session.is_idle()) session.drain();
}

void HttpClient::on_unusable(ClientSession& session) {
  if (session_ == &session) session_ = nullptr;
}

void HttpClient::on_session_gone(ClientSession& session) {
  on_unusable(session);
  std::erase(sessions_, &session);
}
}  // namespace heddle
