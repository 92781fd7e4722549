// KubeRetry: whether one call of the Kubernetes API is made again, and when. Pure: one per call.
// Again: 429 and 503 (nothing was done), after Retry-After at least; 401 once and at once, with the token read again;
// no answer or 500, 502, 504, where the call only reads; a connection that was never made. Everything else stands, and
// so does what would be asked again after the call's end.
#pragma once
#include "control/kube/kube_status.h"
#include "lib/base/backoff.h"

namespace heddle {
class KubeRetry {
 public:
  KubeRetry(Random& random, bool only_reads, MonoTime until)
      : backoff_(random, {500ms, 2.0, 0.5, 10s}), only_reads_(only_reads), until_(until) {}
  // How long to wait; nothing: the answer stands.
  std::optional<Duration> after(const KubeStatus& failure, MonoTime now);

 private:
  bool may_repeat(const KubeStatus&) const;
  Backoff backoff_;
  bool only_reads_;
  bool has_renewed_ = false;
  MonoTime until_;
};
}  // namespace heddle
