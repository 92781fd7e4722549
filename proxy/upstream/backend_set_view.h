// BackendSetView: what one worker knows of a backend set now, for `explain`: each endpoint with its health and whether
// the balancer may choose it, the limits in use, and whom it would choose where that is no matter of chance. Plain
// values, made on the worker's loop by BackendSet::view(), which takes no permit and changes nothing that a pick sees.
// Candidates are judged by the code of picks (CandidateList), but for slow start, which moves shares and nobody's
// eligibility.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.h"
#include "lib/config/model.h"
#include "proxy/resilience/circuit_breaker.h"

namespace heddle {
struct SeenEndpoint {
  Endpoint endpoint;
  bool is_healthy = true;  // nothing is against it but, perhaps, its weight
  bool is_eligible = true;
  std::string why;         // not eligible, or eligible although it is not healthy; empty: neither
  uint32_t in_flight = 0;  // of all workers
};

struct BackendSetView {
  struct Use {
    uint32_t used = 0;
    uint32_t limit = 0;  // of this worker
  };
  static constexpr size_t kMostEndpoints = 1000;
  std::vector<SeenEndpoint> endpoints;  // the first ones
  size_t endpoint_count = 0;
  std::array<Use, kCircuitResources> limits{};  // by CircuitResource
  std::optional<uint32_t>
      chosen;             // index of the endpoint that a first try goes to; nothing: a matter of chance, or nobody
  bool is_probe = false;  // it is ejected, its time is over, and the next request proves it
  // kNoHealthyEndpoint, kRequestOverflow: what a request would get now; kNone: an endpoint.
  Reason reason = Reason::kNone;
};
}  // namespace heddle
