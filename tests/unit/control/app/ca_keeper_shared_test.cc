// The CA's housekeeping where several control planes share its state: what is for who leads, and what for everybody.
#include "certs/pem.h"
#include "control/app/ca_keeper.h"
#include "control/ca/ledger_ca_store.h"
#include "control/store/sqlite_ledger.h"
#include "tests/support/ca_now.h"
#include "tests/support/manual_scheduler.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_ca.h"
#include "tests/unit/control/fixtures.h"

namespace heddle {
namespace {
class NoAudit final : public AuditSink {
 public:
  void write_line(std::string_view) override {}
};

class SetLeadership final : public Leadership {
 public:
  bool leads() const override { return leads_now; }
  void set_on_change(Task) override {}
  bool leads_now = false;
};

// One control plane with its files.
struct Plane {
  Plane(Ledger& shared, ManualScheduler& its_scheduler) : ledger(shared), scheduler(its_scheduler) {}
  // A new intermediate of this root.
  void write_files(const TestCa& root) {
    TestCa own = root.intermediate(CertSpec::authority("mesh"));
    Secret key = *own.key()->to_pem();
    files = {folder.write("ca.pem", own.certificate_pem(), kPublicFile), folder.write("ca.key", key.view()),
             folder.write("root.pem", own.root_pem(), kPublicFile)};
    newest = fingerprint_of(own.certificate());
  }
  void start() {
    TrustDomain domain = *TrustDomain::parse("cluster.local");
    auto store = std::make_unique<LedgerCaStore>(ledger, folder / "data", domain, KeyForm());
    Result<GivenCa> given = load_given_ca(files, domain, {}, {}, scheduler.wall());
    ASSERT_TRUE(given) << given.error().text();
    auto opened = open_now({std::move(store), scheduler, audit, Logger(), *std::move(given)});
    ASSERT_TRUE(opened) << opened.error().text();
    rotator = *std::move(opened);
    auto at_once = [](Task work, Task done) {
      work();
      done();
      return Pending();
    };
    keeper.emplace(CaKeeper::Parts{
        scheduler, at_once, *rotator, registry, ledger, leadership, RotationSchedule(), files, {}, {}, Logger()});
    keeper->start();
  }
  RotationPhase phase() const { return rotator->state().phase; }

  Ledger& ledger;
  ManualScheduler& scheduler;
  TempDir folder;
  GivenCaFiles files;
  std::string newest;
  NoAudit audit;
  NodeRegistry registry;
  SetLeadership leadership;
  std::unique_ptr<CaRotator> rotator;
  std::optional<CaKeeper> keeper;
};

class SharedKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    for (Plane* plane : {&a_, &b_}) {
      plane->write_files(root_);
      plane->start();
    }
  }
  TestCa root_{"cluster.local"};
  TestCa next_{"cluster.local"};
  ManualScheduler scheduler_;
  TestStore database_;
  SqliteLedger ledger_{database_.database};
  Plane a_{ledger_, scheduler_};
  Plane b_{ledger_, scheduler_};
};

TEST_F(SharedKeeperTest, ANewerCertificateSignsWhoeverLeads) {
  b_.write_files(root_);

  scheduler_.advance(2s);

  EXPECT_EQ(b_.rotator->signer()->fingerprint(), b_.newest);
}

TEST_F(SharedKeeperTest, FilesOfAnotherRootAreForWhoLeads) {
  b_.write_files(next_);
  scheduler_.advance(10s);
  EXPECT_EQ(b_.phase(), RotationPhase::kSteady);

  b_.leadership.leads_now = true;
  scheduler_.advance(2s);

  EXPECT_EQ(b_.phase(), RotationPhase::kPrepared);
}

TEST_F(SharedKeeperTest, WhoLeadsWithOlderFilesUndoesNothingAndSaysSo) {
  b_.leadership.leads_now = true;
  b_.write_files(next_);
  scheduler_.advance(2s);
  ASSERT_EQ(b_.phase(), RotationPhase::kPrepared);
  a_.rotator->on_documents_changed();
  b_.leadership.leads_now = false;
  a_.leadership.leads_now = true;

  scheduler_.advance(1h);

  EXPECT_EQ(a_.phase(), RotationPhase::kPrepared);
  EXPECT_EQ(a_.keeper->outlook().alarm, RotationSchedule::Alarm::kWarn);
  EXPECT_NE(a_.keeper->outlook().problem.find("is not here"), std::string::npos) << a_.keeper->outlook().problem;

  a_.write_files(next_);
  scheduler_.advance(2s);
  EXPECT_EQ(a_.phase(), RotationPhase::kSteady) << "nobody is waited for";
  EXPECT_EQ(a_.rotator->signer()->fingerprint(), a_.newest);
  EXPECT_EQ(a_.keeper->outlook().problem, "");
}

TEST_F(SharedKeeperTest, AStateThatCannotBeReadIsAnAlarm) {
  a_.leadership.leads_now = true;
  Pending token = ledger_.commit({PutMeta{"ca.rotation", "{}"}}, [](const Result<void>&) {});
  a_.rotator->on_documents_changed();

  scheduler_.advance(2s);

  EXPECT_EQ(a_.keeper->outlook().alarm, RotationSchedule::Alarm::kError);
  EXPECT_NE(a_.keeper->outlook().problem.find("cannot be read"), std::string::npos) << a_.keeper->outlook().problem;
}
}  // namespace
}  // namespace heddle
