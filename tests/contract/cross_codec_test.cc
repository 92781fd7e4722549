// HTTP/1 in, HTTP/2 between, HTTP/1 out: a message that crosses both codecs arrives as it would have on one link.
#include <gtest/gtest.h>

#include "tests/support/codec_pair.h"
#include "tests/support/http2_codec_pair.h"

namespace heddle {
namespace {
// A proxy reduced to its smallest: what the server side of one link hears, the client side of the next says.
struct Crossing {
  struct Requests final : ServerEvents {
    explicit Requests(Crossing& c) : all(c) {}
    void on_request(StreamId id, RequestHead&& head, bool end) override {
      all.near = id;
      all.far = all.to->open(head, end);
    }
    void on_data(StreamId, Buffer&& data, bool end) override {
      size_t n = data.size();
      (void)all.to->send_data(all.far, std::move(data), end);
      all.from->credit(all.near, n);
    }
    void on_trailers(StreamId, HeaderMap&& map) override { all.to->send_trailers(all.far, map); }
    void on_reset(StreamId, ResetCode code) override { all.to->reset(all.far, code); }
    void on_drained(StreamId) override {}
    void on_go_away(StreamId) override {}
    Crossing& all;
  };
  struct Answers final : ClientEvents {
    explicit Answers(Crossing& c) : all(c) {}
    void on_response(StreamId, ResponseHead&& head, bool end) override { all.from->respond(all.near, head, end); }
    void on_informational(StreamId, ResponseHead&& head) override { all.from->inform(all.near, head); }
    void on_data(StreamId, Buffer&& data, bool end) override {
      size_t n = data.size();
      (void)all.from->send_data(all.near, std::move(data), end);
      all.to->credit(all.far, n);
    }
    void on_trailers(StreamId, HeaderMap&& map) override { all.from->send_trailers(all.near, map); }
    void on_reset(StreamId, ResetCode code) override { all.from->reset(all.near, code); }
    void on_drained(StreamId) override {}
    void on_go_away(StreamId) override {}
    Crossing& all;
  };
  Requests requests{*this};
  Answers answers{*this};
  ServerCodec* from = nullptr;
  ClientCodec* to = nullptr;
  StreamId near;
  StreamId far;
};

// Several links in a row: the first client asks, the last server answers. One request at a time.
class Chain {
 public:
  explicit Chain(const std::vector<const CodecPairFactory*>& links) {
    for (size_t i = 0; i + 1 < links.size(); ++i) crossings_.push_back(std::make_unique<Crossing>());
    for (size_t i = 0; i < links.size(); ++i) {
      ServerEvents& server = i + 1 < links.size() ? static_cast<ServerEvents&>(crossings_[i]->requests) : server_;
      ClientEvents& client = i == 0 ? static_cast<ClientEvents&>(client_) : crossings_[i - 1]->answers;
      pairs_.push_back(links[i]->make(pool_, limits_, server, client));
    }
    for (size_t i = 0; i < crossings_.size(); ++i) {
      crossings_[i]->from = pairs_[i].server.get();
      crossings_[i]->to = pairs_[i + 1].client.get();
    }
    for (CodecPair& pair : pairs_) links_.push_back(std::make_unique<CodecLink>(pool_, pair));
    server_.codec = pairs_.back().server.get();
    client_.codec = pairs_.front().client.get();
    run();
  }
  // Back and forth until every link had its say on what the others did.
  void run() {
    for (int round = 0; round < 20; ++round) {
      for (auto& link : links_) EXPECT_TRUE(link->run());
    }
  }
  BlockPool pool_;
  HttpLimits limits_;
  RecordingServerEvents server_;
  RecordingClientEvents client_;
  std::vector<std::unique_ptr<Crossing>> crossings_;
  std::vector<CodecPair> pairs_;
  std::vector<std::unique_ptr<CodecLink>> links_;
};

struct Message {
  std::string name;
  std::function<RequestHead(BlockPool&)> head;
  std::string body;  // sent when the head says that one follows
  bool request_ends = true;
  uint16_t status = 200;
  std::string answer;
  bool declared = false;  // the answer has a content-length
  bool trailers = false;
};

std::string without_version(std::string text) {
  for (const char* version : {" HTTP/1.1", " HTTP/2"}) {
    for (size_t at; (at = text.find(version)) != std::string::npos;) text.erase(at, std::string(version).size());
  }
  return text;
}

void serve(Chain& chain, const Message& message) {
  chain.server_.handler = [&](StreamId id, const RequestHead&, bool) {
    ServerCodec& server = *chain.pairs_.back().server;
    ResponseHead head(chain.pool_, message.status);
    EXPECT_TRUE(head.fields().add("x-b", "1") && head.fields().add("set-cookie", "a") &&
                head.fields().add("set-cookie", "b"));
    if (message.declared) head.content_length = message.answer.size();
    bool end = message.answer.empty() || message.name == "head";
    server.respond(id, head, end);
    if (end) return;
    (void)server.send_data(id, Buffer(chain.pool_, message.answer), !message.trailers);
    if (!message.trailers) return;
    HeaderMap trailers(chain.pool_);
    EXPECT_TRUE(trailers.add("grpc-status", "0"));
    server.send_trailers(id, trailers);
  };
}

// What the far server and the near client heard.
std::string transcript(const std::vector<const CodecPairFactory*>& links, const Message& message) {
  Chain chain(links);
  serve(chain, message);
  ClientCodec& client = *chain.pairs_.front().client;
  StreamId id = client.open(message.head(chain.pool_), message.request_ends);
  if (!message.request_ends) (void)client.send_data(id, Buffer(chain.pool_, message.body), true);
  chain.run();
  return without_version(chain.server_.text() + "--\n" + chain.client_.text());
}

std::vector<Message> messages() {
  auto plain = [](const char* method) {
    return [method](BlockPool& pool) {
      RequestHead head = make_request(pool, method, "/a//b?x=%2f");
      head.accepts_trailers = true;
      EXPECT_TRUE(head.fields().add("x-one", "1") && head.fields().add("cookie", "a=1; b=2") &&
                  head.fields().add("x-two", "2"));
      return head;
    };
  };
  auto with_length = [plain](BlockPool& pool) {
    RequestHead head = plain("PUT")(pool);
    head.content_length = 5;
    return head;
  };
  std::string big(150000, 'b');
  return {
      {"get", plain("GET"), "", true, 200, "hello", true, false},
      {"chunked", plain("POST"), "abc", false, 200, "hello", false, false},
      {"length", with_length, "12345", false, 201, big, true, false},
      {"big_chunked", plain("POST"), big, false, 200, big, false, false},
      {"trailers", plain("POST"), "abc", false, 200, "hello", false, true},
      {"head", plain("HEAD"), "", true, 200, "hello", true, false},
      {"no_content", plain("DELETE"), "", true, 204, "", false, false},
  };
}

class CrossCodec : public testing::TestWithParam<Message> {};

TEST_P(CrossCodec, Http1OverHttp2ToHttp1IsTheIdentity) {
  std::string direct = transcript({&http1_pair()}, GetParam());
  std::string crossed = transcript({&http1_pair(), &http2_pair(), &http1_pair()}, GetParam());

  EXPECT_FALSE(direct.empty());
  EXPECT_EQ(crossed, direct);
}
INSTANTIATE_TEST_SUITE_P(Messages, CrossCodec, testing::ValuesIn(messages()),
                         [](const auto& entry) { return entry.param.name; });

TEST(CrossCodecTunnel, AWebsocketPassesBothProtocols) {
  Chain chain({&http1_pair(), &http2_pair(), &http1_pair()});
  RequestHead head = make_request(chain.pool_, "GET", "/chat");
  ASSERT_TRUE(head.set_protocol("websocket"));
  ServerCodec& server = *chain.pairs_.back().server;
  ClientCodec& client = *chain.pairs_.front().client;

  StreamId id = client.open(head, false);
  chain.run();
  server.respond(chain.server_.last_id(), ResponseHead(chain.pool_, 101), false);
  chain.run();
  (void)client.send_data(id, Buffer(chain.pool_, "ping"), false);
  chain.run();

  EXPECT_NE(chain.server_.text().find("protocol=websocket"), std::string::npos) << chain.server_.text();
  EXPECT_NE(chain.client_.text().find(" 101 "), std::string::npos) << chain.client_.text();
  EXPECT_EQ(chain.server_.body(), "ping");
}
}  // namespace
}  // namespace heddle
