#include "control/api/resource_view.h"

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
Envelope route(std::string_view kind, std::string_view name, std::string_view parent) {
  return envelope(str_cat(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":")", kind, R"(","metadata":{"name":")",
                          name, R"("},"spec":{"parentRefs":[)", parent,
                          R"(],"rules":[{"backendRefs":[{"group":"heddle.dev","kind":"BackendSet","name":"a"}]}]}})"));
}

class ResourceViewTest : public testing::Test {
 protected:
  ResourceViewTest() {
    store_.put(backend_set("a"));
    store_.put(heddle_resource("Service", "default", "a",
                               R"({"ports":[{"port":80,"protocol":"http"},{"port":90,"protocol":"http"}]})"));
  }
  // The condition of the route's first parent: "True Accepted", or with ": <message>".
  std::string condition(Kind kind, std::string_view name, size_t index) {
    StoredResource::Ptr found = store_->view().find({kind, "default", std::string(name)});
    if (found == nullptr) return "no such resource";
    JsonValue conditions =
        ResourceView(store_->view()).document(*found).find({"status", "parents"})->at(0).find("conditions").value();
    auto text = [&](std::string_view key) { return std::string(*conditions.at(index).find(key)->as_string()); };
    std::string message = text("message");
    return str_cat(text("type"), " ", text("status"), " ", text("reason"), message.empty() ? "" : ": ", message);
  }
  std::string accepted(Kind kind, std::string_view name) { return condition(kind, name, 0); }
  TestStore store_;
};

constexpr std::string_view kEveryPort = R"({"group":"","kind":"Service","name":"a"})";
constexpr std::string_view kPort80 = R"({"group":"","kind":"Service","name":"a","port":80})";

TEST_F(ResourceViewTest, ARouteAloneIsAccepted) {
  store_.put(route("HTTPRoute", "r", kEveryPort));

  EXPECT_EQ(accepted(Kind::kHttpRoute, "r"), "Accepted True Accepted");
  EXPECT_EQ(condition(Kind::kHttpRoute, "r", 1), "ResolvedRefs True ResolvedRefs");
}

TEST_F(ResourceViewTest, ARouteThatAnotherKindPushesAsideIsConflicted) {
  store_.put(route("HTTPRoute", "loser", kPort80));
  store_.put(route("GRPCRoute", "winner", kEveryPort));

  EXPECT_EQ(accepted(Kind::kHttpRoute, "loser"),
            "Accepted False Conflicted: is not accepted for port 80 of Service default/a: GRPCRoute default/winner is "
            "attached to it");
  EXPECT_EQ(accepted(Kind::kGrpcRoute, "winner"), "Accepted True Accepted");
}

TEST_F(ResourceViewTest, ARouteThatKeepsAPortIsAcceptedAndSaysWhichItLost) {
  store_.put(route("HTTPRoute", "r", kEveryPort));
  store_.put(route("GRPCRoute", "winner", kPort80));

  EXPECT_EQ(accepted(Kind::kHttpRoute, "r"),
            "Accepted True Accepted: is not accepted for port 80 of Service default/a: GRPCRoute default/winner is "
            "attached to it");
  store_.put(route("GRPCRoute", "winner", kEveryPort));
  EXPECT_EQ(accepted(Kind::kHttpRoute, "r").substr(0, 25), "Accepted False Conflicted");
}

TEST_F(ResourceViewTest, OtherKindsHaveNoStatus) {
  StoredResource::Ptr found = store_->view().find({Kind::kService, "default", "a"});
  ASSERT_NE(found, nullptr);

  EXPECT_EQ(ResourceView(store_->view()).document(*found), found->api_document());
}

TEST_F(ResourceViewTest, AnAuthorIsToldWhatTheirRoutesPushAside) {
  Transaction http = {PutOperation{route("HTTPRoute", "r", kPort80)}};
  Transaction grpc = {PutOperation{route("GRPCRoute", "g", kPort80)}};
  EXPECT_TRUE(warnings_of(http, store_.commit(http)->after).empty());

  std::vector<ApiProblem> warnings = warnings_of(grpc, store_.commit(grpc)->after);

  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].resource, "HTTPRoute/default/r");
  EXPECT_EQ(warnings[0].path, "spec.parentRefs[0]");
  Transaction other = {PutOperation{backend_set("b")}};
  EXPECT_TRUE(warnings_of(other, store_.commit(other)->after).empty());
}

constexpr std::string_view kOpaque = R"({"group":"","kind":"Service","name":"opaque"})";

TEST_F(ResourceViewTest, ARouteWhoseParentCarriesNoRequestsIsNotAccepted) {
  store_.put(
      heddle_resource("Service", "default", "opaque", R"({"ports":[{"port":80,"protocol":"tcp","backendSet":"a"}]})"));
  Transaction http = {PutOperation{route("HTTPRoute", "r", kOpaque)}};

  std::vector<ApiProblem> warnings = warnings_of(http, store_.commit(http)->after);

  const std::string why =
      "no port of Service default/opaque carries requests (protocol http, http2, grpc or auto): this HTTPRoute would "
      "judge nothing";
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].resource, "HTTPRoute/default/r");
  EXPECT_EQ(warnings[0].path, "spec.parentRefs[0]");
  EXPECT_EQ(warnings[0].message, why);
  EXPECT_EQ(accepted(Kind::kHttpRoute, "r"), str_cat("Accepted False NoMatchingParent: ", why));
  Transaction gone = {EraseOperation{{Kind::kHttpRoute, "default", "r"}}};
  EXPECT_TRUE(warnings_of(gone, store_.commit(gone)->after).empty());
}
}  // namespace
}  // namespace heddle
