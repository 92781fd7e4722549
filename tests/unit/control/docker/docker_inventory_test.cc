#include "control/docker/docker_inventory.h"

#include <gtest/gtest.h>

#include "control/docker/docker_client.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
JsonValue json(std::string_view text) { return JsonValue::parse(text).value_or(JsonValue()); }

JsonValue inspected(std::string_view state) {
  return json(str_cat(
      R"({"Id":"a","Name":"/web-1","State":)", state,
      R"(,"Config":{"Labels":{"heddle.dev/service":"web","n":1},"ExposedPorts":{"443/tcp":{},"80/tcp":{},"53/udp":{}}},)"
      R"("NetworkSettings":{"Networks":{"back":{"IPAddress":"10.0.0.1"},"six":{"IPAddress":"","GlobalIPv6Address":"fd00::1"},"none":{"IPAddress":""}}}})"));
}
constexpr std::string_view kRuns = R"({"Running":true,"Paused":false,"Health":{"Status":"healthy"}})";

DockerEvent event(std::string_view action, std::string_view labels = R"("heddle.dev/service":"web")") {
  return read_docker_event(str_cat(R"({"Type":"container","Action":")", action, R"(","Actor":{"ID":"a","Attributes":{)",
                                   labels, R"(}},"time":1})"));
}

TEST(DockerContainer, IsReadAsTheEngineShowsIt) {
  DockerContainer one = read_container(inspected(kRuns));
  EXPECT_EQ(one.name, "web-1");
  EXPECT_TRUE(one.is_ready());
  EXPECT_EQ(one.exposed, (std::vector<uint16_t>{80, 443}));
  EXPECT_EQ(one.networks, (DockerContainer::Texts{{"back", "10.0.0.1"}, {"six", "fd00::1"}}));
  EXPECT_EQ(one.labels.size(), 1U);
  EXPECT_FALSE(read_container(inspected(R"({"Running":true,"Health":{"Status":"starting"}})")).is_ready());
  EXPECT_FALSE(read_container(inspected(R"({"Running":true,"Paused":true})")).is_ready());
  EXPECT_FALSE(read_container(inspected(R"({"Running":true,"Restarting":true})")).is_ready());
  EXPECT_FALSE(read_container(inspected(R"({"Running":false})")).is_ready());
  EXPECT_TRUE(read_container(inspected(R"({"Running":true,"Health":{"Status":"none"}})")).is_ready());
}

TEST(DockerEvents, SayWhatBecomesOfAContainer) {
  using What = DockerEvent::What;
  for (auto [action, what] : {std::pair("start", What::kLook), std::pair("health_status: unhealthy", What::kLook),
                              std::pair("die", What::kStopped), std::pair("pause", What::kStopped),
                              std::pair("destroy", What::kGone), std::pair("exec_start: sh", What::kNothing)}) {
    EXPECT_EQ(event(action).what, what) << action;
  }
  EXPECT_TRUE(event("start").is_labelled);
  EXPECT_FALSE(event("start", "").is_labelled);
  DockerEvent network = read_docker_event(
      R"({"Type":"network","Action":"connect","Actor":{"ID":"n","Attributes":{"container":"a","name":"back"}}})");
  EXPECT_EQ(network.what, What::kLook);
  EXPECT_EQ(network.container, "a");
  EXPECT_EQ(read_docker_event("{").what, What::kNothing);
}

class DockerInventoryTest : public testing::Test {
 protected:
  DockerInventoryTest() {
    inventory_.on_list(json(R"([{"Id":"a","Labels":{"heddle.dev/enable":"true"}},{"Id":"b","Labels":{"x":"y"}}])"));
  }
  void be_there() {
    ASSERT_EQ(inventory_.next(), "a");
    EXPECT_TRUE(inventory_.on_inspected(inspected(kRuns)));
  }
  bool runs() const { return inventory_.containers().at("a").is_running; }
  DockerInventory inventory_;
};

TEST_F(DockerInventoryTest, IsCompleteOnceEveryLabelledOneWasInspected) {
  EXPECT_FALSE(DockerInventory().is_complete());
  EXPECT_FALSE(inventory_.is_complete());
  be_there();
  EXPECT_TRUE(inventory_.is_complete());
  EXPECT_EQ(inventory_.containers().size(), 1U);
}

