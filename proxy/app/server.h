// Server: the composition root of heddle-proxy: identity -> config -> health checks -> workers -> operations, in this
// order, on the main loop (main thread). Owns everything; run() returns after drain.
#pragma once
#include <memory>
#include <string>

#include "lib/base/log.h"
#include "lib/base/random.h"
#include "lib/metrics/registry.h"
#include "proxy/app/settings.h"

namespace heddle {

struct ServerInputs {
  Settings settings;
  std::string bootstrap_path;  // read again on SIGHUP and when it changes; empty: there is no file
  Log& log;
  Registry& metrics;
  Random& random;
};

class Server {
 public:
  // Fails naming what cannot be had: an address, a file, a key.
  static Result<std::unique_ptr<Server>> create(ServerInputs);
  virtual ~Server() = default;
  virtual int run() = 0;  // the process's exit code
};
}  // namespace heddle
