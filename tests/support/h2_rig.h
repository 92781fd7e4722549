// Rigs for the HTTP/2 codec's tests: a clock that is set by hand, events written down as lines, and a server or client
// codec with its worker (pool, memory), fed with strings.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/http/http2_client_codec.h"
#include "lib/http/http2_server_codec.h"

namespace heddle::h2 {
class FakeClock final : public Clock {
 public:
  MonoTime now() const override { return now_; }
  WallTime wall() const override { return WallTime{}; }
  void advance(Duration d) { now_ = now_ + d; }

 private:
  MonoTime now_{1000s};
};

std::string text_of(const RequestHead&);
std::string text_of(const ResponseHead&);
std::string text_of(const HeaderMap&);

// Lines such as "1 request GET http a.test /", "1 data 5", "1 end", "1 reset 2".
struct CodecLog {
  std::vector<std::string> lines;
  std::map<int64_t, std::string> bodies;
  std::map<int64_t, size_t> received;
  bool keep_bodies = true;
  void add(StreamId id, const std::string& what) { lines.push_back(std::to_string(id.value()) + " " + what); }
  void data(StreamId id, const Buffer& data, bool end);
  size_t count(const std::string& part) const;
  std::string all() const;
};

class ServerLog : public ServerEvents, public CodecLog {
 public:
  void on_request(StreamId id, RequestHead&& head, bool end) override {
    add(id, "request " + text_of(head) + (end ? " END" : ""));
    last = id;
  }
  void on_data(StreamId id, Buffer&& buffer, bool end) override {
    data(id, buffer, end);
    if (then) then(id);
  }
  void on_trailers(StreamId id, HeaderMap&& map) override { add(id, "trailers " + text_of(map)); }
  void on_reset(StreamId id, ResetCode code) override { add(id, "reset " + std::string(to_text(code))); }
  void on_drained(StreamId id) override { add(id, "drained"); }
  void on_go_away(StreamId id) override { add(id, "goaway"); }
  StreamId last;
  std::function<void(StreamId)> then;  // inside on_data
};

class ClientLog : public ClientEvents, public CodecLog {
 public:
  void on_response(StreamId id, ResponseHead&& head, bool end) override {
    add(id, "response " + text_of(head) + (end ? " END" : ""));
  }
  void on_informational(StreamId id, ResponseHead&& head) override { add(id, "informational " + text_of(head)); }
  void on_data(StreamId id, Buffer&& buffer, bool end) override { data(id, buffer, end); }
  void on_trailers(StreamId id, HeaderMap&& map) override { add(id, "trailers " + text_of(map)); }
  void on_reset(StreamId id, ResetCode code) override { add(id, "reset " + std::string(to_text(code))); }
  void on_drained(StreamId id) override { add(id, "drained"); }
  void on_go_away(StreamId id) override { add(id, "goaway"); }
};

struct WorkerRig {
  FakeClock clock;
  BlockPool pool;
  Http2Memory memory;
  HttpLimits limits;
  Http2Worker worker() { return {pool, memory, clock}; }
  RequestHead request(std::string_view method = "GET", std::string_view path = "/");
  ResponseHead response(uint16_t status = 200) { return ResponseHead(pool, status); }
  HeaderMap map(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);
};

// One codec and the bytes around it. `feed` gives bytes in one buffer; what the codec leaves stays in `in`.
template <class CodecType, class EventsType>
struct CodecRig : WorkerRig {
  explicit CodecRig(HttpLimits l = {}) { limits = l; }
  CodecType& codec() {
    if (!codec_) codec_ = std::make_unique<CodecType>(worker(), limits, events);
    return *codec_;
  }
  Result<void> feed(std::string_view bytes) {
    in.append(bytes);
    return codec().receive(in);
  }
  std::string out(size_t budget = size_t{1} << 30) {
    Buffer buffer(pool);
    codec().produce(buffer, budget);
    return buffer.to_string();
  }
  EventsType events;
  Buffer in{pool};
  std::unique_ptr<CodecType> codec_;
};
using ServerRig = CodecRig<Http2ServerCodec, ServerLog>;
using ClientRig = CodecRig<Http2ClientCodec, ClientLog>;

// A client codec and a server codec joined by buffers.
struct Pair : WorkerRig {
  explicit Pair(HttpLimits l = {}) { limits = l; }
  Http2ServerCodec& server();
  Http2ClientCodec& client();
  // Moves bytes both ways, at most `budget` per produce(), until nothing moves.
  void pump(size_t budget = size_t{1} << 20);
  bool step(size_t budget);
  ServerLog server_log;
  ClientLog client_log;
  Buffer to_server{pool};
  Buffer to_client{pool};
  bool failed = false;

 private:
  std::unique_ptr<Http2ServerCodec> server_;
  std::unique_ptr<Http2ClientCodec> client_;
};
}  // namespace heddle::h2
