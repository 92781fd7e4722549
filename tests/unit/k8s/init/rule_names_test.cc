#include "k8s/init/rule_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "k8s/init/iptables_text.h"
#include "k8s/init/nft_text.h"

namespace heddle {
namespace {
using testing::ElementsAre;

std::string complaint(const RuleNames& expected, const RuleNames& found) {
  auto same = compare_rules(expected, found);
  return same ? "" : same.error().detail.substr(same.error().detail.find(": ") + 2);
}

// As `nft list table inet heddle` writes it: other sets, another priority, tabs.
TEST(RuleNames, AreReadFromWhatNftListed) {
  constexpr char kListed[] =
      "table inet heddle {\n\tchain inbound {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
      "\t\tiifname \"lo\" return comment \"heddle/in/loopback\"\n"
      "\t\ttcp dport { 15000-15001, 15006, 15020 } return comment \"heddle/in/proxy-ports\"\n"
      "\t\tmeta l4proto tcp redirect to :15006 comment \"heddle/in/redirect-15006\"\n\t}\n\n"
      "\tchain outbound {\n\t\ttype nat hook output priority -100; policy accept;\n"
      "\t\tmeta skuid 2102 return comment \"heddle/out/proxy-user\"\n"
      "\t\toifname \"lo\" return comment \"heddle/out/loopback\"\n"
      "\t\tmeta l4proto tcp redirect to :15001 comment \"heddle/out/redirect-15001\"\n\t}\n}\n";
  EXPECT_EQ(rule_names(kListed), rule_names(nft_text({})));
}

// iptables quotes comments, sorts chains in its own way and lists other people's rules, too.
TEST(RuleNames, AreReadFromWhatIptablesListed) {
  constexpr char kListed[] =
      "-A OUTPUT -p tcp -m comment --comment \"heddle/jump/out\" -j HEDDLE_OUTBOUND\n"
      "-A PREROUTING -m comment --comment \"not ours\" -j RETURN\n"
      "-A HEDDLE_OUTBOUND -o lo -m comment --comment \"heddle/out/loopback\" -j RETURN\n"
      "-A HEDDLE_INBOUND -i lo -m comment --comment heddle/in/loopback -j RETURN\n";
  EXPECT_THAT(rule_names(kListed), ElementsAre("heddle/in/loopback", "heddle/jump/out", "heddle/out/loopback"));
}

TEST(RuleNames, KeepTheOrderOfAChain) {
  EXPECT_THAT(rule_names("comment \"heddle/out/b\"\ncomment \"heddle/out/a\"\n"),
              ElementsAre("heddle/out/b", "heddle/out/a"));
}

TEST(CompareRules, NamesTheRuleThatDiffers) {
  RuleNames both = {"heddle/in/a", "heddle/in/b"};
  EXPECT_EQ(complaint(both, both), "");
  EXPECT_EQ(complaint(both, {"heddle/in/a"}), "heddle/in/b is missing");
  EXPECT_EQ(complaint(both, {}), "heddle/in/a is missing");
  EXPECT_EQ(complaint(both, {"heddle/in/b", "heddle/in/a"}), "expected heddle/in/a, found heddle/in/b");
  EXPECT_EQ(complaint(both, {"heddle/in/a", "heddle/in/b", "heddle/in/b"}), "heddle/in/b should not be there");
}
}  // namespace
}  // namespace heddle
