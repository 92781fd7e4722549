#include "control/store/read_index.h"

#include <algorithm>
#include <utility>

#include "lib/base/strings.h"

namespace heddle {
struct ReadIndex::Reader {
  Done done;  // empty: nobody waits any more
  MonoTime until;
};

class ReadIndex::Token final : public Operation {
 public:
  explicit Token(std::shared_ptr<Reader> reader) : reader_(std::move(reader)) {}
  ~Token() override { reader_->done = nullptr; }

 private:
  std::shared_ptr<Reader> reader_;
};

ReadIndex::ReadIndex(Scheduler& scheduler, Confirm confirm, LastCurrent last_current)
    : scheduler_(scheduler), confirm_(std::move(confirm)), last_current_(std::move(last_current)) {
  timer_ = scheduler_.timer([this] { on_late(); });
}

ReadIndex::~ReadIndex() = default;

Pending ReadIndex::read(Done done) {
  auto reader = std::make_shared<Reader>();
  reader->done = std::move(done);
  reader->until = scheduler_.now() + kPatience;
  next_.push_back(reader);
  if (!is_asking_) ask();
  arm();
  return std::make_unique<Token>(std::move(reader));
}

void ReadIndex::ask() {
  is_asking_ = true;
  asked_ = std::exchange(next_, {});
  asked_at_ = scheduler_.wall();
  call_ = confirm_([this](Result<void> result) { on_confirmed(std::move(result)); });
}

// Those who came meanwhile are asked for first: what is told may bring more of them.
void ReadIndex::on_confirmed(Result<void> result) {
  Pending over = std::move(call_);
  is_asking_ = false;
  if (result) confirmed_ = asked_at_;
  Sight sight = result ? Sight{} : old(result.error().detail);
  Readers ready = std::exchange(asked_, {});
  if (!next_.empty()) ask();
  arm();
  tell(ready, sight);
}

// What was asked goes on: a call that is given up too early would never find out that its member is gone.
void ReadIndex::on_late() {
  Readers late;
  take_late(asked_, scheduler_.now(), late);
  take_late(next_, scheduler_.now(), late);
  arm();
  tell(late, old(str_cat("the store has not answered for ", format_duration(kPatience))));
}

void ReadIndex::arm() {
  const Readers& first = asked_.empty() ? next_ : asked_;
  if (first.empty()) return timer_->cancel();
  timer_->arm(std::max(Duration(0), first.front()->until - scheduler_.now()));
}

ReadIndex::Sight ReadIndex::old(std::string problem) const {
  return {std::max(confirmed_, last_current_()), std::move(problem)};
}

void ReadIndex::tell(const Readers& readers, const Sight& sight) {
  for (const std::shared_ptr<Reader>& reader : readers) {
    if (Done done = std::exchange(reader->done, nullptr)) done(sight);
  }
}

void ReadIndex::take_late(Readers& from, MonoTime now, Readers& to) {
  while (!from.empty() && from.front()->until <= now) to.splice(to.end(), from, from.begin());
}
}  // namespace heddle
