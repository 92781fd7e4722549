#include "control/api/hints.h"

#include "control/api/apply_request.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class HintsTest : public testing::Test {
 protected:
  // The hint of the only problem that applying these has.
  std::string hint_of(Transaction transaction) {
    std::vector<ApiProblem> problems;
    auto refused = store_.commit(std::move(transaction), whole_admission(problems, Reason::kConfigInvalid, own_));
    EXPECT_FALSE(refused.has_value());
    return problems.size() == 1 ? problems[0].hint : str_cat(std::to_string(problems.size()), " problems");
  }
  // Of a conflict.
  std::vector<ApiProblem> problems_of(const CommitRequest& request) {
    std::vector<ApiProblem> problems;
    auto refused = store_.commit(request);
    EXPECT_FALSE(refused.has_value());
    if (!refused) explain_conflict(refused.error(), request, store_->view(), problems);
    return problems;
  }
  TrustDomain own_ = *TrustDomain::parse("td.test");
  TestStore store_;
};

TEST_F(HintsTest, AReferenceThatLeadsNowhereIsToBeAppliedWithIt) {
  EXPECT_EQ(hint_of({PutOperation{service("hello")}}), "apply that BackendSet in the same transaction or before");
}

TEST_F(HintsTest, ANearNameIsProbablyTheOneThatWasMeant) {
  EXPECT_EQ(hint_of({PutOperation{service("hello")}, PutOperation{backend_set("helo")}}),
            "did you mean \"helo\"? Else apply that BackendSet in the same transaction or before");
}

TEST_F(HintsTest, AnotherNamespaceIsNotNear) {
  EXPECT_EQ(hint_of({PutOperation{service("hello")}, PutOperation{backend_set("hello", "1", "shop")}}),
            "apply that BackendSet in the same transaction or before");
}

TEST_F(HintsTest, UnknownFieldsAreRenamedOrRemoved) {
  std::vector<ApiProblem> problems = {{"Service/default/a", "spec.prots", "unknown field; did you mean \"ports\"?"},
                                      {"Service/default/a", "spec.wings", "unknown field"},
                                      {"Service/default/a", "spec.ports", "is required"}};

  add_hints(problems, View());

  EXPECT_EQ(problems[0].hint, "write \"ports\", or remove it");
  EXPECT_EQ(problems[1].hint, "remove it; docs/resources.md lists the fields of each kind");
  EXPECT_EQ(problems[2].hint, "");
}

TEST_F(HintsTest, AStaleResourceVersionNamesTheResourceAndHowToReadIt) {
  Version old = store_.put(backend_set("a"));
  store_.put(backend_set("a", "9"));

  std::vector<ApiProblem> problems = problems_of({{PutOperation{backend_set("a", "7"), old}}});

  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].resource, "BackendSet/default/a");
  EXPECT_EQ(problems[0].path, "metadata.resourceVersion");
  EXPECT_TRUE(problems[0].hint.starts_with("heddle get backendset/a -n default -o yaml shows")) << problems[0].hint;
}

TEST_F(HintsTest, AMeshThatMovedOnIsShownByADifference) {
  Version old = store_.put(backend_set("a"));
  store_.put(backend_set("a", "9"));

  std::vector<ApiProblem> problems = problems_of({{PutOperation{backend_set("b")}}, "", "", old});

  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].path, "expect");
  EXPECT_EQ(problems[0].hint,
            "heddle diff --version 1.1 shows what has changed since (it needs a role in all namespaces)");
}

TEST_F(HintsTest, OtherRefusalsAreNoConflicts) {
  std::vector<ApiProblem> problems;
  explain_conflict(make_error(Reason::kNotFound, "gone"), {{EraseOperation{{}}}, "", "", Version{1, 9}}, store_->view(),
                   problems);

  EXPECT_TRUE(problems.empty());
}
}  // namespace
}  // namespace heddle
