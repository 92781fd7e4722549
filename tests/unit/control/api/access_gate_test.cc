#include "control/api/access_gate.h"

#include "control/store/sqlite_ledger.h"
#include "tests/support/ledger_now.h"
#include "tests/support/manual_scheduler.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class AuditLines final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class AccessGateTest : public testing::Test {
 protected:
  AccessGateTest() : database_(*SqliteDatabase::open(":memory:")), ledger_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
  }
  void keep(std::string_view token, const AdminTokenRow& row) {
    ASSERT_TRUE(commit_now(ledger_, {AddAdminToken{sha256(as_bytes(token)), row}}));
  }
  void keep_editor(std::optional<WallTime> expires = {}) {
    keep("t", {"ci", "", {}, R"([{"role":"editor","namespaces":["shop"]}])", expires});
  }
  static RpcRequest request(std::string_view path, std::string_view token = "t", std::string method = "GET") {
    RpcRequest out;
    out.method = std::move(method);
    out.path = path;
    out.peer = *Address::parse("10.0.0.9:1");
    if (!token.empty()) out.headers.emplace_back("authorization", str_cat("Bearer ", token));
    return out;
  }
  bool has_said(std::string_view text) const {
    return !lines_.lines.empty() && lines_.lines.back().find(text) != std::string::npos;
  }
  ManualScheduler scheduler_;
  SeededRandom random_{5};
  AuditLines lines_;
  SqliteDatabase database_;
  SqliteLedger ledger_;
  AccessGate gate_{{ledger_, lines_, scheduler_, random_}};
};

TEST_F(AccessGateTest, WhoShowsNoTokenLearnsNothingButThat) {
  keep_editor();

  Result<void> none = gate_.admit(request("/v1/ca", ""));
  Result<void> wrong = gate_.admit(request("/v1/ca", "wrong"));

  ASSERT_FALSE(none);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(none.error().text(), "unauthenticated");
  EXPECT_EQ(wrong.error().text(), "unauthenticated");
  EXPECT_EQ(lines_.lines.size(), 2U);
  EXPECT_TRUE(has_said("unknown bearer token"));
}

TEST_F(AccessGateTest, ATokenOpensTheDoorsOfItsRolesOnly) {
  keep_editor();

  EXPECT_TRUE(gate_.admit(request("/v1/apply", "t", "POST")));
  Result<void> refused = gate_.admit(request("/v1/ca/prepare", "t", "POST"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kForbidden);
  EXPECT_TRUE(has_said(R"("audit":"deny","status":"forbidden")"));
  EXPECT_TRUE(has_said(R"("caller_id":"ci")"));
  EXPECT_TRUE(has_said(R"("subject":"POST /v1/ca/prepare")"));
}

TEST_F(AccessGateTest, AnExpiredTokenIsRefusedAndToldSo) {
  keep_editor(scheduler_.wall() + 60s);
  EXPECT_TRUE(gate_.admit(request("/v1/whoami")));

  scheduler_.advance(60s);
  Result<void> refused = gate_.admit(request("/v1/whoami"));

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::kUnauthenticated);
  EXPECT_EQ(refused.error().detail.find("the token ci expired at "), 0U) << refused.error().detail;
}

TEST_F(AccessGateTest, ATokenThatWasRevokedWhileTheBodyCameIsRefused) {
  keep_editor();
  RpcRequest apply = request("/v1/apply", "t", "POST");
  ASSERT_TRUE(gate_.admit(apply));

  ASSERT_TRUE(commit_now(ledger_, {RemoveAdminToken{"ci"}}));

  std::optional<RpcResponse> answer = gate_.readmit(apply);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 401);
}

TEST_F(AccessGateTest, ATokenOfAnOlderHeddleMayDoEverything) {
  keep("t", {"admin", "admin", {}});

  EXPECT_TRUE(gate_.admit(request("/v1/ca/prepare", "t", "POST")));
  EXPECT_TRUE(gate_.admit(request("/v1/what-is-not-known")));
}

TEST_F(AccessGateTest, ATokenWhoseRightsCannotBeReadHasNone) {
  keep("t", {"new", "", {}, R"([{"role":"emperor","namespaces":["*"]}])"});
  keep("u", {"empty", "", {}});

  EXPECT_EQ(gate_.admit(request("/v1/whoami")).error().reason, Reason::kInternal);
  EXPECT_EQ(gate_.admit(request("/v1/whoami", "u")).error().reason, Reason::kInternal);
}

TEST_F(AccessGateTest, WrongTokensBeyondTheLimitAreNotLookedAtRefusedOnesAre) {
  keep_editor();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(gate_.admit(request("/v1/ca")));
  EXPECT_TRUE(gate_.admit(request("/v1/whoami"))) << "who is known, and may not, is no stranger";

  for (int i = 0; i < 10; ++i) EXPECT_FALSE(gate_.admit(request("/v1/whoami", "wrong")));

  EXPECT_EQ(gate_.admit(request("/v1/whoami")).error().reason, Reason::kRateLimited);
}

TEST_F(AccessGateTest, EveryItemOfATransactionIsJudgedAndNamed) {
  keep_editor();
  Transaction transaction;
  transaction.emplace_back(PutOperation{service("a", "", "shop")});
  transaction.emplace_back(PutOperation{service("b", "", "web")});
  transaction.emplace_back(EraseOperation{{Kind::kAuthorizationPolicy, "shop", "p"}});

  std::optional<RpcResponse> answer = gate_.refuse(request("/v1/apply", "t", "POST"), transaction);

  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 403);
  JsonValue body = *JsonValue::parse(answer->body);
  ASSERT_EQ(body.find("problems")->size(), 2U);
  EXPECT_EQ(body.find("problems")->at(0).find("resource")->as_string(), "Service/web/b");
  EXPECT_EQ(body.find("problems")->at(1).find("message")->as_string(),
            "this token may not delete AuthorizationPolicy in namespace shop: it needs the role security there");
  EXPECT_EQ(lines_.lines.size(), 2U);
  EXPECT_TRUE(has_said(R"("subject":"AuthorizationPolicy/shop/p")"));
}

