#include "control/api/access_api.h"

#include "tests/support/ledger_now.h"
#include "tests/support/slow_ledger.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class KeptAudit final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

constexpr std::string_view kAll = R"([{"role":"admin","namespaces":["*"]}])";

class AccessApiTest : public testing::Test {
 protected:
  AccessApiTest() : database_(*SqliteDatabase::open(":memory:")), ledger_(database_) {
    EXPECT_TRUE(migrate_sqlite(database_).has_value());
    scheduler_.set_wall(WallTime(1'800'000'000s));
    keep("ada", kAll);
  }
  // A token and its name are one here.
  void keep(std::string_view name, std::string_view grants, std::optional<WallTime> expires = {}) {
    AdminTokenRow row{std::string(name), "", {}, std::string(grants), expires};
    ASSERT_TRUE(commit_now(ledger_, {AddAdminToken{sha256(as_bytes(name)), row}}));
  }
  static RpcRequest by(std::string_view token) {
    RpcRequest out;
    out.headers.emplace_back("authorization", str_cat("Bearer ", token));
    return out;
  }
  HttpServer::Respond respond() {
    return [this](RpcResponse response) { answers_.push_back(std::move(response)); };
  }
  void create(std::string_view name, std::string_view token = "ada") {
    RpcRequest request = by(token);
    request.body = str_cat(R"({"name":")", name, R"(","grants":[{"role":"viewer","namespaces":["*"]}]})");
    api_.create(request, respond());
  }
  void revoke(std::string_view name, std::string_view token = "ada") {
    RpcRequest request = by(token);
    request.path_params.emplace("name", name);
    api_.revoke(request, respond());
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    std::vector<AdminTokenRow> rows = *ledger_.admin_tokens();
    for (const AdminTokenRow& row : rows) out.push_back(row.id);
    return out;
  }
  using Names = std::vector<std::string>;

  ManualScheduler scheduler_;
  SeededRandom random_{5};
  KeptAudit audit_;
  KeptAudit refusals_;
  SqliteDatabase database_;
  SqliteLedger ledger_;
  SlowLedger slow_{ledger_};
  AccessGate gate_{{slow_, refusals_, scheduler_, random_}};
  std::vector<RpcResponse> answers_;
  AccessApi api_{{slow_, gate_, audit_, scheduler_}};
};

TEST_F(AccessApiTest, ATokenIsShownWhenItIsKept) {
  create("ci");
  EXPECT_TRUE(answers_.empty());
  EXPECT_TRUE(audit_.lines.empty());

  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 1U);
  ASSERT_EQ(answers_[0].status, 200);
  std::string token(JsonValue::parse(answers_[0].body)->find("token")->as_string().value_or(""));
  EXPECT_TRUE(ledger_.find_admin_token(sha256(as_bytes(token)))->has_value());
  ASSERT_EQ(audit_.lines.size(), 1U);
  EXPECT_NE(audit_.lines[0].find(R"("caller_id":"ada")"), std::string::npos) << audit_.lines[0];
}

TEST_F(AccessApiTest, ATokenThatIsNotKeptIsNotShown) {
  create("ci");
  slow_.refuse(Reason::kUnavailable);

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 503);
  EXPECT_EQ(answers_[0].body.find("heddle_"), std::string::npos);
  EXPECT_TRUE(audit_.lines.empty());
  EXPECT_EQ(refusals_.lines.size(), 1U);
}

TEST_F(AccessApiTest, TheNameOfATokenThatExpiredIsFree) {
  keep("ci", kAll, scheduler_.wall() - 1s);

  create("ci");
  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(names(), (Names{"ada", "ci"}));
}

TEST_F(AccessApiTest, ANameThatAnotherControlPlaneTookMeanwhileIsRefused) {
  create("ci");
  create("ci");

  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(answers_[1].status, 409);
  EXPECT_NE(answers_[1].body.find("there is a token ci already"), std::string::npos) << answers_[1].body;
}

// What two control planes are asked at once: the mark that goes with it is a conflict for the slower one.
TEST_F(AccessApiTest, OfTwoWhoMayDoEverythingOneStays) {
  keep("bob", kAll);
  revoke("ada", "bob");
  ASSERT_TRUE(commit_now(
      ledger_, {RemoveAdminToken{"bob"}, AddAdminToken{sha256(as_bytes(std::string_view("bob"))),
                                                       {"bob", "", {}, std::string(kAll), scheduler_.wall() + 1h}}}));

  slow_.refuse(Reason::kConflict);
  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 409);
  EXPECT_NE(answers_[0].body.find("the last token"), std::string::npos) << answers_[0].body;
  EXPECT_EQ(names(), (Names{"ada", "bob"}));
}

TEST_F(AccessApiTest, TheRevocationOfOnesOwnTokenIsALineOfIts) {
  keep("bob", kAll);
  revoke("bob", "bob");
  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(names(), Names{"ada"});
  ASSERT_EQ(audit_.lines.size(), 1U);
  EXPECT_NE(audit_.lines[0].find(R"("caller_id":"bob")"), std::string::npos) << audit_.lines[0];
}

TEST_F(AccessApiTest, WhoWaitsIsToldThatWeLeave) {
  create("ci");
  api_.drain();
  slow_.answer_all();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 503);
}
}  // namespace
}  // namespace heddle
