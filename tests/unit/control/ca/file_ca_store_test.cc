#include "control/ca/file_ca_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "lib/base/file.h"
#include "tests/support/ca_now.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
using Phase = RotationPhase;

class FileCaStoreTest : public testing::Test {
 protected:
  CertificateAuthority::Ptr root() const { return *CertificateAuthority::create_root(domain_, 24h * 365, kNow); }
  FileCaStore store() const { return {folder_, domain_}; }
  Result<CaState> open() const {
    FileCaStore anew = store();
    return open_now(anew, kNow);
  }
  Result<void> decide(const CaState& state) const {
    FileCaStore anew = store();
    return decide_now(anew, state);
  }
  Result<void> finish(const CaState& state) const {
    FileCaStore anew = store();
    return finish_now(anew, state);
  }
  CaState prepared() const { return {Phase::kPrepared, 2, kNow, open()->signer, root(), nullptr}; }
  static CaState activated(const CaState& from) {
    return {Phase::kActivated, from.sequence, kNow, from.next, nullptr, from.signer->roots()};
  }
  std::string file(std::string_view name) const { return folder_ + "/" + std::string(name); }
  std::string text(std::string_view name) const { return *read_file(file(name), 1 << 20); }

  TempDir parent_;
  std::string folder_ = parent_ / "ca";
  TrustDomain domain_ = *TrustDomain::parse("cluster.local");
};

TEST_F(FileCaStoreTest, StartsSteadyWithOneRoot) {
  Result<CaState> state = open();

  ASSERT_TRUE(state.has_value()) << state.error().text();
  EXPECT_EQ(state->phase, Phase::kSteady);
  EXPECT_EQ((*state->bundle())->certificates().size(), 1U);
  EXPECT_EQ((*state->bundle())->notes().sequence, 1U);
}

TEST_F(FileCaStoreTest, KeepsAPreparedRootWithItsKey) {
  CaState before = prepared();
  ASSERT_TRUE(decide(before).has_value());

  Result<CaState> after = open();

  ASSERT_TRUE(after.has_value()) << after.error().text();
  EXPECT_EQ(after->phase, Phase::kPrepared);
  EXPECT_EQ(after->since, kNow);
  EXPECT_EQ(root_pin(*after->signer), root_pin(*before.signer));
  EXPECT_EQ(root_pin(*after->next), root_pin(*before.next));
  EXPECT_EQ((*after->bundle())->digest(), (*before.bundle())->digest());
  EXPECT_EQ((*after->bundle())->notes().sequence, 2U);
}

TEST_F(FileCaStoreTest, ACrashAfterTheDecisionToActivateIsFinishedByTheNextStart) {
  CaState before = prepared();
  ASSERT_TRUE(decide(before).has_value());
  CaState decided = activated(before);
  ASSERT_TRUE(decide(decided).has_value());

  Result<CaState> after = open();

  ASSERT_TRUE(after.has_value()) << after.error().text();
  EXPECT_EQ(after->phase, Phase::kActivated);
  EXPECT_EQ(root_pin(*after->signer), root_pin(*before.next));
  EXPECT_EQ(after->old->pins().front(), root_pin(*before.signer));
  EXPECT_EQ(root_pin(**read_authority(file("ca.pem"), domain_)), root_pin(*before.next));
  EXPECT_EQ(text("ca.rotation").find("PRIVATE KEY"), std::string::npos);
}

TEST_F(FileCaStoreTest, ACrashBetweenTheTwoFilesOfAnActivationIsFinishedToo) {
  CaState before = prepared();
  ASSERT_TRUE(decide(before).has_value());
  CaState decided = activated(before);
  ASSERT_TRUE(decide(decided).has_value());
  ASSERT_TRUE(write_authority(file("ca.pem"), *decided.signer).has_value());

  Result<CaState> after = open();

  ASSERT_TRUE(after.has_value()) << after.error().text();
  EXPECT_EQ(after->old->pins().front(), root_pin(*before.signer));
  EXPECT_EQ(text("ca.rotation").find("PRIVATE KEY"), std::string::npos);
}

