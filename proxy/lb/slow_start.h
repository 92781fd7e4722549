// SlowStart: the part of its weight that an endpoint has while it warms up. An endpoint that became usable, or is new,
// beside others that were usable before begins with a tenth; the part then grows evenly to all of it within the window
// (aggression 1), faster at the beginning with a larger aggression: part = max(0.1, (age / window)^(1 / aggression)).
// Where nobody was usable before, all begin with all of it: somebody must serve. What counts is what this balancer saw:
// it looks when it picks. A part of CandidateList, on its loop; update() allocates, look() does not.
#pragma once
#include <span>
#include <vector>

#include "lib/config/load_balancing.h"
#include "proxy/lb/load_balancer.h"

namespace heddle {
class SlowStart {
 public:
  static constexpr double kFirstPart = 0.1;
  static constexpr int kSteps = 50;  // in which the part grows within the window

  explicit SlowStart(const SlowStartSpec& spec) : spec_(spec) {}
  bool is_on() const noexcept { return spec_.window > Duration{}; }
  // Who stays (same health object) keeps its age.
  void update(std::span<const LbCandidate> before, std::span<const LbCandidate> after);
  // `usable` by candidate, as of now.
  void look(std::span<const uint8_t> usable, MonoTime now) noexcept;
  double part_of(size_t index) const noexcept { return ramps_[index].part; }
  // When to look again although nothing happened; nothing while nobody warms up.
  std::optional<Duration> next_step() const noexcept;

 private:
  struct Ramp {
    MonoTime since{};
    double part = 1;
    bool was_usable = false;
  };
  double part_at(Duration age) const noexcept;
  SlowStartSpec spec_;
  std::vector<Ramp> ramps_;
  bool is_ramping_ = false;
};
}  // namespace heddle
