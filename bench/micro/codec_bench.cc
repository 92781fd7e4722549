// Codecs without sockets: what parsing and writing small messages costs. One iteration is one request, and its answer
// where the name says exchange. The connection is kept: warm HPACK tables and free lists, as on a busy proxy.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "lib/http/http1_client_codec.h"
#include "lib/http/http1_server_codec.h"
#include "lib/http/http2_client_codec.h"
#include "lib/http/http2_server_codec.h"

namespace heddle {
namespace {
constexpr std::string_view kRequest =
    "GET /api/v1/items?page=2 HTTP/1.1\r\nHost: shop.default.svc.cluster.local\r\nUser-Agent: bench/1.0\r\n"
    "Accept: application/json\r\nAccept-Encoding: gzip\r\nX-Request-Id: 6f1c1e0a-3f0b-4b6e-9f53-0a4f5ea2f7ad\r\n\r\n";
constexpr size_t kBody = 1024;
constexpr size_t kBudget = 65536;

// Time that does not pass: abuse limits count per time, so it is set forward by hand.
class StepClock final : public Clock {
 public:
  MonoTime now() const override { return now_ = now_ + 10ms; }
  WallTime wall() const override { return WallTime{}; }

 private:
  mutable MonoTime now_{1000s};
};

// Answers every request with 200 and 1 KiB, and takes the answers.
class Exchanger final : public ServerEvents, public ClientEvents {
 public:
  explicit Exchanger(BlockPool& pool) : pool_(pool) {}
  void on_request(StreamId id, RequestHead&&, bool) override {
    ResponseHead head(pool_, 200);
    head.content_length = body_.size();
    HEDDLE_CHECK(head.fields().add("content-type", "application/json") && head.fields().add("server", "bench"));
    server->respond(id, head, false);
    (void)server->send_data(id, Buffer(pool_, body_), true);
  }
  void on_response(StreamId, ResponseHead&&, bool) override {}
  void on_informational(StreamId, ResponseHead&&) override {}
  void on_data(StreamId id, Buffer&& data, bool end) override {
    client->credit(id, data.size());
    answers += end ? 1 : 0;
  }
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}

  void ask() {
    RequestHead head(pool_);
    HEDDLE_CHECK(head.set_method("GET") && head.set_scheme("http") && head.set_path("/api/v1/items?page=2") &&
                 head.set_authority("shop.default.svc.cluster.local"));
    HEDDLE_CHECK(head.fields().add("user-agent", "bench/1.0") && head.fields().add("accept", "application/json"));
    client->open(head, true);
  }
  void carry() {
    Buffer wire(pool_);
    client->produce(wire, kBudget);
    HEDDLE_CHECK(server->receive(wire).has_value());
    server->produce(wire, kBudget);
    HEDDLE_CHECK(client->receive(wire).has_value());
  }
  void run(benchmark::State& state, int streams) {
    for (int i = 0; i < 10; ++i) carry();  // SETTINGS and their acknowledgements
    for (auto _ : state) {
      for (int i = 0; i < streams; ++i) ask();
      carry();
    }
    carry();
    if (answers != state.iterations() * streams) state.SkipWithError("answers are missing");
    state.SetItemsProcessed(state.iterations() * streams);
  }

  std::unique_ptr<ServerCodec> server;
  std::unique_ptr<ClientCodec> client;
  int64_t answers = 0;

 private:
  BlockPool& pool_;
  const std::string body_ = std::string(kBody, 'x');
};

// Answers at once without a body: what is left is the parser.
class Parser final : public ServerEvents {
 public:
  explicit Parser(BlockPool& pool) : codec(pool, limits, "http", *this), pool_(pool) {}
  void on_request(StreamId id, RequestHead&&, bool) override { codec.respond(id, ResponseHead(pool_, 204), true); }
  void on_data(StreamId, Buffer&&, bool) override {}
  void on_trailers(StreamId, HeaderMap&&) override {}
  void on_reset(StreamId, ResetCode) override {}
  void on_drained(StreamId) override {}
  void on_go_away(StreamId) override {}
  HttpLimits limits;
  Http1ServerCodec codec;

 private:
  BlockPool& pool_;
};

void Http1ParseRequest(benchmark::State& state) {
  BlockPool pool;
  Parser parser(pool);
  for (auto _ : state) {
    Buffer wire(pool, kRequest);
    HEDDLE_CHECK(parser.codec.receive(wire).has_value());
    parser.codec.produce(wire, kBudget);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Http1ParseRequest);

void Http1Exchange(benchmark::State& state) {
  BlockPool pool;
  HttpLimits limits;
  Exchanger exchanger(pool);
  exchanger.server = std::make_unique<Http1ServerCodec>(pool, limits, "http", exchanger);
  exchanger.client = std::make_unique<Http1ClientCodec>(pool, limits, exchanger);
  exchanger.run(state, 1);
}
BENCHMARK(Http1Exchange);

// range(0) requests are in one turn.
void Http2Exchange(benchmark::State& state) {
  BlockPool pool;
  Http2Memory memory;
  StepClock clock;
  HttpLimits limits;
  Exchanger exchanger(pool);
  const Http2Worker worker{pool, memory, clock};
  exchanger.server = std::make_unique<Http2ServerCodec>(worker, limits, exchanger);
  exchanger.client = std::make_unique<Http2ClientCodec>(worker, limits, exchanger);
  exchanger.run(state, static_cast<int>(state.range(0)));
}
BENCHMARK(Http2Exchange)->Arg(1)->Arg(16);
}  // namespace
}  // namespace heddle
