#include "lib/api/request_fact.h"

#include <gtest/gtest.h>

#include "lib/api/fact_wire.h"
#include "lib/api/watch_messages.h"

namespace heddle {
namespace {
RequestFact fact_of(std::string path) {
  RequestFact fact;
  fact.version = {1, 2};
  fact.method = "GET";
  fact.path = std::move(path);
  return fact;
}

// The line of one fact with these members beside those that every one has.
void expect_refused(std::string_view members, std::string_view why) {
  std::string line = R"({"facts":{"id":1,"seen":1,"last":true,"facts":[{)" + std::string(members) + "}]}}";
  Result<SidecarMessage> message = decode_sidecar_message(line);
  ASSERT_FALSE(message.has_value()) << line;
  EXPECT_NE(message.error().detail.find(why), std::string::npos) << message.error().detail;
}
constexpr std::string_view kWhole = R"("direction":"outbound","version":"1.2","reason":"none")";

void expect_member_refused(std::string_view member, std::string_view why) {
  expect_refused(std::string(kWhole) + "," + std::string(member), why);
}

TEST(RequestFact, KnowsTheHeadersWhoseValuesAreNeverKept) {
  for (std::string_view name :
       {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-forwarded-client-cert"}) {
    EXPECT_TRUE(is_secret_header(name)) << name;
  }
  EXPECT_FALSE(is_secret_header("x-user"));
  EXPECT_FALSE(is_secret_header(""));
}

TEST(RequestFact, NoLineCarriesTheValueOfASecretHeader) {
  expect_member_refused(R"("headers":[{"name":"authorization","value":"Bearer x"}])", "headers[0].name");
  expect_member_refused(R"("headers":[{"name":"cookie"}])", "never kept");
}

TEST(RequestFact, MembersOfANewerSidecarAreLeftOut) {
  std::string line = R"({"facts":{"id":1,"seen":1,"last":true,"facts":[{)" + std::string(kWhole) +
                     R"(,"newer":{"a":1},"headers":[{"name":"x","value":"1","more":2}],)"
                     R"("secrets":[{"name":"cookie","match":"present","matched":true,"more":3}]}]}})";

  Result<SidecarMessage> message = decode_sidecar_message(line);

  ASSERT_TRUE(message.has_value()) << message.error().detail;
  const auto& facts = std::get<WatchFacts>(*message);
  ASSERT_EQ(facts.facts.size(), 1U);
  EXPECT_EQ(facts.facts[0].headers.size(), 1U);
  EXPECT_EQ(facts.facts[0].secrets.size(), 1U);
}

TEST(RequestFact, EveryMemberIsCheckedWhereItIsRead) {
  expect_refused(R"("version":"1.2","reason":"none")", "direction");
  expect_refused(R"("direction":"up","version":"1.2","reason":"none")", "direction");
  expect_refused(R"("direction":"inbound","version":"x","reason":"none")", "version");
  expect_refused(R"("direction":"inbound","version":"1.2")", "reason");
  expect_member_refused(R"("path":"/a?b=c")", "without query");
  expect_member_refused(R"("port":65536)", "port");
  expect_member_refused(R"("draw":"18446744073709551616")", "draw");
  expect_member_refused(R"("draw":"1x")", "draw");
  expect_member_refused(R"("draw":7)", "draw");
  expect_member_refused(R"("query":[{"value":"x"}])", "query[0].name");
  expect_member_refused(R"("secrets":[{"name":"cookie","match":"present"}])", "secrets[0].matched");
  expect_member_refused(R"("headers":[{"name":"x","value":")" + std::string(kMaxFactValue + 1, 'a') + R"("}])",
                        "headers[0].value");
  expect_member_refused(R"("path":"/)" + std::string(kMaxFactPath, 'a') + "\"", "path");
}

TEST(RequestFact, AnAnswerHasLimitsAndAllItsMembers) {
  auto refused = [](std::string_view line) { return !decode_sidecar_message(line).has_value(); };

  EXPECT_TRUE(refused(R"({"facts":{"facts":[],"seen":0,"last":true}})"));
  EXPECT_TRUE(refused(R"({"facts":{"id":-1,"facts":[],"seen":0,"last":true}})"));
  EXPECT_TRUE(refused(R"({"facts":{"id":1,"facts":[],"seen":0}})"));
  EXPECT_TRUE(refused(R"({"facts":{"id":1,"facts":{},"seen":0,"last":true}})"));
  EXPECT_FALSE(decode_control_message(R"({"facts_request":{"id":1,"most":0}})").has_value());
  EXPECT_FALSE(decode_control_message(R"({"facts_request":{"id":1,"most":1001}})").has_value());
  EXPECT_FALSE(decode_control_message(R"({"facts_request":{"most":1}})").has_value());
  WatchFacts many{1, std::vector<RequestFact>(kMaxLineFacts + 1, fact_of("/")), 0, true};
  std::string line = encode(SidecarMessage(many));
  line.pop_back();
  EXPECT_TRUE(refused(line));
}

TEST(RequestFact, AnAnswerIsSplitIntoLinesThatAreTaken) {
  std::vector<RequestFact> facts;
  for (size_t i = 0; i < kMaxFacts; ++i) {
    facts.push_back(fact_of("/" + std::to_string(i) + std::string(kMaxFactPath - 10, '"')));
  }
  std::vector<RequestFact> back;

  std::vector<WatchFacts> parts = split_facts(9, facts, 16'000);

  for (const WatchFacts& part : parts) {
    std::string line = encode(SidecarMessage(part));
    line.pop_back();
    Result<SidecarMessage> message = decode_sidecar_message(line);
    ASSERT_TRUE(message.has_value()) << message.error().text();
    const auto& read = std::get<WatchFacts>(*message);
    EXPECT_EQ(read.id, 9u);
    EXPECT_EQ(read.last, &part == &parts.back());
    back.insert(back.end(), read.facts.begin(), read.facts.end());
  }
  EXPECT_EQ(back, facts);
  EXPECT_EQ(parts.back().seen, 16'000u);
  EXPECT_GE(parts.size(), kMaxFacts / kMaxLineFacts);
}

TEST(RequestFact, NoFactsAreAnAnswerToo) {
  std::vector<WatchFacts> parts = split_facts(9, {}, 3);

  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts.front(), (WatchFacts{9, {}, 3, true}));
}
}  // namespace
}  // namespace heddle
