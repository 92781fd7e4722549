#include "control/api/change_api.h"

#include <gmock/gmock.h>

#include "control/store/sqlite_ledger.h"
#include "tests/support/ledger_now.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeptAudit final : public AuditSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class ChangeApiTest : public testing::Test {
 protected:
  ChangeApiTest() {
    AdminTokenRow ada{"ada", "", {}, R"([{"role":"admin","namespaces":["*"]}])", {}};
    EXPECT_TRUE(commit_now(ledger_, {AddAdminToken{sha256(as_bytes(std::string_view("t"))), ada}}));
  }
  static RpcRequest request(std::string query, std::string body = "") {
    RpcRequest out;
    out.query = std::move(query);
    out.body = std::move(body);
    out.headers.emplace_back("authorization", "Bearer t");
    return out;
  }
  // Asks; what comes later is kept in answers_.
  void apply(const Envelope& resource, std::string query = "") {
    std::string body = str_cat(R"({"kind":"List","items":[)", resource.document.compact(), "]}");
    api_.apply(request(std::move(query), std::move(body)), caller_, respond());
  }
  void rollback(Version to, std::string query = "") {
    api_.rollback(request(std::move(query), str_cat(R"({"to":")", to.text(), R"("})")), caller_, respond());
  }
  HttpServer::Respond respond() {
    return [this](RpcResponse response) { answers_.push_back(std::move(response)); };
  }
  void settle() { store_.clock.advance(Duration(0)); }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    store_->view().for_each([&out](const StoredResource::Ptr& one) { out.push_back(one->key().name); });
    return out;
  }

  TestStore store_;
  KeptAudit audit_;
  KeptAudit refusals_;
  Caller caller_{"r1", "ada", "127.0.0.1"};
  SqliteLedger ledger_{store_.database};
  AccessGate gate_{{ledger_, refusals_, store_.clock, store_.random}};
  NodeRegistry registry_;
  SoleLeader leader_;
  RolloutKeeper rollouts_{{*store_.store, registry_, store_.clock, leader_,
                           [](const View&) -> Result<void> { return {}; },
                           [](const std::string&, Ledger::Done done) -> Pending {
                             done({});
                             return nullptr;
                           },
                           [] {}, [](std::string_view, std::string_view, const Result<void>&) {}}};
  ChangeApi api_{{*store_.store, *TrustDomain::parse("td.test"), audit_, store_.clock, gate_, rollouts_}};
  std::vector<RpcResponse> answers_;
};

TEST_F(ChangeApiTest, AChangeKeepsItsAuthorAndMessage) {
  apply(backend_set("a"), "message=why%20not");
  EXPECT_THAT(answers_, IsEmpty()) << "not before the store has it";
  settle();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 200);
  EXPECT_EQ(store_->log().find(store_->version())->note.author, "ada");
  EXPECT_EQ(store_->log().find(store_->version())->note.message, "why not");
  ASSERT_EQ(audit_.lines.size(), 1U);
}

TEST_F(ChangeApiTest, ADryRunAnswersAtOnceAndLeavesNoTrace) {
  apply(backend_set("a"), "dryRun=true");
  settle();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_THAT(answers_[0].body, HasSubstr(R"("result":"created")"));
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(audit_.lines, IsEmpty());
}

TEST_F(ChangeApiTest, ARollbackThatAnotherChangeOvertakesLeadsBackFromThat) {
  Version then = store_.put(backend_set("old"));
  apply(backend_set("late"));
  rollback(then);  // made of a state without "late", which is committed first
  settle();
  settle();

  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[1].status, 200) << answers_[1].body;
  EXPECT_THAT(names(), ElementsAre("old"));
  EXPECT_EQ(store_->log().find(store_->version())->note.message, str_cat("rollback to ", then.text()));
}

TEST_F(ChangeApiTest, ARollbackThatExpectsAVersionIsNotMadeAnew) {
  Version then = store_.put(backend_set("old"));
  apply(backend_set("late"));
  rollback(then, str_cat("expect=", then.text()));
  settle();
  settle();

  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[1].status, 409);
  EXPECT_THAT(names(), ElementsAre("late", "old"));
}

TEST_F(ChangeApiTest, ADeleteOfWhatIsInUseNamesWhoUsesItAndTheNextStep) {
  store_.put(backend_set("a"));
  store_.put(service("a"));
  api_.erase(*ResourceKey::make(Kind::kBackendSet, "default", "a"), request(""), caller_, respond());
  settle();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 409);
  EXPECT_THAT(answers_[0].body, HasSubstr(R"("resource":"Service/default/a")"));
  EXPECT_THAT(answers_[0].body, HasSubstr(R"("hint":"change or delete this one first")"));
}

TEST_F(ChangeApiTest, WhoWaitsIsToldThatWeLeave) {
  apply(backend_set("a"));
  api_.drain();

  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(answers_[0].status, 503);
}
}  // namespace
}  // namespace heddle
