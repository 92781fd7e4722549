// HeldConfirm: what a ReadIndex asks; nothing is confirmed until the test says so, the oldest question first.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

#include "control/store/read_index.h"

namespace heddle {
class HeldConfirm {
 public:
  ReadIndex::Confirm confirm() {
    return [this](ReadIndex::Confirmed done) {
      ++asked;
      auto call = std::make_shared<ReadIndex::Confirmed>(std::move(done));
      calls_.push_back(call);
      return std::make_unique<Token>(std::move(call));
    };
  }
  size_t waiting() const { return calls_.size(); }
  void answer(Result<void> result = {}) {
    ASSERT_FALSE(calls_.empty()) << "nobody asks";
    std::shared_ptr<ReadIndex::Confirmed> call = std::move(calls_.front());
    calls_.pop_front();
    if (ReadIndex::Confirmed done = std::exchange(*call, nullptr)) done(std::move(result));
  }
  void fail() { answer(make_error(Reason::kUnavailable, "no etcd member answered")); }

  size_t asked = 0;

 private:
  struct Token final : Operation {
    explicit Token(std::shared_ptr<ReadIndex::Confirmed> c) : call(std::move(c)) {}
    ~Token() override { *call = nullptr; }
    std::shared_ptr<ReadIndex::Confirmed> call;
  };
  std::deque<std::shared_ptr<ReadIndex::Confirmed>> calls_;
};
}  // namespace heddle
