// Operations: what operators see of a proxy: health endpoints and metrics, the stats page, the admin API, and the
// active health checks that feed them. Lives on the main loop; reads workers only through what they publish.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/metrics/registry.h"
#include "lib/session/protocols.h"
#include "proxy/app/drain_keeper.h"
#include "proxy/app/settings.h"
#include "proxy/app/worker.h"
#include "proxy/exchange/detection_memory.h"
#include "proxy/identity/svid_source.h"
#include "proxy/upstream/dns_sets.h"
#include "proxy/upstream/endpoint_tls.h"
#include "proxy/watch/config_source.h"

namespace heddle {

struct OperationsInputs {
  const Settings& settings;
  SessionContext context;
  Protocols& protocols;
  Connector& connector;
  ClientTlsSource& tls;
  HealthTable& health;
  Random& random;
  Registry& metrics;
  Log& log;
  const LogWriter& access_writer;
  IdentitySource* identity;  // may be null
  ConfigSource* config;      // may be null
  DnsSets& dns;
  const std::vector<std::unique_ptr<Worker>>& workers;
  DrainKeeper& drain;
  const DetectionMemory& detection;  // of the settings' listeners
};

class Operations {
 public:
  static Result<std::unique_ptr<Operations>> start(OperationsInputs);
  virtual ~Operations() = default;
  virtual void set_draining() = 0;  // readiness off
  virtual void on_applied() = 0;    // a worker obeys another version
};
}  // namespace heddle