TEST_F(DockerInventoryTest, WhatStopsIsOutAtOnceAndLookedAtAgain) {
  be_there();
  EXPECT_TRUE(inventory_.on_event(event("die")));
  EXPECT_FALSE(runs());
  EXPECT_EQ(inventory_.next(), "a");
  EXPECT_TRUE(inventory_.on_inspected(inspected(kRuns)));  // started again meanwhile
  EXPECT_TRUE(runs());
}

TEST_F(DockerInventoryTest, AnAnswerThatWasAskedForBeforeAnEventIsOld) {
  be_there();
  inventory_.on_event(event("start"));
  ASSERT_EQ(inventory_.next(), "a");
  EXPECT_TRUE(inventory_.on_event(event("die")));
  EXPECT_FALSE(inventory_.on_inspected(inspected(kRuns)));
  EXPECT_FALSE(runs());
  EXPECT_FALSE(inventory_.is_complete());
  EXPECT_EQ(inventory_.next(), "a");
}

TEST_F(DockerInventoryTest, WhatIsRemovedDoesNotComeBackByALateAnswer) {
  be_there();
  inventory_.on_event(event("start"));
  ASSERT_EQ(inventory_.next(), "a");
  EXPECT_TRUE(inventory_.on_event(event("destroy")));
  EXPECT_FALSE(inventory_.on_inspected(inspected(kRuns)));
  EXPECT_TRUE(inventory_.containers().empty());
  EXPECT_TRUE(inventory_.is_complete());
}

TEST_F(DockerInventoryTest, AListFindsWhatEventsDidNotTell) {
  be_there();
  EXPECT_TRUE(inventory_.on_list(json("[]")));
  EXPECT_TRUE(inventory_.containers().empty());
  inventory_.on_event(event("start", ""));  // none of ours
  EXPECT_FALSE(inventory_.next());
  inventory_.on_event(event("create"));
  EXPECT_EQ(inventory_.next(), "a");
  EXPECT_FALSE(inventory_.on_inspected(std::nullopt));
  EXPECT_TRUE(inventory_.is_complete());
}

TEST_F(DockerInventoryTest, WhatTheEngineCannotTellOfStaysAsItIs) {
  be_there();
  inventory_.on_event(event("rename"));
  ASSERT_TRUE(inventory_.next());
  inventory_.on_not_said();
  EXPECT_TRUE(runs());
  EXPECT_TRUE(inventory_.is_complete());
}

TEST(DockerApi, TheOldestCommonVersionIsSpoken) {
  EXPECT_EQ(*docker_api_version(json(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})")), "/v1.41");
  EXPECT_EQ(*docker_api_version(json(R"({"ApiVersion":"1.52","MinAPIVersion":"1.44"})")), "/v1.44");
  EXPECT_EQ(docker_api_version(json(R"({"ApiVersion":"1.40"})")).error().reason, Reason::kUnsupported);
  EXPECT_FALSE(docker_api_version(json("{}")));
}

TEST(DockerApi, TheEnginesWordsAreSaid) {
  Result<JsonValue> refused = docker_document(RpcResponse::json(403, R"({"message":"not allowed here"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "the engine answers 403: not allowed here");
  EXPECT_FALSE(docker_document(RpcResponse::json(200, "nonsense")));
}

TEST(DockerHost, IsASocketOrAPlainAddress) {
  EXPECT_EQ(parse_docker_host("unix:///var/run/docker.sock")->socket.path(), "/var/run/docker.sock");
  EXPECT_EQ(parse_docker_host("tcp://docker-proxy:2375")->server.host, "docker-proxy");
  EXPECT_EQ(parse_docker_host("tcp://[::1]:2375")->server.host, "::1");
  for (std::string_view wrong : {"", "/var/run/docker.sock", "unix://relative", "tcp://", "tcp://host", "tcp://host:0",
                                 "tcp://a/b:1", "tcp://:1", "ssh://host:22", "npipe:////./pipe/docker_engine"}) {
    EXPECT_FALSE(parse_docker_host(wrong)) << wrong;
  }
}
}  // namespace
}  // namespace heddle
