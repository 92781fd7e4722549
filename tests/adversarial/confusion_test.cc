// Protocols at the wrong door (data/confusion.cases): TLS where there is none and the reverse, HTTP/2 on HTTP/1 and the
// reverse, ALPN that does not say what follows, other protocols, bytes of chance.
#include <gtest/gtest.h>

#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/rig.h"
#include "tests/adversarial/tls_client.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/h2_frames.h"

namespace heddle::adversarial {
namespace {
struct Heard {
  std::string bytes;
  bool ended = false;
  bool connected = true;
};

class Confusion : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    recorder_ = std::make_unique<Recorder>();
    auto open = [&](const char* name, PortProtocol protocol, InboundTls tls) {
      ports_[name] = Rig::single(recorder_->address(), protocol, tls);
    };
    open("http", PortProtocol::kHttp, InboundTls::kOff);
    open("http2", PortProtocol::kHttp2, InboundTls::kOff);
    open("strict", PortProtocol::kHttp, InboundTls::kStrict);
    open("strict-auto", PortProtocol::kAuto, InboundTls::kStrict);
    open("permissive", PortProtocol::kHttp, InboundTls::kPermissive);
    ports_["outbound"] = Rig::pair(recorder_->address());
  }
  static void TearDownTestSuite() {
    ports_.clear();
    recorder_.reset();
  }

 protected:
  // A good request over each port.
  static std::string canary(const std::string& port) {
    Rig& rig = *ports_.at(port);
    if (port == "http2") return {};
    if (!port.starts_with("strict")) return rig.settle();
    TlsClient client(rig.entry(), &known(rig), "http/1.1");
    client.send("GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    std::string answer = client.read_all();
    return answer.starts_with("HTTP/1.1 200 ") ? ""
                                               : str_cat("the canary was answered with ", heddle::in_quotes(answer));
  }
  static const Svid& known(Rig& rig) {
    static std::map<Rig*, Svid> all;
    return all.try_emplace(&rig, rig.ca().issue(MeshFixture::kClientId)).first->second;
  }
  // `port plain bytes` or `port tls:alpn[:who] bytes`; H2 in front of the bytes stands for a client's preface.
  static Heard play(std::string_view input) {
    size_t first = input.find(' ');
    Rig& rig = *ports_.at(std::string(input.substr(0, first)));
    input.remove_prefix(first + 1);
    size_t second = std::min(input.find(' '), input.size());
    std::vector<std::string_view> how = split(input.substr(0, second), ':');
    std::string text(input.substr(std::min(second + 1, input.size())));
    bool fin = take_suffix(text, "<FIN>");
    std::string bytes =
        text.starts_with("H2") ? h2::client_start() + expand(std::string_view(text).substr(2)) : expand(text);
    CostBound bound(bytes.size(), ports_.at("http")->request_work());
    if (how[0] == "tls") return over_tls(rig, how, bytes);
    BlockingClient client(rig.entry());
    client.send(bytes);
    if (fin) client.finish();
    Heard heard;
    heard.bytes = client.read_all();
    heard.ended = client.ended() != Ended::kNot;
    return heard;
  }
  static Heard over_tls(Rig& rig, const std::vector<std::string_view>& how, const std::string& bytes) {
    std::string alpn = how.size() > 1 ? std::string(how[1]) : "";
    static const Svid foreign = TestCa("cluster.local").issue(MeshFixture::kClientId);
    std::string_view who = how.size() > 2 ? how[2] : "known";
    const Svid* shown = who == "known" ? &known(rig) : who == "foreign" ? &foreign : nullptr;
    TlsClient client(rig.entry(), shown, alpn);
    client.send(bytes);
    Heard heard;
    heard.bytes = client.read_all();
    heard.ended = client.ended();
    heard.connected = client.is_connected();
    return heard;
  }

  void knock() {
    Expected expected(GetParam());
    recorder_->clear();

    Heard heard = play(GetParam().input);

    EXPECT_TRUE(heard.ended) << "the connection stays: " << heddle::in_quotes(heard.bytes.substr(0, 300));
    if (expected.first() == "closed") {
      EXPECT_EQ(heard.bytes.find("HTTP/1.1 2"), std::string::npos) << heard.bytes;
    } else if (expected.first() == "goaway") {
      EXPECT_FALSE(h2::only(h2::kGoAway, heard.bytes).empty()) << heddle::in_quotes(heard.bytes);
    } else {
      size_t space = std::min(heard.bytes.find(' '), heard.bytes.size());
      EXPECT_TRUE(is_one_of(heard.bytes.substr(std::min(space + 1, heard.bytes.size()), 3), expected.first()))
          << heddle::in_quotes(heard.bytes.substr(0, 300));
    }
    EXPECT_EQ(canary(GetParam().input.substr(0, GetParam().input.find(' '))), "");
    ASSERT_TRUE(recorder_->wait_idle());
    EXPECT_EQ(std::to_string(recorder_->requests().size()), expected.get("up", "0"));
    EXPECT_EQ(recorder_->violations(), std::vector<std::string>{});
    EXPECT_EQ(recorder_->partials(), std::vector<std::string>{});
  }

  static inline std::unique_ptr<Recorder> recorder_;
  static inline std::map<std::string, std::unique_ptr<Rig>> ports_;
};

TEST_P(Confusion, IsRefusedAtTheDoor) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (confusion)"));
  knock();
}

INSTANTIATE_TEST_SUITE_P(Cases, Confusion, testing::ValuesIn(load_cases("confusion.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
