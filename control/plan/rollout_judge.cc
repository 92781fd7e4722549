#include "control/plan/rollout_judge.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "lib/base/strings.h"

namespace heddle {
namespace {
double share(BasisPoints points) { return static_cast<double>(points) / kFullShare; }
std::string two_digits(double value, std::string_view unit) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return str_cat(text, unit);
}
std::string percent(double rate) { return two_digits(rate * 100, "%"); }
std::string milliseconds(double us) { return two_digits(us / 1000, " ms"); }
std::string count(uint64_t n) { return std::to_string(n); }
std::string seconds(Duration d) { return format_duration(std::chrono::duration_cast<std::chrono::seconds>(d)); }

// One direction of the traffic, with what it is compared to.
class Comparison {
 public:
  Comparison(std::string_view name, const RolloutSpec& spec, bool is_over, const TrafficCounts& fresh,
             const TrafficCounts& rest, const TrafficCounts& before)
      : name_(name), spec_(spec), is_over_(is_over), fresh_(fresh) {
    uint64_t least = std::max<uint64_t>(spec.min_requests, 1);
    if (rest.requests >= least) {
      base_ = rest;
      against_ = "without it";
    } else if (before.requests >= least) {
      base_ = before;
      against_ = "before";
    }
  }
  bool has_enough() const { return fresh_.requests > 0 && fresh_.requests >= spec_.min_requests; }
  // A sentence when it is worse than allowed.
  std::optional<std::string> worse() const {
    if (!has_enough()) return std::nullopt;
    if (exceeds(fresh_.errors, base_.error_rate(), spec_.max_error_increase)) {
      return told("error rate", percent(fresh_.error_rate()), percent(base_.error_rate()), spec_.max_error_increase);
    }
    if (exceeds(fresh_.rejects, base_.reject_rate(), spec_.max_reject_increase)) {
      return told("share of rejects", percent(fresh_.reject_rate()), percent(base_.reject_rate()),
                  spec_.max_reject_increase);
    }
    return slower();
  }

 private:
  // Early, by more than two standard deviations of what would just be allowed.
  bool exceeds(uint64_t bad, double base, BasisPoints increase) const {
    double allowed = (base + share(increase)) * static_cast<double>(fresh_.requests);
    double excess = static_cast<double>(bad) - allowed;
    return is_over_ ? excess > 1e-6 : excess > 2 * std::sqrt(std::max(allowed, 1.0));
  }
  std::optional<std::string> slower() const {
    if (!spec_.max_latency_increase || !is_over_ || base_.timed == 0 || fresh_.timed == 0) return std::nullopt;
    if (fresh_.mean_us() <= base_.mean_us() * (1 + share(*spec_.max_latency_increase))) return std::nullopt;
    return told("mean latency", milliseconds(fresh_.mean_us()), milliseconds(base_.mean_us()),
                *spec_.max_latency_increase);
  }
  std::string told(std::string_view what, std::string_view now, std::string_view then, BasisPoints allowed) const {
    std::string beside = against_.empty() ? std::string("nothing to compare with") : str_cat(then, " ", against_);
    return str_cat(name_, " ", what, " is ", now, " with the change, ", beside, ", +", percent_text(allowed),
                   " allowed, ", count(fresh_.requests), " requests");
  }
  std::string_view name_;
  const RolloutSpec& spec_;
  bool is_over_;
  const TrafficCounts& fresh_;
  TrafficCounts base_{};
  std::string_view against_;
};

RolloutJudgement wait_for_requests(const RolloutSpec& spec, const RolloutEvidence& seen) {
  uint64_t most = std::max(seen.fresh.outbound.requests, seen.fresh.inbound.requests);
  std::string found = str_cat("only ", count(most), " of ", count(spec.min_requests),
                              " requests were seen with the change, too few to judge");
  if (seen.watched < spec.watch * kPatienceFactor)
    return {RolloutVerdict::kContinue, str_cat(found, "; waits for more")};
  return {RolloutVerdict::kStuck,
          str_cat(found, ", after ", seconds(seen.watched), "; heddle rollout promote, resume or abort")};
}
}  // namespace

RolloutJudgement judge(const RolloutSpec& spec, const RolloutEvidence& seen) {
  bool is_over = seen.watched >= spec.watch;
  const Comparison both[] = {{"outbound", spec, is_over, seen.fresh.outbound, seen.rest.outbound, seen.before.outbound},
                             {"inbound", spec, is_over, seen.fresh.inbound, seen.rest.inbound, seen.before.inbound}};
  for (const Comparison& one : both) {
    if (auto why = one.worse()) return {RolloutVerdict::kRollBack, *std::move(why)};
  }
  if (!is_over) {
    return {RolloutVerdict::kContinue, str_cat("watched for ", seconds(seen.watched), " of ", seconds(spec.watch))};
  }
  bool has_enough = spec.min_requests == 0 || both[0].has_enough() || both[1].has_enough();
  if (!has_enough) return wait_for_requests(spec, seen);
  return {RolloutVerdict::kPromote, str_cat("no worse than allowed, ", count(seen.fresh.outbound.requests),
                                            " requests outbound, ", count(seen.fresh.inbound.requests), " inbound")};
}
}  // namespace heddle
