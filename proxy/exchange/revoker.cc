#include "proxy/exchange/revoker.h"

namespace heddle {
void Revoker::watch(Revocable& item) {
  if (item.is_admitted()) return admitted_.push_back(item);
  denied_.push_back(item);
  if (!turn_.is_armed()) begin(1);
}

void Revoker::reauthorize() {
  admitted_.for_each([this](Revocable& item) {
    if (item.is_admitted()) return;
    item.unlink();
    denied_.push_back(item);
  });
  size_t count = 0;
  denied_.for_each([&count](Revocable&) { ++count; });
  if (count > 0) begin(count);
}

// The first ones go when the loop turns, never inside the call that brought the policy.
void Revoker::begin(size_t count) {
  begun_at_ = scheduler_.now();
  per_turn_ = (count + kTurns - 1) / kTurns;
  taken_ = 0;
  turn_.arm(scheduler_, Duration{});
}

void Revoker::on_turn() {
  // Turns come late when the loop is busy; what is due does not wait for them.
  size_t due = (static_cast<size_t>((scheduler_.now() - begun_at_) / kTurn) + 1) * per_turn_;
  for (; taken_ < due; ++taken_) {
    Revocable* item = denied_.pop_front();
    if (item == nullptr) return;
    if (item->is_admitted()) {
      admitted_.push_back(*item);
    } else {
      item->revoke();
    }
  }
  turn_.arm(scheduler_, kTurn);
}
}  // namespace heddle
