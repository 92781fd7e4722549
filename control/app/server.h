// ControlServer: the composition root of heddle-control: data directory, store, CA, own identity, watch, API, health,
// in this order, on one loop. Owns all of it. start() answers a server that listens and is ready.
// drain() ends it gracefully within kDrain; destroying it ends it at once (and runs the loop until its connections are
// gone, so never from inside the loop).
#pragma once
#include <memory>

#include "control/app/options.h"
#include "lib/base/random.h"
#include "lib/event/loop.h"
#include "lib/metrics/registry.h"

namespace heddle {
struct ControlInputs {
  ControlOptions options;
  Loop& loop;
  Log& log;
  Registry& metrics;
  Random& random;
};

class ControlServer {
 public:
  static constexpr Duration kDrain = 4s;
  // Fails naming what cannot be had: an address, a file, another process that uses the data directory. kDraining: the
  // loop was stopped meanwhile.
  static Result<std::unique_ptr<ControlServer>> start(ControlInputs);
  virtual ~ControlServer() = default;

  virtual const Address& watch_address() const = 0;
  virtual const Address& api_address() const = 0;
  virtual const Address& health_address() const = 0;
  virtual const Address* bundle_address() const = 0;  // null: the bundle is served to nobody
  // Not ready any more; sidecars are told to leave, requests in flight end. `on_done` runs once, from the loop.
  virtual void drain(Task on_done) = 0;
  virtual void reopen_logs() = 0;
  // Looks at the files of a given CA and of the bundle endpoint now.
  virtual void reload() = 0;
};
}  // namespace heddle
