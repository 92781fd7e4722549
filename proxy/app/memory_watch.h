// MemoryWatch: looks every kEvery at the memory of the process and says when its pressure changes. Belongs to the main
// loop. Where nothing limits memory there is no watch: nobody can say what too much
// would be.
#pragma once
#include <functional>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "proxy/resilience/pressure.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {
class MemoryWatch {
 public:
  static constexpr Duration kEvery = std::chrono::milliseconds(250);
  struct Inputs {
    Scheduler& scheduler;
    size_t limit;  // bytes
    std::function<size_t()> used;
    std::function<void(Pressure)> on_change;
    Logger log;
  };
  MemoryWatch(Registry&, Inputs);

 private:
  void look();
  Inputs in_;
  MemoryPressure judge_;
  MemoryMetrics metrics_;
  std::unique_ptr<Timer> timer_;
};
}  // namespace heddle
