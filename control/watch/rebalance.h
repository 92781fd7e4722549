// Rebalance: how many streams a replica that has more than its share asks to come anew, at best elsewhere, when there
// are several. Slowly, so that those who leave are seen where they went before more do, and never on a guess: not while
// a replica says nothing, not soon after a start or after a replica came or went. It begins where we exceed the mean by
// more than a tenth and ends within a twentieth. Where it does not help (sidecars that know our address alone, a load
// balancer that sends them back) it pauses, longer each time. Pure: time is a parameter; owned by the WatchHub.
#pragma once
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "control/registry/node_registry.h"
#include "lib/base/clock.h"

namespace heddle {
class Rebalance {
 public:
  struct Limits {
    Duration every = 5s;
    Duration settle = 60s;        // after a start or another set of replicas; so old is a stream that is asked to leave
    double begin = 0.1;           // of the mean: exceeding it by more begins it
    double end = 0.05;            // of the mean: exceeding it by no more ends it
    size_t least = 50;            // streams; by fewer it does not begin
    double share = 0.05;          // of the excess, each time
    size_t most = 50;             // streams, each time
    Duration judge = 60s;         // so often the excess must have fallen by a quarter of those who were asked
    Duration first_pause = 5min;  // else; then twice as long
    Duration longest_pause = 1h;
  };
  Rebalance(Limits limits, MonoTime start) : limits_(limits), next_(start), quiet_until_(start + limits.settle) {}

  bool is_due(MonoTime now) const { return now >= next_; }
  // How many of ours may be asked to leave now. `own`: connected here, without those who were asked already.
  size_t take(MonoTime now, size_t own, std::span<const ReplicaSight> others);
  // Whether a stream that began then may be asked to leave now: who just came was perhaps sent here.
  bool may_leave(MonoTime began, MonoTime now) const { return now - began >= limits_.settle; }

 private:
  using Seen = std::vector<std::pair<std::string, bool>>;  // names, and whether they are heard
  bool is_known_well(MonoTime now, std::span<const ReplicaSight> others);
  bool is_too_much(double excess, double mean) const;
  void begin_to_judge(MonoTime now, double excess);
  void judge(MonoTime now, double excess);
  Limits limits_;
  MonoTime next_;
  MonoTime quiet_until_;
  Seen seen_;
  bool is_active_ = false;
  MonoTime judged_;  // while active: when the excess was compared last, what it was, and who was asked since
  double excess_ = 0;
  size_t asked_ = 0;
  Duration pause_{};  // the last one; zero: it helps
};
}  // namespace heddle
