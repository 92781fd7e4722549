#include "control/ca/limited_audit.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/manual_scheduler.h"

namespace heddle {
namespace {
class KeptLines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LimitedAuditTest : public testing::Test {
 protected:
  void refuse(std::string address, size_t times = 1, std::string identity = "") {
    Result<void> why = make_error(Reason::kUnauthenticated, "no");
    for (; times > 0; --times) {
      audit_->write({"attest", "", ""}, {"r", identity, address}, why, scheduler_.wall());
    }
  }
  size_t lines() const { return sink_.lines.size(); }

  ManualScheduler scheduler_;
  KeptLines sink_;
  std::unique_ptr<LimitedAudit> audit_ = std::make_unique<LimitedAudit>(sink_, scheduler_);
};

TEST_F(LimitedAuditTest, WritesTheFirstRefusalsOfAPeerAndCountsTheRest) {
  refuse("10.0.0.9:1", 500);

  EXPECT_EQ(lines(), 20U);
  scheduler_.advance(60s);
  ASSERT_EQ(lines(), 21U);
  EXPECT_NE(sink_.lines.back().find(R"("audit":"suppressed")"), std::string::npos) << sink_.lines.back();
  EXPECT_NE(sink_.lines.back().find("480 refusals of 10.0.0.9"), std::string::npos) << sink_.lines.back();
}

TEST_F(LimitedAuditTest, WritesEverythingThatWasDone) {
  for (int i = 0; i < 1000; ++i) {
    audit_->write({"renew", "", ""}, {"r", "me", "10.0.0.9:1"}, {}, scheduler_.wall());
  }

  EXPECT_EQ(lines(), 1000U);
}

TEST_F(LimitedAuditTest, PeersDoNotSilenceEachOther) {
  refuse("10.0.0.9:1", 500);
  refuse("10.0.0.8:1");
  refuse("10.0.0.9:1", 1, "spiffe://td/a");

  EXPECT_EQ(lines(), 22U);
}

TEST_F(LimitedAuditTest, APeerIsAnAddressWhateverItsPortAndANetworkOfIpv6) {
  for (int port = 1; port <= 40; ++port) refuse(str_cat("10.0.0.9:", std::to_string(port)));
  EXPECT_EQ(lines(), 20U);
  for (int host = 1; host <= 40; ++host) refuse(str_cat("[2001:db8::", std::to_string(host), "]:1"));
  EXPECT_EQ(lines(), 40U);
  EXPECT_EQ(refusal_peer("", "[2001:db8::7]:1"), "2001:db8::/64");
  EXPECT_EQ(refusal_peer("spiffe://td/a", "10.0.0.9:1"), "spiffe://td/a");
}

TEST_F(LimitedAuditTest, ManyPeersTogetherAreLimitedToo) {
  for (int peer = 0; peer < 3000; ++peer)
    refuse(str_cat("10.0.", std::to_string(peer / 250), ".", std::to_string(peer % 250), ":1"));

  EXPECT_EQ(lines(), 200U);
  scheduler_.advance(60s);
  EXPECT_EQ(lines(), 200U + 21) << "twenty peers by name and one line for the rest";
  EXPECT_NE(sink_.lines.back().find("2780 refusals of others"), std::string::npos) << sink_.lines.back();
}

TEST_F(LimitedAuditTest, APeerThatWasQuietIsWrittenAgain) {
  refuse("10.0.0.9:1", 20);
  scheduler_.advance(10s);
  refuse("10.0.0.9:1", 2);

  EXPECT_EQ(lines(), 21U);
}

TEST_F(LimitedAuditTest, TheCountIsNotLostAtTheEnd) {
  refuse("10.0.0.9:1", 30);

  audit_.reset();

  EXPECT_NE(sink_.lines.back().find("10 refusals"), std::string::npos);
}

TEST(RefusalLimit, RemembersABoundedNumberOfPeers) {
  RefusalLimit limit{MonoTime()};
  size_t admitted = 0;
  for (size_t i = 0; i < 3 * RefusalLimit::kMaxPeers; ++i) admitted += limit.admit(std::to_string(i), MonoTime());

  auto counted = limit.take(MonoTime());

  size_t sum = admitted;
  for (const auto& row : counted) sum += row.refusals;
  EXPECT_EQ(sum, 3 * RefusalLimit::kMaxPeers) << "nobody is forgotten";
  EXPECT_LE(limit.peers(), RefusalLimit::kMaxPeers + 1);
}

// One a second: each is written, so that nothing is counted that would have to be told.
MonoTime refuse_quiet_peers(RefusalLimit& limit, size_t count) {
  MonoTime now;
  for (size_t i = 0; i < count; ++i, now = now + 1s) EXPECT_TRUE(limit.admit(std::to_string(i), now));
  return now + 1h;
}

TEST(RefusalLimit, ANewcomerCostsNoMoreThanAFewLooks) {
  RefusalLimit limit{MonoTime()};
  MonoTime later = refuse_quiet_peers(limit, RefusalLimit::kMaxPeers);
  ASSERT_EQ(limit.peers(), RefusalLimit::kMaxPeers);

  EXPECT_TRUE(limit.admit("new", later));

  EXPECT_EQ(limit.peers(), RefusalLimit::kMaxPeers - RefusalLimit::kLook + 1);
}

TEST(RefusalLimit, WhoWasQuietMakesRoomForANewcomerByName) {
  RefusalLimit limit{MonoTime()};
  MonoTime later = refuse_quiet_peers(limit, RefusalLimit::kMaxPeers);

  size_t admitted = 0;
  for (size_t i = 0; i < 100; ++i) admitted += limit.admit("new", later);

  EXPECT_EQ(admitted, 20U);
  auto told = limit.take(later);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().peer, "new");
  EXPECT_EQ(told.front().refusals, 80U);
}

TEST(RefusalLimit, WhoIsRefusedAgainIsNotTheFirstToBeForgotten) {
  RefusalLimit limit{MonoTime()};
  MonoTime later = refuse_quiet_peers(limit, RefusalLimit::kMaxPeers);
  for (size_t i = 0; i < 20; ++i) EXPECT_TRUE(limit.admit("0", later));
  EXPECT_TRUE(limit.admit("new", later));

  EXPECT_FALSE(limit.admit("0", later)) << "it is remembered";
}
}  // namespace
}  // namespace heddle
