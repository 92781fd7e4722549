#include "control/kube/kube_retry.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace heddle {
bool KubeRetry::may_repeat(const KubeStatus& failure) const {
  if (failure.is_busy()) return true;
  if (failure.code >= 500) return only_reads_;
  if (failure.code != 0) return false;
  // An answer that is wrong or too large will be so again.
  if (failure.why == Reason::kTooLarge || failure.why == Reason::kUpstreamProtocolError) return false;
  constexpr Reason kNeverSent[] = {Reason::kUpstreamConnectRefused, Reason::kUpstreamConnectTimeout,
                                   Reason::kUpstreamConnectFailed,  Reason::kUpstreamRefusedStream,
                                   Reason::kUpstreamGoAway,         Reason::kUpstreamTlsFailed};
  bool was_never_sent = std::find(std::begin(kNeverSent), std::end(kNeverSent), failure.why) != std::end(kNeverSent);
  return only_reads_ || was_never_sent;
}

std::optional<Duration> KubeRetry::after(const KubeStatus& failure, MonoTime now) {
  if (failure.code == 401 && !std::exchange(has_renewed_, true)) return Duration(0);
  if (!may_repeat(failure)) return std::nullopt;
  Duration wait = std::max(backoff_.next(), failure.retry_after.value_or(Duration(0)));
  if (now + wait >= until_) return std::nullopt;
  return wait;
}
}  // namespace heddle
