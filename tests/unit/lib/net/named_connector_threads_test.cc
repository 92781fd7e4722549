// Dialling a name: "localhost" is looked up on the thread pool; what is below dials nothing.
#include "lib/net/named_connector.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/support/memory_transport.h"
#include "tests/support/run_turns.h"

namespace heddle {
namespace {
constexpr int kMoreThanThePool = 16;

// Answers in a later turn, as its script says; the rest of them is never answered.
class ScriptedConnector final : public Connector {
 public:
  struct Call final : Operation {
    explicit Call(ScriptedConnector& o) : owner(o) { ++owner.open; }
    ~Call() override { --owner.open; }
    ScriptedConnector& owner;
    std::unique_ptr<Timer> timer;
  };
  explicit ScriptedConnector(Loop& loop) : loop_(loop) {}
  Pending connect(const Address& address, Duration share, OnConnect done) override {
    dialled.push_back(address);
    shares.push_back(share);
    auto call = std::make_unique<Call>(*this);
    if (answers) {
      call->timer = loop_.timer([this, done = std::move(done)]() mutable { done(answer()); });
      call->timer->arm(Duration{});
    }
    return call;
  }
  Result<std::unique_ptr<Transport>> answer() {
    if (!works) return make_error(Reason::kUpstreamConnectRefused, "refused", Origin::kUpstream);
    auto [near, far] = make_memory_pair(loop_);
    far_.push_back(std::move(far));
    return std::unique_ptr<Transport>(std::move(near));
  }
  std::vector<Address> dialled;
  std::vector<Duration> shares;
  bool answers = true;
  bool works = true;
  int open = 0;

 private:
  Loop& loop_;
  std::vector<std::unique_ptr<Transport>> far_;
};

class NamedConnectorTest : public testing::Test {
 protected:
  using Made = Result<std::unique_ptr<Transport>>;
  Pending connect(NamedConnector& connector, Duration deadline = 1min) {
    made_.reset();
    return connector.connect(Address(), deadline, [this](Made made) {
      EXPECT_FALSE(made_.has_value()) << "answered twice";
      made_.emplace(std::move(made));
    });
  }
  [[nodiscard]] bool ends() {
    return runs_until(loop_, [this] { return made_.has_value(); });
  }
  Loop loop_;
  NameLookup names_{loop_};
  ScriptedConnector below_{loop_};
  NamedConnector connector_{loop_, below_, names_, *HostAddress::parse("localhost:15010")};
  std::optional<Made> made_;
};

TEST_F(NamedConnectorTest, AnAddressIsDialledAsItIs) {
  NamedConnector connector(loop_, below_, names_, *HostAddress::parse("127.0.0.9:7"));

  Pending pending = connect(connector, 3s);
  ASSERT_TRUE(ends());

  EXPECT_TRUE(*made_);
  EXPECT_EQ(below_.dialled, std::vector<Address>{*Address::parse("127.0.0.9:7")});
  EXPECT_EQ(below_.shares, std::vector<Duration>{3s});
}

TEST_F(NamedConnectorTest, ANameIsDialledAtAnAddressThatItHasWithItsPort) {
  Pending pending = connect(connector_);
  ASSERT_TRUE(ends());

  ASSERT_TRUE(*made_) << made_->error().text();
  ASSERT_EQ(below_.dialled.size(), 1U) << "the first that answers is enough";
  EXPECT_TRUE(below_.dialled[0].is_loopback());
  EXPECT_EQ(below_.dialled[0].port(), 15010);
  EXPECT_LE(below_.shares[0], 1min);
}

TEST_F(NamedConnectorTest, EveryAddressIsTriedOnceBeforeItFails) {
  below_.works = false;
  Pending first = connect(connector_);
  ASSERT_TRUE(ends());
  size_t addresses = below_.dialled.size();
  EXPECT_EQ(made_->error().reason, Reason::kUpstreamConnectRefused) << "of what is below";

  Pending second = connect(connector_);
  ASSERT_TRUE(ends());

  ASSERT_EQ(below_.dialled.size(), 2 * addresses);
  EXPECT_EQ(below_.dialled[addresses], below_.dialled[1 % addresses]) << "it begins with the next";
}

// No lookup ends while the pool is busy, so that a further one fails without a resolver.
TEST_F(NamedConnectorTest, ALookupThatFailsIsTheAnswer) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  Offload offload(loop_);
  std::vector<Pending> busy;
  for (int i = 0; i < kMoreThanThePool; ++i) busy.push_back(offload.run([open] { open.wait(); }, [] {}));
  for (size_t i = 0; i < NameLookup::kMaxAtOnce; ++i) {
    busy.push_back(names_.find("localhost", 1, [](const Result<std::vector<Address>>&) {}));
  }

  Pending pending = connect(connector_);
  gate.set_value();
  ASSERT_TRUE(ends());

  ASSERT_FALSE(*made_);
  EXPECT_EQ(made_->error().reason, Reason::kUpstreamConnectFailed);
  EXPECT_NE(made_->error().detail.find("localhost"), std::string::npos) << made_->error().detail;
  EXPECT_TRUE(below_.dialled.empty());
}

TEST_F(NamedConnectorTest, TheDeadlineIsForAllOfItAndStopsWhatIsUnderWay) {
  below_.answers = false;

  Pending pending = connect(connector_, 50ms);
  ASSERT_TRUE(ends());

  ASSERT_FALSE(*made_);
  EXPECT_EQ(made_->error().reason, Reason::kUpstreamConnectTimeout);
  EXPECT_NE(made_->error().detail.find("localhost:15010"), std::string::npos) << made_->error().detail;
  EXPECT_EQ(below_.open, 0);
}

TEST_F(NamedConnectorTest, DestroyingTheTokenStopsItInEachStep) {
  { Pending looking_up = connect(connector_); }
  below_.answers = false;
  {
    Pending dialling = connect(connector_);
    ASSERT_TRUE(runs_until(loop_, [this] { return below_.open == 1; }));
  }
  run_turns(loop_);

  EXPECT_EQ(below_.open, 0);
  EXPECT_EQ(below_.dialled.size(), 1U);
  EXPECT_FALSE(made_.has_value());
}
}  // namespace
}  // namespace heddle
