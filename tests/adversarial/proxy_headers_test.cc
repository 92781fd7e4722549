// PROXY headers in front of connections (data/proxy_headers.cases), at ports that require one: missing, cut, too long,
// wrong in every field, slow, with TLS or somebody else's protocol behind them.
#include <gtest/gtest.h>

#include "tests/adversarial/cost_bound.h"
#include "tests/adversarial/rig.h"
#include "tests/adversarial/tls_client.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kGood = "PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n";

std::string replaced(std::string text, std::string_view name, std::string_view by) {
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + by.size())) {
    text.replace(at, name.size(), by);
  }
  return text;
}
// {V1}, {V2}: good headers; {SIG}: the signature of version 2; {IP4}: its addresses and ports.
std::string bytes_of(std::string text) {
  text = replaced(std::move(text), "{V2}", R"({SIG}\x21\x11\x00\x0c{IP4})");
  text = replaced(std::move(text), "{V1}", R"(PROXY TCP4 192.0.2.1 198.51.100.2 56300 443\r\n)");
  text = replaced(std::move(text), "{IP4}", R"(\xc0\x00\x02\x01\xc6\x33\x64\x02\xdb\xec\x01\xbb)");
  text = replaced(std::move(text), "{SIG}", R"(\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a)");
  return expand(text);
}

struct Attack {
  std::string port;
  std::string how;
  std::string in_front;
  std::string in_tls;
  bool fin = false;
};
// `port plain|slow|tls:alpn bytes`; slow: each byte by itself; `{TLS}` stands where the handshake begins.
Attack attack_of(std::string text) {
  Attack out;
  for (std::string* word : {&out.port, &out.how}) {
    size_t space = std::min(text.find(' '), text.size());
    *word = text.substr(0, space);
    text.erase(0, space + 1);
  }
  out.fin = take_suffix(text, "<FIN>");
  size_t tls = std::min(text.find("{TLS}"), text.size());
  out.in_front = bytes_of(text.substr(0, tls));
  if (tls < text.size()) out.in_tls = bytes_of(text.substr(tls + 5));
  return out;
}

class ProxyHeaders : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    recorder_ = std::make_unique<Recorder>();
    auto open = [&](const char* name, PortProtocol protocol, InboundTls tls) {
      ports_[name] = Rig::balanced(recorder_->address(), protocol, tls, std::string(kGood));
    };
    open("http", PortProtocol::kHttp, InboundTls::kOff);
    open("auto", PortProtocol::kAuto, InboundTls::kOff);
    open("tcp", PortProtocol::kTcp, InboundTls::kOff);
    open("strict", PortProtocol::kHttp, InboundTls::kStrict);
    open("permissive", PortProtocol::kHttp, InboundTls::kPermissive);
  }
  static void TearDownTestSuite() {
    ports_.clear();
    recorder_.reset();
  }

 protected:
  struct Heard {
    std::string bytes;
    bool ended = false;
  };
  static Heard play(Rig& rig, const Attack& attack) {
    // Measured where a good request needs no TLS.
    CostBound bound(attack.in_front.size() + attack.in_tls.size(), ports_.at("http")->request_work());
    if (attack.how.starts_with("tls:")) return over_tls(rig, attack);
    BlockingClient client(rig.entry());
    size_t step = attack.how == "slow" ? 1 : std::max<size_t>(attack.in_front.size(), 1);
    for (size_t at = 0; at < attack.in_front.size(); at += step) client.send(attack.in_front.substr(at, step));
    if (attack.fin) client.finish();
    Heard heard;
    heard.bytes = client.read_all();
    heard.ended = client.ended() != Ended::kNot;
    return heard;
  }
  static Heard over_tls(Rig& rig, const Attack& attack) {
    static std::map<Rig*, Svid> all;
    TlsClient client(rig.entry(), TlsClient::Prepare());
    client.show(all.try_emplace(&rig, rig.ca().issue(MeshFixture::kClientId)).first->second);
    client.send_first(attack.in_front);
    client.connect(attack.how.substr(4));
    client.send(attack.in_tls);
    Heard heard;
    heard.bytes = client.read_all();
    heard.ended = client.ended();
    return heard;
  }
  static std::string canary(Rig& rig, const std::string& port) {
    if (port != "strict") return rig.settle();
    Attack good{port, "tls:http/1.1", std::string(kGood),
                "GET /canary HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"};
    std::string answer = over_tls(rig, good).bytes;
    return answer.starts_with("HTTP/1.1 200 ") ? ""
                                               : str_cat("the canary was answered with ", heddle::in_quotes(answer));
  }
  static void expect_heard(const Heard& heard, const Expected& expected) {
    EXPECT_TRUE(heard.ended) << "the connection stays: " << heddle::in_quotes(heard.bytes.substr(0, 300));
    if (expected.first() == "closed") {
      EXPECT_EQ(heard.bytes, "");
      return;
    }
    size_t space = std::min(heard.bytes.find(' '), heard.bytes.size());
    EXPECT_TRUE(is_one_of(heard.bytes.substr(std::min(space + 1, heard.bytes.size()), 3), expected.first()))
        << heddle::in_quotes(heard.bytes.substr(0, 300));
  }
  static void expect_recorded(const Expected& expected) {
    ASSERT_TRUE(recorder_->wait_idle());
    std::vector<Message> requests = recorder_->requests();
    EXPECT_EQ(std::to_string(requests.size()), expected.get("up", "0"));
    for (const std::string& from : expected.all("from")) {
      ASSERT_FALSE(requests.empty());
      EXPECT_EQ(requests.front().values("x-forwarded-for"), std::vector<std::string>{from});
    }
    EXPECT_EQ(recorder_->partials(), std::vector<std::string>{});
  }

  void knock() {
    Expected expected(GetParam());
    Attack attack = attack_of(GetParam().input);
    Rig& rig = *ports_.at(attack.port);
    std::string reason = expected.get("reason");
    int64_t before = rig.refused_for(reason);
    recorder_->clear();

    expect_heard(play(rig, attack), expected);

    EXPECT_EQ(canary(rig, attack.port), "");
    expect_recorded(expected);
    EXPECT_TRUE(rig.wait_alone());
    EXPECT_EQ(rig.refused_for(reason), before + (reason.empty() ? 0 : 1)) << reason;
  }

  static inline std::unique_ptr<Recorder> recorder_;
  static inline std::map<std::string, std::unique_ptr<Rig>> ports_;
};

TEST_P(ProxyHeaders, AreTakenWholeOrRefused) {
  count_case("PROXY headers");
  knock();
}

INSTANTIATE_TEST_SUITE_P(Cases, ProxyHeaders, testing::ValuesIn(load_cases("proxy_headers.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
