#include "control/replicas/peer_rows.h"

#include <gtest/gtest.h>

#include "control/replicas/peer_reader.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};
constexpr MonoTime kStart{std::chrono::hours(1)};
const NodeKey kNode{"spiffe://cluster.local/ns/default/sa/web", "n1"};

class PeerRowsTest : public testing::Test {
 protected:
  void connect(const NodeKey& key, NodeRegistry::ConnectionId id) {
    ours_.on_hello(id, key, {.node = key.node, .software = "0.7.0"}, kNow);
  }
  void run(NodeRegistry::ConnectionId id, NodeState state, Version runs) {
    ours_.on_progress(id, {state, runs, runs}, kNow);
  }
  // The lines go to the other registry; answers how many there were.
  size_t tell(MonoTime now = kStart) {
    std::vector<std::string> lines = rows_.take(ours_, store_, now);
    for (const std::string& line : lines) {
      Result<PeerMessage> message = decode_peer_message(line);
      EXPECT_TRUE(message.has_value()) << line;
      if (!message) continue;
      EXPECT_TRUE(reader_.on(*message, kNow).has_value()) << line;
    }
    return lines.size();
  }
  void greet() { ASSERT_TRUE(reader_.on(PeerHello{kPeerProtocol, "b", "0.7.0"}, kNow).has_value()); }
  NodeRegistry ours_;
  NodeRegistry theirs_;
  PeerRows rows_;
  PeerReader reader_{theirs_, "b", kNow};
  Version store_{1, 7};
};

TEST_F(PeerRowsTest, TellsAllAtFirstAndThenWhatChanged) {
  greet();
  connect(kNode, 1);
  connect({kNode.identity, "n2"}, 2);
  run(1, NodeState::kLive, store_);
  EXPECT_FALSE(reader_.is_heard());

  EXPECT_EQ(tell(), 3U) << "two rows and the newest version";
  EXPECT_TRUE(reader_.is_heard());
  EXPECT_EQ(tell(), 0U);
  run(2, NodeState::kLive, store_);
  EXPECT_EQ(tell(), 1U);

  EXPECT_EQ(theirs_.size(), 2U);
  EXPECT_EQ(theirs_.find({kNode.identity, "n2"})->runs, store_);
  EXPECT_EQ(theirs_.replicas().at(0).connected, 2U);
}

TEST_F(PeerRowsTest, WhatItAsksForIsToldAndToldAgainWhenItChanges) {
  greet();
  connect(kNode, 1);
  NodeRequest request{*SpiffeId::parse(kNode.identity)};
  request.wants = {*ResourceKey::make(Kind::kService, "default", "a")};
  ours_.on_request(1, kNode, request, kNow);
  tell();
  ASSERT_NE(theirs_.find(kNode)->request, nullptr);
  EXPECT_EQ(theirs_.find(kNode)->request->wants, request.wants);

  EXPECT_EQ(tell(), 0U);
  request.wants.insert(*ResourceKey::make(Kind::kService, "default", "b"));
  ours_.on_request(1, kNode, request, kNow);

  EXPECT_EQ(tell(), 1U);
  EXPECT_EQ(theirs_.find(kNode)->request->wants.size(), 2U);
}

TEST_F(PeerRowsTest, ANewVersionThatMovesNobodyIsOneLine) {
  greet();
  connect(kNode, 1);
  run(1, NodeState::kLive, store_);
  tell();

  store_.sequence = 8;
  EXPECT_EQ(tell(), 0U) << "the hub has not looked at the sidecar yet";
  ours_.on_progress(1, {NodeState::kLive, Version{1, 7}, store_}, kNow);

  EXPECT_EQ(tell(), 1U);
  EXPECT_EQ(theirs_.find(kNode)->runs, store_);
}

TEST_F(PeerRowsTest, TheNewestIsNeverMoreThanWhatALiveOneRuns) {
  greet();
  connect(kNode, 1);
  connect({kNode.identity, "n2"}, 2);
  run(1, NodeState::kLive, {1, 7});
  run(2, NodeState::kLive, {1, 6});

  tell();

  EXPECT_EQ(theirs_.replicas().at(0).newest, (Version{1, 6}));
}

TEST_F(PeerRowsTest, WhenItWasSeenLastIsNoChange) {
  greet();
  connect(kNode, 1);
  tell();

  ours_.on_report(1, kNode, {}, kNow + 1s);

  EXPECT_EQ(tell(), 0U);
}

TEST_F(PeerRowsTest, ReportsAreToldEachFiveSecondsAtMost) {
  greet();
  connect(kNode, 1);
  tell();
  ours_.on_report(1, kNode, {{{"requests", 1}}, {}, std::nullopt}, kNow);

  EXPECT_EQ(tell(kStart + 1s), 0U);
  EXPECT_EQ(tell(kStart + 5s), 1U);
  EXPECT_EQ(theirs_.find(kNode)->report.counters.at("requests"), 1U);
  EXPECT_EQ(tell(kStart + 20s), 0U) << "it did not change";
}

TEST_F(PeerRowsTest, ARefusalIsToldWithItsWords) {
  greet();
  connect(kNode, 1);
  tell();
  ours_.on_nack(1, kNode, {{1, 7}, {{"HTTPRoute/default/a", "spec", "no"}}}, kNow);

  EXPECT_EQ(tell(), 1U);
  EXPECT_EQ(theirs_.find(kNode)->nack->errors.at(0).message, "no");
}

TEST_F(PeerRowsTest, WhoIsForgottenIsToldAsGone) {
  greet();
  connect(kNode, 1);
  ours_.on_gone(1, kNode, kNow);
  tell();
  EXPECT_EQ(theirs_.find(kNode)->state, NodeState::kGone);

  ours_.forget_gone(kNow + 10min);

  EXPECT_EQ(tell(), 1U);
  EXPECT_EQ(theirs_.size(), 0U);
}

TEST_F(PeerRowsTest, AnotherStreamStartsOverAndForgetsWhatIsNotTold) {
  greet();
  connect(kNode, 1);
  connect({kNode.identity, "n2"}, 2);
  tell();
  reader_.end(kNow + 1s);
  EXPECT_FALSE(theirs_.replicas().at(0).is_heard);
  EXPECT_EQ(theirs_.size(), 2U);
  ours_ = NodeRegistry();
  rows_ = PeerRows();
  connect(kNode, 1);

  reader_.begin();
  greet();
  tell();

  EXPECT_TRUE(theirs_.replicas().at(0).is_heard);
  EXPECT_EQ(theirs_.size(), 1U);
}

TEST_F(PeerRowsTest, TheReaderWantsAHelloOfItsProtocolFirst) {
  EXPECT_FALSE(reader_.on(PeerHeartbeat{}, kNow).has_value());
  EXPECT_EQ(reader_.on(PeerHello{kPeerProtocol + 1, "b", "9"}, kNow).error().reason, Reason::kUnsupported);
  greet();
  EXPECT_FALSE(reader_.on(PeerHello{kPeerProtocol, "b", "0.7.0"}, kNow).has_value()) << "a second one";
}

TEST_F(PeerRowsTest, AReplicaThatTellsTooMuchIsRefused) {
  greet();
  PeerRow row;
  row.status.key = kNode;
  for (size_t i = 0; i < PeerReader::kMaxRows; ++i) {
    row.status.key.instance = std::to_string(i);
    ASSERT_TRUE(reader_.on(row, kNow).has_value());
  }
  row.status.key.instance = "more";

  EXPECT_EQ(reader_.on(row, kNow).error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
