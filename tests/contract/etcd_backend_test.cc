// EtcdBackend over real members: what the server opens, who of two leads, and an etcd that is not there.
#include "control/app/etcd_backend.h"

#include <gtest/gtest.h>

#include "control/app/wait_for.h"
#include "lib/base/strings.h"
#include "tests/support/captured_log.h"
#include "tests/support/etcd_cluster.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
class EtcdBackendTest : public testing::Test {
 protected:
  EtcdBackend::Parts parts(std::string self, std::vector<EtcdEndpoint> endpoints) {
    EtcdOptions etcd;
    etcd.endpoints = std::move(endpoints);
    return {loop_, random_, tcp_, std::move(etcd), prefix_, std::move(self), log_.log().module("store")};
  }
  std::unique_ptr<StoreBackend> open(std::string self) {
    auto opened = EtcdBackend::open(parts(std::move(self), EtcdCluster::shared().endpoints()));
    EXPECT_TRUE(opened.has_value()) << opened.error().text();
    return opened ? *std::move(opened) : nullptr;
  }
  bool runs_until_leader(StoreBackend& backend, std::string_view name) {
    return runs_until(
        loop_, [&] { return backend.leader(SoleTask::kCa) == name && backend.leader(SoleTask::kRollout) == name; });
  }

  Loop loop_;
  SystemRandom random_;
  TcpConnector tcp_{loop_};
  CapturedLog log_;
  std::string prefix_ = str_cat("/heddle/", std::to_string(random_.next()), "/");
};

TEST_F(EtcdBackendTest, OpensAMeshThatIsNotThereYetAndLeadsAlone) {
  auto backend = open("one");
  ASSERT_NE(backend, nullptr);

  Result<void> kept = wait_for<void>(loop_, [&](Ledger::Done done) {
    return backend->ledger().commit({PutMeta{"word", "kept"}}, std::move(done));
  });

  EXPECT_TRUE(kept.has_value()) << kept.error().text();
  EXPECT_EQ(backend->ledger().meta("word")->value_or(""), "kept");
  ASSERT_TRUE(backend->health().has_value());
  EXPECT_TRUE(backend->health()->is_current) << backend->health()->problem;
  EXPECT_NE(backend->etcd(), nullptr);
  EXPECT_TRUE(runs_until_leader(*backend, "one"));
}

TEST_F(EtcdBackendTest, WhatOneKeptIsThereForTheNext) {
  auto first = open("one");
  ASSERT_NE(first, nullptr);
  Result<void> kept = wait_for<void>(loop_, [&](Ledger::Done done) {
    return first->ledger().commit({PutMeta{"word", "kept"}}, std::move(done));
  });
  ASSERT_TRUE(kept.has_value()) << kept.error().text();
  first = nullptr;

  auto second = open("two");

  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->ledger().meta("word")->value_or(""), "kept");
}

TEST_F(EtcdBackendTest, OneOfTwoLeadsAndWhoResignsIsFollowedAtOnce) {
  auto first = open("one");
  ASSERT_NE(first, nullptr);
  ASSERT_TRUE(runs_until_leader(*first, "one"));
  auto second = open("two");
  ASSERT_NE(second, nullptr);
  ASSERT_TRUE(runs_until_leader(*second, "one")) << "the other one is known by name";
  EXPECT_FALSE(second->leadership(SoleTask::kCa).leads());
  int told = 0;
  second->leadership(SoleTask::kCa).set_on_change([&told] { ++told; });
  bool has_resigned = false;

  Pending resigning = first->resign([&has_resigned] { has_resigned = true; });

  ASSERT_TRUE(runs_until(loop_, [&] { return has_resigned && second->leadership(SoleTask::kCa).leads(); }));
  EXPECT_TRUE(runs_until(loop_, [&] { return told == 1; }));
  EXPECT_FALSE(first->leadership(SoleTask::kCa).leads());
}

TEST_F(EtcdBackendTest, AnEtcdThatIsNotThereIsNamed) {
  EtcdBackend::Parts given = parts("one", {EtcdEndpoint{false, "127.0.0.1", free_server_port()}});
  given.patience = Duration(0);
  given.etcd.whole = 100ms;

  auto opened = EtcdBackend::open(std::move(given));

  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, Reason::kUnavailable);
  EXPECT_NE(opened.error().detail.find("http://127.0.0.1:"), std::string::npos) << opened.error().detail;
  EXPECT_NE(opened.error().detail.find("the store"), std::string::npos) << opened.error().detail;
}

TEST_F(EtcdBackendTest, WaitsForAnEtcdThatComes) {
  EtcdCluster late(1);
  { ASSERT_TRUE(EtcdBackend::open(parts("one", late.endpoints())).has_value()); }
  late.kill(0);
  EtcdBackend::Parts given = parts("one", late.endpoints());
  given.etcd.whole = 1s;  // a try is over soon
  std::unique_ptr<Timer> starter = loop_.timer([&] {
    if (!log_.contains("waiting for the store")) return starter->arm(10ms);
    late.restart(0);
  });
  starter->arm(10ms);

  auto opened = EtcdBackend::open(std::move(given));

  EXPECT_TRUE(opened.has_value()) << opened.error().text();
}
}  // namespace
}  // namespace heddle
