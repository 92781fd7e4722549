// The CA's store and rotator where every call is answered before it returns, as with files and with SQLite.
#pragma once
#include <gtest/gtest.h>

#include "control/ca/ca_rotator.h"

namespace heddle {
// For what is called by the result; the call gets the callback.
template <class T, class F>
Result<T> done_now(F call) {
  std::optional<Result<T>> out;
  Pending token = call([&out](Result<T> result) { out.emplace(std::move(result)); });
  EXPECT_TRUE(out.has_value()) << "not answered at once";
  if (!out) return make_error(Reason::kTimeout, "not answered at once");
  return *std::move(out);
}

inline Result<CaState> open_now(CaStore& store, WallTime now, const CertificateAuthority::Ptr& first = nullptr) {
  return done_now<CaState>([&](auto done) { return store.open(now, first, std::move(done)); });
}
inline Result<void> decide_now(CaStore& store, const CaState& state) {
  return done_now<void>([&](auto done) { return store.decide(state, std::move(done)); });
}
inline Result<void> finish_now(CaStore& store, const CaState& state) {
  return done_now<void>([&](auto done) { return store.finish(state, std::move(done)); });
}
inline Result<void> renew_now(CaStore& store, const CaState& state) {
  return done_now<void>([&](auto done) { return store.renew(state, std::move(done)); });
}

inline Result<std::unique_ptr<CaRotator>> open_now(CaRotator::Parts parts) {
  return done_now<std::unique_ptr<CaRotator>>(
      [&](auto done) { return CaRotator::open(std::move(parts), std::move(done)); });
}
inline Result<void> give_now(CaRotator& rotator, GivenCa ca) {
  return done_now<void>([&](auto done) {
    rotator.give(std::move(ca), std::move(done));
    return Pending();
  });
}
// Of an admin, with these sidecars.
inline Result<void> step_now(CaRotator& rotator, RotationStep step, std::vector<LiveSidecar> live = {},
                             const Caller& caller = {"r1", "admin", "127.0.0.1:1"}, StepBy by = StepBy::kOperator) {
  return done_now<void>([&](auto done) {
    rotator.step(step, rotator.plan(std::move(live)), {}, caller, by, std::move(done));
    return Pending();
  });
}
}  // namespace heddle
