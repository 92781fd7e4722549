#include "proxy/app/operations.h"

#include <utility>

#include "lib/net/listener.h"
#include "proxy/upstream/health_checker.h"
#include "proxy/upstream/network_probes.h"

namespace heddle {
namespace {

class ProxyOperations final : public Operations {
 public:
  explicit ProxyOperations(OperationsInputs inputs)
      : in_(std::move(inputs)),
        probes_(ProbeContext{in_.context, in_.protocols, in_.connector, in_.tls}),
        checker_({in_.context.loop, probes_, in_.health, in_.random, in_.metrics, in_.log.module("health")}) {}

  Result<void> start() {
    if (in_.config != nullptr) {
      snapshots_ = in_.config->snapshots().subscribe(
          in_.context.loop, [this](std::shared_ptr<const Snapshot> snapshot) { checker_.apply(*snapshot); });
    }
    return {};
  }
  void set_draining() override { draining_ = true; }

 private:
  OperationsInputs in_;
  NetworkProbes probes_;
  HealthChecker checker_;
  Subscription snapshots_;
  bool draining_ = false;
};
}  // namespace

Result<std::unique_ptr<Operations>> Operations::start(OperationsInputs inputs) {
  auto operations = std::make_unique<ProxyOperations>(std::move(inputs));
  HEDDLE_CHECK_OK(operations->start());
  return std::unique_ptr<Operations>(std::move(operations));
}
}  // namespace heddle
