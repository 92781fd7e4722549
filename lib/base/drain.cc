#include "lib/base/drain.h"

#include <algorithm>
#include <utility>

namespace heddle {

struct DrainGate::State {
  size_t held = 0;
  bool draining = false;
  Task on_empty;  // moved out before it is called, so that it runs once

  void tell_if_empty() {
    if (held != 0 || !on_empty) return;
    Task task = std::exchange(on_empty, nullptr);
    task();
  }
};

DrainGate::Token& DrainGate::Token::operator=(Token&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

void DrainGate::Token::release() noexcept {
  std::shared_ptr<State> state = std::move(state_);
  if (state == nullptr) return;
  --state->held;
  state->tell_if_empty();
}

DrainGate::DrainGate() : state_(std::make_shared<State>()) {}
DrainGate::~DrainGate() { state_->on_empty = nullptr; }

DrainGate::Token DrainGate::token() {
  ++state_->held;
  return Token(state_);
}

size_t DrainGate::held() const noexcept { return state_->held; }
bool DrainGate::is_draining() const noexcept { return state_->draining; }

void DrainGate::drain(Task on_empty) {
  state_->draining = true;
  state_->on_empty = std::move(on_empty);
  state_->tell_if_empty();
}

struct Readiness::State {
  struct Entry {
    size_t id;
    std::string name;
  };
  std::vector<Entry> entries;
  size_t next_id = 1;
  Task on_change;

  void tell() {
    if (on_change) on_change();
  }
};

Readiness::Blocker& Readiness::Blocker::operator=(Blocker&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    id_ = other.id_;
  }
  return *this;
}

void Readiness::Blocker::release() noexcept {
  std::shared_ptr<State> state = std::move(state_);
  if (state == nullptr) return;
  std::erase_if(state->entries, [this](const State::Entry& entry) { return entry.id == id_; });
  if (state->entries.empty()) state->tell();
}

Readiness::Readiness() : state_(std::make_shared<State>()) {}
Readiness::~Readiness() { state_->on_change = nullptr; }

Readiness::Blocker Readiness::block(std::string_view name) {
  size_t id = state_->next_id++;
  state_->entries.push_back({id, std::string(name)});
  if (state_->entries.size() == 1) state_->tell();
  return Blocker(state_, id);
}

bool Readiness::is_ready() const noexcept { return state_->entries.empty(); }

std::vector<std::string> Readiness::pending() const {
  std::vector<std::string> names;
  for (const State::Entry& entry : state_->entries) names.push_back(entry.name);
  return names;
}

void Readiness::on_change(Task task) { state_->on_change = std::move(task); }
}  // namespace heddle
