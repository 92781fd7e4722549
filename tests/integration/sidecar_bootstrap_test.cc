// Identity and configuration from a control plane over real sockets: first start, restart from disk, rotation, watch.
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/bytes.h"
#include "proxy/identity/control_identity.h"
#include "proxy/watch/watch_client.h"
#include "tests/support/captured_log.h"
#include "tests/support/config_fixtures.h"
#include "tests/support/fake_control.h"
#include "tests/support/seeded_random.h"
#include "tests/support/temp_dir.h"

namespace heddle {
namespace {
const SpiffeId& workload_id() {
  static const SpiffeId id = *SpiffeId::parse("spiffe://cluster.local/ns/default/sa/hello");
  return id;
}

// One sidecar's main loop side.
struct Sidecar {
  Sidecar(Loop& l, Address control, ControlIdentityOptions identity_options)
      : loop(l),
        ca({l, registry}, protocols, tcp, {{control}, *SpiffeId::parse(kFakeControlId)}),
        file(identity_options.state_directory.empty() ? "" : identity_options.state_directory + "/snapshot.json"),
        identity(l, random, log.log().module("identity"), ca, std::move(identity_options)),
        channel({l, registry}, protocols, tcp, identity.identities(), {{control}, *SpiffeId::parse(kFakeControlId)}),
        worker(l, file),
        watch(l, random, log.log().module("watch"), {channel, worker},
              {"node-1", "0.1.0", {*ResourceKey::parse("Service/default/a")}}) {}
  ~Sidecar() { registry.abort_all(make_error(Reason::kDraining, "the test is over")); }

  Loop& loop;
  CapturedLog log;
  SeededRandom random;
  ConnectionRegistry registry;
  Protocols protocols{loop, HttpLimits{}};
  TcpConnector tcp{loop};
  HttpCaClient ca;
  std::string file;
  ControlIdentity identity;
  HttpWatchChannel channel;
  OffloadWatchWorker worker;
  WatchClient watch;
};

class SidecarBootstrap : public testing::Test {
 protected:
  ~SidecarBootstrap() override {
    if (sidecar_ == nullptr) return;
    end_connections(loop_, sidecar_->registry);
    sidecar_.reset();
  }
  Sidecar& start(const std::string& token) {
    if (sidecar_ != nullptr) end_connections(loop_, sidecar_->registry);
    sidecar_ = std::make_unique<Sidecar>(loop_, control_->address(), options(token));
    sidecar_->identity.start();
    sidecar_->watch.start();
    return *sidecar_;
  }
  ControlIdentityOptions options(const std::string& token) {
    return {workload_id(), token, "", temp_.write("bundle.pem", control_->bundle_pem()), temp_ / "state"};
  }
  void wait_for_identity() {
    loop_.run_until([this] { return sidecar_->identity.identities().current() != nullptr; });
  }
  void send_snapshot() {
    std::vector<Resource> resources = resources_of(service_yaml("a"));
    ContentHasher hasher;
    control_->say(WatchBegin{BatchKind::kSnapshot, std::nullopt, {1, 5}});
    for (const Resource& resource : resources) {
      hasher.put(resource);
      control_->say(WatchPut{resource.key, resource.json});
    }
    control_->say(WatchEnd{{1, 5}, to_hex(hasher.value())});
  }

