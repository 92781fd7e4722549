// Lying HTTP/2 upstreams (data/h2_client.cases): the proxy is the client of a server that sends what the frames of the
// case say. `=` in a script is the stream that the proxy opened.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>

#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/h2_peer.h"
#include "tests/adversarial/rig.h"
#include "tests/adversarial/strict_reader.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
namespace {
// Answers canaries well, then says GOAWAY, so that every case has a connection of its own.
class H2Liar {
 public:
  H2Liar() : origin_([this](BlockingClient& peer, int, std::atomic<int>&) { serve(peer); }) {}
  const Address& address() const { return origin_.address(); }
  void say(std::string script) {
    std::lock_guard lock(mutex_);
    script_ = std::move(script);
    goaways_.clear();
    lies_ = 0;
  }
  // Until a GOAWAY with one of these codes was heard.
  bool hears(const std::vector<uint32_t>& codes) {
    auto is_wanted = [&](uint32_t code) { return std::find(codes.begin(), codes.end(), code) != codes.end(); };
    std::unique_lock lock(mutex_);
    return heard_.wait_for(lock, 60s, [&] { return std::any_of(goaways_.begin(), goaways_.end(), is_wanted); });
  }
  int lies() {
    std::lock_guard lock(mutex_);
    return lies_;
  }

 private:
  void serve(BlockingClient& client) {
    CostBound::leave_out();
    if (client.read_exactly(h2::kPreface.size()) != h2::kPreface) return;
    H2Peer peer(client);
    bool begun = false;
    while (peer.read_frame()) {
      if (peer.last_type != h2::kHeaders) continue;
      uint32_t stream = peer.last_stream;
      if (peer.streams[stream].get(":path").starts_with("/canary")) {
        answer_well(peer, stream, begun);
        begun = true;
        continue;
      }
      begun = true;
      if (!lie(peer, stream)) return;
    }
    note(peer);
  }
  static void answer_well(H2Peer& peer, uint32_t stream, bool begun) {
    if (!begun) peer.send(h2::settings({}) + h2::frame(h2::kSettings, h2::kAck, 0));
    peer.send(h2::headers(stream, {{":status", "200"}, {"content-length", "2"}}, 0) +
              h2::frame(h2::kData, h2::kEndStream, stream, "ok") +
              h2::frame(h2::kGoAway, 0, 0, h2::u32(stream) + h2::u32(0)));
  }
  // False: the script ends with the connection.
  bool lie(H2Peer& peer, uint32_t stream) {
    std::unique_lock lock(mutex_);
    std::string script = script_;
    ++lies_;
    lock.unlock();
    bool fin = take_suffix(script, "<FIN>");
    peer.play(FrameScript(script, FrameScript::Role::kServer, stream));
    return !fin;
  }
  void note(const H2Peer& peer) {
    std::lock_guard lock(mutex_);
    goaways_.insert(goaways_.end(), peer.goaways.begin(), peer.goaways.end());
    heard_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable heard_;
  std::string script_;
  std::vector<uint32_t> goaways_;
  int lies_ = 0;
  RawOrigin origin_;
};

class H2Answers : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    liar_ = std::make_unique<H2Liar>();
    rig_ = Rig::to_h2(liar_->address());
  }
  static void TearDownTestSuite() {
    rig_.reset();
    liar_.reset();
  }

 protected:
  static void check(const Expected& expected, const std::string& raw, const Reading& reading) {
    bool whole = reading.state == Reading::State::kWhole;
    std::string status = std::to_string(reading.message.status);
    EXPECT_TRUE(is_one_of(whole ? status : "cut", expected.first())) << raw.substr(0, 500);
    for (const std::string& body : expected.all("body")) EXPECT_EQ(reading.message.body, body);
    std::string lower = to_lower(raw);
    for (const std::string& text : expected.all("down")) EXPECT_NE(lower.find(text), std::string::npos) << raw;
    for (const std::string& text : expected.all("down-not")) EXPECT_EQ(lower.find(text), std::string::npos) << raw;
    for (const std::string& lies : expected.all("tries"))
      EXPECT_TRUE(is_one_of(std::to_string(liar_->lies()), lies)) << liar_->lies() << raw;
  }
  static bool is_told(const std::string& codes) {
    std::vector<uint32_t> wanted;
    for (std::string_view code : split(codes, '/')) wanted.push_back(error_code(code));
    return liar_->hears(wanted);
  }

  // The answer, and whether the proxy ended it well.
  static std::pair<std::string, bool> ask(const std::string& method, size_t lies) {
    CostBound bound(lies, rig_->request_work());
    BlockingClient client(rig_->entry());
    client.send(str_cat(method, " /lie HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.finish();
    std::string raw = client.read_all();
    return {raw, client.ended() == Ended::kFin};
  }

  void answer() {
    Expected expected(GetParam());
    liar_->say(GetParam().input);
    std::string method = expected.get("method", "GET");

    std::string script = GetParam().input;
    take_suffix(script, "<FIN>");
    auto [raw, whole] = ask(method, FrameScript(script, FrameScript::Role::kServer).size());
    std::string_view rest = raw;
    Reading reading = read_answer_strictly(rest, method, whole);
    while (reading.state == Reading::State::kWhole && reading.message.status < 200) {
      rest.remove_prefix(reading.used);
      reading = read_answer_strictly(rest, method, whole);
    }

    check(expected, raw, reading);
    ASSERT_EQ(rig_->settle(), "");
    if (std::string codes = expected.get("goaway"); !codes.empty()) {
      EXPECT_TRUE(is_told(codes)) << "no GOAWAY of " << codes << " was sent";
    }
  }

  static inline std::unique_ptr<H2Liar> liar_;
  static inline std::unique_ptr<Rig> rig_;
};

TEST_P(H2Answers, AreJudgedByTheirFrames) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (servers)"));
  answer();
}

INSTANTIATE_TEST_SUITE_P(Cases, H2Answers, testing::ValuesIn(load_cases("h2_client.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
