#include "proxy/upstream/dns_sets.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/dns_answers.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/scripted_dns.h"
#include "tests/support/seeded_random.h"

namespace heddle {
namespace {
using Found = DnsAnswer::Kind;
const ResourceKey kDb{Kind::kBackendSet, "default", "db"};

std::string set_yaml(std::string_view name, std::string_view dns) {
  return str_cat("{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: ", name,
                 "}, spec: {tls: plaintext, dns: {", dns, "}}}\n---\n");
}
DnsAnswer failure() {
  DnsAnswer out;
  out.why = "servfail";
  return out;
}

class DnsSetsTest : public testing::Test {
 protected:
  void apply(std::string_view yaml) {
    sets.apply(*snapshot_of(yaml));
    scheduler.advance(Duration{});
  }
  void answers(std::string_view name, DnsRecordType type, const DnsAnswer& what) {
    dns.answer({std::string(name), type}, what);
    scheduler.advance(1ms);
  }
  // "10.0.0.1:80=1 ..."; "none": no set of that name was resolved.
  std::string found(const ResourceKey& key = kDb) {
    auto all = sets.resolved().current();
    const ResolvedEndpoints* endpoints = all != nullptr ? all->find(key) : nullptr;
    if (endpoints == nullptr) return "none";
    std::vector<std::string> out;
    for (const auto& each : endpoints->endpoints) {
      out.push_back(str_cat(each.address.text(), "=", std::to_string(each.weight)));
    }
    return join(out, " ");
  }
  double metric(std::string_view name, std::string_view label) {
    for (const FamilySample& family : registry.collect()) {
      if (family.family.name != name) continue;
      for (const auto& series : family.series) {
        if (!series.label_values.empty() && series.label_values[0] == label) return series.value;
      }
    }
    return -1;
  }
  ManualScheduler scheduler;
  SeededRandom random;
  Registry registry;
  CapturedLog captured;
  ScriptedDns dns;
  DnsSets sets{{scheduler, random, registry, captured.log().module("dns"), [this] { return dns.lookup(); }}};
};
constexpr auto kA = DnsRecordType::kA;
constexpr auto kAaaa = DnsRecordType::kAaaa;
constexpr auto kSrv = DnsRecordType::kSrv;

TEST_F(DnsSetsTest, AsksForBothFamiliesAndPublishesWhenBothAnswered) {
  apply(set_yaml("db", "name: db.test, port: 80"));
  EXPECT_EQ(dns.waiting(), "db.test A, db.test AAAA");

  answers("db.test", kA, dns_addresses({"10.0.0.1"}));
  EXPECT_EQ(found(), "none");
  answers("db.test", kAaaa, dns_addresses({"fd00::1"}));

  EXPECT_EQ(found(), "10.0.0.1:80=1 [fd00::1]:80=1");
  EXPECT_TRUE(sets.is_settled());
}

TEST_F(DnsSetsTest, AsksNothingWithoutSuchSets) {
  apply(service_yaml("a"));

  EXPECT_EQ(dns.asked(), 0U);
  EXPECT_TRUE(sets.is_settled());
}

TEST_F(DnsSetsTest, AsksAgainWhenTheTtlIsOver) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}, 30s));
  answers("a", kAaaa, dns_answer(Found::kNoData, 60s));
  scheduler.advance(29s);
  EXPECT_EQ(dns.waiting(), "");

  scheduler.advance(1s);
  EXPECT_EQ(dns.waiting(), "a A");
  answers("a", kA, dns_addresses({"10.0.0.2"}));

  EXPECT_EQ(found(), "10.0.0.2:80=1");
}

TEST_F(DnsSetsTest, AnswerOfOneFamilyAndFailureOfTheOtherKeepsTheOthersLast) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_addresses({"fd00::1"}));
  scheduler.advance(30s);

  answers("a", kAaaa, failure());
  answers("a", kA, dns_addresses({"10.0.0.2"}));

  EXPECT_EQ(found(), "10.0.0.2:80=1 [fd00::1]:80=1");
}

TEST_F(DnsSetsTest, ANameWithoutAddressesIsAnEmptySet) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_answer(Found::kNoData));
  answers("a", kAaaa, dns_answer(Found::kNoData));

  EXPECT_EQ(found(), "");
}

TEST_F(DnsSetsTest, TheSameAnswerIsNotPublishedAgain) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_answer(Found::kNoData));
  auto before = sets.resolved().current();
  scheduler.advance(30s);

  answers("a", kA, dns_addresses({"10.0.0.1"}));

  EXPECT_EQ(sets.resolved().current(), before);
}

TEST_F(DnsSetsTest, SetsOfOneNameShareItsQuestions) {
  apply(set_yaml("db", "name: a, port: 80") + set_yaml("other", "name: a, port: 81"));

  EXPECT_EQ(dns.waiting(), "a A, a AAAA");
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_answer(Found::kNoData));

  EXPECT_EQ(found(), "10.0.0.1:80=1");
  EXPECT_EQ(found({Kind::kBackendSet, "default", "other"}), "10.0.0.1:81=1");
}

TEST_F(DnsSetsTest, ASetThatGoesEndsItsQuestions) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));

  apply(service_yaml("x"));

  EXPECT_EQ(dns.waiting(), "");
  EXPECT_EQ(sets.questions(), 0U);
  EXPECT_EQ(found(), "none");
  scheduler.advance(1h);
  EXPECT_EQ(dns.asked(), 2U);
}

