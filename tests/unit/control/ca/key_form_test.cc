#include "control/ca/key_form.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "control/ca/file_ca_store.h"
#include "tests/support/ca_now.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::string refusal(const std::string& path) {
  Result<KeyForm> form = KeyForm::from_file(path);
  return form ? "accepted" : form.error().detail;
}

TEST(KeyForm, ReadsThePassphraseFromAPrivateFile) {
  TempDir folder;

  EXPECT_TRUE(KeyForm::from_file(folder.write("a", "correct horse\n"))->is_sealed());
  EXPECT_TRUE(KeyForm::from_file(folder.write("b", "correct horse"))->is_sealed());
}

TEST(KeyForm, RefusesAFileThatIsOpenMissingEmptyOrLong) {
  TempDir folder;

  EXPECT_NE(refusal(folder.write("open", "secret\n", 0640)).find("0600"), std::string::npos);
  EXPECT_NE(refusal(folder / "none").find("No such file"), std::string::npos);
  EXPECT_NE(refusal(folder.write("empty", "\n")).find("holds no passphrase"), std::string::npos);
  EXPECT_NE(refusal(folder.write("lines", "one\ntwo\n")).find("expected one line"), std::string::npos);
  EXPECT_NE(refusal(folder.write("long", std::string(2000, 'x'))), "accepted");
}

class SealedCaTest : public testing::Test {
 protected:
  Result<CaState> open(std::string_view passphrase) const {
    FileCaStore anew = store(passphrase);
    return open_now(anew, kNow);
  }
  FileCaStore store(std::string_view passphrase) const { return {folder_, domain_, KeyForm(Secret(passphrase))}; }
  std::string text(const std::string& name) const { return *read_file(folder_ + "/" + name, 1 << 20); }
  CaState prepared(const CaState& from) const {
    return {RotationPhase::kPrepared,
            2,
            kNow,
            from.signer,
            *CertificateAuthority::create_root(domain_, 24h, kNow),
            nullptr};
  }
  TempDir parent_;
  std::string folder_ = parent_ / "ca";
  TrustDomain domain_ = *TrustDomain::parse("cluster.local");
};

TEST_F(SealedCaTest, NoKeyIsPlainInAnyFileOfARotation) {
  CaState state = *open("correct horse");
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.pem")));
  state = prepared(state);
  FileCaStore store = this->store("correct horse");
  ASSERT_TRUE(decide_now(store, state).has_value());
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.rotation")));

  CaState activated{RotationPhase::kActivated, 2, kNow, state.next, nullptr, state.signer->roots()};
  ASSERT_TRUE(decide_now(store, activated).has_value());
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.rotation")));
  EXPECT_EQ(root_pin(*open("correct horse")->signer), root_pin(*state.next));
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.pem")));
}

TEST_F(SealedCaTest, AWrongOrMissingPassphraseStopsTheStart) {
  ASSERT_TRUE(open("correct horse").has_value());

  Result<CaState> wrong = open("wrong horse");
  Result<CaState> missing = open("");

  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().detail.find("the passphrase does not open"), std::string::npos) << wrong.error().detail;
  EXPECT_NE(wrong.error().detail.find("ca.pem"), std::string::npos);
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().detail.find("--ca-passphrase-file"), std::string::npos) << missing.error().detail;
}

TEST_F(SealedCaTest, PlainKeysAreSealedWhenAPassphraseIsGiven) {
  CaState plain = *open("");
  CaState state = prepared(plain);
  FileCaStore without = store("");
  ASSERT_TRUE(decide_now(without, state).has_value());
  ASSERT_TRUE(KeyForm::holds_plain_key(text("ca.pem")) && KeyForm::holds_plain_key(text("ca.rotation")));

  Result<CaState> sealed = open("correct horse");

  ASSERT_TRUE(sealed.has_value()) << sealed.error().text();
  EXPECT_EQ(root_pin(*sealed->signer), root_pin(*plain.signer));
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.pem")));
  EXPECT_FALSE(KeyForm::holds_plain_key(text("ca.rotation")));
  EXPECT_TRUE(open("correct horse").has_value());
}
}  // namespace
}  // namespace heddle
