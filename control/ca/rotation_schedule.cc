#include "control/ca/rotation_schedule.h"

#include <algorithm>

#include "certs/peer_certificate.h"

namespace heddle {
namespace {
struct Life {
  WallTime from;
  WallTime until;
};

Life life_of(const X509* certificate) {
  return {to_wall_time(X509_get0_notBefore(certificate)), to_wall_time(X509_get0_notAfter(certificate))};
}

// The certificate whose end everybody must be away from.
Life ending(const CaState& state) {
  if (state.phase == RotationPhase::kActivated) return life_of(state.old->certificates().front().get());
  return {state.signer->not_before(), state.signer->not_after()};
}

// Of what signs, when the phase began.
Duration left(const CaState& state) { return std::max(state.signer->not_after() - state.since, Duration{}); }
}  // namespace

Duration RotationSchedule::lead(WallTime from, WallTime until) const { return std::min(before_, (until - from) / 2); }

// When the prepared root was announced for long enough. A lead that is shortened for a test, or a hurry, shortens this.
WallTime RotationSchedule::settled(const CaState& state) const {
  Duration wait = std::min(kSettle, left(state) / 4);
  if (before_ > Duration{}) wait = std::min(wait, before_ / 4);
  return state.since + wait;
}

WallTime RotationSchedule::ends(const CaState& state) { return ending(state).until; }

std::optional<RotationSchedule::Due> RotationSchedule::next(const CaState& state,
                                                            const std::optional<std::string>& given) const {
  if (!given) return next_of_ours(state);
  if (!state.signer->has_key()) return std::nullopt;  // our files are older than those of the others
  switch (state.phase) {
    case RotationPhase::kSteady:
      if (root_pin(*state.signer) == *given) return std::nullopt;
      return Due{RotationStep::kPrepare, state.since};
    case RotationPhase::kPrepared:
      if (!state.next->has_key() && root_pin(*state.signer) == *given) return std::nullopt;  // the same
      if (root_pin(*state.next) != *given) return Due{RotationStep::kAbort, state.since};
      return Due{RotationStep::kActivate, settled(state)};
    case RotationPhase::kActivated:
      return Due{RotationStep::kRetire, state.since};
  }
  return std::nullopt;
}

std::optional<RotationSchedule::Due> RotationSchedule::next_of_ours(const CaState& state) const {
  if (before_ <= Duration{}) return std::nullopt;
  bool is_ours = state.phase == RotationPhase::kActivated || is_our_root(*state.signer);
  if (!is_ours) return std::nullopt;
  Life life = ending(state);
  WallTime begin = life.until - lead(life.from, life.until);
  if (state.phase == RotationPhase::kPrepared) begin = std::max(begin, settled(state));
  if (state.is_aborted) begin = std::max(begin, state.since + std::min(kAfterAbort, left(state) / 2));
  return Due{next_step(state.phase), std::max(begin, state.since)};
}

RotationSchedule::Alarm RotationSchedule::alarm(const CaState& state, const Due& due, WallTime now) const {
  if (now < due.at) return Alarm::kNone;
  Life life = ending(state);
  return life.until - now <= lead(life.from, life.until) / 4 ? Alarm::kError : Alarm::kWarn;
}
}  // namespace heddle
