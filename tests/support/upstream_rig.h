// UpstreamRig: what a BackendSet needs around it on one loop: real TCP, no TLS identity, fresh health and metrics.
// Base of the fixtures of tests/unit/proxy/upstream.
#pragma once
#include <gtest/gtest.h>

#include "lib/session/protocols.h"
#include "proxy/upstream/backend_set.h"
#include "tests/support/seeded_random.h"

namespace heddle {
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
