#include "control/ca/pod_reviews.h"

#include <utility>

#include "lib/base/strings.h"

namespace heddle {
void PodReviews::review(std::string_view token, PodReviewer::Done done) {
  MonoTime now = clock_.now();
  if (asked_.size() >= kMaxAtOnce && waiting_.size() >= kMaxWaiting) {
    return done(make_error(Reason::kOverload, str_cat("more than ", std::to_string(kMaxWaiting),
                                                      " pods wait until the cluster is asked for them")));
  }
  if (!rate_.take(now)) {
    return done(make_error(Reason::kRateLimited, str_cat("more than ", std::to_string(static_cast<int>(kPerSecond)),
                                                         " tokens of pods in a second")));
  }
  waiting_.push_back({Secret(token), std::move(done), now});
  ask_next();
}

void PodReviews::ask_next() {
  while (asked_.size() < kMaxAtOnce && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (clock_.now() - next.since < kMaxWait) {
      ask(std::move(next));
    } else {
      next.done(make_error(Reason::kUnavailable, "the cluster did not answer for those before in time"));
    }
  }
}

void PodReviews::ask(Waiting next) {
  uint64_t id = next_++;
  asked_.emplace(id, Asked{std::move(next.done)});
  Pending token =
      reviewer_.review(next.token.view(), [this, id](Result<ReviewedPod> pod) { on_reviewed(id, std::move(pod)); });
  auto found = asked_.find(id);
  if (found != asked_.end()) found->second.token = std::move(token);
}

// A call's token is not destroyed inside its answer.
void PodReviews::on_reviewed(uint64_t id, Result<ReviewedPod> pod) {
  auto found = asked_.find(id);
  if (found == asked_.end()) return;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  std::swap(ended_, asked.token);
  asked.done(std::move(pod));
  ask_next();
}
}  // namespace heddle
