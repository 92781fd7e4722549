// The CA's steps over the API, with a store that answers when the test says so.
#include "control/api/ca_api.h"

#include "control/ca/ledger_ca_store.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/held_ledger.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class NoAudit final : public AuditSink {
 public:
  void write_line(std::string_view) override {}
};

class CaApiTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = std::make_unique<LedgerCaStore>(ledger_, folder_ / "data", *TrustDomain::parse("cluster.local"),
                                                 KeyForm(Secret("correct horse")));
    rotator_ = *open_now({std::move(store), clock_, audit_, Logger(), {}});
    api_.emplace(CaApi::Parts{*rotator_, outlook_, registry_, ledger_, clock_});
  }
  void post(const std::string& step) {
    RpcRequest request;
    request.path_params["step"] = step;
    answer_.reset();
    api_->step(request, {"r1", "admin", ""}, [this](RpcResponse answer) { answer_ = std::move(answer); });
  }
  bool says(std::string_view text) const { return answer_ && answer_->body.find(text) != std::string::npos; }

  TempDir folder_;
  TestClock clock_;
  NoAudit audit_;
  TestStore store_;
  SqliteLedger shared_{store_.database};
  HeldLedger ledger_{shared_};
  NodeRegistry registry_;
  CaOutlook outlook_;
  std::unique_ptr<CaRotator> rotator_;
  std::optional<CaApi> api_;
  std::optional<RpcResponse> answer_;
};

TEST_F(CaApiTest, AStepIsAnsweredWhenItIsDurable) {
  ledger_.hold();
  post("prepare");
  EXPECT_FALSE(answer_);

  ledger_.release();

  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 200);
  EXPECT_TRUE(says(R"("phase":"prepared")")) << answer_->body;
}

TEST_F(CaApiTest, AStepThatNobodyConfirmedIsNoSuccess) {
  ledger_.hold();
  post("prepare");

  ledger_.lose();

  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 503);
}

TEST_F(CaApiTest, AStepBesideAnotherIsAConflict) {
  ledger_.hold();
  post("prepare");

  post("prepare");

  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 409);
  EXPECT_TRUE(says("a step is under way")) << answer_->body;
}

TEST_F(CaApiTest, WhoIsWaitedForIsNamed) {
  NodeKey late{"spiffe://cluster.local/ns/default/sa/web", "web-1"};
  registry_.on_hello(1, late, {.node = "web-1", .software = "test"}, clock_.wall());
  post("prepare");
  ASSERT_EQ(answer_->status, 200);

  post("activate");

  EXPECT_EQ(answer_->status, 409);
  EXPECT_TRUE(says(R"("problems")") && says("web-1")) << answer_->body;
}

TEST_F(CaApiTest, AStepThatDoesNotExistIsNotFound) {
  post("begin");

  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->status, 404);
}
}  // namespace
}  // namespace heddle
