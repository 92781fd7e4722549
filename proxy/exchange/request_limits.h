// RequestLimits: the RateLimitPolicies of this workload, on one worker: chosen whenever a snapshot or an identity
// comes, asked for every inbound HTTP request that authorization let in, before anything is dialled. A request takes
// one from each limit that counts it, in the order of select_rate_limits(); when one of those that are enforced has
// none left, it is refused and what it took is given back: who is refused costs nobody anything. Opaque TCP is not
// counted. Belongs to the worker's loop; the buckets are the process's (RateTables). Asking takes no lock and allocates
// nothing.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/base/error.h"
#include "lib/http/head.h"
#include "lib/net/transport.h"
#include "lib/policy/rate_limit.h"
#include "lib/snapshot/snapshot.h"
#include "proxy/resilience/rate_tables.h"
#include "proxy/telemetry/proxy_metrics.h"

namespace heddle {
// What answer and access log say about a request that was refused.
struct RateNote {
  std::shared_ptr<const RateLimitPolicySpec> policy{};  // null: it was not
  uint32_t limit = 0;                                   // policy->limits[limit]
  uint64_t version = 0;                                 // sequence of the snapshot that decided
  Duration wait{};                                      // until the limit has one left
  bool caller_may_read = false;                         // which policy and limit it was
};

class RequestLimits {
 public:
  struct Inputs {
    Registry& metrics;
    RateTables& tables;
    SpiffeId identity;  // until set_identity(): whom the bootstrap says we will be
    std::string ns;     // of the bootstrap
  };
  explicit RequestLimits(Inputs inputs) : in_(std::move(inputs)) {}
  void set_identity(const SpiffeId&);
  void set_snapshot(std::shared_ptr<const Snapshot>);

  // Nothing limits us: nobody needs to be asked.
  bool is_open() const noexcept { return limits_.empty(); }
  // kNone or kRateLimited. Counts.
  Reason take(const RequestHead&, const ConnectionInfo& caller, MonoTime now, RateNote&);
  // What the last take() took: that request was refused by somebody else before anything else happened.
  void give_back() noexcept;

 private:
  struct Limit {
    std::shared_ptr<RateBuckets> buckets;
    RateLimitMetrics metrics;
  };
  struct Held {
    RateBuckets* buckets;
    RateBuckets::Taken taken;
  };
  void select();
  RateBuckets::Taken take_one(size_t i, const RequestHead&, const SpiffeId* peer, MonoTime now);
  void note(size_t i, Duration wait, const ConnectionInfo& caller, RateNote&) const;

  Inputs in_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<SelectedRateLimit> selected_;
  std::vector<Limit> limits_;  // of selected_
  std::vector<Held> held_;     // of the request that is asked for; room for all is there
};

// retry-after in whole seconds; of gRPC also grpc-retry-pushback-ms; and heddle-reason for who may read it:
// "rate-limited; policy=shop/hello; limit=per-caller; version=184".
void mark_rate_limited(const RateNote&, bool is_grpc, ResponseHead& answer);
}  // namespace heddle
