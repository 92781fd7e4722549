// The end of a worker's traffic: at once for both directions, or first what comes for the application and, once that
// has gone, what it calls itself.
#include <algorithm>
#include <utility>

#include "proxy/app/worker_core.h"

namespace heddle {
namespace {
constexpr Duration kLookAtApplication = 100ms;
constexpr Duration kLookAtCallers = 20ms;

bool is_outbound(const ListenerSettings& settings) {
  return settings.direction == ListenerSettings::Direction::kOutbound;
}

// `listener` may be every address of the machine.
bool is_at(const Address& local, const Address& listener) {
  if (local.port() != listener.port()) return false;
  return local == listener || listener.ip() == "0.0.0.0" || listener.ip() == "::";
}
}  // namespace

// Its socket ends at an outbound listener. What a PROXY header says about itself was told by who calls us.
bool Worker::Core::is_of_application(const Connection& connection) const {
  ConnectionInfo info = connection.describe();
  if (info.is_proxied) return false;
  for (size_t i = 0; i < served_.size(); ++i) {
    if (!is_outbound(shared_.settings.listeners[i]) || served_[i]->listener == nullptr) continue;
    if (is_at(info.local, served_[i]->listener->address())) return true;
  }
  return false;
}

bool Worker::Core::has_application() {
  bool found = false;
  downstream_.for_each([&](Connection& connection) { found = found || is_of_application(connection); });
  return found;
}

// Who connects from now on is served as ever: its connection is drained when accepting ends.
void Worker::Core::drain(DrainTimes times, std::function<void()> on_drained) {
  on_drained_ = std::move(on_drained);
  for (auto& served : served_) served->set_drain(times.deadline);
  if (times.serves_application) {
    drain_inbound(times);
    look_at_application_.arm(loop_, std::max(times.accept, kLookAtApplication));
    return;
  }
  downstream_.drain_all();
  if (times.accept <= Duration{}) return stop_accepting();
  accept_over_.arm(loop_, times.accept);
}

void Worker::Core::drain_inbound(DrainTimes times, std::function<void()> on_gone) {
  if (on_gone) {
    on_callers_gone_ = std::move(on_gone);
    look_at_callers_.arm(loop_, kLookAtCallers);
  }
  for (size_t i = 0; i < served_.size(); ++i) {
    if (!is_outbound(shared_.settings.listeners[i])) served_[i]->set_drain(times.deadline);
  }
  drain_callers();
  if (!accepting_inbound_) return;
  if (times.accept <= Duration{}) return stop_inbound();
  if (!inbound_over_.is_armed()) inbound_over_.arm(loop_, times.accept);
}

void Worker::Core::drain_callers() {
  downstream_.for_each([this](Connection& connection) {
    if (!is_of_application(connection)) connection.drain();
  });
}

bool Worker::Core::has_callers() {
  bool found = false;
  downstream_.for_each([&](Connection& connection) { found = found || !is_of_application(connection); });
  return found;
}

// What is in flight ends first.
void Worker::Core::look_at_callers() {
  if (has_callers()) return look_at_callers_.arm(loop_, kLookAtCallers);
  if (auto gone = std::exchange(on_callers_gone_, nullptr)) gone();
}

void Worker::Core::stop_inbound() {
  accepting_inbound_ = false;
  for (size_t i = 0; i < served_.size(); ++i) {
    if (!is_outbound(shared_.settings.listeners[i])) served_[i]->listener->stop_accepting();
  }
  loop_.defer(drain_callers_late_);  // after the listeners' last round
  loop_.defer(recount_);
}

// Looked at, not told: an application that is about to end may still open a connection.
void Worker::Core::look_at_application() {
  if (has_application()) return look_at_application_.arm(loop_, kLookAtApplication);
  stop_accepting();
}

void Worker::Core::stop_accepting() {
  accepting_ = false;
  accepting_inbound_ = false;
  for (auto& served : served_) served->listener->stop_accepting();
  loop_.defer(drain_late_);  // after the listeners' last round
  loop_.defer(recount_);
}
}  // namespace heddle
