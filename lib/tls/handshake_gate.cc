#include "lib/tls/handshake_gate.h"

#include <algorithm>
#include <utility>

namespace heddle {
namespace {
constexpr Duration kNextTurn = std::chrono::milliseconds(1);
}  // namespace

void HandshakeGate::Handshake::leave() noexcept {
  unlink();
  is_granted_ = false;
  if (HandshakeGate* gate = std::exchange(gate_, nullptr)) gate->left();
}

HandshakeGate::HandshakeGate(Scheduler& scheduler, Limits limits, Watcher* watcher)
    : scheduler_(scheduler),
      limits_(limits),
      watcher_(watcher),
      turn_timer_(scheduler.timer([this] { on_turn(); })),
      turn_(scheduler.now()),
      work_({limits.in_flight, limits.least_rate}, scheduler.now()) {}

bool HandshakeGate::admit(Handshake& handshake) {
  if (std::exchange(handshake.is_granted_, false)) return true;
  if (handshake.is_waiting()) return false;
  begin_turn();
  bool has_begun = handshake.gate_ != nullptr;
  bool is_next = begun_.empty() && (has_begun || (fresh_.empty() && has_room()));
  if (is_next && steps_ < limits_.steps_per_turn) {
    take_step(handshake);
    return true;
  }
  (has_begun ? begun_ : fresh_).push_back(handshake);
  if (!has_begun && watcher_ != nullptr) watcher_->on_delayed();
  if (!std::exchange(is_armed_, true)) turn_timer_->arm(kNextTurn);
  return false;
}

size_t HandshakeGate::waiting() {
  size_t n = 0;
  for (Queue* queue : {&begun_, &fresh_}) queue->for_each([&n](Handshake&) { ++n; });
  return n;
}

void HandshakeGate::begin_turn() {
  if (scheduler_.now() == turn_) return;
  turn_ = scheduler_.now();
  steps_ = 0;
}

HandshakeGate::Handshake* HandshakeGate::next() {
  if (Handshake* handshake = begun_.pop_front()) return handshake;
  return has_room() ? fresh_.pop_front() : nullptr;
}

void HandshakeGate::take_step(Handshake& handshake) {
  ++steps_;
  if (std::exchange(handshake.gate_, this) != nullptr) return;
  work_.begin(scheduler_.now());
  tell();
}

void HandshakeGate::on_turn() {
  is_armed_ = false;
  begin_turn();
  while (steps_ < limits_.steps_per_turn) {
    Handshake* handshake = next();
    if (handshake == nullptr) break;
    take_step(*handshake);
    handshake->is_granted_ = true;
    handshake->on_admitted();
  }
  arm_for_more();
}

// While every place is taken the next one to leave arms the timer, or the least rate lets somebody in.
void HandshakeGate::arm_for_more() {
  if (begun_.empty() && fresh_.empty()) return;
  std::optional<Duration> wait = begun_.empty() ? work_.until_room(scheduler_.now()) : kNextTurn;
  if (!wait || is_armed_) return;
  is_armed_ = *wait <= kNextTurn;
  turn_timer_->arm(std::max(*wait, kNextTurn));
}

void HandshakeGate::left() noexcept {
  work_.end();
  tell();
  if (!fresh_.empty() && !std::exchange(is_armed_, true)) turn_timer_->arm(kNextTurn);
}

void HandshakeGate::tell() noexcept {
  if (watcher_ != nullptr) watcher_->on_in_flight(work_.under_way());
}
}  // namespace heddle
