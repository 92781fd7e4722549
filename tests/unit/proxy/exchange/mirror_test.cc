// A mirror by itself: what ends it, what it holds. Times that must pass are milliseconds, others an hour.
#include "proxy/exchange/mirror.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lib/base/strings.h"
#include "proxy/upstream/backend_set_view.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/raw_origin.h"
#include "tests/support/run_turns.h"
#include "tests/support/upstream_rig.h"

namespace heddle {
namespace {
constexpr Duration kSoon = 20ms;
constexpr Duration kNever = 1h;

class MirrorUnit : public UpstreamRig {
 protected:
  ~MirrorUnit() override {
    if (tap_) tap_.let_go();
    connections_.abort_all(make_error(Reason::kDraining, "the test is over"));
    EXPECT_TRUE(runs_until(loop_, [this] { return connections_.size() == 0; }));
    run_turns(loop_);
  }
  // A rule that mirrors everything to BackendSet shadow, which is one endpoint.
  void use(const Address& endpoint, MirrorTimes times = {kNever, kNever}) {
    sender_ = std::make_unique<MirrorSender>(loop_, guard_, times);
    snapshot_ = snapshot_of(str_cat(
        service_yaml("a"), "{apiVersion: heddle.dev/v1, kind: BackendSet, metadata: {name: shadow}, spec: {tls: ",
        "plaintext, endpoints: [{address: ", endpoint.ip(), ", port: ", std::to_string(endpoint.port()), "}]}}\n---\n",
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: {parentRefs: [{group: ",
        "'', kind: Service, name: a}], rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {group: ",
        "heddle.dev, kind: BackendSet, name: shadow}}}], backendRefs: [{group: heddle.dev, kind: BackendSet, name: ",
        "a}]}]}}"));
    for (const auto& entry : snapshot_->backend_sets()) {
      sets_.push_back(std::make_shared<BackendSet>(context_, entry->spec));
    }
    target_.filters.filters = snapshot_->routes()[0]->rules[0].filters.get();
    target_.backend_sets = sets_;
  }
  void start() {
    RequestHead head(loop_.blocks());
    EXPECT_TRUE(head.set_method("POST") && head.set_scheme("http") && head.set_authority("a") && head.set_path("/"));
    tap_.start(*sender_, target_, head);
    ASSERT_TRUE(tap_);
  }
  void write(std::string_view bytes, bool end = false) { tap_.write(Buffer(loop_.blocks(), bytes), end); }
  int64_t outcome(std::string_view name) {
    const std::string text = metrics_.render();
    const std::string line =
        str_cat("\nheddle_mirrored_requests_total{backend_set=\"default/shadow\",outcome=\"", name, "\"} ");
    size_t at = text.find(line);
    return at == std::string::npos ? 0 : std::atoll(text.c_str() + at + line.size());
  }
  bool wait_outcome(std::string_view name) {
    return runs_until(loop_, [&] { return outcome(name) == 1; });
  }
  RawOrigin::Script silent_ = [](BlockingClient& peer, int, std::atomic<int>&) { peer.read_all(); };

  LoopGuard guard_{1};
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::shared_ptr<BackendSet>> sets_;
  RouteTarget target_;
  std::unique_ptr<MirrorSender> sender_;  // before the sets
  MirrorTap tap_;
};

TEST_F(MirrorUnit, EndsWhenNothingMoves) {
  RawOrigin origin(silent_);
  use(origin.address(), {kSoon, kNever});
  start();

  write("", true);
  tap_.open();

  EXPECT_TRUE(wait_outcome("timeout"));
}

TEST_F(MirrorUnit, EndsSomeTimeAfterItsRequestIsOver) {
  RawOrigin origin(silent_);
  use(origin.address(), {kNever, kSoon});
  start();
  write("", true);
  tap_.open();

  tap_.let_go();

  EXPECT_FALSE(tap_);
  EXPECT_TRUE(wait_outcome("timeout"));
}

TEST_F(MirrorUnit, EndsWithARequestThatIsNotWhole) {
  RawOrigin origin(silent_);
  use(origin.address());
  start();
  write("half");
  tap_.open();

  tap_.let_go();

  EXPECT_EQ(outcome("cancelled"), 1);
}

TEST_F(MirrorUnit, SendsTrailersAfterTheBody) {
  RawOrigin origin([](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (peer.read_until("x-t: v\r\n\r\n").find("body") != std::string::npos) ++requests;
    peer.send(http_answer(""));
    peer.read_all();
  });
  use(origin.address());
  start();
  HeaderMap trailers(loop_.blocks());
  EXPECT_TRUE(trailers.add("x-t", "v"));

  write("body");
  tap_.trailers(trailers);
  tap_.open();

  EXPECT_TRUE(wait_outcome("answered"));
  EXPECT_EQ(origin.requests(), 1);
}

TEST_F(MirrorUnit, MarksTheCopyForLoops) {
  RawOrigin origin([this](BlockingClient& peer, int, std::atomic<int>& requests) {
    if (read_request(peer).find(guard_.id()) != std::string::npos) ++requests;
    peer.send(http_answer("a body that nobody wants"));
    peer.read_all();
  });
  use(origin.address());
  start();

  write("", true);
  tap_.open();

  EXPECT_TRUE(wait_outcome("answered"));
  EXPECT_EQ(origin.requests(), 1);
}

TEST_F(MirrorUnit, SharesTheBlocksOfTheBody) {
  use(Address::loopback(1));
  start();
  Buffer body(loop_.blocks(), std::string(16'000, 'b'));
  size_t before = loop_.blocks().bytes_in_use();

  tap_.write(body, false);

  EXPECT_EQ(loop_.blocks().bytes_in_use(), before);
  EXPECT_EQ(body.size(), 16'000U) << "the request itself has it still";
}

// Nobody takes anything of it yet.
TEST_F(MirrorUnit, HoldsSoMuchAndNoMore) {
  use(Address::loopback(1));
  start();
  const std::string piece(Mirror::kMaxHeld / 16, 'p');

  for (int i = 0; i < 16; ++i) write(piece);
  int64_t of_the_limit = outcome("slow");
  write("x");

  EXPECT_EQ(of_the_limit, 0);
  EXPECT_EQ(outcome("slow"), 1);
}

// It is an empty shell until its request is over.
TEST_F(MirrorUnit, OneThatEndedTakesWhateverComes) {
  use(Address::loopback(1));
  start();
  write(std::string(Mirror::kMaxHeld, 'p'));
  write("x");
  HeaderMap trailers(loop_.blocks());

  tap_.open();
  write("more");
  tap_.trailers(trailers);
  tap_.let_go();

  EXPECT_EQ(outcome("slow"), 1);
  EXPECT_EQ(outcome("cancelled"), 0);
}

TEST_F(MirrorUnit, OneThatWaitsForAConnectionMayBeLeftBehind) {
  DeadPort dead;
  use(dead.address());
  start();
  write("", true);
  tap_.open();
  tap_.let_go();

  sender_.reset();

  run_turns(loop_);
  EXPECT_EQ(outcome("failed"), 0);
}

TEST_F(MirrorUnit, NothingIsMadeWhereNobodyIsThere) {
  use(Address::loopback(1));
  BackendSetSpec empty = *snapshot_->find_backend_set({"default", "shadow"})->spec;
  empty.endpoints.clear();
  for (auto& set : sets_) set->update(std::make_shared<const BackendSetSpec>(empty));
  RequestHead head(loop_.blocks());

  tap_.start(*sender_, target_, head);

  EXPECT_FALSE(tap_);
  EXPECT_EQ(outcome("no-healthy-endpoint"), 1);
}

// The key was hashed as the request's own set asks for it.
TEST_F(MirrorUnit, AnotherSetDrawsTheSameSetGoesByTheKey) {
  use(Address::loopback(1));
  const BackendSetEntry& entry = *snapshot_->find_backend_set({"default", "shadow"});
  BackendSetSpec two = *entry.spec;
  two.lb.policy = LbPolicy::kMaglev;
  two.lb.hash_on.source = HashSource::kPath;
  two.endpoints.push_back(two.endpoints[0]);
  two.endpoints[1].key.address = Address::loopback(2);
  std::shared_ptr<BackendSet>& shadow = sets_[entry.id.value()];
  shadow = std::make_shared<BackendSet>(context_, std::make_shared<const BackendSetSpec>(two));
  auto in_flight = [&](size_t endpoint) { return shadow->view(std::nullopt).endpoints[endpoint].in_flight; };
  target_.hash = 7;

  target_.backends = shadow.get();
  for (int i = 0; i < 8; ++i) start();
  uint32_t by_key = std::max(in_flight(0), in_flight(1));
  tap_.let_go();
  target_.backends = nullptr;
  for (int i = 0; i < 32; ++i) start();

  EXPECT_EQ(by_key, 8U);
  EXPECT_GT(in_flight(0), 0U);
  EXPECT_GT(in_flight(1), 0U);
}
}  // namespace
}  // namespace heddle
