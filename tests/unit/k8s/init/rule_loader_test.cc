#include "k8s/init/rule_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
class ScriptedLoader final : public RuleLoader {
 public:
  ScriptedLoader(std::string name, std::string failure) : name_(std::move(name)), failure_(std::move(failure)) {}
  std::string name() const override { return name_; }
  Result<void> install(const InterceptionPlan&) override {
    ++tries;
    if (failure_.empty()) return {};
    return make_error(Reason::kIo, failure_);
  }
  Result<bool> remove() override { return false; }
  Result<RuleNames> found() override { return RuleNames{}; }
  RuleNames expected(const InterceptionPlan&) const override { return {}; }
  std::string text(const InterceptionPlan&) const override { return {}; }
  int tries = 0;

 private:
  std::string name_;
  std::string failure_;
};

TEST(InstallFirst, TakesTheFirstThatWorks) {
  ScriptedLoader nft("nftables", ""), iptables("iptables-nft", "");
  auto installed = install_first({&nft, &iptables}, {});
  ASSERT_TRUE(installed);
  EXPECT_EQ(*installed, &nft);
  EXPECT_EQ(iptables.tries, 0);
}

TEST(InstallFirst, FallsBackWhereOneDoesNot) {
  ScriptedLoader nft("nftables", "the kernel has no nf_tables"), iptables("iptables-nft", "");
  auto installed = install_first({&nft, &iptables}, {});
  ASSERT_TRUE(installed);
  EXPECT_EQ(*installed, &iptables);
}

TEST(InstallFirst, SaysWhatEachOfThemSaidAndWhatToDoNext) {
  ScriptedLoader nft("nftables", "Operation not permitted"), iptables("iptables-nft", "not installed");
  auto installed = install_first({&nft, &iptables}, {});
  ASSERT_FALSE(installed);
  EXPECT_THAT(installed.error().detail,
              testing::HasSubstr("nftables: Operation not permitted; iptables-nft: not installed"));
  EXPECT_THAT(installed.error().detail, testing::HasSubstr("Next: "));
  EXPECT_THAT(installed.error().detail, testing::HasSubstr("NET_ADMIN"));
}

TEST(LoaderNames, BeginWithTheBest) {
  EXPECT_THAT(loader_names(InitMode::kAuto),
              testing::ElementsAre("nftables", "iptables-nft", "iptables", "iptables-legacy"));
  EXPECT_THAT(loader_names(InitMode::kIptables), testing::ElementsAre("iptables-nft", "iptables", "iptables-legacy"));
  EXPECT_THAT(loader_names(InitMode::kIptablesLegacy), testing::ElementsAre("iptables-legacy"));
}

// `iptables` is one of the other two: what it loaded must not be taken out under the other name.
TEST(Clash, IsBetweenWhatCannotBeTheSame) {
  EXPECT_TRUE(clash("nftables", "iptables"));
  EXPECT_TRUE(clash("iptables-legacy", "nftables"));
  EXPECT_TRUE(clash("iptables-nft", "iptables-legacy"));
  EXPECT_FALSE(clash("iptables", "iptables-legacy"));
  EXPECT_FALSE(clash("iptables-nft", "iptables"));
  EXPECT_FALSE(clash("nftables", "nftables"));
}
}  // namespace
}  // namespace heddle
