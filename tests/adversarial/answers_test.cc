// What a lying authority answers to a signing request (data/answers.cases): the identity of a sidecar, whole, with its
// key and its files, before a CaClient that lies. What is not its own certificate is thrown away; the next good answer
// is used.
#include <gtest/gtest.h>

#include "certs/pem.h"
#include "lib/base/strings.h"
#include "proxy/identity/control_identity.h"
#include "tests/adversarial/certificate_script.h"
#include "tests/adversarial/document_text.h"
#include "tests/adversarial/verdict.h"
#include "tests/support/captured_log.h"
#include "tests/support/run_turns.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace heddle::adversarial {
namespace {
constexpr std::string_view kOwn = "spiffe://td.test/ns/a/sa/b";

WallTime wall_now() {
  return WallTime{std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())};
}

// Signs what the words say; `key=ours` is the key that was asked for.
class LyingCa final : public CaClient {
 public:
  LyingCa(Loop& loop, CertificateScript& script) : loop_(loop), script_(script) {}
  [[nodiscard]] Pending sign(CaRequest request, OnAnswer done) override {
    auto csr = Csr::parse_pem(request.csr_pem);
    HEDDLE_CHECK(csr.has_value());
    EVP_PKEY_up_ref(const_cast<EVP_PKEY*>(csr->public_key()));
    script_.set_key("ours", {const_cast<EVP_PKEY*>(csr->public_key()), EVP_PKEY_free});
    done_ = std::move(done);
    loop_.post([this, answer = made()]() mutable { done_(std::move(answer)); });
    return nullptr;
  }
  std::string words;  // of the certificate
  std::string bundle = "td";
  Duration issued{};  // from now
  bool no_chain = false;

 private:
  CaAnswer made() {
    ShownCertificates shown = script_.play(words);
    CaAnswer answer;
    answer.chain_pem = no_chain ? "" : to_pem(shown.chain);
    answer.serial = serial_of(shown.chain.front().get());
    answer.issued_at = wall_now() + issued;
    answer.not_after = to_wall_time(X509_get0_notAfter(shown.chain.front().get()));
    answer.roots = script_.authority(bundle).roots();
    return answer;
  }
  Loop& loop_;
  CertificateScript& script_;
  OnAnswer done_;
};

class Answers : public testing::TestWithParam<Case> {
 protected:
  ControlIdentityOptions options() {
    ControlIdentityOptions out{*SpiffeId::parse(kOwn), "token", "", "", ""};
    out.bundle_file = files_.write("roots.pem", script_.authority("td").root_pem());
    return out;
  }
  // `answer [issued=-1h] [bundle=NAME] [no-chain] words of the certificate`
  void lie(std::string_view input) {
    for (const std::string& word : words_of(input)) {
      if (word.starts_with("issued=-")) {
        ca_.issued = -*parse_duration(std::string_view(word).substr(8));
      } else if (word.starts_with("issued=+")) {
        ca_.issued = *parse_duration(std::string_view(word).substr(8));
      } else if (word.starts_with("bundle=")) {
        ca_.bundle = word.substr(7);
      } else if (word == "no-chain") {
        ca_.no_chain = true;
      } else {
        ca_.words += str_cat(ca_.words.empty() ? "" : " ", word);
      }
    }
  }
  void tell_the_truth() {
    ca_.words = "me key=ours before=-1m after=+1h";
    ca_.bundle = "td";
    ca_.issued = {};
    ca_.no_chain = false;
  }

  Loop loop_;
  TempDir files_;
  CapturedLog log_;
  SeededRandom random_{3};
  CertificateScript script_;
  LyingCa ca_{loop_, script_};
};

TEST_P(Answers, AreUsedOnlyWhenTheyAreOurs) {
  Expected expected(GetParam());
  count_case(str_cat(GetParam().id.substr(0, GetParam().id.find('-')), " (answers of the authority)"));
  ControlIdentity identity(loop_, random_, log_.log().module("identity"), ca_, options());
  lie(GetParam().input);

  identity.start();
  ASSERT_TRUE(runs_until(
      loop_, [&] { return identity.identities().current() != nullptr || !identity.status().last_error.empty(); }));

  bool used = identity.identities().current() != nullptr;
  EXPECT_EQ(used, expected.first() == "used") << identity.status().last_error;
  if (used) return;
  EXPECT_EQ(unsaid(expected, identity.status().last_error), "");
  tell_the_truth();
  identity.reload();
  EXPECT_TRUE(runs_until(loop_, [&] { return identity.identities().current() != nullptr; }))
      << identity.status().last_error;
}

INSTANTIATE_TEST_SUITE_P(Cases, Answers, testing::ValuesIn(load_cases("answers.cases")), name_of);
}  // namespace
}  // namespace heddle::adversarial
