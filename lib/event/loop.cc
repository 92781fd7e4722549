#include "lib/event/loop.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "lib/event/loop_timer.h"

namespace heddle {
namespace {
MonoTime real_now() { return MonoTime(Duration(static_cast<int64_t>(uv_hrtime()))); }

template <class H>
uv_handle_t* as_handle(const UvHandle<H>& handle) {
  return reinterpret_cast<uv_handle_t*>(handle.get());
}
}  // namespace

void Retirable::dispose() noexcept { delete this; }

Loop::Loop() : thread_(std::this_thread::get_id()), wheel_(real_now()) {
  HEDDLE_CHECK(uv_loop_init(&uv_) == 0);
  open_handles();
}

void Loop::open_handles() {
  wake_ = make_uv<uv_async_t>(this, [this](uv_async_t* h) {
    return uv_async_init(&uv_, h, [](uv_async_t* wake) {
      if (auto* self = static_cast<Loop*>(wake->data)) self->drain_posted();
    });
  });
  prepare_ = make_uv<uv_prepare_t>(this, [this](uv_prepare_t* h) { return uv_prepare_init(&uv_, h); });
  check_ = make_uv<uv_check_t>(this, [this](uv_check_t* h) { return uv_check_init(&uv_, h); });
  idle_ = make_uv<uv_idle_t>(this, [this](uv_idle_t* h) { return uv_idle_init(&uv_, h); });
  wheel_timer_ = make_uv<uv_timer_t>(this, [this](uv_timer_t* h) { return uv_timer_init(&uv_, h); });
  uv_prepare_start(prepare_.get(), [](uv_prepare_t* h) {
    if (auto* self = static_cast<Loop*>(h->data)) self->before_poll();
  });
  uv_check_start(check_.get(), [](uv_check_t* h) {
    if (auto* self = static_cast<Loop*>(h->data)) self->end_turn();
  });
  uv_unref(as_handle(wake_));
  uv_unref(as_handle(prepare_));
  uv_unref(as_handle(check_));
  uv_unref(as_handle(wheel_timer_));
}

Loop::~Loop() {
  std::vector<Task> unrun;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    closed_ = true;
    unrun.swap(posted_);
  }
  unrun.clear();
  end_turn();
  close_handles();
  check_no_handle_is_left();
  uv_run(&uv_, UV_RUN_DEFAULT);  // close callbacks, and work that already runs on the pool
  HEDDLE_CHECK(uv_loop_close(&uv_) == 0);
}

void Loop::close_handles() {
  wake_.reset();
  prepare_.reset();
  check_.reset();
  idle_.reset();
  wheel_timer_.reset();
}

void Loop::check_no_handle_is_left() {
  int leaked = 0;
  auto count = [](uv_handle_t* handle, void* total) {
    if (uv_is_closing(handle) != 0) return;
    std::fprintf(stderr, "heddle: a loop ends with an open %s handle\n", uv_handle_type_name(handle->type));
    ++*static_cast<int*>(total);
  };
  uv_walk(&uv_, count, &leaked);
  HEDDLE_CHECK(leaked == 0);
}

std::thread::id Loop::enter() {
  HEDDLE_ASSERT(!running_);
  running_ = true;
  stop_requested_ = false;
  return thread_.exchange(std::this_thread::get_id());
}

void Loop::leave(std::thread::id previous) {
  end_turn();
  running_ = false;
  turn_time_.reset();
  thread_ = previous;
}

bool Loop::has_work() {
  if (has_deferred() || uv_loop_alive(&uv_) != 0) return true;
  std::lock_guard<std::mutex> guard(mutex_);
  return !posted_.empty();
}

void Loop::run() {
  std::thread::id previous = enter();
  while (!stop_requested_ && has_work()) {
    drain_posted();
    end_turn();
    uv_run(&uv_, UV_RUN_DEFAULT);
  }
  leave(previous);
}

