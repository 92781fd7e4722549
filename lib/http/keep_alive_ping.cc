#include "lib/http/keep_alive_ping.h"

namespace heddle {
namespace {
// Whoever looks this much too late was stopped itself (SIGSTOP, a frozen machine): the answer may wait unread.
constexpr Duration kWeSlept = 1s;
}  // namespace

KeepAlivePing::Verdict KeepAlivePing::judge(MonoTime now) noexcept {
  std::optional<MonoTime> at = due();
  if (!at || now < *at) return Verdict::kWait;
  if (asked_at_ && now - *at < kWeSlept) return Verdict::kDead;
  asked_at_ = now;
  return Verdict::kPing;
}
}  // namespace heddle
