// DrainGate and Readiness: "what is still open?" and "what are we still waiting for?", answered by RAII tokens.
// Both live on one loop and are not thread-safe: each worker has its own gate, the main loop has the Readiness.
// Tokens and blockers may outlive the gate; they then do nothing.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/unique_function.h"

namespace heddle {

// Counts what must end before the owner may stop.
class DrainGate {
  struct State;

 public:
  class Token {
   public:
    Token() = default;
    Token(Token&&) noexcept = default;
    Token& operator=(Token&& other) noexcept;
    ~Token() { release(); }
    void release() noexcept;
    bool is_held() const noexcept { return state_ != nullptr; }

   private:
    friend class DrainGate;
    explicit Token(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };

  DrainGate();
  ~DrainGate();
  DrainGate(const DrainGate&) = delete;
  DrainGate& operator=(const DrainGate&) = delete;

  // Tokens are given while draining, too: what is open may still open what it needs to end.
  [[nodiscard]] Token token();
  size_t held() const noexcept;
  // Calls on_empty once, when no token is held: inside the release of the last one, or inside this call when there is
  // none. The task must not destroy the gate; post that.
  void drain(Task on_empty);
  bool is_draining() const noexcept;

 private:
  std::shared_ptr<State> state_;
};

// Named reasons why this process is not ready; ready when there is none.
class Readiness {
  struct State;

 public:
  class Blocker {
   public:
    Blocker() = default;
    Blocker(Blocker&&) noexcept = default;
    Blocker& operator=(Blocker&& other) noexcept;
    ~Blocker() { release(); }
    void release() noexcept;

   private:
    friend class Readiness;
    Blocker(std::shared_ptr<State> state, size_t id) : state_(std::move(state)), id_(id) {}
    std::shared_ptr<State> state_;
    size_t id_ = 0;
  };

  Readiness();
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  [[nodiscard]] Blocker block(std::string_view name);
  bool is_ready() const noexcept;
  std::vector<std::string> pending() const;  // in the order they were blocked
  // Called at every change of is_ready(), inside block() or release(). The task must not destroy the Readiness.
  void on_change(Task);

 private:
  std::shared_ptr<State> state_;
};
}  // namespace heddle
