// TwoSidecars: two whole workers in this process, joined by mutual TLS: client -> outbound -> inbound -> origin. Each
// runs its real loop thread; identities and configuration are published directly, without control plane.
#pragma once
#include <memory>

#include "lib/base/log.h"
#include "proxy/app/worker.h"
#include "tests/support/test_ca.h"

namespace heddle {

class Sidecar {
 public:
  Sidecar(Settings settings, uint32_t workers = 1);
  ~Sidecar();
  void publish(std::shared_ptr<const Snapshot> snapshot) { snapshots_.publish(std::move(snapshot)); }
  void publish(std::shared_ptr<const TlsIdentity> identity) { identities_.publish(std::move(identity)); }
  // Before start(): what its one worker decides by; outlives it.
  void set_random(Random& random) { random_ = &random; }
  Result<void> start();
  const Address& address(size_t listener = 0) const { return workers_.front()->addresses()[listener]; }
  Registry& metrics() { return metrics_; }
  // Of one series as /metrics prints it, `name{label="value"}`; -1 when it is not there.
  int64_t metric(std::string_view series);
  HealthTable& health() { return health_; }
  Worker& worker() { return *workers_.front(); }

 private:
  Settings settings_;
  uint32_t count_;
  Random* random_ = nullptr;
  std::unique_ptr<Log> log_;
  Registry metrics_;
  HealthTable health_;
  LbRegistry balancers_ = make_lb_registry();
  Latest<Snapshot> snapshots_;
  Latest<TlsIdentity> identities_;
  LogWriter access_writer_;
  std::unique_ptr<WorkerShared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

Settings inbound_settings(const Address& application, InboundTls = InboundTls::kStrict,
                          PortProtocol = PortProtocol::kAuto);
Settings outbound_settings(PortProtocol = PortProtocol::kAuto);
std::shared_ptr<const TlsIdentity> identity_of(const Svid&, const TrustBundle&);
// Service hello.default:80 with one endpoint behind mutual TLS.
// `more`: further YAML documents, as a route.
std::shared_ptr<const Snapshot> hello_snapshot(const std::vector<Address>& endpoints, std::string_view identity,
                                               std::string_view more = "");
}  // namespace heddle
