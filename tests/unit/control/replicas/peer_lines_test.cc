#include "control/replicas/peer_lines.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

std::shared_ptr<const NodeRequest> request_for(const std::string& identity, const std::vector<std::string>& wants) {
  NodeRequest request{*SpiffeId::parse(identity), WatchScope::kWants, {}, ""};
  for (const std::string& want : wants) request.wants.insert(*ResourceKey::make(Kind::kService, "default", want));
  request.text = request_text(request);
  return std::make_shared<const NodeRequest>(std::move(request));
}

NodeStatus full_row() {
  NodeStatus row;
  row.key = {"spiffe://cluster.local/ns/default/sa/web", "n1", "i1"};
  row.state = NodeState::kRefused;
  row.address = "127.0.0.1:4444";
  row.serial = "0b";
  row.software = "0.7.0";
  row.features = {"trust", "facts"};
  row.acked = Version{1, 4};
  row.runs = Version{1, 5};
  row.connected = kNow;
  row.last_seen = kNow + 1s;
  row.behind_since = kNow + 2s;
  row.nack = WatchNack{{1, 6}, {{"HTTPRoute/default/a", "spec.rules[0]", "is \"too\" much\n"}, {"", "", ""}}};
  row.report = {{{"requests", 18'000'000'000'000'000'000ULL}}, 1500ms, Version{1, 5}, -2500ms, {{"default/a", 1, 2}}};
  row.request = request_for(row.key.identity, {"a", "b"});
  row.is_affected = true;
  row.trust = WatchTrustInUse{std::string(64, 'a'), std::string(64, 'b'), std::string(64, 'c')};
  return row;
}

NodeStatus trip(const NodeStatus& row) {
  Result<PeerMessage> message = decode_peer_message(encode_row(row));
  EXPECT_TRUE(message.has_value()) << message.error().text();
  return message ? std::get<PeerRow>(*message).status : NodeStatus{};
}

std::string problem_of(std::string_view line) {
  Result<PeerMessage> message = decode_peer_message(line);
  return message ? "taken" : message.error().detail;
}

TEST(PeerLines, WhatAControlPlaneUsesItselfSurvivesTheTrip) {
  PeerTrust trust{std::string(64, 'a'), std::string(64, 'b')};

  Result<PeerMessage> there = decode_peer_message(encode(trust));

  ASSERT_TRUE(there.has_value()) << there.error().text();
  EXPECT_EQ(std::get<PeerTrust>(*there), trust);
  EXPECT_NE(problem_of(R"({"trust":{"bundle":"aa"}})").find("64"), std::string::npos);
}

TEST(PeerLines, ARowSurvivesTheTripWhole) {
  NodeStatus row = full_row();
  NodeStatus there = trip(row);

  EXPECT_EQ(there.key, row.key);
  EXPECT_EQ(there.state, row.state);
  EXPECT_TRUE(there.is_connected);
  EXPECT_EQ(there.address, row.address);
  EXPECT_EQ(there.serial, row.serial);
  EXPECT_EQ(there.software, row.software);
  EXPECT_EQ(there.features, row.features);
  EXPECT_EQ(there.acked, row.acked);
  EXPECT_EQ(there.runs, row.runs);
  EXPECT_EQ(there.connected, row.connected);
  EXPECT_EQ(there.last_seen, row.last_seen);
  EXPECT_EQ(there.behind_since, row.behind_since);
  EXPECT_EQ(there.nack, row.nack);
  EXPECT_EQ(there.report, row.report);
  EXPECT_EQ(there.is_affected, row.is_affected);
  EXPECT_EQ(there.trust, row.trust);
  ASSERT_NE(there.request, nullptr);
  EXPECT_EQ(there.request->identity, row.request->identity);
  EXPECT_EQ(there.request->scope, row.request->scope);
  EXPECT_EQ(there.request->wants, row.request->wants);
  EXPECT_EQ(there.request->text, row.request->text);
  EXPECT_EQ(encode_row(there), encode_row(row));
}

TEST(PeerLines, WhatOneThatIsGoneAskedForIsNotTold) {
  NodeStatus row = full_row();
  row.state = NodeState::kGone;
  row.is_connected = false;
  row.nack.reset();

  EXPECT_EQ(trip(row).request, nullptr);
}

TEST(PeerLines, OneThatTakesEverythingSurvivesTheTrip) {
  NodeStatus row = full_row();
  NodeRequest request{*SpiffeId::parse(row.key.identity), WatchScope::kEverything, {}, ""};
  row.request = std::make_shared<const NodeRequest>(request);

  ASSERT_NE(trip(row).request, nullptr);
  EXPECT_EQ(trip(row).request->scope, WatchScope::kEverything);
}