  TempDir temp_;
  Loop loop_;
  std::unique_ptr<FakeControl> control_ = std::make_unique<FakeControl>(loop_);
  std::unique_ptr<Sidecar> sidecar_;
};

TEST_F(SidecarBootstrap, NamesTheKeyOfTheTokenThatIsMissing) {
  start("");

  loop_.run_until([this] { return !sidecar_->identity.status().last_error.empty(); });

  std::string error = sidecar_->identity.status().last_error;
  EXPECT_NE(error.find("set identity.joinTokenFile"), std::string::npos) << error;
}

TEST_F(SidecarBootstrap, GetsAnIdentityForItsToken) {
  Sidecar& sidecar = start("good-token");

  wait_for_identity();

  EXPECT_EQ(sidecar.identity.identities().current()->svid->id, workload_id());
  EXPECT_EQ(sidecar.identity.status().state, IdentityState::kLive);
  EXPECT_EQ(sidecar.identity.status().not_ready, "");
}

TEST_F(SidecarBootstrap, SaysWhatIsMissingWithoutAToken) {
  Sidecar& sidecar = start("bad-token");

  loop_.run_until([&] { return !sidecar.identity.status().last_error.empty(); });

  EXPECT_NE(sidecar.identity.status().not_ready.find("unauthenticated"), std::string::npos);
  EXPECT_EQ(sidecar.identity.status().state, IdentityState::kEmpty);
  EXPECT_FALSE(sidecar.log.contains("bad-token"));
}

TEST_F(SidecarBootstrap, RestartsWithoutTokenOrControlPlane) {
  start("good-token");
  wait_for_identity();
  std::string first = sidecar_->identity.identities().current()->svid->chain_pem();
  loop_.run_until([&] { return std::filesystem::exists(temp_ / "state/svid.key"); });

  start("bad-token");
  wait_for_identity();

  EXPECT_EQ(sidecar_->identity.identities().current()->svid->chain_pem(), first);
  EXPECT_EQ(control_->attested.size(), 1U);
}

TEST_F(SidecarBootstrap, RenewsWithItsCertificateAndAFreshKey) {
  control_->issued_ago = 10min;
  start("good-token");
  wait_for_identity();
  auto first = sidecar_->identity.identities().current();
  control_->issued_ago = Duration{};

  loop_.run_until([&] { return sidecar_->identity.identities().current() != first; });

  auto second = sidecar_->identity.identities().current();
  EXPECT_EQ(control_->renewed_by, std::vector{workload_id().text()});
  EXPECT_NE(second->svid->key_pem()->view(), first->svid->key_pem()->view());
}

TEST_F(SidecarBootstrap, WatchesWithItsIdentityAndKeepsWhatItGot) {
  start("good-token");
  loop_.run_until([&] { return control_->has_stream() && !control_->heard.empty(); });

  send_snapshot();
  loop_.run_until([&] { return control_->heard.size() >= 2; });
  loop_.run_until([&] { return std::filesystem::exists(temp_ / "state/snapshot.json"); });

  EXPECT_EQ(control_->watched_by, std::vector{workload_id().text()});
  EXPECT_EQ(control_->heard[1], SidecarMessage(WatchAck{{1, 5}}));
  EXPECT_EQ(sidecar_->watch.status().version, (Version{1, 5}));
}

TEST_F(SidecarBootstrap, ResumesItsVersionAfterARestart) {
  start("good-token");
  loop_.run_until([&] { return control_->has_stream() && !control_->heard.empty(); });
  send_snapshot();
  loop_.run_until([&] { return std::filesystem::exists(temp_ / "state/snapshot.json"); });
  control_->heard.clear();

  start("bad-token");
  loop_.run_until([&] { return !control_->heard.empty(); });

  EXPECT_TRUE(sidecar_->watch.status().from_disk);
  EXPECT_EQ(std::get<WatchHello>(control_->heard[0]).version, (Version{1, 5}));
}

TEST_F(SidecarBootstrap, ServesFromDiskWhenTheControlPlaneIsGone) {
  start("good-token");
  loop_.run_until([&] { return control_->has_stream() && !control_->heard.empty(); });
  send_snapshot();
  loop_.run_until([&] { return std::filesystem::exists(temp_ / "state/snapshot.json"); });
  ControlIdentityOptions again = options("");
  Address gone = control_->address();
  end_connections(loop_, sidecar_->registry);
  sidecar_.reset();
  control_.reset();

  sidecar_ = std::make_unique<Sidecar>(loop_, gone, again);
  sidecar_->identity.start();
  sidecar_->watch.start();
  loop_.run_until([&] { return sidecar_->watch.snapshots().current() != nullptr; });
  wait_for_identity();

  EXPECT_EQ(sidecar_->watch.status().version, (Version{1, 5}));
}

TEST_F(SidecarBootstrap, ReconnectsWhenTheStreamIsCut) {
  start("good-token");
  loop_.run_until([&] { return control_->has_stream(); });

  control_->say(WatchDrain{});
  loop_.run_until([&] { return control_->watched_by.size() == 2; });

  EXPECT_EQ(sidecar_->watch.status().source, "control");
}
}  // namespace
}  // namespace heddle
