#include "proxy/app/worker.h"

#include <future>
#include <utility>

#include "proxy/app/worker_core.h"

namespace heddle {
namespace {
// Runs f on the loop's thread and waits; start-up and shutdown only.
template <class F>
auto run_on(Loop& loop, F f) {
  std::packaged_task<decltype(f())()> task(std::move(f));
  auto result = task.get_future();
  bool posted = loop.post([&task] { task(); });
  HEDDLE_CHECK(posted);
  return result.get();
}
}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(uint32_t index, const WorkerShared& shared) {
  std::unique_ptr<Worker> self(new Worker());  // lint: new private constructor
  self->thread_ = std::make_unique<LoopThread>("heddle-w" + std::to_string(index));
  Loop& loop = self->thread_->loop();
  auto listening = run_on(loop, [&]() -> Result<void> {
    self->core_ = std::make_unique<Core>(index, shared, loop);
    return self->core_->listen();
  });
  if (!listening) return std::move(listening).error();
  self->addresses_ = self->core_->addresses();
  return self;
}

// Ends the core in the turn in which its last connection ended, after what was retired in that turn: a turn later a
// connection that was being made could have come to be, and its memory is the core's.
class Worker::CoreEnd final : public Retirable {
 public:
  CoreEnd(Loop& loop, std::unique_ptr<Core>& core, std::promise<void>& ended)
      : loop_(loop), core_(core), ended_(ended) {}
  void begin() {
    core_->shutdown([this] { loop_.retire(*this); });
  }
  // A dial may have succeeded later in that turn: what it made is ended first.
  void dispose() noexcept override {
    if (!core_->is_empty()) return begin();
    core_.reset();
    ended_.set_value();
  }

 private:
  Loop& loop_;
  std::unique_ptr<Core>& core_;
  std::promise<void>& ended_;
};

Worker::~Worker() {
  if (core_ != nullptr) {
    std::promise<void> ended;
    CoreEnd end(thread_->loop(), core_, ended);
    thread_->loop().post([&] { end.begin(); });
    ended.get_future().wait();
  }
  thread_->join();
}

void Worker::drain(Loop& to, DrainTimes times, std::function<void()> on_drained) {
  thread_->loop().post([this, &to, times, done = std::move(on_drained)]() mutable {
    core_->drain(times, [&to, done = std::move(done)] { to.post([done] { done(); }); });
  });
}

void Worker::drain_inbound(Loop& to, DrainTimes times, std::function<void()> on_gone) {
  thread_->loop().post([this, &to, times, done = std::move(on_gone)]() mutable {
    core_->drain_inbound(times, [&to, done = std::move(done)] { to.post([done] { done(); }); });
  });
}

void Worker::set_access_log(AccessLogPolicy policy) {
  thread_->loop().post([this, policy] { core_->set_access_log(policy); });
}

void Worker::set_memory_pressure(Pressure pressure) {
  thread_->loop().post([this, pressure] { core_->set_memory_pressure(pressure); });
}

void Worker::list_connections(Loop& to, std::function<void(std::vector<ConnectionRow>)> answer) {
  thread_->loop().post([this, &to, answer = std::move(answer)]() mutable {
    to.post([answer = std::move(answer), rows = core_->connections()]() mutable { answer(std::move(rows)); });
  });
}

void Worker::list_facts(Loop& to, UniqueFunction<void(FactSlots)> answer) {
  thread_->loop().post([this, &to, answer = std::move(answer)]() mutable {
    to.post([answer = std::move(answer), facts = core_->facts()]() mutable { answer(std::move(facts)); });
  });
}

void Worker::explain(Loop& to, LiveQuestion question, OnExplanation answer) {
  thread_->loop().post([this, &to, question = std::move(question), answer = std::move(answer)]() mutable {
    auto explanation = core_->explain(question);
    question.query.reset();  // it may be the last who holds it: not on two loops
    to.post([answer = std::move(answer), explanation = std::move(explanation)]() mutable {
      answer(std::move(explanation));
    });
  });
}

uint64_t Worker::applied_sequence() const noexcept { return core_->applied_sequence.load(std::memory_order_acquire); }
const TlsIdentity* Worker::applied_identity() const noexcept {
  return core_->applied_identity.load(std::memory_order_acquire);
}
const Snapshot* Worker::applied_snapshot() const noexcept {
  return core_->applied_snapshot.load(std::memory_order_acquire);
}
bool Worker::has_config() const noexcept { return core_->has_config.load(std::memory_order_acquire); }
uint64_t Worker::applied_epoch() const noexcept { return core_->applied_epoch.load(std::memory_order_relaxed); }
}  // namespace heddle
