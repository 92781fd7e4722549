#include "proxy/upstream/dns_schedule.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/dns_answers.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Found = DnsAnswer::Kind;

DnsAnswer failure(std::string why = "timeout") {
  DnsAnswer out;
  out.why = std::move(why);
  return out;
}

class DnsScheduleTest : public testing::Test {
 protected:
  std::string ips() const {
    std::vector<std::string> out;
    for (const Address& address : schedule.records().addresses) out.push_back(address.ip());
    return join(out, " ");
  }
  bool tell(DnsAnswer what) { return schedule.on_answer(std::move(what), MonoTime(1h)); }
  SeededRandom random;
  DnsSchedule schedule{{5s, 300s}, random};
};

TEST_F(DnsScheduleTest, SortsWhatWasFoundAndTakesEachOnce) {
  EXPECT_TRUE(tell(dns_addresses({"10.0.0.2", "10.0.0.1", "10.0.0.2"})));

  EXPECT_EQ(ips(), "10.0.0.1 10.0.0.2");
  EXPECT_EQ(schedule.next(), MonoTime(1h) + 30s);
  EXPECT_EQ(schedule.ttl(), Duration(30s));
}

TEST_F(DnsScheduleTest, AnotherOrderIsNoChange) {
  tell(dns_addresses({"10.0.0.1", "10.0.0.2"}));

  EXPECT_FALSE(tell(dns_addresses({"10.0.0.2", "10.0.0.1"})));
}

TEST_F(DnsScheduleTest, KeepsTheTtlWithinItsBounds) {
  tell(dns_addresses({"10.0.0.1"}, 0s));
  EXPECT_EQ(schedule.again_after(), Duration(5s));

  tell(dns_addresses({"10.0.0.1"}, std::chrono::seconds(0x7fffffff)));
  EXPECT_EQ(schedule.again_after(), Duration(300s));

  tell(dns_answer(Found::kNoData, 1s));
  EXPECT_EQ(schedule.again_after(), Duration(5s));
}

TEST_F(DnsScheduleTest, AFailureKeepsTheLastAnswerWithoutEnd) {
  tell(dns_addresses({"10.0.0.1"}));

  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(tell(failure("servfail")));

  EXPECT_EQ(ips(), "10.0.0.1");
  EXPECT_EQ(schedule.failures(), 1000U);
  EXPECT_EQ(schedule.why(), "servfail");
  EXPECT_EQ(schedule.kind(), Found::kFound);
}

TEST_F(DnsScheduleTest, AsksAgainLaterAfterEachFailure) {
  Duration expected = 1s;
  for (int i = 0; i < 12; ++i) {
    tell(failure());
    EXPECT_GE(schedule.again_after(), expected * 8 / 10);
    EXPECT_LE(schedule.again_after(), expected * 12 / 10);
    expected = std::min<Duration>(expected * 2, 30s);
  }
}

TEST_F(DnsScheduleTest, AnAnswerEndsTheFailures) {
  for (int i = 0; i < 5; ++i) tell(failure());

  tell(dns_addresses({"10.0.0.1"}));

  EXPECT_EQ(schedule.failures(), 0U);
  EXPECT_EQ(schedule.why(), "");
  tell(failure());
  EXPECT_LE(schedule.again_after(), Duration(1200ms));
}

TEST_F(DnsScheduleTest, NoDataEmptiesAtOnce) {
  tell(dns_addresses({"10.0.0.1"}));

  EXPECT_TRUE(tell(dns_answer(Found::kNoData)));

  EXPECT_EQ(ips(), "");
  EXPECT_EQ(schedule.again_after(), Duration(30s));
}

TEST_F(DnsScheduleTest, NoNameIsBelievedTheSecondTime) {
  tell(dns_addresses({"10.0.0.1"}));

  EXPECT_FALSE(tell(dns_answer(Found::kNoName, 60s)));
  EXPECT_EQ(ips(), "10.0.0.1");
  EXPECT_EQ(schedule.again_after(), Duration(5s)) << "soon: whether it is meant";

  EXPECT_TRUE(tell(dns_answer(Found::kNoName, 60s)));
  EXPECT_EQ(ips(), "");
  EXPECT_EQ(schedule.again_after(), Duration(60s));
}

TEST_F(DnsScheduleTest, AFailureInBetweenIsNoSecondOpinion) {
  tell(dns_addresses({"10.0.0.1"}));
  tell(dns_answer(Found::kNoName));

  tell(failure());
  EXPECT_EQ(ips(), "10.0.0.1");

  tell(dns_answer(Found::kNoName));
  EXPECT_EQ(ips(), "");
}

TEST_F(DnsScheduleTest, RecordsInBetweenAreOne) {
  tell(dns_addresses({"10.0.0.1"}));
  tell(dns_answer(Found::kNoName));
  tell(dns_addresses({"10.0.0.1"}));

  tell(dns_answer(Found::kNoName));

  EXPECT_EQ(ips(), "10.0.0.1");
}

TEST_F(DnsScheduleTest, NoNameFromTheBeginningHasTheTtlOfItsZone) {
  tell(dns_answer(Found::kNoName, 60s));

  EXPECT_EQ(schedule.again_after(), Duration(60s));
}

TEST_F(DnsScheduleTest, LeavesOutWhatNoClientCanUse) {
  tell(dns_addresses({"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fe80::1",
                      "::ffff:10.0.0.1", "::10.0.0.1", "10.0.0.1", "127.0.0.1", "::1", "fd00::1", "169.254.169.254"}));

  EXPECT_EQ(ips(), "10.0.0.1 127.0.0.1 169.254.169.254 ::1 fd00::1");
  EXPECT_EQ(schedule.records().unusable, 9U);
}

TEST_F(DnsScheduleTest, LeavesOutServicesThatAreNoHosts) {
  DnsAnswer found = dns_answer(Found::kFound);
  found.services = {
      {"", 1, 0, 0}, {"a.example", 0, 0, 0}, {"10.0.0.1", 1, 0, 0}, {"a_b.c", 1, 0, 0}, {"a.example", 1, 0, 0}};

  tell(std::move(found));

  EXPECT_EQ(schedule.records().services, std::vector<SrvRecord>({{"a.example", 1, 0, 0}}));
  EXPECT_EQ(schedule.records().unusable, 4U);
}
}  // namespace
}  // namespace heddle
