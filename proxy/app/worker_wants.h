// WorkerWants: the ServiceWants of one worker: asks the main loop, which asks the control plane, once per host or
// address however many requests and connections wait. Belongs to the worker's loop. Limits (128 waiting, 3 s each,
// 1,000 services) are the watch client's; here at most kMaxHosts different hosts wait.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "lib/event/loop.h"
#include "proxy/exchange/service_wants.h"
#include "proxy/watch/unowned_addresses.h"

namespace heddle {
// Any thread; the answer comes on any thread.
// `host`: of a service, or an IP address with its port: of whom that is.
using AskForService = std::function<void(std::string host, std::function<void(Result<void>)>)>;

class WorkerWants final : public ServiceWants {
 public:
  static constexpr size_t kMaxHosts = 128;
  WorkerWants(Loop& loop, AskForService ask) : loop_(loop), ask_(std::move(ask)) {}
  bool can_ask() const noexcept { return ask_ != nullptr; }
  void wait(std::string_view authority, WantWaiter&) override;
  // Until the service is here whose address it is; kServiceUnknown: it is of nobody in the mesh, also for the next
  // second (is_unowned).
  void wait(const Address&, WantWaiter&);
  bool is_unowned(const Address& address) const { return unowned_.contains(address, loop_.now()); }

 private:
  void wait_for(std::string host, WantWaiter&);
  using Waiters = IntrusiveList<WantWaiter>;
  void on_answer(const std::string& host, const Result<void>&);
  Loop& loop_;
  AskForService ask_;
  UnownedAddresses unowned_{1s};
  std::map<std::string, std::unique_ptr<Waiters>, std::less<>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers may come after we are gone
};
}  // namespace heddle