TEST_F(DnsSetsTest, AnotherNameReplacesTheOldOneOnceItIsKnown) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_answer(Found::kNoData));

  apply(set_yaml("db", "name: b, port: 80"));
  EXPECT_EQ(dns.waiting(), "b A, b AAAA");
  EXPECT_EQ(found(), "10.0.0.1:80=1");
  answers("b", kA, dns_addresses({"10.0.0.2"}));
  answers("b", kAaaa, failure());

  EXPECT_EQ(found(), "10.0.0.2:80=1");
}

TEST_F(DnsSetsTest, AnotherPortNeedsNoNewQuestion) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_answer(Found::kNoData));

  apply(set_yaml("db", "name: a, port: 81"));
  scheduler.advance(1ms);

  EXPECT_EQ(dns.asked(), 2U);
  EXPECT_EQ(found(), "10.0.0.1:81=1");
}

DnsAnswer services(std::vector<SrvRecord> records) {
  DnsAnswer out = dns_answer(Found::kFound);
  out.services = std::move(records);
  return out;
}

TEST_F(DnsSetsTest, FollowsServiceRecordsToTheirTargets) {
  apply(set_yaml("db", "name: _db._tcp.a, type: srv"));
  EXPECT_EQ(dns.waiting(), "_db._tcp.a SRV");
  answers("_db._tcp.a", kSrv, services({{"t1", 81, 0, 10}, {"t2", 82, 0, 20}, {"t3", 83, 1, 1}}));
  EXPECT_EQ(dns.waiting(), "t1 A, t1 AAAA, t2 A, t2 AAAA");

  for (std::string_view target : {"t1", "t2"}) answers(target, kAaaa, dns_answer(Found::kNoData));
  answers("t1", kA, dns_addresses({"10.0.0.1"}));
  answers("t2", kA, dns_addresses({"10.0.0.2"}));

  EXPECT_EQ(found(), "10.0.0.1:81=10 10.0.0.2:82=20");
}

TEST_F(DnsSetsTest, ATargetThatComesEmptiesNothingMeanwhile) {
  apply(set_yaml("db", "name: _db._tcp.a, type: srv"));
  answers("_db._tcp.a", kSrv, services({{"t1", 81, 0, 1}}));
  answers("t1", kA, dns_addresses({"10.0.0.1"}, 5min));
  answers("t1", kAaaa, dns_answer(Found::kNoData, 5min));
  scheduler.advance(30s);

  answers("_db._tcp.a", kSrv, services({{"t2", 82, 0, 1}}));
  EXPECT_EQ(dns.waiting(), "t2 A, t2 AAAA");
  EXPECT_EQ(found(), "10.0.0.1:81=1");
  answers("t2", kA, dns_addresses({"10.0.0.2"}));
  answers("t2", kAaaa, dns_answer(Found::kNoData));

  EXPECT_EQ(found(), "10.0.0.2:82=1");
  EXPECT_EQ(sets.questions(), 3U);
}

TEST_F(DnsSetsTest, SaysOnceThatALookupFailsAndOnceThatItWorksAgain) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1"}));
  answers("a", kAaaa, dns_answer(Found::kNoData, 5min));
  scheduler.advance(30s);

  for (int i = 0; i < 5; ++i) {
    answers("a", kA, failure());
    scheduler.advance(40s);
  }
  EXPECT_EQ(metric("heddle_dns_failing", "default/db"), 1);
  answers("a", kA, dns_addresses({"10.0.0.1"}));

  size_t fails = 0;
  size_t works = 0;
  for (const std::string& line : captured.lines()) {
    fails += line.find("DNS lookup fails") != line.npos ? 1 : 0;
    works += line.find("DNS lookup works again") != line.npos ? 1 : 0;
  }
  EXPECT_EQ(fails, 1U);
  EXPECT_EQ(works, 1U);
  EXPECT_EQ(metric("heddle_dns_failing", "default/db"), 0);
  EXPECT_EQ(metric("heddle_dns_lookups_total", "servfail"), 5);
}

TEST_F(DnsSetsTest, ShowsWhenAndWhatWasAnswered) {
  apply(set_yaml("db", "name: a, port: 80"));
  answers("a", kA, dns_addresses({"10.0.0.1", "0.0.0.0"}));
  answers("a", kAaaa, failure());
  scheduler.advance(100ms);

  DnsSetStatus status = sets.status(kDb).value();

  EXPECT_EQ(status.endpoints, 1U);
  EXPECT_EQ(status.unusable, 1U);
  ASSERT_EQ(status.questions.size(), 2U);
  EXPECT_EQ(status.questions[0].result, "found");
  EXPECT_EQ(status.questions[0].ttl, Duration(30s));
  EXPECT_EQ(status.questions[0].age, Duration(102ms));
  EXPECT_EQ(status.questions[0].next, Duration(30s - 102ms));
  EXPECT_EQ(status.questions[1].failures, 1U);
  EXPECT_EQ(status.questions[1].why, "servfail");
  EXPECT_EQ(status.questions[1].age, std::nullopt);
  EXPECT_EQ(metric("heddle_dns_endpoints", "default/db"), 1);
  EXPECT_GT(metric("heddle_dns_answer_age_seconds", "default/db"), 0.1);
}
}  // namespace
}  // namespace heddle
