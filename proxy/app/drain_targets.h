// DrainTargets: what a DrainKeeper ends, an interface so that it is tested without threads; and the workers of the
// Server as that. Main loop.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "proxy/app/worker.h"

namespace heddle {
class DrainTargets {
 public:
  using OnEnd = std::function<void()>;
  virtual ~DrainTargets() = default;
  virtual size_t size() const = 0;
  // Of the listeners, in the order of the settings; empty: there is no worker.
  virtual std::vector<Address> addresses() const = 0;
  // To all of them; `on_end` comes once of each, never inside the call.
  virtual void drain_inbound(DrainTimes, const OnEnd& on_end) = 0;
  virtual void drain(DrainTimes, const OnEnd& on_end) = 0;
};

// Both must outlive it.
class WorkerTargets final : public DrainTargets {
 public:
  WorkerTargets(Loop& loop, const std::vector<std::unique_ptr<Worker>>& workers) : loop_(loop), workers_(workers) {}
  size_t size() const override { return workers_.size(); }
  std::vector<Address> addresses() const override {
    return workers_.empty() ? std::vector<Address>() : workers_.front()->addresses();
  }
  void drain_inbound(DrainTimes times, const OnEnd& on_end) override {
    for (const auto& worker : workers_) worker->drain_inbound(loop_, times, on_end);
  }
  void drain(DrainTimes times, const OnEnd& on_end) override {
    for (const auto& worker : workers_) worker->drain(loop_, times, on_end);
  }

 private:
  Loop& loop_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
};
}  // namespace heddle
