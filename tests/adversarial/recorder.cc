#include "tests/adversarial/recorder.h"

#include "lib/base/strings.h"
#include "tests/adversarial/cost_bound.h"

namespace heddle::adversarial {
namespace {
std::string asked(std::string_view status) {
  return str_cat("HTTP/1.1 ", status, " Asked\r\ncontent-length: 0\r\n\r\n");
}
}  // namespace

Recorder::Recorder()
    : origin_([this](BlockingClient& peer, int, std::atomic<int>&) {
        CostBound::leave_out();
        serve(peer);
      }) {}

void Recorder::clear() {
  std::lock_guard lock(mutex_);
  requests_.clear();
  partials_.clear();
  violations_.clear();
}
std::vector<Message> Recorder::requests() {
  std::lock_guard lock(mutex_);
  return requests_;
}
std::vector<std::string> Recorder::partials() {
  std::lock_guard lock(mutex_);
  return partials_;
}
std::vector<std::string> Recorder::violations() {
  std::lock_guard lock(mutex_);
  return violations_;
}
bool Recorder::wait_idle() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(60), [this] { return half_read_ == 0; });
}

void Recorder::keep(Message request) {
  std::lock_guard lock(mutex_);
  if (!request.target.starts_with("/canary")) requests_.push_back(std::move(request));
}
void Recorder::begin_reading() {
  std::lock_guard lock(mutex_);
  ++half_read_;
}
void Recorder::end_reading(const std::string& left, std::string_view why) {
  std::lock_guard lock(mutex_);
  if (!left.empty()) partials_.push_back(left);
  if (!why.empty()) violations_.push_back(str_cat(why, " in ", heddle::in_quotes(left.substr(0, 300))));
  --half_read_;
  changed_.notify_all();
}

// False: the connection is over.
bool Recorder::answer(BlockingClient& peer, const Message& request) {
  if (request.has("upgrade")) {
    peer.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    peer.read_all();
    return false;
  }
  if (request.target.starts_with("/answered/")) {
    peer.send(asked(request.target.substr(10, 3)));
    return true;
  }
  std::string_view body = request.method == "HEAD" ? "" : "ok";
  peer.send(str_cat("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", body));
  return true;
}

// Everything whole in `held` is answered; `answered`: the first of it already.
Reading::State Recorder::take_requests(BlockingClient& peer, std::string& held, bool& answered) {
  for (;;) {
    Reading reading = read_request_strictly(held);
    bool has_head = reading.state == Reading::State::kHead || reading.state == Reading::State::kWhole;
    if (has_head && !answered && reading.message.target.starts_with("/answer/")) {
      answered = true;
      peer.send(asked(reading.message.target.substr(8, 3)));
    }
    if (reading.state == Reading::State::kBad) end_reading(held, reading.why);
    if (reading.state != Reading::State::kWhole) return reading.state;
    held.erase(0, reading.used);
    keep(reading.message);
    if (held.empty()) end_reading({}, {});
    if (!std::exchange(answered, false) && !answer(peer, reading.message)) return Reading::State::kBad;
    if (held.empty()) return Reading::State::kNothing;
  }
}

void Recorder::serve(BlockingClient& peer) {
  std::string held;
  bool answered = false;
  for (std::string more = peer.read_some(); !more.empty(); more = peer.read_some()) {
    if (held.empty()) begin_reading();
    held += more;
    if (take_requests(peer, held, answered) == Reading::State::kBad) return;
  }
  if (!held.empty()) end_reading(held, {});
}
}  // namespace heddle::adversarial
