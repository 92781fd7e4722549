#include "proxy/exchange/overload_gate.h"

#include <gtest/gtest.h>

#include <deque>

#include "lib/base/strings.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
class OverloadGateTest : public testing::Test {
 protected:
  static std::shared_ptr<const WorkloadSpec> workload(std::string_view overload) {
    auto snapshot =
        snapshot_of(str_cat("{apiVersion: heddle.dev/v1, kind: Workload, metadata: {name: app}, spec: {identity: "
                            "'spiffe://td/ns/default/sa/app', overload: {",
                            overload, "}}}\n---\n"));
    return snapshot->model().workloads.begin()->second;
  }
  static std::shared_ptr<const WorkloadSpec> fixed(uint32_t limit) {
    std::string text = std::to_string(limit);
    return workload(str_cat("adaptiveConcurrency: {minLimit: ", text, ", maxLimit: ", text, "}"));
  }
  ConnectionInfo caller(std::string_view id) {
    ConnectionInfo info;
    info.peer_certificate =
        std::make_shared<const PeerCertificate>(*PeerCertificate::from_x509(ca_.issue(id).chain.front().get()));
    info.is_foreign = info.peer_certificate->spiffe_id()->trust_domain_name() != "td";
    return info;
  }
  bool ask(OverloadGate& gate, std::string_view path = "/") {
    RequestHead head(pool_);
    EXPECT_TRUE(head.set_method("GET") && head.set_path(path));
    note_ = {};
    OverloadPermit& permit = permits_.emplace_back();
    bool is_in = gate.admit(head, caller_, now_, permit, note_);
    if (is_in) permit.on_request_end(now_);
    return is_in;
  }
  uint32_t admitted(OverloadGate& gate, uint32_t asked, std::string_view path = "/") {
    uint32_t count = 0;
    for (uint32_t i = 0; i < asked; ++i) count += ask(gate, path) ? 1 : 0;
    return count;
  }
  void TearDown() override {
    for (OverloadPermit& permit : permits_) permit.give_up(now_);
  }
  BlockPool pool_;
  TestCa ca_{"td"};
  Registry metrics_;
  Pressure pressure_ = Pressure::kNone;
  OverloadGate gate_{{metrics_, "in", 8080, 1, 7, pressure_}};
  OverloadNote note_;
  ConnectionInfo caller_;
  MonoTime now_{1h};
  std::deque<OverloadPermit> permits_;  // released before the gate dies: TearDown
};

TEST_F(OverloadGateTest, IsOffUntilAWorkloadSaysSomething) {
  EXPECT_FALSE(gate_.is_on());
  gate_.apply(fixed(3));
  EXPECT_TRUE(gate_.is_on());
  gate_.apply(nullptr);
  EXPECT_FALSE(gate_.is_on());
}

TEST_F(OverloadGateTest, WorkersDivideTheLimit) {
  OverloadGate one_of_four({metrics_, "in", 8080, 4, 7, pressure_});
  one_of_four.apply(fixed(10));

  EXPECT_EQ(admitted(one_of_four, 10), 3U);
  TearDown();
}

TEST_F(OverloadGateTest, ARefusalSaysWhyToTheOwnNamespaceAlone) {
  gate_.apply(fixed(1));
  ASSERT_TRUE(ask(gate_));
  struct Row {
    std::string_view id;
    bool may_read;
  };
  for (Row row : {Row{"spiffe://td/ns/default/sa/web", true}, Row{"spiffe://td/ns/shop/sa/web", false},
                  Row{"spiffe://other/ns/default/sa/web", false}}) {
    caller_ = caller(row.id);
    EXPECT_FALSE(ask(gate_));
    EXPECT_EQ(note_.caller_may_read, row.may_read) << row.id;
  }
  EXPECT_EQ(overload_reason_text(note_), "overload; cause=limit; priority=default; limit=1");
}

TEST_F(OverloadGateTest, PressureIsNamedWithoutALimit) {
  gate_.apply(fixed(1));
  pressure_ = Pressure::kFull;

  EXPECT_FALSE(ask(gate_));
  EXPECT_EQ(overload_reason_text(note_), "overload; cause=pressure; priority=default");
}

TEST_F(OverloadGateTest, WithoutALimitOnlyPressureRefuses) {
  gate_.apply(workload("priorities: [{priority: low}]"));
  EXPECT_EQ(admitted(gate_, 1000), 1000U);

  pressure_ = Pressure::kTight;
  EXPECT_FALSE(ask(gate_));
}

TEST_F(OverloadGateTest, SoManyHealthProbesPassAndNoMore) {
  gate_.apply(fixed(1));
  ASSERT_TRUE(ask(gate_));
  pressure_ = Pressure::kFull;

  EXPECT_EQ(admitted(gate_, 100, "/healthz"), OverloadGate::kMostProbes);
  TearDown();
  EXPECT_EQ(admitted(gate_, 100, "/healthz"), OverloadGate::kMostProbes);
}

TEST_F(OverloadGateTest, APlaceIsFreeWhenTheAnswerBeginsOrNoneComes) {
  gate_.apply(fixed(1));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(ask(gate_));
    EXPECT_FALSE(ask(gate_));
    permits_.pop_back();
    if (i == 1) permits_.back().give_up(now_);
    if (i != 1) permits_.back().answered(200, now_);
    EXPECT_FALSE(permits_.back());
    permits_.back().give_up(now_);  // once is enough
  }
}

// Else whoever never ends a body would keep everybody else out.
TEST_F(OverloadGateTest, ARequestTakesItsPlaceWhenItIsWhole) {
  gate_.apply(fixed(1));
  RequestHead head(pool_);
  ASSERT_TRUE(head.set_method("POST") && head.set_path("/"));
  OverloadPermit endless;
  ASSERT_TRUE(gate_.admit(head, caller_, now_, endless, note_));

  EXPECT_TRUE(ask(gate_));
  EXPECT_FALSE(ask(gate_));
  permits_.front().give_up(now_);
  endless.on_request_end(now_);
  EXPECT_FALSE(ask(gate_));
  endless.answered(200, now_);
  EXPECT_TRUE(ask(gate_));
}

TEST_F(OverloadGateTest, AskingAllocatesNothing) {
  gate_.apply(
      workload("adaptiveConcurrency: {minLimit: 5, maxLimit: 5}, priorities: [{priority: low, from: "
               "[{namespaces: [jobs]}], to: [{paths: [{type: PathPrefix, value: /batch}]}]}]"));
  caller_ = caller("spiffe://td/ns/jobs/sa/nightly");
  RequestHead head(pool_);
  ASSERT_TRUE(head.set_method("GET") && head.set_path("/batch/1"));
  OverloadPermit permit;
  AllocationCounter counter;

  for (int i = 0; i < 100; ++i) {
    now_ = now_ + 10ms;
    ASSERT_TRUE(gate_.admit(head, caller_, now_, permit, note_));
    permit.on_request_end(now_);
    permit.answered(200, now_ + 5ms);
  }

  EXPECT_EQ(counter.count(), 0U);
}
}  // namespace
}  // namespace heddle