TEST_F(FileCaStoreTest, TheOldKeyIsGoneOnceTheNewOneSigns) {
  CaState before = prepared();
  std::string old_key = text("ca.pem").substr(text("ca.pem").find("-----BEGIN PRIVATE"));
  CaState decided = activated(before);
  ASSERT_TRUE(decide(decided).has_value());
  ASSERT_TRUE(finish(decided).has_value());

  EXPECT_EQ(text("ca.pem").find(old_key), std::string::npos);
  EXPECT_EQ(text("ca.rotation").find("PRIVATE KEY"), std::string::npos);
  EXPECT_TRUE(open().has_value());
}

TEST_F(FileCaStoreTest, ARetiredRootIsForgottenAndTheSequenceGoesOn) {
  CaState before = prepared();
  CaState decided = activated(before);
  ASSERT_TRUE(decide(decided) && finish(decided));
  ASSERT_TRUE(decide({Phase::kSteady, 3, kNow, decided.signer, nullptr, nullptr}));

  Result<CaState> after = open();

  ASSERT_TRUE(after.has_value()) << after.error().text();
  EXPECT_EQ((*after->bundle())->pins(), std::vector<std::string>{root_pin(*before.next)});
  EXPECT_EQ((*after->bundle())->notes().sequence, 3U);
}

TEST_F(FileCaStoreTest, AnotherRootInCaPemThanWasDecidedStopsTheStart) {
  CaState before = prepared();
  ASSERT_TRUE(decide(before).has_value());
  ASSERT_TRUE(write_authority(file("ca.pem"), *root()).has_value());

  Result<CaState> after = open();

  ASSERT_FALSE(after.has_value());
  EXPECT_NE(after.error().detail.find("ca.rotation"), std::string::npos) << after.error().detail;
}

TEST_F(FileCaStoreTest, ALostCaPemIsNotReplacedWhileARotationIsKnown) {
  ASSERT_TRUE(decide(prepared()).has_value());
  std::filesystem::remove(file("ca.pem"));

  EXPECT_FALSE(open().has_value());
  EXPECT_FALSE(std::filesystem::exists(file("ca.pem")));
}

TEST_F(FileCaStoreTest, ARotationFileOthersMayReadStopsTheStart) {
  ASSERT_TRUE(decide(prepared()).has_value());
  struct stat status {};
  ASSERT_EQ(::stat(file("ca.rotation").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(::chmod(file("ca.rotation").c_str(), 0640), 0);

  Result<CaState> after = open();

  ASSERT_FALSE(after.has_value());
  EXPECT_NE(after.error().detail.find("0600"), std::string::npos) << after.error().detail;
}

TEST_F(FileCaStoreTest, WhatACrashLeftOfAWriteIsRemovedForItMayHoldAKey) {
  ASSERT_TRUE(open().has_value());
  for (const char* name : {"ca.pem.0a1b.tmp", "ca.rotation.0a1b.tmp", "heddle.db.tmp"}) {
    ASSERT_TRUE(atomic_write(file(name), "half a key", kPrivateFile).has_value());
  }

  ASSERT_TRUE(open().has_value());

  EXPECT_FALSE(std::filesystem::exists(file("ca.pem.0a1b.tmp")));
  EXPECT_FALSE(std::filesystem::exists(file("ca.rotation.0a1b.tmp")));
  EXPECT_TRUE(std::filesystem::exists(file("heddle.db.tmp"))) << "not ours";
}

TEST_F(FileCaStoreTest, ADamagedRotationFileStopsTheStartAndIsNamed) {
  ASSERT_TRUE(decide(prepared()).has_value());
  std::string whole = text("ca.rotation");
  const std::string kDamaged[] = {"", "{}", whole.substr(0, whole.size() / 2), R"({"phase":"prepared"})"};

  for (const std::string& damaged : kDamaged) {
    ASSERT_TRUE(atomic_write(file("ca.rotation"), damaged, kPrivateFile).has_value());
    Result<CaState> after = open();
    ASSERT_FALSE(after.has_value()) << damaged;
    EXPECT_NE(after.error().detail.find("ca.rotation"), std::string::npos) << after.error().detail;
  }
}
}  // namespace
}  // namespace heddle
