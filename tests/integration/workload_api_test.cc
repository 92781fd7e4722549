// WorkloadApi and SpireIdentity over a real Unix socket: one hands out, the other takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "proxy/identity/spire_identity.h"
#include "proxy/identity/workload_api.h"
#include "tests/support/blocking_http.h"
#include "tests/support/captured_log.h"
#include "tests/support/h2_frames.h"
#include "tests/support/published_identity.h"
#include "tests/support/run_turns.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"

namespace heddle {
namespace {
constexpr std::string_view kId = "spiffe://cluster.local/ns/a/sa/b";

class WorkloadNetwork : public testing::Test {
 protected:
  ~WorkloadNetwork() override {
    taker.reset();
    api.reset();
    connections.abort_all(make_error(Reason::kDraining, ""));
    run_until([&] { return connections.size() == 0; });
  }
  void run_until(UniqueFunction<bool()> done) {
    EXPECT_TRUE(runs_until(loop, done)) << "nothing happened for a minute";
  }
  void serve(Duration first_request = 60s) {
    WorkloadApiOptions options{address, 0600, first_request};
    auto made = WorkloadApi::start(loop, protocols, log.log().module("workload-api"), source, options);
    ASSERT_TRUE(made) << made.error().text();
    api = *std::move(made);
  }
  // A new certificate; also with friends, if wanted.
  std::string issue(const TestCa* friends = nullptr) {
    auto svid = std::make_shared<const Svid>(ca.issue(kId));
    auto bundle = std::make_shared<TrustBundle>(ca.bundle());
    if (friends != nullptr) bundle->replace(friends->roots());
    source.identities().publish(*TlsIdentity::create({svid, bundle}));
    return svid->chain_pem();
  }
  void take() {
    taker = std::make_unique<SpireIdentity>(SpireParts{{loop, connections}, protocols, connector, random},
                                            log.log().module("identity"),
                                            SpireIdentityOptions{address, {*TrustDomain::parse("cluster.local"), {}}});
    taker->start();
  }
  std::string taken() {
    auto current = taker->identities().current();
    return current == nullptr ? "" : current->svid->chain_pem();
  }
  TempDir temp;
  Address address = *Address::from_unix(temp / "workload.sock");
  Loop loop;
  Protocols protocols{loop, HttpLimits{}};
  ConnectionRegistry connections;
  TcpConnector connector{loop};
  SeededRandom random{1};
  CapturedLog log;
  TestCa ca{"cluster.local"};
  PublishedIdentity source;
  std::unique_ptr<WorkloadApi> api;
  std::unique_ptr<SpireIdentity> taker;
};

TEST_F(WorkloadNetwork, WhatIsPublishedHereArrivesThere) {
  serve();
  std::string first = issue();
  take();
  run_until([&] { return taken() == first; });
  EXPECT_EQ(taker->status().state, IdentityState::kLive);
  EXPECT_EQ(taker->status().not_ready, "");

  TestCa friends("friends.test");
  std::string second = issue(&friends);
  run_until([&] { return taken() == second; });

  EXPECT_NE(taker->identities().current()->bundle->find("friends.test"), nullptr);
  EXPECT_EQ(taker->rotations()[static_cast<size_t>(Reason::kNone)], 1U);
}

TEST_F(WorkloadNetwork, NothingToHandOutIsUnavailableAndAskedAgain) {
  serve();
  take();
  EXPECT_EQ(taker->status().state, IdentityState::kFetching);
  run_until([&] { return !taker->status().last_error.empty(); });
  EXPECT_EQ(taker->status().state, IdentityState::kEmpty);
  EXPECT_THAT(taker->status().not_ready, testing::HasSubstr("UNAVAILABLE"));

  std::string first = issue();
  run_until([&] { return taken() == first; });

  EXPECT_EQ(taker->status().last_error, "");
}

// Each refusal is of another stream: the server says the same only once over one.
TEST_F(WorkloadNetwork, AnAgentWhoseFirstMessageIsRefusedIsAskedAgain) {
  TestCa stranger("other.test");
  auto svid = std::make_shared<const Svid>(stranger.issue("spiffe://other.test/ns/a/sa/b"));
  source.identities().publish(*TlsIdentity::create({svid, std::make_shared<const TrustBundle>(stranger.bundle())}));
  serve();
  take();

  run_until([&] {
    const RotationCounts& counts = taker->rotations();
    return std::accumulate(counts.begin(), counts.end(), uint64_t{0}) >= 3;
  });

  EXPECT_THAT(taker->status().last_error, testing::HasSubstr("a message of the Workload API is refused"));
  std::string good = issue();
  run_until([&] { return taken() == good; });
}

TEST_F(WorkloadNetwork, TheOldIdentityStaysWhileTheAgentIsAway) {
  serve();
  std::string first = issue();
  take();
  run_until([&] { return taken() == first; });

  api.reset();
  run_until([&] { return !taker->status().last_error.empty(); });
  EXPECT_EQ(taker->status().state, IdentityState::kStale);
  EXPECT_EQ(taker->status().not_ready, "");
  EXPECT_EQ(taken(), first);
  serve();
  std::string second = issue();
  run_until([&] { return taken() == second; });

  EXPECT_EQ(taker->status().state, IdentityState::kLive);
}

TEST_F(WorkloadNetwork, ReloadAsksAnew) {
  serve();
  std::string first = issue();
  take();
  run_until([&] { return taken() == first; });

  taker->reload();
  run_until([&] { return api->calls() == 2 || taker->status().state == IdentityState::kLive; });
  std::string second = issue();
  run_until([&] { return taken() == second; });

  run_until([&] { return api->calls() == 1; });
}

TEST_F(WorkloadNetwork, ACallThatDoesNotSayItsRequestEndsAndNoOther) {
  serve(100ms);
  std::string first = issue();
  take();
  run_until([&] { return taken() == first; });
  BlockingClient silent(address);
  h2::Fields fields = h2::post(std::string(workload::kFetchX509Svid));
  fields.emplace_back("content-type", "application/grpc");
  fields.emplace_back(workload::kHeaderName, workload::kHeaderValue);

  silent.send(h2::client_start() + h2::headers(1, fields, h2::kEndHeaders));
  run_until([&] { return api->calls() == 2; });
  run_until([&] { return api->calls() == 1; });

  EXPECT_EQ(taker->status().last_error, "");
  std::string second = issue();
  run_until([&] { return taken() == second; });
}

TEST_F(WorkloadNetwork, ACallerThatGoesLeavesNothing) {
  serve();
  std::string first = issue();
  take();
  run_until([&] { return taken() == first; });
  ASSERT_EQ(api->calls(), 1U);

  taker.reset();

  run_until([&] { return api->calls() == 0; });
}
}  // namespace
}  // namespace heddle
