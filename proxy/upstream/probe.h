// Probe: one way to ask one endpoint "are you well?". Made by a ProbeFactory, so that the checker is tested without a
// network; owned by its check, on the main loop. A probe judges one answer; thresholds, intervals and the timeout are
// the checker's (health_checker.h).
#pragma once
#include <memory>

#include "lib/base/operation.h"
#include "lib/base/unique_function.h"
#include "lib/config/model.h"

namespace heddle {
// What is asked, and how to get there.
struct ProbeSpec {
  EndpointKey endpoint;
  UpstreamTls tls = UpstreamTls::kMtls;
  UpstreamProtocol protocol = UpstreamProtocol::kAuto;
  ActiveCheck check;
  bool operator==(const ProbeSpec&) const = default;
};

struct ProbeResult {
  Error why{Reason::kNone, Origin::kUpstream, {}};  // kNone: passed
  uint16_t status = 0;                              // HTTP status seen, if any
  bool passed() const noexcept { return why.reason == Reason::kNone; }
};

class Probe {
 public:
  using OnResult = UniqueFunction<void(ProbeResult)>;
  virtual ~Probe() = default;
  // One at a time. OnResult runs once, from the loop, and must not destroy the token or the probe; destroying the token
  // at another time cancels. The probe must outlive it.
  [[nodiscard]] virtual Pending run(OnResult) = 0;
};

class ProbeFactory {
 public:
  virtual std::unique_ptr<Probe> make(const ProbeSpec&) = 0;

 protected:
  ~ProbeFactory() = default;
};
}  // namespace heddle
