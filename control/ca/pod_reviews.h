// PodReviews: whose pod a Kubernetes token is, asked of who knows it (the API server, through a PodReviewer) within
// limits: so many reviews at once, so many a second, so many that wait and so long. Whoever may reach us may make us
// ask, so the API server never gets more than that. Control loop.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "certs/secret.h"
#include "lib/base/clock.h"
#include "lib/base/operation.h"
#include "lib/base/result.h"
#include "lib/base/token_bucket.h"
#include "lib/base/unique_function.h"

namespace heddle {
// What the token's cluster says of it.
struct ReviewedPod {
  std::string namespace_name;
  std::string service_account;
  std::string name;  // empty: the token is bound to no pod
  std::string uid;
  bool operator==(const ReviewedPod&) const = default;
};

class PodReviewer {
 public:
  using Done = UniqueFunction<void(Result<ReviewedPod>)>;
  virtual ~PodReviewer() = default;
  // `done` runs once, from the loop. kUnauthenticated: not a token of the cluster, not for us, or its pod is gone;
  // kUnavailable: the cluster could not be asked. The token is never in an error.
  [[nodiscard]] virtual Pending review(std::string_view token, Done done) = 0;
};

class PodReviews {
 public:
  static constexpr size_t kMaxAtOnce = 64;
  static constexpr size_t kMaxWaiting = 1'000;
  static constexpr Duration kMaxWait = 15s;  // then its sidecar has given up
  static constexpr double kPerSecond = 200;  // as many at once
  PodReviews(PodReviewer& reviewer, const Clock& clock)
      : reviewer_(reviewer), clock_(clock), rate_(kPerSecond, kPerSecond, clock.now()) {}
  // Beyond the reviewer's errors: kRateLimited and kOverload name the limit, before this returns. Destroying the object
  // keeps all of them silent.
  void review(std::string_view token, PodReviewer::Done done);
  size_t waiting() const noexcept { return waiting_.size(); }

 private:
  struct Waiting {
    Secret token;
    PodReviewer::Done done;
    MonoTime since;
  };
  struct Asked {
    PodReviewer::Done done;
    Pending token{};
  };
  void ask(Waiting);
  void on_reviewed(uint64_t id, Result<ReviewedPod>);
  void ask_next();
  PodReviewer& reviewer_;
  const Clock& clock_;
  TokenBucket rate_;
  std::deque<Waiting> waiting_;
  std::map<uint64_t, Asked> asked_;
  Pending ended_;  // the review whose answer is being told, or was told last
  uint64_t next_ = 0;
};
}  // namespace heddle
