#include "control/api/apply_request.h"

#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
std::string list_of(std::string_view items) { return str_cat(R"({"kind":"List","items":[)", items, "]}"); }

std::string backends(std::string_view metadata) {
  return str_cat(R"({"apiVersion":"heddle.dev/v1","kind":"BackendSet","metadata":{"name":"a")", metadata,
                 R"(},"spec":{"endpoints":[{"address":"127.0.0.1","port":1}],"tls":"plaintext"}})");
}

Result<Transaction> read(std::string_view body) {
  std::vector<ApiProblem> problems;
  return read_apply(body, problems);
}

TEST(ApplyRequest, MakesAPutOfEveryItem) {
  auto transaction = read(list_of(backends("")));

  ASSERT_TRUE(transaction) << transaction.error().text();
  ASSERT_EQ(transaction->size(), 1U);
  const auto& put = std::get<PutOperation>((*transaction)[0]);
  EXPECT_EQ(put.envelope.key.text(), "BackendSet/default/a");
  EXPECT_FALSE(put.expected.has_value());
}

TEST(ApplyRequest, ExpectsTheVersionThatTheAuthorSaw) {
  auto transaction = read(list_of(backends(R"(,"resourceVersion":"1.42")")));

  ASSERT_TRUE(transaction) << transaction.error().text();
  EXPECT_EQ(std::get<PutOperation>((*transaction)[0]).expected, (Version{1, 42}));
}

TEST(ApplyRequest, RefusesAVersionThatIsNone) {
  std::vector<ApiProblem> problems;
  auto transaction = read_apply(list_of(backends(R"(,"resourceVersion":"latest")")), problems);

  ASSERT_FALSE(transaction);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].resource, "BackendSet/default/a");
  EXPECT_EQ(problems[0].path, "metadata.resourceVersion");
}

TEST(ApplyRequest, NamesTheProblemsOfEveryItem) {
  std::vector<ApiProblem> problems;
  auto transaction = read_apply(list_of(str_cat(R"(7,)", backends(R"(,"labels":7)"))), problems);

  ASSERT_FALSE(transaction);
  EXPECT_EQ(transaction.error().reason, Reason::kConfigInvalid);
  ASSERT_GE(problems.size(), 2U);
  EXPECT_EQ(problems.front().resource, "items[0]");
  EXPECT_EQ(problems.back().path, "metadata.labels");
}

TEST(ApplyRequest, DeletesBesideWhatItPuts) {
  auto transaction = read(str_cat(R"({"kind":"List","items":[)", backends(""), R"(],"delete":["Service/shop/old"]})"));

  ASSERT_TRUE(transaction) << transaction.error().text();
  ASSERT_EQ(transaction->size(), 2U);
  EXPECT_EQ(std::get<EraseOperation>((*transaction)[1]).key.text(), "Service/shop/old");
}

TEST(ApplyRequest, RefusesToDeleteWhatIsNoName) {
  for (std::string_view erased : {R"("Service/shop/old")", R"(["Service"])", R"(["Gadget/shop/old"])", "[7]"}) {
    auto transaction = read(str_cat(R"({"kind":"List","items":[],"delete":)", erased, "}"));
    ASSERT_FALSE(transaction) << erased;
    EXPECT_EQ(transaction.error().reason, Reason::kBadRequest);
    EXPECT_NE(transaction.error().detail.find("delete"), std::string::npos) << transaction.error().detail;
  }
}

TEST(ApplyRequest, RefusesWhatIsNoList) {
  for (std::string_view body : {"", "[]", "{}", R"({"kind":"List"})", R"({"kind":"Service","items":[]})",
                                R"({"kind":"List","items":[],"more":1})"}) {
    auto transaction = read(body);
    ASSERT_FALSE(transaction) << body;
    EXPECT_EQ(info(transaction.error().reason).status, 400) << body;
  }
}

TEST(ApplyRequest, AdmitsOnlyAWholeThatHoldsTogether) {
  TestStore store;
  std::vector<ApiProblem> problems;
  std::vector<ApiProblem> none;

  auto refused = store.commit({PutOperation{service("a")}},
                              whole_admission(problems, Reason::kConfigInvalid, *TrustDomain::parse("td.test")));
  auto taken = store.commit({PutOperation{service("a")}, PutOperation{backend_set("a")}},
                            whole_admission(none, Reason::kConfigInvalid, *TrustDomain::parse("td.test")));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kConfigInvalid);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].path, "spec.ports[0].backendSet");
  EXPECT_TRUE(taken);
  EXPECT_TRUE(none.empty());
}
}  // namespace
}  // namespace heddle
