// RouteWatch: what was decided for a request that is only asked about (`explain`), filled in by the router on the path
// that traffic takes. Traffic has none. Belongs to the worker's loop.
#pragma once
#include <memory>

#include "lib/decision/decide.h"
#include "proxy/app/worker_config.h"

namespace heddle {
struct RouteWatch {
  Trace trace;
  Decision decision;                                 // valid while `snapshot` is held
  std::shared_ptr<const WorkerSnapshot> snapshot{};  // nullptr: there is no configuration yet
};
}  // namespace heddle