TEST(PeerLines, EveryStateSurvivesTheTrip) {
  for (NodeState state :
       {NodeState::kSyncing, NodeState::kLive, NodeState::kBehind, NodeState::kRefused, NodeState::kGone}) {
    NodeStatus row;
    row.key = {"spiffe://td/x", "n"};
    row.state = state;
    NodeStatus there = trip(row);
    EXPECT_EQ(there.state, state);
    EXPECT_EQ(there.is_connected, state != NodeState::kGone);
    EXPECT_FALSE(there.acked || there.runs || there.nack || there.trust);
  }
}

TEST(PeerLines, WhatALiveOneRunsIsNotTold) {
  NodeStatus row = full_row();
  row.state = NodeState::kLive;
  row.nack.reset();

  EXPECT_FALSE(trip(row).runs.has_value());
}

TEST(PeerLines, TheOtherMessagesSurviveTheTrip) {
  PeerHello hello{kPeerProtocol, "b", "0.7.0"};
  EXPECT_EQ(std::get<PeerHello>(*decode_peer_message(encode(hello))), hello);
  EXPECT_EQ(std::get<PeerGone>(*decode_peer_message(encode(PeerGone{{"spiffe://td/x", "n", "i"}}))).key,
            (NodeKey{"spiffe://td/x", "n", "i"}));
  EXPECT_EQ(std::get<PeerNewest>(*decode_peer_message(encode(PeerNewest{{3, 9}}))).version, (Version{3, 9}));
  EXPECT_TRUE(std::holds_alternative<PeerHeartbeat>(*decode_peer_message(encode(PeerHeartbeat{}))));
}

TEST(PeerLines, TheLargestRowASidecarCanCauseFitsIntoALine) {
  NodeStatus row = full_row();
  row.nack->errors.assign(kMaxNackErrors, {std::string(kMaxNackMessage, 'r'), std::string(kMaxNackMessage, 'p'),
                                           std::string(kMaxNackMessage, 'm')});
  row.report.counters.clear();
  for (size_t i = 0; i < kMaxCounters; ++i) {
    row.report.counters[str_cat(std::string(120, 'n'), std::to_string(i))] = UINT64_MAX;
  }
  row.features.assign(kMaxFeatures, std::string(253, 'f'));
  std::vector<std::string> wants;
  for (size_t i = 0; i < kMaxWants; ++i) wants.push_back(str_cat(std::string(59, 'w'), std::to_string(1000 + i)));
  row.request = request_for(row.key.identity, wants);

  EXPECT_EQ(trip(row).request->wants.size(), kMaxWants);
  EXPECT_LE(encode_row(row).size(), kMaxPeerLine);
  EXPECT_EQ(trip(row).nack->errors.size(), kMaxNackErrors);
}

TEST(PeerLines, IsStrict) {
  EXPECT_NE(problem_of(R"({"newest":{"version":"1.4","more":1}})").find("newest.more"), std::string::npos);
  EXPECT_NE(problem_of(R"({"newest":{}})").find("version"), std::string::npos);
  EXPECT_NE(problem_of(R"({"news":{}})").find("news"), std::string::npos);
  EXPECT_EQ(problem_of(R"({"news":{},"ignorable":true})"), "taken");
  EXPECT_EQ(problem_of(R"({"newest":{"version":"1.4","more":1,"ignorable":["more"]}})"), "taken");
}

TEST(PeerLines, HostileLinesAreErrors) {
  for (std::string_view line :
       {"", "[]", "{}", "null", "{", R"({"newest":{"version":"1.4"},"heartbeat":{}})", R"({"newest":{"version":"x"}})",
        R"({"newest":"1.4"})", R"({"hello":{"protocol":0}})", R"({"gone":{"identity":"","node":"n"}})", R"({"row":{}})",
        R"({"row":[]})", R"({"ignorable":true})"}) {
    EXPECT_NE(problem_of(line), "taken") << line;
  }
  NodeStatus row = full_row();
  row.key.node = std::string(kMaxNodeName + 1, 'n');
  EXPECT_NE(problem_of(encode_row(row)), "taken");
  row = full_row();
  row.nack->errors.assign(kMaxNackErrors + 1, {"", "", ""});
  EXPECT_NE(problem_of(encode_row(row)), "taken");
  row = full_row();
  row.report.backends.assign(kMaxBackendTroubles + 1, {"default/a", 0, 1});
  EXPECT_NE(problem_of(encode_row(row)), "taken");
  row = full_row();
  row.key.identity = "no SPIFFE id";
  EXPECT_NE(problem_of(encode_row(row)).find("identity"), std::string::npos);
  row = full_row();
  row.trust->bundle = "not a digest";
  EXPECT_NE(problem_of(encode_row(row)), "taken");
  EXPECT_EQ(decode_peer_message(std::string(kMaxPeerLine + 1, ' ')).error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
