// TLS clients that a strict inbound listener must not serve, or must not serve for long (data/handshakes.cases): old
// versions, weak suites and groups, tickets, floods of KeyUpdates. All of them have a good certificate.
#include <gtest/gtest.h>

#include "tests/adversarial/rig.h"
#include "tests/adversarial/tls_client.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
namespace {
// The words of the input, as OpenSSL's calls.
void prepare(SSL_CTX* context, const std::vector<std::string>& words) {
  static const std::map<std::string, int> kVersions = {
      {"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};
  for (const std::string& word : words) {
    size_t equals = std::min(word.find('='), word.size());
    std::string name = word.substr(0, equals);
    std::string value = word.substr(std::min(equals + 1, word.size()));
    bool good = true;
    if (name == "version") {
      SSL_CTX_set_min_proto_version(context, kVersions.at(value));
      good = SSL_CTX_set_max_proto_version(context, kVersions.at(value)) == 1;
    } else if (name == "ciphers") {
      good = SSL_CTX_set_cipher_list(context, value.c_str()) == 1;
    } else if (name == "suites") {
      good = SSL_CTX_set_ciphersuites(context, value.c_str()) == 1;
    } else if (name == "groups") {
      good = SSL_CTX_set1_groups_list(context, value.c_str()) == 1;
    } else if (name == "sigalgs") {
      good = SSL_CTX_set1_sigalgs_list(context, value.c_str()) == 1;
    } else if (name == "compress") {
      SSL_CTX_clear_options(context, SSL_OP_NO_COMPRESSION);
    }
    HEDDLE_CHECK(good);
  }
}

std::string value_of(const std::vector<std::string>& words, std::string_view name) {
  for (const std::string& word : words) {
    if (word.starts_with(name) && word.size() > name.size() && word[name.size()] == '=')
      return word.substr(name.size() + 1);
  }
  return {};
}

class Handshakes : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    recorder_ = std::make_unique<Recorder>();
    rig_ = Rig::single(recorder_->address(), PortProtocol::kHttp, InboundTls::kStrict);
    svid_ = rig_->ca().issue(MeshFixture::kClientId);
  }
  static void TearDownTestSuite() {
    rig_.reset();
    recorder_.reset();
    svid_.reset();
  }

 protected:
  void play();
  std::unique_ptr<TlsClient> connect(SSL_SESSION* session = nullptr) {
    auto client = std::make_unique<TlsClient>(rig_->entry(), [&](SSL_CTX* context, SSL* ssl) {
      if (ssl == nullptr) return prepare(context, words_);
      if (session != nullptr) SSL_set_session(ssl, session);
    });
    client->show(*svid_);
    client->connect(value_of(words_, "alpn").empty() ? "http/1.1" : value_of(words_, "alpn"));
    return client;
  }
  static std::string ask(TlsClient& client) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return client.read_all();
  }
  static int64_t floods() { return std::max<int64_t>(rig_->ended_for("key-update"), 0); }
  static bool is_good(std::string_view answer) { return answer.starts_with("HTTP/1.1 200 "); }

  // A request first, so that the session stands; then so many updates, each asking for one of ours.
  static int update_keys(TlsClient& client, int times) {
    client.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("ok");
    int sent = 0;
    for (; sent < times && SSL_key_update(client.raw(), SSL_KEY_UPDATE_REQUESTED) == 1; ++sent) {
      if (SSL_do_handshake(client.raw()) != 1) break;
    }
    return sent;
  }

  static inline std::unique_ptr<Recorder> recorder_;
  static inline std::unique_ptr<Rig> rig_;
  static inline std::optional<Svid> svid_;
  Expected expected_{GetParam()};
  std::vector<std::string> words_ = words_of(GetParam().input);
};

void Handshakes::play() {
  std::string updates = value_of(words_, "updates");
  int64_t before = floods();

  std::unique_ptr<TlsClient> client = connect();
  if (!updates.empty()) update_keys(*client, *parse_int<int>(updates));
  std::string answer = ask(*client);

  EXPECT_EQ(is_good(answer), expected_.first() == "served") << answer << " alert " << client->alert();
  EXPECT_TRUE(client->ended());
  if (expected_.has("not-resumed")) {
    std::unique_ptr<SSL_SESSION, OpensslDelete<SSL_SESSION_free>> session(SSL_get1_session(client->raw()));
    EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 0) << "a ticket was given";
    std::unique_ptr<TlsClient> again = connect(session.get());
    EXPECT_TRUE(is_good(ask(*again)));
    EXPECT_EQ(SSL_session_reused(again->raw()), 0);
  }
  std::string alert = expected_.get("alert");
  EXPECT_TRUE(alert.empty() || is_one_of(std::to_string(client->alert()), alert)) << client->alert();
  client.reset();
  EXPECT_TRUE(rig_->wait_alone()) << "a connection is left";
  EXPECT_EQ(floods() - before, expected_.has("flood") ? 1 : 0);

  words_.clear();
  EXPECT_TRUE(is_good(ask(*connect()))) << "a good client after the case";
}

TEST_P(Handshakes, AreTakenOnlyAsTheyShouldBe) {
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (handshakes)"));
  play();
}

INSTANTIATE_TEST_SUITE_P(Cases, Handshakes, testing::ValuesIn(load_cases("handshakes.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
