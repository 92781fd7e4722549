// LoopThread: a thread that runs one Loop until it is destroyed (stop, then join). Owned by whoever owns the worker.
// Talk to the loop by loop().post() or Latest; nothing else of it may be touched from another thread while it runs.
// What lives on the loop must be destroyed there, or after join().
#pragma once
#include <string>
#include <thread>

#include "lib/event/loop.h"

namespace heddle {
class LoopThread {
 public:
  // The name is what `top -H` shows; at most 15 bytes of it.
  explicit LoopThread(const std::string& name);
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { join(); }
  Loop& loop() noexcept { return loop_; }
  // Runs what was posted before, stops the loop and waits for its thread. Idempotent.
  void join();

 private:
  void run();
  Loop loop_;
  std::thread thread_;
};
}  // namespace heddle