TEST_F(AccessGateTest, WhoOnlyAsksMustBeAbleToReadEachItem) {
  keep_editor();
  RpcRequest plan = request("/v1/plan", "t", "POST");
  Transaction own;
  own.emplace_back(EraseOperation{{Kind::kAuthorizationPolicy, "shop", "p"}});
  Transaction foreign;
  foreign.emplace_back(PutOperation{service("b", "", "web")});

  EXPECT_FALSE(gate_.refuse_reading(plan, own).has_value());
  ASSERT_TRUE(gate_.refuse_reading(plan, foreign).has_value());
  EXPECT_TRUE(has_said("needs the role viewer there"));
}

TEST_F(AccessGateTest, WhatItMayIsNotRefusedAndLeavesNoLine) {
  keep_editor();
  Transaction transaction{PutOperation{service("a", "", "shop")}};

  EXPECT_FALSE(gate_.refuse(request("/v1/apply", "t", "POST"), transaction).has_value());
  EXPECT_FALSE(gate_.refuse(request("/v1/x"), {AccessAction::kRead, "shop", Kind::kService}).has_value());
  EXPECT_TRUE(lines_.lines.empty());
}

std::string namespaces_asked(std::string_view identity) {
  std::string spec = str_cat(R"({"identity":")", identity, R"("})");
  StoreOperation put = PutOperation{heddle_resource("Workload", "shop", "w", spec)};
  std::string out;
  for (const AccessAsk& ask : asks_of(put)) out.append(ask.ns).append(";");
  return out;
}

TEST(AccessAsks, AWorkloadThatClaimsAnIdentityElsewhereNeedsTheRoleThereToo) {
  EXPECT_EQ(namespaces_asked("spiffe://cluster.local/ns/shop/sa/cart"), "shop;");
  EXPECT_EQ(namespaces_asked("spiffe://cluster.local/ns/pay/sa/db"), "shop;pay;");
  EXPECT_EQ(namespaces_asked("spiffe://cluster.local/db"), "shop;;") << "of no namespace: of all";
}

TEST(AccessAsks, TheNamespaceOfAnIdentityIsAPartOfIt) {
  EXPECT_EQ(namespace_of("spiffe://cluster.local/ns/shop/sa/cart"), "shop");
  EXPECT_EQ(namespace_of("spiffe://cluster.local/ns/shop"), "");
  EXPECT_EQ(namespace_of("spiffe://cluster.local"), "");
  EXPECT_EQ(namespace_of("shop"), "");
}

TEST(AccessToken, IsLongAndKnownByItsPrefix) {
  std::string token = new_access_token();

  EXPECT_TRUE(token.starts_with("heddle_"));
  EXPECT_EQ(token.size(), 7U + 43U);
  EXPECT_NE(token, new_access_token());
}

std::string gone_for(const std::vector<AdminTokenRow>& rows, std::string_view name, WallTime now) {
  Result<std::vector<std::string>> past = room_for_token(rows, name, now);
  return past ? join(*past, ",") : past.error().text();
}

TEST(AccessToken, WhatExpiredLongAgoGoesAndANameIsFreeAtOnce) {
  const WallTime now(24h * 30);
  std::vector<AdminTokenRow> rows{{"admin", "admin", {}},
                                  {"late", "", {}, "[]", now},
                                  {"week", "", {}, "[]", now - kKeepExpiredToken},
                                  {"soon", "", {}, "[]", now + 1s}};

  EXPECT_EQ(gone_for(rows, "new", now), "week");
  EXPECT_EQ(gone_for(rows, "late", now), "late,week");
  EXPECT_EQ(gone_for(rows, "soon", now).find("conflict: there is a token soon already"), 0U);
  EXPECT_EQ(gone_for(rows, "admin", now).find("conflict: there is a token admin already"), 0U);
}

TEST(AccessToken, ThereAreNoMoreThanTheLimit) {
  std::vector<AdminTokenRow> rows;
  for (size_t i = 0; i + 1 < kMaxAccessTokens; ++i) rows.push_back({std::to_string(i), "admin", {}});
  EXPECT_EQ(gone_for(rows, "new", WallTime(1s)), "");

  rows.push_back({"one-more", "admin", {}});

  EXPECT_EQ(gone_for(rows, "new", WallTime(1s)).find("conflict: there are 1000 tokens already"), 0U);
}

TEST(AccessToken, OnlyAnAdminOfEverythingForEverIsALastingOne) {
  constexpr std::string_view kAdmin = R"([{"role":"admin","namespaces":["*"]}])";
  constexpr std::string_view kOfShop = R"([{"role":"admin","namespaces":["shop"]}])";

  EXPECT_TRUE(is_lasting_admin({"a", "admin", {}}));
  EXPECT_TRUE(is_lasting_admin({"a", "", {}, std::string(kAdmin)}));
  EXPECT_FALSE(is_lasting_admin({"a", "", {}, std::string(kAdmin), WallTime(9s)}));
  EXPECT_FALSE(is_lasting_admin({"a", "", {}, std::string(kOfShop)}));
  EXPECT_FALSE(is_lasting_admin({"a", "", {}}));
}
}  // namespace
}  // namespace heddle
