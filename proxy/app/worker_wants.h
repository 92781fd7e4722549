// WorkerWants: the ServiceWants of one worker: asks the main loop, which asks the control plane, once per host however
// many requests wait. Belongs to the worker's loop. Limits (128 waiting, 3 s each, 1,000 services) are the watch
// client's; here at most kMaxHosts different hosts wait.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/event/loop.h"
#include "proxy/exchange/service_wants.h"

namespace heddle {
// Any thread; the answer comes on any thread.
using AskForService = std::function<void(std::string host, std::function<void(Result<void>)>)>;

class WorkerWants final : public ServiceWants {
 public:
  static constexpr size_t kMaxHosts = 128;
  WorkerWants(Loop& loop, AskForService ask) : loop_(loop), ask_(std::move(ask)) {}
  void wait(std::string_view authority, WantWaiter&) override;

 private:
  using Waiters = IntrusiveList<WantWaiter>;
  void on_answer(const std::string& host, const Result<void>&);
  Loop& loop_;
  AskForService ask_;
  std::map<std::string, std::unique_ptr<Waiters>, std::less<>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers may come after we are gone
};
}  // namespace heddle
