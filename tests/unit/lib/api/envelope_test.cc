#include "lib/api/envelope.h"

#include <gtest/gtest.h>

#include "lib/base/strings.h"

namespace heddle {
namespace {
std::string problems_of(std::string_view json) {
  Problems problems;
  read_envelope(*JsonValue::parse(json), {}, problems);
  return problems.text();
}

TEST(Envelope, FillsInTheNamespaceAndDropsWhatTheServerOwns) {
  Problems problems;
  auto document = *JsonValue::parse(
      R"({"kind":"Service","apiVersion":"heddle.dev/v1","metadata":{"name":"a","uid":"1","resourceVersion":"9",
          "generation":1,"creationTimestamp":null,"managedFields":[],"labels":{"app":"x"}},"spec":{},"status":{"x":1}})");

  auto envelope = read_envelope(document, {}, problems);

  ASSERT_TRUE(envelope) << problems.text();
  EXPECT_EQ(envelope->key.text(), "Service/default/a");
  EXPECT_EQ(envelope->metadata.labels.at("app"), "x");
  EXPECT_EQ(envelope->to_resource()->json,
            R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"labels":{"app":"x"},"name":"a",)"
            R"("namespace":"default"},"spec":{}})");
}

TEST(Envelope, KeepsServerFieldsOfStoredResources) {
  Problems problems;
  auto document = *JsonValue::parse(
      R"({"kind":"Service","apiVersion":"heddle.dev/v1","metadata":{"name":"a","namespace":"n","resourceVersion":"1.9",
          "creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{},"status":{}})");

  auto envelope = read_envelope(document, {EnvelopeSource::kStored}, problems);

  ASSERT_TRUE(envelope) << problems.text();
  EXPECT_EQ(envelope->metadata.created, *parse_time("2026-01-01T00:00:00Z"));
  EXPECT_EQ(envelope->metadata.resource_version, "1.9");
  EXPECT_EQ(envelope->document, document);
}

TEST(Envelope, NamesEveryProblem) {
  EXPECT_EQ(problems_of(
                R"({"apiVersion":"v1","kind":"Service","metadata":{"nam":"x","labels":{"a b":"c","d":5}},"sepc":{}})"),
            "apiVersion: \"v1\" is not supported for Service; expected \"heddle.dev/v1\"\n"
            "metadata.name: is required\n"
            "metadata.labels.a b: is not a valid key; expected [prefix/]name of letters, digits, '-', '_', '.'\n"
            "metadata.labels.d: expected a string, got an integer\n"
            "metadata.nam: unknown field; did you mean \"name\"?\n"
            "sepc: unknown field; did you mean \"spec\"?");
}

TEST(Envelope, NamesTheFieldOfABadKey) {
  EXPECT_TRUE(problems_of(R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"../x"}})")
                  .starts_with("metadata.name: name \"../x\" is not valid"));
  EXPECT_TRUE(problems_of(R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"x","namespace":"A"}})")
                  .starts_with("metadata.namespace: namespace \"A\" is not valid"));
}

TEST(Envelope, RefusesKindsThatAreNotDoneYetAsUnsupported) {
  Problems problems;

  read_envelope(
      *JsonValue::parse(R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"UDPRoute","metadata":{"name":"a"}})"),
      {}, problems);

  EXPECT_EQ(problems.text(), "kind: UDPRoute is not supported by this version of Heddle");
  EXPECT_EQ(problems.reason(), Reason::kUnsupported);
}

TEST(Envelope, TakesTheVersionsThatRoutesOfConnectionsHad) {
  auto problems_with = [](std::string_view version, std::string_view kind) {
    return problems_of(str_cat(R"({"apiVersion":"gateway.networking.k8s.io/)", version, R"(","kind":")", kind,
                               R"(","metadata":{"name":"a"}})"));
  };
  for (std::string_view version : {"v1", "v1alpha2"}) EXPECT_EQ(problems_with(version, "TCPRoute"), "");
  for (std::string_view version : {"v1", "v1alpha2", "v1alpha3"}) EXPECT_EQ(problems_with(version, "TLSRoute"), "");
  EXPECT_NE(problems_with("v1alpha3", "TCPRoute"), "");
  EXPECT_NE(problems_with("v1beta1", "TLSRoute"), "");
  EXPECT_NE(problems_with("v1alpha2", "HTTPRoute"), "");
}

TEST(Envelope, RefusesAnEmptyKindAndAnEmptyVersion) {
  EXPECT_EQ(problems_of(R"({"apiVersion":"heddle.dev/v1","kind":"","metadata":{"name":"a"}})"),
            "kind: must not be empty");
  EXPECT_EQ(problems_of(R"({"apiVersion":"","kind":"Service","metadata":{"name":"a"}})"),
            "apiVersion: must not be empty");
}

TEST(Envelope, HintsAtTheKindThatWasMeant) {
  EXPECT_EQ(problems_of(R"({"apiVersion":"heddle.dev/v1","kind":"Sevice","metadata":{"name":"a"}})"),
            "kind: \"Sevice\" is not a kind of resource; did you mean \"Service\"?");
}

TEST(Envelope, RefusesWhatIsNoObject) {
  for (std::string_view json : {"null", "[]", "5", "\"x\""}) EXPECT_NE(problems_of(json), "") << json;
}

TEST(Envelope, LimitsTheSizeOfAResource) {
  Problems problems;
  auto document =
      JsonValue::parse(R"({"apiVersion":"heddle.dev/v1","kind":"Service","metadata":{"name":"a"},"spec":")" +
                       std::string(kMaxResourceBytes, 'x') + "\"}");

  auto envelope = read_envelope(*document, {}, problems);

  EXPECT_EQ(envelope->to_resource().error().reason, Reason::kTooLarge);
}
}  // namespace
}  // namespace heddle
