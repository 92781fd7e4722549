// Bad and odd HTTP/2 clients (data/h2_server.cases) before one proxy that speaks HTTP/1.1 to its upstream, and before
// two with HTTP/2 between them. What a request becomes on the other side is compared with the frames that were sent.
#include <gtest/gtest.h>

#include "tests/adversarial/client_suite.h"
#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/h2_peer.h"

namespace heddle::adversarial {
namespace {
// `3:PROTOCOL`
std::pair<uint32_t, std::string> of_stream(const std::string& text) {
  size_t colon = std::min(text.find(':'), text.size() - 1);
  return {parse_int<uint32_t>(std::string_view(text).substr(0, colon)).value_or(0), text.substr(colon + 1)};
}

class H2Clients : public ClientSuite {
 protected:
  void run(Rig& rig) {
    recorder_->clear();
    Expected expected(GetParam());
    std::string kind = expected.get("abuse");
    int64_t before = rig.ended_for(kind);
    FrameScript script(GetParam().input, FrameScript::Role::kClient);
    {
      CostBound bound(script.size(), rig.request_work());
      BlockingClient client(rig.entry());
      H2Peer peer(client);
      peer.play(script);
      hear(expected, peer);
      if (expected.has("alive")) ask_again(peer, script.next_stream());
    }
    ASSERT_EQ(rig.settle(), "");
    ASSERT_TRUE(recorder_->wait_idle());
    check_upstream(expected, script);
    if (!kind.empty()) {
      EXPECT_EQ(rig.ended_for(kind), std::max<int64_t>(before, 0) + 1) << kind;
    }
  }

 private:
  static void hear(const Expected& expected, H2Peer& peer) {
    for (const std::string& wanted : expected.all("rst")) {
      auto [stream, code] = of_stream(wanted);
      HeardStream& heard = peer.streams[stream];
      EXPECT_TRUE(peer.read_until([&] { return heard.reset || heard.ended; }) && heard.reset)
          << "no reset of " << wanted;
      if (heard.reset) {
        EXPECT_EQ(*heard.reset, error_code(code)) << wanted;
      }
      EXPECT_TRUE(heard.status.empty() || expected.has("late")) << "an answer: " << heard.status.front();
    }
    for (const std::string& wanted : expected.all("status")) {
      auto [stream, status] = of_stream(wanted);
      HeardStream& heard = peer.streams[stream];
      EXPECT_TRUE(peer.read_until([&] { return heard.ended || heard.reset; })) << "no answer on " << wanted;
      EXPECT_TRUE(!heard.status.empty() && is_one_of(heard.status.back(), status))
          << wanted << ", got " << (heard.status.empty() ? "none" : heard.status.back());
    }
    if (std::string codes = expected.get("goaway"); !codes.empty()) hear_goaway(codes, peer);
    if (expected.has("closed")) {
      EXPECT_FALSE(peer.read_until([] { return false; }));
    }
    if (expected.has("closed")) {
      EXPECT_TRUE(peer.closed);
    }
    EXPECT_EQ(peer.trouble, "");
  }
  static void hear_goaway(const std::string& codes, H2Peer& peer) {
    peer.read_until([] { return false; });
    EXPECT_TRUE(peer.closed) << "the connection stays";
    ASSERT_FALSE(peer.goaways.empty()) << "no GOAWAY";
    bool any = false;
    for (std::string_view code : split(codes, '/')) any |= error_code(code) == peer.goaways.back();
    EXPECT_TRUE(any) << "GOAWAY with code " << peer.goaways.back();
  }
  static void ask_again(H2Peer& peer, uint32_t stream) {
    peer.send(h2::headers(stream, h2::get("/canary/again"), h2::kEndHeaders | h2::kEndStream));
    HeardStream& heard = peer.streams[stream];
    EXPECT_TRUE(peer.read_until([&] { return heard.ended || heard.reset; })) << "the connection does not go on";
    EXPECT_EQ(heard.get(":status"), "200");
    EXPECT_TRUE(peer.goaways.empty());
  }

  // Each request upstream is one that was sent, with its method, target, host and body.
  static void check_upstream(const Expected& expected, const FrameScript& script) {
    EXPECT_EQ(recorder_->violations(), std::vector<std::string>{});
    std::vector<Message> seen = recorder_->requests();
    size_t served = 0;
    for (const std::string& wanted : expected.all("status")) served += wanted.ends_with(":200") ? 1U : 0U;
    if (std::string up = expected.get("up", std::to_string(served)); up != "any") {
      EXPECT_EQ(std::to_string(seen.size()), up);
    }
    if (!expected.has("cut")) {
      EXPECT_EQ(recorder_->partials(), std::vector<std::string>{});
    }
    std::string raw;
    for (const Message& message : seen) {
      raw += message.raw;
      EXPECT_TRUE(was_sent(message, script)) << message.raw.substr(0, 500);
    }
    for (const std::string& part : recorder_->partials()) raw += part;
    for (const std::string& text : expected.all("sees")) EXPECT_NE(raw.find(text), std::string::npos) << raw;
    for (const std::string& text : expected.all("sees-not")) EXPECT_EQ(raw.find(text), std::string::npos) << raw;
  }
  static bool was_sent(const Message& message, const FrameScript& script) {
    for (const auto& [stream, request] : script.requests()) {
      HeardStream sent;
      sent.fields = request.fields;
      std::string host = sent.get(":authority").empty() ? sent.get("host") : sent.get(":authority");
      bool same = sent.get(":method") == message.method && sent.get(":path") == message.target &&
                  host == message.host && request.body == message.body;
      if (same) return true;
    }
    return false;
  }

 protected:
  void ask_both() {
    for (Rig* rig : {single_.get(), pair_.get()}) {
      SCOPED_TRACE(rig == single_.get() ? "one proxy" : "two proxies");
      run(*rig);
    }
  }
};

TEST_P(H2Clients, AreJudgedByTheirFrames) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (clients)"));
  ask_both();
}

INSTANTIATE_TEST_SUITE_P(Cases, H2Clients, testing::ValuesIn(load_cases("h2_server.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
