// RotationSchedule: when a rotation takes its next step by itself. A root of ours: prepared `before` its end (never
// more than half of its life), activated once the bundle was out long enough for those who only look from time to time
// (federated domains, SPIFFE Federation 4.1: five refresh hints; never more than a quarter of what was left of the
// present signer, so that the new root always signs in time), retired after that. Whoever aborted it is left in peace
// for a while. An authority given by files of another root than the one that signs: at once, in the same order; nothing
// while the files of other control planes are newer than ours (ledger_ca_store.h).
// Whether sidecars are in the way is RotationPlan's to say; nothing here is ever forced. Pure: time is a parameter
// (reliability C7).
#pragma once
#include <optional>
#include <string>

#include "control/ca/ca_state.h"

namespace heddle {
class RotationSchedule {
 public:
  static constexpr Duration kDefaultBefore = 24h * 30;
  static constexpr Duration kSettle = 5 * DomainRoots::kDefaultRefreshHint;
  // After an abort; or half of what is left, if that is less.
  static constexpr Duration kAfterAbort = 24h;
  // What is due, and from when.
  struct Due {
    RotationStep step;
    WallTime at;
  };
  // How bad it is that a step which is due cannot be taken: by what is left of the root that ends.
  enum class Alarm : uint8_t { kNone, kWarn, kError };

  // `before`: zero never rotates a root of ours.
  explicit RotationSchedule(Duration before = kDefaultBefore) : before_(before) {}
  // `given`: the root of the authority in the files; nothing: roots are made here.
  std::optional<Due> next(const CaState&, const std::optional<std::string>& given) const;
  // Of the root that goes away: signer or, once another signs, the old one.
  static WallTime ends(const CaState&);
  Alarm alarm(const CaState&, const Due&, WallTime now) const;

 private:
  std::optional<Due> next_of_ours(const CaState&) const;
  Duration lead(WallTime from, WallTime until) const;
  WallTime settled(const CaState&) const;
  Duration before_;
};
}  // namespace heddle
