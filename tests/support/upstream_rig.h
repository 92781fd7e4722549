// UpstreamRig: what a BackendSet needs around it on one loop: real TCP, no TLS identity, fresh health and metrics.
// Base of the fixtures of tests/unit/proxy/upstream.
#pragma once
#include <gtest/gtest.h>

#include "lib/session/protocols.h"
#include "proxy/upstream/backend_set.h"
#include "tests/support/seeded_random.h"

namespace heddle {
// A request that waits for a connection, and what it was told.
struct Waiter final : AcquireWaiter {
  void on_session(ClientSession& session) override { served = &session; }
  void on_acquire_failed(const Error& why) override { failed = why.reason; }
  bool is_told() const { return served != nullptr || failed; }
  ClientSession* served = nullptr;
  std::optional<Reason> failed;
};

// default/b: plaintext, in turn.
inline BackendSet::Spec set_of(const std::vector<Address>& endpoints) {
  BackendSetSpec spec;
  spec.key = {Kind::kBackendSet, "default", "b"};
  spec.tls = UpstreamTls::kPlaintext;
  spec.lb.policy = LbPolicy::kRoundRobin;
  for (const Address& address : endpoints) spec.endpoints.emplace_back().key.address = address;
  return std::make_shared<const BackendSetSpec>(std::move(spec));
}

class UpstreamRig : public testing::Test {
 protected:
  struct NoIdentity final : ClientTlsSource {
    Result<std::shared_ptr<const TlsContext>> client_context() override {
      return make_error(Reason::kUnavailable, "none here");
    }
  };

  Loop loop_;
  ConnectionRegistry connections_;
  Protocols protocols_{loop_, HttpLimits{}};
  TcpConnector connector_{loop_};
  NoIdentity identity_;
  HealthTable health_;
  LbRegistry balancers_ = make_lb_registry();
  SeededRandom random_;
  Registry metrics_;
  UpstreamContext context_{
      {loop_, connections_}, protocols_, connector_, identity_, health_, balancers_, random_, metrics_, {}, {}, {}, 1};
};
}  // namespace heddle
