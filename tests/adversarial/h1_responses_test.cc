// Lying HTTP/1.1 upstreams (data/h1_responses.cases): what they say, whole and byte by byte, to an HTTP/1.1 client and
// to an HTTP/2 client. A bad answer never looks like a good one, and never becomes the answer of somebody else.
#include <gtest/gtest.h>

#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/h2_peer.h"
#include "tests/adversarial/rig.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/http1_bench.h"

namespace heddle::adversarial {
namespace {
// Answers canaries well and everything else with the bytes of the case.
class Liar {
 public:
  Liar() : origin_([this](BlockingClient& peer, int, std::atomic<int>&) { serve(peer); }) {}
  const Address& address() const { return origin_.address(); }
  int connections() const { return origin_.connections(); }
  void say(std::string bytes, bool fin, bool by_bytes) {
    std::lock_guard lock(mutex_);
    bytes_ = std::move(bytes);
    fin_ = fin;
    by_bytes_ = by_bytes;
  }

 private:
  void serve(BlockingClient& peer) {
    CostBound::leave_out();
    for (std::string request = read_request(peer); !request.empty(); request = read_request(peer)) {
      if (request.find(" /canary") != std::string::npos) {
        peer.send(http_answer("ok"));
        continue;
      }
      std::unique_lock lock(mutex_);
      std::string bytes = bytes_;
      bool fin = fin_;
      bool by_bytes = by_bytes_;
      lock.unlock();
      for (size_t at = 0; at < bytes.size(); at += by_bytes ? 1 : bytes.size()) {
        peer.send(std::string_view(bytes).substr(at, by_bytes ? 1 : bytes.size()));
      }
      if (fin) return;
    }
  }
  std::mutex mutex_;
  std::string bytes_;
  bool fin_ = false;
  bool by_bytes_ = false;
  RawOrigin origin_;
};

struct Got {
  std::string status;  // of the final answer; "" for none
  std::string body;
  std::string raw;
  bool whole = false;  // it ended as a good answer ends
};

class H1Answers : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    liar_ = std::make_unique<Liar>();
    rig_ = Rig::single(liar_->address());
  }
  static void TearDownTestSuite() {
    rig_.reset();
    liar_.reset();
  }

 protected:
  static Got over_h1(const std::string& method) {
    BlockingClient client(rig_->entry());
    client.send(str_cat(method, " /lie HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.finish();
    Got got;
    got.raw = client.read_all();
    std::string_view rest = got.raw;
    for (Reading reading;; rest.remove_prefix(reading.used)) {
      reading = read_answer_strictly(rest, method, client.ended() == Ended::kFin);
      int status = reading.message.status;
      got.body = reading.message.body;
      got.whole = reading.state == Reading::State::kWhole;
      if (status != 0) got.status = std::to_string(status);
      if (!got.whole || status >= 200) break;
    }
    return got;
  }
  static Got over_h2(const std::string& method) {
    BlockingClient client(rig_->entry());
    H2Peer peer(client);
    peer.send(h2::client_start() +
              h2::headers(1, {{":method", method}, {":scheme", "http"}, {":path", "/lie"}, {":authority", "a"}},
                          h2::kEndHeaders | h2::kEndStream));
    HeardStream& heard = peer.streams[1];
    peer.read_until([&] { return heard.ended || heard.reset; });
    Got got;
    if (!heard.status.empty()) got.status = heard.status.back();
    got.body = heard.body;
    for (const auto& [name, value] : heard.fields) got.raw += str_cat(name, ": ", value, "\r\n");
    got.raw += heard.body;
    got.whole = heard.ended && !heard.reset;
    return got;
  }

  static Got ask(bool h2, const std::string& method, size_t lies) {
    CostBound bound(lies, rig_->request_work());
    return h2 ? over_h2(method) : over_h1(method);
  }

  static void check(const Expected& expected, const Got& got) {
    if (expected.first() == "cut") {
      EXPECT_FALSE(got.whole) << "a truncated answer looks whole: " << got.raw.substr(0, 500);
    } else {
      EXPECT_TRUE(is_one_of(got.status, expected.first())) << got.status << ": " << got.raw.substr(0, 500);
      EXPECT_TRUE(got.whole) << got.raw.substr(0, 500);
    }
    for (const std::string& body : expected.all("body")) EXPECT_EQ(got.body, body);
    std::string lower = to_lower(got.raw);
    for (const std::string& text : expected.all("down")) EXPECT_NE(lower.find(text), std::string::npos) << got.raw;
    for (const std::string& text : expected.all("down-not")) EXPECT_EQ(lower.find(text), std::string::npos) << got.raw;
  }

  void answer_both_kinds() {
    Expected expected(GetParam());
    std::string input = GetParam().input;
    bool fin = take_suffix(input, "<FIN>");
    input = expand(input);
    std::string method = expected.get("method", "GET");
    for (bool by_bytes : {false, true}) {
      if (by_bytes && input.size() > 4000) continue;
      for (bool h2 : {false, true}) {
        SCOPED_TRACE(str_cat(h2 ? "h2" : "h1", by_bytes ? ", byte by byte" : ", whole"));
        liar_->say(input, fin, by_bytes);
        int before = liar_->connections();

        Got got = ask(h2, method, input.size());

        check(expected, got);
        ASSERT_EQ(rig_->settle(), "");
        if (expected.has("noreuse")) {
          EXPECT_GT(liar_->connections(), before);
        }
      }
    }
  }

  static inline std::unique_ptr<Liar> liar_;
  static inline std::unique_ptr<Rig> rig_;
};

TEST_P(H1Answers, AreJudgedAlikeForBothKindsOfClients) {
  count_case(GetParam().id.substr(0, GetParam().id.find('-')));
  answer_both_kinds();
}

TEST_P(H1Answers, AreJudgedAlikeAtEverySplit) {
  std::string input = GetParam().input;
  std::string end = take_suffix(input, "<FIN>") ? std::string(kFin) : "";
  input = expand(input);
  std::string method = Expected(GetParam()).get("method", "GET");
  Http1Asked asked{method, ""};
  Http1Outcome whole = ask_http1(input + end, {}, asked);

  for (const Split& split : all_splits(input.size() <= 1500 ? input.size() : 0)) {
    Http1Outcome parts = ask_http1(input + end, split, asked);
    ASSERT_EQ(parts.events, whole.events) << split.first << " " << split.step;
    ASSERT_EQ(parts.reason, whole.reason) << split.first << " " << split.step;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, H1Answers, testing::ValuesIn(load_cases("h1_responses.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
