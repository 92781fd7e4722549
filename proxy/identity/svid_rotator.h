// SvidRotator: keeps an SVID fresh: asks SvidLifecycle what to do and lets an SvidMaker do it, one try at a time.
// Owned by the identity source; belongs to its loop. It knows no keys and no network, so it runs on a manual clock.
#pragma once
#include "lib/base/operation.h"
#include "proxy/identity/svid_lifecycle.h"

namespace heddle {
class SvidMaker {
 public:
  using OnMade = UniqueFunction<void(Result<SvidTimes>)>;
  // Fresh key, signing request, answer, checks; the new identity is in use when OnMade says so. OnMade runs once, from
  // the loop; destroying the token cancels.
  [[nodiscard]] virtual Pending make(SvidNeed, OnMade) = 0;

 protected:
  ~SvidMaker() = default;
};

class SvidRotator {
 public:
  SvidRotator(Scheduler&, Random&, SvidMaker&);
  // With the times of an identity that is in use already, or without any.
  void start(const std::optional<SvidTimes>&);
  void retry_now();
  // Once, at a time of its own choice: a fleet must not come at once.
  void renew_within(Duration);

  const SvidLifecycle& lifecycle() const noexcept { return lifecycle_; }
  const std::string& last_error() const noexcept { return last_error_; }
  const RotationCounts& rotations() const noexcept { return rotations_; }

 private:
  Moment now() const { return {scheduler_.now(), scheduler_.wall()}; }
  void look();
  void on_made(Result<SvidTimes>);
  Scheduler& scheduler_;
  Random& random_;
  SvidMaker& maker_;
  SvidLifecycle lifecycle_;
  std::unique_ptr<Timer> timer_;
  Pending try_;
  std::string last_error_;
  RotationCounts rotations_{};
};
}  // namespace heddle
