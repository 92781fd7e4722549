// What the server opens first: the store that was chosen, and the CA that is kept with it. Blocking, and they run the
// loop until they are done: start-up only.
#pragma once
#include "control/app/options.h"
#include "control/app/store_backend.h"
#include "control/ca/ca_rotator.h"
#include "control/replicas/replicas.h"
#include "control/store/store.h"
#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/event/loop.h"
#include "lib/net/connector.h"

namespace heddle {
struct StoreSeed {
  const ControlOptions& options;
  Loop& loop;
  Random& random;
  Connector& tcp;
  Logger log;
};
// kConfigInvalid: the data directory is another store's.
Result<std::unique_ptr<StoreBackend>> open_store_backend(const StoreSeed&);

struct CaSeed {
  const ControlOptions& options;
  Loop& loop;
  Random& random;
  StoreBackend& backend;
  AuditSink& audit;
  Logger log;
};
struct OpenedCa {
  std::unique_ptr<CaRotator> rotator;
  KeyForm form;
};
Result<OpenedCa> open_ca(const CaSeed&);

// Where control planes that share the store say who they are; `own`: what we say. Null: it is not shared.
std::unique_ptr<ReplicaSource> open_replica_source(const StoreSeed&, StoreBackend&, const ReplicaRecord& own);

// What a newer version wrote before an upgrade back is kept and shown by the API.
void name_unreadable(const Store&, Logger&);
// Runs the loop until it is known who the other control planes are. kUnavailable.
Result<void> wait_for_others(Loop&, const Replicas&);
// Of our own certificate.
ExtraNames names_of(const ControlOptions&);
}  // namespace heddle
