#include "proxy/watch/want_waiters.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
class WantWaiters::Waiter final : public Operation {
 public:
  Waiter(WantWaiters& owner, ResourceKey k, const Address& a, OnWant done)
      : key(std::move(k)),
        address(a),
        owner_(owner),
        done_(std::move(done)),
        timer_(owner.scheduler_.timer([this] { late(); })) {
    owner_.waiters_.push_back(this);
  }
  ~Waiter() override { std::erase(owner_.waiters_, this); }
  void expect(Duration after, Result<void> result) {
    result_ = std::move(result);
    timer_->arm(after);
  }
  // The token may die inside; nothing of this is touched afterwards.
  void finish(Result<void> result) {
    std::erase(owner_.waiters_, this);
    timer_->cancel();
    auto done = std::move(done_);
    done(std::move(result));
  }

  ResourceKey key;  // as long as `address` is set: of nobody yet
  Address address;

 private:
  void late() { finish(std::move(result_)); }
  WantWaiters& owner_;
  OnWant done_;
  std::unique_ptr<Timer> timer_;
  Result<void> result_;
};

bool holds_service(const Snapshot& snapshot, const ResourceKey& key) { return snapshot.model().services.contains(key); }

Pending WantWaiters::wait(const ResourceKey& key, OnWant done) { return add(key, {}, key.text(), std::move(done)); }

Pending WantWaiters::wait(const Address& address, OnWant done) {
  return add({}, address, address.text(), std::move(done));
}

Pending WantWaiters::add(ResourceKey key, const Address& address, std::string_view what, OnWant done) {
  if (waiters_.size() >= kMax) {
    return answer(make_error(Reason::kPendingOverflow, "128 requests wait for services already"), std::move(done));
  }
  auto waiter = std::make_unique<Waiter>(*this, std::move(key), address, std::move(done));
  waiter->expect(kPatience, make_error(Reason::kPendingTimeout, str_cat("no answer about ", what, " within 3 s")));
  return waiter;
}

Pending WantWaiters::answer(Result<void> result, OnWant done) {
  auto waiter = std::make_unique<Waiter>(*this, ResourceKey{}, Address{}, std::move(done));
  waiter->expect(Duration{}, std::move(result));
  return waiter;
}

// From the start each time: a callback may end other waiters.
template <class Matches>
void WantWaiters::finish_all(Matches matches, const Result<void>& result) {
  while (true) {
    auto it = std::find_if(waiters_.begin(), waiters_.end(), [&](Waiter* waiter) { return matches(*waiter); });
    if (it == waiters_.end()) return;
    (*it)->finish(result);
  }
}

void WantWaiters::on_snapshot(const Snapshot& snapshot) {
  finish_all([&](const Waiter& waiter) { return holds_service(snapshot, waiter.key); }, {});
}

void WantWaiters::on_unknown(const ResourceKey& unknown) {
  finish_all([&](const Waiter& waiter) { return waiter.key == unknown; },
             make_error(Reason::kServiceUnknown, unknown.text()));
}

void WantWaiters::on_owned(const Address& address, const ResourceKey& service) {
  for (Waiter* waiter : waiters_) {
    if (waiter->address != address) continue;
    waiter->key = service;
    waiter->address = {};
  }
}

void WantWaiters::on_unowned(const Address& address, const Result<void>& result) {
  finish_all([&](const Waiter& waiter) { return waiter.address == address; }, result);
}
}  // namespace heddle
