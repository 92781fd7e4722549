#include "proxy/app/worker_wants.h"

#include <utility>

#include "lib/base/strings.h"
#include "lib/routing/request_facts.h"

namespace heddle {

void WorkerWants::wait(std::string_view authority, WantWaiter& waiter) {
  auto parts = split_authority(authority);
  wait_for(to_lower(parts ? parts->host : authority), waiter);
}

void WorkerWants::wait(const Address& address, WantWaiter& waiter) { wait_for(address.text(), waiter); }

void WorkerWants::wait_for(std::string host, WantWaiter& waiter) {
  auto found = waiting_.find(host);
  if (found != waiting_.end()) return found->second->push_back(waiter);
  auto& waiters = waiting_[host];
  waiters = std::make_unique<Waiters>();
  waiters->push_back(waiter);
  std::weak_ptr<bool> alive = alive_;
  auto answer = [this, alive, &loop = loop_, host](Result<void> result) {
    loop.post([this, alive, host, result = std::move(result)] {
      if (!alive.expired()) on_answer(host, result);
    });
  };
  if (waiting_.size() > kMaxHosts)
    return answer(make_error(Reason::kPendingOverflow, "too many services are asked for"));
  ask_(host, answer);
}

void WorkerWants::on_answer(const std::string& host, const Result<void>& result) {
  auto found = waiting_.find(host);
  if (found == waiting_.end()) return;
  bool is_unknown = !result && result.error().reason == Reason::kServiceUnknown;
  auto address = Address::parse(host);  // hosts of requests have no port
  if (is_unknown && address) unowned_.add(*address, loop_.now());
  std::unique_ptr<Waiters> waiters = std::move(found->second);
  waiting_.erase(found);
  while (WantWaiter* waiter = waiters->pop_front()) waiter->on_wanted(result);
}
}  // namespace heddle
