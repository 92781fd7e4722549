// The body of Latest<T>; include lib/event/latest.h. Lock order: the mailbox's mutex, then a loop's; a subscription
// leaves the list under the mailbox's mutex, so nothing is posted to a loop whose subscription is gone. A subscriber's
// callback runs without any lock.
#pragma once
#include <algorithm>
#include <utility>

#include "lib/event/latest.h"

namespace heddle {
template <class T>
struct Latest<T>::Shared {
  struct Subscriber {
    Subscriber(Loop& l, Callback c) : loop(l), callback(std::move(c)) {}
    Loop& loop;
    Callback callback;       // touched on the loop's thread only
    bool is_alive = true;    // touched on the loop's thread only
    bool is_posted = false;  // guarded by the mailbox's mutex
  };

  // Caller holds the mutex. A second value before the first was looked at needs no second post.
  static void notify(const std::shared_ptr<Shared>& self, const std::shared_ptr<Subscriber>& subscriber) {
    if (subscriber->is_posted) return;
    subscriber->is_posted = subscriber->loop.post([self, subscriber] { self->deliver(*subscriber); });
  }

  void deliver(Subscriber& subscriber) {
    Value value;
    {
      std::lock_guard<std::mutex> guard(mutex);
      subscriber.is_posted = false;
      value = newest;
    }
    if (subscriber.is_alive) subscriber.callback(std::move(value));
  }

  struct Token final : Operation {
    Token(std::shared_ptr<Shared> o, std::shared_ptr<Subscriber> s) : owner(std::move(o)), subscriber(std::move(s)) {}
    ~Token() override {
      subscriber->is_alive = false;
      std::lock_guard<std::mutex> guard(owner->mutex);
      std::erase(owner->subscribers, subscriber);
    }
    std::shared_ptr<Shared> owner;
    std::shared_ptr<Subscriber> subscriber;
  };

  std::mutex mutex;  // guards newest, subscribers and every is_posted
  Value newest;
  std::vector<std::shared_ptr<Subscriber>> subscribers;
};

template <class T>
Latest<T>::Latest() : shared_(std::make_shared<Shared>()) {}

template <class T>
void Latest<T>::publish(Value value) {
  std::lock_guard<std::mutex> guard(shared_->mutex);
  shared_->newest.swap(value);  // the old value dies after the lock is gone
  for (const auto& subscriber : shared_->subscribers) Shared::notify(shared_, subscriber);
}

template <class T>
typename Latest<T>::Value Latest<T>::current() const {
  std::lock_guard<std::mutex> guard(shared_->mutex);
  return shared_->newest;
}

template <class T>
Subscription Latest<T>::subscribe(Loop& loop, Callback callback) {
  auto subscriber = std::make_shared<typename Shared::Subscriber>(loop, std::move(callback));
  std::lock_guard<std::mutex> guard(shared_->mutex);
  shared_->subscribers.push_back(subscriber);
  if (shared_->newest != nullptr) Shared::notify(shared_, subscriber);
  return std::make_unique<typename Shared::Token>(shared_, subscriber);
}
}  // namespace heddle
