// Loop: one per thread. Owns the uv_loop_t, the thread's BlockPool and TimerWheel, and the end of the turn.
//
// A turn: libuv calls back (reads, timers, posts); those callbacks only change state and mark objects as dirty. At the
// end of the turn (uv_check, and uv_prepare before the loop would block) the loop runs its lists once, in this order:
//   sessions (codec produces bytes -> Transport::write), TLS (encrypt), TCP (one writev each), tasks, retired objects.
// What these add is run again, at most kMaxRounds times; then a uv_idle keeps the poll from blocking.
// Three laws (docs/architecture.md): a call down never calls up; nobody dies in its own callback (retire()); every
// object belongs to one loop, or is deeply immutable, or is an atomic.
#pragma once
#include <uv.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "lib/base/block_pool.h"
#include "lib/base/clock.h"
#include "lib/base/deadline.h"
#include "lib/base/intrusive_list.h"
#include "lib/event/handle.h"

namespace heddle {

// Something to be done at the end of the turn. A member (DeferredOf) or base of what does it: no closure, no
// allocation; deferring twice in a turn is one run; destroying it takes it off the list.
class Deferred : private ListNode<Deferred> {
 public:
  bool is_deferred() const noexcept { return is_linked(); }
  void cancel_deferred() noexcept { unlink(); }

 protected:
  Deferred() = default;
  ~Deferred() = default;
  virtual void on_deferred() = 0;

 private:
  friend class Loop;
  friend class IntrusiveList<Deferred>;
};

template <class Owner, void (Owner::*Method)()>
class DeferredOf final : public Deferred {
 public:
  explicit DeferredOf(Owner& owner) : owner_(owner) {}

 private:
  void on_deferred() override { (owner_.*Method)(); }
  Owner& owner_;
};

// An object that receives events. To end, it detaches itself from its owner's table and is given to Loop::retire();
// dispose() runs at the end of the turn, after the deferred lists. Default: delete this; pooled classes override.
class Retirable : private ListNode<Retirable> {
 public:
  virtual void dispose() noexcept;
  bool is_retired() const noexcept { return is_linked(); }

 protected:
  Retirable() = default;
  virtual ~Retirable() = default;

 private:
  friend class Loop;
  friend class IntrusiveList<Retirable>;
};

class Loop final : public Scheduler {
 public:
  enum class Phase : uint8_t { kSession, kTls, kTcp, kTask };
  static constexpr int kMaxRounds = 8;
  // Inside one uv callback storm (libuv re-polls up to 48 times before uv_check) the outermost read callback runs the
  // lists itself once this many deferred objects wait: see turn_if_crowded().
  static constexpr size_t kCrowded = 64;

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Runs until its own handles are closed; prints the types of leaked handles and aborts if others are left.
  ~Loop() override;

  // Until stop(), or until nothing keeps the loop alive: open handles and requests do, Deadlines on the wheel and the
  // hope for a post() do not (LoopThread holds its loop open by a handle of its own).
  void run();
  // Runs until `done` returns true (a pure question, asked once or twice a turn) or stop(); waits for posts. For tests
  // and start-up.
  void run_until(UniqueFunction<bool()> done);
  void stop();  // any thread
  // Whether stop() ended the last run. Not while it runs.
  bool was_stopped() const noexcept { return stop_requested_; }
  // Any thread; FIFO. False after shutdown began: the task is destroyed unrun.
  bool post(Task);
  void defer(Deferred&, Phase = Phase::kTask);
  void retire(Retirable&);
  // Called at the end of outermost read callbacks, and by who writes to many connections in one task: so each 64 leave.
  void turn_if_crowded() {
    if (deferred_count_ >= kCrowded) end_turn();
  }

  // One uv_hrtime() at the first call in a turn, kept until the next uv_prepare. Not kept while the loop does not run.
  MonoTime now() const override;
  WallTime wall() const override;
  [[nodiscard]] std::unique_ptr<Timer> timer(Task) override;
  TimerWheel& wheel() override { return wheel_; }
  // The thread that runs the loop; the one that made it while it does not run. For asserts.
  bool is_current() const noexcept { return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  BlockPool& blocks() noexcept { return blocks_; }
  uv_loop_t* raw() noexcept { return &uv_; }
  // When the loop last finished a turn; read by the watchdog from another thread.
  MonoTime last_turn() const noexcept { return MonoTime(Duration(last_turn_.load(std::memory_order_relaxed))); }

 private:
  friend class LoopTimer;
  using DeferredList = IntrusiveList<Deferred>;
  void end_turn();
  void run_lists_once();
  bool has_deferred() noexcept;
  bool has_work();
  void drain_posted();
  void arm_wheel();
  void before_poll();
  void open_handles();
  void close_handles();
  void check_no_handle_is_left();
  std::thread::id enter();  // returns what leave() puts back
  void leave(std::thread::id previous);

  uv_loop_t uv_{};
  std::atomic<std::thread::id> thread_;
  bool running_ = false;
  bool stop_requested_ = false;
  bool fires_timer_ = false;                 // the task of a LoopTimer runs
  UniqueFunction<bool()>* until_ = nullptr;  // of run_until()
  mutable std::optional<MonoTime> turn_time_;
  std::atomic<int64_t> last_turn_{0};
  BlockPool blocks_;
  TimerWheel wheel_;
  std::array<DeferredList, 4> deferred_;
  size_t deferred_count_ = 0;
  IntrusiveList<Retirable> retired_;
  bool in_end_turn_ = false;
  std::mutex mutex_;  // guards posted_ and closed_, and orders uv_async_send before the close of wake_
  std::vector<Task> posted_;
  bool closed_ = false;
  UvHandle<uv_async_t> wake_;
  UvHandle<uv_prepare_t> prepare_;
  UvHandle<uv_check_t> check_;
  UvHandle<uv_idle_t> idle_;
  UvHandle<uv_timer_t> wheel_timer_;
  std::optional<MonoTime> wheel_armed_for_;
};
}  // namespace heddle