void Loop::run_until(UniqueFunction<bool()> done) {
  std::thread::id previous = enter();
  uv_ref(as_handle(wake_));
  end_turn();
  until_ = &done;
  while (!stop_requested_ && !done()) uv_run(&uv_, UV_RUN_ONCE);
  until_ = nullptr;
  uv_unref(as_handle(wake_));
  leave(previous);
}

void Loop::stop() {
  post([this] {
    stop_requested_ = true;
    uv_stop(&uv_);
  });
}

bool Loop::post(Task task) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (closed_) return false;
  bool first = posted_.empty();
  posted_.push_back(std::move(task));
  if (first) uv_async_send(wake_.get());
  return true;
}

void Loop::drain_posted() {
  std::vector<Task> batch;
  {
    std::lock_guard<std::mutex> guard(mutex_);
    batch.swap(posted_);
  }
  for (Task& slot : batch) {
    Task task = std::move(slot);  // dies before the next one runs
    task();
  }
}

void Loop::defer(Deferred& deferred, Phase phase) {
  HEDDLE_ASSERT(is_current());
  if (deferred.is_linked()) return;
  deferred_[static_cast<size_t>(phase)].push_back(deferred);
  ++deferred_count_;
}

void Loop::retire(Retirable& retirable) {
  HEDDLE_ASSERT(is_current());
  if (HEDDLE_BUG(retirable.is_linked(), "an object was retired twice")) return;
  retired_.push_back(retirable);
}

bool Loop::has_deferred() noexcept {
  return !retired_.empty() || std::any_of(deferred_.begin(), deferred_.end(), [](auto& list) { return !list.empty(); });
}

void Loop::run_lists_once() {
  deferred_count_ = 0;  // may have counted what was cancelled since
  for (DeferredList& list : deferred_) {
    DeferredList batch;
    batch.splice(list);
    while (Deferred* deferred = batch.pop_front()) deferred->on_deferred();
  }
  IntrusiveList<Retirable> ended;
  ended.splice(retired_);
  while (Retirable* retirable = ended.pop_front()) retirable->dispose();
}

void Loop::end_turn() {
  if (in_end_turn_) return;
  in_end_turn_ = true;
  for (int round = 0; round < kMaxRounds && has_deferred(); ++round) run_lists_once();
  in_end_turn_ = false;
  if (!idle_) return;
  // Work that makes work for ever must not starve the poll, and the poll must not block on it either.
  if (has_deferred()) {
    uv_idle_start(idle_.get(), [](uv_idle_t*) {});
  } else if (uv_is_active(as_handle(idle_)) != 0) {
    uv_idle_stop(idle_.get());
  }
}

void Loop::before_poll() {
  end_turn();
  if (until_ != nullptr && (*until_)()) uv_stop(&uv_);  // what the lists did may be all; do not block now
  last_turn_.store(now().since_epoch().count(), std::memory_order_relaxed);
  arm_wheel();
  turn_time_.reset();
}

void Loop::arm_wheel() {
  std::optional<Duration> wait = wheel_.until_next(now());
  if (!wait) {
    if (wheel_armed_for_) uv_timer_stop(wheel_timer_.get());
    wheel_armed_for_.reset();
    return;
  }
  MonoTime due = now() + *wait;
  if (wheel_armed_for_ == due) return;
  wheel_armed_for_ = due;
  uv_timer_start(
      wheel_timer_.get(),
      [](uv_timer_t* h) {
        auto* self = static_cast<Loop*>(h->data);
        if (self == nullptr) return;
        self->wheel_armed_for_.reset();
        self->wheel_.advance(self->now());
      },
      LoopTimer::to_ticks(*wait), 0);
}

MonoTime Loop::now() const {
  if (!running_) return real_now();
  if (!turn_time_) turn_time_ = real_now();
  return *turn_time_;
}

WallTime Loop::wall() const {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return WallTime(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
}

std::unique_ptr<Timer> Loop::timer(Task task) { return std::make_unique<LoopTimer>(*this, std::move(task)); }
}  // namespace heddle
